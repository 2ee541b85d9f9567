"""
What stands around a definition. In: a source and its definitions. Out: the file's skeleton, the context of its pairs.

A skeleton is the file with its bodies left out: imports, module-level names, classes and signatures. No body and no
documentation is in it, so it never gives an answer away. It is the same text for every pair of a file.
"""

from __future__ import annotations

from itertools import chain

from .definitions import Definition, find_units
from .makers import on_one_line
from .source import Source, Span

SKELETON_BYTES = 1_600
"""About 500 tokens: a quarter of the embedded base's context."""
IMPORT_SHARE = 0.5
"""The share of the skeleton that statements before the first definition may take, whatever its heads need."""
LONGEST_STATEMENT = 400
"""Bytes of an opening statement beyond which it says more than where names come from."""


def render_skeleton(source: Source, definitions: list[Definition]) -> str:
    """Return at most `SKELETON_BYTES` of skeleton, whole statements only, in the order of the file."""
    heads = {index: head_text(source, one) for index, one in enumerate(definitions) if not one.is_local}
    sizes = {index: len(text.encode()) + 1 for index, text in heads.items()}
    # what the heads leave is the opening's, too
    share = max(int(SKELETON_BYTES * IMPORT_SHARE), SKELETON_BYTES - sum(sizes.values()))
    opening = fit_last(opening_statements(source, definitions), share)
    room = SKELETON_BYTES - sum(len(text.encode()) + 1 for text in opening)
    # outer definitions say more about a file than nested ones, so they are the first to get room
    outer_first = [(depth, index) for index, depth in enumerate(depths(definitions)) if index in heads]
    kept: set[int] = set()
    for _, index in sorted(outer_first):
        if sizes[index] <= room:
            kept.add(index)
            room -= sizes[index]
    return "\n".join([*opening, *(heads[index] for index in sorted(kept))])


def opening_statements(source: Source, definitions: list[Definition]) -> list[str]:
    """Return the telling statements before the first definition: imports and single-line assignments."""
    end = definitions[0].span.start if definitions else len(source.utf8)
    # those that a grammar calls otherwise; where documentation has a pattern of its own, none are captured
    comments = {comment.start_byte for comment in find_units(source).comments}
    statements: list[str] = []
    parts = source.tree.root_node.children
    # in Haskell all imports, and the comments between them, are one node
    for node in chain.from_iterable(part.children if part.type == "imports" else (part,) for part in parts):
        if node.start_byte >= end:
            break
        text = source.slice(Span(node.start_byte, node.end_byte))
        if "comment" in node.type or node.start_byte in comments:
            continue
        if node.type == "string" or '"""' in text or "'''" in text:
            continue
        if "import" in node.type and "," in text and "\\" not in text and source.language.comment not in text:
            # what is parted by commas needs no lines of its own
            text = on_one_line(text)
        if ("import" in node.type or "\n" not in text) and len(text) < LONGEST_STATEMENT:
            statements.append(text)
    return statements


def head_text(source: Source, definition: Definition) -> str:
    """Return the lines of a definition's head, decorators included, without its body."""
    line_start = source.line_start(definition.span.start)
    end = definition.head.end if definition.head.end > definition.head.start else definition.span.end
    if definition.doc is not None and definition.head.start <= definition.doc.start < end:
        end = definition.doc.start
    text = source.slice(Span(line_start, end)).rstrip()
    # a comment between the head and the body is no part of the signature
    lines = [line for line in text.split("\n") if not line.lstrip().startswith(source.language.comment)]
    return "\n".join(lines).rstrip()


def depths(definitions: list[Definition]) -> list[int]:
    """Return how many definitions stand around each."""
    found: list[int] = []
    for definition in definitions:  # outer before inner
        found.append(0 if definition.parent is None else 1 + found[definition.parent])
    return found


def fit_last(statements: list[str], room: int) -> list[str]:
    """
    Return, in their order, the statements that fit into *room* bytes, the last ones first.

    By custom what everyone knows, such as the standard library, is imported before what is the house's own.
    """
    kept: list[str] = []
    for text in reversed(statements):
        size = len(text.encode()) + 1
        if size <= room:
            kept.append(text)
            room -= size
    return kept[::-1]
