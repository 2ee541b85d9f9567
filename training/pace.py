"""
What is found out by trying before a run begins. In: a set-up. Out: how many steps its minutes hold, and its rate.

The only clock that decides anything in training is read here, once, and its answer goes into the run's record.
"""

from __future__ import annotations

import math
import time

import torch

from ..mining.errors import InputError
from .checkpoints import Progress
from .looks import FIRST_LOOKS, LOOKS, held_out_loss, load_weights, snapshot, trainable
from .setup import Setup
from .steps import add_gradients, make_optimizer, remaining_steps, take_step

RATE_FACTORS = (1 / 3, 1.0, 3.0)
PROBE_STEPS = 3
"""Steps that are timed to turn minutes into steps; the first one warms up and does not count."""


def probe_rates(setup: Setup) -> float:
    """
    Return the learning rate to use: the recipe's, or the best of a third, one and three times it after a few steps.

    Every try starts from the same weights on the same data; the model is left as it was.
    """
    recipe = setup.recipe
    if not recipe.rate_probe:
        return recipe.learning_rate
    if not setup.validation:
        raise InputError("A learning-rate probe needs held-out pairs, and this corpus has none. Set rate_probe=0.")
    fresh, losses = snapshot(setup.model), {}
    names = trainable(setup.model)
    parameters = list(names.values())
    for number, factor in enumerate(RATE_FACTORS):
        load_weights(setup.model, fresh)
        rate = recipe.learning_rate * factor
        optimizer = make_optimizer(names, recipe)
        for step, packs in enumerate(remaining_steps(setup.plan, Progress(), recipe.rate_probe)):
            warm = min(1.0, (step + 1) / max(1, recipe.rate_probe // 5))
            take_step(setup, packs, parameters, optimizer, rate * warm, torch.zeros((), device=setup.device))
            if step + 1 == recipe.rate_probe:
                break
        losses[rate] = held_out_loss(setup)
        setup.report("rates", number + 1, len(RATE_FACTORS))
    load_weights(setup.model, fresh)
    # a rate at which the run blew up has no loss to speak of
    return min(losses, key=lambda rate: losses[rate] if math.isfinite(losses[rate]) else math.inf)


def count_steps(setup: Setup) -> int:
    """Return how many steps the run has: as the recipe says, by epochs, or what its minutes hold."""
    recipe = setup.recipe
    if recipe.steps is not None:
        return recipe.steps
    in_an_epoch = len(setup.plan.epoch(0))
    steps = max(1, round(recipe.epochs * in_an_epoch))
    if recipe.minutes is None:
        return steps
    return max(1, min(steps, steps_in(setup, recipe.minutes * 60)))


def steps_in(setup: Setup, seconds: float) -> int:
    """Return how many steps *seconds* hold, looks at held-out loss included, by timing a few steps."""
    parameters = list(trainable(setup.model).values())
    epoch = setup.plan.epoch(0)
    tried = epoch[: PROBE_STEPS + 1]
    spent = tokens = 0.0
    for number, packs in enumerate(tried):
        started = time.perf_counter()
        add_gradients(setup, packs, 1, parameters)
        synchronize(setup.device)
        if number or len(tried) == 1:
            spent += time.perf_counter() - started
            tokens += sum(setup.plan.build(pack).tokens for pack in packs)
        setup.report("measure", number + 1, len(tried))
    setup.model.zero_grad(set_to_none=True)
    a_token = spent / tokens
    a_step = a_token * sum(setup.plan.build(pack).tokens for step in epoch for pack in step) / len(epoch)
    # a look computes forwards only; one comes before the first step, one with the last
    a_look = a_token / 3 * sum(example.tokens for example in setup.validation)

    def steps_beside(looks: int) -> int:
        left = max(seconds - (looks + 2) * a_look, seconds / 3)
        return int(left * setup.accelerator.num_processes / a_step)

    return min(steps_beside(FIRST_LOOKS), max(len(epoch), steps_beside(LOOKS)))


def synchronize(device: torch.device) -> None:
    """Wait for *device*, so that a clock means something."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
