"""
Which pairs a run learns from. In: the pairs of a corpus, and a share. Out: those that are taken, the same everywhere.

A file's own code, `implement` and `infill`, is what an adapter is judged by, and what minutes on a laptop are for. The
other kinds are taken up to a share of it, equally many of each: in a short run each of them is seen instead of code of
the main kinds. A larger base, which runs longer, takes them all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import replace

from ..mining.pairs.pair import Pair
from .recipe import FEW_PAIRS

MAIN_KINDS = frozenset({"implement", "infill"})


def limit_data(pairs: Sequence[Pair], aside: Collection[str], share: float) -> tuple[list[Pair], int]:
    """
    Return *pairs* with at most *share* times as many of the formats *aside* as of code, and how many were left out.

    No test asks for them, and a folder of them may outnumber all code many times over. A small corpus keeps its own.
    """
    if len(pairs) < FEW_PAIRS:
        return list(pairs), 0
    data = sorted((pair for pair in pairs if pair.language in aside), key=turn)
    out = {pair.id for pair in data[round(share * (len(pairs) - len(data))) :]}
    return [pair for pair in pairs if pair.id not in out], len(out)


def mix_kinds(pairs: Sequence[Pair], extra: float) -> list[Pair]:
    """
    Return the pairs of `MAIN_KINDS`, and of the others *extra* times as many, in the order given.

    A kind that has fewer than its part leaves the rest to the others; without any pair of the main kinds all are taken.
    """
    main = sum(pair.kind in MAIN_KINDS for pair in pairs)
    if not main:
        return list(pairs)
    others: dict[str, list[Pair]] = {}
    for pair in pairs:
        if pair.kind not in MAIN_KINDS:
            others.setdefault(pair.kind, []).append(pair)
    room = round(extra * main)
    taken: set[str] = set()
    for left, kind in zip(range(len(others), 0, -1), sorted(others, key=lambda k: (len(others[k]), k)), strict=True):
        chosen = sorted(others[kind], key=turn)[: room // left]
        taken.update(pair.id for pair in chosen)
        room -= len(chosen)
    return [pair for pair in pairs if pair.kind in MAIN_KINDS or pair.id in taken]


def turn(pair: Pair, question: str = "") -> str:
    """Return what decides, whatever else is in the corpus, which pairs come first; *question* keeps choices apart."""
    return hashlib.blake2b((question + pair.id).encode(), digest_size=8).hexdigest()


def drop_contexts(pairs: Sequence[Pair], share: float) -> list[Pair]:
    """Return *pairs*, about *share* of them without their file's context: a request of their own words alone."""
    bar = share * 16**16
    return [replace(pair, context="", prompt_id="") if int(turn(pair, "bare"), 16) < bar else pair for pair in pairs]


def limit_infill(pairs: Sequence[Pair], share: float) -> tuple[list[Pair], int]:
    """
    Return *pairs* with at most *share* of the `implement` and `infill` pairs `infill`, and how many were left out.

    Those with the least ids stay. Holes alone are what their owner wants to teach: they stay as they are.
    """
    holes = sorted(pair.id for pair in pairs if pair.kind == "infill")
    whole = sum(pair.kind == "implement" for pair in pairs)
    room = len(holes) if share == 1 or not whole else int(whole * share / (1 - share))
    out = set(holes[room:])
    return [pair for pair in pairs if pair.id not in out], len(out)
