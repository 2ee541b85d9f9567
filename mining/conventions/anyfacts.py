"""
What mined rows ask of a file in any language. In: the file's tree and units. Out: its blocks, outermost units, calls.

An entry is a node with a key (a pair, an attribute, a keyword argument), a block is what holds entries. A block has
several shapes, from the widest to the narrowest: `resource`, then `resource aws_instance`; a mapping under a key is
first `jobs.*`, then `test`. A rule speaks of one shape.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from tree_sitter import Node, Query, QueryCursor

from ..definitions import MATCH_LIMIT
from ..languages import Language
from ..source import field_of, text_of
from .passing import PASSING, called_before
from .view import is_shown

if TYPE_CHECKING:  # it imports this module
    from .anyview import AnyView, Unit

INTERPOLATED = re.compile(rb"\$\{|#\{|\$\(|\{\$")
LITERAL = re.compile(r"string|template|literal|_scalar|symbol|number|numeric|integer|float|bool|true|false|null")
WHOLE = re.compile(r"string|_scalar|template")
"""Kinds of literals whose inner nodes are their parts."""
REFERENCE = re.compile(r"identifier|variable|get_attr|call|alias|reference|traversal|member|attribute_access")


def kinds_like(pattern: str) -> Callable[[str], bool]:
    """Return what claims that *pattern* is found in a kind of nodes: there are few kinds, each is searched once."""
    known = re.compile(pattern)

    @cache
    def is_like(kind: str) -> bool:
        return known.search(kind) is not None

    return is_like


is_entry_kind = kinds_like(
    r"(^|_)(pair|attribute|elem|property|option|field_init|field_initializer|keyed_element"
    r"|(?:keyword|named)_argument)$"
)
SHORT = frozenset({"shorthand_field_initializer", "shorthand_property_identifier"})
"""Kinds of entries whose key is also the name of their value: `{ size }`."""
is_spread = kinds_like(r"^(?:\w*spread\w*|\w*splat\w*|base_field_initializer)$")
"""Kinds of nodes that put the entries of another value into a block."""
CLAUSES = frozenset({"after", "catch", "do", "else", "rescue"})
"""Words of Elixir's that open a part of a statement, in the form of a keyword as well: no keys of a house's."""
MERGED = "<<"
"""The key by which YAML puts the entries of another value into a block."""
ATTRIBUTES = frozenset({"annotated_expression", "annotation", "attribute_item"})
"""Kinds of nodes that stand before a definition and speak of it."""
ANNOTATION = re.compile(r"attribute_(list|group|item)$|^inner_attribute")
"""Kinds of nodes that hold attributes which speak of what stands behind them: no keys of a block."""
names_blocks = kinds_like(r"call|command|new|composite|struct_expression|declarator|assign|method_invocation")
"""Kinds of nodes that give a name to the entries inside them."""
UNNAMING = re.compile(
    r"^((function|method)_(definition|declaration|item)|block|block_body|body_statement|compound_statement"
    r"|jsx_\w+|statement_block)$"
)
"""
Kinds of nodes whose name says nothing of the entries inside them, nor does what stands around them: definitions, bodies
of functions that are passed to others, and markup that a call wraps. What has words before it, as a block of Terraform,
is named by them.
"""
VARIABLE = re.compile(r"^variable")
"""Kinds of nodes that name no function, even where they are called."""
MEMBER = "member_expression"
"""The kind of what is called in a script by a name with dots."""
TYPED = frozenset({"tsx", "typescript"})
"""Languages of scripts that say what keys an object has."""
DECLARING = frozenset({"lexical_declaration", "variable_declaration"})
MADE = re.compile(r"^(?:call|new)_expression$")
"""Kinds of values of a script that are made where they are declared."""
OWNER_FIELDS = ("object", "receiver", "scope")
"""What a method is called on, where its name stands apart from it."""
NAME_FIELDS = ("function", "method", "type", "constructor", "name", "left", "target")
CONSTANT = re.compile(r"(?:[\w$]+(?:\.|::))*[A-Z][A-Z\d_]+")
"""A name that is written as those of constants are, in whichever module or class."""
is_list = kinds_like(r"sequence|array|tuple|(?<!argument_)list")
"""Kinds of nodes that hold one thing after another."""
HEAD = re.compile(r"identifier|string|word|label")
"""Kinds of the words before a block's body."""
TAKEN = re.compile(r"\$?\b\w++(?!\s*\()")
"""A word among parameters that is not what a default value calls."""
GIVEN = re.compile(rb"(?:@O|\bo)verride\b|\bextension\b|\bprotected\b")
"""
What says, before a name, that it was given elsewhere, of a method by another class, of an extended type; or that only
heirs may call it.
"""
LONGEST = 60
"""Characters of a value or a name that are kept."""
DEEPEST = 40


class EntryFact(NamedTuple):
    """
    A key with its value.
    """

    key: str
    kind: str
    """`literal`, `reference`, or `other`, such as a nested block."""
    value: str
    """The value's text without quotes, cut."""
    line: int
    start: int
    """The key, in bytes of the source."""
    end: int
    text: str
    """The key's line; empty where the value goes on."""


class BlockFact(NamedTuple):
    """
    A block of entries.
    """

    shapes: tuple[str, ...]
    """What it is called, the widest name first."""
    entries: tuple[EntryFact, ...]
    line: int
    start: int
    """Its head: its own key or first word, else its first entry's key."""
    end: int
    text: str
    """The head's line; empty where the block goes on."""
    is_open: bool = False
    """Whether entries of another value are put into it, which may have any key."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of its entries, in order."""
        return tuple(entry.key for entry in self.entries)


class TopFact(NamedTuple):
    """
    An outermost unit.
    """

    kind: str
    """What the language's query calls it; of a block, its first word."""
    units: int
    """The units in it, itself included."""
    lines: int
    depth: int
    """How many blocks of several lines nest in it, itself included."""
    line: int
    start: int
    end: int
    text: str


class TypeFact(NamedTuple):
    """
    A type of objects some of whose keys may be left out.
    """

    keys: frozenset[str]
    """All of its keys."""
    optional: frozenset[str]
    """Those that may be left out."""


class UseFact(NamedTuple):
    """
    A call of a named function, as it is written.
    """

    name: str
    inside: str
    """
    The unit around it; nothing where there is none, or where it overrides: what is called so may be another. Nor where
    heirs alone may call the unit, or it is called on what that takes, or is a value of the file's own: others of the
    name are something else.
    """
    line: int
    start: int
    end: int
    is_plain: bool
    """Whether it passes literals alone, if anything: no block, and no name that may stand for one."""
    whole: str
    """The name after what it is called on, which some grammars keep apart; nothing where that is long."""
    first: str
    """The first thing that it passes, where that is a literal or the name of a constant."""


class Shapes(NamedTuple):
    """
    What the block under a node is called, and the node that says so.
    """

    names: tuple[str, ...]
    head: Node | None


def blocks_in(file: AnyView) -> list[BlockFact]:
    """Return the blocks of *file* that have a name and entries, in order."""
    blocks: list[BlockFact] = []
    waiting = [(file.root, Shapes((), None))]
    while waiting:
        node, shapes = waiting.pop()
        children = node.named_children
        keyed = [(child, key) for child in children if (key := key_of(child)) is not None]
        if keyed and shapes.names and not file.is_broken(node.start_byte):
            entries = tuple(entry_of(file, child, key) for child, key in keyed)
            head = shapes.head or keyed[0][1]
            line = head.start_point.row + 1
            end = min(head.end_byte, head.start_byte + LONGEST)
            text = file.line_text(line) if head.start_point.row == node.end_point.row else ""
            is_open = any(is_spread(child.type) for child in children) or any(entry.key == MERGED for entry in entries)
            blocks.append(BlockFact(shapes.names, entries, line, head.start_byte, end, text, is_open))
        if is_list(node.type):
            # each block of a list is its own: the head is the whole list's
            shapes = shapes._replace(head=None)
        waiting.extend((child, shapes_under(child, shapes)) for child in reversed(children) if child.named_child_count)
    return blocks


def entry_of(file: AnyView, node: Node, key: Node) -> EntryFact:
    """Return one entry."""
    value = value_of(node)
    line = key.start_point.row + 1
    is_plain = value is not None and value.id != key.id and value.start_point.row == value.end_point.row
    return EntryFact(
        key=key_text(key),
        kind=kind_of(value) if value is not None and is_plain else "other",
        value=unquoted(text_of(value))[:LONGEST] if value is not None and is_plain else "",
        line=line,
        start=key.start_byte,
        end=key.end_byte,
        text=file.line_text(line) if is_shown(key) else "",
    )


def key_text(key: Node) -> str:
    """Return a *key* as it is told: without quotes, and without the sign behind it that some grammars count into it."""
    return text_of(key).rstrip(": ").strip("\"'")[:LONGEST]


def unquoted(text: str) -> str:
    """Return *text* without the quotes around it; one that quotes its last word alone keeps them."""
    return text.strip("\"'") if text[:1] == text[-1:] else text


def value_of(entry: Node) -> Node | None:
    """Return the value of an entry; None where the grammar has no node that holds all of it."""
    if entry.type == "named_argument" and entry.named_child_count > 2:
        return None
    value = entry.child_by_field_name("value") or entry.child_by_field_name("val")
    return value or (entry.named_children or [entry])[-1]


def shapes_under(node: Node, around: Shapes) -> Shapes:
    """Return what the block under *node* is called, where *node* says it; else what is said around it."""
    if node.type == "block" or node.type.endswith("_block"):
        words = head_words(node)
        if words:
            names = [text_of(word).strip("\"'") for word in words[:2]]
            return Shapes((names[0], " ".join(names)) if len(names) > 1 else (names[0],), words[0])
    key = key_of(node)
    if key is not None:
        own = key_text(key)
        return Shapes((f"{around.names[-1]}.*", own) if around.names else (own,), key)
    if UNNAMING.search(node.type):
        return Shapes((), None)
    if node.type in PASSING and (called := called_before(node)):
        return Shapes((".".join(map(text_of, called)),), called[-1])
    if names_blocks(node.type):
        for field in NAME_FIELDS:
            name = node.child_by_field_name(field)
            if name is not None and name.end_byte - name.start_byte <= LONGEST and b"\n" not in (name.text or b"\n"):
                # some grammars count the sign before a type into it
                return Shapes((text_of(name).lstrip(": "),), name)
    return around


def head_words(block: Node) -> list[Node]:
    """Return the words that stand before a block's body; none where it has no words, or statements in their place."""
    words: list[Node] = []
    for child in block.named_children:
        if not HEAD.search(child.type) or child.start_point.row != block.start_point.row:
            break
        words.append(child)
    return words if len(words) < block.named_child_count else []


def key_of(node: Node) -> Node | None:
    """Return the key of an entry, or the first word of a block; None for other nodes."""
    if node.type in SHORT:
        return node.named_children[0] if node.named_child_count else node
    key = node.child_by_field_name("key")
    if key is not None:
        is_clause = key.type == "keyword" and key_text(key) in CLAUSES
        # a type of Go tells that of its keys
        return key if not node.type.endswith("_type") and not is_clause else None
    if is_entry_kind(node.type) and node.child_by_field_name("object") is None and not is_annotation(node):
        key = node.child_by_field_name("name") or node.child_by_field_name("field")
        if key is not None:
            return key
        first = node.named_children[0] if node.named_child_count > 1 else None
        return first if first is not None and depth_of(first) <= 1 else None
    if node.type == "block":
        words = head_words(node)
        return words[0] if words else None
    return None


def is_annotation(node: Node) -> bool:
    """Claim that *node* is an attribute of what stands behind it, such as `[Fact]`."""
    return node.type == "attribute" and node.parent is not None and ANNOTATION.search(node.parent.type) is not None


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
        if LITERAL.search(node.type) and (not node.named_child_count or WHOLE.search(node.type)):
            is_filled = "interpolated" in node.type or INTERPOLATED.search(node.text or b"")
            return "reference" if is_filled else "literal"
        inner = node.named_children[0] if node.named_child_count else None
        if inner is None or (inner.start_byte, inner.end_byte) != (node.start_byte, node.end_byte):
            # `var.image` is a name with what is taken of it
            return "reference" if inner is not None and REFERENCE.search(inner.type) else "other"
        node = inner


def tops_in(file: AnyView) -> list[TopFact]:
    """Return the outermost units of *file*, in order."""
    tops: list[TopFact] = []
    starts = [unit.node.start_byte for unit in file.units]
    for name, node, last in file.outermost:
        if file.is_broken(node.start_byte):
            continue
        words = head_words(node) if node.type == "block" else []
        mark = words[0] if words else name.node
        line = mark.start_point.row + 1
        tops.append(
            TopFact(
                kind=text_of(words[0]) if words else name.kind,
                units=bisect_left(starts, last.end_byte) - bisect_left(starts, node.start_byte),
                lines=last.end_point.row - node.start_point.row + (last.end_point.column > 0),
                depth=max(nesting_of(file, node), nesting_of(file, last)),
                line=line,
                start=mark.start_byte,
                end=mark.end_byte,
                text=file.line_text(line),
            )
        )
    return tops


def nesting_of(file: AnyView, node: Node) -> int:
    """
    Return how many nodes of several lines nest in *node*, counting one for each step to the right that they begin with.

    An `else if` is in its `if` to a parser, and beside it to who reads.
    """
    deepest = 0
    waiting = [(node, -1, -1, 0)]
    while waiting:
        current, row, indent, depth = waiting.pop()
        if current.end_point.row == current.start_point.row:
            continue
        if current.start_point.row > row:
            row = current.start_point.row
            further = len(file.margin(row))
            if further > indent:
                indent, depth = further, depth + 1
                deepest = max(deepest, depth)
        if depth < DEEPEST:
            waiting.extend((child, row, indent, depth) for child in current.named_children)
    return deepest


def uses_in(file: AnyView) -> Iterator[UseFact]:
    """Yield the calls of *file* that name a function in one line, in order, with the innermost unit around each."""
    units = file.units
    named = {unit.name.node.id for unit in units}
    held = values_in(file)
    around: list[Unit] = []
    place = 0
    for node in file.calls:
        while place < len(units) and units[place].node.start_byte <= node.start_byte:
            around.append(units[place])
            place += 1
        around = [unit for unit in around if unit.last.end_byte > node.start_byte]
        text = text_of(node)
        # in Elixir the head of a definition has the form of a call
        if node.id in named or is_variable(node, text, around):
            continue
        if len(text) <= LONGEST and "\n" not in text and not file.is_broken(node.start_byte):
            is_own = text in held or is_called_on_taken(node, text, around)
            inside = around[-1].name.text if around and not (is_own or is_given_before(file, around[-1])) else ""
            passed = field_of(node.parent, "arguments")
            given = passed.named_children if passed is not None else []
            is_plain = passed is not None and all(kind_of(each) == "literal" for each in given)
            first = text_of(given[0])[:LONGEST] if given and is_constant(given[0]) else ""
            line, whole = node.start_point.row + 1, whole_name(file, node)
            yield UseFact(text, inside, line, node.start_byte, node.end_byte, is_plain, whole, first)


def is_constant(value: Node) -> bool:
    """Claim that a value is the same each time: a literal, or what is called like a constant."""
    return kind_of(value) == "literal" or CONSTANT.fullmatch(text_of(value)) is not None


def whole_name(file: AnyView, name: Node) -> str:
    """Return the *name* that is called with what it is called on; nothing where that is long."""
    owners = [name.parent.child_by_field_name(field) for field in OWNER_FIELDS] if name.parent is not None else []
    start = min([name.start_byte, *(owner.start_byte for owner in owners if owner is not None)])
    whole = file.utf8[start : name.end_byte]
    return "" if len(whole) > LONGEST or b"\n" in whole else whole.decode("utf-8")


def is_given_before(file: AnyView, unit: Unit) -> bool:
    """Claim that what stands before the name of a *unit* says that it was given elsewhere."""
    return GIVEN.search(file.utf8, with_attributes(unit.node).start_byte, unit.name.node.start_byte) is not None


def with_attributes(node: Node) -> Node:
    """Return the first of the attributes that stand before *node*, or itself."""
    while node.prev_named_sibling is not None and node.prev_named_sibling.type in ATTRIBUTES:
        node = node.prev_named_sibling
    return node


def is_variable(callee: Node, name: str, units: Sequence[Unit]) -> bool:
    """Claim that what is called is a variable, or a parameter of one of the *units* around it."""
    return VARIABLE.search(callee.type) is not None or is_taken(name, units)


def is_called_on_taken(callee: Node, name: str, units: Sequence[Unit]) -> bool:
    """Claim that a *name* with dots, in a script, begins with a parameter of one of the *units* around it."""
    head, dot, _ = name.partition(".")
    return bool(dot) and callee.type == MEMBER and is_taken(head.rstrip("?"), units)


def is_taken(name: str, units: Sequence[Unit]) -> bool:
    """Claim that *name* is a parameter of one of *units*."""
    # parameters stand in the definition, or beside the name that a part of it declares, or in what that holds
    parts = [each for unit in units for each in (unit.node, unit.name.node.parent) if each is not None]
    holders = [*parts, *(held for each in parts if (held := each.child_by_field_name("value")) is not None)]
    taken = (child for holder in holders for child in holder.named_children if "parameter" in child.type)
    return any(name in TAKEN.findall(text_of(parameters)) for parameters in taken)


def values_in(file: AnyView) -> frozenset[str]:
    """Return the names of what a script makes at its top level for itself; what it loads, or exports, is no such."""
    named = (each for node in file.root.named_children if node.type in DECLARING for each in node.named_children)
    return frozenset(
        text_of(name)
        for each in named
        if (name := each.child_by_field_name("name")) is not None
        and (value := each.child_by_field_name("value")) is not None
        and MADE.search(value.type)
        and not text_of(value).startswith(("require", "await import"))
    )


def types_in(file: AnyView) -> Iterator[TypeFact]:
    """Yield the types of *file* that say of a key that it may be left out: `{ size: number; name?: string }`."""
    language = file.source.language
    if language.name not in TYPED or b"?" not in file.utf8:
        return
    found = QueryCursor(members_of(language), match_limit=MATCH_LIMIT).captures(file.root).get("member", [])
    types: defaultdict[int, list[Node]] = defaultdict(list)
    for member in found:
        types[member.parent.id if member.parent is not None else 0].append(member)
    for members in types.values():
        keys = {text_of(name): each for each in members if (name := each.child_by_field_name("name")) is not None}
        optional = frozenset(key for key, each in keys.items() if any(child.type == "?" for child in each.children))
        if optional:
            yield TypeFact(frozenset(keys), optional)


@cache
def members_of(language: Language) -> Query:
    """Return the query for what the types of objects hold in *language*."""
    return Query(language.grammar, "[(property_signature) (method_signature)] @member")


def last_part(name: str) -> str:
    """Return the last part of a dotted name, in any language's way to write the dot."""
    return re.split(r"::|->|[.:/]", name)[-1]
