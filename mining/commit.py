"""
What names a tree: where it is from, which commit it is, by which bytes. In: a folder. Out: names and hashes.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from .git import git_output
from .reading import printed, read_start
from .wording import printable


def origin_name(root: Path) -> str:
    """Return the origin's URL without user info, else the folder's name; what would drive a terminal is spelled out."""
    said = git_output(root, "config", "--local", "--get", "remote.origin.url") or b""
    url = said.decode("utf-8", "replace").strip()
    if not url or url.startswith(("/", ".", "file:")):
        return printable(printed(root.name))
    # of a user's name and password both may hold an @
    return printable(re.sub(r"^([\w+.-]+://)[^/]*@|^[^/@]*:[^/]*@(?=[^/]*:)", r"\1", url))


def commit_id(root: Path, paths: Sequence[str]) -> str:
    """Return the id of the checked-out commit; a tree with changes, or without a commit, is named by its bytes."""
    head = git_output(root, "rev-parse", "--verify", "HEAD^{commit}")
    return head.decode().strip() if head and is_as_committed(root, paths) else tree_id(root, paths)


def past_id(root: Path) -> str:
    """Return what decides what git tells of the past of *root*, its folder and commit first; empty without a commit."""
    told = git_output(root, "rev-parse", "--git-path", "shallow", "--show-prefix", "HEAD^{commit}")
    file, _, place = (told or b"").partition(b"\n")
    # where the history was cut: fetching more of it leaves the commit as it is
    cut = read_start(root, os.fsdecode(file)) or b""
    return (place + cut).decode("utf-8", "backslashreplace") if told else ""


def is_as_committed(root: Path, paths: Sequence[str]) -> bool:
    """
    Claim that *paths* have the bytes that the checked-out commit stores, and that none of its files is gone.

    Not asked of `git status`: that runs the clean filters which the mined repository's configuration names.
    """
    listed = git_output(root, "ls-tree", "-r", "-z", "HEAD")
    if listed is None:
        return False
    rows = [row.partition(b"\t") for row in listed.split(b"\0") if row]
    stored = {os.fsdecode(name): about.split()[2].decode() for about, _, name in rows if b" blob " in about}
    gone = any(not os.path.lexists(root / name) for name in stored)
    return not gone and all(name in stored and blob_id(root / name, stored[name]) == stored[name] for name in paths)


def blob_id(file: Path, like: str) -> str:
    """Return git's id of the bytes of *file*, by the hash that gave *like*; empty when it cannot be read."""
    try:
        data = file.read_bytes()
    except OSError:
        return ""
    return hash_blob(data, like)


def hash_blob(data: bytes, like: str) -> str:
    """Return git's id of *data*, by the hash that gave *like*."""
    # git names blobs by SHA-1 unless the repository was made with SHA-256; nothing here rests on its strength
    digest = hashlib.sha256() if len(like) == 64 else hashlib.sha1(usedforsecurity=False)
    digest.update(b"blob %d\0" % len(data) + data)
    return digest.hexdigest()


def tree_id(root: Path, paths: Sequence[str]) -> str:
    """Return `tree:` and the hash of the sorted paths and bytes."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(path.encode() + b"\0")
        try:
            digest.update(hashlib.sha256((root / path).read_bytes()).digest())
        except OSError:
            digest.update(b"unreadable")
    return f"tree:{digest.hexdigest()}"
