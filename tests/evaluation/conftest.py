"""
Fixtures of evaluation's tests. In: the toys. Out: one toy corpus for the session.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from idiolect.mining.corpus import Corpus

# importlib mode puts no test folder on the path; the toys are shared by several files
sys.path.insert(0, str(Path(__file__).parent))

from toys import make_corpus


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Return a toy corpus with 32 test, 12 validation and 24 training pairs."""
    return make_corpus(tmp_path_factory.mktemp("toy") / "corpus")
