"""
Statistics: against published tables, closed forms, and simulated truth.
"""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from idiolect.evaluation.distributions import t_quantile, t_tail
from idiolect.evaluation.integrity import check_repeat
from idiolect.evaluation.statistics import (
    Reduction,
    chance_of_better,
    cluster_sums,
    clustered_error,
    compare,
    degrees_of_freedom,
    holm,
    interval,
    judge_non_inferiority,
    mcnemar_p,
    mean_interval,
    pairs_needed,
    plan_suite,
    relative_change,
    sign_flip_p,
    sign_patterns,
    t_test_p,
)


@pytest.mark.parametrize(
    ("df", "published"),
    [(1, 12.7062), (4, 2.7764), (7, 2.3646), (30, 2.0423), (100, 1.9840), (100_000, 1.9600)],
)
def test_t_quantile_agrees_with_printed_tables(df, published):
    """The 97.5 % quantile of Student's t is that of the tables."""
    assert published == pytest.approx(t_quantile(0.975, df), abs=1e-4)
    assert pytest.approx(t_tail(published, df), abs=1e-5) == 0.025


@pytest.mark.parametrize(
    ("gain", "discordant", "pairs"),
    [(0.03, 0.1, 870), (0.03, 0.4, 3487), (0.05, 0.2, 626), (0.08, 0.3, 366), (0.1, 0.4, 312), (0.2, 0.3, 57)],
)
def test_pairs_needed_agrees_with_the_formula_for_mcnemar(gain, discordant, pairs):
    """The planner follows Connor's formula (1987)."""
    assert pairs == pairs_needed(gain, discordant)


def test_one_probe_a_cluster_gives_the_ordinary_standard_error():
    """Without clusters, the clustered error is the textbook's."""
    values = [0.3, -0.2, 0.5, 0.1, 0.0, 0.4]

    error = clustered_error(cluster_sums(values, list("abcdef"), [1] * 6), bounded=False)

    assert np.std(values, ddof=1) / math.sqrt(6) == pytest.approx(error)


def test_equal_arms_keep_an_interval_with_width():
    """No difference on 20 probes is not certainty."""
    same = {str(i): 1.0 for i in range(20)}

    comparison = compare("accept@1", ("a", same), ("b", same), {i: i for i in same})

    assert comparison.mean_diff == 0
    assert comparison.ci[0] < -0.05 < 0.05 < comparison.ci[1]
    assert comparison.p == 1.0


def test_one_cluster_has_no_error_and_an_interval_of_everything():
    """A single cluster says nothing about others."""
    comparison = compare("accept@1", ("a", {"x": 1.0, "y": 1.0}), ("b", {"x": 0.0, "y": 0.0}), {"x": "c", "y": "c"})

    assert comparison.se is None
    assert comparison.ci == (-1.0, 1.0)
    assert comparison.p is None
    assert (interval(0.5, None, 0.0, bounded=False), degrees_of_freedom([2])) == (None, 0)
    assert mean_interval({"x": 1.0, "y": 1.0}, {"x": "c", "y": "c"}) == (0.0, 1.0)
    assert relative_change({"x": 1.0}, {"x": 2.0}, {"x": "c"}) == Reduction(0.5, None)


def test_two_clusters_by_hand():
    """1 and 0 vary by a half about their mean: an error of 0.5 as the textbook has it, and no less for a rate."""
    apart = cluster_sums([1.0, 0.0], ["c", "d"], [1, 1])
    alike = cluster_sums([0.5, 0.5], ["c", "d"], [1, 1])

    assert clustered_error(apart, bounded=False) == pytest.approx(0.5)
    assert clustered_error(alike, bounded=True) == pytest.approx(0.5)
    assert clustered_error(alike, bounded=False) == 0
    assert mean_interval({"x": 1.0, "y": 0.0}, {"x": "c", "y": "d"}) == pytest.approx((0.0015, 0.9985), abs=1e-4)


def test_a_rate_s_interval_ends_where_rates_do():
    """0.9 and 2.0423 errors of 0.1 on each side; nothing lies beyond 1, unless the endpoint is no rate."""
    half = 0.20423

    assert interval(0.9, 0.1, 30, bounded=False) == pytest.approx((0.9 - half, 0.9 + half), abs=1e-5)
    assert interval(0.9, 0.1, 30, bounded=True) == pytest.approx((0.9 - half, 1.0), abs=1e-5)
    assert interval(-0.9, 0.1, 30, bounded=True) == pytest.approx((-1.0, half - 0.9), abs=1e-5)


@pytest.mark.parametrize(("mean", "se", "p"), [(0.0, 0.0, 1.0), (0.1, 0.0, 0.0), (-0.20423, 0.1, 0.05)])
def test_the_p_value_has_two_sides(mean, se, p):
    """No difference is no evidence, one without doubt is all; else the tables' 5 % lie at their quantile."""
    assert t_test_p(mean, se, 30) == pytest.approx(p, abs=1e-5)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        pytest.param({"x": 1.0}, {"x": 1.0, "y": 0.0}, id="a missing probe"),
        pytest.param({"x": math.nan, "y": 1.0}, {"x": 1.0, "y": 1.0}, id="no number"),
        pytest.param({}, {}, id="nothing"),
    ],
)
def test_what_cannot_be_compared_is_refused(a, b):
    """A missing sample or a NaN is never averaged away."""
    with pytest.raises(ValueError, match="accept@1"):
        compare("accept@1", ("a", a), ("b", b), {"x": "c", "y": "d"})


def test_few_clusters_are_judged_by_sign_flips():
    """Below 8 clusters the p-value comes from 2^G sign patterns."""
    values = {str(i): 1.0 for i in range(10)}

    comparison = compare(
        "accept@1", ("a", values), ("b", dict.fromkeys(values, 0.25)), {i: str(int(i) % 5) for i in values}
    )

    assert comparison.method == "sign-flip"
    assert comparison.p == 2 / 2**5
    assert (comparison.mean_a, comparison.mean_b, comparison.mean_diff) == (1.0, 0.25, 0.75)


def test_eight_clusters_are_judged_by_students_t():
    """From 8 on the p-value is that of the interval; arms differ on the probes where one alone is accepted."""
    a = {str(i): float(i % 4 < 2) for i in range(16)}
    b = {str(i): float(i % 4 == 1) for i in range(16)}

    comparison = compare("accept@1", ("a", a), ("b", b), {i: str(int(i) % 8) for i in a})

    assert (comparison.g, comparison.method) == (8, "clustered-t")
    assert comparison.p == pytest.approx(2 * t_tail(comparison.mean_diff / comparison.se, 7))
    assert comparison.p != comparison.p_flip
    assert comparison.discordant == 0.25
    assert comparison.mde == pytest.approx(comparison.se * (2.3646 + 0.8960), rel=1e-4)


def test_sign_flips_of_two_by_hand():
    """Of the four patterns of +3 and +1, two reach a sum of 4."""
    assert sign_flip_p([3.0, 1.0]) == 0.5


@pytest.mark.parametrize(
    ("better", "worse"),
    [pytest.param(9, 3, id="all patterns"), pytest.param(21, 11, id="drawn ones"), pytest.param(560, 500, id="many")],
)
def test_sign_flips_of_probes_alone_are_mcnemars_test(better, worse):
    """Where each cluster is one probe that one arm alone solves, both count the same throws of a coin."""
    exact = better + worse <= 12

    assert sign_flip_p([1.0] * better + [-1.0] * worse) == pytest.approx(
        mcnemar_p(better, worse), abs=0 if exact else 0.02
    )


@pytest.mark.parametrize(("clusters", "patterns"), [(3, 8), (12, 4096), (13, 4096)])
def test_signs_are_flipped_and_nothing_else(clusters, patterns):
    """Up to twelve clusters each pattern is looked at once, of more only some; no sign weighs more than the other."""
    signs = sign_patterns(clusters)

    assert signs.shape == (patterns, clusters)
    assert {-1.0, 1.0} == set(np.unique(signs).tolist())
    assert (len(np.unique(signs, axis=0)) == patterns) is (clusters <= 12)


def test_a_pattern_that_no_draw_repeats_counts_itself():
    """Forty clusters of one sign are not drawn again in 4,096: the p-value is small, and never 0."""
    assert sign_flip_p([1.0] * 40) == 1 / 4097


def test_holm_by_hand():
    """Holm multiplies the smallest p by the number of tests, the next by one less, and never falls."""
    names = {str(i): float(i % 2) for i in range(40)}
    base = compare("x", ("a", names), ("b", dict.fromkeys(names, 0.5)), {i: i for i in names})
    adjusted = holm([replace(base, p=0.03), replace(base, p=0.01), replace(base, p=0.04)])

    assert pytest.approx([c.p_holm for c in adjusted]) == [0.06, 0.03, 0.06]
    assert [c.holm_rank for c in adjusted] == [2, 1, 3]
    assert [c.p_holm for c in holm([replace(base, p=0.6), replace(base, p=0.7)])] == [1.0, 1.0]
    assert [c.p_holm for c in holm([replace(base, p=None), replace(base, p=0.02)])] == [None, 0.02]


def test_mcnemar_by_hand():
    """Five of five discordant pairs: 2 / 2^5; four of five: 12 / 2^5; one of two: 1, and no more."""
    assert (mcnemar_p(4, 1), mcnemar_p(1, 1)) == (12 / 32, 1.0)
    assert mcnemar_p(5, 0) == 2 / 32
    assert mcnemar_p(0, 0) == 1.0


def test_the_chance_of_being_better_by_hand():
    """Five of five discordant pairs under a uniform prior: 1 - 1 / 2^6; none: nobody knows; turned round: the rest."""
    assert chance_of_better(5, 0) == pytest.approx(63 / 64)
    assert chance_of_better(0, 0) == pytest.approx(0.5)
    assert chance_of_better(3, 7) == pytest.approx(1 - chance_of_better(7, 3))


def test_plan_grows_with_correlated_clusters():
    """The same probes in fewer clusters see less."""
    many, few = plan_suite([1] * 80, 0.05), plan_suite([20] * 4, 0.05)

    assert many.mde < few.mde
    assert many.needed < few.needed


def test_what_a_plan_sees_shrinks_with_the_design_effect():
    """Forty clusters of ten vary 1 + 9 · 0.05 times as much as four hundred of one, and see a gain the less."""
    alone, together = plan_suite([1] * 400, 0.05), plan_suite([10] * 40, 0.05)

    assert together.mde / alone.mde == pytest.approx(math.sqrt(1.45), rel=0.04)


def test_what_no_suite_can_see_is_said():
    """Few clusters do not even see that all is gained; a gain that is none, or more than all, cannot be planned for."""
    seen = [plan_suite(sizes, 0.05).mde is not None for sizes in ([], [5], [5, 5], [1] * 3, [5] * 3, [1] * 4)]

    assert seen == [False, False, False, False, True, True]
    assert plan_suite([], 0.05).needed == pairs_needed(0.05, 0.2)
    assert plan_suite([10] * 40, 0.05).needed == math.ceil(1.45 * pairs_needed(0.05, 0.2))
    assert pairs_needed(0.5, 0.1) == pairs_needed(0.5, 0.5)
    assert pairs_needed(1.0, 1.0) == 4
    for gain in (0.0, 1.1):
        with pytest.raises(ValueError, match="above 0 and up to 1"):
            pairs_needed(gain, 0.2)


def test_relative_change_of_a_constant_share_is_exact():
    """When every loss falls by a fifth, so does the total, without doubt."""
    base = {str(i): 1.0 + i for i in range(10)}

    change = relative_change({i: 0.8 * v for i, v in base.items()}, base, {i: i for i in base})

    assert pytest.approx(change.fell) == 0.2
    assert pytest.approx(change.ci) == (0.2, 0.2)


def test_losses_are_compared_over_tokens_by_hand():
    """Two nats more over 20 tokens and none over 80: 0.02 a token, whose residuals are 1.6 and -1.6 of 100 tokens."""
    tuned, base, tokens = {"x": 42.0, "y": 160.0}, {"x": 40.0, "y": 160.0}, {"x": 20, "y": 80}

    comparison = compare("loss", ("tuned", tuned), ("base", base), {"x": "c", "y": "d"}, tokens=tokens)

    assert (comparison.mean_a, comparison.mean_b, comparison.mean_diff) == pytest.approx((2.02, 2.0, 0.02))
    assert comparison.se == pytest.approx(1.6 * math.sqrt(1 / 0.8 + 1 / 0.2) / 100)
    assert comparison.mean_diff == pytest.approx(-relative_change(tuned, base, {"x": "c", "y": "d"}).fell * 2.0)


@pytest.mark.parametrize(
    ("shift", "passed"),
    [pytest.param(0.0, True, id="same"), pytest.param(0.5, False, id="worse"), pytest.param(0.1, None, id="unclear")],
)
def test_non_inferiority_has_three_answers(shift, passed):
    """Shown to hold, shown to fail, and neither."""
    noise = np.random.default_rng(3).normal(0, 0.1, 40)
    tuned = {str(i): 2.0 + shift + noise[i] for i in range(40)}
    base = {str(i): 2.0 for i in range(40)}

    comparison = compare(
        "general_loss", ("tuned", tuned), ("base", base), {i: i for i in base}, tokens=dict.fromkeys(base, 1)
    )

    assert passed is judge_non_inferiority(comparison, 0.1).passed


@pytest.mark.parametrize(
    ("worse", "se", "answer"),
    [
        pytest.param(0.1, 0.0, (0.1, True), id="just what is allowed"),
        pytest.param(0.05, 0.02, (0.05 + 1.6973 * 0.02, True), id="its bound is allowed"),
        pytest.param(0.05, 0.03, (0.05 + 1.6973 * 0.03, None), id="its bound is not"),
        pytest.param(0.2, 0.1, (0.2 + 1.6973 * 0.1, False), id="worse, and shown to be"),
        pytest.param(0.2, 0.12, (0.2 + 1.6973 * 0.12, None), id="worse, and not shown to be"),
        pytest.param(0.2, None, (None, None), id="one cluster"),
    ],
)
def test_non_inferiority_by_hand(worse, se, answer):
    """The one-sided bound of 30 degrees of freedom lies 1.6973 errors above what was measured."""
    whole = compare("x", ("a", {"x": 1.0}), ("b", {"x": 0.0}), {"x": "c"})

    judged = judge_non_inferiority(replace(whole, mean_diff=worse, se=se, df=30), 0.1)

    assert (judged.upper, judged.passed) == pytest.approx(answer, abs=1e-5) if se is not None else answer
    assert (judged.worse, judged.margin) == (worse, 0.1)


def test_no_success_in_forty_is_not_drawn_as_certainty():
    """The interval of 0 of 40 reaches above 5 %."""
    low, high = mean_interval({str(i): 0.0 for i in range(40)}, {str(i): str(i) for i in range(40)})

    assert low == 0
    assert 0.05 < high < 0.2


def test_the_interval_of_one_arm_is_wilsons():
    """Of independent probes it is the printed one of 80 of 100, but for a degree of freedom."""
    low, high = mean_interval({str(i): float(i < 80) for i in range(100)}, {str(i): str(i) for i in range(100)})

    assert (low, high) == pytest.approx((0.711, 0.867), abs=0.003)


def test_the_interval_of_one_arm_knows_of_clusters():
    """Where each ten probes go alike, a hundred say no more than the ten clusters that they are of."""
    answers = {str(i): float(i < 80) for i in range(100)}
    together = mean_interval(answers, {i: i.zfill(2)[0] for i in answers})
    ten = mean_interval({str(i): float(i < 8) for i in range(10)}, {str(i): str(i) for i in range(10)})

    assert together == pytest.approx(ten)


def draw_differences(random, clusters, size, rho, gain):
    """Return paired binary differences with a latent correlation within clusters, and their cluster names."""
    shared = random.normal(0, 1, (clusters, 1))
    latent = math.sqrt(rho) * shared + math.sqrt(1 - rho) * random.normal(0, 1, (clusters, size))
    # thresholds that give a mean of *gain* with three of ten probes discordant
    better, worse = (0.3 + gain) / 2, (0.3 - gain) / 2
    low, high = map(NormalDist().inv_cdf, (worse, 1 - better))
    differences = (latent > high).astype(float) - (latent < low)
    return differences.ravel().tolist(), np.repeat(np.arange(clusters).astype(str), size).tolist()


@pytest.mark.parametrize("clusters", [8, 20, 50])
def test_intervals_cover_the_truth_although_probes_are_clustered(clusters):
    """With strong correlation within clusters, the 95 % interval holds the true gain in 93 to 98 of 100 suites."""
    random = np.random.default_rng(clusters)
    covered = 0
    for _ in range(400):
        values, names = draw_differences(random, clusters, 8, 0.3, 0.1)
        sums = cluster_sums(values, names, [1] * len(values))
        low, high = interval(sum(values) / len(values), clustered_error(sums, bounded=True), clusters - 1, bounded=True)
        covered += low <= 0.1 <= high

    assert 0.925 <= covered / 400 <= 0.985


@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param([60] + [8] * 7, id="half in one"),
        pytest.param([100] + [4] * 7, id="nearly all in one"),
        pytest.param([100] + [3] * 39, id="one among many small ones"),
        pytest.param([max(1, 120 // (k + 1)) for k in range(30)], id="each smaller than the last"),
    ],
)
def test_intervals_cover_the_truth_although_clusters_differ_in_size(sizes):
    """A cluster that holds half of the probes makes no interval too short: of a rate, a loss, or a share of it."""
    random = np.random.default_rng(len(sizes))
    names = np.repeat(np.arange(len(sizes)).astype(str), sizes).tolist()
    clusters = {str(i): name for i, name in enumerate(names)}
    held, tokens = [0, 0, 0], {i: int(random.integers(3, 300)) for i in clusters}
    for _ in range(300):
        drawn, _ = draw_differences(random, len(sizes), max(sizes), 0.3, 0.1)
        table = np.reshape(drawn, (len(sizes), -1))
        values = np.concatenate([row[:size] for row, size in zip(table, sizes, strict=True)])
        a = {i: float(value) for i, value in zip(clusters, values, strict=True)}
        low, high = compare("accept@1", ("a", a), ("b", dict.fromkeys(a, 0.0)), clusters).ci
        held[0] += low <= 0.1 <= high
        low, high = relative_change({i: 2.0 - a[i] for i in a}, dict.fromkeys(a, 2.0), clusters).ci
        held[1] += low <= 0.05 <= high
        nats = {i: a[i] * tokens[i] for i in a}
        low, high = compare("loss", ("a", nats), ("b", dict.fromkeys(a, 0.0)), clusters, tokens=tokens).ci
        held[2] += low <= 0.1 <= high

    assert all(0.915 <= count / 300 <= 0.99 for count in held)


def test_degrees_of_freedom_by_hand():
    """Of clusters of one size one less than there are; two give one, whatever their sizes; a large one takes away."""
    assert 7 == pytest.approx(degrees_of_freedom([3] * 8))
    assert 1 == pytest.approx(degrees_of_freedom([1, 50]))
    assert 1 < degrees_of_freedom([100] + [4] * 7) < 2


@pytest.mark.parametrize(("drift", "refused"), [pytest.param(0.0, 0, id="sound"), pytest.param(0.5, 60, id="broken")])
def test_a_repeat_that_is_drawn_anew_loses_no_sound_run(drift, refused):
    """Four drawn answers a probe against one: of 60 sound runs none is INVALID, and a machine that drifts always is."""
    random = np.random.default_rng(7)
    clusters = {str(i): str(i % 40) for i in range(100)}
    found = 0
    for _ in range(60):
        chance = random.beta(1.0, 1.5, 100) * (1 - drift)
        base = dict(zip(clusters, random.binomial(4, chance) / 4, strict=True))
        again = dict(zip(clusters, random.binomial(1, chance + drift).astype(float), strict=True))
        found += check_repeat(compare("a/a", ("base-repeat", again), ("base", base), clusters)).ok is False

    assert refused == found


def test_how_far_base_is_from_its_repeat_is_told_in_points():
    """As every other difference of shares is, with a true minus."""
    base = {str(i): float(i % 4 > 0) for i in range(40)}
    again = dict.fromkeys(base, 0.0)

    reason = check_repeat(compare("a/a", ("base-repeat", again), ("base", base), {i: i for i in base})).reason

    assert reason == "base differs from its own repeat by −75 points, so the machine's noise is too large"
