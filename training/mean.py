"""
The mean of a run's weights. In: what the weights were at each look. Out: their mean, where it costs less than the best.

Weights of different moments lie around what they all look for, and their mean lies nearer to it than the last of them
(stochastic weight averaging, arXiv:1803.05407): it gains as much for less that is forgotten.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .looks import Measured, load_weights, measure, snapshot
from .rein import price
from .setup import Setup

if TYPE_CHECKING:
    from torch import Tensor

MEAN_LOOKS = 1
"""Looks that the mean takes when the steps are done."""


def add_to_mean(mean: Mapping[str, Tensor], weights: Mapping[str, Tensor], count: int) -> dict[str, Tensor]:
    """Return the mean of *count* weights, the last of which are *weights*; *mean* is that of those before."""
    return {name: weight if count == 1 else mean[name].lerp(weight, 1 / count) for name, weight in weights.items()}


def take_mean(setup: Setup, mean: Mapping[str, Tensor], before: Measured, best: Measured) -> tuple[bool, Measured]:
    """
    Leave the model with the *mean* or as it is, whichever costs less, and return which, with what was seen of it.

    *best* is what was seen of the model as it is: the weights of the best look.
    """
    as_it_is, ceiling = snapshot(setup.model), setup.recipe.ceiling or math.inf
    load_weights(setup.model, mean)
    now = measure(setup)
    if price(setup, now, before, ceiling) < price(setup, best, before, ceiling):
        return True, now
    load_weights(setup.model, as_it_is)
    return False, best
