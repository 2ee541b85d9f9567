"""
One pass over one file of any language. In: a `Source`. Out: its `FileTally`, by the neutral conventions.
"""

from __future__ import annotations

from ..filters.sketch import sketch_lines
from ..packages import module_of
from ..source import Source
from .anyfacts import tops_in, uses_in
from .anyview import AnyView
from .convention import NeutralConvention, Opportunity, collect_conventions
from .facts import FileFacts
from .tally import FileTally
from .view import is_shown

FAMILY = {"tsx": "typescript"}
"""Languages that a house takes for another one: what is a habit in either is a habit in both."""


def tally_any(source: Source) -> FileTally:
    """Ask the neutral questions of *source*."""
    file = AnyView(source)
    texts: dict[tuple[str, str, str], str] = {}
    opportunities: list[Opportunity] = []
    family = family_of(source.language.name)
    for convention in collect_conventions():
        if not isinstance(convention, NeutralConvention) or not convention.is_asked_any(file):
            continue
        # an exemplar is the first line for its answer: queries find sites in no order
        for choice in sorted(convention.ask_any(file), key=lambda choice: choice.mark.start_byte):
            mark = choice.mark
            if (file.broken and file.is_broken(mark.start_byte)) or file.is_silenced(convention, mark):
                continue
            line = mark.start_point.row + 1
            # what one language does says nothing of another: each has its own questions
            key = f"{family}: {choice.key}" if choice.key else family
            opportunities.append(Opportunity(convention.id, key, choice.value, line, mark.start_byte, mark.end_byte))
            what = (convention.id, key, choice.value)
            if what not in texts:
                texts[what] = file.line_text(line) if convention.is_in_line and is_shown(mark) else ""
    return FileTally(
        path=source.path,
        language=source.language.name,
        role=file.role,
        lines=len(source.line_starts),
        opportunities=tuple(sorted(opportunities, key=lambda o: (o.start, o.convention))),
        texts=texts,
        facts=facts_of(file),
        sketch=sketch_lines(source.path, source.utf8),
    )


def family_of(language: str) -> str:
    """Return the name of the language whose habits those of *language* are."""
    return FAMILY.get(language, language)


def facts_of(file: AnyView) -> FileFacts:
    """Return what mined families ask of a file in any language."""
    return FileFacts(
        path=file.path, role=file.role, module=module_of(file.path), functions=(), classes=(), calls=(),
        language=family_of(file.source.language.name), blocks=tuple(file.blocks), tops=tuple(tops_in(file)),
        uses=tuple(uses_in(file)), units=tuple(sorted({unit.name.text for unit in file.units})),
    )  # fmt: skip
