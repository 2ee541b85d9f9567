"""
Where things are kept between runs. In: nothing. Out: the cache folder, or None where it cannot be written.

`$IDIOLECT_CACHE` names it, else it is the platform's own; set to an empty string, caching is off. What is in the cache
is found by the hash of all that decides it, so it is never wrong, only absent. Nothing in an artefact depends on it.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from .artefacts import write_bytes
from .plugins import plugins_sha256

VARIABLE = "IDIOLECT_CACHE"
MAGIC = b"SQLite format 3\0"
DIGEST = 16
"""Bytes of a value's hash."""


def cache_folder(part: str) -> Path | None:
    """
    Return the folder of *part*, made if need be, or None when caching is off or the folder cannot be written.

    What is kept is loaded as Python objects and as libraries, and decides what code is held to: a folder that others
    can write to is never trusted.
    """
    root = cache_root()
    if root is None:
        return None
    folder = root / part
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder if os.access(folder, os.W_OK | os.X_OK) and is_own(folder) else None
    return None


def is_own(folder: Path) -> bool:
    """Claim that nobody but this user can write to *folder*, where the system knows users."""
    about = folder.stat()
    return not hasattr(os, "geteuid") or (about.st_uid == os.geteuid() and not about.st_mode & 0o022)


def cache_root() -> Path | None:
    """Return where the caches of this user stand, whether or not the folder exists."""
    own = os.environ.get(VARIABLE)
    if own is not None:
        return Path(own).absolute() if own else None
    with suppress(RuntimeError):
        home = Path.home()
        if sys.platform == "darwin":
            return home / "Library" / "Caches" / "idiolect"
        if sys.platform == "win32":
            return Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local")) / "idiolect" / "Cache"
        named = Path(os.environ.get("XDG_CACHE_HOME", ""))
        # a relative one is to be ignored, says its specification; below a relative home nothing is kept
        root = named if named.is_absolute() else home / ".cache"
        return root / "idiolect" if root.is_absolute() else None
    return None


def keep(file: Path, data: bytes) -> None:
    """Write *data*; where that fails, nothing is kept."""
    with suppress(OSError):
        write_bytes(file, data)


class Store:
    """
    Values under keys, in one SQLite file. Without one, or whatever goes wrong with it, the cache is only off.
    """

    LARGEST = 2 * 1024**3
    """Bytes of the file from which it is begun anew: simple, and a run then costs what the first one did."""

    def __init__(self, file: Path | None) -> None:
        self.connection: sqlite3.Connection | None = None
        if file is None:
            return
        with suppress(OSError, sqlite3.Error):
            if file.exists() and (file.stat().st_size > self.LARGEST or not is_database(file)):
                file.unlink()
            self.connection = sqlite3.connect(file, timeout=2, isolation_level=None)
            # values of some 50 kB are written at a third of the cost into large pages that hold no keys
            self.connection.execute("PRAGMA page_size=16384")
            # what a power cut loses is mined again
            self.connection.execute("PRAGMA journal_mode=WAL")
            self.connection.execute("PRAGMA synchronous=OFF")
            self.connection.execute("CREATE TABLE IF NOT EXISTS mined (key BLOB PRIMARY KEY, value BLOB)")
            self.connection.execute("BEGIN")

    def is_empty(self) -> bool:
        """Claim that nothing is kept yet, or that nothing can be read."""
        with suppress(sqlite3.Error):
            if self.connection is not None:
                return self.connection.execute("SELECT 1 FROM mined LIMIT 1").fetchone() is None
        return True

    def get(self, key: bytes) -> bytes | None:
        """Return the value of *key*, or None where there is none, or not all of it."""
        row = None
        with suppress(sqlite3.Error):
            if self.connection is not None:
                row = self.connection.execute("SELECT value FROM mined WHERE key = ?", (key,)).fetchone()
        value = b"" if row is None else bytes(row[0])
        return value[DIGEST:] if value and value[:DIGEST] == digest_of(value[DIGEST:]) else None

    def put(self, key: bytes, value: bytes) -> None:
        """Keep *value* under *key*."""
        try:
            if self.connection is not None:
                row = (key, digest_of(value) + value)
                self.connection.execute("INSERT OR REPLACE INTO mined VALUES (?, ?)", row)
        except sqlite3.Error:
            self.close()
            self.connection = None

    def close(self) -> None:
        """Write what was put. A connection that is only forgotten stays open, because its own cache holds it."""
        if self.connection is None:
            return
        with suppress(sqlite3.Error):
            self.connection.execute("COMMIT")
        with suppress(sqlite3.Error):
            self.connection.close()


def is_database(file: Path) -> bool:
    """Claim that *file* begins as SQLite's files do; an empty one is about to."""
    with file.open("rb") as opened:
        return opened.read(len(MAGIC)) in (MAGIC, b"")


def digest_of(value: bytes) -> bytes:
    """Return what stands before *value* in the cache: by it, a damaged value is told before it is read."""
    return hashlib.blake2b(value, digest_size=DIGEST).digest()


@contextmanager
def open_store(part: str = "mined") -> Generator[Store]:
    """Give what files give is kept in, for mining or another *part*; with caching off it stays empty."""
    folder = cache_folder(part)
    store = Store(None if folder is None else folder / "files.sqlite")
    try:
        yield store
    finally:
        store.close()


@cache
def digest_of_code() -> bytes:
    """Return the hash of our own code that reads, asks and learns, and of the tables beside it."""
    digest = hashlib.blake2b(digest_size=16)
    here = Path(__file__).parent
    for file in sorted(path for path in here.rglob("*") if path.suffix in (".py", ".toml")):
        digest.update(file.relative_to(here).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.digest()


@cache
def version_of_mining() -> str:
    """Return the hash of everything beside the input that decides what a file gives: our code, and the libraries."""
    import importlib.metadata

    digest = hashlib.blake2b(digest_of_code(), digest_size=16)
    relevant = ("tree-sitter", "libcst", "numpy", "pathspec")
    found = {
        f"{name} {package.version}"
        for package in importlib.metadata.distributions()
        if (name := str(package.metadata["Name"]).lower()).startswith(relevant)
    }
    digest.update("\0".join([*sorted(found), sys.version, plugins_sha256()]).encode())
    return digest.hexdigest()
