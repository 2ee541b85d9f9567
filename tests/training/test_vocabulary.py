"""
Trained rows of the embedding. In: tiny bases with tied and with separate heads. Out: only the house's tokens move.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from idiolect.training.adapter import attach_adapter, check_applied, read_record, sample_examples
from idiolect.training.bases import find_base
from idiolect.training.encode import Example
from idiolect.training.export import export_merged
from idiolect.training.looks import trainable
from idiolect.training.models import load_base_model
from idiolect.training.recipe import Recipe
from idiolect.training.steps import make_optimizer
from idiolect.training.train import train_adapter
from idiolect.training.vocabulary import ROWS, house_tokens
from safetensors.torch import load_file
from torch import nn
from transformers import AutoModelForCausalLM, PhiConfig
from transformers.models.inkling.modeling_inkling import InklingNormedEmbedding

from .conftest import CPU, tiny_config
from .test_train import RECIPE

TOKENS = [5, 7, 9]
RECIPE_WITH_ROWS = replace(RECIPE, steps=8, validate_every=4, embedding_rate=0.5)


def make_model(tied: bool):
    """Return a tiny model whose head is its embedding, or is not."""
    config = tiny_config("qwen3", 300)
    config.tie_word_embeddings = tied
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(config).eval()


def test_tokens_of_asks_and_answers_are_the_houses():
    """What stands in contexts alone is not."""
    ids = [np.array(part, dtype=np.int32) for part in ([6, 6], [3, 4], [8, 3])]

    assert house_tokens([Example("a", "p", *ids)]) == [3, 4, 8]
    assert house_tokens([]) == []


def test_rows_are_left_alone_where_more_is_made_of_them():
    """Inkling norms what it looks up; PEFT would not, and train another model than its base is."""
    model = make_model(False)
    model.set_input_embeddings(InklingNormedEmbedding(300, model.config.hidden_size, 0, 1e-6))
    ids = torch.tensor([[5, 20, 7, 30]])
    before = model(ids).logits
    adapted = attach_adapter(model, Recipe(rank=4), TOKENS)

    assert not any(ROWS in name for name, _ in adapted.named_parameters())
    assert torch.equal(before, adapted(ids).logits)


@pytest.mark.parametrize("tied", [True, False])
def test_rows_move_the_input_and_the_head_and_merge_exactly(tied):
    """One set of rows for a tied head, two for a separate one; what is merged says what the adapter said."""
    model = attach_adapter(make_model(tied), Recipe(rank=4), TOKENS)
    rows = [parameter for name, parameter in model.named_parameters() if ROWS in name]
    ids = torch.tensor([[5, 20, 7, 30]])
    with torch.no_grad():
        before = model(ids).logits
        for parameter in rows:
            parameter.add_(1.0)
        after = model(ids).logits
        with model.disable_adapter():
            base = model(ids).logits
        merged = model.merge_and_unload()(ids).logits

    assert len(rows) == (1 if tied else 2)
    assert torch.allclose(before, base, atol=1e-6)
    assert not torch.allclose(after, base, atol=1e-2)
    assert torch.allclose(after, merged, atol=1e-5)
    assert type(model.get_base_model().get_output_embeddings()) is nn.Linear or not tied


@pytest.mark.parametrize("tied", [True, False])
def test_a_head_with_a_bias_keeps_its_rows_and_its_bias(tied):
    """PEFT would compute it without the bias: a fresh adapter speaks as its base, and what is merged as the adapter."""
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
    base = AutoModelForCausalLM.from_config(PhiConfig(vocab_size=300, tie_word_embeddings=tied, **shape)).eval()
    ids = torch.tensor([[5, 20, 7, 30]])
    with torch.no_grad():
        base.lm_head.bias.normal_()
        before = base(ids).logits
        model = attach_adapter(base, Recipe(rank=4), TOKENS)
        fresh = model(ids).logits
        rows = [parameter for name, parameter in model.named_parameters() if ROWS in name]
        for parameter in rows:
            parameter.add_(1.0)
        after = model(ids).logits
        merged = model.merge_and_unload()(ids).logits

    assert len(rows) == (0 if tied else 1)
    assert torch.allclose(before, fresh, atol=1e-6)
    assert torch.allclose(after, merged, atol=1e-5)


def test_rows_have_a_rate_of_their_own():
    """The optimizer's groups say which share of the run's rate is theirs; no value of the base's own decays."""
    model = attach_adapter(make_model(True), Recipe(rank=4, method="dora"), TOKENS)

    groups = make_optimizer(trainable(model), replace(RECIPE, embedding_rate=0.3, weight_decay=0.1)).param_groups
    told = {(len(group["params"]), group["share"], group["weight_decay"]) for group in groups}

    assert told == {(28, 1.0, 0.1), (14, 1.0, 0.0), (1, 0.3, 0.0)}


def test_an_adapter_of_zeros_is_not_applied():
    """Rows of zeros would change every answer; nobody trained them."""
    model = attach_adapter(make_model(True), Recipe(rank=4), TOKENS)
    with torch.no_grad():
        for parameter in trainable(model).values():
            parameter.zero_()

    check = check_applied(model, sample_examples(model), "single")

    assert check.difference > 1e-3
    assert not check.applied


def test_a_run_trains_the_rows_of_its_own_tokens(tiny_base, tiny_corpus, tmp_path):
    """They leave the base's values, PEFT's file holds them by index, and the merged base speaks as the adapter does."""
    out = train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=RECIPE_WITH_ROWS)
    losses = read_record(out)["losses"]["validation"]
    stored = {name: tensor for name, tensor in load_file(out / "adapter_model.safetensors").items() if ROWS in name}
    base = load_base_model(find_base(tiny_base), device=CPU, dtype=torch.float32)
    merged = export_merged(out, tmp_path / "merged", tiny_base, "fp32")

    assert losses["tuned"] < losses["base"]
    (rows,) = {len(tensor) for tensor in stored.values()}
    assert 0 < rows < len(base.get_input_embeddings().weight)
    assert all(float(tensor.abs().max()) > 0 for tensor in stored.values())
    assert merged["largest_difference"] < 1e-3
