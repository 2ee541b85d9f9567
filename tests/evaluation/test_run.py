"""
What a run was given and did not ask is said, so that no silence is taken for praise.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from idiolect.cli import main
from idiolect.evaluation import learning, run
from idiolect.evaluation.run import Request, run_check

from .slips import SLIP, git

Commit = Callable[[Path, str], None]


def test_a_run_with_nothing_staged_says_so(house: Path, capsys: pytest.CaptureFixture[str]):
    """Where hooks run over what is committed, silence would be taken for praise."""
    (house / "notes.txt").write_text("No code.\n")
    git(house, "add", "-A")

    assert 0 == main(["check", str(house), "--staged"])
    assert "no line of code is staged" in capsys.readouterr().out

    (house / "new.py").write_text('b = "c"\n')
    git(house, "add", "-A")

    assert 0 == main(["check", str(house), "--staged"])
    assert "no line of code is staged" not in capsys.readouterr().out


def test_a_named_place_without_code_to_ask_is_said(house: Path, capsys: pytest.CaptureFixture[str]):
    """A path that is left alone passes, and is no praise of what it holds."""
    (house / "vendor").mkdir()
    (house / "vendor" / "theirs.py").write_text(SLIP)

    for named, is_said in (("vendor", True), ("vendor/theirs.py", True), ("m1.py", False)):
        assert 0 == main(["check", str(house / named), "--no-names"])
        assert is_said == ("nothing that was named holds code" in capsys.readouterr().out)


def test_code_that_no_grammar_reads_is_counted(house: Path, commit_tree: Commit):
    """Of the whole tree all of it but what is excluded, of a change its own files, of a folder those in it."""
    for name in ("a.lua", "lib/b.lua", "lib/c.pl", "vendor/d.lua", "lib/e.txt"):
        (house / name).parent.mkdir(exist_ok=True)
        (house / name).write_text("x = 1\n")
    commit_tree(house, "Add code of other languages")
    (house / "lib/c.pl").write_text("x = 2\n")

    def notes(**asked: object) -> tuple[str, ...]:
        return run_check(Request(house, names=False, **asked)).notes

    assert ("3 files of languages that are not read (.lua, .pl)",) == notes()
    assert ("1 file of a language that is not read (.pl)",) == notes(base="HEAD")
    assert ("2 files of languages that are not read (.lua, .pl)",) == notes(paths=("lib",))
    assert () == notes(base="HEAD", paths=("m1.py",))


def test_a_grammar_that_is_not_installed_is_said_and_stops_nothing(house: Path, monkeypatch: pytest.MonkeyPatch):
    """The plain installation reads Python; other files are counted, and the check goes on."""
    for module in (learning, run):
        monkeypatch.setattr(module, "has_grammar", lambda language: language.name == "python")
    (house / "ci.yaml").write_text("a: 1\n")

    report = run_check(Request(house, names=False))

    assert any("1 file was not asked (yaml)" in note for note in report.notes)
