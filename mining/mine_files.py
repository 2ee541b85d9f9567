"""
What many files teach. In: repositories and what is asked of them. Out: every file's yield, in order of path.

What the cache has is taken from it; the rest is spread over worker processes, and comes back packed.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from .cache import Store, open_store, version_of_mining
from .cluster import Cluster, map_on
from .errors import naming
from .languages import Language
from .mine_file import mine_data
from .packages import module_of
from .repository import Repository
from .workers import Progress, map_files, silent
from .yields import NO_GRAMMAR, Drop, FileYield, hash_of


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
    progress: Progress = silent
    cluster: Cluster | None = None
    """None for processes of this machine."""

    @property
    def asked(self) -> str:
        """The hash of what is asked, and of the code that asks."""
        kinds = ",".join(("all",) if self.kinds is None else self.kinds)
        return hash_of(version_of_mining(), kinds, *sorted(self.house), "", *(repr(one) for one in self.languages))


def read_and_mine(repositories: Sequence[Repository], job: Job) -> list[list[FileYield | Drop]]:
    """Return what every file of each repository gives, in order of path: from the cache, or from worker processes."""
    # a worker needs where the files are, not the list of them
    places = tuple(replace(repository, paths=(), skips=(), listed=()) for repository in repositories)
    work = partial(mine_packed, places, tuple(job.languages), job.kinds, job.house, job.asked)
    files = [(number, path) for number, repository in enumerate(repositories) for path in repository.paths]
    with open_store() as store:
        # to look for a file in the cache takes its bytes, so where nothing is kept none is read for that
        kept = {} if store.is_empty() else take_kept(store, places, job.asked, files)
        sizes = [(f"{n}/{path}", size_of(places[n].root / path)) for n, path in files if (n, path) not in kept]
        spread = map_files if job.cluster is None else partial(map_on, job.cluster)
        fresh = spread(work, sizes, workers=job.workers, lost=lose_file, progress=job.progress)
        given: list[list[FileYield | Drop]] = [[] for _ in repositories]
        for file in files:
            packed = Packed(b"", kept.pop(file)) if file in kept else next(fresh)
            if packed.key:
                store.put(packed.key, packed.value)
            given[file[0]].append(pickle.loads(packed.value))  # noqa: S301 - our own
        # lets the workers end: left to the collector they would be killed, and Ctrl-C meanwhile be lost
        next(fresh, None)
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
