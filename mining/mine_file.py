"""
What one file teaches. In: a parsed file, or its bytes. Out: a `FileYield`, or why there is none.

`mine_source` is pure: the same source gives the same yield. `mine_data` adds decoding, redaction and the reasons why a
file cannot be mined.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from typing import NamedTuple

from .api import file_symbols
from .conventions.tally import tally_source
from .definitions import Definition, collect_definitions
from .deprecated import deprecated_names
from .errors import InputError, MissingExtraError
from .filters.duplicates import fingerprint_all
from .filters.licence import file_licence
from .filters.personal import mask_personal
from .filters.quality import broken_definition, gives_cause, object_to
from .filters.secrets import redact_secrets
from .languages import Language, language_of
from .pairs.kind import Draft, MinedFile, collect_kinds
from .pairs.pair import Pair
from .roles import is_test_path
from .skeleton import render_skeleton
from .source import Source, UndecodableError, parse_source
from .split import Unit
from .withheld import withheld_names
from .yields import NO_GRAMMAR, REDACTED, Drop, FileYield, make_pair

PLAIN_KINDS = ("implement", "infill")
"""What a file teaches that is nobody's house."""
OF_USE = frozenset({"declare", "document", "implement", "recall"})
"""Kinds that teach what a definition is, and nothing where it is to be used no more."""


def mine_source(
    source: Source,
    kinds: Sequence[str] | None = None,
    house: frozenset[str] = frozenset(),
    packages: Set[str] = frozenset(),
    *,
    alone: bool = False,
) -> FileYield:
    """
    Return what one parsed file teaches. Pure: the same source gives the same yield.

    *house* are the first names of the modules that the repositories offer, *packages* where its own stand.
    A file that stands *alone* is not compared with others: neither its habits nor its fingerprints are taken.
    """
    tally = None if alone else tally_source(source, packages)
    if is_test_path(source.path):
        # tests teach conventions alone: they offer nothing, no pair is made of them, no split has to compare them
        return FileYield(source.path, source.language.name, tally, licence=file_licence(source.text))
    definitions = collect_definitions(source)
    skeleton = render_skeleton(source, definitions)
    gone = deprecated_names(source, definitions)
    drafts, drops = draft_pairs(MinedFile(source, definitions, skeleton, tally, house), kinds, gone)
    return FileYield(
        source.path,
        source.language.name,
        tally,
        utf8=source.utf8,
        skeleton=skeleton,
        drafts=tuple(drafts),
        units=() if alone else mark_units(source, definitions),
        symbols=file_symbols(source, definitions, tally.facts if tally is not None else None, gone),
        withheld=withheld_names(source),
        drops=tuple(drops),
        licence=file_licence(source.text),
    )


def mark_units(source: Source, definitions: Sequence[Definition]) -> tuple[Unit, ...]:
    """Return what files are compared by: the fingerprint of every definition but classes."""
    parts = [definition for definition in definitions if definition.kind != "class"]
    marks = fingerprint_all([source.slice(definition.code or definition.body) for definition in parts])
    return tuple(Unit(source.path, part.symbol, mark) for part, mark in zip(parts, marks, strict=True))


def draft_pairs(mined: MinedFile, kinds: Sequence[str] | None, gone: Set[str]) -> tuple[list[Draft], list[Drop]]:
    """Return what every kind makes of a file, sorted into kept and dropped; *gone* are names to be used no more."""
    source = mined.source
    drafts: list[Draft] = []
    drops: list[Drop] = []
    doubtful = source.language.name == "python" and gives_cause(source)
    # of a property and its setter, or of overloads, one name stands for all
    broken = {part.symbol for part in mined.definitions if broken_definition(source, part)} if doubtful else set[str]()
    for name, kind in collect_kinds().items():
        if kinds is not None and name not in kinds:
            continue
        for draft in kind.draft(mined):
            if draft.kind != name:
                raise InputError(f"The kind {name!r} makes drafts of the kind {draft.kind!r}: they must be its own.")
            reason = object_to(draft) or ("syntax" if draft.symbol in broken else "")
            reason = reason or ("deprecated" if name in OF_USE and draft.symbol in gone else "")
            if reason:
                drops.append(Drop(source.path, draft.symbol, name, reason))
            else:
                drafts.append(draft)
    return drafts, drops


def pairs_of_source(source: Source, kinds: Sequence[str] = PLAIN_KINDS) -> Iterator[Pair]:
    """Yield the plain pairs of one source by itself: not split, not clustered, without an origin."""
    mined = mine_source(source, kinds, alone=True)
    for draft in mined.drafts:
        yield make_pair(mined, draft, repository="", commit="", licence="")


def mine_data(
    path: str,
    data: bytes,
    languages: Sequence[Language],
    kinds: Sequence[str] | None,
    house: frozenset[str] = frozenset(),
    packages: Set[str] = frozenset(),
) -> FileYield | Drop:
    """Return what the bytes of one file teach, or why they cannot be mined."""
    language = language_of(path, languages, data)
    if language is None:
        return Drop(path, "", "file", "unknown_language")
    try:
        source = parse_source(path, data, language)
    except UndecodableError as error:
        return Drop(path, "", "file", error.reason)
    except MissingExtraError:
        return Drop(path, "", "file", f"{NO_GRAMMAR}{language.name}")
    cleaned = clean_source(source)
    try:
        mined = mine_source(cleaned.source, kinds, house, packages)
    except RecursionError:
        return Drop(path, "", "file", "too_deep")
    if not mined.drafts and cleaned.source.tree.root_node.has_error:
        mined = replace(mined, drops=(*mined.drops, Drop(path, "", "file", "syntax")))
    mined = without_places(mined, cleaned.source.text, cleaned.secrets, "secret")
    return without_places(mined, cleaned.source.text, cleaned.personal, "personal_data")


class Cleaned(NamedTuple):
    """
    A source without secrets and personal data, and where they stood.
    """

    source: Source
    secrets: list[tuple[int, int]]
    personal: list[tuple[int, int]]


def clean_source(source: Source) -> Cleaned:
    """Return *source* with its secrets redacted and its personal data masked, as a corpus keeps it."""
    redacted, secrets = redact_secrets(source.text)
    masked, personal = mask_personal(redacted)
    if secrets or personal:
        source = parse_source(source.path, masked.encode(source.encoding), source.language)
    return Cleaned(source, [(s.start, s.end) for s in secrets], [(p.start, p.end) for p in personal])


def without_places(mined: FileYield, text: str, places: Sequence[tuple[int, int]], reason: str) -> FileYield:
    """Return *mined* without the drafts whose answer was redacted at one of *places*: it would teach nonsense."""
    if not places:
        return mined
    lines = {text.count("\n", 0, place) + 1 for start, end in places for place in (start, end - 1)}
    kept = tuple(d for d in mined.drafts if not any(d.start_line <= line <= d.end_line for line in lines))
    gone = tuple(Drop(mined.path, d.symbol, d.kind, reason) for d in mined.drafts if d not in kept)
    redacted = Drop(mined.path, "", "file", reason + REDACTED)
    return replace(mined, drafts=kept, drops=(*mined.drops, *gone, redacted))
