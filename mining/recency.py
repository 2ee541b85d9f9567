"""
Which lines are young. In: a work tree or a commit. Out: the lines that its last commits added, by path.

A convention that most of the code keeps and recent lines do not is on its way out; see `profile.Entry.is_migrating`.
"""

from __future__ import annotations

import re
from pathlib import Path

from .repository import git_output

COMMITS = 80
"""First parents to look back (the catalogue's common rules)."""
HUNK = re.compile(rb"^@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@")


def recent_lines(root: Path, commit: str = "", commits: int = COMMITS) -> dict[str, frozenset[int]]:
    """
    Return the lines that the last *commits* commits up to *commit*, or to the work tree, added and that still stand.

    Nothing where git knows no history that long: then no line is known to be younger than another.
    """
    base = git_output(root, "rev-parse", "--verify", "--quiet", f"{commit or 'HEAD'}~{commits}^{{commit}}")
    if base is None:
        return {}
    ends = [base.decode().strip(), *([commit] if commit else [])]
    # renamed files keep their age: without -M all their lines would count as new
    diff = git_output(root, "diff", "--no-ext-diff", "--no-textconv", "-M", "-U0", "--no-color", "--relative", *ends)
    return added_lines(diff or b"")


def added_lines(diff: bytes) -> dict[str, frozenset[int]]:
    """Return the lines that a diff without context adds, by path."""
    lines: dict[str, set[int]] = {}
    path = ""
    for line in diff.split(b"\n"):
        if line.startswith(b"+++ "):
            name = line[4:].decode("utf-8", "replace").rstrip("\t")
            path = "" if name == "/dev/null" else name.removeprefix("b/")
        elif path and (hunk := HUNK.match(line)):
            first, count = int(hunk[1]), int(hunk[2] or 1)
            lines.setdefault(path, set()).update(range(first, first + count))
    return {name: frozenset(found) for name, found in lines.items()}
