"""
Whether a base goes on as it reads. In: a model. Out: whether tokens one by one get the logits of all of them at once.

Answers are written so, and learned so that they can be. A model that looks ahead (BERT), does not count a text's
positions from zero (RoBERTa), keeps its state in a form of its own (MiniMax) or takes padding for text (RecurrentGemma)
would be trained well and write nonsense. No attribute tells for all of them: they are asked by a few tokens. How far
two readings may be apart is a matter of precision; whether one looks ahead is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from transformers import DynamicCache

from .trial import trial

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

TOKENS, READ, PADDING = 8, 6, 2
"""Tokens that a model is asked with, of which so many are read together before the others follow one by one; and the
padding ahead of a second row."""


@torch.no_grad()
def goes_on(model: PreTrainedModel) -> bool:
    """Claim that *model* gives a short text that is read bit by bit the logits of the whole, behind padding too."""
    embedding: Any = model.get_input_embeddings()
    ids = torch.arange(1, TOKENS + 1, device=embedding.weight.device)[None] % len(embedding.weight)
    if looks_ahead(model, ids):
        return False
    with trial():
        whole, (first, second) = model(input_ids=ids, use_cache=False).logits[0].float(), read_on(model, ids)
        far = max((whole - first).abs().mean(), (whole[:-PADDING] - second[PADDING:]).abs().mean())
        # rounding may choose other experts, and quantised kernels differ for one row and for many
        return bool(far <= (1e-2 if embedding.weight.dtype == torch.float32 else 0.1) * whole.std())
    return False


def looks_ahead(model: PreTrainedModel, ids: Tensor) -> bool:
    """
    Claim that what *model* says of the beginning of *ids* depends on their end.

    The slope of the one by the other is nought exactly where attention is causal, whatever rounds; a model that cannot
    be asked is left to the comparison of its readings.
    """
    read: list[Tensor] = []

    def watch(_: object, __: object, rows: Tensor) -> Tensor:
        read.append(rows.detach().requires_grad_())
        return read[-1]

    hook = model.get_input_embeddings().register_forward_hook(watch)
    try:
        with trial(), torch.enable_grad():
            said = model(input_ids=ids, use_cache=False).logits[0, :READ].float().logsumexp(-1).sum()
            (slope,) = torch.autograd.grad(said, read[0])
            return bool((slope[0, READ:].abs() > 0).any())
    finally:
        hook.remove()
    return False


def read_on(model: PreTrainedModel, ids: Tensor) -> Tensor:
    """Return the logits of *ids* and, in a second row, of their padded beginning, the last of them read one by one."""
    cache = DynamicCache(config=model.config)
    rows = torch.cat((ids, ids.roll(PADDING)))
    mask = torch.ones_like(rows)
    mask[1, :PADDING] = 0
    positions = (mask.cumsum(-1) - 1).clamp_min(0)
    pieces = [
        model(
            input_ids=rows[:, start:end],
            attention_mask=mask[:, :end],
            position_ids=positions[:, start:end],
            past_key_values=cache,
            use_cache=True,
        ).logits
        for start, end in [(0, READ), *((place, place + 1) for place in range(READ, TOKENS))]
    ]
    return torch.cat(pieces, dim=1).float()
