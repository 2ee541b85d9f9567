"""
What is in question. In: a `Request`. Out: its change, the names and the paths of its files, and the files, parsed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..mining.reading import read_start
from ..mining.repository import list_files
from ..mining.source import Source
from ..mining.workers import Progress, silent
from .diff import Change, find_change, find_staged, lies_in
from .learning import CLAIMS, WorkTree, governed_paths, read_source, why_left_alone


@dataclass(frozen=True, slots=True)
class Request:
    """
    What is to be checked, and how.
    """

    root: Path
    paths: tuple[str, ...] = ()
    """Relative to the root; none for all."""
    base: str | None = None
    staged: bool = False
    mode: str = "lines"
    profile: Path | None = None
    baseline: str | None = None
    """Relative to the root, or a path as it stands."""
    lowest: str = "advise"
    fix: bool = False
    names: bool = True
    progress: Progress = silent
    """Hears of each file that is learned from, and judged."""


def change_of(request: Request) -> Change | None:
    """Return the change to judge as it is now, or None where the whole tree is judged."""
    if request.staged:
        return find_staged(request.root)
    return None if request.base is None else find_change(request.root, request.base)


def asked_paths(request: Request, change: Change | None, tree: WorkTree) -> list[str]:
    """Return the files to judge: of *tree*, or those that are part of *change*."""
    if change is None or request.mode == "all":
        listed = tree.files.paths
    else:
        listed = governed_paths(change.added, tree.settings)
    return [path for path in listed if lies_in(path, request.paths)]


def listed_names(request: Request, change: Change | None) -> list[str]:
    """Return the names of the files in question, of any kind."""
    changed = None if request.mode == "all" or change is None else change.added
    names = list_files(request.root.resolve()) if changed is None else sorted(changed)
    return [name for name in names if lies_in(name, request.paths)]


def read_sources(request: Request, change: Change | None, paths: Iterable[str]) -> list[Source]:
    """Return the files at *paths*, parsed, without those that conventions are not asked of."""
    if change is None:
        read = partial(read_start, request.root)
        return [source for path in paths if (source := read_source(path, read(path))) is not None]
    return [source for path in paths if (source := read_changed(change, path)) is not None]


def read_changed(change: Change, path: str) -> Source | None:
    """Return a file of *change*, parsed; one that was asked before is asked although it is called generated now."""
    data = change.read(path)
    source = read_source(path, data)
    if source is None and why_left_alone(path, data) in CLAIMS:
        was_asked = read_source(path, change.base.read_one(change.before.get(path, path))) is not None
        source = read_source(path, data, was_asked=was_asked)
    return source
