"""
What one file gives. In: nothing. Out: the values that travel from the workers to the assembly of a corpus.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from .api import Symbol
from .conventions.tally import FileTally
from .pairs.kind import Draft, Rule
from .pairs.pair import Pair
from .repository import Repository
from .split import Unit

NO_GRAMMAR = "grammar_not_installed_"
"""How the reason begins for which a file was dropped whose grammar is missing; its language follows."""
REDACTED = "_redacted"
"""How the reason ends of a file that was kept, and something in it masked."""
UNMATCHED = "drop_of_nothing"
"""What is recorded of an id or a path pattern that the settings drop and that is of no pair."""


@dataclass(frozen=True, slots=True)
class Drop:
    """
    Something that was left out, and why.
    """

    path: str
    symbol: str
    kind: str
    reason: str


@dataclass(frozen=True, slots=True)
class FileYield:
    """
    What one file gives; small, and fit to travel between processes.
    """

    path: str
    language: str
    tally: FileTally | None = None
    """All that tests give."""
    utf8: bytes = b""
    """The file's text with secrets redacted."""
    skeleton: str = ""
    drafts: tuple[Draft, ...] = ()
    units: tuple[Unit, ...] = ()
    symbols: tuple[Symbol, ...] = ()
    withheld: frozenset[str] = frozenset()
    """The names, with their class's, that it declares for others to define and not to call."""
    drops: tuple[Drop, ...] = ()
    licence: str = ""
    """The licence that the file names itself; empty where it names none."""


UNTOLD = "untold"
"""Stands in `HistoryYield.about` where git could not tell of the past."""


@dataclass(frozen=True, slots=True)
class HistoryYield:
    """
    What a repository's history gives.
    """

    pairs: tuple[Pair, ...] = ()
    units: tuple[Unit, ...] = ()
    """The definitions before and after each change, so that what they are like stays on their side."""
    drops: tuple[Drop, ...] = ()
    ages: Mapping[str, int] = field(default_factory=dict[str, int])
    """How many commits ago each path was changed last; empty where the history cannot say which files are new."""
    about: Mapping[str, object] = field(default_factory=dict[str, object])
    """What the manifest says of it."""


class Mined(NamedTuple):
    """
    A repository with what its files and its history give.
    """

    repository: Repository
    files: tuple[FileYield, ...]
    history: HistoryYield = HistoryYield()
    drops: tuple[Drop, ...] = ()
    """What of its files is left out."""
    only_api: bool = False
    """Whether it is only there for what it offers, and no pairs, rules or sides are taken from it."""
    prefix: str = ""
    """What its paths begin with in the corpus, so that those of several repositories cannot collide."""


class MadePair(NamedTuple):
    """
    A pair, the conventions that must be the house's for it to teach, and the dotted name that its answer calls.
    """

    pair: Pair
    rules: tuple[Rule, ...] = ()
    callee: str = ""


def make_pair(mined: FileYield, draft: Draft, repository: str, commit: str, licence: str) -> Pair:
    """Return *draft* with its origin."""
    context = mined.skeleton if draft.context is None else draft.context
    return Pair(
        id=hash_of(draft.kind, mined.path, draft.symbol, str(draft.start), draft.instruction, draft.response),
        kind=draft.kind,
        language=mined.language,
        split="",
        prompt_id=hash_of(mined.path, context),
        context=context,
        instruction=draft.instruction,
        response=draft.response,
        repository=repository,
        commit=commit,
        path=mined.path,
        symbol=draft.symbol,
        start_line=draft.start_line,
        end_line=draft.end_line,
        licence=licence,
        cluster="",
        quality=draft.quality,
    )


def prefix_path(mined: FileYield, prefix: str) -> FileYield:
    """Return *mined* with *prefix* before its path."""
    path = prefix + mined.path
    units = tuple(unit._replace(path=path) for unit in mined.units)
    tally = mined.tally
    if tally is not None:
        facts = None if tally.facts is None else replace(tally.facts, path=path)
        tally = replace(tally, path=path, facts=facts)
    return replace(mined, path=path, units=units, tally=tally)


def prefix_history(mined: HistoryYield, prefix: str) -> HistoryYield:
    """Return *mined* with *prefix* before its paths."""
    return replace(
        mined,
        pairs=tuple(replace(pair, path=prefix + pair.path) for pair in mined.pairs),
        units=tuple(unit._replace(path=prefix + unit.path) for unit in mined.units),
        drops=prefix_drops(mined.drops, prefix),
        ages={prefix + path: age for path, age in mined.ages.items()},
    )


def prefix_drops(drops: Iterable[Drop], prefix: str) -> tuple[Drop, ...]:
    """Return *drops* with *prefix* before their paths."""
    return tuple(replace(drop, path=prefix + drop.path) for drop in drops)


def hash_of(*parts: str) -> str:
    """Return a short hash of *parts*."""
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
