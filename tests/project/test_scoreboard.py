"""
The table of faults names tests that exist.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent
ROW = re.compile(r"^\| ([A-J]\d\d) \| .*? \| (.*?) \|$", re.MULTILINE)
NAMED = [
    (row, name)
    for row, cell in ROW.findall((TESTS / "faults" / "README.md").read_text("utf-8"))
    for name in re.findall(r"`([^`]+)`", cell)
]


def test_the_table_is_read():
    """A table in another form would let every name pass."""
    assert len({row for row, _ in NAMED}) >= 120


@pytest.mark.parametrize(("row", "name"), NAMED, ids=[f"{row} {name}" for row, name in NAMED])
def test_a_row_names_a_test_that_exists(row: str, name: str):
    """A file holds the row's id, or the function that is named."""
    file, _, function = name.partition("::")
    text = (TESTS / file).read_text("utf-8")

    assert (f"def {function}(" if function else row) in text
