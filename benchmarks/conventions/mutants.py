"""
Planted slips. In: a codebase and its profile. Out: files with one conforming place made to depart.

Each convention makes its own slips (`Convention.slip`); a seeded sample of the places that can be asked is taken.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from idiolect.mining.conventions.convention import Convention, Edit, Opportunity, Place, apply_edits, conventions_by_id
from idiolect.mining.judge import Finding, answer_all, judge_source
from idiolect.mining.profile import Entry, Profile
from idiolect.mining.source import Source, parse_source
from idiolect.mining.tiers import ENFORCED

from .codebases import Codebase

SEED = 20_261


@dataclass(frozen=True, eq=False)
class Mutant:
    """
    One file with one planted slip.
    """

    convention: Convention
    entry: Entry | None
    """The rule that governs the place; None where nothing is learned, or nothing enforced."""
    original: Source
    source: Source
    edits: tuple[Edit, ...]
    line: int
    """Where the slip stands, from 1."""


def plant(codebase: Codebase, count: int, *, governed: bool) -> Iterator[Mutant]:
    """Yield up to *count* mutants a convention, at places where a rule is enforced, or at places where none is."""
    places: defaultdict[str, list[tuple[Source, Opportunity, Entry | None]]] = defaultdict(list)
    for source in codebase.sources:
        if source.tree.root_node.has_error:
            continue
        for found, entry in answer_all(codebase.tallies[source.path], codebase.profile):
            is_enforced = entry is not None and entry.tier in ENFORCED
            if is_enforced == governed and (entry is None or not governed or found.value == entry.value):
                places[found.convention].append((source, found, entry))
    for name, asked in sorted(places.items()):
        convention = conventions_by_id()[name]
        random.Random(f"{SEED} {codebase.name} {name}").shuffle(asked)
        made = 0
        for source, found, entry in asked:
            mutant = mutate(convention, source, found, entry)
            if mutant is not None:
                yield mutant
                made += 1
            if made == count:
                break


def mutate(convention: Convention, source: Source, found: Opportunity, entry: Entry | None) -> Mutant | None:
    """Return the file with one slip, or None when none is known there or the file would not parse."""
    place = Place(source, found.start, found.end, found.key, entry.rule if entry is not None else {})
    edits = convention.slip(place, found.value) if entry is not None or not convention.is_mined else ()
    if not edits:
        return None
    changed = parse_source(source.path, apply_edits(source, edits).encode("utf-8"), source.language)
    if changed.tree.root_node.has_error:
        return None
    line = bisect_right(changed.line_starts, moved(edits, found.start))
    return Mutant(convention, entry, source, changed, edits, line)


def moved(edits: tuple[Edit, ...], byte: int) -> int:
    """Return where *byte* stands after *edits*; inside a replaced span, where the replacement starts."""
    shift = 0
    for edit in sorted(edits):
        if edit.end <= byte and (edit.start < byte or edit.start == edit.end):
            shift += len(edit.text.encode("utf-8")) - (edit.end - edit.start)
        elif edit.start <= byte:
            return edit.start + shift
    return byte + shift


def new_findings(mutant: Mutant, codebase: Codebase, profile: Profile) -> list[Finding]:
    """Return the findings that the clean parent has not: those of the same rule at the same, moved, place are old."""
    old = {
        (finding.entry.id, moved(mutant.edits, finding.start))
        for finding in codebase.clean[mutant.source.path].findings
    }  # fmt: skip
    return [f for f in judge_source(mutant.source, profile).findings if (f.entry.id, f.start) not in old]
