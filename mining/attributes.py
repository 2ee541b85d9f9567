"""
What `.gitattributes` says is generated or vendored. In: the file's bytes, then a path. Out: why that is no house code.

The file at the top is read, as GitHub's linguist has it: `*.pb.go linguist-generated`, `sdk/** linguist-vendored`. It
is read here, not by git, which before 2.40 tells no attribute of a commit that is not checked out.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

FILE = ".gitattributes"
REASONS = {"linguist-generated": "generated", "linguist-vendored": "vendored"}
LARGEST_FILE = 1_000_000
MOST_MARKS = 1_000
"""Lines that are heeded: each is held against every file."""


class Mark(NamedTuple):
    """
    A line about one attribute.
    """

    pattern: tuple[str, ...]
    """By folder; `**` stands for any number of them."""
    reason: str
    is_set: bool


def read_marks(data: bytes | None) -> tuple[Mark, ...]:
    """Return the marks in a `.gitattributes`, in their order; none where there is no such file, or a huge one."""
    if data is None or len(data) > LARGEST_FILE or b"linguist-" not in data:
        return ()
    marks: list[Mark] = []
    for line in data.decode("utf-8", "replace").splitlines():
        pattern, *words = line.split() or [""]
        # git has no pattern that ends in a slash or begins with a `!` say anything of a file
        if words and not pattern.startswith(("#", "!", "[attr]")) and not pattern.endswith("/"):
            marks.extend(mark for word in words if (mark := mark_of(pattern, word)) is not None)
    return tuple(marks[:MOST_MARKS])


def mark_of(pattern: str, word: str) -> Mark | None:
    """Return what one *word* after a *pattern* says, or None where it is of another attribute."""
    name, _, value = word.partition("=")
    reason = REASONS.get(name.lstrip("-!"))
    if reason is None:
        return None
    parts = pattern.lstrip("/").split("/") if "/" in pattern else ["**", pattern]
    return Mark(tuple(parts), reason, name in REASONS and value != "false")


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
