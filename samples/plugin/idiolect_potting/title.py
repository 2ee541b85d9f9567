"""
`title`: body -> the one line that says what it does. In: a mined file. Out: one draft for each documented function.
"""

from __future__ import annotations

from collections.abc import Iterator

from idiolect.mining.pairs.kind import Draft, Example, Kind, MinedFile


def draft_title(mined: MinedFile) -> Iterator[Draft]:
    """Yield the first line of a function's documentation as the answer to its code."""
    source = mined.source
    for definition in mined.definitions:
        if definition.doc is None or definition.code is None or definition.has_error:
            continue
        line = source.line_of(definition.doc.start)
        span = source.lines_span(line, line)
        yield Draft(
            kind="title",
            symbol=definition.symbol,
            instruction=f"{source.language.comment} Say in one line what this does.\n{source.slice(definition.code)}",
            response=source.slice(span),
            start_line=line,
            end_line=line,
            start=span.start,
            quality=1.0,
        )


KIND = Kind(
    name="title",
    teaches="to say in one line what code does",
    draft=draft_title,
    examples=(
        Example(
            file='def double(x):\n    """Return twice *x*."""\n    return 2 * x\n',
            instruction="# Say in one line what this does.\n    return 2 * x",
            response='    """Return twice *x*."""',
        ),
    ),
)
