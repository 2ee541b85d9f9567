"""
The profile as a style guide. In: a `Profile`. Out: Markdown that a person enjoys and a model can follow.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from .conventions.convention import conventions_by_id
from .languages import traits_of
from .profile import Entry, Profile
from .roles import role_of
from .tiers import TIERS
from .traits import PROGRAM
from .wording import printable

MOST_WORDS = 1_500
ON_TIERS = "`idiolect check` fails where a rule of `gate` is broken; the others are advice.\n"
MOST_IDS = 3
"""Of rules that are said together, how many are named."""
MOST_PLACES = 3
"""Of folders that keep one rule, each for itself, how many are named."""
SAME_PLACES = 0.95
"""The share of a folder's places that those of a role reach where both are nearly the same."""


def render_guide(profile: Profile, *, max_words: int = MOST_WORDS, with_ids: bool = False) -> str:
    """
    Return the conventions of *profile*, the strongest first, each with its evidence and one real example.

    With ids and tiers a person finds each in `check --explain` and in the settings; a model needs none.

    Whole items only, at most *max_words* words. Rules that are mined, of which a repository may have hundreds that are
    alike, leave half of the words to the others where those need them.
    """
    parts = ["# How this codebase is written\n"]
    rules = said_once(strongest_first(profile))
    # an item of several rules has one tier only where all of them have it
    tiers = [tiers_of(entries, profile) if with_ids else "" for entries in rules]
    said = said_together(rules, tiers)
    items = [(bool(together[0][0].rule), render_rules(together, tier)) for tier, together in said]
    if with_ids and any(tiers):
        parts.append(ON_TIERS)
    words = sum(len(part.split()) for part in parts)
    others = sum(len(item.split()) for is_mined, item in items if not is_mined)
    room = max_words - min(words + others, max_words // 2)
    for is_mined, item in items:
        size = len(item.split())
        if is_mined:
            room -= size
            if room < 0:
                continue
        words += size
        if words > max_words:
            break
        parts.append(item)
    return "\n".join(parts)


def strongest_first(profile: Profile) -> list[Entry]:
    """
    Return the entries that are rules rather than absences, by tier, then by bound; the house's own first.

    What the keys of literals in programs are stands with the tier below. A convention that is not known here, of a
    plug-in or of another version, is passed over.
    """
    known = conventions_by_id()
    entries = [entry for entry in profile.entries if entry.tier and entry.convention in known]
    return sorted(entries, key=lambda e: (TIERS.index(e.tier) + is_of_literals(e), not e.rule, -e.bound, e.id, e.scope))


def is_of_literals(entry: Entry) -> bool:
    """Claim that *entry* is about the keys of literals in a language of programs."""
    return conventions_by_id()[entry.convention].is_of_shapes and PROGRAM in traits_of(entry.language)


def said_once(entries: Sequence[Entry]) -> list[list[Entry]]:
    """Return the rules among *entries* that are worth saying, in order, each with the widest scopes that keep it."""
    keys = {(entry.convention, entry.key) for entry in entries}
    rules: defaultdict[tuple[str, str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        convention = conventions_by_id()[entry.convention]
        departures = entry.opportunities - entry.conforming
        is_plain = convention.goes_without_saying(entry.language, departures, entry.value, entry.topic)
        is_worth_it = convention.is_habit(entry.rule) and not is_plain
        if is_worth_it and (entry.convention, convention.implied_by(entry.key)) not in keys:
            rules[entry.convention, entry.key, entry.value].append(entry)
    return [widest_scopes(found) for found in rules.values()]


def widest_scopes(entries: Sequence[Entry]) -> list[Entry]:
    """Return the entries of one rule, the widest first, but those of scopes inside of others."""
    by_scope = {entry.scope: entry for entry in entries}
    if "repository" in by_scope:
        return [by_scope["repository"]]
    kept = [entry for entry in entries if not is_said(entry, by_scope.get(role_scope(entry)))]
    return sorted(kept, key=lambda entry: -entry.opportunities)


def role_scope(entry: Entry) -> str:
    """Return the scope of the role that most files of an entry's scope have, as far as its examples show."""
    roles = Counter(role_of(line.path) for line in entry.exemplars)
    return f"role:{max(roles, key=roles.__getitem__)}" if roles else ""


def is_said(entry: Entry, role: Entry | None) -> bool:
    """Claim that *entry* is of a folder whose places are, but for a few, those of a *role*: then that is spoken of."""
    return (
        entry.scope.startswith("dir:") and role is not None and role.opportunities >= SAME_PLACES * entry.opportunities
    )


def tiers_of(entries: Sequence[Entry], profile: Profile) -> str:
    """Return the tier of a rule, scope by scope where they differ, and what other tier it has in scopes inside."""
    said = [entry.tier for entry in entries]
    about = {(entry.convention, entry.key, entry.value) for entry in entries}
    inside: defaultdict[str, list[str]] = defaultdict(list)
    for entry in profile.entries:
        if (
            (entry.convention, entry.key, entry.value) in about
            and entry not in entries
            and entry.tier not in {"", *said}
        ):
            inside[entry.tier].append(entry.where)
    other = [f"{tier} in {' and in '.join(inside[tier])}" for tier in TIERS if inside[tier]]
    return ", ".join([" and ".join(dict.fromkeys(said)), *other])


def said_together(rules: Sequence[list[Entry]], tiers: Sequence[str]) -> list[tuple[str, list[list[Entry]]]]:
    """
    Return *rules*, in order, those with each other that one sentence can say, with what it says of their *tiers*.

    These are of one matter, in the same scopes, and of the same tiers.
    """
    groups: defaultdict[tuple[object, ...], list[list[Entry]]] = defaultdict(list)
    for entries, tier in zip(rules, tiers, strict=True):
        first = entries[0]
        shared = conventions_by_id()[first.convention].shared(first.value, first.topic)
        alone = "" if shared else (first.key, first.value)
        scopes = frozenset(entry.scope for entry in entries)
        said = (first.reason, first.spared)
        groups[tier, first.convention, first.language, shared, alone, scopes, said].append(entries)
    return [(str(matter[0]), together) for matter, together in groups.items()]


def render_rules(rules: Sequence[Sequence[Entry]], tiers: str) -> str:
    """
    Return rules that are said together as one item: the instruction, where it holds, the evidence, an example.

    With *tiers* named, so are the rules, as settings and comments name them: the first of many.
    """
    entry = rules[0][0]
    shown = rules[0][: MOST_PLACES if len(rules[0]) > MOST_PLACES + 1 else None]
    places = [each.where for each in shown if each.where]
    places += [f"{len(rules[0]) - len(shown)} other folders"] if len(shown) < len(rules[0]) else []
    place = f" In {' and in '.join(places)}." if places else ""
    place += f" Not in {', '.join(map(as_code, entry.spared))}." if entry.spared else ""
    evidence = " and ".join(evidence_of(rules, each.scope) for each in shown)
    example = f" Example: {example_of(entry)}" if entry.exemplars else ""
    ids = ", ".join([entries[0].id for entries in rules[:MOST_IDS]] + ["…"] * (len(rules) > MOST_IDS))
    name = f"{ids}, {tiers}: " if tiers else ""
    reason = f"; {entry.reason.rstrip('.')}" if entry.reason else ""
    advice = advice_of([entries[0] for entries in rules])
    # where agents read this, nothing may stand that people do not see
    return printable(f"- {advice}{place} ({name}{evidence}{reason}.){example}", "\t")


def evidence_of(rules: Sequence[Sequence[Entry]], scope: str) -> str:
    """Return in how many places of one scope *rules* are kept."""
    found = [each for entries in rules for each in entries if each.scope == scope]
    weights = "; long files and copies count for less" if any(each.is_weighted for each in found) else ""
    return f"{sum(each.conforming for each in found):,} of {sum(each.opportunities for each in found):,}{weights}"


def advice_of(rules: Sequence[Entry]) -> str:
    """Return one instruction for all of *rules*."""
    if len(rules) == 1:
        return rules[0].advice
    convention = conventions_by_id()[rules[0].convention]
    return rules[0].of_language(convention.advise_all([(entry.value, entry.topic) for entry in rules]))


def example_of(entry: Entry) -> str:
    """Return a line that keeps the rule; where none says anything by itself, the place of one."""
    telling = next((line.text for line in entry.exemplars if any(map(str.isalnum, line.text))), "")
    if not telling:
        return f"{as_code(entry.exemplars[0].path)}, line {entry.exemplars[0].line}"
    return as_code(telling)


def as_code(text: str) -> str:
    """Return *text*, which the house wrote, so that none of it is markup."""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence} {text} {fence}" if "`" in text else f"`{text}`"
