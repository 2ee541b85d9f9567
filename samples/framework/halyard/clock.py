'''
Time in the house: whole minutes since the epoch. The one place that reads a clock, so that tests can stop it.
'''

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

HOUR = 60
DAY = 24 * HOUR
_stopped: list[int] = list()


def now() -> int:
    '''
    Return this minute.
    '''
    return _stopped[-1] if _stopped else int(time.time() // 60)


def nap(seconds: float) -> None:
    '''
    Wait, unless a test has stopped the clock.
    '''
    if not _stopped:
        time.sleep(seconds)


def day_of(minute: int) -> int:
    '''
    Return the number of the day that a minute lies in.
    '''
    return minute // DAY


def time_of_day(minute: int) -> str:
    '''
    Return the minute as a person reads it, such as `06:45`.
    '''
    hours, minutes = divmod(minute % DAY, HOUR)
    return f'{hours:02}:{minutes:02}'


@contextmanager
def stopped_at(minute: int) -> Iterator[None]:
    '''
    Hold the clock at a minute.
    '''
    _stopped.append(minute)
    try:
        yield
    finally:
        _stopped.pop()


@contextmanager
def timing(spent: list[float]) -> Iterator[None]:
    '''
    Add the seconds that the block takes to *spent*.
    '''
    started = time.perf_counter()
    try:
        yield
    finally:
        spent.append(time.perf_counter() - started)
