"""
Private folders for a while. In: what for. Out: an empty folder, gone with its block, or with the run after a kill.

A folder is locked as long as its process lives. By that a later run of the same user tells what nobody holds any more.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from secrets import token_hex
from typing import NamedTuple

from .artefacts import hold_scratch, is_young

PREFIX, SUFFIX = "idiolect-", ".scratch"
"""What is called so is ours, and locked while it is in use."""


class Held(NamedTuple):
    """
    A private folder, and the lock on it.
    """

    folder: Path
    lock: int | None
    """A descriptor; None where the disk knows no locks."""


@contextmanager
def new_scratch(what: str) -> Generator[Path]:
    """Yield an empty folder for *what*, a word of its name."""
    held = open_scratch(what)
    try:
        yield held.folder
    finally:
        close_scratch(held)


def open_scratch(what: str) -> Held:
    """Return an empty folder for *what*, to be closed."""
    sweep_dead(Path(tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{what}-", suffix=SUFFIX))
    return Held(folder, hold_scratch(folder))


def close_scratch(held: Held) -> None:
    """Remove a folder with all that is in it; whoever clears up old files may have been faster."""
    try:
        with suppress(FileNotFoundError):
            remove(held.folder)
    finally:
        if held.lock is not None:
            os.close(held.lock)


@cache
def sweep_dead(place: Path) -> None:
    """Remove what killed runs of this user left in *place*; once a process."""
    for folder in place.glob(f"{PREFIX}*{SUFFIX}"):
        # others may have a hand in what is not this user's own
        with suppress(OSError):
            if folder.lstat().st_uid == os.geteuid() and not is_young(folder):
                lock = hold_scratch(folder)
                if lock is not None:
                    close_scratch(Held(folder, lock))


def remove(folder: Path) -> None:
    """Remove *folder* with all that a command left in it: however deep, whatever its modes, following no link."""
    while found := list(folder.iterdir()):
        for path in found:
            if path.is_symlink() or not path.is_dir():
                path.unlink()
                continue
            path.chmod(0o700)
            for inner in list(path.iterdir()):
                if inner.is_dir() and not inner.is_symlink():
                    inner.chmod(0o700)  # else it may not be moved
                inner.rename(folder / token_hex(8))
            path.rmdir()
    folder.rmdir()
