"""
Where a prompt ends and its answer goes on. In: the prompt's end, and a row's logits. Out: tokens that write it anew.

Encoded by itself the end of a text is often no beginning of anything that was ever learned: most tokenizers take a
blank to the word behind it, so that indentation before a word is another token than indentation alone. So the end is
left out of the prompt, and the answer has to begin with it: it takes the likeliest tokens that do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .guarded import offer_tokens

if TYPE_CHECKING:
    from torch import Tensor

    from .guarded import Guard

SEAM = re.compile(r"[ \t\r\n]{0,200}(?:\w{1,64}|[!-/:-@\[-^`{-~]{1,16})?\Z", re.ASCII)
"""The end of a text that a token of what follows may reach into: a word or marks, with the blanks before; or blanks."""


MOST = 300
"""Characters of which that is looked for."""


@dataclass
class Seam:
    """
    The end of one prompt, while it is written anew.
    """

    text: str
    ids: Sequence[int]
    """What it is encoded to by itself."""
    led: Sequence[int]
    """What it is encoded to where a letter follows. A token within it has to be of one of the two: the tokenizer would
    cut it nowhere else, and so nothing was learned of that."""
    begun: int = 0
    """Characters of it that are written."""
    passed: bool = False
    """Whether all of it is."""

    def behind(self, text: str) -> str:
        """Return what of *text* follows it."""
        return text.removeprefix(self.text) if self.passed else ""

    def is_learned(self, written: list[int]) -> bool:
        """Claim that the tokenizer cuts it so."""
        return written in ([*self.ids[: len(written)]], [*self.led[: len(written)]])

    def leads_to(self, text: str) -> bool:
        """Claim that *text* goes on from it: behind blanks not with more of them, for whoever set the cursor chose."""
        blanks = (" ", "\t") if self.text.endswith((" ", "\t")) else ()
        return text.startswith(self.text) and not text.startswith(blanks, len(self.text))

    def reach(self, text: str) -> None:
        """Note that *text* is written so far."""
        # a tokenizer that cannot be led through it is let go
        self.passed = not self.text.startswith(text) or len(text) in (self.begun, len(self.text))
        self.begun = len(text)

    def choose(
        self,
        logits: Tensor,
        guard: Guard | None,
        written: list[int],
        text_of: Callable[[list[int]], str],
        stop_ids: Collection[int],
        temperature: float,
        random: np.random.Generator,
    ) -> int:
        """Return the first offered token that goes on with it, and with what *guard* allows behind it."""
        for token in offer_tokens(logits, temperature, random):
            text = "" if token in stop_ids else text_of([*written, token])
            if len(text) > self.begun and self.text.startswith(text) and self.is_learned([*written, token]):
                return token
            if self.leads_to(text) and (guard is None or guard.allows(text.removeprefix(self.text))):
                return token
        return self.ids[min(len(written), len(self.ids) - 1)]


def cut_seam(text: str) -> tuple[str, str]:
    """Return *text* without the end that a token of what follows may reach into, and that end."""
    seam = SEAM.search(text[-MOST:])
    end = "" if seam is None else seam[0]
    return text[: len(text) - len(end)], end
