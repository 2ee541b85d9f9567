"""
One run of `check`. In: a `Request`. Out: its `Report`.

The profile, the settings and the baseline of a change are those of its merge base: no change can weaken its own judge.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ..mining.artefacts import parse_json, sweep_beginnings, write_bytes
from ..mining.attributes import files_about, read_marks
from ..mining.errors import InputError, SettingsError
from ..mining.garbage import pause_collection
from ..mining.judge import Finding, judge_source
from ..mining.languages import known_languages
from ..mining.learn import settle, settle_profile
from ..mining.profile import Profile
from ..mining.reading import is_beyond_link, read_start
from ..mining.repository import list_files, open_code
from ..mining.settings import FILES as SETTINGS_FILES
from ..mining.settings import (
    Settings,
    contents_of,
    judging_files,
    override_for,
    read_settings,
    settings_of,
    stated_settings,
)
from ..mining.source import Source, parse_source
from .baseline import FILE, Baseline, read_baseline
from .diff import Change, Snapshot, find_change, find_staged, lies_in
from .findings import Inspected, Report, check_change, inspect, make_report
from .fix import fix_source
from .identity import Key
from .learning import (
    CLAIMS,
    governed_paths,
    learn_commit,
    learn_tree,
    read_source,
    why_left_alone,
)
from .names.certainty import KINDS
from .names.existence import RULE
from .names.missing import ByPath, Names, names_in, names_since
from .names.resolver import UnaskedError, find_resolver
from .notes import (
    NO_RESOLVER,
    NOTHING_ASKED,
    NOTHING_STAGED,
    idle_patterns,
    idle_settings,
    judge_edited,
    lacking,
    left_alone,
    of_other_code,
    other_rules,
    require_grammar,
    unasked_names,
    unheard,
    unjudged,
    unparsed,
    unread,
    without_grammar,
)
from .syntax import find_broken


@dataclass(frozen=True, slots=True)
class Request:
    """
    What is to be checked, and how.
    """

    root: Path
    paths: tuple[str, ...] = ()
    """Relative to the root; none for all."""
    base: str | None = None
    staged: bool = False
    mode: str = "lines"
    profile: Path | None = None
    baseline: str | None = None
    """Relative to the root, or a path as it stands."""
    lowest: str = "advise"
    fix: bool = False
    names: bool = True


@dataclass(frozen=True, slots=True)
class Judge:
    """
    What code is held to.
    """

    profile: Profile
    settings: Settings
    baseline: Baseline


@pause_collection()
def run_check(request: Request) -> Report:
    """Return what the code in question departs from; with `fix`, after what can be mended was."""
    change = change_of(request)
    judge = find_judge(request, change)
    if not request.fix:
        return make_judged(request, change, judge)
    mended = mend(request.root, make_judged(replace(request, names=False), change, judge))
    # lines may have come or gone
    return replace(make_judged(request, change_of(request), judge), mended=mended)


def change_of(request: Request) -> Change | None:
    """Return the change to judge as it is now, or None where the whole tree is judged."""
    if request.staged:
        return find_staged(request.root)
    return None if request.base is None else find_change(request.root, request.base)


def make_judged(request: Request, change: Change | None, judge: Judge) -> Report:
    """Return what the code in question departs from as it is now."""
    paths = asked_paths(request, change, judge.settings)
    sources = read_sources(request, change, paths)
    if not sources:
        # a change may well hold none of the code that can be read, if there is some
        before = governed_paths(change.base, judge.settings) if change is not None else ()
        require_grammar([path for path in (*paths, *before) if lies_in(path, request.paths)])
    names = missing_names(request, sources, change, judge.settings)
    files = judge_sources(request, sources, change, judge, names)
    notes = [*unasked_names(names), *list_notes(request, change, judge, paths, sources)]
    notes += of_other_code([file.judgement for file in files]) if request.profile is not None else []
    return make_report(
        judge.profile,
        files,
        baseline=answerable(judge.baseline, request.names and not names.unasked),
        renamed=change.before if change is not None else None,
        listed=paths_now(request.root, judge.settings) if judge.baseline else (),
        lowest=request.lowest,
        is_whole=change is None and not request.paths,
        notes=notes,
        unread=len(lacking(paths)),
    )


def list_notes(
    request: Request, change: Change | None, judge: Judge, paths: Sequence[str], sources: Sequence[Source]
) -> list[str]:
    """Return what the reader should know of a run: what of *paths*, and beside them, was not asked, and why."""
    names = listed_names(request, change)
    read = partial(read_start, request.root) if change is None else change.read
    is_whole = change is None or request.mode == "all"
    has_python = any(source.language.name == "python" for source in sources)
    notes = [NO_RESOLVER] if request.names and has_python and find_resolver() is None else []
    notes += [NOTHING_STAGED] if request.staged and change is not None and not change.added else []
    notes += edits_of_judge(request, change, judge.settings) if change is not None else []
    notes += unjudged(change.locked, change.submodules, request.paths) if change is not None else []
    notes += [*other_rules(judge.profile), *without_grammar(paths), *unparsed(sources)]
    notes += left_alone(request.root, names, read, judge.settings, sources, is_whole=is_whole)
    notes += unread(names, judge.settings)
    notes += [NOTHING_ASKED] if change is None and request.paths and not sources and not notes else []
    notes += unheard(names, judge.settings)
    notes += idle_patterns(names, judge.settings) if is_whole and not request.paths else []
    return notes + (idle_settings(judge.profile, judge.settings) if request.profile is None else [])


def edits_of_judge(request: Request, change: Change, settings: Settings) -> list[str]:
    """Return a sentence where *change* edits what it is judged by, for whoever wonders why that counts for nothing."""
    baseline = request.baseline or FILE
    names = [*judging_files({*change.base.blobs, *files_about(change.added)}), baseline]
    return judge_edited(dict(change.base.read(names)), files_after(request, change, names), settings, baseline)


def files_after(request: Request, change: Change, names: Sequence[str]) -> dict[str, bytes]:
    """Return the files of *names*, whole, that there are after *change*."""
    if change.staged is not None:
        return dict(change.staged.read(names))
    plain = (name for name in names if not is_beyond_link(request.root, name))
    return contents_of(plain, lambda name: read_whole(request.root / name))


def find_judge(request: Request, change: Change | None) -> Judge:
    """Return the profile, the settings and the baseline: of the merge base where there is a change to judge."""
    if change is None:
        settings = read_settings(request.root)
        profile = named_profile(request, settings) or learn_tree(request.root, settings)
        return Judge(profile, settings, load_baseline(request, lambda name: read_whole(request.root / name)))
    settings = settings_before(request, change)
    profile = named_profile(request, settings) or learn_commit(change.base, settings)
    return Judge(profile, settings, baseline_before(request, change))


def settings_before(request: Request, change: Change) -> Settings:
    """
    Return the settings that *change* starts from; where it mends broken ones, none: else it could never be merged.

    Raises `SettingsError` where it leaves them broken.
    """
    files = dict(change.base.read(judging_files(change.base.blobs)))
    try:
        return settings_of(files)
    except SettingsError:
        stated_settings(files_after(request, change, SETTINGS_FILES))
        return Settings(marks=read_marks(files))


def baseline_before(request: Request, change: Change) -> Baseline:
    """
    Return the baseline that *change* starts from; where it mends a broken one, none, as of settings.

    Raises `InputError` where it leaves it broken, and where one that was named is not there.
    """
    name = request.baseline or FILE
    files = dict(change.base.read([name]))
    try:
        return load_baseline(request, files.get)
    except InputError:
        if name not in files:
            raise
        read_baseline(files_after(request, change, [name]).get(name, b""), name)
        return {}


def named_profile(request: Request, settings: Settings) -> Profile | None:
    """Return the profile that was named, with what *settings* ignore and the tiers that they name; None without one."""
    return settle_profile(read_profile(request.profile), settings) if request.profile is not None else None


def read_whole(file: Path) -> bytes | None:
    """Return the bytes of a plain file, or None where there is none: a long past makes a large baseline."""
    return file.read_bytes() if file.is_file() and not file.is_symlink() else None


def load_baseline(request: Request, read: Callable[[str], bytes | None]) -> Baseline:
    """Return the baseline that was named, or the one in its usual place; one that was named must be there."""
    data = read(request.baseline or FILE)
    if data is None and request.baseline is not None:
        where = "" if request.base is None and not request.staged else " in the commit that the change starts from"
        raise InputError(f"There is no baseline {request.baseline!r}{where}. Make one: idiolect baseline create.")
    return read_baseline(data, request.baseline or FILE) if data is not None else {}


def answerable(baseline: Baseline, names: bool) -> Baseline:
    """Return the part of *baseline* that a run can find again: without a resolver no name is looked for."""
    if names and find_resolver() is not None:
        return baseline
    return {key: count for key, count in baseline.items() if key.rule.partition("[")[0] != RULE}


def asked_paths(request: Request, change: Change | None, settings: Settings) -> list[str]:
    """Return the files to judge."""
    if change is None or request.mode == "all":
        listed = paths_now(request.root, settings)
    else:
        listed = governed_paths(Snapshot(request.root, "", dict.fromkeys(change.added, "")), settings)
    return [path for path in listed if lies_in(path, request.paths)]


def read_sources(request: Request, change: Change | None, paths: Iterable[str]) -> list[Source]:
    """Return the files at *paths*, parsed, without those that conventions are not asked of."""
    if change is None:
        read = partial(read_start, request.root)
        return [source for path in paths if (source := read_source(path, read(path))) is not None]
    return [source for path in paths if (source := read_changed(change, path)) is not None]


def read_changed(change: Change, path: str) -> Source | None:
    """Return a file of *change*, parsed; one that was asked before is asked although it is called generated now."""
    data = change.read(path)
    source = read_source(path, data)
    if source is None and why_left_alone(path, data) in CLAIMS:
        was_asked = read_source(path, change.base.read_one(change.before.get(path, path))) is not None
        source = read_source(path, data, was_asked=was_asked)
    return source


def listed_names(request: Request, change: Change | None) -> list[str]:
    """Return the names of the files in question, of any kind."""
    changed = None if request.mode == "all" or change is None else change.added
    names = list_files(request.root.resolve()) if changed is None else sorted(changed)
    return [name for name in names if lies_in(name, request.paths)]


def judge_sources(
    request: Request, sources: Sequence[Source], change: Change | None, judge: Judge, names: Names
) -> list[Inspected]:
    """Return every file with what departs in it, *names* that do not exist included."""
    broken = broken_files(request, sources, change)
    facts = {path: [*names.found.get(path, ()), *broken.get(path, ())] for path in {**names.found, **broken}}
    more = {path: settle_facts(found, judge.settings) for path, found in facts.items()}
    if change is None or request.mode == "all":
        return [inspect(source, judge.profile, more.get(source.path, ())) for source in sources]
    return check_change(change, [*sources, *names.elsewhere], judge.profile, request.mode, more, names.before)


def settle_facts(findings: Iterable[Finding], settings: Settings) -> list[Finding]:
    """Return *findings*, which follow from no profile, without what *settings* ignore, of the tiers that they name."""
    rows = ((finding, override_for(settings.conventions, finding.entry.id)) for finding in findings)
    return [
        finding._replace(entry=settle(finding.entry, override)) for finding, override in rows if not override.ignore
    ]


def broken_files(request: Request, sources: Sequence[Source], change: Change | None) -> ByPath:
    """Return what does not parse; of a change, only in files that did before, unless whole files are asked."""
    found = find_broken(sources)
    if change is None or request.mode not in ("lines", "new") or not found:
        return found
    earlier = {change.before.get(path, path): path for path in found}
    before = [source for path in earlier if (source := read_source(path, change.base.read_one(path))) is not None]
    broken = {earlier[path] for path in find_broken(before)}
    return {path: findings for path, findings in found.items() if path not in broken}


def missing_names(request: Request, sources: Sequence[Source], change: Change | None, settings: Settings) -> Names:
    """Return what code names and what does not exist, as far as that is asked."""
    if not asks_names(request, settings):
        return Names()
    try:
        if change is None or request.mode != "new":
            return names_in(request.root, change, sources)
        listed = paths_now(request.root, settings) if change.staged is None else governed_paths(change.staged, settings)
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


def paths_now(root: Path, settings: Settings) -> list[str]:
    """Return the files that there are."""
    return list(open_code(root, known_languages(), settings.exclude, settings.marks).paths)


def read_profile(file: Path) -> Profile:
    """Return the profile in *file*."""
    try:
        return Profile.from_json(parse_json(file.read_text("utf-8")))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InputError(f"The profile {str(file)!r} cannot be read: {reason}.") from None
    except (ValueError, KeyError, TypeError) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else error
        raise InputError(f"{str(file)!r} is no profile: {reason}. Mine one, or leave --profile out.") from None


def find_all(request: Request) -> list[Key]:
    """Return the keys of all that is found in the whole tree now and that no comment excuses: a baseline's content."""
    judge = find_judge(request, None)
    paths = asked_paths(request, None, judge.settings)
    require_grammar(paths)
    sources = read_sources(request, None, paths)
    names = missing_names(request, sources, None, judge.settings)
    if names.unasked:
        raise InputError(f"What is to be accepted cannot be told: {names.unasked}.")
    files = judge_sources(request, sources, None, judge, names)
    report = make_report(judge.profile, files, lowest=request.lowest)
    return [alert.key for alert in report.alerts]
