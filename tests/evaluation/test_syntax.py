"""
Python that does not parse is found, wherever a change breaks it, and what is only new to one parser is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from idiolect.evaluation.request import Request
from idiolect.evaluation.run import run_check
from idiolect.evaluation.syntax import find_broken
from idiolect.mining.conventions.convention import conventions_by_id

from .slips import check, git, parse_text

Write = Callable[[Mapping[str, str]], Path]


def test_a_file_that_does_not_parse_is_named(house: Path):
    """What was not asked is said."""
    (house / "new.py").write_text("a = 1\ndef f(:\n")

    (note,) = run_check(Request(house, base="HEAD", names=False)).notes
    assert "1 file does not parse in places, and was not asked there: new.py:2" == note


@pytest.mark.parametrize("mode", ["lines", "new", "files", "all"])
def test_a_change_that_breaks_a_file_does_not_pass(house: Path, capsys: pytest.CaptureFixture[str], mode: str):
    """A new file or an edited one, on whichever line; a file that was broken before is old, unless all is asked."""
    (house / "older.py").write_text("def f(:\n")
    (house / "m1.py").write_text("x = (\n    1\n)\n")
    git(house, "add", "-A")
    git(house, "commit", "-qm", "Break")
    (house / "older.py").write_text("def f(:\n\n\ny = 1\n")
    (house / "m1.py").write_text("x = (\n    1\n")
    (house / "bad.py").write_text("y = 1\ndef f(:\n")
    git(house, "add", "-A")
    expected = {("bad.py", 2), ("m1.py", 1), *([("older.py", 1)] if mode in ("files", "all") else [])}

    for words in (["--diff", "HEAD"], ["--staged"]):
        code, found = check(capsys, str(house), *words, "--mode", mode)
        assert 1 == code and expected == set(found) - {("old.py", 2)}


def test_a_file_that_does_not_parse_fails_by_itself(write_tree: Write, capsys: pytest.CaptureFixture[str]):
    """Without git or a house style, too; a comment or the settings may excuse it."""
    root = write_tree({"bad.py": "def f(:\n"})
    assert (1, [("bad.py", 1)]) == check(capsys, str(root / "bad.py"))

    (root / "bad.py").write_text("# idiolect: ignore-file[P01] broken on purpose\ndef f(:\n")
    assert (0, []) == check(capsys, str(root / "bad.py"))

    (root / "bad.py").write_text("def f(:\n")
    (root / "idiolect.toml").write_text('[conventions.P01]\nignore = true\nreason = "templates"\n')
    assert (0, []) == check(capsys, str(root / "bad.py"))

    (root / "idiolect.toml").write_text('[conventions.P01]\ntier = "advise"\nreason = "templates"\n')
    (alert,) = run_check(Request(root, names=False)).alerts
    assert ("advise", "templates") == (alert.finding.entry.tier, alert.finding.entry.reason)


def test_what_tests_read_may_be_broken(house: Path, capsys: pytest.CaptureFixture[str]):
    """A folder of data inside the tests holds cases; a test of its own is held to its word."""
    cases = [house / "tests" / "data" / name for name in ("case.py", "deep/case.py", "test_case.py")]
    for case in cases:
        case.parent.mkdir(parents=True, exist_ok=True)
        case.write_text("def f(:\n")

    for words in (["--diff", "HEAD", "--mode", "new"], ["--mode", "all"]):
        found = check(capsys, str(house), *words)[1]
        assert [("tests/data/test_case.py", 1)] == [place for place in found if place[0].startswith("tests")]


def test_only_what_no_parser_reads_is_broken():
    """What departs in P01's examples is broken, and what a parser does not survive; not what one is too old for."""
    examples = conventions_by_id()["P01"].examples
    fine = [*examples.conforms, *examples.nearly, "return *[None], *more, last\n", 'x = f"{d["a"]}"\n', "x = t'{a}'\n"]
    broken = [*examples.departs, "(" * 100_000]
    sources = [parse_text(f"{n}.py", text) for n, text in enumerate([*fine, *broken])]

    assert {f"{n}.py" for n in range(len(fine), len(sources))} == set(find_broken(sources))
