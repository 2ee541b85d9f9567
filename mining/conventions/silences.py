"""
Comments that keep linters and formatters away. In: a source. Out: the lines that they silence, for which rules.

    query.filter(row.end == None)  # noqa: E711
    def setUp(self):  # pylint: disable=invalid-name
    raise Failed()  # ruff: ignore[raise-without-from-inside-except]
    x = ['a']  # fmt: skip
    // eslint-disable-next-line func-style -- it is passed on
    /* biome-ignore-start lint/style/useNamingConvention: the protocol's */
    # rubocop:disable Naming/MethodName

Whoever excused a line from a linter's rule meant the line to stay as it is: a convention that names the rule asks
nothing there, nor does one whose matter a formatter owns where formatters are told to leave the lines alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from tree_sitter import Node

from ..source import Source
from .linters import LINTERS, RULE_NAMES, Comment, own_lines

FORMATTED = frozenset({"fmt"})
"""The code of all that formatters own."""
BLANKS = re.compile(rb"\s+")
BETWEEN = re.compile(r"[,\s]+")


class Silence(NamedTuple):
    """
    The lines, counted from 1, on which a linter is told of some codes: to be silent, or to go on.
    """

    first: int
    last: int
    linter: str
    codes: tuple[str, ...]
    """What is named: a code, how codes begin, or what holds one; one of nothing for all of the linter's."""

    def names(self, codes: frozenset[str]) -> bool:
        """Claim that one of *codes* is meant."""
        return any(code.startswith(self.codes) or any(code in named for named in self.codes) for code in codes)


class Silences:
    """
    What the comments of a file silence, found by its lines: a file may have thousands that speak of one line each.
    """

    def __init__(self, source: Source) -> None:
        self.wide: list[Silence] = []
        self.by_line: dict[int, list[Silence]] = {}
        self.ended: list[Silence] = []
        """Where linters are told to go on, each from the end of its line."""
        for silence, is_off in read_orders(source):
            if not is_off:
                self.ended.append(silence)
            elif silence.first == silence.last:
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
        return any(each.names(codes) and not self.is_over(each, codes, line) for each in (*(here or ()), *around))

    def is_over(self, silence: Silence, codes: frozenset[str], line: int) -> bool:
        """Claim that the linter was told to go on with *codes* between the beginning of *silence* and *line*."""
        return any(
            silence.first <= end.first < line and end.linter == silence.linter and end.names(codes)
            for end in self.ended
        )


def read_orders(source: Source) -> Iterator[tuple[Silence, bool]]:
    """Yield what linters are told, and whether that is to be silent; what looks like it inside of a string is not."""
    lower = source.utf8.lower()
    for name, linter in LINTERS.items():
        for found in linter.order.finditer(source.utf8) if linter.word in lower else ():
            node = comment_at(source, found.end() - 1)
            if node is None:
                continue
            verb = BLANKS.sub(b"", found[1]).lower().decode()
            rules = linter.rules.match(source.utf8, found.end(), node.end_byte)
            reach = linter.reaches.get(verb)
            first, last = (reach or own_lines)(Comment(node, source))
            yield Silence(first, last, name, codes_in(rules[1] if rules else b"", linter.prefix)), reach is not None


def comment_at(source: Source, byte: int) -> Node | None:
    """Return the comment that holds *byte*, or None."""
    node = source.tree.root_node.descendant_for_byte_range(byte, byte + 1)
    # an order to a compiler has words of its own
    if node is not None and not is_comment(node) and not node.child_count:
        node = node.parent
    comment = None
    while node is not None and is_comment(node):
        comment, node = node, node.parent
    return comment


def codes_in(rules: bytes, prefix: str) -> tuple[str, ...]:
    """Return the codes that an order names, each behind *prefix*; *prefix* alone where it names all or none."""
    named = [code for code in BETWEEN.split(rules.decode("utf-8", "replace")) if code]
    if named[:1] in ([], ["all"]):
        return (prefix,)
    return tuple(prefix + RULE_NAMES.get(code, code) for code in named)


def is_comment(node: Node) -> bool:
    """Claim that a node is a comment, or part of one."""
    # in Haskell, orders to linters may be written like those to the compiler; in Markdown, comments are of HTML
    is_html = node.type == "html_block" and (node.text or b"").startswith(b"<!--")
    return is_html or "comment" in node.type or node.type in ("haddock", "marginalia", "pragma", "preproc_pragma")
