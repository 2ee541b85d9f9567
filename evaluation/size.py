"""
How many probes an evaluation takes. In: a task and its minutes. Out: a number, or the reason why they are too few.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from ..mining.advice import LEAST_CLUSTERS, LEAST_TASKS
from ..mining.errors import TooSmallError
from .checks.check import LOST
from .probes import TAUGHT_BEFORE, Probe, Suite, select_probes
from .record import read_started
from .task import Bench, Task

DEFAULT_PROBES = 200
GENERATION_SHARE = 0.8
"""Of the given minutes; the rest goes to losses, checks and the report."""
PILOT = 8
"""Requests that are timed to turn minutes into probes."""


def choose_count(task: Task, bench: Bench) -> int:
    """
    Return how many test probes to admit: as asked, or what the given minutes allow by a short timing.

    A run that goes on takes the number it began with, so that the clock decides once.
    """
    if task.probes is not None or task.minutes is None:
        return task.probes or DEFAULT_PROBES
    earlier = read_started(task)
    if earlier is not None:
        return earlier
    pilot = select_probes(task.corpus, "validation", PILOT, bench.admit).probes
    pilot = pilot or select_probes(task.corpus, "test", PILOT, bench.admit).probes
    if not pilot:
        return LEAST_TASKS
    seconds = time_request(task, bench, pilot)
    return max(LEAST_TASKS, int(task.minutes * 60 * GENERATION_SHARE / (seconds * count_answers(task))))


def count_answers(task: Task) -> float:
    """Return how many answers a test probe takes, its share of those to validation probes among them."""
    # there are half as many of these
    weights = {"test": 1.0, "validation": 0.5}
    return sum(asked.samples * weights[split] for asked in task.asked for split in asked.splits)


def time_request(task: Task, bench: Bench, pilot: Sequence[Probe]) -> float:
    """Return the seconds a request takes, the mean of the arm with the shortest and that with the longest prompt."""
    spent = 0.0
    ends = (task.arms[0], max(task.arms, key=lambda arm: arm.guide + arm.retrieval))
    for arm in ends:
        began = time.perf_counter()
        bench.ask(arm, pilot, task.generator)
        spent += time.perf_counter() - began
    return spent / (len(ends) * len(pilot))


def require_size(suite: Suite, forced: bool) -> None:
    """
    Raise `TooSmallError` for a suite that can show nothing; even *forced*, one probe there must be.
    """
    n, g = len(suite.probes), len(suite.sizes)
    if n and (forced or (n >= LEAST_TASKS and g >= LEAST_CLUSTERS)):
        return
    reasons = Counter(reason for _, reason in suite.refused)
    way = "Mine a larger repository"
    if n < LEAST_TASKS and n + len(suite.refused) < suite.candidates:
        way = "More are held out: raise --probes"
    elif known := reasons[TAUGHT_BEFORE]:
        way = f"The adapter was taught {known} more by an earlier corpus; train one on this alone"
    elif lost := reasons[LOST]:
        way = f"This machine lost {lost} more; see to its disk and memory"
    raise TooSmallError(
        f"{n} probes in {g} clusters were admitted of {suite.candidates} held-out pairs; an evaluation needs "
        f"{LEAST_TASKS} in {LEAST_CLUSTERS}. {way}" + (", or use --force." if n else ".")
    )
