"""
What the answer losses say. In: loss rows. Out: comparisons of tuned and base, on the probes and on general code.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .statistics import Comparison, Reduction, compare, relative_change
from .tables import Row, Values


@dataclass(frozen=True, slots=True)
class Losses:
    """
    What the answer losses say.
    """

    comparisons: list[Comparison]
    general: Comparison | None
    learned: Reduction | None
    """By what share the loss on the probes' references fell."""
    summary: dict[str, Any]


def weigh_losses(rows: Sequence[Row]) -> Losses:
    """Return the comparisons of tuned and base loss, on the probes and on general code."""
    comparisons: list[Comparison] = []
    general: Comparison | None = None
    learned: Reduction | None = None
    summary: dict[str, Any] = {}
    for part, endpoint in (("test", "answer_loss"), ("general", "general_loss")):
        own = [row for row in rows if row["set"] == part]
        if not own:
            continue
        base, tuned = nats_of(own, adapted=False), nats_of(own, adapted=True)
        summary[part] = {"probes": len(base), "base": base_loss(own)}
        if not tuned:
            continue
        clusters = {row["pair_id"]: row["cluster"] for row in own}
        comparison = compare(endpoint, ("tuned", tuned), ("base", base), clusters, tokens=tokens_of(own))
        comparisons.append(comparison)
        general = comparison if part == "general" else general
        change = relative_change(tuned, base, clusters)
        learned = change if part == "test" else learned
        summary[part] |= {"tuned": comparison.mean_a, "fell": change.fell, "ci": change.ci}
    as_text = [row for row in rows if row["set"] == "test_text"]
    if as_text and "general" in summary:
        # above 0: this code surprises the base more than general code does, so there is something to learn
        summary["novelty"] = base_loss(as_text) - summary["general"]["base"]
    return Losses(comparisons, general, learned, summary)


def nats_of(rows: Sequence[Row], *, adapted: bool) -> Values:
    """Return the nats of each pair's answer, with the adapter or without."""
    return {row["pair_id"]: float(row["nats"]) for row in rows if row["adapted"] is adapted}


def tokens_of(rows: Sequence[Row]) -> dict[str, int]:
    """Return how many tokens those nats are of, by pair."""
    return {row["pair_id"]: row["tokens"] for row in rows}


def base_loss(rows: Sequence[Row]) -> float:
    """Return the nats a token of all pairs together without the adapter."""
    return math.fsum(nats_of(rows, adapted=False).values()) / sum(tokens_of(rows).values())
