"""
How well a language reads a repository. In: languages and a folder. Out: a `Survey` each: errors, captures, units.

This is what `idiolect doctor --language FILE REPO` shows while someone writes a query: nothing is mined.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tree_sitter import QueryCursor

from .definitions import MATCH_LIMIT, collect_definitions
from .languages import Language, language_of
from .repository import list_code
from .source import Source, UndecodableError, outermost_errors, parse_source

SAMPLES = 20
"""Files that a language's own checker is tried on."""


@dataclass(slots=True)
class Survey:
    """
    What one language found in a repository.
    """

    files: int = 0
    files_with_errors: int = 0
    size: int = 0
    """Bytes of all files read."""
    error_size: int = 0
    """Bytes inside of ERROR nodes."""
    first_error: str = ""
    """Where the first error stands: `path:line`."""
    captures: Counter[str] = field(default_factory=Counter[str])
    units: Counter[str] = field(default_factory=Counter[str])
    documented: int = 0
    askable: int = 0
    """Units with documentation and a body on lines of its own: what `implement` pairs are made of."""
    skipped: Counter[str] = field(default_factory=Counter[str])
    samples: list[Source] = field(default_factory=list[Source])
    """The first files, as many as a checker is tried on."""

    def add(self, source: Source) -> None:
        """Count one parsed file."""
        root = source.tree.root_node
        self.files += 1
        if len(self.samples) < SAMPLES:
            self.samples.append(source)
        self.size += len(source.utf8)
        if root.has_error:
            self.files_with_errors += 1
            errors = outermost_errors(root)
            self.error_size += sum(node.end_byte - node.start_byte for node in errors)
            first = min((node.start_byte for node in errors), default=0)
            self.first_error = self.first_error or f"{source.path}:{source.line_of(first)}"
        self.captures.update(count_captures(source))
        for definition in collect_definitions(source):
            self.units[definition.kind] += 1
            self.documented += definition.doc is not None
            self.askable += definition.doc is not None and definition.code is not None and definition.kind != "class"

    def as_json(self, language: Language) -> dict[str, Any]:
        """Return the survey of *language* as one JSON object."""
        return {
            "files": self.files,
            "files_with_errors": self.files_with_errors,
            "error_share": round(self.error_size / self.size, 6) if self.size else 0.0,
            "first_error": self.first_error,
            "units": dict(sorted(self.units.items())),
            "documented_units": self.documented,
            "implement_units": self.askable,
            "captures": {name: self.captures[name] for name in shown(language)},
            "unmatched_captures": sorted(name for name in shown(language) if not self.captures[name]),
            "skipped": dict(sorted(self.skipped.items())),
        }


def count_captures(source: Source) -> dict[str, int]:
    """Return how many nodes of *source* each capture of the language's query names."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    # `captures` also returns nodes of what is no match in the end, and takes for ever where a body is thousands of them
    cursor = QueryCursor(source.language.query, match_limit=MATCH_LIMIT)
    for _, captures in cursor.matches(source.tree.root_node):
        for name, nodes in captures.items():
            found[name].update(node.id for node in nodes)
    return {name: len(ids) for name, ids in found.items()}


def shown(language: Language) -> list[str]:
    """Return the captures of *language* that say something to who writes a query."""
    return sorted(name for name in language.captures if not name.startswith("_"))


def survey_repository(root: Path, languages: Sequence[Language]) -> dict[str, Survey]:
    """Return what each of *languages* reads in *root*, by its name; raises `InputError` when there is nothing."""
    files = list_code(root, languages)
    surveys = {language.name: Survey() for language in languages}
    for skip in files.skips:
        if (language := language_of(skip.path, languages)) is not None:
            surveys[language.name].skipped[skip.reason] += 1
    for path in files.paths:
        data = files.read(path)
        language = language_of(path, languages, data if isinstance(data, bytes) else b"")
        assert language is not None
        if not isinstance(data, bytes):
            surveys[language.name].skipped[data.reason] += 1
            continue
        try:
            surveys[language.name].add(parse_source(path, data, language))
        except UndecodableError as error:
            surveys[language.name].skipped[error.reason] += 1
    return surveys
