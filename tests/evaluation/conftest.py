"""
Fixtures of evaluation's tests. In: the toys and slips. Out: one toy corpus for the session, and a house with a slip.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from idiolect.mining.corpus import Corpus

# importlib mode puts no test folder on the path; the toys are shared by several files
sys.path.insert(0, str(Path(__file__).parent))

from slips import HOUSE, SLIP
from toys import make_corpus


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Return a toy corpus with 32 test, 12 validation and 24 training pairs."""
    return make_corpus(tmp_path_factory.mktemp("toy") / "corpus")


@pytest.fixture(name="house")
def _house(write_tree: Callable[[Mapping[str, str]], Path], commit_tree: Callable[[Path, str], None]) -> Path:
    """Ninety files that use double quotes, and one old slip, committed."""
    root = write_tree({**HOUSE, "old.py": f"def f():\n    {SLIP}    return a\n"})
    commit_tree(root, "Begin")
    return root
