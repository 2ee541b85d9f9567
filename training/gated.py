"""
The gate of a layer, in one product. In: an adapted model. Out: the same numbers from fewer passes over what is widest.

A gated layer puts its rows through two matrices and lets one result through by the other. These results are the widest
rows of a model. Here one product gives both side by side, one kernel reads them where they are, and its backward writes
both gradients where one product needs them; `siblings.py` alone would put them together anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from peft.tuners.lora.layer import Linear as LoraLinear
from torch.autograd import Function

from .fused import is_adapted, is_plain, without_autocast
from .pointwise import compiled, computes_the_same, gate, gated_forward, is_gated
from .siblings import are_alike, backward_together, forward_together, measure, split_layers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from peft import PeftModel
    from torch import Tensor

    from .siblings import Part


class AdaptedGate(Function):
    """
    Ups let through by gates, of two frozen linear layers with their adapters; keeps its input and their two results.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, parts: Sequence[Part], compiles: bool, *factors: Tensor) -> Tensor:
        """Return (tokens, inner) for *x*, (tokens, in); *parts* and *factors* are the gate's and the up's."""
        both, kept = forward_together(x, parts, factors)
        ctx.save_for_backward(both, *kept)
        ctx.measures, ctx.compiles = measure(parts, factors), compiles
        return (compiled(let_through) if compiles else let_through)(both)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Any, ...]:
        """Return the gradients of the input and of all factors."""
        both, *kept = ctx.saved_tensors
        dy = (compiled(gradient_of_both) if ctx.compiles else gradient_of_both)(both, upstream[0])
        d_x, factors = backward_together(kept, ctx.measures, dy, asks_input=ctx.needs_input_grad[0])
        return d_x, None, None, *factors


def let_through(both: Tensor) -> Tensor:
    """Return (tokens, inner): the second half of *both* let through by the sigmoid linear units of the first."""
    return gate(*both.chunk(2, dim=1))


def gradient_of_both(both: Tensor, upstream: Tensor) -> Tensor:
    """Return the gradient of *both*, from that of what was let through."""
    gates, ups = both.chunk(2, dim=1)
    share = torch.sigmoid(gates)
    return torch.cat((upstream * ups * share * (1 + gates * (1 - share)), upstream * gates * share), dim=1)


def fuse_gates(model: PeftModel) -> int:
    """
    Let the gated layers of *model* whose gates and ups are plain adapted ones compute so, and return how many do.

    Names and weights do not change. What computes something else under the same names stays as it is.
    """
    gated: list[Any] = [module for module in model.modules() if has_gate(module)]
    alike = [module for module in gated if computes_the_same(module, joined_forward, module.gate_proj.weight)]
    for module in alike:
        # on the instance: other models of this process keep their own code
        module.forward = joined_forward.__get__(module)
    return len(alike)


def has_gate(module: Any) -> bool:
    """Claim that *module* has what a gated layer has, unchanged, and that its gate and up can stand in one matrix."""
    if "forward" in vars(module) or not is_gated(module):
        return False
    layers = (module.gate_proj, module.up_proj)
    if not all(isinstance(layer, LoraLinear) and is_plain(layer) for layer in layers):
        return False
    bases: list[Any] = [layer.get_base_layer() for layer in layers]
    return are_alike(bases) and bases[0].weight.shape == bases[1].weight.shape


def joined_forward(module: Any, x: Tensor) -> Tensor:
    """Return the gated layer's output for *x*."""
    layers = (module.gate_proj, module.up_proj)
    if not all(map(is_adapted, layers)):
        return gated_forward(module, x)
    parts, factors = split_layers(layers)
    # as in `pointwise.py`: each way of reading is one more form to compile, and only what is learned from is worth it
    compiles = x.device.type == "cuda" and torch.is_grad_enabled()
    with without_autocast(x.device.type):
        rows = x.reshape(-1, x.shape[-1]).to(parts[0].weight.dtype)
        inner: Any = AdaptedGate.apply(rows, parts, compiles, *factors)
    return module.down_proj(inner.view(*x.shape[:-1], -1))
