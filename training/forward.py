"""
One pack through a model. In: a model and a pack. Out: the loss of every answer token, nothing else computed.

Only the positions that answers are predicted from reach the language-model head: for long prompts and short answers
that is most of the head's work and nearly all of the logits' memory saved.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch.nn import functional

from .attention import PACKED, AllRead, Layout, Past, dense_mask, no_mask, to_device
from .encode import Example, join_plain
from .fused import HeadLoss, has_plain_head, usual_attention_of
from .packing import Pack, build_pack
from .skim import split_pack
from .trial import trial

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import Tensor
    from transformers import PreTrainedConfig, PreTrainedModel

# How packs are kept apart, best first: our attention; a dense mask; one document at a time.
MODES = ("packed", "mask", "single")
STATEFUL = frozenset({"linear_attention", "conv", "hybrid"})
"""Kinds of layers, as transformers names them, whose state no mask ends."""
FARTHEST = 2048
"""Attention that sees further than this is not tried beyond: on a processor a trial of so many tokens takes minutes."""
REACHES = ("sliding_window", "attention_chunk_size", "window_size", "index_topk")
"""What configurations call the length that attention sees all of (Mistral, Llama 4, GPT-Neo, DeepSeek-V3.2)."""
EXACT, ROUNDED = 1e-4, 5e-2
"""How far a document's logits in a pack may be from those alone, as a share of their spread, in full precision and in
half."""
FURTHER, FARTHER = 1.5, 0.2
"""
The same in half precision of a model that makes more of rounding: by how much more than transformers' own two ways of
attention are apart, and in any case. Of 21 random models of Gemma 4, four to twelve layers deep, those were 0.02 to
0.18 apart, and packs as far; each fault that was planted (a window ignored, or one token longer or shorter, scores a
tenth larger, a prefix not seen) took packs 1.9 times as far or more. Where rounding makes 0.3 it may be 1.3 times.
"""
LEAK = 1e-3
"""How far one document may move the logits of another, as a share of their spread: kernels that choose their blocks by
what they are given (experts) round differently."""


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


def answer_losses(model: PreTrainedModel | PeftModel, batch: Batch, *, head: bool = True, fuse: bool = True) -> Tensor:
    """
    Return the negative log-likelihood of each answer token of *batch*, in nats.

    Without *fuse* or *head*, and for heads that are more than a matrix, the model computes the logits itself.
    """
    plain = plain_model(model)
    if head and fuse and has_plain_head(plain):
        hidden = last_hidden_states(plain, batch)
        out: Any = plain.get_output_embeddings()
        return HeadLoss.apply(hidden.index_select(0, batch.keep), out.weight, out.bias, batch.targets)  # pyright: ignore
    return functional.cross_entropy(answer_logits(model, batch, head=head), batch.targets, reduction="none")


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


def choose_mode(model: PreTrainedModel | PeftModel, device: torch.device, dtype: torch.dtype, longest: int = 0) -> str:
    """
    Return the best mode in which *model* computes a pack as it computes the pack's documents.

    *longest* is the length of the longest document; a dense mask has no sliding window, so it must fit into that.

    Asked of the model itself, because layers that carry state past an attention mask (recurrent ones, convolutions)
    would leak silently.
    """
    reach = read_reach(model)
    for mode in MODES[:-1]:
        if mode == "mask" and reach is not None and longest > reach:
            continue
        beyond = reach is not None and reach < longest and reach <= FARTHEST
        # a model that does not take such inputs is asked for less by the next mode
        with trial():
            set_mode(model, mode)
            if packs_exactly(model, mode, device, dtype, 8 + (reach if beyond and reach else 0)):
                return mode
    set_mode(model, "single")
    return "single"


def expect_mode(config: PreTrainedConfig) -> str:
    """Return the mode that a model of *config* will most likely be found to take, before there is one to ask."""
    kinds = set(getattr(config.get_text_config(), "layer_types", None) or ())
    return "single" if kinds & STATEFUL else "packed"


def read_reach(model: PreTrainedModel | PeftModel) -> int | None:
    """Return how many tokens the shortest attention of *model* sees, or None where none is said to be limited."""
    known = (getattr(config, name, None) for config in layer_configs(plain_model(model).config) for name in REACHES)
    return min((length for length in known if length), default=None)


def layer_configs(config: PreTrainedConfig) -> Sequence[Any]:
    """Return the configuration of every layer that text passes: Gemma 4 has wider heads in some than in others."""
    text = config.get_text_config(decoder=True)
    # older transformers know no layers of their own
    return getattr(text, "per_layer_config", None) or [text] * text.num_hidden_layers


@torch.no_grad()
def packs_exactly(
    model: PreTrainedModel | PeftModel, mode: str, device: torch.device, dtype: torch.dtype, ask: int
) -> bool:
    """
    Claim that a pack with a shared prefix gives the logits that its documents give alone, one asking *ask* tokens.

    Rounding alone would hide a little state that passes from one document to the next in half precision. So one
    document is changed, too, and must move no other. How much a model makes of rounding is its own: what is wrong moves
    it as much more.
    """
    random = np.random.default_rng(0)
    vocabulary = plain_model(model).get_input_embeddings().weight.shape[0]  # pyright: ignore
    draw = lambda count: random.integers(0, vocabulary, count).astype(np.int32)  # noqa: E731 - one line, used below
    shared = draw(19)
    first, other = (join_plain(shared, draw(5), draw(7)) for _ in range(2))
    rest = [join_plain(shared, draw(3), draw(9)), join_plain(draw(0), draw(ask), draw(6))]

    def read(example: Example) -> Tensor:
        pack = build_pack([[example, rest[0]], [rest[1]]])
        return answer_logits(model, to_batch(pack, mode, device, dtype))

    def read_alone() -> Tensor:
        batches = (to_batch(build_pack([[example]]), "single", device, dtype) for example in (first, *rest))
        return torch.cat([answer_logits(model, batch) for batch in batches])

    lengths = [len(example.answer) for example in (first, *rest)]
    together, moved = read(first), read(other)
    set_mode(model, "single")
    alone = read_alone()
    scale = alone.std().clamp_min(1e-6)

    def far(one: Tensor, two: Tensor) -> list[float]:
        return [float(part.abs().mean() / scale) for part in (one - two).split(lengths)]

    difference = max(far(together, alone))
    allowed = EXACT if dtype == torch.float32 else ROUNDED
    if difference >= allowed and dtype != torch.float32:
        plain_model(model).set_attn_implementation("eager")
        allowed = min(FURTHER * max(far(read_alone(), alone)), FARTHER)
    set_mode(model, mode)
    return max(far(together, moved)[1:]) < LEAK and difference < allowed
