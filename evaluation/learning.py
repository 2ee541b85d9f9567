"""
The profile that a check holds code to. In: a work tree or a commit, and settings. Out: a `Profile`.

What files answer is kept (`tallies`), so that only those are asked that changed. A commit's profile is learned once and
kept in the cache under the hash of all that decides it: the tree's id, the recent history, the settings, our own code,
and what is installed beside it. It is kept as JSON, so that a foreign file in the cache can at worst be no profile.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from pathlib import Path

from ..mining.attributes import mark_reason
from ..mining.cache import cache_folder, digest_of_code, keep
from ..mining.conventions.tally import FileTally, tally_source
from ..mining.errors import MissingExtraError, naming
from ..mining.git import git_output
from ..mining.languages import PACKAGE, Language, builtin_languages, endings_of, is_bare, known_languages, language_of
from ..mining.learn import learn_profile
from ..mining.owners import Owners, may_set_up, owners_in, owners_of
from ..mining.packages import outermost_packages
from ..mining.patterns import matcher_of
from ..mining.plugins import plugins_sha256
from ..mining.profile import Profile
from ..mining.recency import COMMITS, known_recent_lines, recent_lines
from ..mining.repository import Files, list_code
from ..mining.settings import Settings
from ..mining.skips import content_reason, name_reason
from ..mining.source import Source, UndecodableError, parse_source
from ..mining.workers import Progress, silent
from .accepted import Acceptance
from .baseline import NOTHING, Baseline, write_baseline
from .diff import Snapshot
from .tallies import File, tally_files

CLAIMS = frozenset({"generated", "minified", "vendored"})
"""Reasons to leave a file alone that a change may bring about by a word or a line."""


# no slots: the files are listed once, beside the fields
@dataclass(frozen=True)
class WorkTree:
    """
    The code under a root as it is now, without what the settings leave out.
    """

    root: Path
    settings: Settings
    above: Owners = field(default_factory=dict[str, tuple[str, ...]])
    """The formatters that what holds the root sets up for it."""

    @cached_property
    def files(self) -> Files:
        """The files; listed when they are first asked for."""
        return list_code(self.root, known_languages(), self.settings.exclude, self.settings.marks)


def learn_tree(tree: WorkTree, baseline: Baseline = NOTHING, progress: Progress = silent) -> Profile:
    """Return the profile of a work tree; what *baseline* accepts weakens no rule."""
    files, settings = tree.files, tree.settings
    acceptance = Acceptance(baseline, files.paths)
    tallies = tally_all(tree_files(files), len(files.paths), files.packages, acceptance, progress)
    return learn_profile(
        tallies,
        settings=settings,
        recent=recent_lines(files.root),
        owners={**owners_in(files.root, files.listed), **tree.above},
        packages=files.packages,
        accepted=acceptance.by_path,
    )


def learn_commit(snapshot: Snapshot, settings: Settings, baseline: Baseline, progress: Progress) -> Profile:
    """
    Return the profile of a commit, from git's objects: the change under judgement has no say in it.

    What *baseline*, that of the commit, accepts weakens no rule.
    """
    kept = kept_profile(snapshot, settings, baseline)
    with suppress(OSError, ValueError, KeyError, TypeError):
        if kept is not None:
            return Profile.from_json(json.loads(kept.read_bytes()))
    packages = outermost_packages(snapshot.blobs)
    paths = [path for path in governed_paths(snapshot.blobs, settings) if path.isprintable()]
    acceptance = Acceptance(baseline, paths)
    tallies = tally_all(snapshot.read(paths), len(paths), packages, acceptance, progress)
    recent: Mapping[str, frozenset[int]] | None = {}
    if snapshot.commit:
        recent = known_recent_lines(snapshot.root, snapshot.commit)
    owners = owners_of(snapshot.read(filter(may_set_up, snapshot.blobs)))
    profile = learn_profile(
        tallies, settings=settings, recent=recent or {}, owners=owners, packages=packages, accepted=acceptance.by_path
    )
    # what git cannot tell now it may tell later
    if kept is not None and recent is not None:
        keep(kept, json.dumps(profile.as_json()).encode())
    return profile


def tally_all(
    files: Iterable[tuple[str, bytes]], total: int, packages: Set[str], acceptance: Acceptance, progress: Progress
) -> list[FileTally]:
    """Return the answers of every file that conventions are asked of, of *total*; *acceptance* takes note of each."""
    tallies: list[FileTally] = []
    ask = partial(tally_data, packages=packages)
    asked = tally_files(asked_files(files, acceptance), what_decides(packages), ask)
    for done, tally in enumerate(asked):
        progress("learning", done, total)
        if tally is not None:
            tallies.append(tally)
    progress("learning", total, total)
    return tallies


def what_decides(packages: Set[str]) -> bytes:
    """Return what decides a tally beside the file: what asks, and the outermost *packages* of the repository."""
    return version_of_detectors() + repr(sorted(packages)).encode()


def asked_files(files: Iterable[tuple[str, bytes]], acceptance: Acceptance) -> Iterator[File]:
    """Yield those of *files* that a grammar reads; *acceptance* takes note of each that it may accept something in."""
    for path, data in files:
        language = language_of(path, data=data)
        if language is None or not has_grammar(language):
            continue
        if acceptance.may_accept(path, data):
            with naming(path):
                if (source := read_source(path, data)) is not None:
                    acceptance.note(source)
        yield File(path, data, language)


def tally_data(path: str, data: bytes, packages: Set[str]) -> FileTally | None:
    """Return the answers of the file at *path*, or None where conventions are not asked of it."""
    source = read_source(path, data)
    return None if source is None else tally_source(source, packages)


def tree_files(files: Files) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a work tree that can be read."""
    for path in files.paths:
        data = files.read(path)
        if isinstance(data, bytes):
            yield path, data


def governed_paths(paths: Iterable[str], settings: Settings) -> list[str]:
    """Return those of *paths* that the profile is learned from: of known languages, and ours."""
    excluded = left_out_by(settings)
    suffixes = known_suffixes()
    # whether a name without an ending is that of a script, only its first line tells
    asked = (path for path in sorted(paths) if path.endswith(suffixes) or is_bare(path))
    return [path for path in asked if is_ours(path, excluded)]


def left_out_by(settings: Settings) -> Callable[[str], bool]:
    """Return what claims that *settings* exclude a path, or that attributes mark it as generated or vendored."""
    excluded = matcher_of(settings.exclude)
    return lambda path: excluded(path) or bool(mark_reason(settings.marks, path))


def is_ours(path: str, excluded: Callable[[str], bool]) -> bool:
    """Claim that *path* is neither excluded nor left out for what it is called, such as vendored."""
    return not name_reason(path) and not excluded(path)


def read_source(path: str, data: bytes | None, *, was_asked: bool = False) -> Source | None:
    """
    Return the parsed file, or None when it is none that conventions are asked of.

    What *was_asked* before is not left alone for what it now says of itself.
    """
    language = language_of(path, data=data or b"")
    if data is None or language is None or not has_grammar(language):
        return None
    reason = content_reason(data, path)
    if reason and not (was_asked and reason in CLAIMS):
        return None
    try:
        return parse_source(path, data, language)
    except UndecodableError:
        return None


def why_left_alone(path: str, data: bytes | None) -> str:
    """Return why a file that can be read is no code to ask, or nothing: an empty one holds none."""
    language = language_of(path, data=data or b"")
    if data is None or not data.strip() or language is None or not has_grammar(language):
        return ""
    if not path.isprintable():
        return "unprintable_name"
    if reason := content_reason(data, path):
        return reason
    try:
        parse_source(path, data, language)
    except UndecodableError as error:
        return error.reason
    return "undecodable"  # by what stands further down than *data* may reach


@cache
def has_grammar(language: Language) -> bool:
    """Claim that the language's grammar is installed; each is optional but Python's."""
    try:
        return bool(language.grammar)
    except MissingExtraError:
        return False


def is_readable(path: str) -> bool:
    """Claim that the file at *path* can be read here; of one without an ending, its first line tells by what."""
    language = language_of(path)
    return is_bare(path) if language is None else has_grammar(language)


def known_suffixes() -> tuple[str, ...]:
    """Return the endings of every language that is known."""
    return endings_of(known_languages())


def kept_profile(snapshot: Snapshot, settings: Settings, baseline: Baseline) -> Path | None:
    """Return where the profile of *snapshot* is kept, or None when nothing is."""
    folder = cache_folder("profiles")
    if folder is None or not snapshot.commit:
        return None
    tree = git_output(snapshot.root, "rev-parse", f"{snapshot.commit}^{{tree}}") or b""
    ask_earlier = ("rev-parse", "--verify", "--quiet", f"{snapshot.commit}~{COMMITS}^{{tree}}")
    earlier = git_output(snapshot.root, *ask_earlier) or b""
    own = "".join(language.sha256 for language in known_languages())
    past = write_baseline(baseline).encode()
    decides = [tree, earlier, settings.sha256.encode(), version_of_detectors(), own.encode(), past]
    return folder / f"{hashlib.blake2b(b'|'.join(decides), digest_size=16).hexdigest()}.json"


@cache
def version_of_detectors() -> bytes:
    """Return the hash of what asks and learns: our own code, what is plugged in, the parser and its grammars."""
    digest = hashlib.blake2b(digest_of_code() + plugins_sha256().encode(), digest_size=16)
    grammars = {language.origin.removeprefix(PACKAGE) for language in builtin_languages()}
    for package in ("tree-sitter", *sorted(grammars)):
        # one that is installed later brings files that nothing was learned from before
        with suppress(importlib.metadata.PackageNotFoundError):
            digest.update(f"{package} {importlib.metadata.version(package)}\n".encode())
    return digest.digest()
