"""
Layers that read the same rows, in one product. In: an adapted model. Out: the same numbers from fewer, wider kernels.

Queries, keys and values, and gates and ups, are layers of their own, though each reads the rows that the others read.
Computed together they read them once, and the rows' gradient is one product instead of several and their sum. Which
layers are siblings is asked of the model: those that a trial gives the very same tensor, one after the other. Gates and
ups whose results meet at once (`gated.py`) never come apart.
"""

from __future__ import annotations

from contextlib import ExitStack
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from peft.tuners.lora.layer import Linear as LoraLinear
from torch.autograd import Function
from torch.nn import functional

from .forward import plain_model
from .fused import adapted_forward, at_rest, is_adapted, is_plain, short_document, without_autocast
from .trial import trial

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


class Measure(NamedTuple):
    """
    What of a layer its backward needs beside tensors.
    """

    scale: float
    width: int
    """Numbers that it puts out."""
    rank: int
    dtype: torch.dtype
    """Of its factors."""


def measure(parts: Sequence[Part], factors: Sequence[Tensor]) -> list[Measure]:
    """Return the measures of *parts*, whose downs *factors* begin with."""
    downs = factors[: len(parts)]
    return [Measure(p.scale, len(p.weight), len(down), down.dtype) for p, down in zip(parts, downs, strict=True)]


def forward_together(x: Tensor, parts: Sequence[Part], factors: Sequence[Tensor]) -> tuple[Tensor, tuple[Tensor, ...]]:
    """
    Return what *parts* make of *x*, (tokens, in), side by side, and what `backward_together` needs.

    *factors* are their downs and then their ups.
    """
    downs, ups = factors[: len(parts)], factors[len(parts) :]
    low = torch.cat([down * part.scale for down, part in zip(downs, parts, strict=True)]).to(x.dtype)
    high = torch.block_diag(*ups).to(x.dtype)
    weights = [part.weight for part in parts]
    biases = [part.bias for part in parts if part.bias is not None]
    inner = x @ low.t()
    y = functional.linear(
        torch.cat((x, inner), 1),
        torch.cat((torch.cat(weights), high), 1),
        torch.cat(biases) if len(biases) == len(parts) else None,
    )
    return y, (x, low, high, inner, *weights)


def backward_together(
    kept: Sequence[Tensor], measures: Sequence[Measure], dy: Tensor, *, asks_input: bool
) -> tuple[Tensor | None, list[Tensor]]:
    """Return the gradients of the input, where *asks_input*, and of all factors; *dy* is that of what was put out."""
    x, low, high, inner, *weights = kept
    scales, widths, ranks, dtypes = zip(*measures, strict=True)
    # beside the input's gradient stands that of the few numbers: what is wide is read once
    d_x, d_inner = (dy @ torch.cat((torch.cat(weights), high), 1)).split((x.shape[1], sum(ranks)), dim=1)
    d_low = (d_inner.t() @ x).split(ranks)
    downs = [part.to(dtype) * scale for part, dtype, scale in zip(d_low, dtypes, scales, strict=True)]
    pairs = zip(dy.split(widths, dim=1), inner.split(ranks, dim=1), dtypes, strict=True)
    ups = [(part.t() @ own).to(dtype) for part, own, dtype in pairs]
    return torch.addmm(d_x, d_inner, low) if asks_input else None, [*downs, *ups]


class AdaptedSiblings(Function):
    """
    Frozen linear layers with their adapters, side by side over one input; keeps that, and its few low-rank numbers.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, parts: Sequence[Part], *factors: Tensor) -> tuple[Tensor, ...]:
        """Return what each of *parts* makes of *x*, (tokens, in); *factors* are their downs and then their ups."""
        y, kept = forward_together(x, parts, factors)
        ctx.save_for_backward(*kept)
        ctx.measures = measure(parts, factors)
        return y.split([len(part.weight) for part in parts], dim=1)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Any, ...]:
        """Return the gradients of the input and of all factors."""
        asks = ctx.needs_input_grad[0]
        d_x, factors = backward_together(ctx.saved_tensors, ctx.measures, torch.cat(upstream, 1), asks_input=asks)
        return d_x, None, *factors


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
        parts, factors = split_layers(self.layers)
        with without_autocast(x.device.type):
            rows = x.reshape(-1, x.shape[-1]).to(parts[0].weight.dtype)
            found: Any = AdaptedSiblings.apply(rows, parts, *factors)
        return [y.view(*x.shape[:-1], -1) for y in found]


def split_layers(layers: Sequence[LoraLinear]) -> tuple[list[Part], list[Tensor]]:
    """Return what is frozen of *layers*, and what is trained: their downs and then their ups."""
    names = [layer.active_adapters[0] for layer in layers]
    bases: list[Any] = [layer.get_base_layer() for layer in layers]
    halves = [*(layer.lora_A for layer in layers), *(layer.lora_B for layer in layers)]
    scales = [layer.scaling[name] for layer, name in zip(layers, names, strict=True)]
    parts = [Part(base.weight, base.bias, scale) for base, scale in zip(bases, scales, strict=True)]
    factors: list[Any] = [half[name].weight for half, name in zip(halves, 2 * names, strict=True)]
    return parts, factors


def fuse_siblings(model: PeftModel) -> int:
    """
    Let the adapted layers of *model* that read the same rows compute together, and return how many do.

    Names and weights do not change, so what is saved is PEFT's own adapter. A model that writes into what one of them
    puts out, where others' numbers stand beside, is left as it is (Gemma 3n).
    """
    found = find_siblings(model)
    for layers in found:
        group = Siblings(layers)
        for layer in layers:
            layer.forward = SiblingForward(group, layer)  # pyright: ignore - of this one layer
    plain = plain_model(model)
    with trial(), at_rest(plain), torch.enable_grad():
        plain(**short_document(plain))
        return sum(map(len, found))
    for layer in chain.from_iterable(found):
        del layer.forward
    return 0


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
