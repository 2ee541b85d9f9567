"""
Repeated code in a base's own words: what is drawn, what it asks of a model, and a run that learns so.
"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from idiolect.training import draws, fused
from idiolect.training.adapter import read_record
from idiolect.training.draws import ask_for_draws, draw_tokens
from idiolect.training.encode import encode_pairs
from idiolect.training.forward import answer_logits, answer_losses, set_mode, to_batch
from idiolect.training.packing import build_pack
from idiolect.training.train import train_adapter
from peft import LoraConfig, get_peft_model

from .conftest import make_pairs, tiny_model, train_until
from .test_rein import WATCHED
from .test_train import read_all

CPU = torch.device("cpu")
DRAWN = replace(WATCHED, replay_draws=16)


def seeded(seed):
    """Return random numbers that begin at *seed*."""
    return torch.Generator().manual_seed(seed)


def test_tokens_are_drawn_as_often_as_they_are_likely():
    """Over many rows shares come to the chances; in one row each is right to within one draw."""
    torch.manual_seed(0)
    logits = torch.randn(1, 50).mul_(2)
    tokens = draw_tokens(logits.expand(4000, -1), 16, seeded(0))
    shares = torch.stack([(tokens == token).float().mean(1) for token in range(50)], dim=1)
    chances = torch.softmax(logits, dim=-1)[0]

    assert tokens.shape == (4000, 16)
    assert torch.allclose(shares.mean(0), chances, atol=2e-3)
    assert (shares - chances).abs().max() < 1 / 16 + 1e-6


def test_a_row_without_doubt_gives_its_one_token():
    """What rounding leaves beyond the last sum is no token."""
    logits = torch.full((3, 7), -1e4)
    logits[:, 6] = 0.0

    assert (draw_tokens(logits, 8, seeded(1)) == 6).all()


def test_the_end_of_an_answer_is_learned_as_it_stands(family):
    """A base that goes on and on where an answer ends is no model for that; where code merely goes on, it is."""
    (example,) = encode_pairs(make_pairs(1), family, 400).examples
    tokens = np.full((len(example.answer), 3), 5)
    ends = ask_for_draws(example, tokens, family.stop_ids).drawn
    goes_on = ask_for_draws(replace(example, answer=example.answer[:-1]), tokens[:-1], family.stop_ids).drawn

    assert (ends[:-1] == 5).all() and (ends[-1] == example.answer[-1]).all()
    assert (goes_on == 5).all()


@pytest.fixture
def drawn(family):
    """Return a model, two examples of one file, and the same with tokens drawn for the second."""
    torch.manual_seed(0)
    model = tiny_model("qwen2", len(family.tokenizer)).eval()
    first, second = encode_pairs(make_pairs(2), family, 400).examples
    tokens = np.random.default_rng(0).integers(0, len(family.tokenizer), (len(second.answer), 5)).astype(np.int32)
    return model, (first, second), (first, replace(second, drawn=tokens))


def gradient_of(model, examples, *, fuse):
    """Return the summed loss of *examples* in one pack, and its gradient in a layer that is not the head."""
    set_mode(model, "packed")
    model.requires_grad_(False)
    weight = model.model.layers[0].mlp.up_proj.weight.requires_grad_(True)
    batch = to_batch(build_pack([[example] for example in examples]), "packed", CPU, torch.float32)
    loss = answer_losses(model, batch, fuse=fuse).sum()
    return loss.item(), torch.autograd.grad(loss, weight)[0]


@pytest.mark.parametrize("fuse", [True, False])
def test_a_row_of_tokens_costs_what_its_tokens_cost_on_average(drawn, fuse):
    """Loss and gradient are the means of those where each of the tokens alone is asked for, beside a plain answer."""
    model, (first, second), together = drawn
    tokens = together[1].drawn
    set_mode(model, "packed")
    logits = answer_logits(model, to_batch(build_pack([[second]]), "packed", CPU, torch.float32))
    wanted = -torch.log_softmax(logits, -1).gather(1, torch.as_tensor(tokens).long()).mean(1).sum().item()
    alone, _ = gradient_of(model, (first,), fuse=fuse)
    loss, gradient = gradient_of(model, together, fuse=fuse)
    _, other = gradient_of(model, together, fuse=not fuse)

    assert loss == pytest.approx(alone + wanted, rel=1e-5)
    assert torch.allclose(gradient, other, atol=1e-5 * float(other.abs().max()))


@pytest.mark.parametrize("rows", [0, 2], ids=["a plain head", "a head whose rows are trained"])
def test_a_few_rows_of_chances_are_held_at_a_time(rows, family, monkeypatch):
    """Those of a whole pack would take gigabytes where a vocabulary is large; what is drawn is the same."""
    options = {"trainable_token_indices": {"lm_head": list(range(rows))}} if rows else {}
    lora = LoraConfig(task_type="CAUSAL_LM", r=4, target_modules="all-linear", **options)
    model = get_peft_model(tiny_model("qwen2", len(family.tokenizer)), lora).eval()
    examples = encode_pairs(make_pairs(12), family, 400).examples
    settings = {"recipe": DRAWN, "mode": "packed", "device": CPU, "dtype": torch.float32}
    setup = SimpleNamespace(model=model, family=family, **settings)
    held = []

    def draw(logits, count, random):
        held.append(len(logits))
        return draw_tokens(logits, count, random)

    monkeypatch.setattr(draws, "draw_tokens", draw)
    whole = draws.draw_answers(setup, examples)
    together = max(held)
    held.clear()
    monkeypatch.setitem(fused.CHUNK_BYTES, "cpu", 1)
    parts = draws.draw_answers(setup, examples)

    assert together > 16 == max(held)
    assert all((one.drawn == other.drawn).all() for one, other in zip(whole, parts, strict=True))


def test_a_base_that_repeats_its_own_words_is_hardly_moved(drawn):
    """At the base itself the gradient of many drawn tokens is a small part of that of the tokens that stand there."""
    model, (_, plain), _ = drawn
    set_mode(model, "packed")
    with torch.no_grad():
        logits = answer_logits(model, to_batch(build_pack([[plain]]), "packed", CPU, torch.float32))
    tokens = draw_tokens(logits, 256, seeded(0)).numpy().astype(np.int32)
    _, still = gradient_of(model, (replace(plain, drawn=tokens),), fuse=True)
    _, moved = gradient_of(model, (plain,), fuse=True)

    assert still.norm() < 0.1 * moved.norm()


def test_a_run_with_draws_forgets_no_more_and_ends_bit_equal_after_an_interruption(tiny_base, tiny_corpus, tmp_path):
    """What is drawn is drawn again where a run goes on, and is of the base, not of what it has become meanwhile."""
    recipe = replace(DRAWN, replay=0.4, checkpoint_every=2)
    whole = train_adapter(tiny_corpus, tmp_path / "whole", base=tiny_base, recipe=recipe)
    train_until(5, tiny_corpus, tmp_path / "parts", base=tiny_base, recipe=recipe)
    parts = train_adapter(tiny_corpus, tmp_path / "parts", base=tiny_base, recipe=recipe, resume=True)
    losses = read_record(whole)["losses"]["validation"]

    assert read_all(whole) == read_all(parts)
    assert losses["tuned"] < losses["base"]


def test_a_base_that_takes_one_document_at_a_time_is_asked_so(tiny_corpus, tmp_path, tokenizer):
    """Layers whose state passes from document to document: each example is read alone, and the run learns."""
    folder = tmp_path / "base"
    tiny_model("lfm2", len(tokenizer)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    out = train_adapter(tiny_corpus, tmp_path / "out", base=folder, recipe=replace(DRAWN, steps=2, embedding_rate=0.0))

    assert read_record(out)["packing"] == "single"
