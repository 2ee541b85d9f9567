"""
One pass over one file of any language. In: a `Source`. Out: its `FileTally`, by the neutral conventions.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..packages import module_of
from ..source import Source
from .anyfacts import tops_in, types_in, uses_in
from .anyview import AnyView
from .convention import Choice, Convention, NeutralConvention, collect_conventions
from .facts import FileFacts
from .tally import FileTally, tally_choices

FAMILY = {"tsx": "typescript"}
"""Languages that a house takes for another one: what is a habit in either is a habit in both."""


def tally_any(source: Source) -> FileTally:
    """Ask the neutral questions of *source*."""
    file = AnyView(source)
    # queries find sites in no order
    choices = sorted(choices_in(file), key=lambda row: (row[1].mark.start_byte, row[0].id))
    return tally_choices(file, choices, lambda: facts_of(file))


def choices_in(file: AnyView) -> Iterator[tuple[Convention, Choice]]:
    """Yield (convention, choice) for every site of *file*, in no order."""
    family = family_of(file.source.language.name)
    for convention in collect_conventions():
        if not isinstance(convention, NeutralConvention) or not convention.is_asked_any(file):
            continue
        for choice in convention.ask_any(file):
            mark = choice.mark
            if not (file.broken and file.is_broken(mark.start_byte)) and not file.is_silenced(convention, mark):
                # what one language does says nothing of another: each has its own questions
                yield convention, choice._replace(key=f"{family}: {choice.key}" if choice.key else family)


def family_of(language: str) -> str:
    """Return the name of the language whose habits those of *language* are."""
    return FAMILY.get(language, language)


def facts_of(file: AnyView) -> FileFacts:
    """Return what mined families ask of a file in any language."""
    return FileFacts(
        path=file.path, role=file.role, module=module_of(file.path), functions=(), classes=(), calls=(),
        language=family_of(file.source.language.name), blocks=tuple(file.blocks), tops=tuple(tops_in(file)),
        uses=tuple(uses_in(file)), units=tuple(sorted({unit.name.text for unit in file.units})),
        types=tuple(types_in(file)),
    )  # fmt: skip
