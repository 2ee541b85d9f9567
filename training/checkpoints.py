"""
A run that can be killed at any step. In: tensors and plain values. Out: checkpoints that are complete or absent.

A checkpoint is a folder with tensors as safetensors and the rest as JSON; its completeness mark holds the hashes of
both and is written last, before the folder takes its name. A torn one is passed over for the one before it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file, save_file

from ..mining.artefacts import parse_json, sha256_file, write_json
from ..mining.errors import MachineError
from .disk import disk_faults

if TYPE_CHECKING:
    from torch import Tensor

CHECKPOINTS = "checkpoints"
"""The folder of a run that has not ended, inside the adapter's."""
TENSORS = "state.safetensors"
VALUES = "state.json"
COMPLETE = "complete.json"
KEEP = 2
"""How many checkpoints stay: the newest, and the one before it in case the newest is torn."""


@dataclass
class Progress:
    """
    Where a run stands; everything that is not a tensor.
    """

    step: int = 0
    """Optimizer steps done."""
    epoch: int = 0
    cursor: int = 0
    """Steps done in this epoch."""
    nats: float = 0.0
    """Training loss since the last logged line, summed."""
    tokens: int = 0
    """Answer tokens since the last logged line."""
    answer_tokens: int = 0
    """Answer tokens learned from in all."""
    best_loss: float | None = None
    best_step: int = 0
    best_score: float | None = None
    stale: int = 0
    """Looks at held-out loss since the best one."""
    stopped: str = ""
    """Why the run ended before its last step, or nothing."""
    kept: float = 1.0
    """The share of the change that was kept when the run had ended."""
    log: list[dict[str, Any]] = field(default_factory=list)
    """Every logged line so far."""


def save_checkpoint(folder: Path, progress: Progress, tensors: Mapping[str, Tensor]) -> None:
    """
    Write one checkpoint into *folder* and remove those that are older than `KEEP`.

    Raises `MachineError` when the disk refuses; no earlier checkpoint is touched before the new one stands.
    """
    target = folder / f"step-{progress.step:08d}"
    scratch = folder / f".{target.name}.part"
    for leftover in (scratch, target):
        shutil.rmtree(leftover, ignore_errors=True)
    try:
        write_parts(scratch, progress, tensors)
        scratch.rename(target)
        flush(folder)
    except OSError as error:
        # half a checkpoint would only keep the disk full
        shutil.rmtree(scratch, ignore_errors=True)
        way_out = "The one before it stands: make" if list_checkpoints(folder) else "Make"
        raise MachineError(
            f"Cannot write the checkpoint of step {progress.step} below {str(folder)!r}: {error.strerror}. "
            f"{way_out} room, then go on with --resume."
        ) from error
    for old in list_checkpoints(folder)[:-KEEP]:
        shutil.rmtree(old, ignore_errors=True)


def write_parts(scratch: Path, progress: Progress, tensors: Mapping[str, Tensor]) -> None:
    """Write the files of one checkpoint, the mark last, and wait until they are on the disk."""
    scratch.mkdir(parents=True)
    with disk_faults(scratch / TENSORS):
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, scratch / TENSORS)
    write_json(scratch / VALUES, progress.__dict__)
    write_json(scratch / COMPLETE, {name: sha256_file(scratch / name) for name in (TENSORS, VALUES)})
    for name in (TENSORS, VALUES, COMPLETE):
        flush(scratch / name)


def load_checkpoint(folder: Path) -> tuple[Progress, dict[str, Tensor]] | None:
    """
    Return the newest complete checkpoint in *folder*, or None when there is none.
    """
    for checkpoint in reversed(list_checkpoints(folder)):
        if is_complete(checkpoint):
            values = parse_json((checkpoint / VALUES).read_text("utf-8"))
            return Progress(**values), load_file(checkpoint / TENSORS)
    return None


def list_checkpoints(folder: Path) -> list[Path]:
    """Return the checkpoints in *folder*, oldest first, complete or not."""
    return sorted(folder.glob("step-*"))


def is_complete(checkpoint: Path) -> bool:
    """Claim that *checkpoint* holds exactly the bytes that were written."""
    try:
        hashes = parse_json((checkpoint / COMPLETE).read_text("utf-8"))
        return hashes == {name: sha256_file(checkpoint / name) for name in (TENSORS, VALUES)}
    except (OSError, ValueError):
        return False


def flush(path: Path) -> None:
    """Wait until *path* is on disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def pack_optimizer(optimizer: torch.optim.Optimizer, names: Mapping[int, str]) -> dict[str, Tensor]:
    """Return the optimizer's state as named tensors; *names* says what the parameter with an `id` is called."""
    return {
        f"optimizer.{names[id(parameter)]}.{key}": value
        for parameter, state in optimizer.state.items()
        for key, value in state.items()
    }


def unpack_optimizer(optimizer: torch.optim.Optimizer, names: Mapping[int, str], tensors: Mapping[str, Tensor]) -> None:
    """Put back what `pack_optimizer` took out."""
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            start = f"optimizer.{names[id(parameter)]}."
            state = {name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)}
            # the step counter stays where the optimizer made it; moments live beside their parameter
            optimizer.state[parameter] = {
                key: value if key == "step" and not group.get("fused") else value.to(parameter.device)
                for key, value in state.items()
            }


def pack_randomness() -> dict[str, Tensor]:
    """Return the state of torch's random numbers."""
    states = {"random.cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["random.cuda"] = torch.cuda.get_rng_state()
    return states


def unpack_randomness(tensors: Mapping[str, Tensor]) -> None:
    """Put back what `pack_randomness` took out."""
    torch.set_rng_state(tensors["random.cpu"])
    if "random.cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["random.cuda"])
