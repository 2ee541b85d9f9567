"""
Fixtures of mining's tests. In: a house. Out: one that has grown over several commits.
"""

from __future__ import annotations

import pytest

from .houses import NOUNS, OLD


@pytest.fixture(name="grown")
def _grown(write_tree, commit_tree):
    """Make a repository in which six commits, one after the other, each change one function."""
    root = write_tree({f"shop/{noun}.py": OLD.format(noun=noun) for noun in NOUNS}, "grown")
    commit_tree(root, "Begin")
    for noun in NOUNS[:6]:
        file = root / "shop" / f"{noun}.py"
        file.write_text(file.read_text().replace("in prices:", f"in prices or {noun}_prices():"), "utf-8")
        commit_tree(root, f"fix({noun}): take the usual {noun} prices where none are given (#12)")
    return root
