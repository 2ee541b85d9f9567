"""
A file's bytes, without following a link or opening what is no plain file. In: a folder and a name. Out: bytes or None.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

LARGEST_FILE = 512 * 1024
"""Bytes; larger files are generated or data (their reading is never even begun)."""


def read_start(root: Path, name: str, limit: int = LARGEST_FILE) -> bytes | None:
    """Return the bytes of a plain file, one more than *limit* at most, or None where it cannot be read."""
    if is_beyond_link(root, name):
        return None
    try:
        descriptor = os.open(root / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as opened:
            return opened.read(limit + 1) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
    except OSError:
        return None


def is_locked(root: Path, name: str) -> bool:
    """Claim that there is a plain file at *name*, as far as can be told, and that it may not be read."""
    try:
        is_plain = stat.S_ISREG((root / name).lstat().st_mode)
    except OSError as error:
        return isinstance(error, PermissionError)
    return is_plain and not is_beyond_link(root, name) and read_start(root, name, 0) is None


def printed(name: str) -> str:
    """Return *name* with the bytes that are no UTF-8 written out."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def is_beyond_link(root: Path, name: str) -> bool:
    """Claim that a folder of the file at *name* is a link."""
    ends = [place for place, letter in enumerate(name) if letter == "/"]
    return any(os.path.islink(f"{root}/{name[:end]}") for end in ends)  # noqa: PTH114 - every file pays for a Path
