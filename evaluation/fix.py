"""
Safe fixes. In: a source and its findings. Out: the file's bytes with the fixable ones mended, and nothing else touched.

Each convention says which few bytes make a place answer as the house does. A fix is kept only when the file still
parses, the finding is gone and no other has come but such as a fix of its own mends at once; so a second run finds
nothing left to mend. A name of `typing` that the fixes leave without a use is taken out of its import.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial, reduce

from ..mining.conventions.convention import Edit, Place, apply_edits, conventions_by_id
from ..mining.filters.quality import is_python
from ..mining.judge import Finding, Judgement, judge_source
from ..mining.profile import Profile
from ..mining.source import Source, Span, parse_source, parse_text
from .findings import Alert, Report
from .judgements import CachingJudge
from .syntax import fault_of
from .unused import drop_unused

Judge = Callable[[Source], Judgement]

ROUNDS = 4
"""Fixes of one place that are made one after the other."""


def find_fix(source: Source, finding: Finding) -> tuple[Edit, ...]:
    """Return the edits that mend *finding* without changing what the code does; none when no safe ones are known."""
    entry = finding.entry
    convention = conventions_by_id()[entry.convention]
    if not convention.is_fixable:
        return ()
    return convention.rewrite(Place(source, finding.start, finding.end, entry.key, entry.rule), entry.value)


def fix_source(source: Source, findings: Sequence[Finding], profile: Profile) -> bytes:
    """
    Return the bytes of *source*, in its own encoding, with those of *findings* mended that have a safe fix.

    Byte-minimal and idempotent: fixes that touch one place, or wait for another, are made one after the other, and
    where several together break something, each is tried by itself and the bad ones are left out.
    """
    judge = partial(judge_source, profile=profile)
    current, waiting, known = source, list(findings), judge(source).findings
    for _ in range(ROUNDS):
        fixes = [(finding, find_fix(current, finding)) for finding in waiting]
        good = keep_good(current, without_overlaps(edits for _, edits in fixes), judge, known)
        made = [edit for edits in good for edit in edits]
        passes = follow(current, made, judge, known)
        # what has no safe fix yet may have one when what stands inside of it is mended
        left = {
            (f.entry.id, moved_by(passes, f.start)) for f, edits in fixes if not edits or not set(edits) <= set(made)
        }
        for edits in passes:
            current = edited(current, edits)
        if not made or not left:
            break
        known = judge(current).findings
        waiting = [f for f in known if (f.entry.id, f.start) in left]
    if unused := drop_unused(source, current):
        trimmed = edited(current, unused)
        current = trimmed if is_better(current, trimmed, judge, judge(current).findings, 0) else current
    return source.encode(current.text)


def fixes_of(report: Report, alerts: Sequence[Alert]) -> list[tuple[Edit, ...]]:
    """
    Return for each of *alerts* the edits by which `--fix` mends it, or none.

    Where it would break something or bring another finding, alone or beside the others, none is promised; nor where
    `--fix` was given, which left what there is.
    """
    fixes: list[tuple[Edit, ...]] = [()] * len(alerts)
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, alert in enumerate(alerts if report.mended is None else ()):
        if edits := find_fix(report.sources[alert.finding.path], alert.finding):
            fixes[place] = edits
            places[alert.finding.path].append(place)
    judged = {file.source.path: file for file in report.files}
    judge = CachingJudge(report.profile).judge
    for path, found in places.items():
        chosen = without_overlaps(fixes[place] for place in found)
        known = judged[path].judgement.findings
        good = keep_good(judged[path].source, chosen, judge, known, is_proof=False)
        made = {edit for edits in good for edit in edits}
        for place in found if len(good) < len(chosen) else ():
            fixes[place] = fixes[place] if made.issuperset(fixes[place]) else ()
    return fixes


def fix_once(source: Source, findings: Sequence[Finding], span: Span) -> tuple[Source, Span]:
    """
    Return *source* with one round of fixes for *findings*, unproven, and where *span* lies then.

    For measuring, where the caller judges the outcome: a file whose fixes make no better file is not given back here.
    """
    chosen = without_overlaps(edits for finding in findings if (edits := find_fix(source, finding)))
    made = [edit for edits in chosen for edit in edits]
    mended = parse_text(source.path, apply_edits(source, made), source.language)
    return mended, Span(moved(made, span.start), moved(made, span.end))


def follow(source: Source, edits: Sequence[Edit], judge: Judge, known: Sequence[Finding]) -> list[Sequence[Edit]]:
    """
    Return *edits* and what they entail, pass by pass: fixes of findings that only the pass before brought.

    *known* is all that is found in *source*. There is an end to it, for fixes may call for each other.
    """
    passes: list[Sequence[Edit]] = []
    while edits and len(passes) < ROUNDS:
        passes.append(edits)
        source = edited(source, edits)
        expected = {(finding.entry.id, moved(edits, finding.start)) for finding in known}
        known = judge(source).findings
        came = [finding for finding in known if (finding.entry.id, finding.start) not in expected]
        fixes = without_overlaps(fix for finding in came if (fix := find_fix(source, finding)))
        edits = [edit for fix in fixes for edit in fix]
    return passes


def edited(source: Source, edits: Sequence[Edit]) -> Source:
    """Return *source* with *edits* made, read from its own encoding again."""
    return parse_source(source.path, source.encode(apply_edits(source, edits)), source.language)


def moved_by(passes: Iterable[Sequence[Edit]], byte: int) -> int:
    """Return where *byte* stands after all *passes*."""
    return reduce(lambda place, edits: moved(edits, place), passes, byte)


def moved(edits: Iterable[Edit], byte: int) -> int:
    """Return where *byte* stands after *edits*."""
    before = [edit for edit in edits if edit.end <= byte]
    return byte + sum(len(edit.text.encode("utf-8")) - (edit.end - edit.start) for edit in before)


def without_overlaps(fixes: Iterable[tuple[Edit, ...]]) -> list[tuple[Edit, ...]]:
    """Return the fixes that touch no byte an earlier one touches; equal edits, such as one import, count once."""
    chosen: list[tuple[Edit, ...]] = []
    taken: list[Edit] = []
    for edits in fixes:
        fresh = tuple(edit for edit in edits if edit not in taken)
        if fresh and not any(overlap(edit, other) for edit in fresh for other in taken):
            chosen.append(fresh)
            taken.extend(fresh)
    return chosen


def overlap(one: Edit, other: Edit) -> bool:
    """Claim that two edits cannot both be made: they share a byte, or insert at the same place."""
    if one.start == one.end == other.start == other.end:
        return True
    return one.start < other.end and other.start < one.end


def is_better(
    source: Source, mended: Source, judge: Judge, known: Sequence[Finding], fixed: int, *, is_proof: bool = True
) -> bool:
    """
    Claim that *mended* parses as *source* does, has *fixed* fewer findings than *known* ones, and none of a new rule.

    Without *is_proof* libcst is not asked, which takes longer than all else.
    """
    if mended.tree.root_node.has_error and not source.tree.root_node.has_error:
        return False
    readers = ((runs, is_python) if is_proof else (runs,)) if source.language.name == "python" else ()
    if any(not reads(mended.text) and reads(source.text) for reads in readers):
        return False
    before, after = (Counter(f.entry.id for f in found) for found in (known, judge(mended).findings))
    return after.total() <= before.total() - fixed and all(after[rule] <= before[rule] for rule in after)


def runs(text: str) -> bool:
    """Claim that the running Python parses *text*: it may be older than the syntax that libcst knows."""
    return fault_of(text) is None


def keep_good(
    source: Source, fixes: Sequence[tuple[Edit, ...]], judge: Judge, known: Sequence[Finding], *, is_proof: bool = True
) -> list[tuple[Edit, ...]]:
    """
    Return *fixes* where together they make *source* better, else each that does beside those before it.

    *known* is all that is found in *source*; *is_proof* is as in `is_better`.
    """

    def are_good(some: Sequence[tuple[Edit, ...]]) -> bool:
        mended = source
        for made in follow(source, [edit for edits in some for edit in edits], judge, known):
            mended = edited(mended, made)
        return is_better(source, mended, judge, known, len(some), is_proof=is_proof)

    if not fixes or are_good(fixes):
        return list(fixes)
    good: list[tuple[Edit, ...]] = []
    for edits in fixes if len(fixes) > 1 else ():
        if are_good([*good, edits]):
            good.append(edits)
    return good
