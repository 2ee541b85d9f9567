"""
What is found out by trying before a run begins. In: a set-up. Out: how many steps its minutes hold, and its rate.

No other clock decides anything in training; what this one says, counted from where the run began (`material.py`), goes
into the run's record once.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from statistics import median

import torch

from ..mining.errors import InputError
from .adapter import log_probability_change, prove_on
from .base_config import count_parameters
from .checkpoints import Progress
from .gradients import add_gradients
from .looks import (
    LOOKS,
    LOOKS_A_PASS,
    Measured,
    Score,
    agree,
    held_out_loss,
    load_weights,
    measure,
    score_now,
    snapshot,
    trainable,
)
from .machine import synchronize
from .packing import Chunk, count_cost, count_slowest
from .recipe import SMALL_MODEL, Recipe
from .rein import TRIES
from .setup import Setup
from .steps import chunks_loss, make_optimizer, remaining_steps, take_step

Approve = Callable[[int, int], None]
"""Takes how many steps a run will have, and how many an epoch has; raises where it will not have them."""

RATE_FACTORS = (1 / 3, 1.0, 3.0)
PROBE_STEPS, LEAST_PROBES = 6, 3
"""Steps that are timed to turn minutes into steps; and those that are timed although they take long."""
PROBE_SHARE, TOO_LONG = 0.02, 5
"""Share of a run's minutes after which no further step is timed; and how many times that ends even the first ones."""
FEW_STEPS = 10
"""Steps under which minutes teach next to nothing."""

SAVING = 2.0
"""Seconds that writing an adapter takes, beside the proof that it is applied."""
DOUBT = 0.05
"""Share of a run's minutes that is left empty, because a few steps tell the pace of hundreds with some doubt."""


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
        steps = remaining_steps(setup.plan, Progress(), recipe.rate_probe)
        for step, packs in enumerate(islice(steps, recipe.rate_probe)):
            warm = min(1.0, (step + 1) / max(1, recipe.rate_probe // 5))
            take_step(setup, packs, parameters, optimizer, rate * warm, torch.zeros((), device=setup.device))
        losses[rate] = held_out_loss(setup)
        setup.report("rates", number + 1, len(RATE_FACTORS))
    load_weights(setup.model, fresh)
    # a rate at which the run blew up has no loss to speak of
    return min(losses, key=lambda rate: losses[rate] if math.isfinite(losses[rate]) else math.inf)


def count_steps(setup: Setup, a_look: float, approve: Approve | None = None) -> int:
    """
    Return how many steps the run has: as the recipe says, by epochs, or what its minutes hold.

    *a_look* is what a look at held-out loss takes, in seconds. *approve* raises where it will not have them.
    """
    recipe = setup.recipe
    in_an_epoch = len(setup.plan.epoch(0))
    steps = recipe.steps or max(1, round(recipe.epochs * in_an_epoch))
    held = steps
    if recipe.steps is None and recipe.minutes is not None:
        held = max(1, min(steps, steps_in(setup, recipe.minutes * 60, a_look)))
    if approve is not None:
        approve(held, in_an_epoch)
    if recipe.minutes is not None and held < min(steps, FEW_STEPS):
        told = f"{hold(recipe.minutes)} {held} of the {steps} steps here, which teaches next to nothing"
        setup.report(f"plan: {told}; {more_steps(count_parameters(setup.model))}", 1, 1)
    return held


def more_steps(parameters: int) -> str:
    """Return what gives a run of a base of *parameters* more steps; below the small ones there are none to speak of."""
    return f"give it more minutes{', a smaller base' if parameters >= SMALL_MODEL else ''} or a GPU"


def hold(minutes: float) -> str:
    """Return how a sentence begins that says what so many *minutes* hold."""
    return f"{minutes:g} {'minute holds' if minutes == 1 else 'minutes hold'}"


def steps_in(setup: Setup, seconds: float, a_look: float) -> int:
    """Return how many steps *seconds* since the run began hold, beside looks at held-out loss; a few are timed."""
    epoch = setup.plan.epoch(0)
    a_step = time_steps(setup, epoch, PROBE_SHARE * seconds)
    proof = time_proof(setup)
    rest = seconds - (time.perf_counter() - setup.began)
    return fit_steps(seconds, rest - proof, a_step, a_look, len(epoch), setup.recipe.validate_every)


def fit_steps(seconds: float, rest: float, a_step: float, a_look: float, in_an_epoch: int, every: int = 0) -> int:
    """
    Return how many steps of *a_step* fit into the *rest* of a run of *seconds*, beside their looks (`count_looks`).
    """
    # further looks tell how much of the change to keep, and what is kept is stored
    spare = rest - TRIES * a_look - SAVING - DOUBT * seconds
    if every:
        return int(max(spare - a_look, seconds / 3) / (a_step + a_look / every))

    def steps_beside(looks: int) -> int:
        left = max(spare - looks * a_look, seconds / 3)
        # so many looks are for so many passes
        most = math.inf if looks == LOOKS else looks * in_an_epoch / LOOKS_A_PASS
        return int(min(left / a_step, most))

    return max(map(steps_beside, range(1, LOOKS + 1)))


def probing(seconds: float, a_step: float) -> float:
    """Return about how many of a run's *seconds* go into timing steps of *a_step* each."""
    most = PROBE_SHARE * seconds
    return a_step * next(n for n in range(1, PROBE_STEPS + 1) if n == PROBE_STEPS or is_enough(n, n * a_step, most))


def trying(recipe: Recipe, a_step: float, a_look: float) -> float:
    """Return about how many seconds go into trying rates (`probe_rates`)."""
    return len(RATE_FACTORS) * (recipe.rate_probe * a_step + a_look) if recipe.rate_probe else 0.0


def is_enough(number: int, spent: float, most: float) -> bool:
    """Claim that no step is timed after *number* of them, which took *spent* seconds, where *most* were meant."""
    return spent > (most if number >= LEAST_PROBES else TOO_LONG * most)


def time_steps(setup: Setup, epoch: Sequence[Sequence[Sequence[Chunk]]], most: float) -> float:
    """
    Return the seconds of a step of *epoch*, all processes together, by the median of a few for what they cost.

    Processes wait for the one with the dearest packs. Few steps are timed where they take more than *most* seconds
    together, and one where it alone takes five times that. The first third is left out: until a process holds all the
    memory that it works with, steps take a third longer.
    """
    parameters = list(trainable(setup.model).values())
    tried = epoch[:PROBE_STEPS]
    rates: list[float] = []
    if setup.device.type == "cuda":
        # kernels are compiled when they are first called: that takes as long as many steps
        add_gradients(partial(chunks_loss, setup), tried[0], 1, parameters, setup.lanes)
        synchronize(setup.device)
    began = time.perf_counter()
    for number, packs in enumerate(tried):
        # a spread base is computed by all processes together, or not at all
        if number and is_enough(number, agree(setup.accelerator, time.perf_counter() - began), most):
            break
        started = time.perf_counter()
        add_gradients(partial(chunks_loss, setup), packs, 1, parameters, setup.lanes)
        synchronize(setup.device)
        rates.append((time.perf_counter() - started) / sum(map(count_cost, packs)))
        setup.report("measure", number + 1, len(tried))
    setup.model.zero_grad(set_to_none=True)
    costs = sum(count_slowest(packs, setup.accelerator.num_processes) for packs in epoch)
    return median(rates[len(rates) // 3 :]) * costs / len(epoch)


def time_proof(setup: Setup) -> float:
    """Return about how many seconds it takes to prove that the adapter is applied, by one of its examples."""
    examples = prove_on(setup.validation, setup.plan.examples)
    one = sorted(examples, key=lambda example: example.tokens)[len(examples) // 2]
    started = time.perf_counter()
    log_probability_change(setup.model, one, setup.mode)
    synchronize(setup.device)
    took = time.perf_counter() - started
    return took * sum(example.tokens for example in examples) / one.tokens


def time_look(setup: Setup, score: Score | None) -> tuple[Measured, float]:
    """
    Return what the base alone makes of what is held out, and the seconds that took.

    Its score is that of the model as it stands: a fresh adapter changes nothing.
    """
    started = time.perf_counter()
    with setup.model.disable_adapter():
        seen = measure(setup)
    if score is not None:
        seen = seen._replace(score=score_now(setup, score))
    return seen, time.perf_counter() - started


def choose_reading(setup: Setup, before: Measured) -> Setup:
    """Return *setup*, prompts skimmed only where the base, which saw *before*, has met the language of its pairs."""
    if not setup.recipe.skim or before.loss is None or before.loss <= setup.recipe.skim_below:
        return setup
    return replace(setup, recipe=replace(setup.recipe, skim=False))
