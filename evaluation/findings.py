"""
Findings of a check run. In: a profile, and files or a change. Out: a `Report`: what departs, with evidence.

Every finding of a file follows from that file, the profile, and which classes the other files of a change bring; only
whether a name exists (`missing.py`) depends on more. So the two runs of `--mode new` need to judge the changed files,
and those where a name went missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from ..mining.conventions.convention import HouseConvention, conventions_by_id
from ..mining.judge import Finding, Judgement
from ..mining.profile import Entry, Profile
from ..mining.source import Source
from ..mining.tiers import tiers_from
from .baseline import Baseline, match_baseline
from .diff import Change, commit_snapshot
from .identity import Defined, Key, defined_in, keys_of
from .judgements import CachingJudge, forget_oldest
from .learning import read_source
from .names.house import House
from .suppression import collect_misspelt, collect_suppressions, excuse_for, remark_on
from .syntax import RULE as PARSES

OWN_WAY = 5
"""Departures of a file, more than its places that conform, which are a way of its own: there, one more is no slip."""


@dataclass(frozen=True, slots=True)
class Alert:
    """
    One finding with its identity, and whether it is excused.
    """

    finding: Finding
    key: Key
    state: str = "new"
    """`new`; `suppressed` by a comment; `accepted` by the baseline; `old` where the mode leaves it out."""
    reason: str = ""
    """The comment's, where one excuses it."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """
    One file, judged.
    """

    source: Source
    judgement: Judgement
    alerts: tuple[Alert, ...]
    remarks: tuple[tuple[int, str], ...] = ()
    """Lines with a comment that excuses nothing, and why it does not."""


@dataclass(frozen=True, slots=True)
class Report:
    """
    What one run of `check` found.
    """

    profile: Profile
    alerts: tuple[Alert, ...]
    """Those that count, in order of path and line."""
    excused: tuple[Alert, ...]
    """Those that a comment or the baseline excuses."""
    files: tuple[Inspected, ...]
    paid: int = 0
    """Entries of the baseline that nothing matches any more."""
    notes: tuple[str, ...] = ()
    """What the reader should know of the run: what was not asked, and why."""
    sources: Mapping[str, Source] = field(default_factory=dict[str, Source])
    unread: int = 0
    """Files in question of which nothing was asked, for their grammar is not installed."""
    mended: Mapping[str, int] | None = None
    """How many places of a file `--fix` mended before it was judged, by path; None where it was not asked to."""

    @property
    def remarks(self) -> list[str]:
        """What is to be said of comments that excuse nothing, each with its place."""
        return [f"{file.source.path}:{line}: note: {remark}" for file in self.files for line, remark in file.remarks]

    @property
    def asides(self) -> list[str]:
        """Its remarks and notes, as lines of their own."""
        return [*self.remarks, *(f"note: {note}" for note in self.notes)]

    @property
    def opportunities(self) -> int:
        """Places that were asked."""
        return sum(file.judgement.opportunities for file in self.files)

    @property
    def governed(self) -> int:
        """Places that the profile speaks to."""
        return sum(file.judgement.governed for file in self.files)

    @property
    def governed_by_own(self) -> int | None:
        """Those of them that rules about the house's own API speak to; None where the profile has no such rule."""
        if not any(is_about_own(entry.convention) for entry in self.profile.entries):
            return None
        counts = (counts for file in self.files for counts in (file.judgement.obeyed, file.judgement.violated))
        return sum(count for found in counts for rule, count in found.items() if is_about_own(rule))


def is_about_own(rule: str) -> bool:
    """Claim that the id of a rule or a convention is of family A: whether and how the house's own API is used."""
    return rule[:1] == "A" and rule[1:3].isdigit()


def inspect_judged(source: Source, judgement: Judgement, more: Sequence[Finding]) -> Inspected:
    """Return what a *judgement*, and whoever found *more*, say of one file; comments in it may excuse findings."""
    findings = sorted([*judgement.findings, *more], key=lambda f: (f.line, f.column, f.entry.id))
    suppressions = collect_suppressions(source)
    alerts = [Alert(finding, key) for finding, key in zip(findings, keys_of(source, findings), strict=True)]
    for place, alert in enumerate(alerts):
        excuse = excuse_for(alert.finding, suppressions)
        if excuse is not None:
            alerts[place] = replace(alert, state="suppressed", reason=excuse.reason)
    remarks = [(each.line, said) for each in suppressions if (said := remark_on(each, findings))]
    remarks += collect_misspelt(source)
    return Inspected(source, judgement, tuple(alerts), tuple(sorted(remarks)))


def check_change(
    change: Change,
    sources: Iterable[Source],
    profile: Profile,
    mode: str,
    more: Mapping[str, Sequence[Finding]],
    more_before: Mapping[str, Sequence[Finding]],
) -> list[Inspected]:
    """
    Return the changed files; alerts that *mode* does not ask for, as not on added lines or in the base, are called old.

    *more* is what others found in them, *more_before* what they found in the base, by the path of that time.
    """
    sources = list(sources)
    judge = CachingJudge(widen_rules(profile, sources))
    inspected = [
        inspect_judged(source, judge.judge(source, is_new=is_new_file(source.path, change)), more.get(source.path, ()))
        for source in sources
    ]
    if mode == "lines":
        before = contents_before(inspected, change)
        inspected = [set_apart(file, came_with(file, change, before, judge)) for file in inspected]
    others = [commit_snapshot(change.base.root, commit) for commit in change.others]
    for base in (change.base, *others) if mode == "new" else ():
        since = replace(change, base=base)
        before = contents_before(inspected, since)
        inspected = [set_apart(file, were_not_there(file, since, before, judge, more_before)) for file in inspected]
    forget_oldest()
    return inspected


def contents_before(files: Iterable[Inspected], change: Change) -> dict[str, bytes]:
    """Return what *files* held before *change*, by the path of that time."""
    # in one run of git: of a file each, they would take longer than all else
    return dict(change.base.read({change.before.get(file.source.path, file.source.path) for file in files}))


def is_new_file(path: str, change: Change) -> bool:
    """Claim that the file at *path* came with *change*, and was not moved there."""
    return path not in change.before and path not in change.base.blobs


def widen_rules(profile: Profile, sources: Sequence[Source]) -> Profile:
    """Return *profile* for a change of *sources*: a rule about a family of classes knows those that come with it."""
    text = b"\n".join(source.utf8 for source in sources if source.language.name == "python")
    derived = House(Path(), text, ()).derived
    known = conventions_by_id()
    entries: list[Entry] = []
    for entry in profile.entries:
        convention = known[entry.convention]
        rule = convention.widen(entry.rule, derived) if isinstance(convention, HouseConvention) else entry.rule
        entries.append(entry if rule == entry.rule else replace(entry, rule=rule))
    return replace(profile, entries=tuple(entries))


def set_apart(file: Inspected, asked: Sequence[bool]) -> Inspected:
    """Return *file* with the alerts that are not *asked* for called old, and without those that are excused."""
    alerts = [
        alert if is_asked else replace(alert, state="old")
        for alert, is_asked in zip(file.alerts, asked, strict=True)
        if is_asked or alert.state == "new"
    ]
    return replace(file, alerts=tuple(alerts))


def came_with(file: Inspected, change: Change, before: Mapping[str, bytes], judge: CachingJudge) -> list[bool]:
    """
    Claim of each alert of *file* that it stands on an added line and came with it; *before* holds earlier contents.

    What stood elsewhere before did not, nor what an edited line departed in already, nor what the file had a way of
    its own in.
    """
    added = [is_on_added(alert, change) or not file.source.keeps_lines for alert in file.alerts]
    earlier = judge_earlier(file, change, before, judge) if any(added) else None
    if earlier is None:
        return added
    old, judged = earlier
    known = keys_before(file, old, judged.findings)
    # what stands on lines that nobody touched was there before
    known.subtract(alert.key for alert, is_added in zip(file.alerts, added, strict=True) if not is_added)
    stood = Counter((each.line, each.entry.id, each.found) for each in judged.findings)
    edited: Mapping[int, int] = change.edited.get(file.source.path, {}) if file.source.keeps_lines else {}
    came: list[bool] = []
    for alert, is_added in zip(file.alerts, added, strict=True):
        rule = alert.finding.entry.id
        there = edited.get(alert.finding.line, 0), rule, alert.finding.found
        is_known = known[alert.key] > 0 or stood[there] > 0 or has_own_way(judged, rule)
        came.append(is_added and not is_known)
        known[alert.key] -= is_added
        stood[there] -= is_added
    return came


def has_own_way(judged: Judgement, rule: str) -> bool:
    """Claim that a file departed from a rule in most of its places: consistency within it comes first (PEP 8)."""
    departed = judged.violated.get(rule, 0)
    return departed >= OWN_WAY and departed > judged.obeyed.get(rule, 0)


def is_on_added(alert: Alert, change: Change) -> bool:
    """Claim that *alert* stands on an added line; what broke a file may stand anywhere in it."""
    added = change.added.get(alert.finding.path, frozenset())
    return alert.finding.line in added or alert.finding.entry.convention == PARSES


def were_not_there(
    file: Inspected,
    change: Change,
    before: Mapping[str, bytes],
    judge: CachingJudge,
    more_before: Mapping[str, Sequence[Finding]],
) -> list[bool]:
    """Claim of each alert of *file* that its earlier version had none of that key, whatever moved."""
    earlier = judge_earlier(file, change, before, judge)
    if earlier is None:
        return [True] * len(file.alerts)
    old, judged = earlier
    more = more_before.get(change.before.get(file.source.path, file.source.path), ())
    known = keys_before(file, old, [*judged.findings, *more])
    fresh: list[bool] = []
    for alert in file.alerts:
        fresh.append(known[alert.key] <= 0)
        known[alert.key] -= 1
    return fresh


def judge_earlier(
    file: Inspected, change: Change, before: Mapping[str, bytes], judge: CachingJudge
) -> tuple[Source, Judgement] | None:
    """Return the earlier version of *file*, or what it is a copy of, and what *judge* says of it; None of neither."""
    path = change.earlier(file.source.path, file.source.utf8)
    old = read_source(path, before[path] if path in before else change.base.read_one(path))
    return None if old is None else (old, judge.judge(old))


def keys_before(file: Inspected, old: Source, found: Sequence[Finding]) -> Counter[Key]:
    """Return how often the *old* version of *file*, in which this was *found*, had a finding of which key."""
    return Counter(key._replace(path=file.source.path) for key in keys_of(old, found))


def make_report(
    profile: Profile,
    files: Sequence[Inspected],
    *,
    baseline: Baseline | None = None,
    renamed: Mapping[str, str] | None = None,
    listed: Iterable[str] = (),
    lowest: str = "advise",
    is_whole: bool = False,
    notes: Sequence[str] = (),
    unread: int = 0,
) -> Report:
    """
    Return the report of *files*: alerts down to the tier *lowest*, those of the baseline set apart.

    Only a run over the whole tree (*is_whole*) can say which entries of the baseline nothing matches any more.
    """
    shown = tiers_from(lowest)
    found = [alert for file in files for alert in file.alerts]
    found.sort(key=lambda a: (a.finding.path, a.finding.line, a.finding.column, a.finding.entry.id))
    # what stood there before has the first claim to an entry: one that looks like it is one more; what is not shown has
    # the last, but is not mended for its rule being weaker than when it was accepted
    claims = sorted(
        (alert for alert in found if alert.state in ("old", "new")),
        key=lambda alert: (alert.finding.entry.tier not in shown, alert.state == "new"),
    )
    sources = {file.source.path: file.source for file in files if file.alerts}

    @cache
    def defined(path: str) -> Defined:
        return defined_in(sources[path])

    known = match_baseline(baseline or {}, [alert.key for alert in claims], renamed or {}, listed, defined)
    accepted = {id(alert) for alert, is_known in zip(claims, known.accepted, strict=True) if is_known}
    asked = [alert for alert in found if alert.finding.entry.tier in shown and alert.state != "old"]
    marked = [replace(alert, state="accepted") if id(alert) in accepted else alert for alert in asked]
    return Report(
        profile=profile,
        alerts=tuple(alert for alert in marked if alert.state == "new"),
        excused=tuple(alert for alert in marked if alert.state != "new"),
        files=tuple(files),
        paid=known.left.total() if is_whole else 0,
        notes=tuple(notes),
        unread=unread,
        sources=sources,
    )
