"""
`infill`: what stands before and after -> what stands between. In: a mined file. Out: drafts with one hole each.

Half of the holes are cut along the tree (a statement of a body), half at random places, as people stop typing anywhere.
Which, and where, is decided by hash, never by chance. In prose they are cut into its blocks of code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tree_sitter import Node

from ..definitions import Definition
from ..filters.quality import DIGEST, SHORTEST_RESPONSE, STUB
from ..roles import tells_of_changes
from ..source import Source, Span, is_comment
from .kind import Draft, Example, Kind, MinedFile, draft_at, number_of
from .pair import HOLE
from .recall import LICENCE

WINDOW = 700
"""Bytes of the file that stand before the hole, and after it."""
LONGEST = 500
"""Bytes of the longest hole."""
SHORTEST = 8
LONGEST_STRING = 200
"""Bytes of a string that may hold a hole: a longer one is data, or prose that no code around it tells."""
LETTERS = re.compile(r"[^\W\d_]{2}")
"""What no hole is without: numbers and rules of tables cannot be told."""
WORD = re.compile(r"\S+")
FILLED_IN = re.compile(rb"<!--[^>]*(?:BEGIN|START)(?![a-z])[^>]*-->.*?<!--[^>]*(?:END|STOP)(?![a-z])", re.DOTALL)
"""What a tool writes into a file of prose, between two marks of its own."""
LISTS = frozenset({"statement_list", "statements"})
"""What some grammars put between a body and its statements."""
CODE_BLOCKS = frozenset({"fenced_code_block", "indented_code_block"})
BLOCK_CODE = frozenset({"code_fence_content", "indented_code_block"})
EVERY = 2
"""One definition in this many gives an infill pair, so that they do not outnumber the other kinds."""


def draft_infill(mined: MinedFile) -> Iterator[Draft]:
    """Yield one draft for some of the functions of a file."""
    source = mined.source
    if HOLE in source.text or tells_of_changes(source.path):
        return
    filled = [range(*match.span()) for match in FILLED_IN.finditer(source.utf8)] if b"<!--" in source.utf8 else []
    for definition in mined.definitions:
        chance = number_of(f"{source.path}:{definition.symbol}")
        if definition.kind == "class" or definition.code is None or definition.has_error or chance % EVERY:
            continue
        body = source.slice(definition.code)
        if len(body.strip()) < SHORTEST_RESPONSE or STUB.fullmatch(body):
            continue
        hole = (tree_hole if chance // EVERY % 2 else random_hole)(source, definition, chance // 64)
        if hole is None or any(hole.start in each for each in filled):
            continue
        if can_be_told(source, definition, hole):
            yield cut_hole(source, definition, hole)


def can_be_told(source: Source, definition: Definition, hole: Span) -> bool:
    """Claim that what stands in *hole* is more than a sign or a comment, and neither data nor a licence."""
    text = source.slice(hole).strip()
    if len(text) < SHORTEST or LETTERS.search(text) is None or cuts_digest(source, hole):
        return False
    if source.language.name == "markdown":
        return LICENCE.search(source.slice(definition.span)) is None
    if is_comment(source, hole):
        return False
    around = source.tree.root_node.descendant_for_byte_range(hole.start, hole.end - 1)
    if around is None or around.end_byte - around.start_byte <= LONGEST_STRING:
        return True
    return "string" not in around.type and "heredoc" not in around.type


def cuts_digest(source: Source, hole: Span) -> bool:
    """Claim that a digest, or a part of one, stands in *hole*."""
    lines = source.lines_of(hole)
    before = len(source.slice(Span(lines.start, hole.start)))
    after = before + len(source.slice(hole))
    return any(found.start() < after and before < found.end() for found in DIGEST.finditer(source.slice(lines)))


def cut_hole(source: Source, definition: Definition, hole: Span) -> Draft:
    """Return the draft that asks for *hole*, in a window of whole lines around it."""
    first = max(0, hole.start - WINDOW)
    last = min(len(source.utf8), hole.end + WINDOW)
    start = source.line_start(first) if first else 0
    end = source.lines_span(1, source.line_of(max(last - 1, 0))).end
    before, after = source.slice(Span(start, hole.start)), source.slice(Span(hole.end, max(end, hole.end)))
    return draft_at(source, hole, kind="infill", symbol=definition.symbol, instruction=f"{before}{HOLE}{after}")


def tree_hole(source: Source, definition: Definition, chance: int) -> Span | None:
    """Return one statement of the definition's body, in prose one of its blocks of code."""
    assert definition.code is not None
    nodes = [node for node in parts_of(source, definition) if not node.type.endswith("comment")]
    # some grammars count the line's end, and empty lines, to what they end
    spans = [Span(node.start_byte, node.start_byte + len((node.text or b"").rstrip())) for node in nodes]
    first, last = definition.code.start, definition.code.end
    own = [span for span in spans if first <= span.start and span.end <= last]
    inside = [span for span in own if SHORTEST <= span.end - span.start <= LONGEST]
    return inside[chance % len(inside)] if inside else None


def parts_of(source: Source, definition: Definition) -> Sequence[Node]:
    """Return what the body of *definition* consists of, of a section of prose its blocks of code."""
    body = source.tree.root_node.descendant_for_byte_range(definition.body.start, definition.body.end)
    nodes = [] if body is None else body.named_children
    if source.language.name == "markdown":
        return [node for node in nodes if node.type in CODE_BLOCKS]
    return nodes[0].named_children if len(nodes) == 1 and nodes[0].type in LISTS else nodes


def random_hole(source: Source, definition: Definition, chance: int) -> Span | None:
    """Return a stretch of the body, in prose of a block of code, between two places that are no blanks."""
    place = definition.code
    if source.language.name == "markdown":
        parts = (part for block in parts_of(source, definition) for part in (block, *block.named_children))
        inner = [part for part in parts if part.type in BLOCK_CODE]
        part = inner[chance % len(inner)] if inner else None
        place = None if part is None else Span(part.start_byte, part.end_byte)
    text = "" if place is None else source.slice(place)
    words = [match.span() for match in WORD.finditer(text)]
    count = sum(end - start for start, end in words)
    if place is None or count < SHORTEST:
        return None
    start = chance % (count - SHORTEST // 2)
    end = min(count - 1, start + SHORTEST + chance // count % 160)
    opening, closing = nth_letter(words, start), nth_letter(words, end)
    # the answer is counted in characters here, in bytes everywhere else
    first = place.start + len(text[:opening].encode())
    return Span(first, first + len(text[opening : closing + 1].encode()))


def nth_letter(words: list[tuple[int, int]], number: int) -> int:
    """Return where the character with *number* stands, counted from 0 over what is no blank."""
    for start, end in words:
        if number < end - start:
            return start + number
        number -= end - start
    raise AssertionError("there are so many characters")


KIND = Kind(
    name="infill",
    teaches="to write what belongs between two pieces of a file",
    draft=draft_infill,
    examples=(
        Example(
            file=(
                'def total(prices, tax):\n    """Return what *prices* come to, with *tax*."""\n    net = sum(prices)\n'
                '    if net < 0:\n        raise ValueError("prices are positive")\n    return net * (1 + tax)\n'
            ),
            instruction=(
                f'def total(prices, tax):\n    """Return what *prices* come to, with *tax*."""\n    {HOLE}\n'
                '    if net < 0:\n        raise ValueError("prices are positive")\n    return net * (1 + tax)'
            ),
            response="net = sum(prices)",
        ),
    ),
)
