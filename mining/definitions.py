"""
The named units of a source. In: a `Source`. Out: its `Definition`s in order, each with the spans of its parts.

The language's query says what a unit is; nothing here knows a language, except that a wrapper node whose last child is
the unit (Python's decorated definition, an `export` statement) belongs to it, and that some languages have words which
open no unit. Neighbours that one pattern captures as @unit are one, from the first to the last. Where a query captures
no @unit.doc, the comments that stand right above a unit are its documentation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from tree_sitter import Node, QueryCursor

from .comments import comment_above, comment_ends
from .source import Source, Span, text_of
from .traits import C_STATEMENTS

# A query over one file may keep this many half-made matches; past it tree-sitter drops some.
MATCH_LIMIT = 65_536
WRAPPERS = frozenset({"decorated_definition", "export_statement", "template_declaration"})
BETWEEN = "_between"
"""What a query captures under this name may stand between a unit and the comment that documents it."""
ANONYMOUS = "_anonymous"
"""What stands in what a query captures under this name, such as a class without a name, cannot be told by its own."""
TESTS = "_tests"
"""What stands in what a query captures under this name is a test: no unit, wherever its file lies."""
MISREAD = "_misread"
"""What stands in what a query captures under this name is no unit, because the grammar did not see what holds it."""
HIDING, SHOWING = "_hiding", "_showing"
"""
After what a query captures under these names, others may not use, or may use, what else stands in the node around it:
the last one before a unit decides, and what a hidden unit holds is hidden with it.
"""
DECLARED = "_declared"
"""A name that a class declares and that is defined elsewhere: in C++ the class alone says who may use it."""
BELOW = "_below"
"""Comments that a query captures under this name document what they stand in, where none above it do."""
BLOCK, OLD = "_block", "_old"
"""What a query captures under these names gives the quality filter cause for doubt: see `filters/quality.py`."""
ASIDE = frozenset({BELOW, BETWEEN, ANONYMOUS, TESTS, MISREAD, HIDING, SHOWING, DECLARED, BLOCK, OLD})
DATA_KINDS = frozenset({"block", "mapping"})
"""Kinds of units that hold settings and do nothing."""
SEPARATORS = re.compile(r"::|\.")
OPENED_BY = {")": "(", "]": "[", "}": "{"}
"""What opens the bracket that each of these closes."""
STOPS = (b";", b",")
"""What may end the last line of a body that is an expression."""
STATEMENT = re.compile(rb"(?:catch|else|for|if|switch|while)\b[ \t]*[({]|(?:do|else|return)\b")
"""
How statements of C begin: no unit does, unless a grammar lost its way, for macros and conditions hide what holds it.
"""


@dataclass(frozen=True, slots=True)
class Definition:
    """
    One unit of a source: a function, method or class, or what the language's query calls a unit.
    """

    kind: str
    """`function`, `method`, `class`, or the kind that the query sets."""
    name: str
    symbol: str
    """The name with those of the units around it: `Graph.add_node`."""
    parent: int | None
    """Where the unit around this one stands in the list."""
    span: Span
    """The whole unit, decorators included."""
    head: Span
    """From the unit's own first token up to its body: `def add(self, x):` with decorators left out."""
    params: Span | None
    doc: Span | None
    """The documentation string or comment, quotes and markers included."""
    body: Span
    """The statements, a leading documentation string included."""
    code: Span | None
    """
    The body as whole lines, after the documentation string, without the last line's end: what an `implement` pair asks
    for. None when no line holds the body alone, as in `def f(): return 1`.
    """
    has_error: bool
    """Whether the tree has an error inside."""
    is_local: bool = False
    """Whether it stands in a function or in a class without a name, where no one outside can name it."""
    is_hidden: bool = False
    """Whether what stands before it, or around it, says that others may not use it, as `private:` does in C++."""


class Mark(NamedTuple):
    """
    A place from which on, up to *end*, units are hidden from others, or not.
    """

    start: int
    is_hiding: bool
    end: int


@dataclass(frozen=True, slots=True)
class Found:
    """
    What one walk through a tree finds for all who ask about units.
    """

    units: dict[Span, tuple[str, dict[str, list[Node]]]] = field(default_factory=dict[Span, Any])
    """The kind and the captures of every unit."""
    comments: list[Node] = field(default_factory=list[Node])
    between: set[int] = field(default_factory=set[int])
    """Lines that may stand between a unit and its comment."""
    below: dict[int, Span] = field(default_factory=dict[int, Span])
    """Comments that document what starts at each byte."""
    anonymous: list[Span] = field(default_factory=list[Span])
    apart: list[Span] = field(default_factory=list[Span])
    """What holds no units, whatever stands in it."""
    torn: dict[int, int] = field(default_factory=dict[int, int])
    """Where what a grammar tore off the unit below it starts, by its end."""
    marks: list[Mark] = field(default_factory=list[Mark])
    """What hides or shows units, in no order."""
    declared: list[Node] = field(default_factory=list[Node])
    blocks: list[Node] = field(default_factory=list[Node])
    old: list[Node] = field(default_factory=list[Node])


# a walk costs a quarter of a parse; the last one serves the next who asks about the same file
@lru_cache(maxsize=1)
def find_units(source: Source) -> Found:
    """Return what the unit query of the language finds in *source*."""
    query = source.language.unit_query
    kinds = [str(query.pattern_settings(index).get("kind") or "") for index in range(query.pattern_count)]
    found = Found()
    for pattern, captures in QueryCursor(query, match_limit=MATCH_LIMIT).matches(source.tree.root_node):
        if "unit" in captures and "unit.name" in captures:
            nodes = captures["unit"]
            # two patterns may find one unit; the first that does says what it is
            kind = kinds[pattern] or nodes[0].type
            found.units.setdefault(outer_span(source, nodes, kind), (kind, captures))
        elif "comment" in captures:
            found.comments.extend(captures["comment"])
        for name in ASIDE.intersection(captures):
            note_aside(found, name, captures[name])
    if C_STATEMENTS in source.language.traits:
        for span in [span for span in found.units if STATEMENT.match(source.utf8, span.start)]:
            del found.units[span]
    return found


def note_aside(found: Found, name: str, nodes: Sequence[Node]) -> None:
    """Note what a query captures beside units and comments."""
    if name == BETWEEN:
        found.between.update(row for node in nodes for row in range(node.start_point.row + 1, node.end_point.row + 2))
    elif name == BELOW:
        starts = [node.parent.start_byte for node in nodes if node.parent is not None]
        found.below[starts[0]] = Span(nodes[0].start_byte, nodes[-1].end_byte)
    elif name in (BLOCK, DECLARED, OLD):
        {BLOCK: found.blocks, DECLARED: found.declared, OLD: found.old}[name].extend(nodes)
    elif name in (HIDING, SHOWING):
        around = [(node, node.parent or node) for node in nodes]
        found.marks.extend(Mark(node.start_byte, name == HIDING, outer.end_byte) for node, outer in around)
    else:
        spans = found.anonymous if name == ANONYMOUS else found.apart
        spans.extend(Span(node.start_byte, node.end_byte) for node in nodes)
        if name == MISREAD:
            found.torn.update((node.end_byte, node.start_byte) for node in nodes if b"{" not in (node.text or b""))


def collect_definitions(source: Source) -> list[Definition]:
    """Return the definitions of *source* but its tests, outer before inner, in the order of the file."""
    found = find_units(source)
    units, between = found.units, found.between
    above = None if "unit.doc" in source.language.captures else comment_ends(source, found.comments)
    definitions: list[Definition] = []
    around: list[int] = []
    marks = sorted(found.marks, reverse=True)
    passed: list[Mark] = []
    for span in sorted(units, key=lambda span: (span.start, -span.end)):
        if found.apart and any(apart.start <= span.start < apart.end for apart in found.apart):
            continue
        unit = units[span]
        span = with_torn(source, span, found.torn) if found.torn else span
        while around and definitions[around[-1]].span.end <= span.start:
            around.pop()
        parent = around[-1] if around else None
        doc = None if above is None else comment_above(source, span, above, between) or found.below.get(span.start)
        owner = None if parent is None else definitions[parent]
        local = is_local(span, owner, found.anonymous)
        hidden = is_marked_hidden(span, marks, passed) or (owner is not None and owner.is_hidden)
        definitions.append(build_definition(source, span, *unit, doc, owner, parent, local, hidden))
        around.append(len(definitions) - 1)
    return definitions


def with_torn(source: Source, unit: Span, torn: Mapping[int, int]) -> Span:
    """Return *unit* with the annotations right above it that the grammar took for something else."""
    start, end = unit.start, unit.start
    while source.utf8[end - 1 : end].isspace():
        end -= 1
        if end in torn:
            start = end = torn[end]
    return Span(start, unit.end)


def is_marked_hidden(unit: Span, coming: list[Mark], passed: list[Mark]) -> bool:
    """
    Claim that the last mark before a *unit* that reaches up to it hides it.

    Units are asked in order. Marks move from those *coming*, the next one last, to those *passed*, which forgets what
    ended.
    """
    while coming and coming[-1].start <= unit.start:
        forget_ended(passed, coming[-1].start)
        passed.append(coming.pop())
    forget_ended(passed, unit.start)
    return bool(passed) and passed[-1].is_hiding


def forget_ended(passed: list[Mark], start: int) -> None:
    """Drop the last marks that end before *start*: marks end in the reverse order, for nodes nest."""
    while passed and passed[-1].end <= start:
        passed.pop()


def is_local(unit: Span, owner: Definition | None, anonymous: Sequence[Span]) -> bool:
    """Claim that a unit stands, however deep, in a function, or in a class without a name that its *owner* holds."""
    if owner is not None and (owner.kind != "class" or owner.is_local):
        return True
    if not anonymous:
        return False
    start = -1 if owner is None else owner.span.start
    return any(start < around.start < unit.start and unit.end <= around.end for around in anonymous)


def build_definition(
    source: Source,
    span: Span,
    kind: str,
    captures: dict[str, list[Node]],
    doc: Span | None,
    owner: Definition | None,
    parent: int | None,
    local: bool,
    hidden: bool,
) -> Definition:
    """Return the definition that one match of the query describes; its *owner* stands at *parent* in the list."""
    node = captures["unit"][0]
    parts = name_parts(captures["unit.name"])
    doc = doc or node_span(captures, "unit.doc")
    block = captures.get("unit.body", [])
    body = node_span(captures, "unit.body") or Span(node.start_byte, node.end_byte)
    body = Span(body.start, min(body.end, span.end))
    if kind == "function" and owner is not None and owner.kind == "class":
        kind = "method"
    return Definition(
        kind=kind,
        name=parts[-1],
        symbol=".".join(parts if owner is None else (owner.symbol, *parts)),
        parent=parent,
        span=span,
        head=Span(node.start_byte, max(node.start_byte, body.start)),
        params=node_span(captures, "unit.params"),
        doc=doc,
        body=body,
        code=code_lines(source, node, doc, body, block),
        has_error=any(each.has_error for each in captures["unit"]),
        is_local=local,
        is_hidden=hidden,
    )


def bracket_of(block: Node) -> Span | None:
    """Return what stands between the two tokens, such as braces, that open and close *block*; None without them."""
    # not all of its children: a block may hold thousands
    if block.child_count < 2:
        return None
    first, last = block.child(0), block.child(block.child_count - 1)
    if first.is_named or last.is_named:
        return None
    return Span(first.end_byte, last.start_byte)


def lines_at_end(source: Source, block: Node) -> Span | None:
    """Return the lines in the outermost brackets that end an expression, where all before them stands on one line."""
    closing: Node | None = last_token(block)
    while closing is not None and closing.type in OPENED_BY and closing.parent is not None:
        opening = next((token for token in closing.parent.children if token.type == OPENED_BY[closing.type]), None)
        if opening is None or b"\n" in source.utf8[block.start_byte : opening.start_byte].rstrip():
            return None
        if (lines := bracketed_lines(source, Span(opening.end_byte, closing.start_byte))) is not None:
            return lines
        inner = closing.prev_sibling
        closing = None if inner is None else last_token(inner)
    return None


def code_lines(source: Source, node: Node, doc: Span | None, body: Span, block: Sequence[Node]) -> Span | None:
    """Return the whole lines of *body* after *doc*, or None when they share a line with something else."""
    if body.start == node.start_byte:
        return None
    bracket = bracket_of(block[0]) if len(block) == 1 else None
    if bracket is not None:
        lines = bracketed_lines(source, bracket)
        # around an expression, brackets may hold others that have lines for themselves: `({`
        if lines is not None or source.utf8[bracket.start - 1 : bracket.start] != b"(":
            return lines
    inside = doc is not None and body.start <= doc.start < body.end
    before = doc.end if doc is not None and inside else last_token_end(block[0].parent or node, body)
    # some grammars count the end of a line into what stands on it
    before, end = (start + len(source.utf8[start:stop].rstrip()) for start, stop in ((node.start_byte, before), body))
    sign = block[0].child(0) if block[0].child_count else block[0]
    if not sign.is_named and source.line_of(sign.start_byte) == source.line_of(before - 1):
        # `=` or `=>`, which opens an expression, belongs to the head where it ends the head's line
        before = sign.end_byte
    first = source.line_of(max(before - 1, node.start_byte)) + 1
    last = source.line_of(max(end - 1, body.start))
    if first > last or not blank_to_line_end(source, before):
        return lines_at_end(source, block[0])
    span = source.lines_span(first, last)
    end += source.utf8[end : end + 1] in STOPS
    return span if source.slice(span).strip() and blank_to_line_end(source, end) else None


def bracketed_lines(source: Source, bracket: Span) -> Span | None:
    """Return the lines between two brackets, or None when they share a line with one of them."""
    first, last = source.line_of(bracket.start) + 1, source.line_of(bracket.end) - 1
    before = source.utf8[source.line_start(bracket.end) : bracket.end]
    if first > last or not blank_to_line_end(source, bracket.start) or before.strip():
        return None
    span = source.lines_span(first, last)
    return span if source.slice(span).strip() else None


def last_token_end(node: Node, body: Span) -> int:
    """Return where the head's last token ends: comments between it and the body belong to the body's lines."""
    end = node.start_byte
    for child in node.children:
        if child.start_byte >= body.start:
            break
        if child.type != "comment":
            end = child.end_byte
    return end


def blank_to_line_end(source: Source, byte: int) -> bool:
    """Claim that only blanks or a comment stand between *byte* and its line's end."""
    rest = source.rest_of_line(byte).strip()
    return not rest or rest.startswith(source.language.comment.encode())


def outer_span(source: Source, nodes: Sequence[Node], kind: str) -> Span:
    """Return the span from the first to the last of *nodes* with the wrapper that decorates or exports it."""
    node, last = nodes[0], nodes[-1]
    parent = node.parent
    while parent is not None and parent.type in WRAPPERS and parent.end_byte == last.end_byte:
        node, last, parent = parent, parent, parent.parent
    end = own_end(source, last)
    # some grammars let an indented block end where the next line's code starts
    while kind in ("function", "class") and source.utf8[end - 1 : end].isspace():
        end -= 1
    return Span(node.start_byte, end)


def own_end(source: Source, node: Node) -> int:
    """Return where *node* ends, without comments under it that stand no further in: they are of what follows."""
    end = node.end_byte
    last_line = source.utf8[node.start_byte : end].rstrip().rpartition(b"\n")[2]
    # to find the last token takes a walk, and few last lines hold the sign of a comment
    if source.language.comment.encode() not in last_line and b"*/" not in last_line:
        return end
    last = last_token(node)
    while last.type.endswith("comment") and last.start_point.column <= node.start_point.column:
        before = last.prev_sibling
        if before is None:
            break
        end, last = before.end_byte, last_token(before)
    return end


def last_token(node: Node) -> Node:
    """Return the last token in *node*, of which a comment is one whatever a grammar makes of it."""
    while node.child_count and not node.type.endswith("comment"):
        node = node.children[-1]
    return node


def node_span(captures: dict[str, list[Node]], name: str) -> Span | None:
    """Return the span from the first to the last node captured as *name*."""
    nodes = captures.get(name)
    return Span(nodes[0].start_byte, nodes[-1].end_byte) if nodes else None


def name_parts(nodes: Sequence[Node]) -> list[str]:
    """Return the parts of a unit's name: one node may hold several, and several nodes may make one name."""
    if len(nodes) == 1 and (name := text_of(nodes[0])).isidentifier():
        return [name]
    texts = (part for node in nodes for part in SEPARATORS.split(text_of(node)))
    return [stripped for text in texts if (stripped := " ".join(text.strip("\"'` ").split()))] or ["_"]
