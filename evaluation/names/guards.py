"""
What code is ready for. In: a location. Out: whether a block around it expects a failure there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile

from .location import Location

HANDLED = re.compile(rb"except\b.*\b(?:Import|ModuleNotFound|Attribute|Name|Type)Error\b")
"""A handler for what a name does that does not exist."""
HANDLED_BROADLY = re.compile(rb"except\s*(?::|.*\bException\b)")
EXPECTED = re.compile(rb"\b(?:(?:assert_r|assertR|r)aises\w*\s*\(|suppress\(.*\b(?:Import|Attribute|Name|Type)Error\b)")
"""A line that says of what it calls that it fails."""
CHOICE = re.compile(rb"(?:el)?if\b.*(?:version|hasattr|getattr|find_spec|available|_(?:lt|le|ge|gt)_)", re.IGNORECASE)
"""A branch taken with some versions of what is installed, and not with others."""
RUNNING = re.compile(rb"(?:el)?if\b.*\bsys\.(?:version_info|platform)\b")
"""A branch taken with some versions of Python, or on some platforms."""
LEAVING = re.compile(rb"(?:return|raise)\b")
ASSERTED = re.compile(rb"\s*assert isinstance\(")
FUNCTION = re.compile(rb"\s*(?:async )?def\b")
FAILING = re.compile(rb"@.*\b(?:xfail|expectedFailure|skip)\b")
"""A decorator by which a test is to fail, or never runs."""
SKIPPED = re.compile(rb"@.*\bskip_?(?:if|unless)\b", re.IGNORECASE)
"""A decorator by which a test runs on some machines, and not on others."""


def is_expected(at: Location) -> bool:
    """Claim that the line *at* which one looks is to fail, or that a block around it is ready, whosever the name is."""
    return EXPECTED.search(at.own) is not None or any(
        EXPECTED.search(line) or FAILING.match(line) or (line.startswith(b"try:") and is_handled(HANDLED, at, depth))
        for line, depth in lines_around(at)
    )


def is_guarded(at: Location) -> bool:
    """Claim that the line stands in a block that is ready for another version of what is installed."""
    return is_left_over(at) or any(
        CHOICE.match(line)
        or SKIPPED.match(line)
        or (line.startswith(b"try:") and is_handled(HANDLED_BROADLY, at, depth))
        for line, depth in lines_around(at)
    )


def is_left_over(at: Location) -> bool:
    """Claim that a branch above the line, in its block, leaves the function with some versions of Python."""
    own, last = indent_of(at.own), b""
    for line in reversed(at.lines[: at.place]):
        depth, text = indent_of(line), line.strip()
        if text and depth < own:
            return False
        if depth == own and RUNNING.match(text) and LEAVING.match(last):
            return True
        # of what stands deeper the last line tells where it ends
        last = b"" if depth == own and text else (last or text)
    return False


def is_skipped(at: Location) -> bool:
    """Claim that the line stands in a test that runs on some machines, and not on others."""
    return any(SKIPPED.match(line) for line, _ in lines_around(at))


def lines_around(at: Location) -> Iterator[tuple[bytes, int]]:
    """
    Yield the lines that open the blocks around a line, inner before outer, each with its depth in blanks.

    The decorators of a block belong to what opens it.
    """
    inner, is_head = indent_of(at.own), False
    for above in reversed(at.lines[: at.place]):
        line, depth = above.strip(), indent_of(above)
        if not line or depth > inner or line.startswith((b"#", b")")):
            continue
        is_head = depth < inner or (is_head and line.startswith(b"@"))
        if is_head:
            yield line, depth
            inner = depth


def asserted_above(at: Location) -> Iterator[bytes]:
    """Yield the lines above, in the same function, that assert of what type something is."""
    inner = indent_of(at.own)
    for line in reversed(at.lines[: at.place]):
        if FUNCTION.match(line) and indent_of(line) < inner:
            return
        if ASSERTED.match(line):
            yield line


def is_handled(handler: re.Pattern[bytes], at: Location, depth: int) -> bool:
    """Claim that one of the handlers of the block *depth* blanks deep around a line is such a *handler*."""
    after = (line.strip() for line in at.lines[at.number :] if line.strip() and indent_of(line) <= depth)
    return any(map(handler.match, takewhile(lambda line: line.startswith(b"except"), after)))


def indent_of(line: bytes) -> int:
    """Return how many blanks *line* begins with."""
    return len(line) - len(line.lstrip())
