"""
Checkpoints: complete or absent, the newest first, and an optimizer goes on as if nothing had happened.
"""

from __future__ import annotations

import os

import pytest
import torch
from idiolect.mining.errors import MachineError
from idiolect.training import checkpoints
from idiolect.training.checkpoints import (
    Progress,
    load_checkpoint,
    pack_optimizer,
    pack_randomness,
    save_checkpoint,
    unpack_optimizer,
    unpack_randomness,
)


def save(folder, *steps):
    """Save a checkpoint of each of *steps*, whose one tensor is its number."""
    for step in steps:
        save_checkpoint(folder, Progress(step=step, best_loss=0.5, log=[{"step": step}]), {"w": torch.tensor([step])})


def names(folder):
    """Return what *folder* holds, hidden files included."""
    return sorted(path.name for path in folder.iterdir())


def test_the_newest_and_the_one_before_it_stay(tmp_path):
    """Older ones go; what is read is the newest, every value and tensor of it."""
    save(tmp_path, 9, 10, 100)
    progress, tensors = load_checkpoint(tmp_path)

    assert ["step-00000010", "step-00000100"] == names(tmp_path)
    assert Progress(step=100, best_loss=0.5, log=[{"step": 100}]) == progress
    assert {"w": [100]} == {name: tensor.tolist() for name, tensor in tensors.items()}


def test_a_run_begins_with_nothing_done():
    """No step, no token, no best loss yet; whatever it will change is kept whole."""
    begun = vars(Progress())

    assert 1.0 == begun.pop("kept")
    assert not any(begun.values())


def test_what_stands_is_on_the_disk(tmp_path, monkeypatch):
    """Each file is waited for before the checkpoint takes its name, and its folder after; no handle stays open."""
    synced = []
    monkeypatch.setattr(checkpoints.os, "fsync", lambda handle: synced.append((handle, os.fstat(handle).st_ino)))
    save(tmp_path, 1)
    files = [tmp_path / "step-00000001" / name for name in ("state.safetensors", "state.json", "complete.json")]

    assert [path.stat().st_ino for path in (*files, tmp_path)] == [inode for _, inode in synced]
    for handle, _ in synced:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(handle)


def test_there_may_be_none(tmp_path):
    """A run that has not begun, or whose checkpoints are all torn, has none."""
    save(tmp_path / "torn", 1)
    (tmp_path / "torn" / "step-00000001" / "complete.json").write_text("{")

    assert load_checkpoint(tmp_path / "none") is None
    assert load_checkpoint(tmp_path / "torn") is None


@pytest.mark.parametrize("name", ["state.safetensors", "state.json", "complete.json"])
@pytest.mark.parametrize("gone", [False, True], ids=["other bytes", "gone"])
def test_a_torn_file_costs_its_checkpoint(tmp_path, name, gone):
    """Whichever file is not what was written, the checkpoint before it is read."""
    save(tmp_path, 1, 2)
    file = tmp_path / "step-00000002" / name
    file.unlink() if gone else file.write_bytes(file.read_bytes() + b" 0")

    assert 1 == load_checkpoint(tmp_path)[0].step


def test_a_step_may_be_saved_again(tmp_path):
    """Half a checkpoint of a killed run, or a torn one of the same step, is in nobody's way."""
    save(tmp_path, 3)
    (tmp_path / "step-00000003" / "state.json").write_text("torn")
    (tmp_path / ".step-00000003.part").mkdir()
    save(tmp_path, 3)

    assert ["step-00000003"] == names(tmp_path)
    assert 3 == load_checkpoint(tmp_path)[0].step


def test_a_full_disk_costs_no_earlier_checkpoint(tmp_path, monkeypatch):
    """Two that stand go on standing, and nothing is left of the third."""

    def fill(tensors, path):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    save(tmp_path, 1, 2)
    monkeypatch.setattr(checkpoints, "save_file", fill)
    with pytest.raises(MachineError, match=r"checkpoint of step 3 .*No space left.* go on with --resume"):
        save(tmp_path, 3)

    assert ["step-00000001", "step-00000002"] == names(tmp_path)


def test_a_place_that_takes_no_folder_is_named(tmp_path):
    """Where not even a folder can be made, that is the error, not the missing folder."""
    (tmp_path / "file").write_text("")

    # nor is one said to stand where there is none
    with pytest.raises(MachineError, match=r"Cannot write the checkpoint of step 1 .*: Not a directory\. Make room"):
        save(tmp_path / "file", 1)


@pytest.mark.parametrize(("fused", "place"), [(False, "cpu"), (True, "meta")])
def test_moments_live_beside_their_parameter(fused, place):
    """A checkpoint is read on the host: moments move to their weight, a step counter where one kernel does all."""
    weight = torch.nn.Parameter(torch.ones(2, device="meta"))
    optimizer = torch.optim.AdamW([weight], lr=0.1)
    optimizer.param_groups[0]["fused"] = fused
    kept = {f"optimizer.w.{key}": torch.zeros(()) for key in ("step", "exp_avg")}
    unpack_optimizer(optimizer, {id(weight): "w"}, kept)

    assert {"step": place, "exp_avg": "meta"} == {
        key: value.device.type for key, value in optimizer.state[weight].items()
    }


def test_an_accelerator_draws_on_where_it_was(monkeypatch):
    """Its random state travels along; a machine without one, or a checkpoint from such a machine, does without."""
    there, state = [True], [torch.tensor([7], dtype=torch.uint8)]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there[0])
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda: state[-1])
    monkeypatch.setattr(torch.cuda, "set_rng_state", state.append)
    kept = pack_randomness()
    there[0] = False
    unpack_randomness(kept)
    bare = pack_randomness()
    there[0] = True
    unpack_randomness(bare)
    untouched = len(state)
    unpack_randomness(kept)

    assert {"random.cpu"} == bare.keys()
    assert (1, 2) == (untouched, len(state))
    assert torch.equal(*state)


def test_an_optimizer_goes_on_where_it_was():
    """Weights after one more step, and what is drawn at random, are the same bits with and without a checkpoint."""

    def make(values):
        weights = [torch.nn.Parameter(value.clone()) for value in values]
        return weights, torch.optim.AdamW(weights, lr=0.1), {id(weights[0]): "a", id(weights[1]): "a.b"}

    def step(weights, optimizer):
        torch.rand(1)
        (weights[0].pow(2).sum() + weights[1].exp().sum() * torch.rand(1)).backward()
        optimizer.step()
        optimizer.zero_grad()

    torch.manual_seed(1)
    weights, optimizer, named = make([torch.ones(3), torch.full((2,), 2.0)])
    for _ in range(3):
        step(weights, optimizer)
    kept = {name: value.clone() for name, value in (pack_optimizer(optimizer, named) | pack_randomness()).items()}
    others, other, other_names = make([weight.detach() for weight in weights])
    step(weights, optimizer)
    unpack_optimizer(other, other_names, kept)
    packed = pack_optimizer(other, other_names).keys()
    unpack_randomness(kept)
    step(others, other)

    assert {f"optimizer.{name}.{key}" for name in ("a", "a.b") for key in ("step", "exp_avg", "exp_avg_sq")} == packed
    assert packed == {name for name in kept if name.startswith("optimizer.")}
    assert all(torch.equal(one, two) for one, two in zip(weights, others, strict=True))
