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

from ..definitions import Definition
from ..plugins import load_plugins
from ..source import Source


@dataclass(frozen=True, slots=True)
class MinedFile:
    """
    A file as every kind sees it.
    """

    source: Source
    definitions: list[Definition]
    skeleton: str


@dataclass(frozen=True, slots=True)
class Draft:
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
    quality: float


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


@dataclass(frozen=True, slots=True)
class Kind:
    """
    One kind of pair.
    """

    name: str
    teaches: str
    """One sentence for a reader of the corpus."""
    draft: Callable[[MinedFile], Iterator[Draft]]
    examples: tuple[Example, ...] = ()


@cache
def collect_kinds() -> dict[str, Kind]:
    """Return every kind in this folder, and of installed plug-ins, by its name."""
    folder = str(Path(__file__).parent)
    modules = sorted(module.name for module in pkgutil.iter_modules([folder]))
    package = __name__.rpartition(".")[0]
    found = (getattr(importlib.import_module(f"{package}.{name}"), "KIND", None) for name in modules)
    own = {kind.name: kind for kind in found if kind is not None}
    return {**{kind.name: kind for _, kind in load_plugins("kinds")}, **own}


def phrase(key: str, phrasings: Sequence[str]) -> str:
    """Return one of *phrasings*, always the same one for the same *key*."""
    return phrasings[int(hashlib.blake2b(key.encode(), digest_size=4).hexdigest(), 16) % len(phrasings)]
