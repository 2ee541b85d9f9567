"""
What stands in a repository. In: its folder. Out: the names of its files, where its packages stand, what it requires.

A repository may hold anything: what a resolver would read without end is told before one is asked.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from importlib.machinery import PathFinder
from pathlib import Path

from ...mining.packages import outermost_packages
from ...mining.reading import read_start
from ...mining.roles import role_of
from ...mining.skips import VENDORED
from .resolver import UnaskedError

PYTHON = (".py", ".pyi")
CYTHON = (".pxd", ".pxi", ".pyx")
"""How files end that say what a compiled module has, which its stub may not."""
REQUIRING = ("pyproject.toml", "setup.cfg", "setup.py", "requirements.txt")
"""The files that say what a project needs."""
LARGEST = 16 << 20
"""Bytes of a file of Python that are read: what is made by a program, and asked nothing itself, may name much."""


def list_house(root: Path) -> list[str]:
    """
    Return the names of the plain files under *root*, those left out that are vendored or cannot be read.

    Raises `UnaskedError` for a module that is a pipe or a device, or leads to one: a resolver would read without end.
    """
    names: list[str] = []
    waiting = [("", root)]
    while waiting:
        inside, folder = waiting.pop()
        # entries and plain strings: a large house has thousands of files, and every check reads them all
        found: list[os.DirEntry[str]] = []
        # what a database keeps in a checkout is often another user's
        with suppress(OSError), os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
        for entry in found:
            name = entry.name
            if entry.is_file(follow_symlinks=False):
                names.append(inside + name)
            elif name not in VENDORED and not name.startswith(".") and entry.is_dir(follow_symlinks=False):
                waiting.append((f"{inside}{name}/", Path(entry)))
            elif name.endswith(PYTHON) and is_endless(Path(entry)):
                raise UnaskedError(f"{inside}{name} is no file, or leads to none that ends")
    return names


def is_endless(module: Path) -> bool:
    """Claim that what stands at *module*, or a link there leads to, is a pipe, a device, or too large to be read."""
    try:
        about = module.stat()
    except OSError:
        return False
    is_large = about.st_size > LARGEST and module.is_symlink()
    return is_large or not (stat.S_ISREG(about.st_mode) or stat.S_ISDIR(about.st_mode))


def further_tops(root: Path, names: Iterable[str], required: bytes) -> tuple[Path, ...]:
    """
    Return the folders below *root*, beside `src`, that packages of its sources stand in, by the *names* of all files.

    Those are left out that hold a package which may not be the one that its name means everywhere: two projects have
    one, or it is called as a library, one of those that are *required* or not.
    """
    packages = [package for package in outermost_packages(names) if role_of(f"{package}/__init__.py") == "src"]
    times = Counter(map(name_of, packages))
    doubtful = {top_of(p) for p in packages if times[name_of(p)] > 1 or is_library(name_of(p), root, required)}
    return tuple(root / top for top in sorted({*map(top_of, packages)} - {"", "src"} - doubtful))


def top_of(package: str) -> str:
    """Return the folder that a package stands in."""
    return package.rpartition("/")[0]


def name_of(package: str) -> str:
    """Return the name of the package in a folder."""
    return package.rpartition("/")[2]


def is_library(name: str, root: Path, required: bytes) -> bool:
    """Claim that a library is called *name*: one of Python's, one that is *required*, or one that is installed."""
    if name in sys.stdlib_module_names or re.search(rb"(?<![\w./-])%b(?![\w.:/-])" % name.encode(), required):
        return True
    found = PathFinder.find_spec(name) if name.isidentifier() else None
    return found is not None and not str(found.origin).startswith(str(root))


def read_required(root: Path) -> bytes:
    """Return what stands in the files that say what the project needs."""
    return b"\n".join(filter(None, (read_start(root, name) for name in REQUIRING)))
