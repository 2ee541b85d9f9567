"""
How many probes an evaluation takes. In: a task and its minutes. Out: a number, or the reason why they are too few.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from ..mining.errors import TooSmallError
from ..mining.pairs.pair import Pair
from ..mining.split import LEAST_CLUSTERS, LEAST_TASKS
from ..mining.wording import counted
from .checks.check import LOST
from .measure import whole_sets
from .probes import TAUGHT_BEFORE, Probe, Suite, select_probes
from .record import read_started
from .task import TOO_LONG, Bench, Task

DEFAULT_PROBES = 200
GENERATION_SHARE = 0.8
"""Of the given minutes at most; the rest goes to losses, checks and the report."""
PILOT, LARGER = 8, 32
"""Requests that are timed to turn minutes into probes; where those take little, as many together take less each."""
LARGER_SHARE = 0.05
"""Of the minutes, what timing so many may take."""
SAMPLED = 16
"""Of so many general texts one is timed, to tell how long their losses take."""


def choose_count(task: Task, bench: Bench, began: float) -> int:
    """
    Return how many test probes to admit: as asked, or what the minutes since it *began* allow by a short timing.

    *began* is a time of `time.monotonic`. A run that goes on takes the number it began with, so that the clock decides
    once.
    """
    if task.probes is not None or task.minutes is None:
        return task.probes or DEFAULT_PROBES
    earlier = read_started(task)
    if earlier is not None:
        return earlier
    pilot = select_probes(task.corpus, "validation", LARGER, bench.admit).probes
    pilot = pilot or select_probes(task.corpus, "test", LARGER, bench.admit).probes
    if not pilot:
        return LEAST_TASKS
    given = task.minutes * 60
    answers = time_request(task, bench, pilot, given) * count_answers(task)
    once, each = time_losses(task, pilot[:PILOT])
    left = given - (time.monotonic() - began) - once
    return max(LEAST_TASKS, int(min(given * GENERATION_SHARE / answers, left / (answers + each))))


def count_answers(task: Task) -> float:
    """Return how many answers a test probe takes, its share of those to validation probes among them."""
    # there are half as many of these
    weights = {"test": 1.0, "validation": 0.5}
    return sum(asked.samples * weights[split] for asked in task.asked for split in asked.splits)


def time_request(task: Task, bench: Bench, pilot: Sequence[Probe], given: float) -> float:
    """Return the seconds a request takes, of *given*; by all of *pilot* where its first few take little."""
    spent = time_arms(task, bench, pilot[:PILOT])
    if len(pilot) <= PILOT or 2 * spent * len(pilot) > LARGER_SHARE * given:
        return spent
    return time_arms(task, bench, pilot)


def time_arms(task: Task, bench: Bench, pilot: Sequence[Probe]) -> float:
    """Return the seconds a request takes, the mean of the arm with the shortest and that with the longest prompt."""
    spent = 0.0
    ends = (task.arms[0], max(task.arms, key=lambda arm: arm.guide + arm.retrieval))
    for arm in ends:
        began = time.perf_counter()
        bench.ask(arm, pilot, task.generator)
        spent += time.perf_counter() - began
    return spent / (len(ends) * len(pilot))


def time_losses(task: Task, pilot: Sequence[Probe]) -> tuple[float, float]:
    """Return about how many seconds the losses take: those that are the same for any suite, and those of a probe."""
    if task.loss_of is None:
        return 0.0, 0.0
    sets = {own.name: own.pairs for own in whole_sets(task)}
    passes = 1 + (task.adapter is not None)
    some = sets["general"][::SAMPLED]
    text = time_letters(task, some, as_text=True) if some else 0.0
    answer = time_letters(task, [probe.pair for probe in pilot], as_text=False)
    once = passes * (text * count_letters(sets["general"]) + answer * count_letters(sets["applied"]))
    mean = count_letters([probe.pair for probe in pilot]) / len(pilot)
    # the base reads each probe as text, too
    return once, (passes + 1) * answer * mean


def time_letters(task: Task, pairs: Sequence[Pair], *, as_text: bool) -> float:
    """Return the seconds a letter of *pairs* that the base's losses on them take."""
    assert task.loss_of is not None
    began = time.perf_counter()
    task.loss_of(pairs, adapted=False, as_text=as_text)
    return (time.perf_counter() - began) / count_letters(pairs)


def count_letters(pairs: Sequence[Pair]) -> int:
    """Return how many letters are read for the losses on *pairs*."""
    return sum(len(pair.context) + len(pair.instruction) + len(pair.response) for pair in pairs)


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
    elif (long := reasons[TOO_LONG]) + n >= LEAST_TASKS:
        way = f"{long} more are too long for this base; take one that reads longer texts"
    raise TooSmallError(
        f"{counted(n, 'probe')} in {counted(g, 'cluster')} {'was' if n == 1 else 'were'} admitted of "
        f"{counted(suite.candidates, 'held-out pair')}; an evaluation needs {LEAST_TASKS} in {LEAST_CLUSTERS}. {way}"
        + (", or use --force." if n else ".")
    )
