"""
Looks at the model while it trains. In: a set-up. Out: held-out losses, the best weights so far, and when to stop.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Protocol

import torch
from accelerate.utils import broadcast_object_list
from peft import PeftModel

from ..mining.wording import counted
from .checkpoints import Progress
from .encode import Example
from .forward import set_mode
from .full import DELTA
from .generation import LoadedModel, ModelGenerator
from .losses import mean_loss, score_examples
from .setup import Setup

if TYPE_CHECKING:
    from accelerate import Accelerator
    from torch import Tensor

LOOKS, LOOKS_A_PASS = 10, 2
"""Looks at held-out loss in a run, unless the recipe says otherwise; and at most so many in a pass over the data."""


class Score(Protocol):
    """
    Judges the model while it trains: higher is better. It leads the choice of weights and the early stop.
    """

    def __call__(self, generator: ModelGenerator) -> float:
        """Return the score of the model as it stands."""
        ...


def count_looks(steps: int, in_an_epoch: int, every: int = 0) -> int:
    """
    Return how many looks a run of *steps* has: one *every* so many and one at its end, or, with 0, as many as pay.

    Little can be learned by heart in a pass or two: looks would only cost the time of steps, an eighth of a demo's.
    """
    return math.ceil(steps / every) if every else min(LOOKS, math.ceil(LOOKS_A_PASS * steps / in_an_epoch))


class Measured(NamedTuple):
    """
    What a look saw: losses a token, None where there is nothing to look at.
    """

    loss: float | None
    """On held-out answers of the corpus."""
    general: float | None
    """On general code."""
    score: float | None = None
    """Of its answers to held-out tasks, where the recipe asks for one (`probes`)."""

    def line(self) -> dict[str, float | None]:
        """Return what the log says of it."""
        seen = {"general_loss": self.general, "score": self.score}
        return {"held_out_loss": self.loss, **{name: value for name, value in seen.items() if value is not None}}


def best_look(state: Progress) -> Measured:
    """Return what was seen at the step whose weights were kept."""
    looks = (line for line in reversed(state.log) if line["step"] == state.best_step and "held_out_loss" in line)
    line = next(looks)
    return Measured(line["held_out_loss"], line.get("general_loss"), line.get("score"))


def held_out_loss(setup: Setup) -> float | None:
    """Return the loss per token on the held-out pairs of the model as it stands."""
    return loss_on(setup, setup.validation) if setup.validation else None


def loss_on(setup: Setup, examples: Sequence[Example]) -> float:
    """Return the loss per answer token of *examples* under the model as it stands."""
    losses = score_examples(setup.model, examples, setup.mode, setup.device, setup.dtype)
    set_mode(setup.model, setup.mode)
    return agree(setup.accelerator, mean_loss(losses) or 0.0)


def measure(setup: Setup, score: Score | None = None) -> Measured:
    """Look at the model as it stands."""
    general = loss_on(setup, setup.general) if setup.general else None
    return Measured(held_out_loss(setup), general, None if score is None else score_now(setup, score))


def cost(setup: Setup, now: Measured, before: Measured) -> float | None:
    """Return the loss on held-out answers plus, weighed as the recipe says, what was forgotten beyond its allowance."""
    if now.loss is None:
        return None
    return now.loss + setup.recipe.forgetting * max(0.0, forgotten(now, before) - setup.recipe.allowance)


def forgotten(now: Measured, before: Measured) -> float:
    """Return how many nats a token general code got worse; 0 where nobody looks."""
    return 0.0 if now.general is None or before.general is None else now.general - before.general


def look(
    setup: Setup, state: Progress, best: dict[str, Tensor], before: Measured, score: Score | None
) -> dict[str, Tensor]:
    """
    Measure the model on held-out pairs; return the best weights so far and note in *state* when to stop.
    """
    now = measure(setup, score)
    loss, value = cost(setup, now, before), now.score
    state.log.append({"step": state.step, **now.line()})
    setup.accelerator.log({key: number for key, number in now.line().items() if number is not None}, step=state.step)
    if loss is None:
        state.best_step = state.step
        return snapshot(setup.model)
    improved = state.best_loss is None or loss < state.best_loss
    if value is not None:
        # the score leads; the loss decides between equal scores
        improved = state.best_score is None or (value, -loss) > (state.best_score, -(state.best_loss or math.inf))
    if improved:
        state.best_loss, state.best_score, state.best_step, state.stale = loss, value, state.step, 0
        return snapshot(setup.model)
    state.stale += 1
    # what was seen once cannot have been learned by heart: a bad look within the first pass is noise
    if state.stale >= setup.recipe.patience and state.epoch >= 1:
        state.stopped = f"held-out {'score' if score else 'loss'} did not improve for {counted(state.stale, 'look')}"
    return best


def score_now(setup: Setup, score: Score) -> float:
    """Return *score* of the model as it stands, and leave it ready to train."""
    loaded = LoadedModel(setup.model, setup.family, setup.base, setup.context_length, setup.device, mode=setup.mode)
    value = score(ModelGenerator(loaded))
    set_mode(setup.model, setup.mode)
    return agree(setup.accelerator, value)


def agree(accelerator: Accelerator, value: float) -> float:
    """Return *value* as the main process has it: what decides when to stop must be equal everywhere."""
    return broadcast_object_list([value])[0] if accelerator.num_processes > 1 else value


def trainable(model: PeftModel) -> dict[str, torch.nn.Parameter]:
    """
    Return what is trained, by name.

    Whenever adapters are switched on again, PEFT thaws every factor: those of a layer that is trained whole are none.
    """
    found = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    whole = tuple(name.removesuffix(DELTA) for name in found if name.endswith(f".{DELTA}"))
    return {name: parameter for name, parameter in found.items() if "lora_" not in name or not name.startswith(whole)}


def snapshot(model: PeftModel) -> dict[str, Tensor]:
    """Return a copy of what is trained."""
    return {name: parameter.detach().to("cpu", copy=True) for name, parameter in trainable(model).items()}


def load_weights(model: PeftModel, weights: Mapping[str, Tensor]) -> None:
    """Put *weights* into the model."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in weights:
                parameter.copy_(weights[name])
