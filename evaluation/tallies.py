"""
What files answer, kept between runs. In: a file, and how it is asked. Out: its tally, asked once for what it holds.

To ask the files takes nine tenths of learning a profile, and from one run to the next few of them change. Kept under
the hash of all that decides it: the file's path and bytes, its language, our own code, and what the caller names.
"""

from __future__ import annotations

import hashlib
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..mining.cache import open_store
from ..mining.conventions.tally import FileTally
from ..mining.languages import Language

Asked = Callable[[], "FileTally | None"]
Recall = Callable[[str, bytes, Language, Asked], "FileTally | None"]
"""Takes a path, what is there, its language, and who asks it; returns the tally."""


@contextmanager
def kept_tallies(decides: bytes) -> Iterator[Recall]:
    """Lend what returns the tally that is kept of a file, or asks it and keeps that; *decides* is part of its key."""
    store = open_store("tallies")
    python = sys.version.encode()

    def recall(path: str, data: bytes, language: Language, ask: Asked) -> FileTally | None:
        if store is None:
            return ask()
        digest = hashlib.blake2b(decides, digest_size=16)
        name = path.encode("utf-8", "surrogateescape")
        for part in (python, language.name.encode(), language.sha256.encode(), name, data):
            digest.update(b"%d " % len(part) + part)
        kept = store.get(digest.digest())
        if kept is not None:
            return pickle.loads(kept)  # noqa: S301 - our own
        tally = ask()
        if tally is not None:
            store.put(digest.digest(), pickle.dumps(tally, 5))
        return tally

    try:
        yield recall
    finally:
        if store is not None:
            store.close()
