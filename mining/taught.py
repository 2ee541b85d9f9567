"""
What an adapter was taught, so that nobody asks it later. In: pairs. Out: their marks, in a file of the adapter.

A repository mined anew may hold out what an earlier corpus taught: the newest files are the test, and they were there
before. An answer is known again by its text, white space apart, and by what it is the answer for: a changed function
is no new one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from .artefacts import sha256_file, sha256_json, write_text
from .errors import MismatchError
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
    write_text(folder / TAUGHT, "".join(f"{mark}\n" for mark in sorted(marks)))


def read_taught(folder: Path, files: Mapping[str, str]) -> frozenset[str]:
    """
    Return the marks in the adapter's *folder*, whose record lists the hashes of its *files*; none where it lists none.

    Raises `MismatchError` where the file is not the one that was recorded.
    """
    if TAUGHT not in files:
        return frozenset()
    file = folder / TAUGHT
    if not file.is_file() or sha256_file(file) != files[TAUGHT]:
        raise MismatchError(f"{TAUGHT!r} in {str(folder)!r} is not the file that was written. Train the adapter again.")
    return frozenset(file.read_text("utf-8").split())
