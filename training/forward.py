"""
One pack through a model. In: a model and a pack. Out: the loss of every answer token, nothing else computed.

Only the positions that answers are predicted from reach the language-model head: for long prompts and short answers
that is most of the head's work and nearly all of the logits' memory saved.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import torch
from torch.nn import functional

from .attention import PACKED, AllRead, Layout, Past, dense_mask, no_mask, to_device
from .fused import HeadLoss, has_plain_head, rows_at_once, usual_attention_of
from .packing import Pack
from .skim import split_pack

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import Tensor
    from transformers import PreTrainedModel


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """
    A pack as tensors on the model's device.
    """

    input_ids: Tensor
    position_ids: Tensor
    keep: Tensor
    targets: Tensor
    attention: dict[str, Any]
    """What keeps the documents apart: a layout, a mask, or nothing for a single document."""

    @property
    def inputs(self) -> dict[str, Any]:
        """What a transformers model is given."""
        ids = {"input_ids": self.input_ids, "position_ids": self.position_ids}
        return {**ids, "use_cache": False, **self.attention}


def to_batch(pack: Pack, mode: str, device: torch.device, dtype: torch.dtype) -> Batch:
    """Return *pack* on *device*, with what *mode* needs to keep its documents apart."""
    attention: dict[str, Any] = {}
    if mode == "packed":
        attention = {"layout": Layout(pack.segments, device), "attention_mask": no_mask(device)}
    elif mode == "mask":
        attention["attention_mask"] = dense_mask(pack.segments, dtype, device)
    elif len(pack.segments) > 1:
        raise ValueError("this model takes one document at a time")
    return place(pack, device, attention)


def place(pack: Pack, device: torch.device, attention: dict[str, Any]) -> Batch:
    """Return *pack* on *device*, kept apart by *attention*."""
    return Batch(
        to_device(pack.input_ids, device)[None],
        to_device(pack.position_ids, device)[None],
        to_device(pack.keep, device),
        to_device(pack.targets, device),
        attention,
    )


askers: WeakKeyDictionary[torch.nn.Module, int] = WeakKeyDictionary()
"""How often the layers of a model ask for keys, known once it has read a prompt to its end."""


def read_prompts(model: PreTrainedModel | PeftModel, pack: Pack, device: torch.device, *, learn: bool) -> Batch:
    """
    Read the prompts of *pack* as far as their last keys, and return its answers, which see what was read.

    Without *learn* what is read takes no gradient. The model must be in the mode `packed`.
    """
    prompts, answers = split_pack(pack)
    plain = plain_model(model)
    past = Past([segment.length for segment in prompts.segments], wanted=askers.get(plain, 0))
    mask = no_mask(device)
    reading = place(prompts, device, {"layout": Layout(prompts.segments, device, keeps=past), "attention_mask": mask})
    with nullcontext() if learn else torch.no_grad(), suppress(AllRead):
        last_hidden_states(plain, reading)
    askers[plain] = past.asked
    return place(answers, device, {"layout": Layout(answers.segments, device, past=past), "attention_mask": mask})


def answer_logits(model: PreTrainedModel | PeftModel, batch: Batch, *, head: bool = True) -> Tensor:
    """Return the logits that predict each answer token of *batch*, in full precision; without *head*, of all scored."""
    if head and keeps_logits(model):
        return model(logits_to_keep=batch.keep, **batch.inputs).logits[0].float()
    return model(**batch.inputs).logits[0][batch.keep].float()


def answer_parts(model: PreTrainedModel | PeftModel, batch: Batch) -> Iterator[Tensor]:
    """
    Yield the logits that predict each answer token of *batch*, in full precision, a few rows at a time.

    They are computed so, too, but for heads that are more than a matrix.
    """
    plain = plain_model(model)
    head: Any = plain.get_output_embeddings()
    if not has_plain_head(plain):
        logits = answer_logits(model, batch)
        yield from logits.split(rows_at_once(logits.device, logits.shape[1]))
        return
    hidden = last_hidden_states(plain, batch).index_select(0, batch.keep)
    for part in hidden.split(rows_at_once(hidden.device, len(head.weight))):
        yield functional.linear(part.to(head.weight.dtype), head.weight, head.bias).float()


def answer_losses(model: PreTrainedModel | PeftModel, batch: Batch, *, head: bool = True, fuse: bool = True) -> Tensor:
    """
    Return the negative log-likelihood of each answer token of *batch*, in nats; of a row of them, their mean.

    Without *fuse* or *head*, and for heads that are more than a matrix, the model computes the logits itself.
    """
    plain = plain_model(model)
    if head and fuse and has_plain_head(plain):
        hidden = last_hidden_states(plain, batch)
        out: Any = plain.get_output_embeddings()
        return HeadLoss.apply(hidden.index_select(0, batch.keep), out.weight, out.bias, batch.targets)  # pyright: ignore
    logits = answer_logits(model, batch, head=head)
    if batch.targets.dim() == 1:
        return functional.cross_entropy(logits, batch.targets, reduction="none")
    return -torch.log_softmax(logits, dim=-1).gather(1, batch.targets).mean(1)


def last_hidden_states(model: PreTrainedModel, batch: Batch) -> Tensor:
    """Return what *model* computes before its head, one row a token."""
    return model.base_model(**batch.inputs).last_hidden_state.squeeze(0)


def keeps_logits(model: PreTrainedModel | PeftModel) -> bool:
    """Claim that the model's own head can be told which positions to score."""
    return "logits_to_keep" in inspect.signature(plain_model(model).forward).parameters


def plain_model(model: PreTrainedModel | PeftModel) -> PreTrainedModel:
    """Return the transformers model under an adapter, or *model* itself."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model  # pyright: ignore


def text_part(model: PreTrainedModel | PeftModel) -> torch.nn.Module:
    """Return what text passes: all of *model*, but for one that sees or hears, too."""
    plain = plain_model(model)
    return plain if plain.config.get_text_config() is plain.config else plain.get_decoder()


def decoder_layers(model: PreTrainedModel | PeftModel) -> Sequence[torch.nn.Module]:
    """Return the model's layers: the longest list of modules that text passes."""
    lists = [module for module in text_part(model).modules() if isinstance(module, torch.nn.ModuleList)]
    return max(lists, key=len, default=torch.nn.ModuleList())  # pyright: ignore


def set_mode(model: PreTrainedModel | PeftModel, mode: str | None) -> None:
    """Prepare *model* for packs of *mode*; None prepares it for padded batches and generation."""
    plain = plain_model(model)
    plain.set_attn_implementation(PACKED if mode == "packed" else usual_attention_of(plain))
