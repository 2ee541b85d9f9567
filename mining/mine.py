"""
The ladder from a repository to a corpus. In: folders. Out: a `Corpus`.

`mine_source` is pure: one parsed file in, what it teaches out. `mine_data` adds decoding, redaction and the reasons why
a file cannot be mined. `mine_repositories` walks, spreads the files over workers, and hands all that was found to
`assemble`. The order of everything is that of paths and places, never that of completion.
"""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from .api import file_symbols, outermost_modules
from .artefacts import check_place, sha256_json
from .assemble import assemble, short_name
from .cache import Store, open_store, version_of_mining
from .cluster import Cluster, map_on, open_cluster
from .conventions.tally import tally_source
from .corpus import MARKER, SCHEMA, Corpus, read_corpus, write_corpus
from .definitions import Definition, collect_definitions, withheld_names
from .edits import HISTORY, mine_history
from .errors import IdiolectError, InputError, MissingExtraError, naming
from .filters.duplicates import fingerprint_all
from .filters.licence import file_licence, may_stay
from .filters.personal import mask_personal
from .filters.quality import broken_definition, gives_cause, object_to
from .filters.secrets import redact_secrets
from .garbage import pause_collection
from .history import bare_scripts
from .languages import Language, known_languages, language_of
from .own import read_own_pairs
from .owners import owners_in
from .packages import module_of
from .pairs.kind import Draft, MinedFile, collect_kinds
from .pairs.pair import Pair
from .repository import Repository, matcher_of, open_code, past_id
from .roles import is_test_path
from .settings import Settings, read_together
from .skeleton import render_skeleton
from .source import Source, UndecodableError, parse_source
from .split import Unit
from .workers import Progress, map_files
from .yields import NO_GRAMMAR, UNTOLD, Drop, FileYield, HistoryYield, Mined, hash_of, make_pair

PLAIN_KINDS = ("implement", "infill")
"""What a file teaches that is nobody's house."""


def mine_source(
    source: Source,
    kinds: Sequence[str] | None = None,
    house: frozenset[str] = frozenset(),
    packages: Set[str] = frozenset(),
    *,
    alone: bool = False,
) -> FileYield:
    """
    Return what one parsed file teaches. Pure: the same source gives the same yield.

    *house* are the first names of the modules that the repositories offer, *packages* where its own stand.
    A file that stands *alone* is not compared with others: neither its habits nor its fingerprints are taken.
    """
    tally = None if alone else tally_source(source, packages)
    if is_test_path(source.path):
        # tests teach conventions alone: they offer nothing, no pair is made of them, no split has to compare them
        return FileYield(source.path, source.language.name, tally, licence=file_licence(source.text))
    definitions = collect_definitions(source)
    skeleton = render_skeleton(source, definitions)
    drafts, drops = draft_pairs(MinedFile(source, definitions, skeleton, tally, house), kinds)
    return FileYield(
        source.path,
        source.language.name,
        tally,
        utf8=source.utf8,
        skeleton=skeleton,
        drafts=tuple(drafts),
        units=() if alone else mark_units(source, definitions),
        symbols=file_symbols(source, definitions, tally.facts if tally is not None else None),
        withheld=withheld_names(source),
        drops=tuple(drops),
        licence=file_licence(source.text),
    )


def mark_units(source: Source, definitions: Sequence[Definition]) -> tuple[Unit, ...]:
    """Return what files are compared by: the fingerprint of every definition but classes."""
    parts = [definition for definition in definitions if definition.kind != "class"]
    marks = fingerprint_all([source.slice(definition.code or definition.body) for definition in parts])
    return tuple(Unit(source.path, part.symbol, mark) for part, mark in zip(parts, marks, strict=True))


def draft_pairs(mined: MinedFile, kinds: Sequence[str] | None) -> tuple[list[Draft], list[Drop]]:
    """Return what every kind makes of a file, sorted into kept and dropped."""
    source = mined.source
    drafts: list[Draft] = []
    drops: list[Drop] = []
    doubtful = source.language.name == "python" and gives_cause(source)
    # of a property and its setter, or of overloads, one name stands for all
    broken = {part.symbol for part in mined.definitions if broken_definition(source, part)} if doubtful else set[str]()
    for name, kind in collect_kinds().items():
        if kinds is not None and name not in kinds:
            continue
        for draft in kind.draft(mined):
            if draft.kind != name:
                raise InputError(f"The kind {name!r} makes drafts of the kind {draft.kind!r}: they must be its own.")
            reason = object_to(draft) or ("syntax" if draft.symbol in broken else "")
            if reason:
                drops.append(Drop(source.path, draft.symbol, name, reason))
            else:
                drafts.append(draft)
    return drafts, drops


def pairs_of_source(source: Source, kinds: Sequence[str] = PLAIN_KINDS) -> Iterator[Pair]:
    """Yield the plain pairs of one source by itself: not split, not clustered, without an origin."""
    mined = mine_source(source, kinds, alone=True)
    for draft in mined.drafts:
        yield make_pair(mined, draft, repository="", commit="", licence="")


def mine_data(
    path: str,
    data: bytes,
    languages: Sequence[Language],
    kinds: Sequence[str] | None,
    house: frozenset[str] = frozenset(),
    packages: Set[str] = frozenset(),
) -> FileYield | Drop:
    """Return what the bytes of one file teach, or why they cannot be mined."""
    language = language_of(path, languages, data)
    if language is None:
        return Drop(path, "", "file", "unknown_language")
    try:
        source = parse_source(path, data, language)
    except UndecodableError as error:
        return Drop(path, "", "file", error.reason)
    except MissingExtraError:
        return Drop(path, "", "file", f"{NO_GRAMMAR}{language.name}")
    cleaned = clean_source(source)
    try:
        mined = mine_source(cleaned.source, kinds, house, packages)
    except RecursionError:
        return Drop(path, "", "file", "too_deep")
    if not mined.drafts and cleaned.source.tree.root_node.has_error:
        mined = replace(mined, drops=(*mined.drops, Drop(path, "", "file", "syntax")))
    mined = without_places(mined, cleaned.source.text, cleaned.secrets, "secret")
    return without_places(mined, cleaned.source.text, cleaned.personal, "personal_data")


class Cleaned(NamedTuple):
    """
    A source without secrets and personal data, and where they stood.
    """

    source: Source
    secrets: list[tuple[int, int]]
    personal: list[tuple[int, int]]


def clean_source(source: Source) -> Cleaned:
    """Return *source* with its secrets redacted and its personal data masked, as a corpus keeps it."""
    redacted, secrets = redact_secrets(source.text)
    masked, personal = mask_personal(redacted)
    if secrets or personal:
        source = parse_source(source.path, masked.encode(source.encoding), source.language)
    return Cleaned(source, [(s.start, s.end) for s in secrets], [(p.start, p.end) for p in personal])


def without_places(mined: FileYield, text: str, places: Sequence[tuple[int, int]], reason: str) -> FileYield:
    """Return *mined* without the drafts whose answer was redacted at one of *places*: it would teach nonsense."""
    if not places:
        return mined
    lines = {text.count("\n", 0, place) + 1 for start, end in places for place in (start, end - 1)}
    kept = tuple(d for d in mined.drafts if not any(d.start_line <= line <= d.end_line for line in lines))
    gone = tuple(Drop(mined.path, d.symbol, d.kind, reason) for d in mined.drafts if d not in kept)
    redacted = Drop(mined.path, "", "file", f"{reason}_redacted")
    return replace(mined, drafts=kept, drops=(*mined.drops, *gone, redacted))


@pause_collection()
def mine_repositories(
    repositories: Sequence[Path],
    out: Path,
    *,
    kinds: Sequence[str] | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
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
    settings = read_together(repositories)
    own_pairs = [pair for root, own in zip(repositories, settings, strict=True) for pair in read_own_pairs(root, own)]
    opened = [open_code(root, known, own.exclude) for root, own in zip(repositories, settings, strict=True)]
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
    if is_whole and (store := open_store()) is not None:
        store.put(key, corpus.sha256.encode())
        store.close()
    return corpus


def state_of(repository: Repository) -> str:
    """Return all of a repository that a corpus depends on: its commit, or tree, stands for the bytes of its files."""
    owners = owners_in(repository.root, repository.listed)
    about = (repository.name, repository.commit, repository.licence, repository.has_history, *repository.skips)
    return repr((*about, repository.paths, past_id(repository.root) if repository.has_history else "", owners))


def mined_before(key: bytes, out: Path) -> Corpus | None:
    """Return the corpus at *out* when it is, byte for byte, what mining under *key* gave; else None."""
    store = open_store() if (out / MARKER).is_file() else None
    if store is None:
        return None
    given = store.get(key)
    store.close()
    try:
        corpus = read_corpus(out) if given else None
    except IdiolectError:
        return None
    return corpus if corpus is not None and given == corpus.sha256.encode() else None


@dataclass(frozen=True, slots=True)
class Job:
    """
    What is asked of every file, and who asks it.
    """

    languages: Sequence[Language]
    kinds: Sequence[str] | None
    house: frozenset[str]
    """The first names of the modules that the repositories offer."""
    workers: int
    progress: Progress | None = None
    cluster: Cluster | None = None
    """None for processes of this machine."""

    @property
    def asked(self) -> str:
        """The hash of what is asked, and of the code that asks."""
        kinds = ",".join(("all",) if self.kinds is None else self.kinds)
        return hash_of(version_of_mining(), kinds, *sorted(self.house), "", *(repr(one) for one in self.languages))


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
        reason = "excluded" if excluded(pair.path) else "" if fits else "licence"
        if reason:
            drops.append(Drop(pair.path, pair.symbol, pair.kind, reason))
        else:
            kept.append(pair)
    return replace(found, pairs=tuple(kept))


def read_history(repository: Repository, count: int, job: Job) -> HistoryYield:
    """Return what the history of *repository* gives: from the cache, or from git."""
    past = past_id(repository.root) if repository.has_history and count else ""
    store = open_store() if past else None
    about = repr((count, past, repository.licence, bare_scripts(repository)))
    key = key_of(job.asked, repository.name, f"history {about}".encode())
    value = store.get(key) if store is not None else None
    try:
        if value:
            return pickle.loads(value)  # noqa: S301 - our own
        if job.progress and past:
            job.progress("history", 0, 1)
        found = mine_history(repository, count, job.languages, job.kinds)
        if job.progress and past:
            job.progress("history", 1, 1)
        # what git could not tell now it may tell the next time
        if store is not None and UNTOLD not in found.about:
            store.put(key, pickle.dumps(found, 5))
        return found
    finally:
        if store is not None:
            store.close()


def read_and_mine(repositories: Sequence[Repository], job: Job) -> list[list[FileYield | Drop]]:
    """Return what every file of each repository gives, in order of path: from the cache, or from worker processes."""
    # a worker needs where the files are, not the list of them
    places = tuple(replace(repository, paths=(), skips=(), listed=()) for repository in repositories)
    work = partial(mine_packed, places, tuple(job.languages), job.kinds, job.house, job.asked)
    files = [(number, path) for number, repository in enumerate(repositories) for path in repository.paths]
    store = open_store()
    try:
        kept = {} if store is None else take_kept(store, places, job.asked, files)
        sizes = [(f"{n}/{path}", size_of(places[n].root / path)) for n, path in files if (n, path) not in kept]
        spread = map_files if job.cluster is None else partial(map_on, job.cluster)
        fresh = spread(work, sizes, workers=job.workers, lost=lose_file, progress=job.progress)
        given: list[list[FileYield | Drop]] = [[] for _ in repositories]
        for file in files:
            packed = Packed(b"", kept.pop(file)) if file in kept else next(fresh)
            if store is not None and packed.key:
                store.put(packed.key, packed.value)
            given[file[0]].append(pickle.loads(packed.value))  # noqa: S301 - our own
        # lets the workers end: left to the collector they would be killed, and Ctrl-C meanwhile be lost
        next(fresh, None)
    finally:
        if store is not None:
            store.close()
    return given


def take_kept(
    store: Store, repositories: Sequence[Repository], asked: str, files: Sequence[tuple[int, str]]
) -> dict[tuple[int, str], bytes]:
    """Return what the cache has of *files*, named by their repository's number and their path, as they are now."""
    kept: dict[tuple[int, str], bytes] = {}
    for number, path in files:
        data = repositories[number].read(path)
        asked_here = asked_of(asked, path, repositories[number])
        if isinstance(data, bytes) and (value := store.get(key_of(asked_here, path, data))) is not None:
            kept[number, path] = value
    return kept


class Packed(NamedTuple):
    """
    What one file gives, as it travels and is kept.
    """

    key: bytes
    """What it is kept under; empty for what must not be kept."""
    value: bytes


def mine_packed(
    repositories: Sequence[Repository],
    languages: Sequence[Language],
    kinds: Sequence[str] | None,
    house: frozenset[str],
    asked: str,
    file: str,
) -> Packed:
    """Mine one file, named by its repository's number and its path, and pack it under the hash of what was read."""
    number, _, path = file.partition("/")
    repository = repositories[int(number)]
    data = repository.read(path)
    if not isinstance(data, bytes):
        return Packed(b"", pickle.dumps(Drop(data.path, "", "file", data.reason), 5))
    with naming(path):
        mined = mine_data(path, data, languages, kinds, house, repository.packages)
    # a grammar may be installed before the next run
    lasting = not (isinstance(mined, Drop) and mined.reason.startswith(NO_GRAMMAR))
    key = key_of(asked_of(asked, path, repository), path, data) if lasting else b""
    return Packed(key, pickle.dumps(mined, 5))


def asked_of(asked: str, path: str, repository: Repository) -> str:
    """Return the hash of what is *asked*, with what the module at *path* is called: files around it decide that."""
    return f"{asked} {module_of(path, repository.packages)}"


def lose_file(file: str) -> Packed:
    """Return what is recorded of a file, named as for `mine_packed`, whose worker died."""
    path = file.partition("/")[2]
    return Packed(b"", pickle.dumps(Drop(path, "", "file", "crashed_or_too_slow"), 5))


def key_of(asked: str, path: str, data: bytes) -> bytes:
    """Return what a file is kept under: its bytes, its path, and what was asked of it."""
    digest = hashlib.blake2b(f"{asked}\0{path}\0".encode("utf-8", "surrogateescape"), digest_size=16)
    digest.update(data)
    return digest.digest()


def size_of(file: Path) -> int:
    """Return the size of a file; 0 when it is gone, which its reading will tell."""
    try:
        return file.lstat().st_size
    except OSError:
        return 0
