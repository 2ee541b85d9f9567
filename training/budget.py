"""
What a run will take, before it takes any. In: a configuration, a recipe, pairs. Out: memory, steps, time, disk.

No weight is read. The bytes that a step keeps for its backward are counted, not guessed: the model is built on the meta
device, where tensors have shapes and no memory, and what its forward saves for one document is added up for two
lengths. What a processor's allocator holds beyond that was measured once, for two bases. Time is arithmetic over the
measured rate of one matrix product, and an estimate.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.autograd import Function
from transformers import AttentionInterface, AutoModelForCausalLM
from transformers.masking_utils import AttentionMaskInterface

from ..mining.errors import MachineError
from .adapter import attach_adapter
from .attention import no_mask
from .checkpoints import KEEP
from .encode import describe_refused, ways_out
from .forward import decoder_layers, keeps_logits, plain_model
from .fused import CHUNK_BYTES, fuse_adapter
from .lanes import choose_lanes
from .looks import count_looks
from .models import Base, read_config
from .pace import fit_steps, probing, synchronize, trying
from .packing import count_slowest
from .recipe import Recipe
from .rein import TRIES
from .vocabulary import house_tokens

if TYPE_CHECKING:
    from torch import Tensor

    from .encode import Example
    from .packing import Pack
    from .setup import Material

COUNTED = "idiolect_counted"
META = torch.device("meta")
LENGTHS = (256, 512)
"""Document lengths whose saved bytes are counted; their difference is what one more token costs."""
EFFICIENCY = 0.45
"""Share of the matrix rate that a step reaches: 0.45 to 0.55 where it was measured (`benchmarks/training.py`)."""
HELD = {"cpu": 2.3}
"""
Bytes held for each that a pack keeps, where it is not one. A processor's backward and allocator add to what is counted:
the process grew by 1.6 times that with the embedded base on two cores, 1.8 on one, 2.3 with SmolLM2-135M on two.
"""
MATRIX = {"cuda": 8192}
"""Rows of the matrix whose product is timed, where it is not 1024."""
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
    """What is trained, four times: its values, its gradient, the optimizer's two averages."""
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

    def as_json(self) -> dict[str, Any]:
        """Return the figures as JSON has them."""
        return {
            **asdict(self),
            "fits": {"memory": self.memory.fits, "disk": self.disk.fits},
            "memory": {**asdict(self.memory), "total": self.memory.total},
        }


class CountedAttention(Function):
    """
    Stands for an attention kernel: keeps what such a kernel keeps, computes nothing.
    """

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Return a result of the right shape; the inputs, the result and a number a row are kept."""
        out = torch.empty_like(query)
        ctx.save_for_backward(query, key, value, out, query.new_empty(query.shape[:-1], dtype=torch.float32))
        return out.transpose(1, 2).contiguous()

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Never asked for."""
        raise NotImplementedError


def counted_attention(
    module: Any, query: Tensor, key: Tensor, value: Tensor, *_: Any, **options: Any
) -> tuple[Tensor, None]:
    """Return what `CountedAttention` stands for, in transformers' form."""
    del module, options
    return CountedAttention.apply(query, key, value), None  # pyright: ignore - apply returns what forward does


AttentionInterface.register(COUNTED, counted_attention)
AttentionMaskInterface.register(COUNTED, lambda *_, **__: None)


@dataclass(frozen=True, slots=True)
class Shape:
    """
    A base with its adapter, as numbers alone.
    """

    parameters: int
    trained: int
    spread: int
    """Parameters of all layers: what `shard` spreads over processes."""
    largest: int
    """Parameters of the largest layer."""
    linear: int
    """Parameters of linear layers but the head: what 4 bits hold. Experts in one tensor are none."""
    head: int
    """Parameters that turn the last hidden state into logits."""
    vocabulary: int
    saved_a_token: float
    """Bytes kept for the backward per token of a pack."""
    saved_a_row: float
    """Bytes kept per answer token besides."""
    widest: int
    """Bytes of the widest activation of one token."""


def read_shape(base: Base, recipe: Recipe, dtype: torch.dtype, tokens: Sequence[int] = ()) -> Shape:
    """Return the shape of *base* under *recipe*, the rows of *tokens* trained, from its configuration alone."""
    with META:
        plain = AutoModelForCausalLM.from_config(read_config(base), attn_implementation=COUNTED, dtype=dtype)
    plain.tie_weights()
    parameters = count_parameters(plain)
    in_layers = [count_parameters(layer) for layer in decoder_layers(plain)]
    head = plain.get_output_embeddings().weight  # pyright: ignore
    bodies = [layer for layer in plain.modules() if isinstance(layer, nn.Linear) and layer.weight is not head]
    linear = sum(layer.in_features * layer.out_features for layer in bodies)
    with META:
        model = attach_adapter(plain, recipe, tokens)
    if recipe.fuse_layers and not recipe.compile:
        fuse_adapter(model)
    model.eval()
    a_token, a_row = count_costs(model, recipe)
    layers = max(1, getattr(plain.config.get_text_config(), "num_hidden_layers", 1))
    return Shape(
        parameters=parameters,
        trained=sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad),
        spread=sum(in_layers),
        largest=max(in_layers, default=0),
        linear=linear,
        head=head.numel(),
        vocabulary=head.shape[0],
        # recomputation keeps one layer's share and the layers' inputs
        saved_a_token=a_token / layers + layers * head.shape[1] * dtype.itemsize if recipe.checkpointing else a_token,
        saved_a_row=a_row,
        widest=max((layer.out_features for layer in bodies), default=head.shape[1]) * dtype.itemsize,
    )


def count_parameters(module: nn.Module) -> int:
    """Return how many parameters *module* has."""
    return sum(parameter.numel() for parameter in module.parameters())


def count_costs(model: Any, recipe: Recipe) -> tuple[float, float]:
    """Return the bytes that one more token keeps for the backward, and one more answer token besides."""
    try:
        short, long = (count_saved(model, length, 32, recipe) for length in LENGTHS)
        more_rows = count_saved(model, LENGTHS[0], 64, recipe)
    except (AttributeError, NotImplementedError, RuntimeError, TypeError):
        # some architectures read values while they compute, and meta tensors have none: every layer's ends, three times
        ends = sum(layer.in_features + layer.out_features for layer in model.modules() if isinstance(layer, nn.Linear))
        return 3.0 * ends * next(model.parameters()).element_size(), 0.0
    return (long - short) / (LENGTHS[1] - LENGTHS[0]), max(0.0, (more_rows - short) / 32)


def count_saved(model: Any, length: int, answer: int, recipe: Recipe) -> int:
    """Return the bytes that the forward of one document of *length* keeps, weights not counted."""
    ids = torch.zeros(1, length, dtype=torch.long, device=META)
    options: dict[str, Any] = {"use_cache": False, "attention_mask": no_mask(META)}
    if not recipe.fuse_loss and recipe.answer_head and keeps_logits(model):
        options["logits_to_keep"] = torch.zeros(answer, dtype=torch.long, device=META)
    held: dict[int, Any] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        # held, so that no other storage takes its place
        held[storage._cdata] = storage
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        # what the fused loss keeps is no more than the hidden rows; its own probe would need numbers
        hidden = plain_model(model).base_model(input_ids=ids, **options) if recipe.fuse_loss else None
        logits = model(input_ids=ids, **options).logits.float().log_softmax(-1) if hidden is None else None
    weights = {parameter.untyped_storage()._cdata for parameter in model.parameters()}
    total = sum(storage.nbytes() for place, storage in held.items() if place not in weights)
    del hidden, logits
    return total


def plan_budget(material: Material, out: Path, device: torch.device, processes: int = 1) -> Budget:
    """
    Return what a run of *material* will take on *device*; where minutes decide, an estimate of the time does.

    Memory is that of one of *processes*, time that of all together.
    """
    recipe, dtype, plan = material.recipe, material.dtype, material.plan(processes=processes)
    shape = read_shape(material.base, recipe, dtype, house_tokens(plan.examples) if recipe.embedding_rate else ())
    steps = plan.epoch(0)
    # the process with the dearest packs is waited for
    part = sum(count_slowest(step, processes) for step in steps) / sum(count_slowest(step, 1) for step in steps)
    epoch = [[plan.build(pack) for pack in step] for step in steps]
    packs = [pack for step in epoch for pack in step]
    tokens = [pack.tokens for pack in packs]
    rows = [len(pack.keep) for pack in packs]
    rate = EFFICIENCY * matrix_rate(device, dtype)
    learned = replace(recipe, skim=False)
    work, unmet = (plan_work(shape, reading, material, epoch, rate, part) for reading in (recipe, learned))
    trained = 4 * shape.trained
    largest = max(saved_bytes(shape, pack.tokens, len(pack.keep)) for pack in packs)
    at_once = min(choose_lanes(recipe, device), max(map(len, epoch)))
    return Budget(
        parameters=shape.parameters,
        trained_parameters=shape.trained,
        memory=Memory(
            weights=weight_bytes(shape, recipe, dtype, processes),
            trained=4 * trained,
            activations=at_once * round(HELD.get(device.type, 1) * (largest + 2 * shape.widest * max(tokens))),
            head=at_once * min(3 * CHUNK_BYTES.get(device.type, 2**26), 12 * shape.vocabulary * max(rows)),
            free=free_memory(device),
        ),
        work=work,
        unmet=unmet if recipe.skim and material.validation else None,
        # a checkpoint holds the weights, the best ones and two averages; one more is written before the oldest goes
        disk=Disk(trained, (KEEP + 1) * 4 * trained, shutil.disk_usage(existing_parent(out)).free),
    )


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

    Attention scores are left out: at these lengths they are a tenth.
    """
    body = shape.parameters - shape.head
    learned = rows if recipe.skim else tokens
    return tokens * 2 * (body + shape.trained) + learned * (2 * body + 4 * shape.trained) + 4 * rows * shape.head


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


def matrix_rate(device: torch.device, dtype: torch.dtype) -> float:
    """
    Return the floating-point operations a second of one square matrix product on *device*.

    An accelerator takes microseconds for a product that takes a processor milliseconds, and as long to be asked for it.
    """
    size = MATRIX.get(device.type, 1024)
    a = torch.ones(size, size, device=device, dtype=dtype)
    rates: list[float] = []
    for _ in range(4):
        synchronize(device)
        started = time.perf_counter()
        torch.mm(a, a)
        synchronize(device)
        rates.append(2 * size**3 / (time.perf_counter() - started))
    return max(rates)


def free_memory(device: torch.device) -> int:
    """Return the bytes that *device* has to give."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return min(machine_memory(), container_memory() or sys.maxsize)


def machine_memory() -> int:
    """Return the bytes that this machine has to give."""
    meminfo = Path("/proc/meminfo")
    if meminfo.is_file():
        for line in meminfo.read_text("utf-8").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def container_memory(root: Path = Path("/")) -> int | None:
    """
    Return the bytes that the control groups of this process have left, or None where they set no limit (cgroup v2).

    A process counts towards its own group and all above it.
    """
    top = root / "sys/fs/cgroup"
    with suppress(OSError, StopIteration):
        lines = (root / "proc/self/cgroup").read_text("utf-8").splitlines()
        own = top / next(line for line in lines if line.startswith("0::")).removeprefix("0::").lstrip("/")
        groups = [group for group in (own, *own.parents) if group.is_relative_to(top)]
        return min(filter(None, map(memory_left, groups)), default=None)
    return None


def memory_left(group: Path) -> int | None:
    """
    Return the bytes that a control group has left, or None where it has no limit of its own.

    What files fill of it is given back when it is needed.
    """
    with suppress(OSError, ValueError):
        most, held = (int((group / name).read_text("utf-8")) for name in ("memory.max", "memory.current"))
        rows = dict(line.split() for line in (group / "memory.stat").read_text("utf-8").splitlines())
        return max(1, most - held + int(rows.get("inactive_file", 0)))
    return None


def existing_parent(path: Path) -> Path:
    """Return *path*, or the nearest folder above it that exists."""
    return next(folder for folder in (path.absolute(), *path.absolute().parents) if folder.exists())


def require_room(budget: Budget, out: Path) -> None:
    """
    Raise `MachineError` with the way out when the run does not fit memory or disk.
    """
    memory, disk = budget.memory, budget.disk
    if not memory.fits:
        raise MachineError(
            f"The run needs about {gib(memory.total)} of memory and {gib(memory.free)} are free. "
            "Lower it with --set checkpointing=true, or a smaller pack_tokens and max_tokens."
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
    steps = f"about {work.steps:,} steps, {work.tokens:,} tokens, {work.flops:.2g} FLOPs"
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
        parts.append(("or", f"{describe_work(budget.unmet)}, where the base has not met the language (skim_below)"))
    parts += [
        (
            "memory",
            f"{gib(memory.total)} of {gib(memory.free)} free: weights {gib(memory.weights)}, training "
            f"{gib(memory.trained)}, activations {gib(memory.activations)}, head {gib(memory.head)}",
        ),
        ("disk", f"{gib(disk.adapter)} adapter, {gib(disk.checkpoints)} checkpoints, {gib(disk.free)} free"),
    ]
    lines = [f"{name:<7} {text}" for name, text in parts]
    if not memory.fits:
        lines.append("It does NOT fit into memory: --set checkpointing=true, or a smaller pack_tokens.")
    if not disk.fits:
        lines.append("It does NOT fit onto the disk.")
    return "\n".join(lines)
