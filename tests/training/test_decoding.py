"""
Batches of rows against one row at a time. In: prompts of many lengths. Out: the tokens that plain `generate` writes.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from idiolect.training.base_config import layer_configs
from idiolect.training.decoding import (
    BATCH_ROWS,
    ROOM,
    Row,
    can_join,
    count_batch_tokens,
    count_kept,
    cut_batches,
    decode,
)
from transformers import Gemma4TextConfig, Qwen2Config

from .conftest import CPU, tiny_model

PROMPTS = (3, 40, 7, 40, 90, 12)
LIMITS = (5, ROOM + 40, 30, 2, ROOM + 10, 60)
NEVER = -1


@pytest.fixture(name="endless")
def _endless(family):
    """Return a family in which nothing ends an answer."""
    from dataclasses import replace

    return replace(family, stop_ids=frozenset())


def make_rows(vocabulary: int) -> list[Row]:
    """Return rows that part from each other early and end at different times."""
    chance = np.random.default_rng(5)
    return [
        Row(index, chance.integers(10, vocabulary - 10, size).tolist(), limit, np.random.default_rng(index))
        for index, (size, limit) in enumerate(zip(PROMPTS, LIMITS, strict=True))
    ]


@pytest.mark.parametrize("architecture", ["qwen2", "llama", "qwen3", "starcoder2", "gemma2", "gpt2", "lfm2"])
def test_rows_in_a_batch_write_what_each_writes_alone(architecture, endless, tokenizer):
    """Padding, rows that leave, and caches that grow or slide change no token."""
    model = tiny_model(architecture, len(tokenizer)).eval()
    rows = make_rows(len(tokenizer))

    with torch.inference_mode():
        decode(model, rows, endless, 0.0, CPU)
        alone = [
            model.generate(
                torch.tensor([row.prompt]),
                max_new_tokens=row.limit,
                do_sample=False,
                eos_token_id=NEVER,
                pad_token_id=0,
            )[0, len(row.prompt) :].tolist()
            for row in rows
        ]

    assert [row.written for row in rows] == alone


def test_both_kinds_of_cache_are_among_the_models(tokenizer):
    """One whose layers all can be joined, and one with a sliding window, which cannot."""
    assert can_join(tiny_model("llama", len(tokenizer)))
    assert not can_join(tiny_model("starcoder2", len(tokenizer)))


def test_batches_keep_to_rows_and_tokens():
    """No batch has more rows or, padding included, more tokens than it may; every row is in one."""
    rows = make_rows(1000)

    batches = list(cut_batches(rows, 400, 3))

    assert sorted(row.index for batch in batches for row in batch) == list(range(len(rows)))
    assert all(len(batch) <= 3 for batch in batches)
    widths = [(len(batch), max(len(row.prompt) + row.limit for row in batch)) for batch in batches]
    assert all(size == 1 or size * width <= 400 for size, width in widths)


@pytest.mark.parametrize(("free", "rows"), [(70 << 30, 48), (20 << 30, 39), (8 << 30, 19), (1 << 20, 1)])
def test_an_accelerator_decodes_as_many_rows_as_its_memory_holds(free, rows):
    """The keys and values of a batch of a 1.5B model fill three tenths of what is free, at most all rows at once."""
    config = Qwen2Config(hidden_size=1536, num_hidden_layers=28, num_attention_heads=12, num_key_value_heads=2)
    model = SimpleNamespace(config=config, dtype=torch.bfloat16)
    asked = [Row(i, [0] * 3000, 300, np.random.default_rng(i)) for i in range(BATCH_ROWS)]
    most = count_batch_tokens(model, free)

    assert len(next(cut_batches(asked, most))) == rows
    assert most * 28_672 <= max(0.3 * free, 28_672)
    assert most == count_batch_tokens(model, int(free * 0.99))
    assert count_batch_tokens(model, None) == 16_384


def test_layers_that_keep_more_than_others_are_counted_as_they_are():
    """Of Gemma 4 some layers have wider heads: its configuration says nothing of all of them."""
    shape = {"hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads": 2}
    kinds = ["sliding_attention", "sliding_attention", "full_attention"]
    config = Gemma4TextConfig(**shape, head_dim=16, global_head_dim=32, layer_types=kinds, num_kv_shared_layers=0)

    assert [count_kept(layer) for layer in layer_configs(config)] == [64, 64, 128]
    assert count_batch_tokens(SimpleNamespace(config=config, dtype=torch.float32), None) == 204_800


def test_prompts_that_cannot_be_read_apart_are_few(family):
    """Layers with a window keep no more than that, so prompts of one batch are all read at once."""
    windowed, plain = (tiny_model(name, len(family.tokenizer)) for name in ("gemma2", "llama"))

    assert count_batch_tokens(windowed, 70 << 30) == 32_768 < count_batch_tokens(plain, 70 << 30)
