"""
Who owns a matter of layout. In: a repository's configuration files. Out: the formatters that they set up, and where.

What a configured formatter decides is learned, so that code can be scored by it, and never reported: the formatter
does that, and better.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from .formatters import FORMATTERS, WORKFLOWS
from .reading import read_start
from .roles import is_test_path
from .skips import is_vendored

if TYPE_CHECKING:
    from .conventions.convention import Convention

Owners = Mapping[str, tuple[str, ...]]
"""Each formatter, and the folders that it is set up for: `web/` is one, the whole repository is the empty word."""

LOOKED_AT = frozenset(name for each in FORMATTERS.values() for sign in each.signs for name in sign.files) - {WORKFLOWS}
DEEPEST = 3
"""Folders above a file that sets up a part of the repository; deeper ones are examples."""


def may_set_up(path: str) -> bool:
    """Claim that the file at *path* is one that may set up a formatter, for the repository or for a part of it."""
    if path.startswith(WORKFLOWS):
        return path.endswith((".yml", ".yaml"))
    is_known = path.rpartition("/")[2] in LOOKED_AT and path.count("/") <= DEEPEST
    return is_known and not is_vendored(path) and not is_test_path(path)


def owners_of(files: Iterable[tuple[str, bytes]]) -> Owners:
    """Return the formatters that *files* set up, of those that `may_set_up`, each with its bytes."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path, text in files:
        folder, name = ("", WORKFLOWS) if path.startswith(WORKFLOWS) else path.rpartition("/")[::2]
        for owner, formatter in FORMATTERS.items():
            if any(name in sign.files and sign.looks.search(text) for sign in formatter.signs):
                found[owner].add(f"{folder}/" if folder else "")
    return {owner: tuple(sorted(found[owner])) for owner in sorted(found)}


def owners_in(root: Path, listed: Iterable[str]) -> Owners:
    """Return the formatters that the files *listed* under *root* set up."""
    asked = ((path, read_start(root, path)) for path in listed if may_set_up(path))
    return owners_of((path, text) for path, text in asked if text is not None)


def formatters_of(convention: Convention, key: str, owners: Owners) -> list[str]:
    """Return those of *owners* that own what *convention* asks, and format the language that *key* is about."""
    language = key.partition(": ")[0] if convention.is_neutral else "python"
    return [name for name in convention.owners if name in owners and language in FORMATTERS[name].languages]


def owners_at(root: Path) -> Owners:
    """Return the formatters that are set up for all of *root*."""
    workflows: list[str] = []
    with suppress(OSError):
        workflows = [f"{WORKFLOWS}{file.name}" for file in (root / WORKFLOWS).iterdir()]
    return owners_in(root, [*LOOKED_AT, *workflows])


def owners_above(root: Path, folder: Path) -> Owners:
    """Return the formatters that *root*, or a folder between it and *folder*, sets up for all that it holds."""
    above = [each for each in folder.resolve().parents if each.is_relative_to(root.resolve())]
    return {name: ("",) for each in above for name, where in owners_at(each).items() if "" in where}
