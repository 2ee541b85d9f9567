"""
Where things are kept between runs. In: nothing. Out: the cache folder, or None where it cannot be written.

`$IDIOLECT_CACHE` names it, else it is the platform's own; set to an empty string, caching is off. What is in the cache
is found by the hash of all that decides it, so it is never wrong, only absent. Nothing in an artefact depends on it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

VARIABLE = "IDIOLECT_CACHE"


def cache_folder(part: str) -> Path | None:
    """Return the folder of *part*, made if need be, or None when caching is off or the folder cannot be written."""
    root = cache_root()
    if root is None:
        return None
    folder = root / part
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder if os.access(folder, os.W_OK | os.X_OK) else None
    return None


def cache_root() -> Path | None:
    """Return where the caches of this user stand, whether or not the folder exists."""
    named = os.environ.get(VARIABLE)
    if named is not None:
        return Path(named).absolute() if named else None
    with suppress(RuntimeError):
        home = Path.home()
        if sys.platform == "darwin":
            return home / "Library" / "Caches" / "idiolect"
        if sys.platform == "win32":
            return Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local")) / "idiolect" / "Cache"
        return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "idiolect"
    return None


def put_file(path: Path, data: bytes) -> bool:
    """Write *data* at *path*, all of it or nothing, and say whether that worked: a full disk only costs the cache."""
    scratch = None
    try:
        handle, scratch = tempfile.mkstemp(prefix=".new-", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(scratch).replace(path)
    except OSError:
        if scratch is not None:
            Path(scratch).unlink(missing_ok=True)
        return False
    return True
