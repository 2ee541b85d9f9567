"""
Where weights were seen on this machine. In: their hash. Out: the folder or file that held them, or nothing.

Adapters hold no paths: what the cache knows saves the user from naming the folder again.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from ..mining.cache import cache_folder

BASES = "bases"
"""The part of the cache that knows."""


def remember_place(weights_sha256: str, path: Path) -> None:
    """Note that *path* holds these weights."""
    if (note := note_of(weights_sha256)) is not None:
        with suppress(OSError):
            note.write_text(json.dumps(str(path.resolve())), "utf-8")


def recall_place(weights_sha256: str) -> Path | None:
    """Return where these weights were seen, if there is still something; None where they are not known."""
    if (note := note_of(weights_sha256)) is not None:
        with suppress(OSError, ValueError):
            place = Path(json.loads(note.read_text("utf-8")))
            return place if place.exists() else None
    return None


def note_of(weights_sha256: str) -> Path | None:
    """Return the file that tells it; None where there is no cache."""
    cache = cache_folder(BASES)
    return None if cache is None else cache / f"base-{weights_sha256[:16]}.json"
