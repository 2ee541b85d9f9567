"""
The ladder from a repository to a corpus. In: folders. Out: a `Corpus`.

One file is mined by `mine_file`, many by `mine_files`. Here repositories are opened, what must not be kept is sorted
out, and all that was found goes to `assemble`. The order of everything is that of paths and places, never that of
completion.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from .api import outermost_modules
from .artefacts import check_place, sha256_json
from .assemble import assemble, short_name
from .attributes import mark_reason
from .cache import open_store
from .cluster import open_cluster
from .commit import past_id
from .corpus import MARKER, SCHEMA, Corpus, read_corpus, write_corpus
from .edits import HISTORY, mine_history
from .errors import IdiolectError, InputError
from .filters.licence import may_stay
from .garbage import pause_collection
from .history import bare_scripts
from .languages import known_languages
from .mine_files import Job, key_of, read_and_mine
from .own import read_own_pairs
from .owners import owners_in
from .pairs.kind import collect_kinds
from .pairs.pair import Pair
from .patterns import matcher_of
from .repository import Repository, open_code
from .settings import Settings, read_together
from .workers import Progress, silent
from .yields import UNTOLD, Drop, FileYield, HistoryYield, Mined, hash_of


def refuse_twice(repositories: Sequence[Path]) -> None:
    """Raise `InputError` where the files of one of *repositories* are those of another, too: it would count twice."""
    places = {one: Path(os.path.realpath(one)) for one in repositories}
    if len(set(places.values())) < len(repositories):
        raise InputError("One repository is named twice. Name each once.")
    for inner, place in places.items():
        outer = next((one for one, above in places.items() if above in place.parents), None)
        # a submodule is none of its repository's files
        if outer is not None and not (place / ".git").exists():
            raise InputError(f"{str(inner)!r} lies in {str(outer)!r}, which is mined as well. Name one of them.")


@pause_collection()
def mine_repositories(
    repositories: Sequence[Path],
    out: Path,
    *,
    kinds: Sequence[str] | None = None,
    workers: int | None = None,
    progress: Progress = silent,
    api_from: Sequence[Path] = (),
    history: int = HISTORY,
    cluster: str = "",
) -> Corpus:
    """
    Mine *repositories* into one corpus at *out*.

    The repositories of *api_from* only offer their API; *history* is how many commits are looked at for changes.
    Raises `InputError` for a path that is no repository with code, or where *out* holds something else, `MachineError`
    where it cannot be written, and `TooSmallError` when nothing can be mined.
    """
    known = known_languages()
    if unknown := sorted(set(kinds or ()) - set(collect_kinds())):
        raise InputError(f"No pair kind {unknown[0]!r}. Known: {', '.join(collect_kinds())}.")
    refuse_twice(repositories)
    settings = read_together(repositories)
    own_pairs = [pair for root, own in zip(repositories, settings, strict=True) for pair in read_own_pairs(root, own)]
    opened = [open_code(root, known, own.exclude, own.marks) for root, own in zip(repositories, settings, strict=True)]
    offering = [open_code(root, known) for root in api_from]
    both = (*opened, *offering)
    house = frozenset[str]().union(*(outermost_modules(short_name(r.name), r.paths) for r in both))
    house |= {package.rpartition("/")[2] for repository in both for package in repository.packages}
    mined: list[Mined] = []
    job = Job(known, kinds, house, workers or os.cpu_count() or 1, progress)
    asked = [sha256_json(pair.as_row()) for pair in own_pairs] + [one.sha256 for one in settings]
    key = hash_of(job.asked, str(history), *asked, *map(state_of, opened), "api", *map(state_of, offering)).encode()
    if (unchanged := mined_before(key, out)) is not None:
        return unchanged
    check_place(out, MARKER, SCHEMA)
    with open_cluster(cluster) as opened_cluster:
        job = replace(job, cluster=opened_cluster)
        # of all repositories at once: workers are slow to start
        given = read_and_mine(opened, job)
        for repository, own, found in zip(opened, settings, given, strict=True):
            # what would run code is never taken from the mined tree; the record, and so the summary, says it was there
            drops = [Drop(f"[{table}]", "", "settings", "setting_that_runs_code") for table in own.ignored]
            files = keep_files(repository, own, found, drops)
            past = keep_changes(repository, own, read_history(repository, history, job), drops)
            mined.append(Mined(repository, files, past, tuple(drops)))
        for repository, found in zip(offering, read_and_mine(offering, replace(job, kinds=())), strict=True):
            mined.append(Mined(repository, tuple(f for f in found if isinstance(f, FileYield)), only_api=True))
    corpus = write_corpus(out, assemble(mined, settings, progress, own_pairs))
    is_whole = all(UNTOLD not in one.history.about for one in mined)
    if is_whole:
        with open_store() as store:
            store.put(key, corpus.sha256.encode())
    return corpus


def state_of(repository: Repository) -> str:
    """Return all of a repository that a corpus depends on: its commit, or tree, stands for the bytes of its files."""
    owners = owners_in(repository.root, repository.listed)
    about = (repository.name, repository.commit, repository.licence, repository.has_history, *repository.skips)
    return repr((*about, repository.paths, past_id(repository.root) if repository.has_history else "", owners))


def mined_before(key: bytes, out: Path) -> Corpus | None:
    """Return the corpus at *out* when it is, byte for byte, what mining under *key* gave; else None."""
    if not (out / MARKER).is_file():
        return None
    with open_store() as store:
        given = store.get(key)
    try:
        corpus = read_corpus(out) if given else None
    except IdiolectError:
        return None
    return corpus if corpus is not None and given == corpus.sha256.encode() else None


def keep_files(
    repository: Repository, own: Settings, found: Sequence[FileYield | Drop], drops: list[Drop]
) -> tuple[FileYield, ...]:
    """Return what is kept of what was *found* in *repository*; what cannot be mined or kept goes to *drops*."""
    drops.extend(Drop(skip.path, "", "file", skip.reason) for skip in repository.skips)
    files: list[FileYield] = []
    for result in found:
        if isinstance(result, Drop):
            drops.append(result)
        elif not may_stay(result.licence, repository.licence, own.licences):
            drops.append(Drop(result.path, "", "file", "licence"))
        else:
            drops.extend(result.drops)
            files.append(result)
    return tuple(files)


def keep_changes(repository: Repository, own: Settings, found: HistoryYield, drops: list[Drop]) -> HistoryYield:
    """Return *found* without the pairs of files that would not be mined as they stand; these go to *drops*."""
    excluded = matcher_of(own.exclude)
    kept: list[Pair] = []
    for pair in found.pairs:
        fits = may_stay(pair.licence, repository.licence, own.licences)
        reason = "excluded" if excluded(pair.path) else mark_reason(own.marks, pair.path) or ("" if fits else "licence")
        if reason:
            drops.append(Drop(pair.path, pair.symbol, pair.kind, reason))
        else:
            kept.append(pair)
    return replace(found, pairs=tuple(kept))


def read_history(repository: Repository, count: int, job: Job) -> HistoryYield:
    """Return what the history of *repository* gives: from the cache, or from git."""
    past = past_id(repository.root) if repository.has_history and count else ""
    if not past:
        return mine_history(repository, count, job.languages, job.kinds)
    about = repr((count, past, repository.licence, bare_scripts(repository)))
    key = key_of(job.asked, repository.name, f"history {about}".encode())
    with open_store() as store:
        if value := store.get(key):
            return pickle.loads(value)  # noqa: S301 - our own
        job.progress("history", 0, 1)
        found = mine_history(repository, count, job.languages, job.kinds)
        job.progress("history", 1, 1)
        # what git could not tell now it may tell the next time
        if UNTOLD not in found.about:
            store.put(key, pickle.dumps(found, 5))
        return found
