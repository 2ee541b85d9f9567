"""
Norms, gates and positions in one kernel each. In: a model on a GPU. Out: the same numbers, read and written once.

Where matrices are narrow, what lies between them takes as long as they do: transformers writes a norm as six passes
over memory, a gate as two, rotary positions as five, and keeps most of what passes. torch has the norm as one kernel;
its compiler makes one of each of the others, in seconds, and computes anew for the backward what is cheap. Every piece
is asked whether it computes just that.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn import functional

from .fused import without_autocast
from .trial import trial

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    Forward = Callable[[Any, Tensor], Tensor]

ROWS = 8
"""Rows that a module is asked with."""


def fuse_pointwise(model: nn.Module) -> int:
    """
    Let the norms, gated activations and rotary positions of *model* compute in one kernel; return how many do.

    What computes something else by the same name stays as it is.
    """
    device = next(model.parameters()).device
    fused = sum(fuse_rotary(name, device) for name in {type(module).__module__ for module in model.modules()})
    for module in model.modules():
        forward = fitting_forward(module)
        if forward is not None:
            # on the instance: other models of this process keep their own code
            module.forward = forward.__get__(module)  # pyright: ignore - a method of this one module
            fused += 1
    return fused


def fitting_forward(module: Any) -> Forward | None:
    """Return the forward that computes in fewer kernels what *module* computes, or None."""
    if type(module).__name__.endswith("RMSNorm"):
        weight, forward = getattr(module, "weight", None), norm_forward
    elif is_gated(module):
        weight, forward = getattr(module.gate_proj, "weight", None), gated_forward
    else:
        return None
    # an instance with a forward of its own was changed before
    if weight is None or "forward" in vars(module):
        return None
    return forward if computes_the_same(module, forward, weight) else None


def is_gated(module: Any) -> bool:
    """Claim that *module* has what a gated layer has."""
    return all(hasattr(module, name) for name in ("gate_proj", "up_proj", "down_proj", "act_fn"))


def computes_the_same(module: nn.Module, forward: Forward, weight: Tensor) -> bool:
    """Return whether *forward* gives a few random rows, as wide as *weight* takes them, what *module* gives them."""
    with trial():
        # a quantised weight has no rows of its type
        rows = torch.randn(1, ROWS, weight.shape[-1], dtype=weight.dtype, device=weight.device)
        own, other = module(rows).detach(), forward(module, rows).detach()
        close = 1e-5 if weight.dtype == torch.float32 else 2e-2
        return own.dtype == other.dtype and bool((own - other).norm() <= close * own.norm())
    return False


def fuse_rotary(architecture: str, device: torch.device) -> bool:
    """
    Let the function that turns queries and keys compute in one kernel on *device*, in the module called *architecture*.

    It belongs to no layer, so all models of the architecture share it: what it returns is the same.
    """
    module = sys.modules[architecture]
    own = getattr(module, "apply_rotary_pos_emb", None)
    if own is None or own is rotary:
        return own is rotary
    queries, keys = torch.randn(2, 1, 2, ROWS, 16, device=device)
    angles = torch.randn(1, ROWS, 8, device=device).repeat(1, 1, 2)
    with trial():
        # as it will run: a machine without a compiler fails here
        theirs, ours = (call(queries, keys, angles.cos(), angles.sin()) for call in (own, rotary))
        if all(map(torch.allclose, theirs, ours)) and turns_whole_heads(own, queries, keys):
            vars(module)["apply_rotary_pos_emb"] = rotary
            return True
    return False


def turns_whole_heads(own: Callable[..., Any], queries: Tensor, keys: Tensor) -> bool:
    """Claim that *own* takes no angles that are narrower than the heads: others turn a part of each head alone."""
    narrow = torch.ones(1, ROWS, queries.shape[-1] // 2, device=queries.device)
    with trial():
        own(queries, keys, narrow, narrow)
        return False
    return True


def rotary(
    queries: Tensor, keys: Tensor, cos: Tensor, sin: Tensor, *arguments: Any, unsqueeze_dim: int = 1
) -> tuple[Tensor, Tensor]:
    """Return *queries* and *keys*, (batch, heads, tokens, width), turned by the angles of their positions."""
    axis = int(arguments[-1]) if arguments else unsqueeze_dim
    if queries.device.type != "cuda" or axis != 1 or not torch.is_grad_enabled():
        return turn(queries, keys, cos, sin, axis)
    return compiled(turn)(queries, keys, cos, sin)


@cache
def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return *function* as one kernel, made when it is first asked for."""
    return torch.compile(function, dynamic=True)


def turn(queries: Tensor, keys: Tensor, cos: Tensor, sin: Tensor, axis: int = 1) -> tuple[Tensor, Tensor]:
    """Return both turned: halves of the width are the two coordinates (Su et al. 2021, as Llama lays it out)."""
    cos, sin = cos.unsqueeze(axis), sin.unsqueeze(axis)

    def turned(x: Tensor) -> Tensor:
        first, second = x.chunk(2, dim=-1)
        # some architectures keep their angles in full precision, and none of them its queries
        return (x * cos + torch.cat((-second, first), dim=-1) * sin).to(x.dtype)

    return turned(queries), turned(keys)


def norm_forward(module: Any, x: Tensor) -> Tensor:
    """Return the root-mean-square norm of *x*, in full precision inside, rounded once."""
    epsilon = module.variance_epsilon if hasattr(module, "variance_epsilon") else module.eps
    with without_autocast(x.device.type):
        return functional.rms_norm(x, module.weight.shape, module.weight.to(x.dtype), epsilon)


def gated_forward(module: Any, x: Tensor) -> Tensor:
    """Return the gated layer's output for *x*."""
    # each way of reading is one more form to compile, and torch gives up at eight: what is learned from is worth it
    between = compiled(gate) if torch.is_grad_enabled() else gate
    return module.down_proj(between(module.gate_proj(x), module.up_proj(x)))


def gate(gates: Tensor, ups: Tensor) -> Tensor:
    """Return *ups* let through by the sigmoid linear units of *gates*."""
    return functional.silu(gates) * ups
