"""
How a model's packs are kept apart. In: a model. Out: the best mode in which a pack gives what its documents give alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from .base_config import layer_configs
from .encode import Example, join_plain
from .forward import answer_logits, plain_model, set_mode, to_batch
from .packing import build_pack
from .trial import trial

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import Tensor
    from transformers import PreTrainedConfig, PreTrainedModel

# How packs are kept apart, best first: our attention; a dense mask; one document at a time.
MODES = ("packed", "mask", "single")
STATEFUL = frozenset({"linear_attention", "conv", "hybrid"})
"""Kinds of layers, as transformers names them, whose state no mask ends."""
LONGEST_TRIED = 2048
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
        beyond = reach is not None and reach < longest and reach <= LONGEST_TRIED
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
