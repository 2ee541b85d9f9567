"""
Quality. In: a draft and the file it comes from. Out: nothing to object, or the reason why it cannot teach.

libcst is the exact syntax gate for Python whatever the version that runs here, at twenty times the cost of tree-sitter.
It is asked only about what Python's own parser refuses, and in files that give cause: an error in the tree, a statement
of Python 2, or a block whose lines do not stand under each other, which tree-sitter forgives in files that people keep.
"""

from __future__ import annotations

import ast
import re
import warnings

from tree_sitter import Node

from ..definitions import Definition, find_units
from ..pairs.kind import Draft
from ..source import Source, Span

SHORTEST_RESPONSE = 12
"""Characters; shorter bodies (`pass`, `...`) teach nothing."""
LONGEST_RESPONSE = 6_000
LONGEST_INSTRUCTION = 12_000
"""Characters; twice what the kinds ask with, unless a line as long as a table stands in it."""
STUB = re.compile(
    r"\s*(?:pass|\.\.\.|return(?: None)?|(?:\w+ = (?:[^\n(]+|\([^()]*\))\n\s*)?"
    r"raise NotImplementedError(?:\((?s:.*)\))?)"
    r"\s*(?:#.*)?"
)
"""A body that is left to others to write, with the words of the error that says so."""
DIGEST = re.compile(
    r"(?<![a-z\d])(?=\d*[a-f])(?=[a-f]*\d)[a-f\d]{20,}(?![a-z\d])|\b[a-f\d]{8}(?:-[a-f\d]{4}){3}-[a-f\d]{12}\b",
    re.IGNORECASE,
)
"""What a machine drew or computed: no one knows it by heart, and no code around it tells it."""
BIDIRECTIONAL = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f]")
"""Characters that make code read otherwise than it runs (CVE-2021-42574)."""
MIXED = re.compile("[A-Za-z_][\u0400-\u058f\u13a0-\u13ff]|[\u0400-\u058f\u13a0-\u13ff][A-Za-z_]")
"""A Latin letter beside one of a script that looks like it: a name is not what it seems (CVE-2021-42694)."""

ORDER = re.compile(
    r"\b(ignore|disregard|forget)\b[^.\n]{0,20}\b(previous|prior|above|earlier)\b[^.\n]{0,12}\b(instruction|prompt|order)s?\b",
    re.IGNORECASE,
)
"""Words that speak to a model, not to a reader: as an answer they would teach it to write them."""
ORDERED = ("ignore", "disregard", "forget")
"""One of these is in every such order; few answers have one."""


def object_to(draft: Draft) -> str:
    """Return why *draft* is dropped, judged by its text alone, or nothing."""
    response = draft.response
    if len(response.strip()) < SHORTEST_RESPONSE and draft.kind != "infill":
        return "short"
    if len(response) > LONGEST_RESPONSE or len(draft.instruction) > LONGEST_INSTRUCTION:
        return "long"
    if draft.kind in ("implement", "infill") and STUB.fullmatch(response):
        return "stub"
    if draft.kind == "edit" and any(found[0] not in draft.instruction for found in DIGEST.finditer(response)):
        return "digest"
    # most texts have no letter that these could be made of
    odd = [text for text in (response, draft.instruction) if not text.isascii()]
    if any(map(BIDIRECTIONAL.search, odd)):
        return "bidirectional_control"
    if speaks_to_a_model(response):
        return "order_to_a_model"
    return "mixed_scripts" if any(map(MIXED.search, odd)) else ""


def speaks_to_a_model(text: str) -> bool:
    """Claim that *text* tells a model to forget what it was told."""
    lowered = text.lower()
    # beyond ASCII, letters have more than two cases
    may = not text.isascii() or any(word in lowered for word in ORDERED)
    return may and ORDER.search(text) is not None


def gives_cause(source: Source) -> bool:
    """Claim that a Python file may hold syntax errors that its tree does not show where they are."""
    if source.tree.root_node.has_error:
        return True
    found = find_units(source)
    return bool(found.old) or any(map(is_ragged, found.blocks))


def is_ragged(block: Node) -> bool:
    """Claim that the lines of a block do not start in one column."""
    children = block.named_children
    if len(children) < 2:
        return False
    line, column = children[0].start_point
    for child in children[1:]:
        row, start = child.start_point
        # a comment may stand anywhere; a second statement of one line stands after the first
        if row != line and start != column and child.type != "comment":
            return True
        line = child.end_point.row
    return False


def broken_definition(source: Source, definition: Definition) -> bool:
    """Claim that a Python definition, taken by itself, is not valid syntax."""
    start = source.line_start(definition.span.start)
    # a block may stand under any head: `if True:` carries the indentation, so that no line has to change
    head = "if True:\n" if start < definition.span.start else ""
    text = head + source.slice(Span(start, definition.span.end))
    try:
        with warnings.catch_warnings(action="ignore"):  # of what the code does, such as a strange escape
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return not is_python(text + "\n")
    return False


def is_python(text: str) -> bool:
    """Claim that *text* is a module to libcst, which knows later versions of Python than the one that runs here."""
    import libcst

    try:
        libcst.parse_module(text)
    except Exception:  # libcst raises bare exceptions on some inputs it cannot read
        return False
    return True
