"""
How much of a change is kept. In: a run's best weights. Out: the share of them that gains most for what it forgets.

On the line from the base to the tuned model most of the gain comes early and most of the forgetting late (as in
WiSE-FT, arXiv:2109.01903), so the whole way is seldom the best place to stop.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .looks import Measured, cost, load_weights, measure, snapshot
from .setup import Setup

if TYPE_CHECKING:
    from torch import Tensor

SHARES = (1.0, 0.85, 0.7)


def rein_in(setup: Setup, fresh: Mapping[str, Tensor], before: Measured) -> float:
    """
    Leave the model with the share of its change that costs least, by the rule that chooses between looks; return it.

    *fresh* is what was trained before it changed anything. Where general code is not watched all is kept.
    """
    if not setup.general or not setup.validation:
        return 1.0
    trained = snapshot(setup.model)
    costs: dict[float, float] = {}
    for number, share in enumerate(SHARES):
        load_weights(setup.model, move(fresh, trained, share))
        costs[share] = cost(setup, measure(setup), before) or 0.0
        setup.report("rein in", number + 1, len(SHARES))
    best = min(SHARES, key=lambda share: costs[share])
    load_weights(setup.model, move(fresh, trained, best))
    return best


def move(fresh: Mapping[str, Tensor], trained: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """
    Return the weights *share* of the way from *fresh* to *trained*.

    Of a product only one factor moves: the first factors are random before training, the second ones zero.
    """
    return {
        name: tensor if "lora_A" in name else fresh[name] + share * (tensor - fresh[name])
        for name, tensor in trained.items()
    }
