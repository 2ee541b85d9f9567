"""
Safe fixes. In: a source and its findings. Out: the file's bytes with the fixable ones mended, and nothing else touched.

Each convention says which few bytes make a place answer as the house does. A fix is kept only when the file still
parses, the finding is gone and no other has come; so a second run finds nothing left to mend. A name of `typing` that
the fixes leave without a use is taken out of its import.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from ..mining.conventions.convention import Edit, Place, apply_edits, conventions_by_id
from ..mining.filters.quality import is_python
from ..mining.judge import Finding, judge_source
from ..mining.profile import Profile
from ..mining.source import Source, Span, parse_source, parse_text
from .syntax import fault_of
from .unused import drop_unused

__all__ = ["find_fix", "fix_once", "fix_source"]

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

    Byte-minimal and idempotent: fixes that touch one place are made one after the other, and where several together
    break something, each is tried by itself and the bad ones are left out.
    """
    current, waiting = source, list(findings)
    for _ in range(ROUNDS):
        fixes = [(finding, edits) for finding in waiting if (edits := find_fix(current, finding))]
        chosen = without_overlaps(edits for _, edits in fixes)
        made = [edit for edits in chosen for edit in edits]
        text = apply_edits(current, made)
        if made and not is_better(current, text, profile, len(chosen)):
            text = mend_one_by_one(current, chosen, profile)
            current = parse_source(source.path, source.encode(text), source.language)
            break
        left = {(f.entry.id, moved(made, f.start)) for f, edits in fixes if not set(edits) <= set(made)}
        current = parse_source(source.path, source.encode(text), source.language)
        if not left:
            break
        waiting = [f for f in judge_source(current, profile).findings if (f.entry.id, f.start) in left]
    unused = drop_unused(source, current)
    text = apply_edits(current, unused)
    return source.encode(text if unused and is_better(current, text, profile, 0) else current.text)


def fix_once(source: Source, findings: Sequence[Finding], span: Span) -> tuple[Source, Span]:
    """
    Return *source* with one round of fixes for *findings*, unproven, and where *span* lies then.

    For measuring, where the caller judges the outcome: a file whose fixes make no better file is not given back here.
    """
    chosen = without_overlaps(edits for finding in findings if (edits := find_fix(source, finding)))
    made = [edit for edits in chosen for edit in edits]
    mended = parse_text(source.path, apply_edits(source, made), source.language)
    return mended, Span(moved(made, span.start), moved(made, span.end))


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


def is_better(source: Source, text: str, profile: Profile, fixed: int) -> bool:
    """Claim that *text* parses as well as *source*, has at least *fixed* fewer findings, and none of a new rule."""
    mended = parse_source(source.path, text.encode("utf-8"), source.language)
    if mended.tree.root_node.has_error and not source.tree.root_node.has_error:
        return False
    if source.language.name == "python" and any(reads(source.text) and not reads(text) for reads in (runs, is_python)):
        return False
    before, after = (Counter(f.entry.id for f in judge_source(s, profile).findings) for s in (source, mended))
    return after.total() <= before.total() - fixed and all(after[rule] <= before[rule] for rule in after)


def runs(text: str) -> bool:
    """Claim that the running Python parses *text*: it may be older than the syntax that libcst knows."""
    return fault_of(text) is None


def mend_one_by_one(source: Source, fixes: Sequence[tuple[Edit, ...]], profile: Profile) -> str:
    """Return the text of *source* with every fix that by itself makes it better."""
    good = [edits for edits in fixes if is_better(source, apply_edits(source, edits), profile, 1)]
    text = apply_edits(source, [edit for edits in good for edit in edits])
    return text if good and is_better(source, text, profile, len(good)) else source.text
