"""
How much of a change is kept. In: a run's best weights. Out: the share of them that gains most for what it forgets.

On the line from the base to the tuned model most of the gain comes early and most of the forgetting late (as in
WiSE-FT, arXiv:2109.01903), so the whole way is seldom the best place to stop.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .looks import Measured, cost, forgotten, load_weights, measure, snapshot
from .setup import Setup

if TYPE_CHECKING:
    from torch import Tensor

TRIES = 3
"""Shares that are looked at after the whole, as long as they are better."""
LESS = 0.85
"""What is left of a share where the next is tried for its cost."""
SURE = 0.98
"""What is left of the share at which the ceiling would be kept, so that it is."""


def rein_in(setup: Setup, fresh: Mapping[str, Tensor], before: Measured, whole: Measured) -> tuple[float, Measured]:
    """
    Leave the model with the share of its change that is best, and return it with what was seen of it.

    *fresh* is what was trained before it changed anything, *whole* what is known of the whole change. Where general
    code is not watched all is kept.
    """
    if not setup.general or not setup.validation:
        return 1.0, whole
    trained, ceiling = snapshot(setup.model), setup.recipe.ceiling or math.inf
    best, seen = 1.0, whole
    for number in range(TRIES):
        last = number + 1 == TRIES
        share = round(best * less(forgotten(seen, before), ceiling, last=last), 3)
        load_weights(setup.model, move(fresh, trained, share))
        now = measure(setup)
        setup.report("rein in", number + 1, TRIES)
        if price(setup, now, before, ceiling) >= price(setup, seen, before, ceiling):
            break
        best, seen = share, now
    setup.report("rein in", TRIES, TRIES)
    load_weights(setup.model, move(fresh, trained, best))
    return best, seen


def less(lost: float, ceiling: float, *, last: bool) -> float:
    """
    Return how much of a share that loses *lost* nats is tried next: a step less, or what the *ceiling* lets through.

    What is lost grows about as the square of the share; the *last* try is as careful as if it grew in proportion.
    """
    if lost <= ceiling:
        return LESS
    return SURE * (ceiling / lost if last else math.sqrt(ceiling / lost))


def price(setup: Setup, now: Measured, before: Measured, ceiling: float) -> tuple[float, float]:
    """
    Return what a share is chosen by, least first: what it forgets beyond the *ceiling*, then what it costs.

    What is beyond may not ship, whatever it gained.
    """
    return max(0.0, forgotten(now, before) - ceiling), cost(setup, now, before) or 0.0


def move(fresh: Mapping[str, Tensor], trained: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """
    Return the weights *share* of the way from *fresh* to *trained*.

    Of a product only one factor moves: the first factors are random before training, the second ones zero.
    """
    return {
        name: tensor if "lora_A" in name else fresh[name] + share * (tensor - fresh[name])
        for name, tensor in trained.items()
    }
