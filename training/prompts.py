"""
What a person asks, as a request. In: words, a file, a line. Out: a `Prompt` in the form that pairs have.

The context is the file's skeleton, made by the code that mining uses: a model is asked as it was taught.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..mining.definitions import collect_definitions
from ..mining.errors import InputError
from ..mining.languages import Language, known_languages, language_named, language_of
from ..mining.pairs.pair import HOLE
from ..mining.skeleton import render_skeleton
from ..mining.source import Source, UndecodableError, parse_source, whole_lines
from ..mining.wording import counted

LINES_BEFORE, LINES_AFTER = 24, 12
"""The window around a hole, in lines."""
EXAMPLE = "example.py"
"""The path of a request that names none, where nothing is known of what was taught."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """
    One request, still as text.
    """

    kind: str
    path: str
    language: str
    context: str
    instruction: str


def is_whole(text: str) -> bool:
    """Claim that *text* can be encoded: clients that count in UTF-16 may cut a character in two."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def unknown_language(record: Mapping[str, Any]) -> str | None:
    """Return the language that the adapter of *record* was taught most of, where it is not known here."""
    taught = record["counts"].get("languages", {})
    most = max(taught, key=taught.get, default=None)
    return None if most in {language.name for language in known_languages()} else most


def usual_path(record: Mapping[str, Any]) -> str:
    """Return the path of a request that names none: in the language that the adapter of *record* was taught most of."""
    taught = record["counts"].get("languages", {})
    most = max(known_languages(), key=lambda language: taught.get(language.name, 0))
    return f"example{most.extensions[0]}" if taught.get(most.name) else EXAMPLE


def ask_for(instruction: str, file: Path | None, path: str = EXAMPLE) -> Prompt:
    """Return the request for *instruction*, in the context of *file* where one is given; else for an empty *path*."""
    if not is_whole(instruction):
        raise InputError("The instruction is not UTF-8.")
    if file is None:
        return Prompt("implement", path, language_at(path).name, "", instruction)
    source = read_source(file)
    context = render_skeleton(source, collect_definitions(source))
    return Prompt("implement", source.path, source.language.name, context, instruction)


def ask_at_line(file: Path, line: int) -> Prompt:
    """Return the request to fill in code at *line* of *file*: that line moves down."""
    source = read_source(file)
    lines = whole_lines(source.text)
    if line > len(lines) + 1:
        raise InputError(f"{str(file)!r} has {counted(len(lines), 'line')}; there is no line {line}.")
    before = "".join(lines[max(0, line - 1 - LINES_BEFORE) : line - 1])
    after = "".join(lines[line - 1 : line - 1 + LINES_AFTER])
    if HOLE in before + after:
        raise InputError(f"{str(file)!r} contains {HOLE!r}, which marks the hole.")
    context = render_skeleton(source, collect_definitions(source))
    return Prompt("infill", source.path, source.language.name, context, f"{before}{HOLE}\n{after}")


def language_at(path: str, data: bytes = b"") -> Language:
    """Return the language of the file at *path* that holds *data*; what is in an unknown one is read as Python."""
    return language_of(path, data=data) or language_named("python")


def is_unread(file: Path) -> bool:
    """Claim that *file* is of no language that is known."""
    try:
        return language_of(file.name, data=file.read_bytes()) is None
    except OSError:
        return False


def read_source(file: Path) -> Source:
    """Return the parsed *file*."""
    path = path_of(file)
    try:
        data = file.read_bytes()
        return parse_source(path, data, language_at(path, data))
    except (OSError, UndecodableError) as error:
        raise InputError(f"{str(file)!r} cannot be read: {error}") from error


def path_of(file: Path) -> str:
    """Return what pairs of its repository call *file*; outside of one, its path from the working folder or its name."""
    whole = file.resolve()
    tops = [folder for folder in whole.parents if (folder / ".git").exists()]
    around = tops[0] if tops else Path.cwd()
    return whole.relative_to(around).as_posix() if whole.is_relative_to(around) else whole.name
