"""
What each kind of a corpus can support. In: its manifest, and what was left out. Out: a line a kind, and what to add.

The bands are those of `advice`: 50 to 100 pairs teach a format, 500 to 5,000 a domain. How far the code is from what a
base knows already cannot be counted; `idiolect evaluate` measures it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .advice import DOMAIN, LEAST_PAIRS, SATURATED
from .pairs.kind import Kind, collect_kinds
from .split import aside_of
from .wording import worded
from .yields import UNTOLD

SURE_FORMAT = 100
"""From here on the lower band is safely reached."""


REPEATS = "too much like others"
CAUSES: Mapping[str, str] = dict.fromkeys(
    ("duplicate", "near_duplicate", "templated", "too_much_of_one_thing"), REPEATS
)
"""Reasons of one cause, which one thing helps against."""
REMEDIES: Mapping[str, str] = {
    REPEATS: "add code that is unlike what is there",
    "dropped_by_settings": "drop less in the settings",
    "house_style": "keep the house's own rules in more places: `idiolect check` lists those that do not",
}
"""What helps where most was lost to a cause; against others, what helps where nothing was lost."""


def describe_support(manifest: Mapping[str, Any], skipped: Iterable[Mapping[str, str]] = ()) -> list[str]:
    """
    Return what the training pairs of each kind, those of data and prose aside, can teach, and what to add.

    *skipped* are the rows of what was left out, and why.
    """
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
    more |= counter_losses(rows, skipped)
    thin = sorted((name for name in kinds if counts[name] < DOMAIN and more[name]), key=lambda name: counts[name])
    advice = [f"For more {name} pairs, {more[name]}." for name in thin[:2]]
    return ["What they can teach:", *lines, *advice]


def counter_losses(rows: Sequence[Mapping[str, Any]], skipped: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return, by kind, what helps against the largest cause of loss, where it took more pairs than were kept."""
    kept: Counter[str] = Counter()
    for row in rows:
        kept[row["kind"]] += row["pairs"]
    lost: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in skipped:
        lost[row["kind"]][CAUSES.get(row["reason"], row["reason"])] += 1
    advice: dict[str, str] = {}
    for kind in kept.keys() & lost.keys():
        cause, count = lost[kind].most_common(1)[0]
        if count > kept[kind] and cause in REMEDIES:
            advice[kind] = f"{REMEDIES[cause]} ({count:,} left out as {worded(cause)}, {kept[kind]:,} kept)"
    return advice


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
