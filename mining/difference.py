"""
What came to a commit. In: the commit, and a later one, the index or the work tree. Out: a `Difference`: added lines.

Git compares objects alone, so that it runs no filter which the repository's configuration names: the files of a work
tree are laid beside its objects first, byte by byte. Nor do attributes or settings decide what counts as text.
A history's patches are asked for, and read, as these are.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import NamedTuple

from .artefacts import write_bytes
from .commit import hash_blob
from .filtered import find_untouched
from .git import git_output
from .languages import endings_of, is_bare, known_languages
from .reading import LARGEST_FILE, is_locked, read_start
from .scratch import new_scratch
from .unread import UNREAD

DIFF = (
    "-p", "-U0", "--inter-hunk-context=0", "-M", "-l2000", "--irreversible-delete", "--relative", "--text",
    "--ignore-cr-at-eol", "--no-color", "--no-ext-diff", "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/",
    # a repository's settings may have git look into submodules, by another git that heeds what stands there
    "--ignore-submodules=all", "--submodule=short",
)  # fmt: skip
RENAME = re.compile(rb"\nrename from (.*)\nrename to (.*)")
# git closes a name that holds a space with a tab
NAME = re.compile(rb"\n\+\+\+ (.*?)\t?(?:\n|\Z)")
BLOBS = re.compile(rb"\nindex ([0-9a-f]+)\.\.([0-9a-f]+)")
HUNK = re.compile(rb"(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


class Lines(NamedTuple):
    """
    Lines that a hunk takes out of the old file or puts into the new: first, and how many.
    """

    first: int
    many: int


@dataclass(frozen=True, slots=True)
class FileChange:
    """
    One file's part of a patch.
    """

    path: str
    before: str = ""
    """The old blob's id."""
    after: str = ""
    removed: list[Lines] = field(default_factory=list[Lines])
    added: list[Lines] = field(default_factory=list[Lines])
    earlier: str = ""
    """The path that it was renamed from."""


class Difference(NamedTuple):
    """
    What came to the files that hold code.
    """

    added: Mapping[str, frozenset[int]]
    """The added or edited lines of every file whose lines changed and that is still there."""
    before: Mapping[str, str]
    """The earlier path of every renamed file: without it, all its lines would be new."""
    edited: Mapping[str, Mapping[int, int]]
    """By path, the old line in whose place an added one stands: where a hunk has as many of both."""
    locked: tuple[str, ...] = ()
    """Files that may not be read."""

    def narrowed(self, other: Difference) -> Difference:
        """Return what of this is added to what *other* compares with, too, as a merge adds to each of its parents."""
        both = {path: lines & other.added.get(path, frozenset()) for path, lines in self.added.items()}
        return self._replace(added={path: lines for path, lines in both.items() if lines})


def compare_commits(root: Path, old: str, new: str) -> Difference | None:
    """Return what the commit *new* adds to *old*, or None where git cannot tell."""
    return compare(root, ["diff-tree", "-r"], [old, new], {})


def compare_index(root: Path, commit: str, environment: Mapping[str, str], also: Sequence[str]) -> Difference | None:
    """Return what the index that *environment* names adds to *commit*, and to each of *also*; None if git cannot."""
    found = [compare(root, ["diff-index", "--cached"], [each], environment) for each in (commit, *also)]
    return reduce(lambda known, more: known and more and known.narrowed(more), found)


def compare(
    root: Path, command: Sequence[str], ends: Sequence[str], environment: Mapping[str, str]
) -> Difference | None:
    """Return what a *command* of git's says of what lies between *ends*, or None where git cannot tell."""
    listing = ["--name-only", "-z", "--no-renames", "--relative"]
    names = git_output(root, *command, *listing, *ends, more=environment)
    if names is None:
        return None
    # whether a name without an ending is that of a script, only its first line tells
    patterns = [f"*{ending}" for ending in code_endings()]
    bare = [f":(literal){name}" for name in os.fsdecode(names).split("\0") if name and is_bare(name)]
    patch = git_output(root, *command, *DIFF, *ends, "--", *patterns, *bare, more=environment)
    return None if patch is None else difference_of(patch)


def compare_work_tree(root: Path, commit: str, *, untracked: bool, also: Sequence[str] = ()) -> Difference | None:
    """
    Return what the files under *root*, *untracked* ones too, add to *commit*, and to each of *also*.

    None where git cannot tell.
    """
    tracked = git_output(root, "ls-files", "-z", "-s", "-t")
    others = git_output(root, "ls-files", "-z", "--others", "--exclude-standard") if untracked else b""
    prefix = git_output(root, "rev-parse", "--show-prefix")
    if tracked is None or others is None or prefix is None:
        return None
    rows = [row.partition(b"\t") for row in tracked.split(b"\0") if row]
    known = {name: about.split() for about, _, name in rows} | {name: [] for name in others.split(b"\0") if name}
    known = {name: about for name, about in known.items() if may_be_code(os.fsdecode(name))}
    with new_scratch("index") as scratch:
        locked: list[str] = []
        laid = without_filters(root, known, list(lay_out(root, known, scratch, commit, locked)))
        index = b"".join(b"%s %s\t%s%s\0" % (mode, blob, prefix[:-1], name) for name, mode, blob in laid)
        environment = {"GIT_INDEX_FILE": f"{scratch}/index", "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(scratch)}
        if git_output(root, "update-index", "-z", "--index-info", given=index, more=environment) is None:
            return None
        found = compare_index(root, commit, environment, also)
        return found and found._replace(locked=tuple(sorted(locked)))


def lay_out(
    root: Path, known: Mapping[bytes, Sequence[bytes]], folder: Path, like: str, locked: list[str]
) -> Iterator[tuple[bytes, bytes, bytes]]:
    """
    Yield name, mode and blob of every plain file that is *known*, and put in *folder* those that git has no object of.

    Of each the index says, by name: tag, mode, blob and stage, or nothing. What may not be read goes to *locked*, too.
    """
    for name, about in known.items():
        mode = about[1] if about and about[1].startswith(b"100") else b"100644"
        if about and about[0] == b"S":
            # a sparse checkout leaves the file out: it is as the index has it
            yield name, mode, about[2]
            continue
        data = read_start(root, os.fsdecode(name))
        if data is not None and len(data) > LARGEST_FILE and about:
            # nobody asks what is too large, and its start is another blob than the whole
            yield name, mode, about[2]
        elif data is not None:
            blob = hash_blob(data, like)
            if blob.encode() not in about:
                write_blob(folder, blob, data)
            yield name, mode, blob.encode()
        elif is_locked(root, os.fsdecode(name)):
            locked.append(os.fsdecode(name))
            if about:
                # not taken for deleted
                yield name, mode, about[2]


def without_filters(
    root: Path, known: Mapping[bytes, Sequence[bytes]], laid: Sequence[tuple[bytes, bytes, bytes]]
) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yield *laid*, but as the index has them those that differ from it for what a filter does alone."""
    edited = [name for name, _, blob in laid if known[name] and blob not in known[name]]
    untouched = find_untouched(root, edited)
    for name, mode, blob in laid:
        yield name, mode, known[name][2] if name in untouched else blob


def write_blob(folder: Path, name: str, data: bytes) -> None:
    """Write *data* to *folder* as git keeps a loose object."""
    write_bytes(folder / name[:2] / name[2:], zlib.compress(b"blob %d\0" % len(data) + data, 1))


def code_endings() -> tuple[str, ...]:
    """Return the endings of what is compared: code alone, what no grammar reads included."""
    return (*endings_of(known_languages()), *sorted(UNREAD))


def may_be_code(path: str) -> bool:
    """Claim that the file at *path* is compared: code by its ending, or perhaps a script without one."""
    return is_bare(path) or path.endswith(code_endings())


def difference_of(patch: bytes) -> Difference:
    """Return what a patch adds, and what it renames."""
    changes = list(read_patch(patch))
    added = {
        change.path: frozenset(line for first, many in change.added for line in range(first, first + many))
        for change in changes
        if change.added
    }
    before = {change.path: change.earlier for change in changes if change.earlier}
    return Difference(added, before, {change.path: dict(edited_lines(change)) for change in changes if change.added})


def edited_lines(change: FileChange) -> Iterator[tuple[int, int]]:
    """Yield each added line that stands in the place of an old one, and that."""
    for old, new in zip(change.removed, change.added, strict=True):
        if old.many == new.many:
            yield from zip(range(new.first, new.first + new.many), range(old.first, old.first + old.many), strict=True)


def read_patch(patch: bytes) -> Iterator[FileChange]:
    """Yield the files of a patch without context: a sign stands before each of their lines, so that none is a head."""
    for part in (b"\n" + patch).split(b"\ndiff --git ")[1:]:
        head, *hunks = part.split(b"\n@@ -")
        if (renamed := RENAME.search(head)) is not None:
            earlier, path = map(unquoted, renamed.groups())
        elif (named := NAME.search(head)) is not None:
            earlier, path = "", unquoted(named[1]).removeprefix("b/")
        else:
            continue
        blobs = BLOBS.search(head)
        before, after = map(bytes.decode, blobs.groups()) if blobs is not None else ("", "")
        change = FileChange(path, before, after, earlier=earlier)
        for hunk in filter(None, map(HUNK.match, hunks)):
            change.removed.append(Lines(int(hunk[1]), int(hunk[2] or 1)))
            change.added.append(Lines(int(hunk[3]), int(hunk[4] or 1)))
        yield change


def unquoted(name: bytes) -> str:
    """Return a path that git may have quoted as C does."""
    if name.startswith(b'"'):
        name = name[1:-1].decode("unicode_escape").encode("latin-1")
    return os.fsdecode(name)
