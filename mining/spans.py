"""
Code that two texts share word for word. In: texts. Out: a hash of every window of 50 tokens, and who shares one.

A token is a word, or any other letter but a blank: how many blanks stand between two tokens makes no difference. Many
texts are laid end to end and looked at as one array of bytes: five times as fast as token by token.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPAN = 50
"""Tokens that an answer held out and a training text may not share."""
BLANK, WORD, OTHER = range(3)
# beyond ASCII, every byte counts as a part of a word
KINDS = np.full(256, WORD, dtype=np.uint8)
KINDS[:128] = [
    BLANK if one.isspace() else WORD if one.isalnum() or one == "_" else OTHER for one in map(chr, range(128))
]
OPENING = np.uint64(256)
"""Added to the byte that opens a token, so that bounds count."""
BASE = 0x9E3779B97F4A7C15
"""Odd, so that it has an inverse modulo 2⁶⁴."""
BYTES_AT_ONCE = 1 << 17
SIEVE_BITS = 22
SIEVE_SHIFT = np.uint64(64 - SIEVE_BITS)
NOTHING = np.zeros(1, dtype=np.uint64)


class Spans(NamedTuple):
    """
    The windows of several texts.
    """

    hashes: NDArray[np.uint64]
    """One a window; shape (windows,)."""
    owners: NDArray[np.int64]
    """Which text each stands in; shape (windows,)."""


def token_spans(texts: Sequence[str]) -> Spans:
    """Return the hash of every window of `SPAN` tokens that stands in one of *texts*."""
    laid = [text.encode("utf-8", "surrogatepass") for text in texts]
    data = np.frombuffer(b"\n".join(laid), dtype=np.uint8)
    kinds = KINDS[data]
    opens = kinds != BLANK
    opens[1:] &= (kinds[1:] == OTHER) | (kinds[:-1] != WORD)
    solid = np.flatnonzero(kinds)
    letters = data[solid] + OPENING * opens[solid]
    bounds = np.append(np.flatnonzero(opens[solid]), len(solid))
    first, last = bounds[:-SPAN], bounds[SPAN:]
    forward, backward = powers(len(letters))
    sums = np.concatenate([NOTHING, np.cumsum(letters * forward, dtype=np.uint64)])
    # a polynomial hash: the window's own part of the running sum, moved back to the first power
    hashes = (sums[last] - sums[first]) * backward[first]
    ends = np.cumsum([len(text) + 1 for text in laid])
    owners = np.searchsorted(ends, solid[first], side="right")
    inside = solid[last - 1] < ends[owners]
    return Spans(hashes[inside], owners[inside])


class SpanFinder:
    """
    Knows spans, and says which texts hold one of them.
    """

    def __init__(self, hashes: NDArray[np.uint64]) -> None:
        self.hashes = np.unique(hashes)
        # most windows of most texts are none of these, and a look at their first bits says so
        self.may_be = np.zeros(1 << SIEVE_BITS, dtype=bool)
        self.may_be[self.hashes >> SIEVE_SHIFT] = True

    def find_in(self, texts: Sequence[str]) -> list[bool]:
        """Return whether each of *texts* holds one of the spans."""
        shared: list[bool] = []
        for block in blocks_of(texts):
            hashes, owners = token_spans(block)
            likely = np.flatnonzero(self.may_be[hashes >> SIEVE_SHIFT])
            # the last place stands for all that is greater than what is known
            places = np.minimum(np.searchsorted(self.hashes, hashes[likely]), len(self.hashes) - 1)
            found = owners[likely[self.hashes[places] == hashes[likely]]]
            shared += np.isin(np.arange(len(block)), found).tolist()
        return shared


def blocks_of(texts: Sequence[str]) -> Iterator[list[str]]:
    """Yield *texts* in runs of about `BYTES_AT_ONCE`."""
    filled = 0

    def turn(text: str) -> int:
        nonlocal filled
        filled += len(text)
        return filled // BYTES_AT_ONCE

    yield from (list(run) for _, run in groupby(texts, turn))


def powers(count: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return the first *count* powers of `BASE` and of its inverse, modulo 2⁶⁴."""
    forward, backward = all_powers(1 << max(10, (count - 1).bit_length()))
    return forward[:count], backward[:count]


@cache
def all_powers(size: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return *size* powers of `BASE` and of its inverse."""
    steps = np.ones(size, dtype=np.uint64), np.ones(size, dtype=np.uint64)
    for values, base in zip(steps, (BASE, pow(BASE, -1, 1 << 64)), strict=True):
        values[1:] = np.uint64(base)
        np.multiply.accumulate(values, out=values)
    return steps
