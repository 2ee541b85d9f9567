"""
What `.gitattributes` says is generated or vendored. In: the files' bytes, then a path. Out: why that is no house code.

As GitHub's linguist has it: `*.pb.go linguist-generated`, `sdk/** linguist-vendored`. A file speaks of its own folder,
and what is said further in counts. They are read here, not by git, which before 2.40 tells no attribute of a commit
that is not checked out.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import NamedTuple

from .reading import LARGEST_FILE

FILE = ".gitattributes"
REASONS = {"linguist-generated": "generated", "linguist-vendored": "vendored"}
MOST_MARKS = 1_000
"""Lines that are heeded: each is held against every file."""
QUOTED = re.compile(r'\s*"((?:[^"\\]|\\(?:[abfnrtv"\\]|[0-3][0-7]{2}))*)"(.*)')
"""A line whose pattern is written as a string of C."""
OWN_SIGNS = re.compile(r"\\(.)|\[\^")
"""What git has and `fnmatch` has not: a sign that means itself, and the other way to say "none of these"."""


class Mark(NamedTuple):
    """
    A line about one attribute.
    """

    pattern: tuple[str, ...]
    """By folder; `**` stands for any number of them."""
    reason: str
    is_set: bool


def attribute_files(names: Iterable[str]) -> list[str]:
    """Return those of *names* that are files of attributes, one of a folder before those further in."""
    found = (name for name in names if name.endswith(FILE) and name.rpartition("/")[2] == FILE)
    return sorted(found, key=lambda name: (name.count("/"), name))


def files_about(paths: Iterable[str]) -> set[str]:
    """Return the names of all files of attributes that may speak of *paths*, whether or not there are any."""
    return {str(folder / FILE) for path in paths for folder in PurePosixPath(path).parents}


def read_marks(files: Mapping[str, bytes]) -> tuple[Mark, ...]:
    """Return the marks in the `.gitattributes` among *files*, by name, the last of which count; none in a huge one."""
    marks: list[Mark] = []
    for name in attribute_files(files):
        data = files[name]
        if len(data) <= LARGEST_FILE and b"linguist-" in data:
            folder = [glob.escape(part) for part in name.split("/")[:-1]]
            for line in data.decode("utf-8", "replace").splitlines():
                marks.extend(marks_of(line, folder))
    return tuple(marks[:MOST_MARKS])


def marks_of(line: str, folder: Sequence[str]) -> Iterable[Mark]:
    """Yield what one *line* of a file in *folder* says."""
    if not line.strip() or line.lstrip().startswith("#"):
        return
    quoted = QUOTED.match(line)
    pattern, *words = line.split() if quoted is None else [unquoted(quoted[1]), *quoted[2].split()]
    # of these git has none say anything of a file
    if pattern.startswith(("!", "[attr]")) or pattern.endswith("/"):
        return
    parts = pattern.lstrip("/").split("/") if "/" in pattern else ["**", pattern]
    parts = [OWN_SIGNS.sub(lambda sign: glob.escape(sign[1]) if sign[1] else "[!", part) for part in parts]
    for word in words:
        name, _, value = word.partition("=")
        if (reason := REASONS.get(name.lstrip("-!"))) is not None:
            yield Mark((*folder, *parts), reason, name in REASONS and value != "false")


def unquoted(text: str) -> str:
    """Return what a string of C says, of which *text* stands between the quotes; its numbers are those of bytes."""
    return text.encode().decode("unicode_escape").encode("latin-1").decode("utf-8", "replace")


def mark_reason(marks: Sequence[Mark], path: str) -> str:
    """Return `generated` or `vendored` where *marks* say that of *path*, or nothing: the last that fits counts."""
    said: dict[str, bool] = {}
    for mark in reversed(marks):
        if mark.reason not in said and is_match(mark.pattern, path.split("/")):
            said[mark.reason] = mark.is_set
    return next((reason for reason, is_set in said.items() if is_set), "")


def is_match(pattern: Sequence[str], names: Sequence[str]) -> bool:
    """Claim that *pattern* fits the whole path of *names*; part by part, so that no pattern takes long."""
    ends = {0}
    for part in pattern:
        if part == "**":
            ends = set(range(min(ends), len(names) + 1)) if ends else ends
        else:
            ends = {end + 1 for end in ends if end < len(names) and fnmatchcase(names[end], part)}
    return len(names) in ends
