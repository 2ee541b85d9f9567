"""
What files answer. In: files, and who asks one. Out: their tallies: kept ones, and those asked anew, on all processors.

To ask takes nine tenths of learning a profile, and from one run to the next few files change. A tally is kept under the
hash of all that decides it: the file's path and bytes, its language, the Python that asks, and what the caller names.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import NamedTuple

from ..mining.cache import open_store
from ..mining.conventions.tally import FileTally
from ..mining.errors import naming
from ..mining.garbage import pause_collection
from ..mining.languages import Language, builtin_languages, known_languages, use_languages
from ..mining.source import Source
from ..mining.workers import hold_interrupts, make_chunks, pool

MUCH = 6 * 2**20
"""Bytes of code from which on workers ask: each takes most of a second to begin."""
MOST_WORKERS = 8
"""However many processors there are: a container may lend fewer than it shows, and each worker holds all grammars."""

Ask = Callable[[str, bytes], "FileTally | None"]
"""Takes a path and what is there; returns None for what is not asked. Workers are given it."""


class File(NamedTuple):
    """
    A file that may be asked.
    """

    path: str
    data: bytes
    language: Language

    def key(self, decides: bytes) -> bytes:
        """Return what its tally is kept under, which what else *decides* is part of."""
        digest = hashlib.blake2b(decides, digest_size=16)
        name = self.path.encode("utf-8", "surrogateescape")
        about = (sys.version.encode(), self.language.name.encode(), self.language.sha256.encode(), name, self.data)
        for part in about:
            digest.update(b"%d " % len(part) + part)
        return digest.digest()


def tally_files(files: Iterable[File], decides: bytes, ask: Ask) -> Iterator[FileTally | None]:
    """Yield the tally of each of *files*, or None, those that are kept first; *decides* is part of their keys."""
    waiting: list[File] = []
    with open_store("tallies") as store:
        for file in files:
            kept = store.get(file.key(decides))
            if kept is None:
                waiting.append(file)
            else:
                yield pickle.loads(kept)  # noqa: S301 - our own
        for file, tally in zip(waiting, ask_all(waiting, ask), strict=True):
            if tally is not None:
                store.put(file.key(decides), pickle.dumps(tally, 5))
            yield tally


@contextmanager
def kept_tallies(decides: bytes) -> Generator[Callable[[Source], FileTally | None]]:
    """Give what finds the tally of a source that is kept, or None; *decides* is part of its key."""
    with open_store("tallies") as store:

        def find(source: Source) -> FileTally | None:
            # of a file in another encoding, whose text is not its bytes, none is found
            kept = store.get(File(source.path, source.utf8, source.language).key(decides))
            return None if kept is None else pickle.loads(kept)  # noqa: S301 - our own

        yield find


def ask_all(files: Sequence[File], ask: Ask) -> Iterator[FileTally | None]:
    """Yield what each of *files* answers, in order."""
    done = 0
    if sum(len(file.data) for file in files) >= MUCH and count_workers() > 1:
        try:
            for tally in spread(files, ask):
                yield tally
                done += 1
        except (BrokenProcessPool, MemoryError):
            # a worker has little room: what it died of is tried here, which shows what is wrong
            pass
    yield from ask_some(ask, files[done:])


def count_workers() -> int:
    """Return how many workers may ask."""
    return min(MOST_WORKERS, os.cpu_count() or 1)


def spread(files: Sequence[File], ask: Ask) -> Iterator[FileTally | None]:
    """Yield what each of *files* answers, in order, asked by worker processes."""
    chunks = make_chunks([(str(place), len(file.data)) for place, file in enumerate(files)])
    own = tuple(language for language in known_languages() if language not in builtin_languages())
    with pool(min(count_workers(), len(chunks))) as executor:
        with hold_interrupts():
            futures = deque(
                executor.submit(ask_chunk, ask, own, [files[int(place)] for place in chunk]) for chunk in chunks
            )
        # one by one: what was given is let go
        while futures:
            yield from futures.popleft().result()


@pause_collection()
def ask_chunk(ask: Ask, own: Sequence[Language], files: Sequence[File]) -> list[FileTally | None]:
    """Return what *files* answer, in a worker, which is told of the user's *own* languages."""
    use_languages(own)
    return list(ask_some(ask, files))


def ask_some(ask: Ask, files: Iterable[File]) -> Iterator[FileTally | None]:
    """Yield what each of *files* answers; an error notes which one it came of."""
    for file in files:
        with naming(file.path):
            tally = ask(file.path, file.data)
        yield tally
