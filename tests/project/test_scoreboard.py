"""
The table of faults. In: `tests/faults/README.md`, as its benchmark reads it. Out: every test that it names exists.
"""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent


def test_every_row_names_tests_that_exist(monkeypatch: pytest.MonkeyPatch):
    """A file holds the row's id, or the function that is named; a table in another form would name nothing."""
    monkeypatch.syspath_prepend(str(TESTS.parent))
    from benchmarks.faults import read_table

    table = read_table()
    named = [(row, *name.partition("::")[::2]) for row, names in table.items() for name in names]
    gone = [
        (row, file, function)
        for row, file, function in named
        if (f"def {function}(" if function else row) not in (TESTS / file).read_text("utf-8")
    ]

    assert len(table) >= 120
    assert not gone
