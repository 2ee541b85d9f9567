"""
A processor's cores side by side. In: work on independent packs. Out: its results in order.

Kernels of small models are too short to be cut in two: the cores wait for each other at the end of each, and where
something else runs on one of them, the wait is a time slice long. So each core takes a pack of its own and computes it
alone; where there are more cores than packs, they are dealt out evenly. Results are joined in order.
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
    """
    Return `work(item)` for each of *items*, in order, at most *lanes* of them at a time.

    Each lane computes with as many threads as it has of the caller's.
    """
    items = list(items)
    lanes = min(lanes, len(items))
    if lanes <= 1:
        return [work(item) for item in items]
    return list(open_lanes(lanes, max(1, torch.get_num_threads() // lanes)).map(work, items))


@cache
def open_lanes(lanes: int, threads: int) -> ThreadPoolExecutor:
    """Return the lanes, each of which computes with so many *threads*; they stay for the process."""
    whole = torch.get_num_threads()
    pool = ThreadPoolExecutor(lanes, "lane", initializer=compute_with, initargs=(threads,))
    # all of them start before the caller's own number is back, because a thread begins with the last number set
    together = Barrier(lanes)
    list(pool.map(lambda _: together.wait(), range(lanes)))
    torch.set_num_threads(whole)
    return pool


def compute_with(threads: int) -> None:
    """Let this thread compute with so many *threads*, itself among them."""
    torch.set_num_threads(threads)
    # asking fixes it: torch sets a thread's number once more at its first kernel, from what was set last anywhere
    torch.get_num_threads()
