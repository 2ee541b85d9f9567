"""
What a difference between two arms is worth. In: paired values and their clusters. Out: `Comparison`s and plans.

Pairs of probes from one near-duplicate cluster are not independent, so everything is clustered: the standard error
sums residuals within clusters, and intervals use Student's t. Where clusters are of one size, that is the factor
G/(G-1) and G-1 degrees of freedom; a large cluster takes from both (Bell and McCaffrey, 2002).
`benchmarks/statistics.py` measures that such intervals keep their 95 % down to 8 clusters. Below that, p-values come
from flipping the signs of whole clusters, which assumes nothing about their size.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from statistics import NormalDist
from typing import Any

import numpy as np

from ..mining.split import FEW_CLUSTERS
from .distributions import incomplete_beta, t_quantile, t_tail

ALPHA = 0.05
POWER = 0.8
ICC = 0.05
"""The correlation of differences within a cluster that a plan assumes."""
ALL_FLIPS, DRAWN_FLIPS = 12, 4096
"""Clusters up to which every pattern of signs is looked at, and how many are drawn beyond that."""
NORMAL = NormalDist()


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """
    One endpoint of two arms over the same probes: the mean of (a - b), over probes or, of losses, over their tokens.
    """

    endpoint: str
    a: str
    b: str
    n: int
    """Probes."""
    g: int
    """Clusters."""
    mean_a: float
    mean_b: float
    mean_diff: float
    se: float | None
    """None where one cluster leaves nothing to estimate it from."""
    df: float
    """Degrees of freedom: one less than clusters of one size, fewer where some are larger."""
    ci: tuple[float, float] | None
    """The 95 % interval of the difference."""
    p: float | None
    p_flip: float
    """The p-value from flipping the signs of whole clusters: exact whatever the distribution, a little less sharp."""
    method: str
    """`clustered-t`, or `sign-flip` where clusters are fewer than 8."""
    mde: float | None
    """The smallest true difference that this many probes would detect in 4 of 5 runs."""
    discordant: float
    """The share of probes on which the arms differ."""
    holm_rank: int | None = None
    p_holm: float | None = None


def compare(
    endpoint: str,
    a: tuple[str, Mapping[str, float]],
    b: tuple[str, Mapping[str, float]],
    clusters: Mapping[str, str],
    *,
    tokens: Mapping[str, int] | None = None,
) -> Comparison:
    """
    Compare two arms by probe.

    Without *tokens* values are rates, from 0 to 1 a probe; with them, nats of so many tokens a probe, and means are
    nats a token. Raises `ValueError` when the arms did not answer the same probes, or a value is no number: a missing
    sample must never be averaged away.
    """
    (name_a, values_a), (name_b, values_b) = a, b
    if values_a.keys() != values_b.keys() or not values_a:
        raise ValueError(f"{endpoint}: {name_a} and {name_b} did not answer the same probes")
    ids = sorted(values_a)
    differences = [values_a[i] - values_b[i] for i in ids]
    if not all(math.isfinite(d) for d in differences):
        raise ValueError(f"{endpoint}: a value of {name_a} or {name_b} is no number")
    bounded = tokens is None
    weights = [1 if tokens is None else tokens[i] for i in ids]
    sums = cluster_sums(differences, [clusters[i] for i in ids], weights)
    n, g, whole = len(ids), len(sums.totals), sum(weights)
    se, df = clustered_error(sums, bounded=bounded), degrees_of_freedom(sums.weights)
    mean, p_flip = math.fsum(differences) / whole, sign_flip_p(sums.totals)
    return Comparison(
        endpoint=endpoint,
        a=name_a,
        b=name_b,
        n=n,
        g=g,
        mean_a=math.fsum(values_a.values()) / whole,
        mean_b=math.fsum(values_b.values()) / whole,
        mean_diff=mean,
        se=se,
        df=df,
        ci=interval(mean, se, df, bounded=bounded),
        p=None if se is None else p_flip if g < FEW_CLUSTERS else t_test_p(mean, se, df),
        p_flip=p_flip,
        method="clustered-t" if g >= FEW_CLUSTERS else "sign-flip",
        mde=None if se is None else detectable(se, df),
        discordant=sum(d != 0 for d in differences) / n,
    )


@dataclass(frozen=True, slots=True)
class ClusterSums:
    """
    Values and weights summed within each cluster: their mean is the sum of the totals by the sum of the weights.
    """

    totals: tuple[float, ...]
    weights: tuple[float, ...]


def cluster_sums(values: Sequence[float], clusters: Sequence[str], weights: Sequence[float]) -> ClusterSums:
    """Sum *values* and *weights* within *clusters*."""
    groups: dict[str, list[tuple[float, float]]] = {}
    for value, cluster, weight in zip(values, clusters, weights, strict=True):
        groups.setdefault(cluster, []).append((value, weight))
    ordered = [zip(*groups[name], strict=True) for name in sorted(groups)]
    totals, whole = zip(*(map(math.fsum, columns) for columns in ordered), strict=True)
    return ClusterSums(totals, whole)


def clustered_error(sums: ClusterSums, *, bounded: bool) -> float | None:
    """
    Return the standard error of the mean difference, or None for a single cluster.

    A rate's variance is never less than that of one discordant probe: arms that never differed on 20 probes are not
    known to be equal, and an interval of no width would say so.
    """
    if len(sums.totals) < 2:
        return None
    whole = math.fsum(sums.weights)
    mean = math.fsum(sums.totals) / whole
    residuals = [total - weight * mean for total, weight in zip(sums.totals, sums.weights, strict=True)]
    return math.sqrt(max(variance_of(residuals, sums.weights), 1.0 if bounded else 0.0)) / whole


def variance_of(residuals: Sequence[float], weights: Sequence[float]) -> float:
    """
    Return the variance of a sum, from the *residuals* that clusters of these *weights* leave about their mean.

    A cluster of large weight draws the mean to itself and leaves too small a residual; that is undone.
    """
    whole = math.fsum(weights)
    return math.fsum(residual**2 / (1 - weight / whole) for residual, weight in zip(residuals, weights, strict=True))


def degrees_of_freedom(weights: Sequence[float]) -> float:
    """Return the degrees of freedom of `variance_of`, by Satterthwaite's approximation; 0 for a single cluster."""
    if len(weights) < 2:
        return 0.0
    whole = math.fsum(weights)
    shares = [weight / whole for weight in weights]
    pulls = [share**2 / (1 - share) for share in shares]
    return 1 / (math.fsum(s * s for s in shares) + math.fsum(pulls) ** 2 - math.fsum(p * p for p in pulls))


def interval(mean: float, se: float | None, df: float, *, bounded: bool) -> tuple[float, float] | None:
    """Return the two-sided 95 % interval, within -1 and 1 for rates; a rate with one cluster may be anything."""
    if se is None:
        return (-1.0, 1.0) if bounded else None
    half = t_quantile(1 - ALPHA / 2, df) * se
    low, high = mean - half, mean + half
    return (max(-1.0, low), min(1.0, high)) if bounded else (low, high)


def t_test_p(mean: float, se: float, df: float) -> float:
    """Return the two-sided p-value of Student's t with *df* degrees of freedom."""
    return 1.0 if mean == 0 else (0.0 if se == 0 else 2 * t_tail(abs(mean) / se, df))


def sign_flip_p(totals: Sequence[float]) -> float:
    """
    Return how often flipping clusters' signs gives a sum at least as far from 0 as the one seen.

    All patterns up to 12 clusters, beyond that 4,096 drawn ones, always the same, the pattern seen counted among them.
    """
    values = np.asarray(totals, dtype=np.float64)
    seen = abs(float(values.sum())) - 1e-12
    far = np.abs(sign_patterns(len(totals)) @ values) >= seen
    return float(np.mean(far)) if len(totals) <= ALL_FLIPS else float((1 + np.sum(far)) / (1 + DRAWN_FLIPS))


@cache
def sign_patterns(count: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the patterns of *count* signs that are looked at, one a row."""
    if count <= ALL_FLIPS:
        return np.asarray(list(product((-1.0, 1.0), repeat=count)))
    return np.random.default_rng(count).choice((-1.0, 1.0), size=(DRAWN_FLIPS, count))


def mean_interval(values: Mapping[str, float], clusters: Mapping[str, str]) -> tuple[float, float]:
    """
    Return the 95 % interval of one arm's rate, for a picture.

    Wilson's interval over the effective number of probes, so that 0 of 40 is not drawn as certainty.
    """
    ids = sorted(values)
    n = len(ids)
    rate = math.fsum(values.values()) / n
    sums = cluster_sums([values[i] - rate for i in ids], [clusters[i] for i in ids], [1] * n)
    g = len(sums.totals)
    if g < 2:
        return 0.0, 1.0
    clustered = variance_of(sums.totals, sums.weights) / n**2
    simple = rate * (1 - rate) / n
    effective = n / max(1.0, clustered / simple) if simple > 0 else float(min(n, g))
    z = t_quantile(1 - ALPHA / 2, degrees_of_freedom(sums.weights))
    centre = (rate + z * z / (2 * effective)) / (1 + z * z / effective)
    half = z / (1 + z * z / effective) * math.sqrt(rate * (1 - rate) / effective + z * z / (4 * effective**2))
    return max(0.0, centre - half), min(1.0, centre + half)


@dataclass(frozen=True, slots=True)
class Reduction:
    """
    By how much a total fell: 1 - a/b, as a share.
    """

    fell: float
    ci: tuple[float, float] | None


def relative_change(a: Mapping[str, float], b: Mapping[str, float], clusters: Mapping[str, str]) -> Reduction:
    """Return by what share the total of *a* lies below *b*'s, with a ratio's interval, linearised and clustered."""
    ids = sorted(b)
    total = math.fsum(b.values())
    ratio = math.fsum(a[i] for i in ids) / total
    residuals = [a[i] - ratio * b[i] for i in ids]
    sums = cluster_sums(residuals, [clusters[i] for i in ids], [b[i] for i in ids])
    if len(sums.weights) < 2:
        return Reduction(1 - ratio, None)
    se = math.sqrt(variance_of(sums.totals, sums.weights)) / total
    half = t_quantile(1 - ALPHA / 2, degrees_of_freedom(sums.weights)) * se
    return Reduction(1 - ratio, (1 - ratio - half, 1 - ratio + half))


def holm(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Return *comparisons* with Holm's rank and adjusted p-value; those without a p-value keep none."""
    ranked = sorted((c.p, i) for i, c in enumerate(comparisons) if c.p is not None)
    adjusted, highest = list(comparisons), 0.0
    for rank, (p, index) in enumerate(ranked):
        highest = max(highest, min(1.0, p * (len(ranked) - rank)))
        adjusted[index] = replace(comparisons[index], holm_rank=rank + 1, p_holm=highest)
    return adjusted


def mcnemar_p(better: int, worse: int) -> float:
    """Return the exact two-sided p-value of *better* against *worse* discordant probes, clusters ignored."""
    total = better + worse
    # whole numbers, for a thousand probes give more patterns than a float can count
    tail = sum(math.comb(total, k) for k in range(min(better, worse) + 1))
    return min(1.0, 2 * tail / 2**total)


def chance_of_better(better: int, worse: int) -> float:
    """
    Return the posterior probability that the first arm is the better one, clusters ignored.

    Of each probe either both arms' answers are accepted, or neither, or one arm's alone. Under a uniform prior over
    these four rates the share of the first arm among the discordant probes is Beta(better + 1, worse + 1), and it is
    asked how likely that lies above a half. Few probes need it: a normal approximation is off there (arXiv:2503.01747).
    """
    return 1.0 - incomplete_beta(better + 1, worse + 1, 0.5)


# -- planning, before anything is generated


@dataclass(frozen=True, slots=True)
class Plan:
    """
    What a suite of this size can see, said before it is run.
    """

    probes: int
    clusters: int
    discordant: float
    """The share of probes on which two arms are assumed to differ."""
    icc: float
    """The assumed correlation of differences within a cluster."""
    mde: float | None
    """The smallest true gain found in 4 of 5 runs; None where not even all of the probes are found gained."""
    needed: int
    """Probes needed to find a gain of the minimum worthwhile size."""


def plan_suite(sizes: Sequence[int], gain: float, *, discordant: float = 0.2) -> Plan:
    """Plan a suite whose clusters have *sizes* probes, for a minimum worthwhile *gain*."""
    n, g = sum(sizes), len(sizes)
    effect = design_effect(sizes, ICC)
    se = math.sqrt(discordant / n * effect) if n else math.inf
    found = detectable(se, degrees_of_freedom(sizes)) if g >= 2 else math.inf
    # no arm can gain more than all there is
    mde = found if found <= 1 else None
    return Plan(n, g, discordant, ICC, mde, math.ceil(pairs_needed(gain, discordant) * effect))


def design_effect(sizes: Sequence[int], icc: float) -> float:
    """Return how many times the variance grows because probes come in clusters of *sizes*."""
    return 1 + (sum(size * size for size in sizes) / sum(sizes) - 1) * icc if sizes else 1.0


def detectable(se: float, df: float) -> float:
    """Return the smallest difference that a two-sided 5 % test finds with 80 % power."""
    return se * (t_quantile(1 - ALPHA / 2, df) + t_quantile(POWER, df))


def pairs_needed(gain: float, discordant: float) -> int:
    """Return the pairs that a two-sided 5 % McNemar test needs to find *gain* with 80 % power (Connor, 1987)."""
    if not 0 < gain <= 1:
        raise ValueError(f"a gain lies above 0 and up to 1, got {gain!r}")
    discordant = min(1.0, max(discordant, gain))
    z, power = NORMAL.inv_cdf(1 - ALPHA / 2), NORMAL.inv_cdf(POWER)
    return math.ceil((z * math.sqrt(discordant) + power * math.sqrt(discordant - gain**2)) ** 2 / gain**2)


@dataclass(frozen=True, slots=True)
class NonInferiority:
    """
    Whether something got worse by no more than a margin.
    """

    worse: float
    """The mean worsening: above 0 is worse."""
    upper: float | None
    """The one-sided 95 % upper bound of the worsening."""
    margin: float
    passed: bool | None
    """True: the bound lies below the margin. False: worse by more than the margin. None: neither is shown."""


def judge_non_inferiority(comparison: Comparison, margin: float) -> NonInferiority:
    """
    Judge a comparison whose difference (a - b) is a worsening, as losses are.

    It fails only when the worsening itself lies above the margin with its lower bound above 0.
    """
    worse, se = comparison.mean_diff, comparison.se
    if se is None:
        return NonInferiority(worse, None, margin, None)
    half = t_quantile(1 - ALPHA, comparison.df) * se
    passed = True if worse + half <= margin else (False if worse > margin and worse - half > 0 else None)
    return NonInferiority(worse, worse + half, margin, passed)
