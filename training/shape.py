"""
A base with its adapter, as numbers alone. In: a base, a recipe. Out: its parameters, and the bytes that a token keeps.

No weight is read. The bytes that a step keeps for its backward are counted, not guessed: the model is built on the meta
device, where tensors have shapes and no memory, and what its forward saves for one document is added up for two
lengths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.autograd import Function
from transformers import AutoModelForCausalLM

from .adapter import attach_adapter
from .attention import no_mask, register_attention
from .base_config import count_parameters, read_config
from .bases import Base
from .forward import decoder_layers, keeps_logits, plain_model
from .fused import fuse_adapter
from .recipe import Recipe

if TYPE_CHECKING:
    from torch import Tensor

COUNTED = "idiolect_counted"
META = torch.device("meta")
LENGTHS = (256, 512)
"""Document lengths whose saved bytes are counted; their difference is what one more token costs."""


class CountedAttention(Function):
    """
    Stands for an attention kernel: keeps what such a kernel keeps, computes nothing.
    """

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Return a result of the right shape; the inputs, the result and a number a row are kept."""
        out = torch.empty_like(query)
        ctx.save_for_backward(query, key, value, out, query.new_empty(query.shape[:-1], dtype=torch.float32))
        return out.transpose(1, 2).contiguous()

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Never asked for."""
        raise NotImplementedError


def counted_attention(
    module: Any, query: Tensor, key: Tensor, value: Tensor, *_: Any, **options: Any
) -> tuple[Tensor, None]:
    """Return what `CountedAttention` stands for, in transformers' form."""
    del module, options
    return CountedAttention.apply(query, key, value), None  # pyright: ignore - apply returns what forward does


register_attention(COUNTED, counted_attention)


@dataclass(frozen=True, slots=True)
class Shape:
    """
    A base with its adapter, as numbers alone.
    """

    parameters: int
    trained: int
    spread: int
    """Parameters of all layers: what `shard` spreads over processes."""
    largest: int
    """Parameters of the largest layer."""
    linear: int
    """Parameters of linear layers but the head: what 4 bits hold. Experts in one tensor are none."""
    head: int
    """Parameters that turn the last hidden state into logits."""
    vocabulary: int
    saved_a_token: float
    """Bytes kept for the backward per token of a pack."""
    saved_a_row: float
    """Bytes kept per answer token besides."""
    widest: int
    """Bytes of the widest activation of one token."""


def read_shape(base: Base, recipe: Recipe, dtype: torch.dtype, tokens: Sequence[int] = ()) -> Shape:
    """Return the shape of *base* under *recipe*, the rows of *tokens* trained, from its configuration alone."""
    plain = build_counted(base, dtype)
    plain.tie_weights()
    parameters = count_parameters(plain)
    in_layers = [count_parameters(layer) for layer in decoder_layers(plain)]
    head = plain.get_output_embeddings().weight  # pyright: ignore
    bodies = [layer for layer in plain.modules() if isinstance(layer, nn.Linear) and layer.weight is not head]
    linear = sum(layer.in_features * layer.out_features for layer in bodies)
    with META:
        model = attach_adapter(plain, recipe, tokens)
    if recipe.fuse_layers and not recipe.compile:
        fuse_adapter(model)
    model.eval()
    a_token, a_row = count_costs(model, recipe)
    layers = max(1, getattr(plain.config.get_text_config(), "num_hidden_layers", 1))
    return Shape(
        parameters=parameters,
        trained=sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad),
        spread=sum(in_layers),
        largest=max(in_layers, default=0),
        linear=linear,
        head=head.numel(),
        vocabulary=head.shape[0],
        # recomputation keeps one layer's share and the layers' inputs
        saved_a_token=a_token / layers + layers * head.shape[1] * dtype.itemsize if recipe.checkpointing else a_token,
        saved_a_row=a_row,
        widest=max((layer.out_features for layer in bodies), default=head.shape[1]) * dtype.itemsize,
    )


def build_counted(base: Base, dtype: torch.dtype) -> Any:
    """Return the model of *base* without numbers, its attention counted where it can be told which one to use."""
    with META:
        try:
            return AutoModelForCausalLM.from_config(read_config(base), attn_implementation=COUNTED, dtype=dtype)
        except KeyError:
            # GPT-J, Falcon and others choose from a table of their own
            return AutoModelForCausalLM.from_config(read_config(base), dtype=dtype)


def count_costs(model: Any, recipe: Recipe) -> tuple[float, float]:
    """Return the bytes that one more token keeps for the backward, and one more answer token besides."""
    try:
        short, long = (count_saved(model, length, 32, recipe) for length in LENGTHS)
        more_rows = count_saved(model, LENGTHS[0], 64, recipe)
    except (AttributeError, NotImplementedError, RuntimeError, TypeError, ValueError):
        # some architectures read values while they compute, and meta tensors have none, or want a mask that is one:
        # every layer's ends, three times
        ends = sum(layer.in_features + layer.out_features for layer in model.modules() if isinstance(layer, nn.Linear))
        return 3.0 * ends * next(model.parameters()).element_size(), 0.0
    return (long - short) / (LENGTHS[1] - LENGTHS[0]), max(0.0, (more_rows - short) / 32)


def count_saved(model: Any, length: int, answer: int, recipe: Recipe) -> int:
    """Return the bytes that the forward of one document of *length* keeps, weights not counted."""
    ids = torch.zeros(1, length, dtype=torch.long, device=META)
    options: dict[str, Any] = {"use_cache": False, "attention_mask": no_mask(META)}
    if not recipe.fuse_loss and recipe.answer_head and keeps_logits(model):
        options["logits_to_keep"] = torch.zeros(answer, dtype=torch.long, device=META)
    held: dict[int, Any] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        # held, so that no other storage takes its place
        held[storage._cdata] = storage
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        # what the fused loss keeps is no more than the hidden rows; its own probe would need numbers
        hidden = plain_model(model).base_model(input_ids=ids, **options) if recipe.fuse_loss else None
        logits = model(input_ids=ids, **options).logits.float().log_softmax(-1) if hidden is None else None
    weights = {parameter.untyped_storage()._cdata for parameter in model.parameters()}
    total = sum(storage.nbytes() for place, storage in held.items() if place not in weights)
    del hidden, logits
    return total
