"""
The mean of the weights that a run passes. In: what is trained, after every step. Out: steadier weights than the last.

At rates that teach in few steps weights jump about, and with them whether a small model ends its answers. Looks are
taken at a mean that leans to the later steps and forgets the first (Shamir and Zhang, arXiv:1212.1824), and what is
kept is a mean. The steps themselves go on from where they stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from .looks import load_weights, trainable

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import Tensor
    from torch.nn import Parameter


@dataclass(frozen=True)
class Average:
    """
    A mean of what is trained, as it goes on.
    """

    share: float
    """Of the steps so far the last share that it is about the mean of; 1 weighs all alike, 0 takes the last alone."""
    model: PeftModel
    trained: Mapping[str, Parameter]
    mean: Mapping[str, Tensor]
    """Empty where the share is 0."""

    def take_in(self, step: int) -> None:
        """Take in the weights after *step* steps, the first being 1."""
        weight = 1 / (1 + self.share * (step - 1))
        with torch.no_grad():
            for name, tensor in self.mean.items():
                tensor.lerp_(self.trained[name], weight)

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Let the model have the mean for its weights while the block runs."""
        own = {name: self.trained[name].detach().clone() for name in self.mean}
        load_weights(self.model, self.mean)
        try:
            yield
        finally:
            load_weights(self.model, own)


def begin_average(share: float, model: PeftModel) -> Average:
    """Return the mean of the weights of *model* before any step."""
    trained = trainable(model)
    return Average(share, model, trained, {name: one.detach().clone() for name, one in trained.items() if share})
