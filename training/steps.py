"""
The optimizer's steps. In: a set-up and where it stands. Out: the model with the best weights that were seen.

A step's loss is the sum over its answer tokens, divided by their number on all processes together: only the adapter's
gradients travel between processes, in one tensor.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from accelerate import Accelerator
from transformers.modeling_layers import GradientCheckpointingLayer

from ..mining.artefacts import append_text
from ..mining.errors import InputError
from .average import Average, begin_average
from .checkpoints import (
    CHECKPOINTS,
    Progress,
    load_checkpoint,
    pack_optimizer,
    pack_randomness,
    save_checkpoint,
    unpack_optimizer,
    unpack_randomness,
)
from .forward import answer_losses, read_prompts, to_batch
from .gradients import add_gradients
from .looks import Measured, Score, cost, count_looks, load_weights, look, measure, snapshot, trainable
from .packing import Chunk, Pack, Plan
from .recipe import Recipe
from .setup import Setup
from .vocabulary import ROWS

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import Tensor

LENGTHS = "lora_magnitude_vector"
"""PEFT's name for the parameters that hold the lengths of weights, which DoRA trains apart from their directions."""
NAMED = 8
"""Pairs of a step that are named when its loss is no number."""
LOG_EVERY = 10
"""Steps between logged lines: beside looks and checkpoints the only moments at which the loop waits for the device."""


def run_steps(setup: Setup, out: Path, steps: int, first: Progress, before: Measured, score: Score | None) -> Progress:
    """
    Take the optimizer steps that are left, and leave the model with the best weights that were seen.
    """
    folder = out / CHECKPOINTS
    recipe = setup.recipe
    names = trainable(setup.model)
    parameters = list(names.values())
    optimizer = make_optimizer(names, recipe)
    average = begin_average(recipe.average, setup.model)
    state, best = restore(setup, folder, names, average, optimizer, first)
    looks = count_looks(steps, len(setup.plan.epoch(0)))
    look_every = recipe.validate_every or max(1, math.ceil(steps / looks))
    nats = torch.zeros((), dtype=torch.float64, device=setup.device)
    clock = Clock(state.answer_tokens)
    trail: list[Step] = []
    for packs in remaining_steps(setup.plan, state, steps):
        answers = take_step(setup, packs, parameters, optimizer, recipe.rate(state.step, steps), nats)
        state.step += 1
        average.take_in(state.step)
        trail.append(Step(state.step, nats.clone(), packs))
        state.tokens += answers
        state.answer_tokens += answers
        is_last = state.step == steps
        looks_now, logs_now = (is_last or state.step % every == 0 for every in (look_every, LOG_EVERY))
        if looks_now or logs_now:
            # before a look: it must not take for the best what a step has spoiled
            drain(setup, state, nats, trail)
        if looks_now:
            with average.lent():
                best = look(setup, state, best, before, score)
        if logs_now or state.stopped:
            log_step(setup, folder, state, recipe.rate(state.step - 1, steps), clock)
        setup.report(describe(state, clock), state.step, steps)
        if state.stopped:
            break
        if state.step % recipe.checkpoint_every == 0 and state.step < steps:
            drain(setup, state, nats, trail)
            keep(setup, folder, state, names, average, optimizer, best)
    load_weights(setup.model, best)
    return state


def make_optimizer(names: Mapping[str, torch.nn.Parameter], recipe: Recipe) -> torch.optim.AdamW:
    """
    Return the recipe's AdamW; its rate is set at every step, each group's as its `share` of the run's.

    Nothing decays that holds values of the base's own, rows and the lengths of DoRA: zero is not where they began.
    """
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for name, parameter in names.items():
        share = recipe.embedding_rate if ROWS in name else 1.0
        decay = 0.0 if ROWS in name or LENGTHS in name else recipe.weight_decay
        groups.setdefault((share, decay), []).append(parameter)
    return torch.optim.AdamW(
        [{"params": some, "share": share, "weight_decay": decay} for (share, decay), some in groups.items()],
        lr=recipe.learning_rate,
        betas=recipe.betas,
        fused=recipe.fused,
    )


def take_step(
    setup: Setup,
    packs: Sequence[Sequence[Chunk]],
    parameters: Sequence[torch.nn.Parameter],
    optimizer: torch.optim.Optimizer,
    rate: float,
    nats: Tensor,
) -> int:
    """
    Take one optimizer step on *packs* and return how many answer tokens they hold, on all processes together.

    The loss is added to *nats* on the device; nothing here waits for it.
    """
    accelerator = setup.accelerator
    answers = sum(len(setup.plan.examples[i].answer) for pack in packs for chunk in pack for i in chunk.members)
    own = packs[accelerator.process_index :: accelerator.num_processes]
    nats += add_gradients(partial(chunks_loss, setup), own, answers, parameters, setup.lanes)
    if setup.recipe.shard and len(own) < len(packs[:: accelerator.num_processes]):
        keep_pace(setup, packs[0], parameters)
    reduce_gradients(accelerator, parameters)
    norm = torch.nn.utils.clip_grad_norm_(parameters, setup.recipe.clip)
    # a gradient that is no number spoils the weights, and no loss has seen them yet
    nats += 0 * norm
    for group in optimizer.param_groups:
        group["lr"] = rate * group["share"]
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return answers


def keep_pace(setup: Setup, chunks: Sequence[Chunk], parameters: Sequence[torch.nn.Parameter]) -> None:
    """Compute a pack and forget it: a process without one of its own lends its part of each layer all the same."""
    torch.autograd.grad(chunks_loss(setup, chunks), parameters, allow_unused=True)


def first_progress(setup: Setup, before: Measured, start_from: Path | None) -> Progress:
    """
    Return the state of a run that has not begun.

    An adapter to go on from is the weight to beat; a fresh one is not, because it changes nothing.
    """
    if start_from is None:
        return Progress(log=[{"step": 0, **before.line()}])
    start = measure(setup)._replace(score=before.score)
    to_beat = cost(setup, start, before)
    return Progress(best_loss=to_beat, best_score=start.score, log=[{"step": 0, **start.line()}])


def remaining_steps(plan: Plan, state: Progress, steps: int) -> Iterator[list[list[Chunk]]]:
    """Yield the steps after *state*, epoch after epoch, and keep the place in *state*."""
    while state.step < steps:
        epoch = plan.epoch(state.epoch)
        while state.cursor < len(epoch) and state.step < steps:
            step = epoch[state.cursor]
            state.cursor += 1
            yield step
        if state.cursor == len(epoch):
            state.epoch, state.cursor = state.epoch + 1, 0


def chunks_loss(setup: Setup, chunks: Sequence[Chunk]) -> Tensor:
    """Return the summed loss of the answers of one pack."""
    pack = setup.plan.build(chunks)
    return pack_loss(setup.model, pack, setup.recipe, setup.mode, setup.device, setup.dtype)


def pack_loss(
    model: PeftModel, pack: Pack, recipe: Recipe, mode: str, device: torch.device, dtype: torch.dtype
) -> Tensor:
    """Return the summed loss of the answers of *pack*, computed as *recipe* says."""
    with ExitStack() as held:
        if dtype == torch.bfloat16:
            # all lanes share one cache of what was cast, which each empties: sums would depend on when
            held.enter_context(torch.autocast(device.type, dtype=torch.bfloat16, cache_enabled=False))
            if recipe.uncast_inputs:
                held.enter_context(uncast_inputs(model))
        if recipe.checkpointing:
            held.enter_context(recomputed(model))
        if mode == "packed" and pack.asking and reads_apart(recipe, device):
            batch = read_prompts(model, pack, device, learn=not recipe.skim)
        else:
            batch = to_batch(pack, mode, device, dtype)
        return answer_losses(model, batch, head=recipe.answer_head, fuse=recipe.fuse_loss).sum()


@contextmanager
def uncast_inputs(model: PeftModel) -> Iterator[None]:
    """
    Keep the adapter's layers from casting their inputs while the block runs.

    Not DoRA's, which take the norm of their weights in the inputs' type: it would be rounded, and another one where a
    layer is recomputed after the block.

    `peft.helpers.disable_input_dtype_casting` (0.21) fails where rows of the embedding are trained, too.
    """
    casting: list[Any] = [
        layer
        for layer in model.modules()
        if getattr(layer, "cast_input_dtype_enabled", False) and not any(getattr(layer, "use_dora", {}).values())
    ]
    for layer in casting:
        layer.cast_input_dtype_enabled = False
    try:
        yield
    finally:
        for layer in casting:
            layer.cast_input_dtype_enabled = True


@contextmanager
def recomputed(model: PeftModel) -> Iterator[None]:
    """
    Let the layers that may be recomputed know that they are trained, while the block runs.

    Nothing within them nor around them: a dropout would hear of it (StarCoder2's, of its embeddings).
    """
    layers = [module for module in model.modules() if isinstance(module, GradientCheckpointingLayer)]
    for layer in layers:
        layer.training = True
    try:
        yield
    finally:
        for layer in layers:
            layer.training = False


def reads_apart(recipe: Recipe, device: torch.device) -> bool:
    """Claim that prompts are read before answers: where they do not teach, or where more kernels cost little."""
    return recipe.skim or (recipe.prompts_first and recipe.plain_layers and device.type == "cpu")


def reduce_gradients(accelerator: Accelerator, parameters: Sequence[torch.nn.Parameter]) -> None:
    """Add up the gradients of all processes, in one tensor; a process without a pack adds nothing."""
    if accelerator.num_processes == 1:
        return
    grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    flat: Any = accelerator.reduce(torch.cat([grad.flatten() for grad in grads]), reduction="sum")
    for parameter, piece in zip(parameters, flat.split([p.numel() for p in parameters]), strict=True):
        parameter.grad = piece.view_as(parameter)


class Step(NamedTuple):
    """
    One step since the device was last waited for.
    """

    number: int
    nats: Tensor
    """The loss up to it, since then; still on the device."""
    packs: Sequence[Sequence[Chunk]]


def drain(setup: Setup, state: Progress, nats: Tensor, trail: list[Step]) -> None:
    """
    Move the loss since the last line from the device into *state*.

    Raises `InputError` with the step and its pairs when it is no number: no checkpoint and no adapter is made of that.
    """
    accelerator = setup.accelerator
    total: Any = accelerator.reduce(nats.clone(), reduction="sum") if accelerator.num_processes > 1 else nats
    if not math.isfinite(float(total)):
        raise InputError(describe_break(setup.plan, trail, float(total)))
    state.nats += float(total)
    nats.zero_()
    trail.clear()


def describe_break(plan: Plan, trail: Sequence[Step], loss: float) -> str:
    """Return which step's loss was no number first, and which pairs were in it."""
    # on several processes the step may have broken on another one
    broken = next((step for step in trail if not math.isfinite(float(step.nats))), trail[-1])
    ids = [plan.examples[i].id for pack in broken.packs for chunk in pack for i in chunk.members]
    more = f" and {len(ids) - NAMED} more" if len(ids) > NAMED else ""
    return (
        f"The loss or its gradient is {loss} at step {broken.number}, on the pairs {', '.join(ids[:NAMED])}{more}. "
        "Lower learning_rate, or set precision=fp32; show CORPUS prints the pairs."
    )


def log_step(setup: Setup, folder: Path, state: Progress, rate: float, clock: Clock) -> None:
    """
    Add one line to the log, and its time to another file: the log is the same in every run.
    """
    loss = state.nats / state.tokens
    line = {"loss": loss, "learning_rate": rate, "answer_tokens": state.answer_tokens}
    state.log.append({"step": state.step, **line})
    setup.accelerator.log(line, step=state.step)
    state.nats, state.tokens = 0.0, 0
    if setup.accelerator.is_main_process:
        timed = {"step": state.step, "seconds": round(clock.seconds, 3)}
        append_text(folder / "timings.jsonl", json.dumps(timed) + "\n")


@dataclass
class Clock:
    """
    How fast this process is: for people to read, never to decide anything.
    """

    first: int
    """Answer tokens that were learned before it started."""

    def __post_init__(self) -> None:
        self.started = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds since it started."""
        return time.perf_counter() - self.started

    def speed(self, state: Progress) -> float:
        """Return answer tokens per second."""
        return (state.answer_tokens - self.first) / max(self.seconds, 1e-9)


def describe(state: Progress, clock: Clock) -> str:
    """Return the progress line's name and what stands beside the bar."""
    last = next((line for line in reversed(state.log) if "loss" in line), None)
    loss = f"loss {last['loss']:.3f}, " if last else ""
    return f"train: {loss}{clock.speed(state):,.0f} answer tokens/s"


def keep(
    setup: Setup,
    folder: Path,
    state: Progress,
    names: Mapping[str, torch.nn.Parameter],
    average: Average,
    optimizer: torch.optim.Optimizer,
    best: Mapping[str, Tensor],
) -> None:
    """Write a checkpoint."""
    if not setup.accelerator.is_main_process:
        return
    tensors = {f"model.{name}": parameter for name, parameter in names.items()}
    tensors |= {f"best.{name}": tensor for name, tensor in best.items()}
    tensors |= {f"mean.{name}": tensor for name, tensor in average.mean.items()}
    tensors |= pack_optimizer(optimizer, {id(parameter): name for name, parameter in names.items()})
    save_checkpoint(folder, state, {**tensors, **pack_randomness()})


def restore(
    setup: Setup,
    folder: Path,
    names: Mapping[str, torch.nn.Parameter],
    average: Average,
    optimizer: torch.optim.Optimizer,
    first: Progress,
) -> tuple[Progress, dict[str, Tensor]]:
    """Return the state and the best weights of the newest checkpoint, or those of a run that has not begun."""
    found = load_checkpoint(folder)
    if found is None:
        return first, snapshot(setup.model)
    state, tensors = found
    load_weights(setup.model, {name: tensors[f"model.{name}"] for name in names})
    for name, mean in average.mean.items():
        mean.copy_(tensors[f"mean.{name}"])
    unpack_optimizer(optimizer, {id(parameter): name for name, parameter in names.items()}, tensors)
    unpack_randomness(tensors)
    return state, {name: tensors[f"best.{name}"] for name in names}
