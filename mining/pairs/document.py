"""
`document`: a definition without its documentation -> the documentation. In: a mined file. Out: drafts.

The answer is the documentation as the house wrote it, quotes or comment markers included, so that its form is learned
with its words.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..definitions import DATA_KINDS, Definition
from ..filters.quality import STUB
from ..source import Source, Span, indent_of
from .kind import Draft, Example, Kind, MinedFile, draft_at, phrase

PHRASINGS = (
    "Write the documentation of `{symbol}`.",
    "Document `{symbol}` the way this codebase does.",
    "Say what `{symbol}` does, in this codebase's form.",
)
OF_DATA = (
    "Write the comment above `{symbol}`.",
    "Document `{symbol}` the way this codebase does.",
    "Say what `{symbol}` is for, in this codebase's form.",
)
"""What is asked of settings, which do nothing."""
SHORTEST, LONGEST = 30, 1_200
"""Characters of the documentation: less says nothing, more is a chapter of a manual."""
MOST_LINES = 60
"""Lines of the definition that is asked about."""


def draft_document(mined: MinedFile) -> Iterator[Draft]:
    """Yield one draft per definition with documentation and code."""
    source = mined.source
    for definition in mined.definitions:
        doc = definition.doc
        if doc is None or definition.has_error or not SHORTEST <= doc.end - doc.start <= LONGEST:
            continue
        if definition.kind == "class" or definition.code is None:
            continue
        if STUB.fullmatch(source.slice(definition.code)):
            # what others are to write is not told by the code
            continue
        answer = source.lines_of(doc)
        code = undocumented(source, definition, answer)
        if code and code.count("\n") < MOST_LINES and owns_lines(source, doc, answer):
            phrasings = OF_DATA if definition.kind in DATA_KINDS else PHRASINGS
            ask = phrase(source.path + definition.symbol + "document", phrasings).format(symbol=definition.symbol)
            ask = f"{indent_of(code)}{source.language.comment} {ask}\n{code}"
            yield draft_at(source, answer, kind="document", symbol=definition.symbol, instruction=ask)


def undocumented(source: Source, definition: Definition, doc: Span) -> str:
    """Return the whole lines of *definition* without those of its documentation; empty where nothing is left."""
    start = source.line_start(definition.span.start)
    end = source.lines_span(1, source.line_of(definition.span.end - 1)).end
    # documentation above the definition is not among its lines
    before = source.slice(Span(start, max(start, doc.start)))
    after = source.slice(Span(min(max(start, doc.end), end), end)).removeprefix("\r").removeprefix("\n")
    return (before + after).strip("\r\n")


def owns_lines(source: Source, doc: Span, lines: Span) -> bool:
    """Claim that nothing but blanks stands beside the documentation on its lines."""
    return not source.utf8[lines.start : doc.start].strip() and not source.utf8[doc.end : lines.end].strip()


KIND = Kind(
    name="document",
    teaches="to document code in the house's form",
    more="document more functions",
    draft=draft_document,
    examples=(
        Example(
            file='def double(x):\n    """Return twice the number *x*."""\n    return 2 * x\n',
            instruction="# Say what `double` does, in this codebase's form.\ndef double(x):\n    return 2 * x",
            response='    """Return twice the number *x*."""',
        ),
    ),
)
