"""
What each kind of a corpus can support. In: its manifest. Out: a line a kind, and what to add where one is thin.

The bands are those of `advice`: 50 to 100 pairs teach a format, 500 to 5,000 a domain. How far the code is from what a
base knows already cannot be counted; `idiolect evaluate` measures it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from .advice import DOMAIN, FORMAT, SATURATED
from .pairs.kind import collect_kinds

SURE_FORMAT = 100
"""From here on the lower band is safely reached."""
ADD = {
    "implement": "document more functions: a documented signature is what is asked",
    "use": "mine the applications too: idiolect mine APP… --api-from FRAMEWORK",
    "restyle": "agree on more conventions: only what the house holds to is taught",
    "edit": "mine a repository with its history, or look back further: --history N",
    "document": "document more functions",
    "recall": "show how the API is used, in documentation strings and in Markdown",
}
"""What gives more pairs of a kind."""


def describe_support(manifest: Mapping[str, Any]) -> list[str]:
    """Return what the training pairs of each kind are enough for, and what to add for the thinnest."""
    counts: Counter[str] = Counter()
    for row in manifest["counts"]:
        counts[row["kind"]] += row["pairs"] if row["split"] == "train" else 0
    # a kind that was not asked for has no row, and is no lack
    kinds = [name for name in collect_kinds() if name in {row["kind"] for row in manifest["counts"]}]
    width = max(map(len, kinds))
    lines = [f"  {name:{width}}  {band(counts[name])}" for name in kinds]
    thin = [name for name in kinds if counts[name] < DOMAIN and name in ADD]
    advice = [f"For more {name} pairs: {ADD[name]}." for name in sorted(thin, key=lambda name: counts[name])[:2]]
    return ["What they can teach:", *lines, *advice]


def band(pairs: int) -> str:
    """Return what *pairs* pairs of one kind are enough for."""
    if pairs < FORMAT:
        return f"too few alone ({pairs} of {FORMAT})"
    if pairs < SURE_FORMAT:
        return f"a format, just ({pairs}; {SURE_FORMAT} are safe)"
    if pairs < DOMAIN:
        return f"a format; a domain takes {DOMAIN} ({pairs} so far)"
    if pairs < SATURATED:
        return f"a domain ({pairs:,}; gains usually go on up to {SATURATED:,})"
    return f"a domain, amply ({pairs:,})"
