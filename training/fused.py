"""
Fewer kernels, equal numbers. In: an adapted model. Out: the same losses and gradients in fewer passes over memory.

Two of a step's parts are written by hand, because eager autograd keeps and moves much more than they need. The answer
loss takes the gradient of the frozen head while its logits are at hand, a few rows at a time, so that no logits are
kept: cross-entropy in Liger's manner (arXiv:2410.10989), on the answers' rows only. An adapted linear layer keeps
nothing but its input. Neither guesses: a head or a layer of another form goes the ordinary way.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import torch
from peft.tuners.lora.layer import Linear as LoraLinear
from torch import nn
from torch.autograd import Function
from torch.distributed.tensor import DTensor
from torch.nn import functional

from .trial import trial

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import Tensor
    from transformers import PreTrainedModel

CHUNK_BYTES = {"cpu": 4 * 2**20, "cuda": 512 * 2**20}
"""Logits that are computed together: what a processor's cache holds; what a GPU has to spare."""
MERGE_TOKENS = 256
"""From so many tokens on, adding the adapter's product to the weight costs less than sending tokens through it."""
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""glibc's names for how much freed memory stays, and from what size on it is asked for by itself."""


class HeadLoss(Function):
    """
    Negative log-likelihoods of *targets* under a frozen head, with the gradient of *hidden* computed beside them.
    """

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor, bias: Tensor | None, targets: Tensor) -> Tensor:
        """
        Return one loss a row in nats, fp32.

        *hidden* is (rows, width), *weight* (vocabulary, width), *targets* (rows) or, of several a row, (rows, draws).
        """
        rows = rows_at_once(hidden.device, len(weight))
        losses = torch.empty(len(hidden), dtype=torch.float32, device=hidden.device)
        gradient = torch.empty_like(hidden) if ctx.needs_input_grad[0] else None
        for start in range(0, len(hidden), rows):
            part = slice(start, start + rows)
            logits = functional.linear(hidden[part].to(weight.dtype), weight, bias)
            chances = torch.log_softmax(logits, dim=-1, dtype=torch.float32)
            wanted = targets[part].view(len(logits), -1)
            losses[part] = -chances.gather(1, wanted).mean(1)
            if gradient is not None:
                # the gradient of the logits is their probabilities, less one at the target, a part at each of several
                chances.exp_().scatter_add_(1, wanted, chances.new_full(wanted.shape, -1.0 / wanted.shape[1]))
                gradient[part] = chances.to(weight.dtype) @ weight
        ctx.save_for_backward(gradient)
        return losses

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, None, None, None]:
        """Return the gradient of the hidden rows."""
        (gradient,) = ctx.saved_tensors
        return gradient * upstream[0][:, None].to(gradient.dtype), None, None, None


def rows_at_once(device: torch.device, vocabulary: int) -> int:
    """Return how many rows of logits are computed together on *device*."""
    return max(16, CHUNK_BYTES.get(device.type, 2**26) // (4 * vocabulary))


class AdaptedLinear(Function):
    """
    A frozen linear layer with its low-rank adapter; keeps its input, and that input's few low-rank numbers.

    Where rows are wide, a pass over them costs as much as their product: there the adapter's part is computed by the
    layer's own product, the factors standing beside the weight (`beside`).
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, down: Tensor, up: Tensor, scale: float
    ) -> Tensor:
        """Return `x Wᵀ + b + scale · x downᵀ upᵀ`; *x* is (tokens, in), *down* (rank, in), *up* (out, rank)."""
        # the factors are small: scaling one here saves a pass over what they give
        low, high = (down * scale).to(weight.dtype), up.to(weight.dtype)
        # only in full precision: a half-precision weight would swallow most of a small change
        merged = weight.dtype == torch.float32 and len(x) >= MERGE_TOKENS
        inner = None if merged else x @ low.t()
        if inner is None:
            y = functional.linear(x, torch.addmm(weight, high, low), bias)
        elif beside(len(weight), x):
            y = functional.linear(torch.cat((x, inner), 1), torch.cat((weight, high), 1), bias)
        else:
            y = functional.linear(x, weight, bias).addmm_(inner, high.t())
        ctx.save_for_backward(x, weight, low, high, inner)
        ctx.scale, ctx.dtype = scale, down.dtype
        return y

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor | None, None, None, Tensor, Tensor, None]:
        """Return the gradients of the input and of both factors."""
        x, weight, low, high, inner = ctx.saved_tensors
        dy = upstream[0]
        d_inner = dy @ high
        dx = None
        if ctx.needs_input_grad[0]:
            if inner is None:
                # merged anew: cheaper than keeping a second model between forward and backward
                dx = dy @ torch.addmm(weight, high, low)
            elif beside(x.shape[1], dy):
                dx = torch.cat((dy, d_inner), 1) @ torch.cat((weight, low), 0)
            else:
                dx = (dy @ weight).addmm_(d_inner, low)
        d_down = (d_inner.t() @ x).to(ctx.dtype).mul_(ctx.scale)
        d_up = (dy.t() @ (x @ low.t() if inner is None else inner)).to(ctx.dtype)
        return dx, None, None, d_down, d_up, None


def beside(wide: int, rows: Tensor) -> bool:
    """Claim that copying *rows* costs less than a further pass over results of *wide* numbers: true on a GPU alone."""
    return rows.device.type == "cuda" and wide > rows.shape[1]


def adapted_forward(layer: LoraLinear, x: Tensor, *arguments: Any, **options: Any) -> Tensor:
    """Return what *layer* returns, in fewer kernels where its state allows it."""
    if arguments or options or not is_adapted(layer):
        return LoraLinear.forward(layer, x, *arguments, **options)
    base: Any = layer.get_base_layer()
    (name,) = layer.active_adapters
    with without_autocast(x.device.type):
        y = AdaptedLinear.apply(
            x.reshape(-1, x.shape[-1]).to(base.weight.dtype),
            base.weight,
            base.bias,
            layer.lora_A[name].weight,
            layer.lora_B[name].weight,
            layer.scaling[name],
        )
    return y.view(*x.shape[:-1], -1)  # pyright: ignore - apply returns what forward does


def is_adapted(layer: LoraLinear) -> bool:
    """Claim that *layer* stands beside one adapter, which is on and not merged."""
    names = layer.active_adapters
    return not (layer.disable_adapters or layer.merged) and len(names) == 1 and names[0] in layer.lora_A


def without_autocast(device: str) -> AbstractContextManager[Any]:
    """Return a context in which types are ours to choose; devices without autocast (meta) need none."""
    return torch.autocast(device, enabled=False) if torch.amp.is_autocast_available(device) else nullcontext()


def fuse_adapter(model: PeftModel) -> int:
    """
    Let the adapted linear layers of *model* compute in fewer kernels, and return how many do.

    Layers with dropout, a magnitude (DoRA), a bias of their own or quantised weights stay as they are. Names and
    weights do not change, so what is saved is PEFT's own adapter.
    """
    layers = [module for module in model.modules() if isinstance(module, LoraLinear) and is_plain(module)]
    for layer in layers:
        # on the instance: other models of this process keep PEFT's own code
        layer.forward = adapted_forward.__get__(layer)  # pyright: ignore - a method of this one layer
    return len(layers)


def is_plain(layer: LoraLinear) -> bool:
    """Claim that *layer* is a full-precision linear layer plus two factors and nothing else."""
    base: Any = layer.get_base_layer()
    return (
        type(base) is nn.Linear
        and "forward" not in vars(layer)  # full tuning has put its own there
        and not base.weight.requires_grad
        and not layer.fan_in_fan_out
        and not any(layer.use_dora.values())
        and all(isinstance(dropout, nn.Identity) for dropout in layer.lora_dropout.values())
        and all(factor.bias is None for factor in layer.lora_B.values())
    )


heads: WeakKeyDictionary[nn.Module, bool] = WeakKeyDictionary()
"""Whether a model's logits are its last hidden state through its head, as far as it was asked."""


def has_plain_head(model: PreTrainedModel) -> bool:
    """
    Claim that the logits of *model* are its last hidden state times its frozen head, and no more.

    Asked of the model itself: some scale or bend their logits (Granite, Gemma 2), and no attribute tells for all.
    """
    if model not in heads:
        plain = False
        with trial():
            plain = compare_head(model)
        heads[model] = plain
    head: Any = model.get_output_embeddings()
    return heads[model] and not head.weight.requires_grad and not isinstance(head.weight, DTensor)


@torch.no_grad()
def compare_head(model: PreTrainedModel) -> bool:
    """Return whether a short document has the same logits by the model's own way and by ours."""
    head: Any = model.get_output_embeddings()
    backbone = model.base_model
    if type(head) is not nn.Linear or backbone is model:
        return False
    with at_rest(model):
        own = model(**short_document(model)).logits
        ours = functional.linear(backbone(**short_document(model)).last_hidden_state, head.weight, head.bias)
    return bool(torch.allclose(own, ours, rtol=1e-4, atol=1e-5 * float(own.abs().max())))


@contextmanager
def at_rest(model: PreTrainedModel) -> Iterator[None]:
    """Let *model* take a document as any model does while the block runs."""
    before: Any = model.config._attn_implementation
    training = model.training
    model.eval()
    model.set_attn_implementation(usual_attention_of(model))
    try:
        yield
    finally:
        model.set_attn_implementation(before)
        model.train(training)


def usual_attention_of(model: PreTrainedModel) -> str:
    """Return transformers' name of the attention that *model* has by itself."""
    # torch's own kernel bends no scores: who caps them does not support it (Gemma 2)
    return "sdpa" if model._supports_sdpa else "eager"


def short_document(model: PreTrainedModel) -> dict[str, Any]:
    """Return a few tokens to ask *model* with."""
    embedding: Any = model.get_input_embeddings()
    ids = torch.arange(1, 9, device=embedding.weight.device)[None] % len(embedding.weight)
    return {"input_ids": ids, "use_cache": False}


def keep_memory() -> bool:
    """
    Ask glibc to keep the memory that steps free, and return whether it does.

    Every step allocates the same large tensors. Handed back each time, their pages are zeroed anew by the kernel:
    a tenth of a small model's step on a processor. A step of 135 million parameters took as long either way, and what
    one thread has kept serves no other: a run in which threads took turns held twice what it used.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    return bool(mallopt(TRIM_THRESHOLD, 2**31 - 1)) and bool(mallopt(MMAP_THRESHOLD, 2**31 - 1))
