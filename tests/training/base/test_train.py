"""
Training the base: killed and resumed to the same weights, and learning on from an earlier one.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from idiolect.mining.errors import InputError
from idiolect.training.base.recipe import BaseRecipe
from idiolect.training.base.train import Streams, build_model, checkpoints, save_weights, step_rows, train_base


@pytest.fixture(name="recipe")
def _recipe(tokenizer, monkeypatch) -> BaseRecipe:
    # compiling takes longer than these steps
    monkeypatch.setattr(torch, "compile", lambda call, **_: call)
    shape = {"vocabulary": len(tokenizer), "hidden": 32, "layers": 2, "heads": 2, "key_value_heads": 1, "head_size": 16}
    lengths = {"mlp": 48, "context": 64, "sequence": 16, "decay_sequence": 32, "step_tokens": 64}
    return BaseRecipe(**shape, **lengths, steps=12, warm_up=2, decay_from=0.5, checkpoint_every=4)


@pytest.fixture(name="streams")
def _streams(tokenizer, tmp_path) -> Streams:
    chance = np.random.default_rng(0)
    for name in ("whole", "asked"):
        np.save(tmp_path / f"{name}.npy", chance.integers(9, len(tokenizer), 4000).astype(np.uint16))
    return Streams(tmp_path)


class KilledError(Exception):
    pass


def kill_at(step: int):
    def note(text: str) -> None:
        if text.startswith(f"step {step}/"):
            raise KilledError

    return note


def test_a_killed_run_ends_with_the_weights_of_one_that_was_not(recipe, streams, tokenizer, tmp_path):
    whole = train_base(streams, tokenizer, recipe, tmp_path / "whole", lambda _: None)
    with pytest.raises(KilledError):
        train_base(streams, tokenizer, recipe, tmp_path / "killed", kill_at(10))
    assert ["step-000006", "step-000008"] == [path.name for path in checkpoints(tmp_path / "killed")]
    (tmp_path / "killed" / "step-000008" / "complete").unlink()

    resumed = train_base(streams, tokenizer, recipe, tmp_path / "killed", lambda _: None)

    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_a_decay_cannot_be_given_another_length(recipe, streams, tokenizer, tmp_path):
    train_base(streams, tokenizer, recipe, tmp_path / "run", lambda _: None)

    with pytest.raises(InputError, match="decay"):
        train_base(streams, tokenizer, dataclasses.replace(recipe, steps=40), tmp_path / "run", lambda _: None)


def test_an_earlier_base_is_learned_on_from(recipe, streams, tokenizer, tmp_path):
    torch.manual_seed(3)
    earlier = build_model(recipe, tokenizer)
    save_weights(earlier, tokenizer, tmp_path / "earlier")
    still = dataclasses.replace(recipe, steps=1, matrix_rate=0.0, other_rate=0.0, decay_from=1.0)

    model = train_base(streams, tokenizer, still, tmp_path / "run", lambda _: None, tmp_path / "earlier")

    for name, value in earlier.state_dict().items():
        assert torch.equal(value.float(), model.state_dict()[name]), name


def test_the_rows_of_a_step_depend_on_its_number_alone(recipe, streams):
    first = step_rows(streams, recipe, 3)
    step_rows(streams, recipe, 9)

    assert torch.equal(first, step_rows(streams, recipe, 3))
    assert (4, 17) == tuple(first.shape)
    assert (2, 33) == tuple(step_rows(streams, recipe, 7).shape)
