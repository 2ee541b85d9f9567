"""
Duplicates. In: texts of code. Out: fingerprints, and which texts are the same or nearly the same.

Near duplicates are found by MinHash over shingles of tokens, banded (Broder 1997; Leskovec, Rajaraman, Ullman,
*Mining of Massive Datasets*, chapter 3), and every candidate is verified by its exact Jaccard similarity. Local
names, strings and numbers are folded, so a copy with renamed variables is a duplicate; names after a dot or before a
bracket are kept, because they say what the code does.
"""

from __future__ import annotations

import keyword
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOKEN = re.compile(r"[^\W\d]\w*|\d[\w.]*|\"[^\"\n]*\"|'[^'\n]*'|[^\w\s]")
SHINGLE = 5
"""Tokens in a shingle."""
PERMUTATIONS = 128
BANDS = 32
"""Bands of 4 rows: a pair at similarity 0.5 is a candidate with probability 0.87, at 0.7 with 0.9998."""
LEAST_TOKENS = 30
"""Shorter texts are alike by nature; they are compared exactly."""
KEYWORDS = frozenset(keyword.kwlist) | {"self", "cls"}


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """
    What is kept of a text for finding its duplicates.
    """

    exact: int
    """Hash of the text's tokens."""
    shingles: NDArray[np.uint32]
    """Hashes of its shingles, sorted, without repeats; empty for texts under `LEAST_TOKENS`."""


def fingerprint(text: str) -> Fingerprint:
    """Return the fingerprint of one text."""
    tokens = TOKEN.findall(text)
    exact = crc32("\0".join(tokens).encode()) << 32 | crc32("\1".join(reversed(tokens)).encode())
    if len(tokens) < LEAST_TOKENS:
        return Fingerprint(exact, np.empty(0, dtype=np.uint32))
    return Fingerprint(exact, shingle_hashes(fold_names(tokens)))


def fold_names(tokens: Sequence[str]) -> list[str]:
    """Return *tokens* with local names, strings and numbers folded to one letter each."""
    folded: list[str] = []
    following = [*tokens[1:], ""]
    before = ""
    for token, after in zip(tokens, following, strict=True):
        first = token[0]
        if first.isdigit():
            folded.append("0")
        elif first in "\"'":
            folded.append('"')
        elif (first.isalpha() or first == "_") and token not in KEYWORDS and before != "." and after != "(":
            folded.append("v")
        else:
            folded.append(token)
        before = token
    return folded


def shingle_hashes(tokens: Sequence[str]) -> NDArray[np.uint32]:
    """Return the sorted hashes of every run of `SHINGLE` tokens."""
    values = np.fromiter(map(token_hash, tokens), dtype=np.uint32, count=len(tokens))
    windows = np.lib.stride_tricks.sliding_window_view(values, SHINGLE).astype(np.uint64)
    weights = np.array([0x9E3779B1 * (index * 2 + 1) for index in range(SHINGLE)], dtype=np.uint64)
    mixed = (windows * weights).sum(axis=1, dtype=np.uint64)
    return np.unique((mixed ^ (mixed >> np.uint64(31))).astype(np.uint32))


@cache
def token_hash(token: str) -> int:
    """Return a hash that is the same in every process."""
    return crc32(token.encode())


@cache
def permutations() -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return the multipliers and offsets of the hash family, fixed for ever."""
    chance = np.random.Generator(np.random.PCG64(20_260_101))
    shape = (PERMUTATIONS, 1)
    odd = chance.integers(1, 2**32, size=shape, dtype=np.uint64) | np.uint64(1)
    return odd, chance.integers(0, 2**32, size=shape, dtype=np.uint64)


def minhash(shingles: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return the MinHash signature of a set of shingles; shape (PERMUTATIONS,)."""
    odd, offset = permutations()
    hashed = (odd * shingles.astype(np.uint64) + offset) & np.uint64(0xFFFFFFFF)
    return hashed.min(axis=1).astype(np.uint32)


def similar_pairs(prints: Sequence[Fingerprint], least: float) -> Iterator[tuple[int, int, float]]:
    """
    Yield (i, j, Jaccard similarity) for i < j, in order, where the similarity reaches *least*.

    Exact copies have similarity 1, whatever their length.
    """
    candidates = exact_candidates(prints) | banded_candidates(prints)
    for first, second in sorted(candidates):
        similarity = jaccard(prints[first], prints[second])
        if similarity >= least:
            yield first, second, similarity


def exact_candidates(prints: Sequence[Fingerprint]) -> set[tuple[int, int]]:
    """Return each text paired with the first text that equals it."""
    first: dict[int, int] = {}
    return {
        (seen, index) for index, mark in enumerate(prints) if (seen := first.setdefault(mark.exact, index)) != index
    }


def banded_candidates(prints: Sequence[Fingerprint]) -> set[tuple[int, int]]:
    """Return the pairs whose signatures agree in at least one band; each bucket is chained, not squared."""
    long = [index for index, mark in enumerate(prints) if len(mark.shingles)]
    if not long:
        return set()
    signatures = np.stack([minhash(prints[index].shingles) for index in long])
    rows = PERMUTATIONS // BANDS
    found: set[tuple[int, int]] = set()
    for band in range(BANDS):
        part = np.ascontiguousarray(signatures[:, band * rows : (band + 1) * rows])
        buckets: defaultdict[bytes, list[int]] = defaultdict(list)
        for place, row in enumerate(part):
            buckets[row.tobytes()].append(long[place])
        for members in buckets.values():
            # every member with the first and with its neighbour: enough to join a bucket, linear in its size
            found.update((members[0], other) for other in members[1:])
            found.update(pairwise(members))
    return found


def jaccard(first: Fingerprint, second: Fingerprint) -> float:
    """Return the exact Jaccard similarity of two fingerprints."""
    if first.exact == second.exact:
        return 1.0
    if not len(first.shingles) or not len(second.shingles):
        return 0.0
    shared = len(np.intersect1d(first.shingles, second.shingles, assume_unique=True))
    return shared / (len(first.shingles) + len(second.shingles) - shared)


class Clusters:
    """
    Disjoint sets of numbered things (union–find); a cluster is named by its smallest member.
    """

    def __init__(self, count: int) -> None:
        self.parent = list(range(count))

    def find(self, thing: int) -> int:
        """Return the smallest member of the cluster of *thing*."""
        while self.parent[thing] != thing:
            self.parent[thing] = self.parent[self.parent[thing]]
            thing = self.parent[thing]
        return thing

    def join(self, first: int, second: int) -> None:
        """Make one cluster of two."""
        low, high = sorted((self.find(first), self.find(second)))
        self.parent[high] = low
