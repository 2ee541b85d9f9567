"""
The identity of a finding across edits. In: a finding in its source. Out: a key that holds no line number.

The rule, the path, the definition around the place and the marked text, blanks evened out: so a key survives lines that
shift, blocks that move, and reformatting; a renamed file is matched through git's renames, or by what else is equal,
and a renamed definition by its old name, which the file does not define any more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence, Set
from typing import NamedTuple

from ..mining.definitions import Definition, collect_definitions
from ..mining.judge import Finding
from ..mining.source import Source


class Key(NamedTuple):
    """
    The name of a finding; several may share one, and are told apart by their count.
    """

    path: str
    rule: str
    scope: str
    """The symbol of the definition around the place: `Graph.add_node`; empty at the top of the file."""
    snippet: str
    """A hash of the marked text."""


class Defined(NamedTuple):
    """
    What a file defines.
    """

    symbols: Set[str]
    """As `Key.scope` names them."""
    snippets: Set[str]
    """The name of each, as `Key.snippet` holds it where that is marked."""


NO_NAMES = Defined(frozenset(), frozenset())


def defined_in(source: Source | None) -> Defined:
    """Return what *source* defines."""
    definitions = collect_definitions(source) if source is not None else []
    snippets = {hash_of(each.name.encode("utf-8", "surrogateescape")) for each in definitions}
    return Defined({each.symbol for each in definitions}, snippets)


def keys_of(source: Source, findings: Sequence[Finding]) -> list[Key]:
    """Return the key of each finding of *source*."""
    definitions = collect_definitions(source) if findings else []
    return [key_at(source, definitions, f.entry.id, f.start, f.end) for f in findings]


def key_at(source: Source, definitions: Iterable[Definition], rule: str, start: int, end: int) -> Key:
    """Return the key that a finding of *rule* has at these bytes of *source*, which holds *definitions*."""
    return Key(source.path, rule, scope_at(definitions, start), hash_of(source.utf8[start:end]))


def scope_at(definitions: Iterable[Definition], byte: int) -> str:
    """Return the symbol of the innermost definition whose body holds *byte*."""
    # a finding about a definition's own name belongs to what stands around it
    around = [d for d in definitions if d.body.start <= byte < d.span.end]
    return min(around, key=lambda d: d.span.end - d.span.start).symbol if around else ""


def hash_of(text: bytes) -> str:
    """Return a hash of *text* without its blanks."""
    return hashlib.blake2b(b"".join(text.split()), digest_size=8).hexdigest()
