"""
The gradients of one step. In: what computes a part's loss, and the parts. Out: their sum, in the parameters.

Parts are computed side by side where there are lanes, and joined in order: the sum does not depend on how many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

import torch

from .lanes import in_lanes

if TYPE_CHECKING:
    from torch import Tensor

Part = TypeVar("Part")


def add_gradients(
    loss_of: Callable[[Part], Tensor],
    parts: Iterable[Part],
    answers: int,
    parameters: Sequence[torch.nn.Parameter],
    lanes: int,
) -> Tensor:
    """Add the gradients of the summed loss of *parts*, over *answers*, to *parameters*; return that sum, in nats."""

    def backward(part: Part) -> tuple[Tensor, Sequence[Tensor | None]]:
        loss = loss_of(part)
        return loss.detach(), torch.autograd.grad(loss / answers, parameters, allow_unused=True)

    nats = torch.zeros((), dtype=torch.float64, device=parameters[0].device)
    # one after the other, no part's gradients are held beside another's
    for loss, gradients in in_lanes(backward, parts, lanes) if lanes > 1 else map(backward, parts):
        nats += loss
        add_to(parameters, gradients)
    return nats


def add_to(parameters: Sequence[torch.nn.Parameter], gradients: Sequence[Tensor | None]) -> None:
    """Add *gradients* to those of *parameters*; on a GPU in a few kernels, where each is launched at a price."""
    sums: list[Tensor] = []
    more: list[Tensor] = []
    for parameter, gradient in zip(parameters, gradients, strict=True):
        if gradient is None:
            continue
        if parameter.grad is None:
            parameter.grad = gradient
        else:
            sums.append(parameter.grad)
            more.append(gradient)
    if sums:
        torch._foreach_add_(sums, more)  # pyright: ignore - torch's own optimizers are built of it
