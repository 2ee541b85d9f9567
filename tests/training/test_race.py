"""
The race that a GPU runs, tried on a processor with toy shapes: every arm runs and computes the same losses.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_every_arm_of_the_race_in_bf16_runs_and_agrees(monkeypatch):
    """Whatever is raced is there, and begins with the same loss."""
    pytest.importorskip("trl")
    monkeypatch.syspath_prepend(str(ROOT))
    from benchmarks.training_bf16 import ARMS, LEVERS, ONCE, TOY, run_race

    rows, goals = run_race(TOY, 1)
    raced = [row for row in rows if "arm" in row]

    assert {*ARMS, *ONCE, *LEVERS} == {row["arm"] for row in raced}
    assert all(row["first_loss_difference"] < 1e-4 for row in raced)
    assert {"training.2"} == {goal["name"] for goal in goals}
    sys.modules.pop("benchmarks.training_bf16")
