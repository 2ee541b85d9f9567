"""
Training the base: killed and resumed to the same weights, and learning on from an earlier one.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from idiolect.mining.errors import InputError
from idiolect.training.base import train
from idiolect.training.base.muon import Muon
from idiolect.training.base.recipe import BaseRecipe
from idiolect.training.base.samples import load_examples, save_examples
from idiolect.training.base.train import (
    AskedPacks,
    Streams,
    add_answers,
    build_model,
    checkpoints,
    next_token_nats,
    save_weights,
    step_rows,
    train_base,
)
from idiolect.training.encode import Example
from idiolect.training.forward import answer_losses, set_mode, to_batch


@pytest.fixture(name="recipe")
def _recipe(tokenizer, monkeypatch) -> BaseRecipe:
    # compiling takes longer than these steps
    monkeypatch.setattr(torch, "compile", lambda call, **_: call)
    shape = {"vocabulary": len(tokenizer), "hidden": 32, "layers": 2, "heads": 2, "key_value_heads": 1, "head_size": 16}
    lengths = {"mlp": 48, "context": 64, "sequence": 16, "decay_sequence": 32, "step_tokens": 128}
    return BaseRecipe(**shape, **lengths, pack_tokens=32, steps=12, warm_up=2, decay_from=0.5, checkpoint_every=4)


@pytest.fixture(name="streams")
def _streams(tokenizer, tmp_path) -> Streams:
    chance = np.random.default_rng(0)
    np.save(tmp_path / "whole.npy", chance.integers(9, len(tokenizer), 4000).astype(np.uint16))
    save_examples(draw_examples(chance, len(tokenizer)), tmp_path / "asked.npz")
    return Streams(tmp_path)


def draw_examples(chance: np.random.Generator, vocabulary: int) -> list[Example]:
    def draw(most: int) -> np.ndarray:
        return chance.integers(9, vocabulary, chance.integers(1, most)).astype(np.int32)

    files = {str(file): draw(9) for file in range(10)}
    return [Example(f"{file}-{i}", file, shared, draw(5), draw(9)) for file, shared in files.items() for i in range(4)]


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


def test_the_packs_of_a_step_depend_on_its_number_alone(recipe, streams):
    straight, jumping = AskedPacks(streams, recipe), AskedPacks(streams, recipe)
    steps = [straight.of_step(step) for step in range(40)]

    for step in (39, 3, 17):
        for one, other in zip(steps[step], jumping.of_step(step), strict=True):
            assert np.array_equal(one.input_ids, other.input_ids)
    assert {2} == {len(packs) for packs in steps}
    assert straight.epoch > 1  # the pairs come again, in another order


def test_examples_come_back_from_disk_as_they_were(tmp_path):
    examples = draw_examples(np.random.default_rng(1), 500)
    save_examples(examples, tmp_path / "asked.npz")

    again = load_examples(tmp_path / "asked.npz")

    for one, other in zip(examples, again, strict=True):
        for name in ("shared", "ask", "answer"):
            assert np.array_equal(getattr(one, name), getattr(other, name))
    assert 10 == len({example.prompt_id for example in again})


def test_a_step_learns_from_rows_and_answers_together(recipe, streams, tokenizer, monkeypatch):
    # some processors would multiply in bf16, which has three digits
    monkeypatch.setattr(train, "fast_precision", lambda _: torch.float32)
    torch.manual_seed(0)
    model = build_model(recipe, tokenizer)
    parameters = list(model.parameters())
    rows, packs = step_rows(streams, recipe, 0), AskedPacks(streams, recipe).of_step(0)
    scored = rows[:, 1:].numel() + sum(len(pack.targets) for pack in packs)
    (next_token_nats(model, rows) / scored).backward()
    add_answers(model, packs, parameters, scored)
    together = [parameter.grad.clone() for parameter in parameters]

    model.zero_grad()
    set_mode(model, "packed")
    losses = [answer_losses(model, to_batch(pack, "packed", torch.device("cpu"), torch.float32)) for pack in packs]
    nats = torch.cat(losses).sum() + next_token_nats(set_plain(model), rows)
    (nats / scored).backward()

    for parameter, gradient in zip(parameters, together, strict=True):
        assert (parameter.grad - gradient).norm() <= 1e-5 * gradient.norm()


def set_plain(model):
    set_mode(model, None)
    return model


@pytest.mark.parametrize("shape", [(48, 48), (96, 32), (32, 96)])
def test_matrices_move_as_under_torchs_own_muon(shape):
    chance = torch.Generator().manual_seed(0)
    start = [torch.randn(shape, generator=chance) for _ in range(3)]
    ours, theirs = ([torch.nn.Parameter(matrix.clone()) for matrix in start] for _ in range(2))
    options = {"lr": 0.02, "momentum": 0.95, "weight_decay": 0.01}
    optimizers = Muon(ours, **options), torch.optim.Muon(theirs, **options, adjust_lr_fn="original")
    for _ in range(3):
        for one, other in zip(ours, theirs, strict=True):
            one.grad = torch.randn(shape, generator=chance)
            other.grad = one.grad.clone()
        for optimizer in optimizers:
            optimizer.step()

    for one, other, before in zip(ours, theirs, start, strict=True):
        # torch's computes in bf16, which has three digits, and processors add such numbers up differently
        assert (one - other).norm() < 0.06 * (other - before).norm()
