"""
Files that git stores otherwise than they stand here: large ones, encrypted ones. In: names. Out: those nobody touched.

Which filter does that is never run; the index notes how a file was when git last wrote or read it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from .git import git_output

ATTRIBUTES = ("filter", "working-tree-encoding")
UNSAID = frozenset({b"unspecified", b"unset"})
NOTED = re.compile(
    rb"([^\0]+)\0  ctime: [\d:]+\n  mtime: (\d+):(\d+)\n  dev: .*\n  uid: .*\n  size: (\d+)\tflags: [0-9a-f]+\n"
)
"""What git says of an entry of the index."""


def find_untouched(root: Path, names: Sequence[bytes]) -> set[bytes]:
    """Return those of *names* that attributes have git transform, and that are as git left them."""
    told = git_output(root, "check-attr", "-z", "--stdin", *ATTRIBUTES, given=b"\0".join(names)) if names else None
    rows = (told or b"").split(b"\0")
    filtered = {name for name, value in zip(rows[::3], rows[2::3], strict=False) if value not in UNSAID}
    return {name for name in noted_alike(root) if name in filtered} if filtered else set()


def noted_alike(root: Path) -> Iterator[bytes]:
    """Yield the names of the files under *root* that have the size and the time that the index notes."""
    for name, *numbers in NOTED.findall(git_output(root, "ls-files", "-z", "--debug") or b""):
        seconds, part, size = map(int, numbers)
        try:
            about = os.lstat(root / os.fsdecode(name))
        except OSError:
            continue
        whole, rest = divmod(about.st_mtime_ns, 1_000_000_000)
        # some programs note whole seconds
        if about.st_size == size and whole == seconds and part in (0, rest):
            yield name
