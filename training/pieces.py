"""
An answer as it grows, for whoever reads along. In: the text so far, again and again. Out: what is new and stays.

A character of several tokens is incomplete at first, and a text before which an answer ends may have begun: both are
held back until more is known, so that the pieces put together are the answer.
"""

from __future__ import annotations

from collections.abc import Sequence

INCOMPLETE = "\ufffd"
"""What a tokenizer writes for bytes that make no character yet."""


class Pieces:
    """
    What was handed out of one answer; *stops* are the texts before which it ends.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self.stops = stops
        self.given = 0

    def take(self, text: str) -> str:
        """Return what is new in the answer so far, *text*, and will not be taken back."""
        end = len(text.rstrip(INCOMPLETE))
        for stop in self.stops:
            begun = (at for at in range(max(0, end - len(stop) + 1), end) if stop.startswith(text[at:end]))
            found = text.find(stop)
            end = min(found if found >= 0 else end, next(begun, end))
        return self.rest(text[: max(end, self.given)])

    def rest(self, text: str) -> str:
        """Return what is left of the whole answer, *text*."""
        piece = text[self.given :]
        self.given = max(self.given, len(text))
        return piece
