"""
What conventions are worth, one goal a file. In: installed packages and public histories. Out: rows and goals.

Run: python -m benchmarks.conventions [FILE…]. A file of this folder with a function `measure() -> Measured` is a goal;
the folder is scanned, no list is kept. Naming some files measures those and keeps the rest of the results as they were.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

__all__ = ["Measured"]


class Measured(NamedTuple):
    """
    What one goal's file found.
    """

    rows: Sequence[Mapping[str, Any]]
    goals: Sequence[Mapping[str, Any]]
