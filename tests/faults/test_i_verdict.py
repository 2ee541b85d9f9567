"""
Group I: what the verdict says where the truth is known.
"""

from __future__ import annotations

import importlib
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from idiolect.evaluation.statistics import design_effect, pairs_needed

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(name="simulated", scope="module")
def _simulated():
    """Return the benchmark that draws suites of known truth and asks the product for its verdict."""
    sys.path.insert(0, str(ROOT))
    try:
        return importlib.import_module("benchmarks.statistics")
    finally:
        sys.path.remove(str(ROOT))


@pytest.mark.parametrize(("clusters", "size"), [(80, 4), (12, 8)], ids=["320-probes", "12-clusters"])
def test_I01_equal_arms(simulated, clusters, size):
    """A thousand suites of two arms that are equally good: at most 2.5 % are called worth it."""
    truth = simulated.Truth(clusters, size, 0.0, 0.2)
    words = simulated.measure_words(np.random.default_rng(clusters), truth, 1_000)

    assert words.get("WORTH_IT", 0.0) <= 0.025
    assert words["INCONCLUSIVE"] > 0.5 or words["NOT_WORTH_IT"] > 0.5


def test_I01_a_gate_between_equals_rarely_rings(simulated):
    """An adapter compared with its equal, as a whole and by folder, is called worse at most once in twenty."""
    assert simulated.measure_alarms(np.random.default_rng(2), 200) <= 0.05


def test_I02_a_true_gain(simulated):
    """A gain of the worthwhile five points and five more, on as many probes as planned: seen four times in five."""
    size = 5
    needed = math.ceil(pairs_needed(0.05, 0.2) * design_effect([size] * 100, 0.05))
    truth = simulated.Truth(math.ceil(needed / size), size, 0.1, 0.2)
    words = simulated.measure_words(np.random.default_rng(3), truth, 200)

    assert words["WORTH_IT"] >= 0.8


def test_I02_a_harm_of_that_size_is_never_worth_it(simulated):
    truth = simulated.Truth(100, 5, -0.1, 0.2)

    assert "WORTH_IT" not in simulated.measure_words(np.random.default_rng(4), truth, 100)
