"""
The top of a work tree. In: the paths that a command was given. Out: the folder whose habits and settings hold for them.
"""

from __future__ import annotations

from pathlib import Path

from ..mining.errors import InputError


def find_root(paths: tuple[Path, ...], *, alone: bool = False) -> Path:
    """
    Return the top of the work tree that holds the first path, or that folder itself.

    Where nothing is compared with a commit, a folder that its repository leaves out stands *alone*: who names it wants
    to hear of it, and its habits are its own.
    """
    from ..mining.git import find_work_tree

    for path in paths:
        if not path.exists():
            raise InputError(f"No such path: {str(path)!r}.")
    first = (paths[0] if paths else Path()).resolve()
    folder = first if first.is_dir() else first.parent
    root = find_work_tree(folder) or folder
    return folder if alone and first.is_dir() and is_left_out(root, folder) else root


def is_left_out(root: Path, folder: Path) -> bool:
    """Claim that the settings of the repository at *root* exclude *folder*, or that git ignores it."""
    from ..mining.git import git_output
    from ..mining.patterns import matcher_of
    from ..mining.settings import read_stated, stated_settings

    name = folder.relative_to(root.resolve()).as_posix()
    if name == ".":
        return False
    excluded = matcher_of(stated_settings(read_stated(root)).exclude)
    return excluded(f"{name}/") or git_output(root, "check-ignore", "-q", name) is not None


def name_in(root: Path, file: str) -> str:
    """Return *file*, which stands relative to *root* or absolute, as git names it there; one elsewhere as it is."""
    top = root.resolve()
    path = top / file
    path = path.parent.resolve() / path.name
    return path.relative_to(top).as_posix() if path.is_relative_to(top) else file
