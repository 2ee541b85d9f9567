"""
Is there enough data? In: answer losses after training on parts of the corpus. Out: a power law, and what it says.

L(n) = a + b / n^c, fitted to the loss on the probes after training on n pairs. Each part is read as often as the whole,
so it takes fewer steps: the law speaks of more pairs together with the time to read them. Its interval comes from
drawing clusters of probes again; it says how sure the probes are, not how sure a law of four points can be. What tells
pairs from time is the whole, read half as often: beside half the pairs in as many steps, and beside itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..mining.advice import LEAST_PAIRS
from ..mining.artefacts import sha256_json
from ..mining.pairs.pair import Pair
from .losses import nats_of, tokens_of
from .statistics import compare
from .tables import Row

FRACTIONS = (0.125, 0.25, 0.5)
"""Parts of the training pairs that are trained on anew; the whole is the adapter at hand."""
HALF_READING = 0.5
"""How often the whole is read once more, against the adapter at hand."""
EXPONENTS = tuple(0.05 * i for i in range(1, 41))
"""Those tried for the law."""
DRAWS = 300
"""Draws of clusters for its interval."""
LEAST_GAIN = 0.005
"""Nats a token that the lower end of the interval must pass before the curve promises anything."""
KIND_SHARE = 0.1
"""A kind with less of the pairs is not measured by itself."""

Losses = dict[str, tuple[float, int, str]]
"""Nats, tokens and cluster by pair."""


class Law(NamedTuple):
    """
    A fitted power law.
    """

    a: float
    b: float
    c: float

    def at(self, n: float) -> float:
        """Return the loss after *n* pairs."""
        return self.a + self.b * n**-self.c


def nested_subsets(training: Sequence[Pair]) -> list[list[Pair]]:
    """Return the parts of *training* that are large enough to train on, each within the next."""
    ordered = sorted(training, key=lambda pair: sha256_json(["curve", pair.id]))
    sizes = [int(len(ordered) * fraction) for fraction in FRACTIONS]
    return [ordered[:size] for size in sizes if size >= LEAST_PAIRS]


def without_half(training: Sequence[Pair], kind: str) -> list[Pair]:
    """Return *training* without every second pair of *kind*, by hash."""
    own = sorted((pair for pair in training if pair.kind == kind), key=lambda pair: sha256_json(["kind", pair.id]))
    dropped = {pair.id for pair in own[::2]}
    return [pair for pair in training if pair.id not in dropped]


def measured_kinds(training: Sequence[Pair]) -> list[str]:
    """Return the kinds that hold enough of *training* to be measured, where there is more than one."""
    kinds = sorted({pair.kind for pair in training})
    large = [kind for kind in kinds if sum(p.kind == kind for p in training) >= KIND_SHARE * len(training)]
    return large if len(kinds) > 1 else []


def weigh_curve(rows: Sequence[Row], pairs: int | None) -> dict[str, Any]:
    """Return the learning curve's points, its law and its sentence; empty without three points and two clusters."""
    by_size: dict[int, Losses] = {}
    for row in rows:
        is_whole = row["set"] == "test" and row["adapted"]
        size = row["n"] if row["set"] == "curve" else pairs if is_whole else None
        if size:
            by_size.setdefault(size, {})[row["pair_id"]] = (row["nats"], row["tokens"], row["cluster"])
    sizes = sorted(by_size)
    if len(sizes) < 3 or len({cluster for _, _, cluster in by_size[sizes[-1]].values()}) < 2:
        return {}
    points = [(n, total(by_size[n], None)) for n in sizes]
    law = fit_law(points)
    last = sizes[-1]
    gains = [gain_of_doubling(by_size, draw) for draw in draw_clusters(by_size[last])]
    low, high = np.quantile(gains, (0.025, 0.975)).tolist()
    gain = law.at(last) - law.at(2 * last)
    return {
        "points": [{"pairs": n, "loss": loss} for n, loss in points],
        "law": law._asdict(),
        "doubling": {"pairs": last, "gain": gain, "ci": (low, high)},
        "sentence": curve_sentence(last, gain, low, high),
    }


def total(losses: Losses, draw: Mapping[str, int] | None) -> float:
    """Return nats a token over all probes, each cluster as often as *draw* says."""
    nats = math.fsum(loss * (1 if draw is None else draw.get(cluster, 0)) for loss, _, cluster in losses.values())
    tokens = sum(count * (1 if draw is None else draw.get(cluster, 0)) for _, count, cluster in losses.values())
    return nats / tokens


def fit_law(points: Sequence[tuple[int, float]]) -> Law:
    """Return the law with a, b ≥ 0 that fits *points* best, the exponent from a grid."""
    sizes = np.asarray([n for n, _ in points], dtype=np.float64)
    losses = np.asarray([loss for _, loss in points], dtype=np.float64)
    best, least = Law(float(losses.mean()), 0.0, 1.0), float(((losses - losses.mean()) ** 2).sum())
    for c in EXPONENTS:
        x = sizes**-c
        spread = float(((x - x.mean()) ** 2).sum())
        b = max(0.0, float(((x - x.mean()) * (losses - losses.mean())).sum()) / spread)
        a = float(losses.mean() - b * x.mean())
        if a < 0:
            a, b = 0.0, float((x * losses).sum() / (x * x).sum())
        error = float(((losses - a - b * x) ** 2).sum())
        if error < least:
            best, least = Law(a, b, c), error
    return best


def gain_of_doubling(by_size: Mapping[int, Losses], draw: Mapping[str, int]) -> float:
    """Return what twice the pairs would take off the loss, by the law of one draw of clusters."""
    points = [(n, total(by_size[n], draw)) for n in sorted(by_size)]
    law = fit_law(points)
    return law.at(points[-1][0]) - law.at(2 * points[-1][0])


def draw_clusters(losses: Losses) -> list[dict[str, int]]:
    """Return draws of clusters with replacement, always the same."""
    clusters = sorted({cluster for _, _, cluster in losses.values()})
    random = np.random.default_rng(len(clusters))
    counts = random.multinomial(len(clusters), [1 / len(clusters)] * len(clusters), size=DRAWS)
    return [dict(zip(clusters, map(int, row), strict=True)) for row in counts]


def curve_sentence(pairs: int, gain: float, low: float, high: float) -> str:
    """Return what the curve says of more data."""
    if low <= LEAST_GAIN:
        guess = f"twice as many are worth {gain:.3f} nats a token at best guess"
        return f"It is not shown that more than {pairs:,} pairs would help: {guess}."
    about = f"Twice the {pairs:,} pairs, read as often, would lower the loss by about {gain:.3f} nats a token"
    return f"{about} ({low:.3f} to {high:.3f})."


def weigh_kinds(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return for each measured kind what its dropped pairs were worth, with an interval."""
    whole = [row for row in rows if row["set"] == "test" and row["adapted"]]
    found: list[dict[str, Any]] = []
    for kind in sorted({row["kind"] for row in rows if row["set"] == "kind"}):
        less = [row for row in rows if row["set"] == "kind" and row["kind"] == kind]
        pairs, worth = less[0]["n"], worth_of(less, whole)
        found.append({"kind": kind, "pairs": pairs, **worth, "sentence": kind_sentence(kind, pairs, **worth)})
    return found


def weigh_reading(rows: Sequence[Row]) -> dict[str, Any]:
    """
    Return what pairs and time are worth by themselves, with intervals; empty where that was not measured.

    The time: all pairs at half the steps against all steps. The pairs: half of them against all, at half the steps.
    """
    shorter = [row for row in rows if row["set"] == "reading"]
    parts = [row for row in rows if row["set"] == "curve"]
    if not shorter:
        return {}
    half = max(row["n"] for row in parts)
    time = worth_of(shorter, [row for row in rows if row["set"] == "test" and row["adapted"]])
    pairs = worth_of([row for row in parts if row["n"] == half], shorter)
    counts = {"pairs": shorter[0]["n"], "half": half}
    return {**counts, "by_time": time, "by_pairs": pairs, "sentence": reading_sentence(half, time, pairs)}


def worth_of(less: Sequence[Row], more: Sequence[Row]) -> dict[str, Any]:
    """Return how many nats a token lower the loss of *more* is than that of *less*, on the probes of *less*."""
    known, before = nats_of(more, adapted=True), nats_of(less, adapted=True)
    clusters = {row["pair_id"]: row["cluster"] for row in less}
    after = {probe: known[probe] for probe in before}
    worth = compare("answer_loss", ("less", before), ("more", after), clusters, tokens=tokens_of(less))
    return {"worth": worth.mean_diff, "ci": worth.ci}


def reading_sentence(half: int, time: Mapping[str, Any], pairs: Mapping[str, Any]) -> str:
    """Return what more time and what more pairs are worth alone, as far as that is shown."""
    by_pairs, by_time = (say_worth(**found) or "nothing that could be shown" for found in (pairs, time))
    return (
        f"In as many steps, all pairs were worth {by_pairs} against {half:,} of them; "
        f"on all pairs, twice the steps were worth {by_time}."
    )


def kind_sentence(kind: str, pairs: int, worth: float, ci: tuple[float, float] | None) -> str:
    """Return what more pairs of one kind would be worth, as far as leaving some out tells."""
    said = say_worth(worth, ci)
    if said is None:
        return f"that pairs of kind `{kind}` are worth anything is not shown by the {pairs:,} that there are"
    return f"{pairs:,} pairs of kind `{kind}`, with the steps that they take, are worth {said}"


def say_worth(worth: float, ci: tuple[float, float] | None) -> str | None:
    """Return a worth and its interval in words, or None where the interval does not lie above nothing."""
    return f"{worth:.3f} nats a token ({ci[0]:.3f} to {ci[1]:.3f})" if ci is not None and ci[0] > 0 else None
