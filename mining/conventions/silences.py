"""
Comments that tell linters to be silent. In: a source. Out: the codes that they silence, each with its lines.

    query.filter(row.end == None)  # noqa: E711
    def setUp(self):  # pylint: disable=invalid-name

Whoever excused a line from a linter's rule meant the line to stay as it is: a convention that names the code asks
nothing there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tree_sitter import Node

from ..source import Source

MARK = re.compile(
    rb"#\s*(?P<whole>(?:flake8|ruff)\s*:\s*)?noqa\b(?:\s*:\s*(?P<codes>[A-Z]+\d+(?:[,\s]+[A-Z]+\d+)*))?"
    rb"|#\s*pylint\s*:\s*disable(?P<next>-next)?\s*=\s*(?P<names>[\w-]+(?:\s*,\s*[\w-]+)*)"
    rb"|#\s*type\s*:\s*ignore\b(?:\[(?P<errors>[^\]\n]*)\])?",
    re.IGNORECASE,
)


class Silence(NamedTuple):
    """
    The lines on which some codes are not reported.
    """

    first: int
    last: int
    codes: tuple[str, ...]
    """How the codes begin: a marker without a code silences all of its linter's."""


def silences_in(source: Source) -> tuple[Silence, ...]:
    """Return what the comments of *source* silence, in order."""
    return tuple(read_marks(source))


def read_marks(source: Source) -> Iterator[Silence]:
    """Yield what each marker silences; what looks like one inside of a string is none."""
    root = source.tree.root_node
    for mark in MARK.finditer(source.utf8):
        node = root.descendant_for_byte_range(mark.start(), mark.start() + 1)
        if node is None or node.type != "comment":
            continue
        codes, line = codes_of(mark), node.start_point.row + 1
        if mark["whole"]:
            yield Silence(1, len(source.line_starts), codes)
        elif mark["next"]:
            yield Silence(line + 1, line + 1, codes)
        elif mark["names"] and node.parent is not None and stands_alone(node):
            yield Silence(line, node.parent.end_point.row + 1, codes)  # to the end of its block
        else:
            yield Silence(line, line, codes)


def codes_of(mark: re.Match[bytes]) -> tuple[str, ...]:
    """Return the codes that a marker names; those of a type checker open with `type: `."""
    is_typing = b"type" in mark[0].lower().partition(b":")[0]
    named = (mark["codes"] or mark["names"] or mark["errors"] or b"").decode()
    return tuple(f"type: {code}" if is_typing else code for code in re.split(r"[,\s]+", named.strip()))


def stands_alone(comment: Node) -> bool:
    """Claim that no code stands before *comment* on its line."""
    before = comment.prev_sibling
    return before is None or before.end_point.row < comment.start_point.row


def is_silenced(silences: tuple[Silence, ...], codes: frozenset[str], line: int) -> bool:
    """Claim that one of *codes* is not reported on *line*."""
    return any(s.first <= line <= s.last and any(code.startswith(s.codes) for code in codes) for s in silences)
