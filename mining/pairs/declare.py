"""
`declare`: what a class of the house is for -> its head, and what its body opens with. In: a mined file. Out: drafts.

A class is of the house where one of its bases or decorators is: then its head, with the attributes that stand before
the first method, is how the house's framework is told what the class is. The context is the file without that class.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..api import summary_of
from ..definitions import Definition, blank_to_line_end
from ..skeleton import render_skeleton
from ..source import Source, Span
from .house_names import house_names
from .kind import Draft, Example, Kind, MinedFile, draft_at, phrase

WHOLE = ("Declare `{symbol}`", "Declare the class `{symbol}`")
HEAD = "Write the head of the class `{symbol}`"
MOST_LINES = 16
"""
Lines of an answer; where there are more, or documentation says more than was asked with, the head alone is asked, and
nothing where that has more, too: what its decorators hold is data.
"""


def draft_declare(mined: MinedFile) -> Iterator[Draft]:
    """Yield a draft for each outermost class of source files that builds on a class or a decorator of the house."""
    tally = mined.tally
    if tally is None or tally.facts is None or tally.role != "src":
        return
    names = house_names(mined, tally.facts)
    built = {fact.symbol for fact in tally.facts.classes if any(map(names.dotted, (*fact.bases, *fact.decorators)))}
    for definition in mined.definitions:
        if definition.symbol in built and definition.parent is None and not definition.has_error:
            source, span = mined.source, definition.span
            first = source.line_of(span.start)
            # what stands under a condition is declared more than once, and one line says nothing but the base
            if span.start == source.line_starts[first - 1] and first != source.line_of(span.end - 1):
                yield from ask_for_head(mined, definition)


def ask_for_head(mined: MinedFile, definition: Definition) -> Iterator[Draft]:
    """Yield the question for the opening of an outermost class, where its head is no table."""
    source = mined.source
    inside = [one for one in mined.definitions if definition.span.start < one.span.start < definition.span.end]
    lines, is_cut = opening_lines(source, definition, inside)
    if source.line_of(lines.end - 1) - source.line_of(lines.start) >= MOST_LINES:
        return
    around = [one for one in mined.definitions if one is not definition and one.parent is None]
    summary = "" if definition.doc is None else summary_of(source.slice(definition.doc))
    ask = HEAD if is_cut else phrase(source.path + definition.symbol, WHOLE)
    purpose = f": {summary}" if summary else ""
    yield draft_at(
        source,
        lines,
        kind="declare",
        symbol=definition.symbol,
        instruction=f"{source.language.comment} {ask.format(symbol=definition.symbol)}{purpose}.",
        context=render_skeleton(source, around),
    )


def opening_lines(source: Source, definition: Definition, inside: list[Definition]) -> tuple[Span, bool]:
    """Return the lines from the first decorator to the last attribute before a definition *inside*; were some cut."""
    first = source.line_of(definition.span.start)
    end = source.line_of(inside[0].span.start) - 1 if inside else source.line_of(definition.span.end - 1)
    head = source.line_of(len(source.utf8[: definition.head.end].rstrip()) - 1)
    # comments below the head open what is left out
    while blank_to_line_end(source, source.line_starts[head - 1]):
        head -= 1
    while end > head and blank_to_line_end(source, source.line_starts[end - 1]):
        end -= 1
    doc = source.slice(definition.doc) if definition.doc is not None else ""
    is_cut = end > head and (end - first >= MOST_LINES or "\n" in doc)
    return source.lines_span(first, head if is_cut else end), is_cut


KIND = Kind(
    name="declare",
    teaches="to declare what the house's classes and decorators are there for",
    made_of="Python alone",
    draft=draft_declare,
    examples=(
        Example(
            file=(
                'from house.jobs import Job, job\n\n\n@job("rush")\nclass Close(Job):\n    """Close the shop."""\n\n'
                "    retries = 3\n\n    # in the evening\n    def run(self):\n        return lock(self.door)\n"
            ),
            instruction="# Declare the class `Close`: Close the shop.",
            response='@job("rush")\nclass Close(Job):\n    """Close the shop."""\n\n    retries = 3',
        ),
    ),
)
