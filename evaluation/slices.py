"""
Where an adapter helps. In: the probes of a run, and what each arm made of them. Out: acceptance by slice.

A slice says where to look, not what is true: its probes are few, and with many slices one will always stand out. So
the difference carries its own interval, nothing is corrected, and the verdict does not look at slices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from .statistics import compare
from .tables import Row, Values

MOST = 12
"""Slices of one kind that are told, the largest; the others are too small to say anything."""
SHORT, MIDDLE = 5, 15
"""Lines up to which a reference is short, and of middle length."""


def folder_of(probe: Row) -> str:
    """Return the folder of a probe's file."""
    return str(PurePosixPath(probe["path"]).parent)


def kind_of(probe: Row) -> str:
    """Return what is asked for: something at the top of its file, or a part of something else."""
    return "within a class or function" if "." in probe["symbol"] else "at the top of a file"


def length_of(probe: Row) -> str:
    """Return how long the reference is."""
    lines = probe["lines"]
    if lines <= SHORT:
        return f"up to {SHORT} lines"
    return f"{SHORT + 1} to {MIDDLE} lines" if lines <= MIDDLE else f"more than {MIDDLE} lines"


SLICES: dict[str, Callable[[Row], str]] = {
    "folder": folder_of,
    "kind": kind_of,
    "length": length_of,
    "language": lambda probe: probe["language"],
}
"""What probes are told apart by. A new one is one more line."""


def weigh_slices(
    probes: Sequence[Row], arms: Mapping[str, Values], clusters: Mapping[str, str], pair: tuple[str | None, str | None]
) -> list[dict[str, Any]]:
    """
    Return one row a slice: its probes, every arm's acceptance, and the difference of the *pair* that is compared.

    What all probes share is no slice. *arms* holds acceptance by probe.
    """
    rows: list[dict[str, Any]] = []
    for by, name_of in SLICES.items():
        groups: dict[str, list[str]] = {}
        for probe in probes:
            if all(key in probe for key in ("symbol", "lines", "language")):  # an earlier version did not say
                groups.setdefault(name_of(probe), []).append(probe["id"])
        if len(groups) > 1:
            largest = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))[:MOST]
            rows += [describe_slice(by, name, ids, arms, clusters, pair) for name, ids in largest]
    return rows


def describe_slice(
    by: str,
    name: str,
    ids: Sequence[str],
    arms: Mapping[str, Values],
    clusters: Mapping[str, str],
    pair: tuple[str | None, str | None],
) -> dict[str, Any]:
    """Return the row of one slice; arms that lack one of its probes are left out."""
    own = {arm: {i: values[i] for i in ids} for arm, values in arms.items() if all(i in values for i in ids)}
    a, b = pair
    difference = None
    if a in own and b in own:
        compared = compare("accept@1", (a, own[a]), (b, own[b]), clusters)
        difference = {"a": a, "b": b, "mean_diff": compared.mean_diff, "ci": compared.ci}
    return {
        "by": by,
        "name": name,
        "n": len(ids),
        "clusters": len({clusters[i] for i in ids}),
        "rates": {arm: sum(values.values()) / len(values) for arm, values in own.items()},
        "difference": difference,
    }
