"""
Layers that read the same rows, in one product. In: an adapted model. Out: the same numbers from fewer, wider kernels.

Queries, keys and values, and gates and ups, are layers of their own, though each reads the rows that the others read.
Computed together they read them once, and the rows' gradient is one product instead of several and their sum. Which
layers are siblings is asked of the model: those that a trial gives the very same tensor, one after the other.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from peft.tuners.lora.layer import Linear as LoraLinear
from torch.autograd import Function
from torch.nn import functional

from .forward import plain_model
from .fused import adapted_forward, at_rest, is_adapted, is_plain, short_document, without_autocast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from peft import PeftModel
    from torch import Tensor


class Part(NamedTuple):
    """
    One layer's frozen weight and bias.
    """

    weight: Tensor
    bias: Tensor | None
    scale: float
    """Of its adapter's product."""


class AdaptedSiblings(Function):
    """
    Frozen linear layers with their adapters, side by side over one input; keeps that, and its few low-rank numbers.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, parts: Sequence[Part], *factors: Tensor) -> tuple[Tensor, ...]:
        """Return what each of *parts* makes of *x*, (tokens, in); *factors* are their downs and then their ups."""
        downs, ups = factors[: len(parts)], factors[len(parts) :]
        dtype = x.dtype
        low = torch.cat([down * part.scale for down, part in zip(downs, parts, strict=True)]).to(dtype)
        high = torch.block_diag(*ups).to(dtype)
        weight = torch.cat([part.weight for part in parts])
        biases = [part.bias for part in parts if part.bias is not None]
        inner = x @ low.t()
        y = functional.linear(
            torch.cat((x, inner), 1),
            torch.cat((weight, high), 1),
            torch.cat(biases) if len(biases) == len(parts) else None,
        )
        ctx.save_for_backward(x, low, high, inner, *(part.weight for part in parts))
        ctx.parts = [(part.scale, len(part.weight), len(down)) for part, down in zip(parts, downs, strict=True)]
        ctx.dtype = downs[0].dtype
        return y.split([len(part.weight) for part in parts], dim=1)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Any, ...]:
        """Return the gradients of the input and of all factors."""
        x, low, high, inner, *weights = ctx.saved_tensors
        scales, widths, ranks = zip(*ctx.parts, strict=True)
        dy = torch.cat(upstream, 1)
        # beside the input's gradient stands that of the few numbers: what is wide is read once
        d_x, d_inner = (dy @ torch.cat((torch.cat(weights), high), 1)).split((x.shape[1], sum(ranks)), dim=1)
        d_low = (d_inner.t() @ x).to(ctx.dtype).split(ranks)
        downs = [part.mul_(scale) for part, scale in zip(d_low, scales, strict=True)]
        pairs = zip(dy.split(widths, dim=1), inner.split(ranks, dim=1), strict=True)
        ups = [(part.t() @ own).to(ctx.dtype) for part, own in pairs]
        return torch.addmm(d_x, d_inner, low) if ctx.needs_input_grad[0] else None, None, *downs, *ups


class Siblings:
    """
    Layers of one input: the first that is asked computes for all, and the others fetch theirs.
    """

    def __init__(self, layers: Sequence[LoraLinear]) -> None:
        self.layers = layers
        self.rows: Tensor | None = None
        self.ready: dict[LoraLinear, Tensor] = {}

    def answer(self, layer: LoraLinear, x: Tensor) -> Tensor:
        """Return what *layer* makes of *x*."""
        if not all(map(is_adapted, self.layers)):
            return adapted_forward(layer, x)
        if self.rows is not x or layer not in self.ready:
            self.rows, self.ready = x, dict(zip(self.layers, self.compute(x), strict=True))
        y = self.ready.pop(layer)
        if not self.ready:
            self.rows = None
        return y

    def compute(self, x: Tensor) -> list[Tensor]:
        """Return what each layer makes of *x*."""
        names = [layer.active_adapters[0] for layer in self.layers]
        bases: list[Any] = [layer.get_base_layer() for layer in self.layers]
        named = list(zip(self.layers, names, strict=True))
        scales = [layer.scaling[name] for layer, name in named]
        parts = [Part(base.weight, base.bias, scale) for base, scale in zip(bases, scales, strict=True)]
        downs = [layer.lora_A[name].weight for layer, name in named]
        ups = [layer.lora_B[name].weight for layer, name in named]
        with without_autocast(x.device.type):
            rows = x.reshape(-1, x.shape[-1]).to(bases[0].weight.dtype)
            found: Any = AdaptedSiblings.apply(rows, parts, *downs, *ups)
        return [y.view(*x.shape[:-1], -1) for y in found]


def fuse_siblings(model: PeftModel) -> int:
    """
    Let the adapted layers of *model* that read the same rows compute together, and return how many do.

    Names and weights do not change, so what is saved is PEFT's own adapter.
    """
    found = find_siblings(model)
    for layers in found:
        group = Siblings(layers)
        for layer in layers:
            layer.forward = SiblingForward(group, layer)  # pyright: ignore - of this one layer
    return sum(map(len, found))


class SiblingForward(NamedTuple):
    """
    The forward of one of several layers.
    """

    group: Siblings
    layer: LoraLinear

    def __call__(self, x: Tensor, *arguments: Any, **options: Any) -> Tensor:
        """Return what the layer makes of *x*."""
        if arguments or options:
            return adapted_forward(self.layer, x, *arguments, **options)
        return self.group.answer(self.layer, x)


def find_siblings(model: PeftModel) -> list[list[LoraLinear]]:
    """Return the plain adapted layers that are given the same tensor in turn, two or more at a time."""
    groups: list[tuple[Tensor, list[LoraLinear]]] = []

    def note(layer: Any, inputs: tuple[Tensor, ...]) -> None:
        if groups and groups[-1][0] is inputs[0]:
            groups[-1][1].append(layer)
        else:
            # held, so that no other tensor takes its place
            groups.append((inputs[0], [layer]))

    plain = plain_model(model)
    with ExitStack() as held, at_rest(plain), torch.no_grad():
        for module in model.modules():
            if isinstance(module, LoraLinear) and is_plain(module):
                held.callback(module.register_forward_pre_hook(note).remove)
        plain(**short_document(plain))
    found = [layers for _, layers in groups if len(layers) > 1]
    return [layers for layers in found if are_alike([layer.get_base_layer() for layer in layers])]


def are_alike(bases: Sequence[Any]) -> bool:
    """Claim that weights of one type, all with a bias or none, can stand in one matrix."""
    return len({(base.weight.dtype, base.bias is None) for base in bases}) == 1
