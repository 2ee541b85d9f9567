"""
Where an adapter looks first. In: an adapted model, code of the house, general code. Out: the adapter's first factors.

A low-rank adapter changes what a layer makes of a few directions of its input. Drawn at random, they are directions
that all code uses, and general code pays for what the house gains. Here they are those whose share of the house's
inputs is largest against their share of general code's: the first generalized eigenvectors of the two covariances.
(Others choose by general inputs alone: CorDA, arXiv:2406.05223; LoRA-Null, arXiv:2503.02659.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from threading import get_ident
from typing import TYPE_CHECKING, Any

import torch
from accelerate.utils import broadcast
from peft.tuners.lora.layer import LoraLayer

from .forward import last_hidden_states, plain_model, to_batch
from .full import DELTA
from .lanes import in_lanes
from .packing import pack_in_order
from .replay import origin
from .setup import Setup

if TYPE_CHECKING:
    from torch import Tensor, nn

    from .encode import Example

SAMPLE = 8_192
"""Tokens of each kind of code that are read: tens for each direction of a small base's layers."""
RIDGE = 0.02
"""What is added to the mean share: a direction that general code never uses is no infinite contrast."""


def look_apart(setup: Setup) -> None:
    """
    Turn the first factors of the fresh adapter in *setup* towards what sets the house's code apart.

    Their lengths stay, so rates and ranks mean what they did; what the model computes does not change. Without general
    code among the examples (`replay`) there is nothing to look apart from, and the factors stay as they are; so do
    those of layers that are trained whole.
    """
    general = [example for example in setup.plan.examples if origin(example) == "general"]
    house = [example for example in setup.plan.examples if not origin(example)]
    modules: Any = setup.model.named_modules()
    adapted = {name: layer for name, layer in modules if isinstance(layer, LoraLayer) and layer.lora_A}
    layers = {name: layer for name, layer in adapted.items() if not hasattr(layer, DELTA)}
    if not (general and house and layers):
        return
    ours, theirs = in_lanes(partial(read_covariances, setup, layers), (house, general), setup.lanes)
    linear: list[tuple[str, Any]] = [(name, one) for name, layer in layers.items() for one in layer.lora_A.values()]
    factors: list[tuple[str, Tensor]] = [(name, one.weight) for name, one in linear]

    def look(factor: tuple[str, Tensor]) -> Tensor:
        name, weight = factor
        return contrast(ours[name], theirs[name], len(weight))

    for (_, weight), directions in zip(factors, in_lanes(look, factors, setup.lanes), strict=True):
        turn(weight.data, directions)
        if setup.accelerator.num_processes > 1:
            # machines may differ in a last bit, and eigenvectors make much of it
            broadcast(weight.data)


def turn(weight: Tensor, directions: Tensor) -> None:
    """Put *directions*, which were found on the host, into the first rows of *weight*, as long as its rows are."""
    weight[: len(directions)] = directions.to(weight) * weight.norm(dim=1).mean()


@torch.no_grad()
def read_covariances(setup: Setup, layers: Mapping[str, Any], examples: Sequence[Example]) -> dict[str, Tensor]:
    """Return, by layer, the sum of the outer products of its inputs over a sample of *examples*; fp64, on the host."""
    sums: dict[str, Any] = dict.fromkeys(layers, 0.0)
    mine = get_ident()

    def hook_of(name: str) -> Callable[[nn.Module, tuple[Any, ...]], None]:
        def note(layer: nn.Module, inputs: tuple[Any, ...]) -> None:
            del layer
            # another lane reads its own code through the same layers
            if get_ident() != mine:
                return
            rows = inputs[0].reshape(-1, inputs[0].shape[-1]).float()
            sums[name] = sums[name] + (rows.t() @ rows).double().cpu()

        return note

    hooks = [layer.register_forward_pre_hook(hook_of(name)) for name, layer in layers.items()]
    # one after the other in this lane: sums of floats depend on their order
    for pack, _ in pack_in_order(spread_sample(examples), pack_tokens=setup.plan.pack_tokens, share=setup.plan.share):
        last_hidden_states(plain_model(setup.model), to_batch(pack, setup.mode, setup.device, setup.dtype))
    for hook in hooks:
        hook.remove()
    return sums


def spread_sample(examples: Sequence[Example]) -> list[Example]:
    """Return every n-th of *examples*, so that they hold about `SAMPLE` tokens."""
    tokens = sum(example.tokens for example in examples)
    return list(examples[:: max(1, round(tokens / SAMPLE))])


def contrast(ours: Tensor, theirs: Tensor, count: int) -> Tensor:
    """
    Return at most *count* orthonormal directions, as rows, in which *ours* is largest against *theirs*.

    Both are covariances, shaped (width, width).
    """
    ours, theirs = (matrix * len(matrix) / matrix.trace() for matrix in (ours, theirs))
    values, vectors = torch.linalg.eigh(theirs + RIDGE * torch.eye(len(theirs), dtype=theirs.dtype))
    # where general code counts the same in every direction, the house's own principal directions are the contrast
    whiten = vectors @ torch.diag(values.rsqrt()) @ vectors.t()
    _, apart = torch.linalg.eigh(whiten @ ours @ whiten)
    return torch.linalg.qr(whiten @ apart[:, -count:])[0].t().float()
