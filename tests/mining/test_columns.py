"""
What a file gives is the same after it has travelled between processes.
"""

from __future__ import annotations

import pickle

from idiolect.mining.conventions.facts import CallFact
from idiolect.mining.languages import language_named
from idiolect.mining.mine_file import mine_source
from idiolect.mining.source import parse_source

CODE = '''
import os
from .store import open_store


class Reader(Base):
    """Reads."""

    @property
    def rows(self) -> list[str]:
        """The rows, in order."""
        with open_store(self.path) as store:
            if store is None:
                raise ValueError("none")
            return os.listdir("é")
'''


def test_a_python_file_travels_whole():
    """Every draft, unit, symbol, answer and fact is equal, and of its own class."""
    mined = mine_source(parse_source("house/reader.py", CODE.encode(), language_named("python")))
    back = pickle.loads(pickle.dumps(mined, 5))

    assert mined == back
    assert back.tally.opportunities
    assert all(isinstance(call, CallFact) for call in back.tally.facts.calls)
    assert {"house.store.open_store", "os.listdir"} <= {call.callee for call in back.tally.facts.calls}


def test_a_file_of_another_language_travels_whole():
    """Blocks and their entries too."""
    code = 'jobs:\n  test:\n    runs-on: "linux"\n    steps: [one, two]\n'
    mined = mine_source(parse_source("ci.yaml", code.encode(), language_named("yaml")))
    back = pickle.loads(pickle.dumps(mined, 5))

    assert mined == back
    assert back.tally.facts.blocks
