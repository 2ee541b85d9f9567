"""
A processor's cores side by side. In: work on independent packs. Out: its results in order, one pack to a core.

Kernels of small models are too short to be cut in two: the cores wait for each other at the end of each, and where
something else runs on one of them, the wait is a time slice long. So each core takes a pack of its own and computes it
alone. Results are joined in order: they do not depend on how many cores there were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Barrier
from typing import TypeVar

import torch

from .recipe import Recipe

Item = TypeVar("Item")
Result = TypeVar("Result")


def count_lanes(device: torch.device) -> int:
    """Return how many packs are computed side by side: a processor's threads; an accelerator is one lane."""
    return torch.get_num_threads() if device.type == "cpu" else 1


def choose_lanes(recipe: Recipe, device: torch.device) -> int:
    """Return how many packs are computed side by side on *device*."""
    return count_lanes(device) if recipe.lanes and recipe.plain_layers else 1


def in_lanes(work: Callable[[Item], Result], items: Iterable[Item], lanes: int) -> list[Result]:
    """Return `work(item)` for each of *items*, in order, *lanes* of them at a time on one thread each."""
    items = list(items)
    if lanes == 1 or len(items) == 1:
        return [work(item) for item in items]
    return list(open_lanes(lanes).map(work, items))


@cache
def open_lanes(lanes: int) -> ThreadPoolExecutor:
    """Return the threads, each of which computes by itself; they stay for the process."""
    whole = torch.get_num_threads()
    pool = ThreadPoolExecutor(lanes, "lane", initializer=compute_alone)
    # all of them start before the caller's own number is back, because a thread begins with the last number set
    together = Barrier(lanes)
    list(pool.map(lambda _: together.wait(), range(lanes)))
    torch.set_num_threads(whole)
    return pool


def compute_alone() -> None:
    """Let this thread compute without help."""
    torch.set_num_threads(1)
    # asking fixes it: torch sets a thread's number once more at its first kernel, from what was set last anywhere
    torch.get_num_threads()
