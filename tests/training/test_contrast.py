"""
Where an adapter looks first: planted directions, and tiny runs; what such runs read without a gradient.
"""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from idiolect.mining.errors import InputError
from idiolect.training import contrast
from idiolect.training.adapter import attach_adapter, read_record
from idiolect.training.encode import encode_pairs
from idiolect.training.train import train_adapter

from .conftest import make_pairs, tiny_model, train_until
from .test_rein import WATCHED, tensors_of
from .test_train import RECIPE, read_all


@pytest.mark.parametrize("count", [1, 2])
def test_directions_that_one_side_uses_more_are_found(count):
    """In two planted directions the house varies nine and four times as much; both sides vary most elsewhere."""
    torch.manual_seed(0)
    turned = torch.linalg.qr(torch.randn(6, 6, dtype=torch.float64))[0]
    theirs = torch.diag(torch.tensor([50.0, 1.0, 1.0, 1.0, 2.0, 3.0], dtype=torch.float64))
    ours = torch.diag(torch.tensor([50.0, 9.0, 4.0, 1.0, 2.0, 3.0], dtype=torch.float64))
    found = contrast.contrast(turned @ ours @ turned.t(), turned @ theirs @ turned.t(), count).double()

    assert torch.allclose(found @ found.t(), torch.eye(count, dtype=torch.float64), atol=1e-5)
    # all of a found direction lies in the planted ones
    planted = turned[:, 1 : 1 + count]
    assert (found @ planted).norm(dim=1).min() > 0.99


def test_more_directions_than_a_layer_has_are_all_of_them():
    """A rank above a layer's width turns as many rows as there are directions."""
    assert contrast.contrast(torch.eye(3).double(), torch.eye(3).double(), 5).shape == (3, 3)


def test_directions_found_on_the_host_reach_a_weight_elsewhere():
    """Covariances are taken apart on the host; factors may lie on a device that computes with nothing of the host's."""
    weight = torch.empty(4, 6, device="meta", dtype=torch.bfloat16)
    with pytest.raises(RuntimeError):
        torch.randn(3, 6) * weight.norm()
    contrast.turn(weight, torch.randn(3, 6))


def test_a_run_begins_with_other_first_factors_and_the_same_model(tiny_base, tiny_corpus, tmp_path):
    """The first look sees the same losses; first factors differ, and are as long as random ones."""
    recipe = replace(WATCHED, learning_rate=1e-8)
    plain = train_adapter(tiny_corpus, tmp_path / "plain", base=tiny_base, recipe=recipe)
    apart = train_adapter(tiny_corpus, tmp_path / "apart", base=tiny_base, recipe=replace(recipe, contrast=True))
    before, after = (read_record(out)["losses"]["validation"]["base"] for out in (plain, apart))

    assert before == after
    factors = [{k: v for k, v in tensors_of(tiny_base, out).items() if "lora_A" in k} for out in (plain, apart)]
    for name, drawn in factors[0].items():
        turned = factors[1][name]
        assert not torch.allclose(drawn, turned, atol=1e-3)
        assert turned.norm(dim=1).mean() == pytest.approx(float(drawn.norm(dim=1).mean()), rel=0.2)


def test_two_lanes_read_each_its_own_code(tiny_base, tiny_corpus, tmp_path):
    """Read side by side through the same layers, the house's code and general code give the factors they give alone."""
    factors = []
    before = torch.get_num_threads()
    recipe = replace(WATCHED, learning_rate=1e-8, steps=1, contrast=True)
    try:
        # a lane a thread
        for threads in (2, 1):
            torch.set_num_threads(threads)
            out = train_adapter(tiny_corpus, tmp_path / str(threads), base=tiny_base, recipe=recipe)
            factors.append({name: v for name, v in tensors_of(tiny_base, out).items() if "lora_A" in name})
    finally:
        torch.set_num_threads(before)

    assert factors[0]
    for name, found in factors[0].items():
        # an eigenvector's sign is nobody's
        assert torch.allclose(found.abs(), factors[1][name].abs(), atol=1e-3)


def test_without_general_code_nothing_turns(tiny_base, tiny_corpus, tmp_path):
    """Where nothing is repeated there is nothing to look apart from."""
    recipe = replace(WATCHED, replay=0.0, steps=2)
    plain = train_adapter(tiny_corpus, tmp_path / "plain", base=tiny_base, recipe=recipe)
    apart = train_adapter(tiny_corpus, tmp_path / "apart", base=tiny_base, recipe=replace(recipe, contrast=True))

    first, second = (tensors_of(tiny_base, out) for out in (plain, apart))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_layers_that_are_trained_whole_look_nowhere(family, monkeypatch):
    """Their factors are overwritten when the run ends: no time goes into turning them."""
    monkeypatch.setattr(contrast, "read_covariances", None)
    examples = encode_pairs(make_pairs(4), family, 400).examples
    general = [replace(example, id=f"general:{example.id}") for example in examples]
    model = attach_adapter(tiny_model("qwen3", len(family.tokenizer)), replace(RECIPE, method="full"))
    contrast.look_apart(SimpleNamespace(model=model, plan=SimpleNamespace(examples=[*examples, *general])))


def test_a_skimmed_run_that_was_interrupted_ends_bit_equal(tiny_base, tiny_corpus, tmp_path):
    """Begun apart, skimmed and reined in, a run that goes on from a checkpoint writes what it would have written."""
    recipe = replace(WATCHED, contrast=True, skim=True, skim_below=99.0, checkpoint_every=2)
    whole = train_adapter(tiny_corpus, tmp_path / "whole", base=tiny_base, recipe=recipe)
    train_until(5, tiny_corpus, tmp_path / "parts", base=tiny_base, recipe=recipe)
    parts = train_adapter(tiny_corpus, tmp_path / "parts", base=tiny_base, recipe=recipe, resume=True)
    losses = read_record(whole)["losses"]["validation"]

    assert read_all(whole) == read_all(parts)
    assert read_record(whole)["recipe"]["skim"]
    assert losses["tuned"] < losses["base"]


def test_a_language_that_the_base_has_not_met_is_learned_from_prompts_too(tiny_base, tiny_corpus, tmp_path):
    """Where the base is lost on held-out answers, skimming ends before the first step, and the record says so."""
    recipe = replace(WATCHED, skim=True, steps=2)
    foreign = train_adapter(tiny_corpus, tmp_path / "foreign", base=tiny_base, recipe=replace(recipe, skim_below=1.0))
    whole = train_adapter(tiny_corpus, tmp_path / "whole", base=tiny_base, recipe=replace(recipe, skim=False))

    assert read_record(foreign)["losses"]["validation"]["base"] > 1
    assert not read_record(foreign)["recipe"]["skim"]
    assert (foreign / "log.jsonl").read_bytes() == (whole / "log.jsonl").read_bytes()


def test_compiled_layers_take_whole_packs(tiny_base, tiny_corpus, tmp_path):
    """Skimming with compiled layers is refused before anything is written."""
    with pytest.raises(InputError, match="skim=false"):
        train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=replace(WATCHED, skim=True, compile=True))

    assert not (tmp_path / "out").exists()
