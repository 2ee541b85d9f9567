"""
What each kind of a corpus can support. In: its manifest. Out: a line a kind, and what to add where one is thin.

The bands are those of `advice`: 50 to 100 pairs teach a format, 500 to 5,000 a domain. How far the code is from what a
base knows already cannot be counted; `idiolect evaluate` measures it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from .advice import DOMAIN, LEAST_PAIRS, SATURATED
from .pairs.kind import Kind, collect_kinds
from .split import aside_of
from .yields import UNTOLD

SURE_FORMAT = 100
"""From here on the lower band is safely reached."""


def describe_support(manifest: Mapping[str, Any]) -> list[str]:
    """Return what the training pairs of each kind, those of data and prose aside, can teach, and what to add."""
    rows = manifest["counts"]
    aside = aside_of(manifest)
    counts: Counter[str] = Counter()
    for row in rows:
        is_counted = row["split"] == "train" and row["language"] not in aside
        counts[row["kind"]] += row["pairs"] if is_counted else 0
    # a kind that was not asked for has no row, and is no lack
    asked = {row["kind"] for row in rows}
    kinds = {name: kind for name, kind in collect_kinds().items() if name in asked}
    width = max(map(len, kinds))
    lines = [f"  {name:{width}}  {band(counts[name])}" for name in kinds]
    more = {name: more_of(kind, manifest["history"]) for name, kind in kinds.items()}
    thin = sorted((name for name in kinds if counts[name] < DOMAIN and more[name]), key=lambda name: counts[name])
    advice = [f"For more {name} pairs, {more[name]}." for name in thin[:2]]
    return ["What they can teach:", *lines, *advice]


def more_of(kind: Kind, histories: Sequence[Mapping[str, Any]]) -> str:
    """Return what gives more pairs of *kind*, or nothing."""
    return look_back(histories) if kind.draft_change else kind.more


def look_back(histories: Sequence[Mapping[str, Any]]) -> str:
    """Return how more of a history can be had; nothing where all of it was looked at."""
    if not any(about["commits"] for about in histories):
        return "mine a repository with its history"
    if any(about.get(UNTOLD) for about in histories):
        return "make the clone whole, whose history git cannot tell (git fetch --refetch), or take less (--history N)"
    if any(about.get("shallow") for about in histories):
        return "fetch the commits that the clone lacks: git fetch --unshallow"
    return "look back further: --history N" if any(about.get("goes_on") for about in histories) else ""


def band(pairs: int) -> str:
    """Return what *pairs* pairs of one kind are enough for."""
    if pairs < LEAST_PAIRS:
        return f"too few alone ({pairs} of {LEAST_PAIRS})"
    if pairs < SURE_FORMAT:
        return f"a format, just ({pairs}; {SURE_FORMAT} are safe)"
    if pairs < DOMAIN:
        return f"a format; a domain takes {DOMAIN} ({pairs} so far)"
    if pairs < SATURATED:
        return f"a domain ({pairs:,}; gains usually go on up to {SATURATED:,})"
    return f"a domain, amply ({pairs:,})"
