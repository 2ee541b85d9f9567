"""
Holding one file to a profile. In: a `Source` and a `Profile`. Out: its `Judgement`: findings, counts, a score.

The same questions, asked by the same code that learned them. A file of the house that consistently does otherwise is
left alone; one that is new has no habits yet.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from .conventions.convention import Convention, HouseConvention, Opportunity, conventions_by_id
from .conventions.tally import FileTally, tally_source
from .errors import naming
from .filters.personal import MASKED, mask_personal
from .profile import SHOWN_EXEMPLARS, Entry, Exemplar, Profile
from .source import Source, Span

EXEMPT_COUNT, EXEMPT_SHARE = 5, 0.9
"""A file with so many opportunities, this share of which agree on another value, has its own way."""
MANY_COUNT, MANY_SHARE = 40, 2 / 3
"""Of so many a smaller share is no slip either: a printer has a method for every node, named after it, among others."""


class Finding(NamedTuple):
    """
    One place where code departs from an entry.
    """

    entry: Entry
    path: str
    line: int
    column: int
    """From 1, in code points."""
    end_column: int
    found: str
    message: str
    start: int
    end: int

    @property
    def exemplars(self) -> tuple[Exemplar, ...]:
        """The conforming lines nearest to the place: of its own file, its folder, then others."""
        ranked = sorted(self.entry.exemplars, key=lambda line: -shared_parts(line.path, self.path))
        return tuple(ranked[:SHOWN_EXEMPLARS])


@dataclass(frozen=True, slots=True)
class Judgement:
    """
    What a profile says of one file.
    """

    findings: tuple[Finding, ...]
    opportunities: int
    governed: int
    """Opportunities that an entry speaks to."""
    obeyed: Mapping[str, int]
    """Governed opportunities that agree, by rule id."""
    violated: Mapping[str, int]
    score: float | None
    """The conformance score of the catalogue, section 4.4; None when nothing is governed."""
    own_way: tuple[str, ...] = ()
    """Rules that the file consistently departs from, and is left alone about."""


def answer_all(tally: FileTally, profile: Profile) -> Iterator[tuple[Opportunity, Entry | None]]:
    """Yield every opportunity of a file, those of mined rules included, with the entry that speaks to it."""
    asked: list[Opportunity] = [*tally.opportunities]
    known = conventions_by_id()
    for rule in {(e.convention, e.key): e for e in profile.entries if e.rule}.values():
        convention = known[rule.convention]
        if isinstance(convention, HouseConvention) and tally.facts is not None:
            asked.extend(
                Opportunity(rule.convention, rule.key, choice.value, choice.line, choice.start, choice.end)
                for choice in convention.ask(tally.facts, rule.rule)
            )
    entries: dict[tuple[str, str], Entry | None] = {}
    for found in asked:
        what = found.convention, found.key
        if what not in entries:
            entries[what] = profile.lookup(*what, tally.path, tally.role)
        # what goes without saying is an answer only where the house has a habit
        if entries[what] is not None or found.value not in known[found.convention].defaults:
            yield found, entries[what]


def judge_source(
    source: Source,
    profile: Profile,
    span: Span | None = None,
    *,
    is_new: bool = False,
    tally: FileTally | None = None,
) -> Judgement:
    """
    Hold one file, or what lies in *span* of it, to *profile*: the same questions, asked by the code that learned them.

    What *is_new* is not left alone for departing throughout: who ignores a house does it consistently. The *tally* of
    the file, where it is known, spares asking once more.
    """
    groups: defaultdict[tuple[str, str], list[Opportunity]] = defaultdict(list)
    entries: dict[tuple[str, str], Entry | None] = {}
    with naming(source.path):
        tally = tally or tally_source(source, profile.packages)
    for found, entry in answer_all(tally, profile):
        groups[found.convention, found.key].append(found)
        entries[found.convention, found.key] = entry
    findings: list[Finding] = []
    obeyed: Counter[str] = Counter()
    violated: Counter[str] = Counter()
    parts: list[tuple[float, float]] = []
    own_way: set[str] = set()
    asked = 0
    for what, found in sorted(groups.items()):
        entry = entries[what]
        here = [o for o in found if span is None or span.start <= o.start < span.end]
        asked += len(here)
        if entry is None or not here:
            continue
        convention = conventions_by_id()[entry.convention]
        departs = [o for o in here if not is_answer(convention, o.value, entry.value)]
        obeyed[entry.id] += len(here) - len(departs)
        violated[entry.id] += len(departs)
        rate = entry.k / entry.n
        parts.append((entry.bound, (len(here) - len(departs) + rate) / (len(here) + 1)))
        if not entry.tier:
            continue
        if not is_new and has_its_own_way(found, entry.value):
            own_way.add(entry.id)
        else:
            findings.extend(make_finding(source, entry, o) for o in departs)
    weight = sum(bound for bound, _ in parts)
    return Judgement(
        findings=tuple(sorted(findings, key=lambda f: (f.line, f.column, f.entry.id))),
        opportunities=asked,
        governed=sum(obeyed.values()) + sum(violated.values()),
        obeyed=dict(obeyed),
        violated={rule: count for rule, count in violated.items() if count},
        score=sum(bound * share for bound, share in parts) / weight if weight else None,
        own_way=tuple(sorted(own_way)),
    )


def is_answer(convention: Convention, found: str, wanted: str) -> bool:
    """Claim that *found* suits the house, or would in the profile of a corpus, which names no person."""
    return convention.suits(found, wanted) or (MASKED in wanted and mask_personal(found)[0] == wanted)


def has_its_own_way(found: Sequence[Opportunity], value: str) -> bool:
    """Claim that a file consistently answers otherwise: then it is an exception, not a slip."""
    most = max(Counter(o.value for o in found if o.value != value).values(), default=0)
    count = len(found)
    return (count >= EXEMPT_COUNT and most >= EXEMPT_SHARE * count) or (
        count >= MANY_COUNT and most >= MANY_SHARE * count
    )


def make_finding(source: Source, entry: Entry, found: Opportunity) -> Finding:
    """Return the finding at one opportunity."""
    convention = conventions_by_id()[entry.convention]
    line_start = source.line_starts[found.line - 1]
    column = len(source.utf8[line_start : found.start].decode("utf-8", "replace")) + 1
    text = source.utf8[found.start : found.end].split(b"\n")[0].decode("utf-8", "replace")
    message = convention.message(found.value, entry.value, entry.topic)
    return Finding(
        entry=entry,
        path=source.path,
        line=found.line,
        column=column,
        end_column=column + max(1, len(text)),
        found=found.value,
        message=f"{message} (few places here, usual elsewhere)" if entry.by_prior else message,
        start=found.start,
        end=found.end,
    )


def shared_parts(one: str, other: str) -> int:
    """Return how many leading parts two paths share."""
    count = 0
    for a, b in zip(one.split("/"), other.split("/"), strict=False):
        if a != b:
            break
        count += 1
    return count
