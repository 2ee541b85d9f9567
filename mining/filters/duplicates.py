"""
Duplicates. In: texts of code. Out: fingerprints, and which texts are the same or nearly the same.

A fingerprint is a set of shingles of tokens; likeness is the Jaccard similarity of two sets. Local names, strings and
numbers are folded, so a copy with renamed variables is a duplicate; names after a dot or before a bracket are kept,
because they say what the code does.

Pairs are found exactly, not by chance: two sets as alike as asked must share one of their rarest members (prefix
filter: Chaudhuri, Ganti, Kaushik 2006; Bayardo, Ma, Srikant, *Scaling up all pairs similarity search*, 2007), and too
late a first shared member rules a pair out (position filter: Xiao and others, 2008). At the similarities that mining
asks for this is also faster than MinHash signatures are to make.
"""

from __future__ import annotations

import hashlib
import keyword
import re
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# of bytes, because that is a third faster; what is no ASCII counts as a letter
TOKEN = re.compile(rb"[A-Za-z_\x80-\xff][\w\x80-\xff]*|\d[\w.\x80-\xff]*|\"[^\"\n]*\"|'[^'\n]*'|[^\w\s]")
SHINGLE = 5
"""Tokens in a shingle."""
LEAST_TOKENS = 30
"""Shorter texts are alike by nature; they are compared exactly."""
LEAST_TEMPLATE = 12
"""Tokens from which many texts that are alike but for names and values were filled in, not written."""
KEYWORDS = frozenset(word.encode() for word in (*keyword.kwlist, "self", "cls"))
NAME, NUMBER, STRING, OTHER = range(4)
MOST_CODES = 200_000
"""Tokens whose hash is remembered."""
PAIRS_AT_ONCE = 2_000_000
FIRST_LOOKED_FOR, LOWEST_LOOKED_FOR = 0.45, 0.05
"""
What is likest across sides of a large corpus is a little less alike than what is kept together. Under the lower one,
two texts share a phrase or two, and 0 is as good an answer.
"""


class Fingerprint(NamedTuple):
    """
    What is kept of a text for finding its duplicates.
    """

    exact: int
    """Hash of the text's tokens."""
    members: bytes
    """The bytes of `shingles`: they travel between processes at less cost than an array."""

    @property
    def shingles(self) -> NDArray[np.uint32]:
        """Hashes of its shingles, sorted, without repeats; empty for texts under `LEAST_TOKENS`."""
        return np.frombuffer(self.members, dtype=np.uint32)


class Codes(dict[bytes, int]):
    """
    The code of every token met: its class in the high half, its hash, the same in every process, in the low half.
    """

    def __missing__(self, token: bytes) -> int:
        """Compute and keep the code of *token*."""
        if len(self) >= MOST_CODES:
            self.clear()
        first = token[:1]
        kind = OTHER
        if first.isdigit():
            kind = NUMBER
        elif first in b"\"'" and len(token) > 1:
            kind = STRING
        elif (first.isalpha() or first == b"_" or first >= b"\x80") and token not in KEYWORDS:
            kind = NAME
        code = self[token] = kind << 32 | crc32(token)
        return code


CODES = Codes()
DOT, OPENING = np.uint64(OTHER << 32 | crc32(b".")), np.uint64(OTHER << 32 | crc32(b"("))
FOLDED = np.array([crc32(b"v"), crc32(b"0"), crc32(b'"')], dtype=np.uint64)
WEIGHTS = np.array([0x9E3779B1 * (index * 2 + 1) for index in range(SHINGLE)], dtype=np.uint64)
BREAK = (b"\0",)
"""Stands between two texts, where it changes nothing that is kept of either."""
TEXTS_AT_ONCE = 256


def fingerprint(text: str) -> Fingerprint:
    """Return the fingerprint of one text."""
    return fingerprint_all([text])[0]


def fingerprint_all(texts: Sequence[str]) -> list[Fingerprint]:
    """Return the fingerprint of every text; many at once cost a third of what they cost one by one."""
    blocks = (texts[start : start + TEXTS_AT_ONCE] for start in range(0, len(texts), TEXTS_AT_ONCE))
    return [mark for block in blocks for mark in fingerprint_block(block)]


def fingerprint_block(texts: Sequence[str]) -> Iterator[Fingerprint]:
    """Yield the fingerprint of every text, all of them laid end to end in one array."""
    tokens = [TOKEN.findall(text.encode("utf-8", "surrogatepass")) for text in texts]
    sizes = np.fromiter(map(len, tokens), dtype=np.int64, count=len(tokens))
    ends = np.cumsum(sizes + 1)
    laid = chain.from_iterable(chain(one, BREAK) for one in tokens)
    codes = np.fromiter(map(CODES.__getitem__, laid), dtype=np.uint64, count=int(ends[-1]))
    members = shingle_members(fold_names(codes), sizes)
    whole = codes.tobytes()
    for size, end, own in zip(sizes.tolist(), ends.tolist(), members, strict=True):
        own_codes = whole[8 * (end - 1 - size) : 8 * (end - 1)]
        yield Fingerprint(int.from_bytes(hashlib.blake2b(own_codes, digest_size=8).digest(), "big"), own)


def template_of(text: str) -> bytes:
    """Return a hash of what is left of a text of few tokens without local names, strings and numbers; else nothing."""
    tokens = TOKEN.findall(text.encode("utf-8", "surrogatepass"))
    if not LEAST_TEMPLATE <= len(tokens) < LEAST_TOKENS:
        return b""
    codes = np.fromiter(map(CODES.__getitem__, tokens), dtype=np.uint64, count=len(tokens))
    return hashlib.blake2b(fold_names(codes).tobytes(), digest_size=8).digest()


def fold_names(codes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the hashes of the tokens in *codes*, with local names, strings and numbers folded to one value each."""
    kinds = codes >> np.uint64(32)
    folded = (kinds == NUMBER) | (kinds == STRING)
    local = kinds == NAME
    local[1:] &= codes[:-1] != DOT
    local[:-1] &= codes[1:] != OPENING
    values = codes & np.uint64(0xFFFFFFFF)
    return np.where(folded | local, FOLDED[np.minimum(kinds, 2)], values)


def shingle_members(values: NDArray[np.uint64], sizes: NDArray[np.int64]) -> list[bytes]:
    """Return the shingles of every text in *values*, where texts of *sizes* tokens end with one token that is none."""
    count = max(len(values) - SHINGLE + 1, 0)
    mixed = np.zeros(count, dtype=np.uint64)
    for offset in range(SHINGLE):
        mixed += values[offset : offset + count] * WEIGHTS[offset]
    hashes = (mixed ^ (mixed >> np.uint64(31))).astype(np.uint32)
    owner = np.repeat(np.arange(len(sizes), dtype=np.uint64), sizes + 1)[:count]
    # a run that reaches into the next text is no shingle
    room = np.repeat(np.cumsum(sizes + 1) - SHINGLE, sizes + 1)[:count] - np.arange(count)
    kept = (room > 0) & np.repeat(sizes >= LEAST_TOKENS, sizes + 1)[:count]
    # one sort of (text, hash) packed into one number
    packed = distinct(owner[kept] << np.uint64(32) | hashes[kept])
    edges = np.searchsorted(packed, np.arange(len(sizes) + 1, dtype=np.uint64) << np.uint64(32)).tolist()
    whole = packed.astype(np.uint32).tobytes()
    return [whole[4 * start : 4 * end] for start, end in pairwise(edges)]


def distinct(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Sort *values* in place and return them without repeats; `np.unique` hashes first, at ten times the cost."""
    values.sort()
    first = np.ones(len(values), dtype=bool)
    np.not_equal(values[1:], values[:-1], out=first[1:])
    return values[first]


def similar_pairs(
    prints: Sequence[Fingerprint], least: float, sides: Sequence[bool] | None = None
) -> Iterator[tuple[int, int, float]]:
    """
    Yield (i, j, Jaccard similarity) for i < j, in order, where the similarity reaches *least*, which is over 0.

    None is missed, except that copies are chained: each is paired with the first one alone, and only that first one
    with what is like it. Exact copies have similarity 1, whatever their length. With *sides*, only pairs across them
    are looked for, and copies count as one text a side.
    """
    found: dict[tuple[int, int], float] = {}
    first_exact: dict[tuple[int, bool], int] = {}
    first_alike: dict[tuple[bytes, bool], int] = {}
    for index, mark in enumerate(prints):
        side = sides is not None and sides[index]
        first = first_exact.setdefault((mark.exact, side), index)
        if mark.members:
            first = first_alike.setdefault((mark.members, side), index)
        if sides is None:
            if first != index:
                found[first, index] = 1.0
        elif (other := first_exact.get((mark.exact, not side))) is not None:
            found[other, index] = 1.0
    firsts = list(first_alike.values())
    for first, second, similarity in join_sets(
        [prints[index].shingles for index in firsts], least, None if sides is None else [sides[i] for i in firsts]
    ):
        found[firsts[first], firsts[second]] = similarity
    for (first, second), similarity in sorted(found.items()):
        yield first, second, similarity


def join_sets(
    sets: Sequence[NDArray[np.uint32]], least: float, sides: Sequence[bool] | None
) -> Iterator[tuple[int, int, float]]:
    """Yield every pair i < j of *sets*, across *sides* where given, whose Jaccard similarity reaches *least*."""
    if len(sets) < 2:
        return
    sizes = np.array([len(members) for members in sets], dtype=np.int64)
    ranks = rank_members(sets)
    starts = np.concatenate([[0], np.cumsum(sizes)])
    side = None if sides is None else np.array(sides, dtype=bool)
    candidates = find_candidates(ranks, starts, sizes, least, side)
    yield from verify(ranks, starts, sizes, candidates, least)


def rank_members(sets: Sequence[NDArray[np.uint32]]) -> NDArray[np.int64]:
    """Return the members of all sets, one set after the other, as ranks: the rarest has 0; each set in rising order."""
    _, inverse, counts = np.unique(np.concatenate(sets), return_inverse=True, return_counts=True)
    rank = np.empty(len(counts), dtype=np.int64)
    rank[np.argsort(counts, kind="stable")] = np.arange(len(counts))
    owner = np.repeat(np.arange(len(sets), dtype=np.int64), [len(members) for members in sets])
    # one sort of (set, rank) packed into one number
    return np.sort(owner << np.int64(32) | rank[inverse]) & np.int64(0xFFFFFFFF)


def find_candidates(
    ranks: NDArray[np.int64],
    starts: NDArray[np.int64],
    sizes: NDArray[np.int64],
    least: float,
    side: NDArray[np.bool_] | None,
) -> NDArray[np.int64]:
    """Return the pairs that may be alike enough, as sorted numbers `first << 32 | second`."""
    prefix = sizes - np.ceil(least * sizes - 1e-9).astype(np.int64) + 1
    owner = np.repeat(np.arange(len(sizes), dtype=np.int64), prefix)
    position = np.arange(len(owner), dtype=np.int64) - np.repeat(np.cumsum(prefix) - prefix, prefix)
    # by member, then by size: what is too small for a set to be like stands before a bound
    key = ranks[starts[owner] + position] << np.int64(32) | sizes[owner]
    order = np.argsort(key)
    key, owner, position = key[order], owner[order], position[order]
    smallest = np.ceil(least * sizes[owner] - 1e-9).astype(np.int64)
    lowest = np.searchsorted(key, key >> np.int64(32) << np.int64(32) | smallest)
    counts = np.arange(len(key)) - lowest
    waiting: list[NDArray[np.int64]] = []
    found, many = np.empty(0, dtype=np.int64), 0
    for block in blocks_of(counts):
        pairs = np.unique(pairs_of(block, lowest, counts, owner, position, sizes, least))
        if side is not None:
            pairs = pairs[side[pairs >> np.int64(32)] != side[pairs & np.int64(0xFFFFFFFF)]]
        waiting.append(pairs)
        many += len(pairs)
        # sorted in with what there is only when there is as much again: all that is alike shares many members
        if many > max(len(found), PAIRS_AT_ONCE):
            found, waiting, many = np.unique(np.concatenate([found, *waiting])), [], 0
    return np.unique(np.concatenate([found, *waiting]))


def blocks_of(counts: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Yield the places with a count, in runs whose counts come to about `PAIRS_AT_ONCE`."""
    places = np.flatnonzero(counts)
    turn = np.cumsum(counts[places]) // PAIRS_AT_ONCE
    edges = [0, *(np.flatnonzero(np.diff(turn)) + 1).tolist(), len(places)]
    for start, end in pairwise(edges):
        yield places[start:end]


def pairs_of(
    block: NDArray[np.int64],
    lowest: NDArray[np.int64],
    counts: NDArray[np.int64],
    owner: NDArray[np.int64],
    position: NDArray[np.int64],
    sizes: NDArray[np.int64],
    least: float,
) -> NDArray[np.int64]:
    """Return the pairs of each set in *block* with the sets from its *lowest* on that share this member with it."""
    many = counts[block]
    larger = np.repeat(block, many)
    smaller = np.arange(len(larger)) - np.repeat(np.cumsum(many) - many, many) + np.repeat(lowest[block], many)
    first, second = owner[larger], owner[smaller]
    # where this member is the first shared one, no more than it and what follows is shared
    room = np.minimum(sizes[first] - position[larger], sizes[second] - position[smaller])
    kept = room >= least / (1 + least) * (sizes[first] + sizes[second]) - 1e-9
    first, second = first[kept], second[kept]
    return np.minimum(first, second) << np.int64(32) | np.maximum(first, second)


def verify(
    ranks: NDArray[np.int64],
    starts: NDArray[np.int64],
    sizes: NDArray[np.int64],
    candidates: NDArray[np.int64],
    least: float,
) -> Iterator[tuple[int, int, float]]:
    """Yield the candidates that are alike enough, with their exact similarity."""
    first, second = candidates >> np.int64(32), candidates & np.int64(0xFFFFFFFF)
    # as they were sorted: (set, rank) packed into one number
    packed = np.repeat(np.arange(len(sizes), dtype=np.int64), sizes) << np.int64(32) | ranks
    for block in blocks_of(sizes[second]):
        ones, others = first[block], second[block]
        many = sizes[others]
        offsets = np.cumsum(many) - many
        places = np.arange(int(many.sum())) + np.repeat(starts[others] - offsets, many)
        wanted = np.repeat(ones, many) << np.int64(32) | ranks[places]
        # never past the end: the second set stands behind all that is looked for in the first
        nearest = packed[np.searchsorted(packed, wanted)]
        shared = np.add.reduceat((nearest == wanted).astype(np.int64), offsets)
        similarity = shared / (sizes[ones] + many - shared)
        for place in np.flatnonzero(similarity >= least - 1e-9):
            yield int(ones[place]), int(others[place]), float(similarity[place])


def highest_across(prints: Sequence[Fingerprint], sides: Sequence[bool]) -> float:
    """Return the highest similarity between two texts of different sides, exactly; 0 below a few hundredths."""
    least = FIRST_LOOKED_FOR
    while least > LOWEST_LOOKED_FOR / 2:
        found = max((similarity for _, _, similarity in similar_pairs(prints, least, sides)), default=0.0)
        if found:
            return found
        least /= 2
    return 0.0


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
