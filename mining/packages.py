"""
Where a repository's packages of Python stand. In: the paths of its files. Out: their folders, the modules of paths.

A package may stand at the root, in `src`, or in a project of its own further down: `services/harbour/halyard` is
imported as `halyard`. Which of these it is no path tells by itself, so the list of all files is asked once.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from pathlib import PurePosixPath

MARK = "/__init__.py"
SOURCES = "src"
"""What a folder is called that holds packages and is none."""


def outermost_packages(paths: Iterable[str]) -> frozenset[str]:
    """
    Return the folders, of the files at *paths*, by whose names the modules below them begin to be called.

    That is where an unbroken chain of `__init__.py` begins; above it, folders that hold folders alone are the packages
    without a file of PEP 420, as in `google/cloud/storage`.
    """
    listed = list(paths)
    filled = {path.rpartition("/")[0] for path in listed}
    packages = {path.removesuffix(MARK) for path in listed if path.endswith(MARK)}
    return frozenset(outermost(package, packages, filled) for package in packages)


def outermost(package: str, packages: Set[str], filled: Set[str]) -> str:
    """Return the outermost folder that *package* is called by; folders of *filled* hold files."""
    while (above := package.rpartition("/")[0]) and (above in packages or is_bare_name(above, filled)):
        package = above
    return package


def is_bare_name(folder: str, filled: Set[str]) -> bool:
    """Claim that *folder* holds no file and can be part of a module's name."""
    name = folder.rpartition("/")[2]
    return folder not in filled and name.isidentifier() and name != SOURCES


def module_of(path: str, packages: Set[str] = frozenset()) -> str:
    """
    Return the dotted module name that *path* gives, from the outermost of *packages* that it lies in.

    Outside of them all it is the whole path's, without a leading `src`.
    """
    top = next((path[:end] for end, sign in enumerate(path) if sign == "/" and path[:end] in packages), "")
    parts = PurePosixPath(path[top.rfind("/") + 1 :] if top else path).with_suffix("").parts
    if parts and parts[-1] == "__init__":
        parts = parts[:-1]
    return ".".join(parts[1:] if not top and len(parts) > 1 and parts[0] == SOURCES else parts)
