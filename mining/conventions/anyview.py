"""
One file of any language as neutral conventions see it. In: a `Source`. Out: its names, strings, lines, blocks, entries.

Nothing here knows a language. Definitions, strings and comments are what the language's query captures; an entry is a
node with a key (a pair, an attribute), a block is what holds entries, and a block's label is what stands before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from tree_sitter import Node, QueryCursor

from ..definitions import MATCH_LIMIT
from ..roles import role_of
from ..source import Source
from .facts import BlockFact, EntryFact
from .tally import broken_spans
from .view import text_of

KEY_FIELDS = ("key", "name")
LITERAL = re.compile(r"string|literal|scalar|number|numeric|integer|float|bool|true|false|null")
REFERENCE = re.compile(r"identifier|variable|get_attr|call|alias|reference|traversal|member|attribute_access")
ENTRY = re.compile(r"(^|_)(pair|attribute|elem|property|option|field_init|keyed_element)$")
LONGEST = 60
"""Characters of a value that are kept."""


class Name(NamedTuple):
    """
    A definition's name.
    """

    kind: str
    text: str
    node: Node


class AnyView:
    """
    One file, walked once.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.utf8 = source.utf8
        self.path = source.path
        self.role = role_of(source.path)
        self.root = source.tree.root_node
        self.broken = broken_spans(self.root)
        captured = QueryCursor(source.language.query, match_limit=MATCH_LIMIT)
        nodes = captured.captures(self.root)
        self.strings = in_order(nodes.get("string", []))
        self.comments = in_order(nodes.get("comment", []))

    def is_broken(self, byte: int) -> bool:
        """Claim that *byte* lies in something that does not parse."""
        return any(start <= byte < end for start, end in self.broken)

    @cached_property
    def units(self) -> list[tuple[Name, Node]]:
        """The definitions, each with its whole node, in order of the file."""
        query = self.source.language.query
        found: list[tuple[Name, Node]] = []
        for pattern, captures in QueryCursor(query, match_limit=MATCH_LIMIT).matches(self.root):
            if "unit" in captures and "unit.name" in captures:
                node, name = captures["unit"][0], captures["unit.name"][-1]
                kind = str(query.pattern_settings(pattern).get("kind") or node.type)
                found.append((Name(kind, text_of(name).strip("\"'"), name), node))
        return sorted(found, key=lambda unit: (unit[1].start_byte, -unit[1].end_byte))

    @cached_property
    def top(self) -> list[Node]:
        """The outermost statements: those of the root, or of the one node that it wraps them in."""
        node = self.root
        while True:
            inner = [child for child in node.named_children if not child.is_extra]
            if len(inner) != 1 or not inner[0].named_child_count or is_entry(inner[0]) or depth_of(inner[0]) > 4:
                return [child for child in node.named_children if child.type != "comment"]
            node = inner[0]

    @cached_property
    def opaque(self) -> list[tuple[int, int]]:
        """Where strings and comments stand: their lines have a layout of their own."""
        return sorted((node.start_byte, node.end_byte) for node in (*self.strings, *self.comments))

    @cached_property
    def described(self) -> tuple[list[BlockFact], list[EntryFact]]:
        """The blocks and the entries of the file."""
        blocks: list[BlockFact] = []
        entries: list[EntryFact] = []
        waiting: list[tuple[Node, str]] = [(self.root, "")]
        while waiting:
            node, label = waiting.pop()
            children = node.named_children
            keyed = [(child, key) for child in children if (key := key_of(child)) is not None]
            if keyed and label and not self.is_broken(node.start_byte):
                line = keyed[0][0].start_point.row + 1
                keys = tuple(text_of(key).strip("\"'") for _, key in keyed)
                mark = keyed[0][1]
                blocks.append(BlockFact(label, keys, line, mark.start_byte, mark.end_byte, self.line_text(line)))
                entries.extend(self.entry(label, child, key) for child, key in keyed)
            waiting.extend((child, self.label(child, label)) for child in reversed(children))
        return blocks, entries

    def entry(self, label: str, node: Node, key: Node) -> EntryFact:
        """Return one entry of the block called *label*."""
        value = node.named_children[-1]
        line = key.start_point.row + 1
        kind = kind_of(value) if value.id != key.id else "other"
        text = text_of(value).strip("\"'")[:LONGEST]
        return EntryFact(
            label, text_of(key).strip("\"'"), kind, text, line, key.start_byte, key.end_byte, self.line_text(line)
        )

    def label(self, node: Node, around: str) -> str:
        """Return what the block under *node* is called: its key, or the words before it; else what is around it."""
        key = key_of(node)
        if key is None:
            return around
        words = [text_of(child).strip("\"'") for child in node.named_children[:2] if not depth_of(child) > 1]
        return " ".join(words[:2]) if "block" in node.type and words else text_of(key).strip("\"'")

    def line_text(self, line: int) -> str:
        """Return the text of *line*, counted from 1, stripped and cut to what an exemplar shows."""
        span = self.source.lines_span(line, line)
        return self.utf8[span.start : span.end].strip()[:160].decode("utf-8", "ignore")


def in_order(nodes: list[Node]) -> list[Node]:
    """Return *nodes* in order of the file, the outermost of those that nest."""
    kept: list[Node] = []
    for node in sorted(nodes, key=lambda node: (node.start_byte, -node.end_byte)):
        if not kept or node.start_byte >= kept[-1].end_byte:
            kept.append(node)
    return kept


def key_of(node: Node) -> Node | None:
    """Return the key of an entry, or the first word of a named block; None for other nodes."""
    for field in KEY_FIELDS:
        if field == "key" or ENTRY.search(node.type):
            key = node.child_by_field_name(field)
            if key is not None:
                return key
    if not ENTRY.search(node.type) and node.type != "block":
        return None
    first = node.named_children[0] if node.named_child_count > 1 else None
    return first if first is not None and depth_of(first) <= 1 else None


def is_entry(node: Node) -> bool:
    """Claim that *node* has a key."""
    return key_of(node) is not None


def depth_of(node: Node) -> int:
    """Return how many levels of first children *node* has."""
    depth = 0
    while node.named_child_count and depth < 8:
        node, depth = node.named_children[0], depth + 1
    return depth


def kind_of(value: Node) -> str:
    """Return whether a value is a `literal`, a `reference`, or something `other`, such as a nested block."""
    node = value
    while True:
        if REFERENCE.search(node.type) and "literal" not in node.type:
            return "reference"
        if LITERAL.search(node.type) and (not node.named_child_count or "string" in node.type or "scalar" in node.type):
            return "reference" if b"${" in (node.text or b"") else "literal"
        if node.named_child_count != 1:
            first = node.named_children[0] if node.named_child_count else None
            return "reference" if first is not None and REFERENCE.search(first.type) else "other"
        node = node.named_children[0]


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


def last_token(node: Node) -> Node:
    """Return the last token of *node*."""
    while node.child_count:
        node = node.children[-1]
    return node
