"""
Which files, at which commit. In: a folder. Out: its files' bytes in order of path, and every skip with its reason.

A mined repository is hostile input: symbolic links are never followed, special files never opened, nothing is executed.
Git is used when the folder is a work tree's root or holds tracked files; else it is a plain folder, so that a package
inside an ignored `.venv` can be mined.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field, fields
from pathlib import Path, PurePosixPath

from .attributes import Mark, mark_reason
from .commit import commit_id, origin_name, tree_id
from .errors import InputError
from .git import find_work_tree, git_output
from .languages import Language, endings_of, interpreter_of, is_bare, is_ended
from .licence import read_licence
from .packages import outermost_packages
from .patterns import matcher_of
from .reading import printed, read_start
from .skips import VENDORED, Skip, content_reason, path_reason
from .unread import NO_GRAMMAR_FOR, UNREAD, explain_no_code, foreign_endings
from .wording import printable

MARKERS = frozenset({"idiolect.json", "manifest.json", "run.json"})
MADE_HERE = re.compile(rb'^ "schema": "idiolect\.(\w+)/', re.MULTILINE)
"""What the marker of an artefact says, as `mining.artefacts` writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """
    What lies in a folder that can be read.
    """

    root: Path
    has_history: bool
    paths: tuple[str, ...]
    """What can be read, relative to the root, sorted."""
    skips: tuple[Skip, ...] = field(default=())
    listed: tuple[str, ...] = field(default=())
    """Every file of the repository, mined or not, by name; sorted."""
    packages: frozenset[str] = field(default=frozenset())
    """The folders of its outermost packages of Python."""

    def read(self, path: str) -> bytes | Skip:
        """Return the bytes of *path*, or why it is skipped now. Never follows a link."""
        data = read_start(self.root, path)
        reason = "unreadable" if data is None else content_reason(data, path)
        return Skip(path, reason) if data is None or reason else data


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository(Files):
    """
    A folder as mining sees it: its files, and what names them.
    """

    name: str
    """The origin's URL without user info, else the folder's name."""
    commit: str
    """The git id, else `tree:<sha256>` of the sorted paths and bytes."""
    licence: str
    """An SPDX name where the licence file is a known text, else `unknown`."""


def open_code(
    root: Path, languages: Iterable[Language], exclude: Sequence[str] = (), marks: Sequence[Mark] = ()
) -> Repository:
    """Open *root* with the files that `list_code` lists. Raises `InputError` as `list_files_in` does."""
    return identify(list_code(root, languages, exclude, marks))


def open_repository(root: Path, *, suffixes: Sequence[str]) -> Repository:
    """Open *root* with the files whose names end in one of *suffixes*. Raises `InputError` as `list_files_in` does."""
    return identify(list_files_in(root, suffixes=suffixes))


def identify(files: Files) -> Repository:
    """Return *files* with what names them, for which all of them are read."""
    root, is_git = files.root, files.has_history
    return Repository(
        **{each.name: getattr(files, each.name) for each in fields(files)},
        name=origin_name(root) if is_git else printable(printed(root.name)),
        commit=commit_id(root, files.paths) if is_git else tree_id(root, files.paths),
        licence=read_licence(root),
    )


def list_code(
    root: Path, languages: Iterable[Language], exclude: Sequence[str] = (), marks: Sequence[Mark] = ()
) -> Files:
    """
    List the files of *root* in one of *languages*, by their ending, or by what runs a script that has none.

    Raises `InputError` as `list_files_in` does.
    """
    known = list(languages)
    interpreters = frozenset(interpreter for language in known for interpreter in language.interpreters)
    return list_files_in(root, suffixes=endings_of(known), exclude=exclude, marks=marks, interpreters=interpreters)


def list_files_in(
    root: Path,
    *,
    suffixes: Sequence[str],
    exclude: Sequence[str] = (),
    marks: Sequence[Mark] = (),
    interpreters: Set[str] = frozenset(),
) -> Files:
    """
    List the files of *root* whose names end in one of *suffixes*; code of no known grammar is a skip with its reason.

    Scripts without an ending are listed where one of *interpreters* runs them.
    Raises `InputError` when there is no such folder, or no file of a known language in it.
    """
    if not root.exists():
        raise InputError(f"No such folder: {str(root)!r}.")
    if not root.is_dir():
        raise InputError(f"{str(root)!r} is a file. Name the folder of a repository.")
    root = root.resolve()
    if made_here(root):
        raise InputError(f"{str(root)!r} is a folder that idiolect wrote. Name the repository that it was made of.")
    listed = git_files(root)
    has_history = listed is not None
    locked: list[str] = []
    names = without_artefacts(root, sorted(set(plain_files(root, locked) if listed is None else listed)))
    excluded = matcher_of(exclude)
    foreign = foreign_endings(root, names, suffixes)
    unread_endings = (*UNREAD, *foreign)
    paths: list[str] = []
    skips = [Skip(printed(folder), "unreadable_folder") for folder in locked]
    for name in names:
        is_read = is_ended(PurePosixPath(name).name, suffixes) or is_run(root, name, interpreters)
        if not is_read and not name.endswith(unread_endings):
            continue
        unread = "" if is_read else f"{NO_GRAMMAR_FOR}{PurePosixPath(name).suffix}"
        reason = "excluded" if excluded(name) else unread or mark_reason(marks, name) or path_reason(root, name)
        if reason:
            skips.append(Skip(printed(name), reason))
        else:
            paths.append(name)
    if not paths:
        raise InputError(explain_no_code(root, names, suffixes))
    return Files(
        root=root,
        has_history=has_history,
        paths=tuple(paths),
        skips=tuple(skips),
        listed=tuple(names),
        packages=outermost_packages(names),
    )


def is_run(root: Path, name: str, interpreters: Set[str]) -> bool:
    """Claim that the file at *name* is a script without an ending that one of *interpreters* runs."""
    return bool(interpreters) and is_bare(name) and interpreter_of(read_start(root, name) or b"") in interpreters


def without_artefacts(root: Path, names: Sequence[str]) -> list[str]:
    """Return *names* without what lies in artefacts of idiolect: what was made of a repository is no part of it."""
    marked = (name.rpartition("/") for name in names)
    made = tuple(
        f"{folder}/" for folder, _, file in marked if folder and file in MARKERS and kind_by(root, f"{folder}/{file}")
    )
    return [name for name in names if not name.startswith(made)]


def made_here(folder: Path) -> str:
    """Return what of idiolect's own *folder* is, such as `corpus`, as its marker calls it; nothing where it is none."""
    return next(filter(None, (kind_by(folder, marker) for marker in sorted(MARKERS))), "")


def kind_by(root: Path, marker: str) -> str:
    """Return what of idiolect's own lies beside *marker*, as that file calls it; nothing where it is no such file."""
    match = MADE_HERE.search(read_start(root, marker) or b"")
    return match[1].decode() if match is not None else ""


def git_files(root: Path) -> list[str] | None:
    """
    Return the tracked and the untracked but not ignored files under *root*, or None when it is a plain folder.

    Raises `InputError` where git fails in a repository: as a plain folder, that would give what git is told to ignore.
    """
    top = find_work_tree(root)
    if top is None:
        # a file in its place names a folder elsewhere, which may be gone
        if any((root / file).is_file() for file in (".git/HEAD", ".git")) and shutil.which("git") is not None:
            raise InputError(f"git cannot read the repository {str(root)!r}. Run `git status` there to see why.")
        return None
    tracked = git_output(root, "ls-files", "-z", "--cached")
    if top.resolve() != root and tracked == b"":
        return None
    listed = git_output(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if tracked is None or listed is None:
        raise InputError(f"git cannot list the files of {str(root)!r}. Run `git ls-files` there to see why.")
    return [os.fsdecode(name) for name in listed.split(b"\0") if name]


def list_files(root: Path) -> list[str]:
    """Return the names of all files under *root* that git does not ignore, sorted."""
    listed = git_files(root)
    return sorted(set(plain_files(root, []) if listed is None else listed))


def plain_files(root: Path, unread: list[str]) -> Iterator[str]:
    """Yield the files under *root*, without following links; folders that cannot be read go to *unread*."""
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            entries = sorted(os.scandir(root / folder), key=lambda entry: entry.name)
        except OSError:
            unread.append(folder)
            continue
        for entry in entries:
            name = f"{folder}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in VENDORED:
                    waiting.append(f"{name}/")
            else:
                yield name
