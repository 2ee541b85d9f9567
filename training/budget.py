"""
What a run will take, before it takes any. In: a configuration, a recipe, pairs. Out: memory, steps, time, disk.

Memory is arithmetic over what a base keeps for a token (`shape.py`); what a processor's allocator holds beyond that was
measured once, for two bases. Time is arithmetic over the measured rate of one matrix product (`machine.py`), and an
estimate.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from ..mining.errors import MachineError
from ..mining.wording import counted
from .checkpoints import KEEP
from .encode import describe_refused, ways_out
from .fused import CHUNK_BYTES
from .lanes import choose_lanes
from .looks import count_looks
from .machine import existing_parent, free_memory, matrix_rate
from .pace import FEW_STEPS, fit_steps, more_steps, probing, trying
from .packing import count_slowest
from .recipe import Recipe
from .rein import TRIES
from .shape import Shape, read_shape
from .vocabulary import house_tokens

if TYPE_CHECKING:
    from .encode import Example
    from .material import Material
    from .packing import Pack, Plan

EFFICIENCY = 0.45
"""
Share of the matrix rate that a step reaches. Measured (`benchmarks/training.py`): 0.22 at 0.5B and 0.50 at 1.5B on an
H200, 0.30 and 0.40 at 135M in bf16 on two cores, so that a time is known within a factor of two.
"""
HELD = {"cpu": 2.3}
"""
Bytes held for each that a pack keeps, where it is not one. A processor's backward and allocator add to what is counted:
the process grew by 1.6 times that with the embedded base on two cores, 1.8 on one, 2.3 with SmolLM2-135M on two.
"""
FUSED = 0.8
"""
The same on a GPU, where norms, gates and positions are one kernel each and keep less than the layers that are counted:
0.75 at 0.5B and 0.74 at 1.5B on an H200 (`benchmarks/results/training.json`).
"""
QUANTISED = 0.516
"""Bytes of a weight in 4 bits with its share of two scales: 4.127 bits (QLoRA, arXiv:2305.14314, section 3)."""
SPARE = 0.92
"""Share of the free memory that a plan may fill."""


@dataclass(frozen=True, slots=True)
class Memory:
    """
    Bytes that a run holds at its highest.
    """

    weights: int
    trained: int
    """What is trained, four times: its values, its gradient, the optimizer's two averages; and its own, if kept."""
    activations: int
    """What is held for the largest pack's backward, and a layer's temporaries, for each pack computed side by side."""
    head: int
    """Logits of the rows that are scored together."""
    free: int
    """What the machine has to give."""

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.trained + self.activations + self.head

    @property
    def fits(self) -> bool:
        """Whether the machine can give it."""
        return self.total <= SPARE * self.free


@dataclass(frozen=True, slots=True)
class Work:
    """
    How much there is to compute.
    """

    pairs: int
    left_out: Mapping[str, int]
    """Pairs of the corpus that are not taken, by reason."""
    steps: int
    tokens: int
    """Tokens through the model in all steps; shared prefixes count once."""
    flops: float
    """In all steps."""
    seconds: float
    """Steps, looks at what is held out, rates that are tried, and steps that are timed to turn minutes into steps."""


@dataclass(frozen=True, slots=True)
class Disk:
    """
    Bytes that a run writes at its highest.
    """

    adapter: int
    checkpoints: int
    free: int

    @property
    def fits(self) -> bool:
        """Whether there is room."""
        return self.adapter + self.checkpoints <= self.free


@dataclass(frozen=True, slots=True)
class Budget:
    """
    What a run will take.
    """

    parameters: int
    trained_parameters: int
    memory: Memory
    work: Work
    unmet: Work | None
    """The same where the base loses more on held-out answers than `skim_below`, so that prompts are learned from; None
    where that changes nothing."""
    disk: Disk
    pack_tokens: int
    """Most tokens of a pack: as the recipe says, or fewer where memory holds no more."""

    def as_json(self) -> dict[str, Any]:
        """Return the figures as JSON has them."""
        return {
            **asdict(self),
            "fits": {"memory": self.memory.fits, "disk": self.disk.fits},
            "memory": {**asdict(self.memory), "total": self.memory.total},
        }


def plan_budget(material: Material, out: Path, device: torch.device, processes: int = 1) -> Budget:
    """
    Return what a run of *material* will take on *device*; where minutes decide, an estimate of the time does.

    Memory is that of one of *processes*, time that of all together.
    """
    recipe, dtype, plan = material.recipe, material.dtype, material.plan(processes=processes)
    shape = read_shape(material.order.base, recipe, dtype, house_tokens(plan.examples) if recipe.embedding_rate else ())
    pack_tokens, memory = plan_memory(material, shape, device, processes)
    plan = replace(plan, pack_tokens=pack_tokens)
    steps = plan.epoch(0)
    # the process with the dearest packs is waited for
    part = sum(count_slowest(step, processes) for step in steps) / sum(count_slowest(step, 1) for step in steps)
    epoch = [[plan.build(pack) for pack in step] for step in steps]
    rate = EFFICIENCY * matrix_rate(device, dtype)
    learned = replace(recipe, skim=False)
    work, unmet = (plan_work(shape, reading, material, epoch, rate, part) for reading in (recipe, learned))
    trained, held = 4 * shape.trained, 4 + bool(recipe.average)
    return Budget(
        parameters=shape.parameters,
        trained_parameters=shape.trained,
        memory=memory,
        work=work,
        unmet=unmet if recipe.skim and material.validation else None,
        # a checkpoint holds the weights, the best ones, the optimizer's two averages and their own, if kept; one more
        # is written before the oldest goes
        disk=Disk(trained, (KEEP + 1) * held * trained, shutil.disk_usage(existing_parent(out)).free),
        pack_tokens=pack_tokens,
    )


def plan_memory(material: Material, shape: Shape, device: torch.device, processes: int) -> tuple[int, Memory]:
    """
    Return the most tokens of a pack, and what a run holds with such packs.

    Shorter packs add up to the same step. Where memory is short they are halved until it holds them, or down to the
    longest pair.
    """
    plan, free = material.plan(processes=processes), free_memory(device)
    while True:
        memory = memory_of(material, plan, shape, device, processes, free)
        if memory.fits or plan.pack_tokens <= material.longest:
            return plan.pack_tokens, memory
        plan = replace(plan, pack_tokens=max(plan.pack_tokens // 2, material.longest))


def memory_of(material: Material, plan: Plan, shape: Shape, device: torch.device, processes: int, free: int) -> Memory:
    """Return what a run of *material* holds with the packs of *plan*."""
    recipe, epoch = material.recipe, plan.epoch(0)
    packs = [plan.build(pack) for step in epoch for pack in step]
    largest = max(saved_bytes(shape, pack.tokens, len(pack.keep)) for pack in packs)
    passing = 2 * shape.widest * max(pack.tokens for pack in packs)
    scored = 12 * shape.vocabulary * max(len(pack.keep) for pack in packs)
    at_once = min(choose_lanes(recipe, device), max(map(len, epoch)))
    return Memory(
        weights=weight_bytes(shape, recipe, material.dtype, processes),
        trained=(16 + 4 * bool(recipe.average)) * shape.trained,
        activations=at_once * round(held_share(recipe, device) * (largest + passing)),
        head=at_once * min(3 * CHUNK_BYTES.get(device.type, 2**26), scored),
        free=free,
    )


def held_share(recipe: Recipe, device: torch.device) -> float:
    """Return the bytes that *device* holds for each that a pack is counted to keep."""
    is_fused = recipe.fuse_layers and recipe.fuse_pointwise and not (recipe.compile or recipe.checkpointing)
    return FUSED if device.type == "cuda" and is_fused else HELD.get(device.type, 1.0)


def plan_work(
    shape: Shape, recipe: Recipe, material: Material, epoch: Sequence[Sequence[Pack]], rate: float, part: float
) -> Work:
    """
    Return the work of a run whose *epoch* has these steps, at *rate* floating-point operations a second.

    *part* is how much of a step one process waits for: all of it, or less where several share its packs.
    """
    tokens = sum(pack.tokens for step in epoch for pack in step) / len(epoch)
    rows = sum(len(pack.keep) for step in epoch for pack in step) / len(epoch)
    flops = step_flops(shape, recipe, tokens, rows)
    a_step, a_look = flops * part / rate, look_flops(shape, recipe, material.validation) / rate
    in_an_epoch = round(len(epoch) * (1 + recipe.replay))
    steps = count_planned(recipe, in_an_epoch, a_step, a_look)
    looks = 1 + count_looks(steps, in_an_epoch, recipe.validate_every) + TRIES
    seconds = trying(recipe, a_step, a_look) + steps * a_step + looks * a_look
    if recipe.minutes is not None and recipe.steps is None:
        seconds += probing(60 * recipe.minutes, a_step)
    encoded = material.encoded
    return Work(len(encoded.examples), encoded.refused, steps, round(steps * tokens), steps * flops, seconds)


def weight_bytes(shape: Shape, recipe: Recipe, dtype: torch.dtype, processes: int) -> int:
    """Return the bytes of the base's weights in one of *processes*; in 4 bits those of its linear layers are."""
    if recipe.method == "qlora":
        return round((shape.parameters - shape.linear) * dtype.itemsize + shape.linear * QUANTISED)
    return held_parameters(shape, processes if recipe.shard else 1) * dtype.itemsize


def held_parameters(shape: Shape, parts: int) -> int:
    """Return the base's parameters that a process holds at once; of layers in *parts* its own, and one whole layer."""
    if parts == 1:
        return shape.parameters
    return shape.parameters - shape.spread + shape.spread // parts + shape.largest


def saved_bytes(shape: Shape, tokens: int, rows: int) -> float:
    """Return what one pack keeps for its backward."""
    return shape.saved_a_token * tokens + shape.saved_a_row * rows


def step_flops(shape: Shape, recipe: Recipe, tokens: float, rows: float) -> float:
    """
    Return the arithmetic of one step: forward and backward through frozen layers, three passes through the adapter.

    With `checkpointing` what is learned from passes forward once more. Attention scores are left out: at these lengths
    they are a tenth.
    """
    body = shape.parameters - shape.head
    forward, backward = 2 * (body + shape.trained), 2 * body + 4 * shape.trained
    learned = rows if recipe.skim else tokens
    again = learned if recipe.checkpointing else 0
    return (tokens + again) * forward + learned * backward + 4 * rows * shape.head


def look_flops(shape: Shape, recipe: Recipe, validation: Sequence[Example]) -> float:
    """Return the arithmetic of a look at *validation*, whose prompts are read once, and at general code."""
    shared = {example.prompt_id: len(example.shared) for example in validation}
    tokens = sum(shared.values()) + sum(len(example.ask) + len(example.answer) for example in validation)
    rows = sum(len(example.answer) for example in validation)
    body = shape.parameters - shape.head + shape.trained
    return 2 * (tokens + recipe.watched_tokens) * body + 2 * (rows + recipe.watched_tokens) * shape.head


def count_planned(recipe: Recipe, in_an_epoch: int, a_step: float, a_look: float) -> int:
    """Return about how many steps a run takes: as the recipe says, or what its minutes hold beside looks."""
    if recipe.steps is not None:
        return recipe.steps
    steps = max(1, round(recipe.epochs * in_an_epoch))
    if recipe.minutes is None:
        return steps
    seconds = recipe.minutes * 60
    # the base alone is looked at first, rates are tried, and some steps are timed
    rest = seconds - a_look - trying(recipe, a_step, a_look) - probing(seconds, a_step)
    return max(1, min(steps, fit_steps(seconds, rest, a_step, a_look, in_an_epoch, recipe.validate_every)))


def require_room(budget: Budget, out: Path) -> None:
    """
    Raise `MachineError` with the way out when the run does not fit memory or disk.
    """
    memory, disk = budget.memory, budget.disk
    if not memory.fits:
        raise MachineError(
            f"The run needs about {gib(memory.total)} of memory and {gib(memory.free)} are free. "
            "Lower it with --set checkpointing=true, or a smaller max_tokens."
        )
    if not disk.fits:
        raise MachineError(
            f"The run writes up to {gib(disk.adapter + disk.checkpoints)} and {gib(disk.free)} are free in "
            f"{str(existing_parent(out))!r}. Make room, or lower rank."
        )


def gib(size: float) -> str:
    """Return *size* bytes as a person reads them."""
    return f"{size / 2**30:.2f} GiB" if size >= 2**29 else f"{size / 2**20:.1f} MiB"


def describe_work(work: Work) -> str:
    """Return how much there is to compute as a person reads it."""
    steps = f"about {counted(work.steps, 'step')}, {work.tokens:,} tokens, {work.flops:.2g} FLOPs"
    return f"{steps}, {work.seconds / 60:.1f} minutes"


def describe_budget(budget: Budget) -> str:
    """Return the plan as a person reads it."""
    memory, work, disk = budget.memory, budget.work, budget.disk
    parts = [
        ("base", f"{budget.parameters:,} parameters, {budget.trained_parameters:,} trained"),
        ("work", f"{work.pairs:,} pairs, {describe_work(work)}"),
    ]
    if work.left_out:
        parts.append(("", describe_refused(work.left_out)))
        parts += [("", way) for way in ways_out(work.left_out)]
    if budget.unmet is not None:
        parts.append(("or", f"{describe_work(budget.unmet)}, if the code turns out to be new to the base"))
    parts += [
        (
            "memory",
            f"{gib(memory.total)} of {gib(memory.free)} free, in packs of {budget.pack_tokens:,} tokens: weights "
            f"{gib(memory.weights)}, training {gib(memory.trained)}, activations {gib(memory.activations)}, head "
            f"{gib(memory.head)}",
        ),
        ("disk", f"{gib(disk.adapter)} adapter, {gib(disk.checkpoints)} checkpoints, {gib(disk.free)} free"),
    ]
    lines = [f"{name:<7} {text}" for name, text in parts]
    if work.steps < FEW_STEPS:
        lines.append(f"Fewer than {FEW_STEPS} steps teach next to nothing: {more_steps(budget.parameters)}.")
    if not memory.fits:
        lines.append("It does NOT fit into memory: --set checkpointing=true, or a smaller max_tokens.")
    if not disk.fits:
        lines.append("It does NOT fit onto the disk.")
    return "\n".join(lines)
