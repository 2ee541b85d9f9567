"""
What a pair kind is. In: a parsed file with its definitions and skeleton. Out: `Draft`s, pairs without their origin.

A kind is one module of this folder that holds a `KIND` of this class; the folder is scanned, no list is kept.
"""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..definitions import Definition
from ..errors import InputError
from ..plugins import add_plugins
from ..source import Source, Span

if TYPE_CHECKING:  # they import this module, or are loaded only where they are used
    from ..api import Lookup
    from ..conventions.tally import FileTally
    from ..history import Change


@dataclass(frozen=True, slots=True)
class MinedFile:
    """
    A file as every kind sees it.
    """

    source: Source
    definitions: list[Definition]
    skeleton: str
    tally: FileTally | None = None
    """The file's answers to the questions of the conventions."""
    house: frozenset[str] = frozenset()
    """The first names of the modules that the mined repositories offer, as far as their files' paths tell."""


class Rule(NamedTuple):
    """
    A convention, what it is about, and the answer found.
    """

    convention: str
    key: str
    value: str


class Draft(NamedTuple):
    """
    A pair before its origin, split and cluster are known.
    """

    kind: str
    symbol: str
    instruction: str
    response: str
    start_line: int
    """First line of the response in the file, from 1."""
    end_line: int
    start: int
    """Byte at which the response starts in `Source.utf8`."""
    quality: float = 1.0
    context: str | None = None
    """What stands around, where it is not the file's skeleton."""
    callee: str = ""
    """The dotted name that the answer calls, for `finish` to find in the API index."""
    calls_method: bool = False
    """Whether what stands before the last name of `callee` is a class."""
    rules: tuple[Rule, ...] = ()
    """The conventions that the answer keeps and the ask does not: the house must hold to all of them."""


def draft_at(source: Source, answer: Span, *, kind: str, symbol: str, instruction: str, **more: Any) -> Draft:
    """Return the draft that is answered by what stands at *answer*; *more* are other fields of it."""
    first, last = source.line_of(answer.start), source.line_of(answer.end - 1)
    return Draft(kind, symbol, instruction, source.slice(answer), first, last, answer.start, **more)


@dataclass(frozen=True, slots=True)
class Example:
    """
    A kind's own example: its tests and its documentation.
    """

    file: str
    """A small file."""
    instruction: str
    """What must be asked of it."""
    response: str
    """The answer."""
    path: str = "house/example.py"
    before: str = ""
    """For a change: the file before it. `file` is what it became."""
    subject: str = ""
    """For a change: the first line of the commit's message."""


@dataclass(frozen=True, slots=True)
class Kind:
    """
    One kind of pair.
    """

    name: str
    teaches: str
    """One sentence for a reader of the corpus."""
    draft: Callable[[MinedFile], Iterator[Draft]]
    examples: tuple[Example, ...]
    finish: Callable[[Draft, Lookup], Draft | None] | None = None
    """Completes a draft with what all files of its language offer; None when the draft turns out to be no pair."""
    draft_change: Callable[[Change], Iterator[Draft]] | None = None
    """Makes drafts of a change in the history instead of a file."""
    more: str = ""
    """What gives more of them, said where a corpus has few; of those made of changes, the history tells."""
    made_of: str = ""
    """The languages it is made of, where that is not all of them."""
    tells_facts: bool = False
    """Whether an answer says what is there: it is as true where it does not keep the house's style, and is taught."""


@cache
def collect_kinds() -> dict[str, Kind]:
    """
    Return every kind in this folder, and of installed plug-ins, by its name.

    Raises `InputError` when a module's `KIND` is none, or has the name of another.
    """
    folder = str(Path(__file__).parent)
    package = __name__.rpartition(".")[0]
    kinds: dict[str, Kind] = {}
    for name in sorted(module.name for module in pkgutil.iter_modules([folder])):
        found = getattr(importlib.import_module(f"{package}.{name}"), "KIND", None)
        if found is None:
            continue
        if not isinstance(found, Kind):
            raise InputError(f"pairs/{name}.py: KIND is {found!r}, and no Kind.")
        if kinds.setdefault(found.name, found) is not found:
            raise InputError(f"pairs/{name}.py: its kind {found.name!r} has the name of another.")
    add_plugins(kinds, "kinds", read_kind, lambda kind: kind.name)
    return kinds


def read_kind(plugged: object) -> Kind:
    """
    Return the kind that a plug-in brings.

    Raises `InputError` when it is none.
    """
    if not isinstance(plugged, Kind):
        raise InputError(f"it is of type {type(plugged).__name__}, and no Kind")
    return plugged


def number_of(key: str, size: int = 6) -> int:
    """Return a number of *size* bytes that is the same for the same *key* on any machine."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=size).digest(), "big")


def phrase(key: str, phrasings: Sequence[str]) -> str:
    """Return one of *phrasings*, always the same one for the same *key*."""
    return phrasings[number_of(key, 4) % len(phrasings)]
