"""
What is accepted of the code that a profile is learned from. In: a baseline, and the files. Out: who can tell.

A slip that the team has accepted, in the baseline or by a comment that excuses it, is one that it knows of: it is no
evidence that the house has another habit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from ..mining.conventions.convention import Opportunity
from ..mining.definitions import collect_definitions
from ..mining.learn import Accepts
from ..mining.source import Source
from .baseline import Baseline, match_baseline
from .identity import Key, defined_in, key_at
from .suppression import SIGN, Suppression, collect_suppressions


class Acceptance:
    """
    Collects, file by file, who can tell what *baseline*, or a comment, accepts there; *listed* are all files.
    """

    def __init__(self, baseline: Baseline, listed: Iterable[str]) -> None:
        self.by_path: dict[str, Accepts] = {}
        """Who can tell, of the files that were noted."""
        present = set(listed) if baseline else set[str]()
        self.entries: defaultdict[str, dict[Key, int]] = defaultdict(dict)
        self.gone: defaultdict[str, dict[Key, int]] = defaultdict(dict)
        for key, count in baseline.items():
            if key.path in present:
                self.entries[key.path][key] = count
            else:
                self.gone[PurePosixPath(key.path).name][key] = count

    def entries_at(self, path: str) -> Baseline:
        """Return what may be accepted in the file at *path*: its own entries, and those of a namesake that is gone."""
        return {**self.entries.get(path, {}), **self.gone.get(PurePosixPath(path).name, {})}

    def may_accept(self, path: str, data: bytes) -> bool:
        """Claim that something of the file at *path*, which holds *data*, may be accepted."""
        return SIGN in data or bool(self.entries_at(path))

    def note(self, source: Source) -> None:
        """Keep what tells, of the file *source*, what is accepted in it."""
        entries = self.entries_at(source.path)
        excuses = [each for each in collect_suppressions(source) if each.reason]
        if entries or excuses:
            self.by_path[source.path] = acceptor_of(source, entries, excuses)


def acceptor_of(source: Source, entries: Baseline, excuses: Sequence[Suppression]) -> Accepts:
    """
    Return who claims of each opportunity of *source* that its answer is accepted.

    *entries* accept as many as they count, and *excuses* what they cover.
    """
    rules = {key.rule for key in entries}
    definitions, names = collect_definitions(source), defined_in(source)

    def accepts(found: Sequence[Opportunity]) -> list[bool]:
        marks = [any(each.covers_place(one.rule, one.line) for each in excuses) for one in found]
        # an entry names no answer: what the house answers, and what slips, is not decided yet
        alike: defaultdict[str, list[int]] = defaultdict(list)
        for place, one in enumerate(found):
            if one.rule in rules and not marks[place]:
                alike[one.value].append(place)
        for places in alike.values():
            keys = [key_at(source, definitions, found[p].rule, found[p].start, found[p].end) for p in places]
            known = match_baseline(entries, keys, {}, [source.path], lambda _: names)
            for place, is_accepted in zip(places, known.accepted, strict=True):
                marks[place] = is_accepted
        return marks

    return accepts
