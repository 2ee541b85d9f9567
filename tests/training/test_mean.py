"""
The mean of a run's weights: of numbers, and of a tiny run with a look every two steps.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from idiolect.training import looks, mean, steps
from idiolect.training.adapter import read_record
from idiolect.training.checkpoints import load_checkpoint
from idiolect.training.looks import Measured, snapshot
from idiolect.training.mean import add_to_mean
from idiolect.training.train import train_adapter

from .test_rein import tensors_of
from .test_train import RECIPE

LOOKING = replace(RECIPE, steps=6, validate_every=2, replay=0.0)


def test_the_mean_is_that_of_all_weights_so_far():
    """Of 1, 2 and 6 the mean is 3, whatever is added first."""
    for values in ((1.0, 2.0, 6.0), (6.0, 1.0, 2.0)):
        taken: dict[str, torch.Tensor] = {}
        for count, value in enumerate(values, 1):
            taken = add_to_mean(taken, {"a": torch.tensor([value])}, count)

        assert taken["a"].item() == pytest.approx(3.0)


@pytest.mark.parametrize("costs_less", [True, False])
def test_the_mean_is_kept_where_it_costs_less(costs_less, tiny_base, tiny_corpus, tmp_path, monkeypatch):
    """What is stored is the mean of what the looks saw, or what the best of them saw; the record says which."""
    seen = []

    def look(setup, *others):
        seen.append(snapshot(setup.model))
        return looks.look(setup, *others)

    monkeypatch.setattr(steps, "look", look)
    monkeypatch.setattr(mean, "measure", lambda setup: Measured(0.0 if costs_less else 1e9, None))
    out = train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=LOOKING)

    record, stored = read_record(out), tensors_of(tiny_base, out)
    assert record["mean_of_looks"] == (3 if costs_less else None)
    best = seen[record["losses"]["validation"]["best_step"] // 2 - 1]
    mean_of = {name: sum(each[name] for each in seen) / len(seen) for name in best}
    kept, other = (mean_of, best) if costs_less else (best, mean_of)
    factors = {name.replace(".default", ""): name for name in best if "lora_" in name}
    assert all(torch.allclose(stored[short], kept[name], atol=1e-7) for short, name in factors.items())
    assert not all(torch.allclose(stored[short], other[name], atol=1e-7) for short, name in factors.items())
    if costs_less:
        assert record["losses"]["validation"]["tuned"] == 0.0


def test_a_run_with_one_look_has_no_mean(tiny_base, tiny_corpus, tmp_path):
    """What was seen once is its own mean."""
    out = train_adapter(tiny_corpus, tmp_path / "out", base=tiny_base, recipe=replace(LOOKING, validate_every=6))

    assert read_record(out)["mean_of_looks"] is None


def test_the_mean_is_the_same_after_a_kill(tiny_base, tiny_corpus, tmp_path, monkeypatch):
    """A run that ends between two looks goes on with the mean of those before: the same bytes come of it."""
    recipe = replace(LOOKING, checkpoint_every=3)
    whole = train_adapter(tiny_corpus, tmp_path / "whole", base=tiny_base, recipe=recipe)
    save = steps.save_checkpoint

    def die(*given):
        save(*given)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(steps, "save_checkpoint", die)
        train_adapter(tiny_corpus, tmp_path / "killed", base=tiny_base, recipe=recipe)
    found = load_checkpoint(tmp_path / "killed" / "checkpoints")
    assert found is not None
    assert any(name.startswith("mean.") for name in found[1])

    killed = train_adapter(tiny_corpus, tmp_path / "killed", base=tiny_base, recipe=recipe, resume=True)

    name = "adapter_model.safetensors"
    assert (killed / name).read_bytes() == (whole / name).read_bytes()
    assert read_record(killed)["mean_of_looks"] == read_record(whole)["mean_of_looks"]
