"""
The accepted past: each finding as often as it was accepted, wherever its file has gone.
"""

from __future__ import annotations

import pytest
from idiolect.evaluation.baseline import SCHEMA, match_baseline, read_baseline, write_baseline
from idiolect.evaluation.identity import Key
from idiolect.mining.errors import InputError

SLIP = Key("app/a.py", "S01", "load", "0f")


def test_as_many_are_accepted_as_were_counted():
    """Two equal slips were there: a third is new, and with one gone one is left over."""
    assert [True, True, False] == match_baseline({SLIP: 2}, [SLIP] * 3, {}, ["app/a.py"]).accepted
    assert {SLIP: 1} == match_baseline({SLIP: 2}, [SLIP], {}, ["app/a.py"]).left


def test_a_file_that_git_does_not_call_renamed_keeps_what_was_accepted():
    """Of two that are gone the one with the same name is taken; what is still there lends nothing."""
    other, there = SLIP._replace(path="app/b.py"), SLIP._replace(path="old/c.py")
    moved = SLIP._replace(path="lib/b.py")

    matched = match_baseline({SLIP: 1, other: 1, there: 1}, [moved], {}, ["lib/b.py", "old/c.py"])

    assert [True] == matched.accepted
    assert {SLIP: 1, there: 1} == matched.left
    assert [False] == match_baseline({there: 1}, [moved], {}, ["lib/b.py", "old/c.py"]).accepted


def test_a_renamed_file_keeps_what_was_accepted():
    """Where git tells of the rename, also beside a file that took the old name."""
    moved = SLIP._replace(path="app/z.py")

    assert [True] == match_baseline({SLIP: 1}, [moved], {"app/z.py": "app/a.py"}, ["app/a.py", "app/z.py"]).accepted


def test_what_is_written_is_read():
    """Entries are sorted, one a line; those that count nothing are not written."""
    later = SLIP._replace(path="app/b.py")
    text = write_baseline({later: 1, SLIP: 2, SLIP._replace(rule="T03"): 0})

    assert {SLIP: 2, later: 1} == read_baseline(text.encode(), "baseline")
    assert 3 == text.count("\n")
    assert text.index("app/a.py") < text.index("app/b.py")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"schema": "idiolect.baseline/9"}', f"written as 'idiolect.baseline/9'; this version reads '{SCHEMA}'"),
        ('{"path": "a.py"}', "line 3 is no entry of a baseline"),
        ("[]", "line 3 is no entry of a baseline"),
        ("<<<<<<< ours", "line 3 is no entry of a baseline"),
    ],
)
def test_what_is_no_baseline_is_named_with_its_line(line, said):
    """Another version's file, and what a merge left behind, are told and not passed over."""
    text = f'{{"schema": "{SCHEMA}"}}\n\n{line}\n'

    with pytest.raises(InputError, match=said):
        read_baseline(text.encode(), "baseline")
