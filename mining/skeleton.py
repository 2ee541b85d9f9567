"""
What stands around a definition. In: a source and its definitions. Out: the file's skeleton, the context of its pairs.

A skeleton is the file with its bodies left out: imports, module-level names, classes and signatures. No body and no
documentation is in it, so it never gives an answer away. It is the same text for every pair of a file.
"""

from __future__ import annotations

from .definitions import Definition
from .source import Source, Span

SKELETON_BYTES = 1_600
"""About 500 tokens: a quarter of the embedded base's context."""
IMPORT_SHARE = 0.5
"""The share of the skeleton that lines before the first definition may take."""
LONGEST_STATEMENT = 400
"""Bytes of an opening statement beyond which it says more than where names come from."""


def render_skeleton(source: Source, definitions: list[Definition], limit: int = SKELETON_BYTES) -> str:
    """Return at most *limit* bytes of skeleton, whole lines only, in the order of the file."""
    opening = fit_lines(opening_lines(source, definitions), int(limit * IMPORT_SHARE))
    room = limit - sum(len(line.encode()) + 1 for line in opening)
    # outer definitions say more about a file than nested ones, so they are the first to get room
    heads = [(depth, index) for index, depth in enumerate(depths(definitions))]
    kept: set[int] = set()
    for _, index in sorted(heads):
        text = head_text(source, definitions[index])
        if not definitions[index].is_local and (size := len(text.encode()) + 1) <= room:
            kept.add(index)
            room -= size
    return "\n".join([*opening, *(head_text(source, definitions[index]) for index in sorted(kept))])


def opening_lines(source: Source, definitions: list[Definition]) -> list[str]:
    """Return the telling lines before the first definition: imports and single-line assignments."""
    end = definitions[0].span.start if definitions else len(source.utf8)
    lines: list[str] = []
    for node in source.tree.root_node.children:
        if node.start_byte >= end:
            break
        text = source.slice(Span(node.start_byte, node.end_byte))
        if node.type in ("comment", "string") or '"""' in text or "'''" in text:
            continue
        if "import" in node.type or "\n" not in text:
            lines.extend(text.split("\n") if len(text) < LONGEST_STATEMENT else [])
    return lines


def head_text(source: Source, definition: Definition) -> str:
    """Return the lines of a definition's head, decorators included, without its body."""
    line_start = source.line_starts[source.line_of(definition.span.start) - 1]
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


def fit_lines(lines: list[str], limit: int) -> list[str]:
    """Return the first lines that fit into *limit* bytes."""
    used = 0
    for count, line in enumerate(lines):
        used += len(line.encode()) + 1
        if used > limit:
            return lines[:count]
    return lines
