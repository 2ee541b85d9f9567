"""
Tokens under a guard. In: a row's logits and who judges its text. Out: the next token whose text can still become code.

Rejection at every token: the likeliest first, or drawn and, where refused, drawn again from what is left. So a guarded
sample follows the model's own distribution wherever the guard has nothing to say.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch

if TYPE_CHECKING:
    from torch import Tensor

MOST_TRIED = 160
"""Tokens that are offered to the guard in one place. Past it the row is at a dead end: the model knows no way on."""


class Guard(Protocol):
    """
    Judges the text of an answer while it grows.
    """

    def allows(self, text: str) -> bool:
        """Claim that *text* can still be continued to something right."""
        ...

    def completes(self, text: str) -> bool:
        """Claim that *text* may end here."""
        ...


def choose_allowed(
    logits: Tensor,
    guard: Guard,
    written: list[int],
    text_of: Callable[[list[int]], str],
    stop_ids: Collection[int],
    temperature: float,
    random: np.random.Generator,
) -> int | None:
    """Return the first offered token that *guard* lets pass after *written*, or None at a dead end."""
    for token in offer_tokens(logits, temperature, random):
        if token in stop_ids:
            if guard.completes(text_of(written)):
                return token
        elif guard.allows(text_of([*written, token])):
            return token
    return None


def offer_tokens(logits: Tensor, temperature: float, random: np.random.Generator) -> Iterator[int]:
    """Yield distinct tokens, the likeliest first, or drawn without return; at most `MOST_TRIED`."""
    if temperature <= 0:
        yield from torch.topk(logits, min(MOST_TRIED, len(logits))).indices.tolist()
        return
    weights = torch.softmax(logits.double() / temperature, dim=-1).cpu().numpy()
    for _ in range(MOST_TRIED):
        cumulative = weights.cumsum()
        if cumulative[-1] <= 0:
            return
        token = int(np.searchsorted(cumulative, random.random() * cumulative[-1], side="right"))
        token = min(token, len(weights) - 1)
        yield token
        weights[token] = 0.0
