"""
One file of any language as neutral conventions see it. In: a `Source`. Out: its names, strings, comments, calls, lines.

Nothing here knows a language: definitions, strings, comments and calls are what the language's query captures.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from tree_sitter import Node, Point, QueryCursor

from ..definitions import MATCH_LIMIT
from ..pages import is_page
from ..source import Source, text_of
from .anyfacts import BlockFact, blocks_in, depth_of, key_of
from .convention import Convention, Part
from .tally import broken_spans, is_among
from .view import View

MARGIN = re.compile(rb"[ \t]*")
FILLED = b"<%"
"""What stands in the code of a template where something is filled in, which no grammar of code reads."""
JSX = re.compile(rb"</|/>")


class Name(NamedTuple):
    """
    A definition's name.
    """

    kind: str
    text: str
    node: Node


class Unit(NamedTuple):
    """
    A definition: its name and its node, which in some languages is the first of several neighbours.
    """

    name: Name
    node: Node
    last: Node


class AnyView(View):
    """
    One file, walked once.
    """

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.root = source.tree.root_node
        self.broken = broken_spans(self.root)
        # of a template nothing is what it seems, up to where its strings end
        if any(FILLED in self.utf8[start:end] for start, end in self.broken):
            self.broken = [(0, len(self.utf8))]
        self.broken_ends = [end for _, end in self.broken]
        nodes = QueryCursor(source.language.token_query, match_limit=MATCH_LIMIT).captures(self.root)
        self.strings = in_order(nodes.get("string", []))
        self.comments = in_order(nodes.get("comment", []))
        self.calls = sorted(nodes.get("call", []), key=lambda node: (node.start_byte, -node.end_byte))

    def is_broken(self, byte: int) -> bool:
        """Claim that *byte* lies in something that does not parse."""
        return is_among(self.broken, self.broken_ends, byte, byte + 1)

    @cached_property
    def units(self) -> list[Unit]:
        """The definitions, in order of the file."""
        query = self.source.language.unit_query
        found: dict[int, Unit] = {}
        for pattern, captures in QueryCursor(query, match_limit=MATCH_LIMIT).matches(self.root):
            if "unit" in captures and "unit.name" in captures:
                node, name = captures["unit"][0], captures["unit.name"][-1]
                settings = query.pattern_settings(pattern)
                # a module holds units as a class does, and is named in its own way
                kind = str(settings.get("called") or settings.get("kind") or node.type)
                # two patterns may find one unit
                unit = Unit(Name(kind, text_of(name).strip("\"'"), name), node, captures["unit"][-1])
                found.setdefault(node.id, unit)
        return sorted(found.values(), key=lambda unit: (unit.node.start_byte, -unit.last.end_byte))

    @cached_property
    def top(self) -> list[Node]:
        """The outermost statements: those of the root, or of the one node that it wraps them in."""
        units = {unit.node.id for unit in self.units}
        ends = {unit.last.id for unit in self.units} - units
        aside = ends.union(node.id for node in self.comments)
        node = self.root
        while True:
            inner = [child for child in node.named_children if not child.is_extra]
            if (
                len(inner) != 1
                or inner[0].id in units
                or not inner[0].named_child_count
                or key_of(inner[0]) is not None
                or depth_of(inner[0]) > 4
            ):
                return [child for child in node.named_children if child.id not in aside]
            node = inner[0]

    @cached_property
    def outermost(self) -> list[Unit]:
        """The units among the outermost statements, or the one that such a statement wraps, as an `export` does."""
        top = {node.id for node in self.top}
        return [unit for unit in self.units if unit.node.id in top or (unit.node.parent and unit.node.parent.id in top)]

    @cached_property
    def opaque(self) -> list[tuple[int, int]]:
        """Where strings and comments stand: their lines have a layout of their own."""
        return sorted((node.start_byte, node.end_byte) for node in (*self.strings, *self.comments))

    def is_opaque(self, byte: int) -> bool:
        """Claim that *byte* lies inside a string or a comment, past its first byte."""
        place = bisect_left(self.opaque, (byte, 0)) - 1
        return place >= 0 and byte < self.opaque[place][1]

    def part(self, kind: str, token: Node, start: int, end: int) -> Part:
        """Return a part of *token* on one line, from byte *start* of the file to *end*."""
        row = self.source.line_of(start) - 1
        first, last = (Point(row, byte - self.source.line_starts[row]) for byte in (start, end))
        return Part(kind, token, start, end, first, last)

    def is_silenced(self, asker: Convention, mark: Node | Part) -> bool:
        """Claim that a comment silences what *asker* asks on the first line of *mark*."""
        return bool(asker.linter_codes) and self.silences.cover(asker.linter_codes, mark.start_point.row + 1)

    def margin(self, row: int) -> bytes:
        """Return the blanks that open a line, counted from 0."""
        found = MARGIN.match(self.utf8, self.source.line_starts[row])
        return found[0] if found else b""

    @cached_property
    def leaves(self) -> list[Node]:
        """The tokens of the file, in order."""
        return [node for node in walk(self.root) if not node.child_count]

    @cached_property
    def has_jsx(self) -> bool:
        """Whether there may be components of JSX."""
        language = self.source.language.name
        # the markup of a page is none
        may_have = language == "javascript" and not is_page(self.path)
        return language == "tsx" or (may_have and (self.path.endswith(".jsx") or JSX.search(self.utf8) is not None))

    @cached_property
    def blocks(self) -> list[BlockFact]:
        """The named blocks with their entries, in order."""
        return blocks_in(self)


def in_order(nodes: list[Node]) -> list[Node]:
    """Return *nodes* in order of the file, the outermost of those that nest."""
    kept: list[Node] = []
    for node in sorted(nodes, key=lambda node: (node.start_byte, -node.end_byte)):
        if not kept or node.start_byte >= kept[-1].end_byte:
            kept.append(node)
    return kept


def walk(node: Node) -> Iterator[Node]:
    """Yield *node* and everything under it, outer before inner."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(current.children))


def first_token(node: Node) -> Node:
    """Return the first token of *node*."""
    while node.child_count:
        node = node.children[0]
    return node
