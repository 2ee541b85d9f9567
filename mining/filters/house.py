"""
House style. In: the tally of a file, and the profile. Out: the lines that break what the repository gates on.

Pairs that would teach what `check` forbids are dropped from training. Only where the house has a rule that gates, and
only the lines that depart from it: held-out pairs are judged, never filtered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from ..conventions.convention import Opportunity
from ..conventions.tally import FileTally
from ..judge import answer_all, has_its_own_way
from ..pairs.kind import Rule
from ..profile import Entry, Profile


def lines_that_break(tally: FileTally, profile: Profile) -> dict[int, str]:
    """Return the id of the rule that each line breaks, by line; of several, the first in order of ids."""
    asked: defaultdict[str, list[Opportunity]] = defaultdict(list)
    entries: dict[str, Entry] = {}
    for found, entry in answer_all(tally, profile):
        if entry is not None and entry.tier == "gate":
            asked[entry.id].append(found)
            entries[entry.id] = entry
    broken: dict[int, str] = {}
    for rule in sorted(asked):
        wanted = entries[rule].value
        if has_its_own_way(asked[rule], wanted):
            continue
        for found in asked[rule]:
            if found.value != wanted:
                broken.setdefault(found.line, rule)
    return broken


def keeps_rules(rules: Iterable[Rule], tally: FileTally, profile: Profile) -> bool:
    """Claim that the house holds to every one of *rules* in the file of *tally*, whoever sees to it."""
    found = ((rule, profile.lookup(rule.convention, rule.key, tally.path, tally.role)) for rule in rules)
    return all(entry is not None and entry.strength and entry.value == rule.value for rule, entry in found)
