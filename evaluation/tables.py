"""
Score rows by arm and probe. In: the rows of `scores.jsonl`. Out: each arm's values by probe, and what a report shows.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from .statistics import chance_of_better, mcnemar_p, mean_interval

Row = Mapping[str, Any]
"""A line of evidence as it is read."""
Values = dict[str, float]
"""By probe or pair."""


class Tables:
    """
    Score rows by split, arm and probe.
    """

    def __init__(self, scores: Sequence[Row]) -> None:
        self.rows: dict[tuple[str, str], list[Row]] = {}
        for row in scores:
            self.rows.setdefault((row["split"], row["arm_id"]), []).append(row)
        self.clusters: dict[str, str] = {r["probe_id"]: r["cluster"] for r in scores if r["split"] == "test"}
        self.checks: list[str] = list(scores[0]["checks"]) if scores else []

    @property
    def arms(self) -> list[str]:
        """The arms that answered test probes, in the order of the rows."""
        return [arm for split, arm in self.rows if split == "test"]

    def values(self, split: str, arm: str, endpoint: str = "accept") -> Values:
        """Return the mean of *endpoint* by probe, without lost samples and those that the check cannot decide."""
        groups: dict[str, list[float]] = {}
        for row in self.rows.get((split, arm), ()):
            value = row["accept"] if endpoint == "accept" else row["checks"][endpoint]
            if value is not None and row["accept"] is not None:
                groups.setdefault(row["probe_id"], []).append(float(value))
        return {probe: math.fsum(values) / len(values) for probe, values in groups.items()}

    def rate(self, split: str, arm: str, endpoint: str = "accept") -> float | None:
        """Return the mean over probes, or None without any."""
        return mean(self.values(split, arm, endpoint).values())


def describe_arm(name: str, tables: Tables, samples: Sequence[Row]) -> dict[str, Any]:
    """Return one arm's rates with their intervals, statuses, endings and tokens, on the test probes."""
    rows = tables.rows[("test", name)]
    rates: dict[str, Any] = {}
    for endpoint in ("accept", *tables.checks):
        values = tables.values("test", name, endpoint)
        if values:
            ci = mean_interval(values, tables.clusters)
            rates[endpoint] = {"rate": mean(values.values()), "ci": ci, "n": len(values)}
    own = [row for row in samples if row["split"] == "test" and row["arm_id"] == name]
    cut = ("guide_left_out", "retrieved_left_out", "guide_used", "retrieved_used")
    return {
        "arm_id": name,
        "rates": rates,
        "statuses": dict(sorted(Counter(row["status"] for row in rows).items())),
        "endings": dict(sorted(Counter(row["ending"] for row in rows).items())),
        "prompt_tokens": mean([row["n_prompt_tokens"] for row in own]),
        "output_tokens": mean([row["n_output_tokens"] for row in own]),
        **{key: sum(row[key] for row in own) for key in cut},
        "style": weigh_style(rows),
    }


def weigh_style(rows: Sequence[Row]) -> dict[str, Any] | None:
    """
    Return how well answers keep the profile, as written and after formatter and fixes; None where nothing was scored.

    Scores are means over the answers that a convention speaks to; findings are counted a hundred lines.
    """
    details = [row["details"]["style"] for row in rows if "mended_findings" in row["details"].get("style", {})]
    lines = sum(detail["lines"] for detail in details)
    if not lines:
        return None
    summary: dict[str, Any] = {"answers": len(details), "lines": lines}
    for name in ("", "mended_"):
        scores = [detail[f"{name}score"] for detail in details if detail[f"{name}score"] is not None]
        summary[f"{name}score"] = mean(scores)
        summary[f"{name}per_100_lines"] = 100 * sum(detail[f"{name}findings"] for detail in details) / lines
    return summary


def mean(values: Collection[float]) -> float | None:
    """Return the mean, or None of nothing."""
    return math.fsum(values) / len(values) if values else None


def agreement(tables: Tables, a: str, b: str) -> dict[str, float]:
    """Return two cross-checks of direction on two arms' acceptance, clusters ignored: exact McNemar, and Bayesian."""
    left, right = tables.values("test", a), tables.values("test", b)
    better = sum(left[i] > right[i] for i in left.keys() & right.keys())
    worse = sum(left[i] < right[i] for i in left.keys() & right.keys())
    return {"better": better, "worse": worse, "p": mcnemar_p(better, worse), "chance": chance_of_better(better, worse)}
