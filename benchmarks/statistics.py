"""
Are the statistics and the verdict calibrated? In: simulated suites whose truth is known. Out: how often each is right.

Run: python -m benchmarks.statistics [SUITES]. Binary answers of two arms, correlated within clusters through a shared
latent normal; everything else is the product's own code, from `compare` to `decide`.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from idiolect.evaluation.gate import list_regressions
from idiolect.evaluation.policy import Policy
from idiolect.evaluation.statistics import Comparison, NonInferiority, compare, design_effect, pairs_needed, plan_suite
from idiolect.evaluation.verdict import Evidence, decide

from .results import make_goal, write_results

RHO = 0.3
"""Latent correlation within a cluster: strong."""
HOLDS = NonInferiority(0.0, 0.01, 0.1, True)


@dataclass(frozen=True, slots=True)
class Truth:
    """
    What is true of a simulated suite.
    """

    clusters: int
    size: int
    gain: float
    discordant: float
    first: int | None = None
    """Probes of the first cluster, where it has more than the others."""

    @property
    def sizes(self) -> list[int]:
        """The probes of each cluster."""
        return [self.first or self.size] + [self.size] * (self.clusters - 1)


def draw(random: np.random.Generator, truth: Truth) -> tuple[dict[str, float], dict[str, float], dict[str, str]]:
    """Return acceptance by probe of two arms, and the clusters."""
    names = np.repeat(np.arange(truth.clusters), truth.sizes)
    shared = random.normal(0, 1, truth.clusters)[names]
    latent = math.sqrt(RHO) * shared + math.sqrt(1 - RHO) * random.normal(0, 1, len(names))
    better, worse = (truth.discordant + truth.gain) / 2, (truth.discordant - truth.gain) / 2
    normal = NormalDist()
    low = normal.inv_cdf(worse) if worse > 0 else -math.inf
    high = normal.inv_cdf(1 - better) if better > 0 else math.inf
    differences = (latent > high).astype(int) - (latent < low)
    agreed = random.random(differences.shape) < 0.4
    a: dict[str, float] = {}
    b: dict[str, float] = {}
    clusters: dict[str, str] = {}
    for place, (cluster, difference) in enumerate(zip(names, differences, strict=True)):
        probe = f"{cluster:04d}.{place:05d}"
        a[probe] = float(difference > 0 or (difference == 0 and agreed[place]))
        b[probe] = a[probe] - float(difference)
        clusters[probe] = str(cluster)
    return a, b, clusters


def compare_suite(random: np.random.Generator, truth: Truth) -> Comparison:
    """Return the product's comparison of one simulated suite."""
    a, b, clusters = draw(random, truth)
    return compare("accept@1", ("tuned", a), ("base", b), clusters)


def judge_suite(random: np.random.Generator, truth: Truth) -> str:
    """Return the product's verdict on one simulated suite whose integrity and general ability hold."""
    primary = compare_suite(random, truth)
    policy = Policy()
    evidence = Evidence(
        primary=primary,
        prompt_gain=None,
        plan=plan_suite(truth.sizes, policy.minimum_gain, discordant=max(0.1, primary.discordant)),
        integrity=(),
        forgetting=HOLDS,
        secrets=0,
        break_even=None,
        policy=policy,
    )
    return decide(evidence).word


def measure_coverage(random: np.random.Generator, truth: Truth, suites: int) -> float:
    """Return how often the 95 % interval holds the true gain."""
    held = 0
    for _ in range(suites):
        low, high = compare_suite(random, truth).ci or (0.0, 0.0)
        held += low <= truth.gain <= high
    return held / suites


def measure_words(random: np.random.Generator, truth: Truth, suites: int) -> dict[str, float]:
    """Return the share of each verdict."""
    words = [judge_suite(random, truth) for _ in range(suites)]
    return {word: words.count(word) / suites for word in sorted(set(words))}


def measure_alarms(random: np.random.Generator, suites: int) -> float:
    """Return how often the gate calls an adapter worse than its own equal: 40 clusters, five folders."""
    alarms = 0
    for _ in range(suites):
        a, b, clusters = draw(random, Truth(40, 8, 0.0, 0.2))
        parts = {"": list(a)} | {str(f): [i for i in a if int(clusters[i]) % 5 == f] for f in range(5)}
        compared = [
            compare(name, ("new", {i: a[i] for i in ids}), ("promoted", {i: b[i] for i in ids}), clusters)
            for name, ids in parts.items()
        ]
        alarms += bool(list_regressions(compared, Policy().slice_margin))
    return alarms / suites


def main(suites: int) -> None:
    """Simulate, print and write."""
    random = np.random.default_rng(20260101)
    rows: list[dict[str, object]] = []
    coverages: list[float] = []
    for clusters in (8, 10, 15, 20, 50):
        for discordant in (0.1, 0.3):
            for size in (4, 8):
                truth = Truth(clusters, size, 0.05, discordant)
                coverages.append(measure_coverage(random, truth, suites))
                rows.append({"what": "coverage", "clusters": clusters, "size": size, "discordant": discordant,
                             "share": coverages[-1]})  # fmt: skip
    uneven: list[float] = []
    for clusters, size, first in ((8, 8, 60), (20, 5, 100), (40, 3, 100), (100, 6, 300)):
        for discordant in (0.1, 0.3):
            truth = Truth(clusters, size, 0.05, discordant, first)
            uneven.append(measure_coverage(random, truth, suites))
            rows.append({"what": "coverage, one large cluster", "clusters": clusters, "size": size, "first": first,
                         "discordant": discordant, "share": uneven[-1]})  # fmt: skip
    null = measure_words(random, Truth(80, 8, 0.0, 0.2), suites)
    rows.append({"what": "no gain, 640 probes", "clusters": 80, "size": 8, "discordant": 0.2, **null})
    size = 5
    needed = math.ceil(pairs_needed(0.05, 0.2) * design_effect([size] * 100, 0.05))
    planned = Truth(math.ceil(needed / size), size, 0.1, 0.2)
    power = measure_words(random, planned, suites)
    rows.append({"what": "a gain of m + 5, planned probes", "clusters": planned.clusters, "size": size,
                 "discordant": 0.2, **power})  # fmt: skip
    negative = 0.0
    for clusters, few in ((8, 3), (10, 4), (15, 4)):
        words = measure_words(random, Truth(clusters, few, 0.0, 0.2), suites)
        rows.append({"what": "no gain, few probes", "clusters": clusters, "size": few, "discordant": 0.2, **words})
        negative = max(negative, words.get("NOT_WORTH_IT", 0.0) + words.get("RAG_SUFFICES", 0.0))
    alarms = measure_alarms(random, suites)
    rows.append({"what": "gate alarms between equals", "clusters": 40, "size": 8, "discordant": 0.2, "share": alarms})
    low, high, false = min(coverages), max(coverages), null.get("WORTH_IT", 0.0)
    right = power.get("WORTH_IT", 0.0)
    write_results(
        "statistics",
        rows,
        [
            make_goal("evaluation.1", "lowest coverage of the 95 % interval", low, "0.93 to 0.97", 0.93 <= low <= 0.97),
            make_goal(
                "evaluation.1", "highest coverage of the 95 % interval", high, "0.93 to 0.97", 0.93 <= high <= 0.97
            ),
            make_goal(
                "evaluation.1",
                "lowest coverage where one cluster is large",
                min(uneven),
                ">= 0.92",
                min(uneven) >= 0.92,
            ),
            make_goal("evaluation.1", f"false WORTH_IT over {suites} null suites", false, "<= 0.025", false <= 0.025),
            make_goal("evaluation.1", "WORTH_IT at a gain of m + 5, planned probes", right, ">= 0.80", right >= 0.8),
            make_goal("evaluation.1", "a no from few probes without a gain", negative, "0", negative == 0),
            make_goal("evaluation.1", "gate alarms between equals", alarms, "<= 0.05", alarms <= 0.05),
        ],
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
