"""
How long answers take. In: the times that a run wrote. Out: seconds an answer, by arm.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from contextlib import suppress
from pathlib import Path
from statistics import median

import numpy as np

from ..mining.artefacts import parse_json
from .samples import Row

WARM_UP = 8
"""Answers of an arm whose times are left out."""


def describe_latency(out: Path, samples: Sequence[Row]) -> dict[str, dict[str, float]]:
    """
    Return each arm's seconds an answer, median and 95th percentile, and to its first token; early answers left out.
    """
    seconds: dict[str, list[float]] = {}
    firsts: dict[str, list[float]] = {}
    for row in read_timings(out / "timings.jsonl", {row["key"] for row in samples}):
        seconds.setdefault(row["arm_id"], []).append(row["seconds"])
        if row.get("first_seconds") is not None:
            firsts.setdefault(row["arm_id"], []).append(row["first_seconds"])
    latency: dict[str, dict[str, float]] = {}
    for arm, values in seconds.items():
        p50, p95 = np.quantile(values[WARM_UP:] or values, (0.5, 0.95)).tolist()
        latency[arm] = {"p50": p50, "p95": p95}
        if first := firsts.get(arm):
            latency[arm]["first_p50"] = median(first[WARM_UP:] or first)
    return latency


def read_timings(path: Path, keys: Set[str]) -> list[Row]:
    """Return the times of the samples with *keys*, the last of each: others are of another model."""
    timed: dict[str, Row] = {}
    for line in path.read_text("utf-8").splitlines() if path.is_file() else ():
        with suppress(ValueError):  # a kill tears a line
            row: Row = parse_json(line)
            timed[row["key"]] = row
    return [row for key, row in timed.items() if key in keys]
