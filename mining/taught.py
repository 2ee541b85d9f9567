"""
What an adapter was taught, so that nobody asks it later. In: pairs. Out: their marks, in a file of the adapter.

A repository mined anew may hold out what an earlier corpus taught: the newest files are the test, and they were there
before. An answer is known again by its text, white space apart, and by what it is the answer for: a changed function
is no new one.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .artefacts import sha256_json
from .pairs.pair import Pair
from .split import bare

TAUGHT = "taught.txt"
LENGTH = 12
"""Hexadecimal digits of a mark: two of ten thousand marks are alike by chance once in five million times."""


def marks_of(pair: Pair) -> tuple[str, str]:
    """Return the marks of the answer of *pair* and of what it answers for."""
    return sha256_json(bare(pair.response))[:LENGTH], sha256_json([pair.path, pair.symbol])[:LENGTH]


def write_taught(folder: Path, pairs: Iterable[Pair], earlier: Iterable[str] = ()) -> None:
    """Write the marks of *pairs* into *folder*, and those that the adapter it began from had."""
    marks = {mark for pair in pairs for mark in marks_of(pair)} | set(earlier)
    (folder / TAUGHT).write_text("".join(f"{mark}\n" for mark in sorted(marks)), "utf-8")


def read_taught(folder: Path) -> frozenset[str]:
    """Return the marks in *folder*; none where nothing is recorded."""
    file = folder / TAUGHT
    return frozenset(file.read_text("utf-8").split()) if file.is_file() else frozenset()
