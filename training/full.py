"""
Full tuning of the embedded base. In: a base. Out: every linear layer trained whole, saved as an adapter all the same.

Each layer gets a change as large as its weight. When the run ends the change is factored: a matrix of rank r is the
product of two with r columns, so PEFT's files hold it exactly, and every reader of adapters reads it. Norms stay as
they are, and embeddings but for the rows that the recipe trains. Larger bases forget too much this way, and below a
few hundred million parameters full tuning fell under the untuned model (arXiv:2606.06920): it is for a base that was
made here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from peft import LoraConfig, get_peft_model
from peft.tuners.lora.layer import Linear as LoraLinear
from torch import nn
from torch.nn import functional

from .vocabulary import ROWS

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import Tensor
    from transformers import PreTrainedModel

DELTA = "delta"
NAME = "default"


def attach_full(model: PreTrainedModel, rows: dict[str, list[int]] | None) -> PeftModel:
    """Return *model* with a trainable change beside the weight of every linear layer but the head, and with *rows*."""
    head = model.get_output_embeddings()
    ranks = {
        name: min(module.weight.shape)
        for name, module in model.named_modules()
        if type(module) is nn.Linear and module is not head
    }
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=max(ranks.values()),
        lora_alpha=max(ranks.values()),
        target_modules=list(ranks),
        # a scale of one everywhere: what is learned is the change itself
        rank_pattern=ranks,
        alpha_pattern=ranks,
        lora_dropout=0.0,
        bias="none",
        trainable_token_indices=rows,  # pyright: ignore - its type names lists or a dict of them
    )
    adapted: Any = get_peft_model(model, config)  # pyright: ignore - its stub takes no plain model
    for name, parameter in adapted.named_parameters():
        parameter.requires_grad_(ROWS in name)
    for layer in full_layers(adapted):
        weight: Any = layer.get_base_layer().weight
        layer.register_parameter(DELTA, nn.Parameter(torch.zeros_like(weight, dtype=torch.float32)))
        layer.forward = full_forward.__get__(layer)  # pyright: ignore - a method of this one layer
    return adapted


def full_layers(model: PeftModel) -> Iterator[LoraLinear]:
    """Yield the adapted linear layers of *model*."""
    return (module for module in model.modules() if isinstance(module, LoraLinear))


def full_forward(layer: LoraLinear, x: Tensor, *_: Any, **__: Any) -> Tensor:
    """Return what *layer* gives with its change, or without while adapters are off."""
    base: Any = layer.get_base_layer()
    if layer.disable_adapters:
        return base(x)
    # added in full precision: half of it would swallow a small change
    weight = (base.weight.float() + layer.get_parameter(DELTA)).to(base.weight.dtype)
    return functional.linear(x, weight, base.bias)


@torch.no_grad()
def fold_full(model: PeftModel) -> None:
    """Factor every change into the adapter's own two matrices, which from then on are the adapter."""
    for layer in full_layers(model):
        delta = getattr(layer, DELTA, None)
        if delta is None:
            continue
        left, values, right = torch.linalg.svd(delta.double(), full_matrices=False)
        root = values.sqrt()
        matrix(layer.lora_B).copy_(left * root / layer.scaling[NAME])
        matrix(layer.lora_A).copy_(root[:, None] * right)
        delattr(layer, DELTA)
        del layer.forward  # the class's own again


def matrix(factors: nn.ModuleDict) -> Tensor:
    """Return the weight of the adapter's own factor among *factors*."""
    factor: Any = factors[NAME]
    return factor.weight
