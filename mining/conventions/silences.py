"""
Comments that keep linters and formatters away. In: a source. Out: the codes that they silence, each with its lines.

    query.filter(row.end == None)  # noqa: E711
    def setUp(self):  # pylint: disable=invalid-name
    raise Failed()  # ruff: ignore[raise-without-from-inside-except]
    x = ['a']  # fmt: skip

Whoever excused a line from a linter's rule meant the line to stay as it is: a convention that names the code asks
nothing there, nor does one whose matter a formatter owns where formatters are told to leave the lines alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tree_sitter import Node

from ..source import Source

MARK = re.compile(
    rb"#\s*(?P<whole>(?:flake8|ruff)\s*:\s*)?noqa\b(?:\s*:\s*(?P<codes>[A-Z]+\d+(?:[,\s]+[A-Z]+\d+)*))?"
    rb"|#\s*ruff\s*:\s*(?P<reach>ignore|file-ignore|disable)\s*\[(?P<rules>[^\]\n]+)\]"
    rb"|#\s*pylint\s*:\s*disable(?P<next>-next)?\s*=\s*(?P<names>[\w-]+(?:\s*,\s*[\w-]+)*)"
    rb"|#\s*type\s*:\s*ignore\b(?:\[(?P<errors>[^\]\n]*)\])?"
    rb"|#\s*fmt\s*:\s*(?P<format>off|skip)\b",
    re.IGNORECASE,
)
FORMAT_ON = re.compile(rb"#\s*fmt\s*:\s*on\b")
FORMATTED = frozenset({"fmt"})
"""The code of all that formatters own."""
NAMES = {
    "missing-type-function-argument": "ANN001",
    "missing-type-args": "ANN002",
    "missing-type-kwargs": "ANN003",
    "missing-return-type-public-function": "ANN201",
    "missing-return-type-private-function": "ANN202",
    "missing-return-type-special-method": "ANN204",
    "missing-return-type-static-method": "ANN205",
    "missing-return-type-class-method": "ANN206",
    "raise-without-from-inside-except": "B904",
    "blind-except": "BLE001",
    "unnecessary-collection-call": "C408",
    "missing-trailing-comma": "COM812",
    "missing-copyright-notice": "CPY001",
    "undocumented-public-module": "D100",
    "undocumented-public-class": "D101",
    "undocumented-public-method": "D102",
    "undocumented-public-function": "D103",
    "undocumented-public-package": "D104",
    "undocumented-public-nested-class": "D106",
    "unnecessary-multiline-docstring": "D200",
    "new-line-after-last-paragraph": "D209",
    "multi-line-summary-first-line": "D212",
    "multi-line-summary-second-line": "D213",
    "triple-single-quotes": "D300",
    "missing-trailing-period": "D400",
    "missing-new-line-after-section-name": "D406",
    "missing-dashed-underline-after-section": "D407",
    "missing-terminal-punctuation": "D415",
    "none-comparison": "E711",
    "bare-except": "E722",
    "undefined-name": "F821",
    "future-rewritable-type-annotation": "FA100",
    "future-required-type-annotation": "FA102",
    "logging-string-format": "G001",
    "logging-percent-format": "G002",
    "logging-string-concat": "G003",
    "logging-f-string": "G004",
    "missing-required-import": "I002",
    "unconventional-import-alias": "ICN001",
    "invalid-class-name": "N801",
    "invalid-function-name": "N802",
    "mixed-case-variable-in-global-scope": "N816",
    "error-suffix-on-exception-name": "N818",
    "subprocess-run-without-check": "PLW1510",
    "unspecified-encoding": "PLW1514",
    "pytest-parametrize-names-wrong-type": "PT006",
    "pytest-parametrize-values-wrong-type": "PT007",
    "pytest-unittest-assertion": "PT009",
    "bad-quotes-inline-string": "Q000",
    "bad-quotes-docstring": "Q002",
    "subprocess-popen-with-shell-equals-true": "S602",
    "call-with-shell-equals-true": "S604",
    "start-process-with-a-shell": "S605",
    "open-file-with-context-handler": "SIM115",
    "print": "T201",
    "typing-only-first-party-import": "TC001",
    "typing-only-third-party-import": "TC002",
    "typing-only-standard-library-import": "TC003",
    "missing-todo-author": "TD002",
    "missing-todo-link": "TD003",
    "relative-imports": "TID252",
    "non-pep585-annotation": "UP006",
    "non-pep604-annotation-union": "UP007",
    "super-call-with-parameters": "UP008",
    "printf-string-formatting": "UP031",
    "f-string": "UP032",
    "non-pep604-annotation-optional": "UP045",
}
"""The codes that ruff also knows by these names."""


class Silence(NamedTuple):
    """
    The lines on which some codes are not reported.
    """

    first: int
    last: int
    codes: tuple[str, ...]
    """How the codes begin: a marker without a code silences all of its linter's."""


def silences_in(source: Source) -> Silences:
    """Return what the comments of *source* silence."""
    return Silences(read_marks(source))


def read_marks(source: Source) -> Iterator[Silence]:
    """Yield what each marker silences; what looks like one inside of a string is none."""
    root = source.tree.root_node
    for mark in MARK.finditer(source.utf8):
        node = root.descendant_for_byte_range(mark.start(), mark.start() + 1)
        if node is None or node.type != "comment":
            continue
        codes, line = (*FORMATTED,) if mark["format"] else codes_of(mark), node.start_point.row + 1
        if mark["whole"] or mark["reach"] == b"file-ignore":
            yield Silence(1, len(source.line_starts), codes)
        elif mark["next"]:
            yield Silence(line + 1, line + 1, codes)
        elif mark["reach"] == b"ignore" and stands_alone(node):
            yield Silence(line, last_line_of_head(node), codes)
        elif mark["format"] == b"skip":
            yield Silence(first_line_of(node), line, codes)
        elif is_opening(mark) and node.parent is not None and stands_alone(node):
            last = node.parent.end_point.row + 1  # to the end of its block
            yield Silence(line, min(last, line_of_closing(mark, source)), codes)
        elif not mark["format"]:
            yield Silence(line, line, codes)


def is_opening(mark: re.Match[bytes]) -> bool:
    """Claim that a marker on a line of its own speaks of what is below it."""
    return bool(mark["names"] or mark["reach"] == b"disable" or mark["format"])


def line_of_closing(mark: re.Match[bytes], source: Source) -> int:
    """Return the line on which what a marker silences is enabled again, the last where it is nowhere."""
    form = re.compile(b"ruff: enable" + re.escape(b"[" + mark["rules"])) if mark["rules"] else FORMAT_ON
    end = form.search(source.utf8, mark.end()) if mark["rules"] or mark["format"] else None
    return len(source.line_starts) if end is None else source.line_of(end.start())


def first_line_of(comment: Node) -> int:
    """Return the first line of the statement, or of its head, that *comment* stands behind."""
    before = None if stands_alone(comment) else comment.prev_sibling
    if before is not None and before.type == ":":
        before = before.parent
    return (before or comment).start_point.row + 1


def codes_of(mark: re.Match[bytes]) -> tuple[str, ...]:
    """Return the codes that a marker names; those of a type checker open with `type: `."""
    is_typing = b"type" in mark[0].lower().partition(b":")[0]
    named = (mark["codes"] or mark["names"] or mark["errors"] or mark["rules"] or b"").decode()
    return tuple(f"type: {code}" if is_typing else NAMES.get(code, code) for code in re.split(r"[,\s]+", named.strip()))


def stands_alone(comment: Node) -> bool:
    """Claim that no code stands before *comment* on its line."""
    before = comment.prev_sibling
    return before is None or before.end_point.row < comment.start_point.row


def last_line_of_head(comment: Node) -> int:
    """Return the last line of the statement below *comment*, of one that holds others the last before those."""
    statement = comment.next_named_sibling
    while statement is not None and statement.type in ("comment", "block"):
        statement = statement.named_children[0] if statement.type == "block" else statement.next_named_sibling
    if statement is None:
        return comment.end_point.row + 1
    inner = statement.child_by_field_name("definition") or statement
    block = next((child for child in inner.named_children if child.type == "block"), None)
    last = statement.end_point.row + 1 if block is None else block.start_point.row
    return max(last, statement.start_point.row + 1)


class Silences:
    """
    What the comments of a file silence, found by its lines: a file may have thousands that speak of one line each.
    """

    def __init__(self, silences: Iterable[Silence]) -> None:
        self.wide: list[Silence] = []
        self.by_line: dict[int, list[Silence]] = {}
        for silence in silences:
            if silence.first == silence.last:
                self.by_line.setdefault(silence.first, []).append(silence)
            else:
                self.wide.append(silence)

    def __bool__(self) -> bool:
        """Claim that there are any."""
        return bool(self.wide or self.by_line)

    def cover(self, codes: frozenset[str], line: int) -> bool:
        """Claim that one of *codes* is not reported on *line*."""
        here = self.by_line.get(line)
        # asked of every place of every rule, and most lines are free
        if here is None and not self.wide:
            return False
        around = (each for each in self.wide if each.first <= line <= each.last)
        return any(code.startswith(each.codes) for each in (*(here or ()), *around) for code in codes)
