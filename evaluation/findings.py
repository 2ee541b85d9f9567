"""
Findings of a check run. In: a repository, a profile, and what is asked of it. Out: what departs, with evidence.
"""

from __future__ import annotations

import io
import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..mining.errors import InputError
from ..mining.languages import builtin_languages, language_of
from ..mining.owners import owners_in, owners_of
from ..mining.profile import FileTally, Finding, Judgement, Profile, judge_source, learn_profile, tally_source
from ..mining.recency import added_lines, recent_lines
from ..mining.repository import content_reason, git_output, open_repository
from ..mining.settings import Settings
from ..mining.source import Source, UndecodableError, parse_source

MODES = ("lines", "new", "files", "all")


@dataclass(frozen=True, slots=True)
class Report:
    """
    What one run of `check` found.
    """

    profile: Profile
    findings: tuple[Finding, ...]
    opportunities: int
    governed: int
    files: int


@dataclass(frozen=True, slots=True)
class Change:
    """
    What a repository changed since a commit.
    """

    base: str
    """The merge base's id."""
    added: Mapping[str, frozenset[int]]
    """The added or edited lines of every changed file that still exists."""
    before: Mapping[str, str]
    """The earlier path of every renamed file."""


def learn_tree(root: Path, settings: Settings) -> Profile:
    """Return the profile of the files under *root* as they are now."""
    repository = open_repository(root, suffixes=known_suffixes(), exclude=settings.exclude)
    tallies: list[FileTally] = []
    for path in repository.paths:
        data = repository.read(path)
        source = read_source(path, data) if isinstance(data, bytes) else None
        if source is not None:
            tallies.append(tally_source(source))
    return learn_profile(tallies, settings=settings, recent=recent_lines(root), owners=owners_in(root))


def learn_commit(root: Path, commit: str, settings: Settings) -> Profile:
    """Return the profile of *root* at *commit*, from git's objects: the change under judgement has no say in it."""
    tallies = [tally_source(source) for source in commit_sources(root, commit)]
    owners = owners_of(lambda name: git_output(root, "show", f"{commit}:./{name}"))
    return learn_profile(tallies, settings=settings, recent=recent_lines(root, commit), owners=owners)


def commit_sources(root: Path, commit: str) -> Iterator[Source]:
    """Yield the sources of *root* at *commit*, in order of path."""
    archive = git_output(root, "archive", "--format=tar", commit)
    if archive is None:
        raise InputError(f"git has no commit {commit!r} here.")
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        for member in sorted(files.getmembers(), key=lambda member: member.name):
            content = files.extractfile(member) if member.isreg() else None
            source = read_source(member.name, content.read()) if content is not None else None
            if source is not None:
                yield source


def read_source(path: str, data: bytes) -> Source | None:
    """Return the parsed file, or None when it is none that conventions are asked of."""
    language = language_of(path)
    if language is None or content_reason(data):
        return None
    try:
        return parse_source(path, data, language)
    except UndecodableError:
        return None


def find_change(root: Path, base: str) -> Change:
    """
    Return what the work tree changed since its merge base with *base*.

    Raises `InputError` when git knows no such commit, or a shallow clone hides the merge base: a difference that
    cannot be computed is never an empty one.
    """
    found = git_output(root, "merge-base", "HEAD", base)
    if found is None:
        shallow = (git_output(root, "rev-parse", "--is-shallow-repository") or b"").strip() == b"true"
        way_out = (
            "This clone is shallow: fetch more of it, with fetch-depth: 0 in CI." if shallow else "Fetch it first."
        )
        raise InputError(f"No common commit with {base!r}. {way_out}")
    commit = found.decode().strip()
    names = git_output(root, "diff", "--no-ext-diff", "--no-textconv", "-M", "--name-status", "-z", commit) or b""
    before = renames(names.decode("utf-8", "replace").split("\0"))
    diff = git_output(root, "diff", "--no-ext-diff", "--no-textconv", "-M", "-U0", "--no-color", commit) or b""
    added = added_lines(diff)
    untracked = git_output(root, "ls-files", "-z", "--others", "--exclude-standard") or b""
    for name in filter(None, untracked.decode("utf-8", "replace").split("\0")):
        if language_of(name) is not None and (root / name).is_file():
            added[name] = frozenset(range(1, (root / name).read_bytes().count(b"\n") + 2))
    return Change(commit, added, before)


def renames(fields: Sequence[str]) -> dict[str, str]:
    """Return the earlier path of each renamed file, from git's NUL-separated name and status list."""
    found: dict[str, str] = {}
    waiting = iter(fields)
    for status in waiting:
        if status[:1] in ("R", "C"):
            old, new = next(waiting, ""), next(waiting, "")
            found[new] = old
        else:
            next(waiting, "")
    return found


def check_tree(root: Path, profile: Profile, *, paths: Sequence[str] = (), exclude: Sequence[str] = ()) -> Report:
    """Return the findings of every file under *root*, or of those under *paths*."""
    repository = open_repository(root, suffixes=known_suffixes(), exclude=exclude)
    chosen = [path for path in repository.paths if not paths or any(lies_in(path, part) for part in paths)]
    judged: list[Judgement] = []
    for path in chosen:
        data = repository.read(path)
        source = read_source(path, data) if isinstance(data, bytes) else None
        if source is not None:
            judged.append(judge_source(source, profile))
    return gather(profile, judged, [finding for judgement in judged for finding in judgement.findings])


def check_change(root: Path, profile: Profile, change: Change, mode: str, paths: Sequence[str] = ()) -> Report:
    """Return the findings of the changed files: on added lines, those that the base had not, or all of them."""
    earlier = {source.path: source for source in commit_sources(root, change.base)} if mode == "new" else {}
    judged: list[Judgement] = []
    findings: list[Finding] = []
    for path, added in sorted(change.added.items()):
        if paths and not any(lies_in(path, part) for part in paths):
            continue
        file = root / path
        source = read_source(path, file.read_bytes()) if file.is_file() and not file.is_symlink() else None
        if source is None:
            continue
        judgement = judge_source(source, profile)
        judged.append(judgement)
        if mode == "lines":
            findings.extend(finding for finding in judgement.findings if finding.line in added)
        elif mode == "new":
            old = earlier.get(change.before.get(path, path))
            findings.extend(beyond(judgement.findings, source, old, profile))
        else:
            findings.extend(judgement.findings)
    return gather(profile, judged, findings)


def beyond(findings: Sequence[Finding], source: Source, old: Source | None, profile: Profile) -> list[Finding]:
    """Return the findings that the earlier file had not, matched by rule and line text, whatever moved."""
    known: Counter[tuple[str, str]] = Counter()
    if old is not None:
        known.update((f.entry.id, line_text(old, f.line)) for f in judge_source(old, profile).findings)
    fresh: list[Finding] = []
    for finding in findings:
        key = (finding.entry.id, line_text(source, finding.line))
        if known[key] > 0:
            known[key] -= 1
        else:
            fresh.append(finding)
    return fresh


def gather(profile: Profile, judged: Sequence[Judgement], findings: Sequence[Finding]) -> Report:
    """Return the report of *judged* files with *findings* in order."""
    return Report(
        profile=profile,
        findings=tuple(sorted(findings, key=lambda f: (f.path, f.line, f.column, f.entry.id))),
        opportunities=sum(judgement.opportunities for judgement in judged),
        governed=sum(judgement.governed for judgement in judged),
        files=len(judged),
    )


def line_text(source: Source, line: int) -> str:
    """Return the text of one line with its blanks evened out."""
    return " ".join(source.slice(source.lines_span(line, line)).split())


def lies_in(path: str, part: str) -> bool:
    """Claim that *path* is *part* or lies under it."""
    part = part.rstrip("/")
    return part in ("", ".") or path == part or path.startswith(f"{part}/")


def known_suffixes() -> list[str]:
    """Return the endings of every language that is known."""
    return sorted({extension for language in builtin_languages() for extension in language.extensions})
