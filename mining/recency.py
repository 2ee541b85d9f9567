"""
Which lines are young. In: a work tree or a commit. Out: the lines that its last commits added, by path.

A convention that most of the code keeps and recent lines do not is on its way out; see `profile.Entry.is_migrating`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .difference import compare_commits, compare_work_tree
from .git import git_output

COMMITS = 80
"""First parents to look back (the catalogue's common rules)."""


def recent_lines(root: Path, commit: str = "", commits: int = COMMITS) -> Mapping[str, frozenset[int]]:
    """
    Return the lines that the last *commits* commits up to *commit*, or to the work tree, added and that still stand.

    Nothing where git knows no history that long: then no line is known to be younger than another.
    """
    return known_recent_lines(root, commit, commits) or {}


def known_recent_lines(root: Path, commit: str, commits: int = COMMITS) -> Mapping[str, frozenset[int]] | None:
    """Return what `recent_lines` does, or None where git cannot tell now, as where a partial clone lacks files."""
    base = git_output(root, "rev-parse", "--verify", "--quiet", f"{commit or 'HEAD'}~{commits}^{{commit}}")
    if base is None:
        return {}
    old = base.decode().strip()
    found = compare_commits(root, old, commit) if commit else compare_work_tree(root, old, untracked=False)
    return found and found.added
