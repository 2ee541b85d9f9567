"""
One run of `check`. In: a `Request`. Out: its `Report`.

`request` says what is in question, `standard` what it is held to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ..mining.artefacts import sweep_beginnings, write_bytes
from ..mining.conventions.convention import conventions_by_id
from ..mining.errors import InputError
from ..mining.garbage import pause_collection
from ..mining.judge import Finding, judge_source
from ..mining.learn import settle
from ..mining.overrides import override_for
from ..mining.profile import Profile
from ..mining.reading import read_start
from ..mining.repository import list_files
from ..mining.settings import Settings
from ..mining.source import Source, parse_source
from ..mining.tiers import TIERS, tiers_from
from . import notes
from .baseline import Baseline
from .diff import Change, lies_in
from .findings import Inspected, Report, check_change, inspect_judged, make_report
from .fix import fix_source
from .identity import Key
from .learning import WorkTree, governed_paths, is_readable, read_source, what_decides
from .names.certainty import KINDS
from .names.existence import RULE
from .names.missing import ByPath, Names, names_in, names_since
from .names.resolver import UnaskedError, find_resolver
from .request import Request, asked_paths, change_of, listed_names, read_sources
from .standard import Standard, edits_of_standard, find_standard
from .syntax import find_broken
from .tallies import kept_tallies


@pause_collection()
def run_check(request: Request) -> Report:
    """Return what the code in question departs from; with `fix`, after what can be mended was."""
    change = change_of(request)
    standard = find_standard(request, change)
    if not request.fix:
        return make_judged(request, change, standard)
    mended = mend(request.root, make_judged(replace(request, names=False), change, standard))
    # lines may have come or gone
    return replace(make_judged(request, change_of(request), standard), mended=mended)


def make_judged(request: Request, change: Change | None, standard: Standard) -> Report:
    """Return what the code in question departs from as it is now."""
    judged = judge_asked(request, change, standard)
    return make_report(
        standard.profile,
        judged.files,
        baseline=answerable(standard.baseline, request.names and not judged.names.unasked),
        renamed=change.before if change is not None else None,
        listed=standard.tree.files.paths if standard.baseline else (),
        lowest=request.lowest,
        is_whole=change is None and not request.paths,
        notes=list_notes(request, change, standard, judged),
        unread=len(notes.lacking(judged.paths)),
    )


class Judged(NamedTuple):
    """
    The code in question, and what departs in it.
    """

    paths: Sequence[str]
    sources: Sequence[Source]
    names: Names
    files: Sequence[Inspected]


def judge_asked(request: Request, change: Change | None, standard: Standard) -> Judged:
    """Return the code in question, judged; raises `InputError` where there is some and no grammar reads any of it."""
    paths = asked_paths(request, change, standard.tree)
    sources = read_sources(request, change, paths)
    if not sources:
        # a change may well hold none of the code that can be read, if there is some
        before = governed_paths(change.base.blobs, standard.settings) if change is not None else ()
        notes.require_grammar([path for path in (*paths, *before) if lies_in(path, request.paths)])
    names = missing_names(request, sources, change, standard.tree)
    return Judged(paths, sources, names, judge_sources(request, sources, change, standard, names))


def list_notes(request: Request, change: Change | None, standard: Standard, judged: Judged) -> list[str]:
    """Return what the reader should know of a run: what, of the paths in question and beside them, was not asked."""
    names, sources, profile, settings = (
        listed_names(request, change),
        judged.sources,
        standard.profile,
        standard.settings,
    )
    read = partial(read_start, request.root) if change is None else change.read
    is_whole = change is None or request.mode == "all"
    has_python = any(source.language.name == "python" for source in sources)
    told = notes.unasked_names(judged.names)
    told += [notes.NO_RESOLVER] if request.names and has_python and find_resolver() is None else []
    if change is not None:
        told += [notes.NOTHING_STAGED] if request.staged and not change.added else []
        told += edits_of_standard(request, change, standard)
        told += notes.unjudged(change.locked, change.submodules, request.paths)
        told += notes.merging(change.merged)
        # of added lines alone, nobody asks what others name
        if request.names and request.mode == "lines":
            told += notes.gone(change.base.blobs, names_after(request, change))
    told += [*notes.other_rules(profile), *notes.without_grammar(judged.paths), *notes.unparsed(sources)]
    told += notes.left_alone(request.root, names, read, settings, sources, is_whole=is_whole)
    told += notes.unread(names, settings)
    told += [notes.NOTHING_ASKED] if change is None and request.paths and not sources and not told else []
    told += notes.unheard(names, settings)
    told += notes.idle_patterns(names, settings) if is_whole and not request.paths else []
    if request.profile is None:
        told += [*notes.idle_settings(profile, settings), *notes.idle_exceptions(profile)]
        told += notes.without_rules(profile)
    else:
        told += notes.of_other_code([file.judgement for file in judged.files])
    return told + (notes.given_up(judged.files, tiers_from(request.lowest)) if change is not None else [])


def names_after(request: Request, change: Change) -> Collection[str]:
    """Return the names of all files that there are after *change*."""
    return change.staged.blobs if change.staged is not None else {*list_files(request.root)}


def answerable(baseline: Baseline, names: bool) -> Baseline:
    """
    Return the part of *baseline* that a run can find again: of the rules and the grammars that are installed here.

    Without a resolver no name is looked for.
    """
    asked = {*conventions_by_id()} - ({RULE} if not names or find_resolver() is None else set())
    return {
        key: count for key, count in baseline.items() if key.rule.partition("[")[0] in asked and is_readable(key.path)
    }


def judge_sources(
    request: Request, sources: Sequence[Source], change: Change | None, standard: Standard, names: Names
) -> list[Inspected]:
    """Return every file with what departs in it, *names* that do not exist included."""
    broken = broken_files(request, sources, change)
    facts = {path: [*names.found.get(path, ()), *broken.get(path, ())] for path in {**names.found, **broken}}
    more = {path: settle_facts(found, standard.settings) for path, found in facts.items()}
    if change is None or request.mode == "all":
        return inspect_all(request, sources, standard.profile, more)
    return check_change(change, [*sources, *names.elsewhere], standard.profile, request.mode, more, names.before)


def inspect_all(
    request: Request, sources: Sequence[Source], profile: Profile, more: Mapping[str, Sequence[Finding]]
) -> list[Inspected]:
    """Return each of *sources* with what departs in it, and tell how far that is."""
    files: list[Inspected] = []
    with kept_tallies(what_decides(profile.packages)) as tally_of:
        for done, source in enumerate(sources, start=1):
            judgement = judge_source(source, profile, tally=tally_of(source))
            files.append(inspect_judged(source, judgement, more.get(source.path, ())))
            request.progress("judging", done, len(sources))
    return files


def settle_facts(findings: Iterable[Finding], settings: Settings) -> list[Finding]:
    """Return *findings*, which follow from no profile, without what *settings* ignore, of the tiers that they name."""
    rows = ((finding, override_for(settings.conventions, finding.entry.id)) for finding in findings)
    return [
        finding._replace(entry=settle(finding.entry, override))
        for finding, override in rows
        if not override.spares(finding.path)
    ]


def broken_files(request: Request, sources: Sequence[Source], change: Change | None) -> ByPath:
    """Return what does not parse; of a change, only in files that did before, unless whole files are asked."""
    found = find_broken(sources)
    if change is None or request.mode not in ("lines", "new") or not found:
        return found
    earlier = {change.before.get(path, path): path for path in found}
    contents = change.base.read(earlier)
    before = [source for path, data in contents if (source := read_source(path, data)) is not None]
    broken = {earlier[path] for path in find_broken(before)}
    return {path: findings for path, findings in found.items() if path not in broken}


def missing_names(request: Request, sources: Sequence[Source], change: Change | None, tree: WorkTree) -> Names:
    """Return what code names and what does not exist, as far as that is asked."""
    if not asks_names(request, tree.settings):
        return Names()
    try:
        if change is None or request.mode != "new":
            return names_in(request.root, change, sources)
        listed = tree.files.paths if change.staged is None else governed_paths(change.staged.blobs, tree.settings)
        return names_since(request.root, change, sources, [path for path in listed if lies_in(path, request.paths)])
    except UnaskedError as reason:
        return Names(unasked=str(reason))


def asks_names(request: Request, settings: Settings) -> bool:
    """Claim that names are to be asked for, and can be."""
    overrides = (override_for(settings.conventions, f"{RULE}[{kind}]") for kind in KINDS.values())
    is_asked = any(not override.ignore for override in overrides)
    return request.names and is_asked and find_resolver() is not None


def mend(root: Path, report: Report) -> dict[str, int]:
    """Mend in the work tree what *report* lists and has a safe fix; return how many places, by path."""
    findings: defaultdict[str, list[Finding]] = defaultdict(list)
    for alert in report.alerts:
        findings[alert.finding.path].append(alert.finding)
    mended: dict[str, int] = {}
    for path, found in findings.items():
        source = report.sources[path]
        before, data = source.encode(source.text), fix_source(source, found, report.profile)
        # what somebody edited meanwhile is theirs
        if data != before and read_start(root, path) == before:
            sweep_beginnings(root / path, data)
            write_bytes(root / path, data)
            left = judge_source(parse_source(path, data, source.language), report.profile).findings
            mended[path] = len(judge_source(source, report.profile).findings) - len(left)
    return mended


class Found(NamedTuple):
    """
    The keys of all that is found in a tree now and that no comment excuses.
    """

    asked: list[Key]
    """Of the tiers that are asked for: a baseline's content."""
    weaker: list[Key]
    """Of weaker rules; what is in a baseline was accepted when they were firmer."""


def find_all(request: Request) -> Found:
    """Return what is found in the whole tree now."""
    standard = find_standard(request, None)
    judged = judge_asked(request, None, standard)
    if judged.names.unasked:
        raise InputError(f"What is to be accepted cannot be told: {judged.names.unasked}.")
    alerts = make_report(standard.profile, judged.files, lowest=TIERS[-1]).alerts
    tiers = tiers_from(request.lowest)
    return Found(
        [alert.key for alert in alerts if alert.finding.entry.tier in tiers],
        [alert.key for alert in alerts if alert.finding.entry.tier not in tiers],
    )
