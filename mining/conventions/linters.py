"""
Linters and formatters that comments keep away. In: a comment. Out: the lines that each of their orders speaks of.

A linter that is not known yet is one more entry of `LINTERS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from tree_sitter import Node

from ..source import Source

LISTED = re.compile(rb"[ \t:]*((?:(?!--\s|\*/).)*)", re.DOTALL)
"""What stands behind an order, up to its reason or its end: the rules, or nothing for all of them."""
BELOW = re.compile(rb"(?:[ \t\r]*(?:(?:#|//|/?\*|@)[^\n]*)?\n)*[^\n]*")
"""The lines up to the first that is no comment and no attribute alone."""
GOLANGCI = frozenset({"revive", "staticcheck", "stylecheck"})
"""Linters of Go that ask many things: an order to golangci names one of them whole, `//nolint:revive`."""
RULE_NAMES = {
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

Lines = tuple[int, int]
"""The first and the last of several lines, counted from 1; none where the last is before the first."""


class Comment(NamedTuple):
    """
    A comment in its source.
    """

    node: Node
    source: Source

    @property
    def first(self) -> int:
        """Its first line, counted from 1."""
        return self.node.start_point.row + 1

    @property
    def last(self) -> int:
        """Its last line; some grammars take the line's end into it."""
        return self.source.line_of(self.node.end_byte - 1)

    @property
    def is_alone(self) -> bool:
        """Whether no code stands before it on its line."""
        start = self.source.line_starts[self.first - 1]
        return not self.source.utf8[start : self.node.start_byte].strip()


Reach = Callable[[Comment], Lines]
"""Which lines an order speaks of, by its comment."""


def own_lines(comment: Comment) -> Lines:
    """Return the lines of a comment."""
    return comment.first, comment.last


def line_before(comment: Comment) -> Lines:
    """Return the line above a comment."""
    return comment.first - 1, comment.first - 1


def lines_below(comment: Comment) -> Lines:
    """Return the lines below a comment up to the first of code that is no attribute alone."""
    starts, utf8 = comment.source.line_starts, comment.source.utf8
    start = starts[comment.last] if comment.last < len(starts) else len(utf8)
    below = BELOW.match(utf8, start)
    return comment.last + 1, comment.source.line_of(below.end() if below is not None else start)


def whole_file(comment: Comment) -> Lines:
    """Return all lines."""
    return 1, len(comment.source.line_starts)


def rest_of_file(comment: Comment) -> Lines:
    """Return the lines from a comment on."""
    return comment.first, len(comment.source.line_starts)


def rest_of_block(comment: Comment) -> Lines:
    """Return the lines from a comment to the end of the block that it stands in."""
    return comment.first, (comment.node.parent or comment.node).end_point.row + 1


def statement_before(comment: Comment) -> Lines:
    """Return the lines of the statement, or of its head, that a comment stands behind."""
    before = None if comment.is_alone else comment.node.prev_sibling
    if before is not None and before.type == ":":
        before = before.parent
    return (before or comment.node).start_point.row + 1, comment.first


def statement_below(comment: Comment) -> Lines:
    """Return the lines from a comment to the end of the statement below, of one that holds others of its head."""
    statement = comment.node.next_named_sibling
    while statement is not None and statement.type in ("comment", "block"):
        statement = statement.named_children[0] if statement.type == "block" else statement.next_named_sibling
    if statement is None:
        return own_lines(comment)
    inner = statement.child_by_field_name("definition") or statement
    block = next((child for child in inner.named_children if child.type == "block"), None)
    last = statement.end_point.row + 1 if block is None else block.start_point.row
    return comment.first, max(last, statement.start_point.row + 1)


def no_lines(comment: Comment) -> Lines:
    """Return no line."""
    return comment.first, comment.first - 1


def alone(reach: Reach, behind: Reach = own_lines) -> Reach:
    """Return *reach* for a comment on lines of its own, *behind* for one that stands behind code."""
    return lambda comment: (reach if comment.is_alone else behind)(comment)


class Linter(NamedTuple):
    """
    How comments speak to a linter or a formatter.
    """

    word: bytes
    """A file without it, in lower case, is not searched: to look for a word takes a tenth of the time."""
    order: re.Pattern[bytes]
    """What opens an order; its group is the verb."""
    reaches: Mapping[str, Reach]
    """Which lines each verb silences; any other tells the linter to go on."""
    rules: re.Pattern[bytes] = LISTED
    """What names the rules, right behind."""
    prefix: str = ""
    """What opens its codes here."""


AS_ESLINT = {"disable": rest_of_file, "disable-line": own_lines, "disable-next-line": lines_below}
"""The orders of ESLint, and of linters that take after it."""
LINTERS = {
    "flake8": Linter(
        b"noqa",
        re.compile(rb"(?i)#\s*((?:(?:flake8|ruff)\s*:\s*)?noqa)\b"),
        {"noqa": own_lines, "flake8:noqa": whole_file, "ruff:noqa": whole_file},
        re.compile(rb"(?i)\s*:\s*([A-Z]+\d+(?:[,\s]+[A-Z]+\d+)*)"),
    ),
    "ruff": Linter(
        b"ruff",
        re.compile(rb"(?i)#\s*ruff\s*:\s*(disable|enable|file-ignore|ignore)\s*(?=\[[^\]\n]+\])"),
        {"disable": alone(rest_of_block), "file-ignore": whole_file, "ignore": alone(statement_below)},
        re.compile(rb"\[([^\]\n]+)"),
    ),
    "pylint": Linter(
        b"pylint",
        re.compile(rb"(?i)#(?:[^\n]*?\s)?pylint\s*:\s*(disable|disable-next|enable)\s*=\s*(?=[\w-])"),
        {"disable": alone(rest_of_block), "disable-next": lines_below},
        re.compile(rb"([\w-]+(?:\s*,\s*[\w-]+)*)"),
    ),
    "type": Linter(
        b"ignore",
        re.compile(rb"(?i)#\s*type\s*:\s*(ignore)\b"),
        {"ignore": own_lines},
        re.compile(rb"\[([^\]\n]*)\]"),
        "type: ",
    ),
    "fmt": Linter(
        b"fmt",
        re.compile(rb"(?i)#\s*fmt\s*:\s*(off|on|skip)\b"),
        {"off": alone(rest_of_block, no_lines), "skip": statement_before},
        re.compile(rb"()"),
        "fmt",
    ),
    "biome": Linter(
        b"biome-ignore",
        re.compile(rb"/[/*][*\s]*biome-ignore(-all|-end|-start|)\s+lint\b/?"),
        {"": alone(lines_below), "-all": rest_of_file, "-start": rest_of_file},
        re.compile(rb"([^:]*)"),
    ),
    "eslint": Linter(
        b"lint-disable",
        re.compile(rb"/[/*][*\s]*(?:es|ox)lint-(disable-line|disable-next-line|disable|enable)\b"),
        AS_ESLINT,
    ),
    "buildifier": Linter(
        b"buildifier",
        re.compile(rb"#\s*buildifier\s*:\s*(disable)\s*=\s*"),
        {"disable": alone(lines_below)},
    ),
    "checkstyle": Linter(
        b"checkstyle",
        re.compile(rb"\bCHECKSTYLE[:.][ \t]?(OFF|ON|off|on|stop|resume)\b"),
        {"off": rest_of_file, "stop": rest_of_file},
    ),
    "clang-tidy": Linter(
        b"nolint",
        # without a rule it is of C++ itself more often than of a name, as below of PHP
        re.compile(rb"\bNOLINT(BEGIN|END|NEXTLINE|)(?=\()"),
        {"": alone(lines_below), "begin": rest_of_file, "nextline": lines_below},
        re.compile(rb"\(([^)\n]*)"),
    ),
    "credo": Linter(
        b"credo:disable",
        re.compile(rb"#\s*credo:disable-for-(next-line|previous-line|this-file)\b"),
        {"next-line": lines_below, "previous-line": line_before, "this-file": whole_file},
    ),
    "csharp": Linter(
        b"#pragma",
        re.compile(rb"#\s*pragma\s+warning\s+(disable|restore)\b"),
        {"disable": rest_of_file},
        re.compile(rb"[ \t]*([^\n/]*)"),
    ),
    "dart": Linter(
        b"ignore",
        re.compile(rb"//\s*(ignore|ignore_for_file)\s*:(?=\s*\w+_\w)"),
        {"ignore": alone(lines_below), "ignore_for_file": whole_file},
    ),
    "golangci": Linter(
        b"//nolint:",
        re.compile(rb"//(nolint):(?=\w)"),
        {"nolint": alone(lines_below)},
        re.compile(rb"([\w,-]+)"),
    ),
    "hlint": Linter(
        b"hlint",
        re.compile(rb"\{-#?\s*HLINT\s+(ignore)(?=\s*\")"),
        {"ignore": whole_file},
        re.compile(rb"\s*\"([^\"\n]*)"),
    ),
    "ktlint": Linter(
        b"ktlint-",
        re.compile(rb"\bktlint-(disable|enable)\b"),
        {"disable": alone(rest_of_file)},
    ),
    "perlcritic": Linter(
        b"critic",
        re.compile(rb"##\s*(no|use)\s+critic\b"),
        {"no": alone(rest_of_block)},
        re.compile(rb"\s*\(?\s*([^)\n]*)"),
    ),
    "phpcs": Linter(
        b"phpcs:",
        re.compile(rb"\bphpcs:(enable|(?:disable|ignore)(?=[ \t]+\w))\b"),
        {"disable": rest_of_file, "ignore": alone(lines_below)},
    ),
    "phpmd": Linter(
        b"@suppresswarnings",
        re.compile(rb"@(SuppressWarnings)\("),
        {"suppresswarnings": lines_below},
        re.compile(rb"([^)\n]*)"),
    ),
    "rubocop": Linter(
        b"rubocop",
        re.compile(rb"\brubocop *: *(disable|enable|todo)\b"),
        {"disable": alone(rest_of_file), "todo": alone(rest_of_file)},
    ),
    "scalastyle": Linter(
        b"scalastyle:",
        re.compile(rb"\bscalastyle:(off|on|ignore)\b"),
        {"off": rest_of_file, "ignore": own_lines},
    ),
    "solhint": Linter(
        b"solhint-",
        re.compile(rb"\bsolhint-(disable-line|disable-next-line|disable|enable)\b"),
        AS_ESLINT,
    ),
    # whatever it finds on a line
    "sonar": Linter(b"nosonar", re.compile(rb"\b(NOSONAR)\b"), {"nosonar": own_lines}, re.compile(rb"()")),
    "swift-format": Linter(
        b"swift-format-ignore",
        re.compile(rb"\bswift-format-ignore(-file|)\b"),
        {"": alone(lines_below), "-file": whole_file},
    ),
    "tflint": Linter(
        b"tflint-ignore",
        re.compile(rb"\btflint-ignore(-file|)\s*:"),
        {"": alone(lines_below), "-file": whole_file},
    ),
    "swiftlint": Linter(
        b"swiftlint:",
        re.compile(rb"\bswiftlint:(disable:next|disable:previous|disable:this|disable|enable)\b(?!:)"),
        {
            "disable": rest_of_file,
            "disable:next": lines_below,
            "disable:previous": line_before,
            "disable:this": own_lines,
        },
    ),
}
