"""
What files answer is asked once for what they hold, and kept answers change no profile.
"""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from idiolect.cli import main
from idiolect.evaluation import learning, tallies
from idiolect.evaluation.learning import WorkTree, learn_tree
from idiolect.evaluation.request import Request
from idiolect.evaluation.run import run_check
from idiolect.mining import judge
from idiolect.mining.conventions.tally import tally_source
from idiolect.mining.languages import language_named, use_languages
from idiolect.mining.own_languages import read_own_languages
from idiolect.mining.settings import Settings
from idiolect.mining.source import Source

from .slips import SLIP

DSL = Path(__file__).parent.parent.parent / "samples" / "dsl"

Commit = Callable[[Path, str], None]


@pytest.fixture(name="asked")
def _asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the paths of the files that are asked from here on, in an empty cache."""
    asked: list[str] = []

    def tally(source: Source, *more: object) -> object:
        asked.append(source.path)
        return tally_source(source, *more)

    monkeypatch.setenv("IDIOLECT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(learning, "tally_source", tally)
    return asked


def test_a_check_of_the_tree_asks_each_file_once(house: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch):
    """What was learned from is judged by the same answers; where none are kept, it is asked anew, with the same end."""
    again: list[str] = []

    def tally(source: Source, *more: object) -> object:
        again.append(source.path)
        return tally_source(source, *more)

    monkeypatch.setattr(judge, "tally_source", tally)
    (house / "m1.py").write_text((house / "m1.py").read_text() + SLIP)

    first = run_check(Request(house, names=False))
    assert asked and [] == again
    monkeypatch.setenv("IDIOLECT_CACHE", "")
    second = run_check(Request(house, names=False))

    assert sorted(asked[: len(asked) // 2]) == sorted(again)
    assert first.alerts and [a.finding for a in first.alerts] == [a.finding for a in second.alerts]


def test_only_files_that_changed_are_asked_again(house: Path, asked: list[str]):
    """Of a work tree; one that is taken back, or held twice under one name, was asked before."""
    first = learn_tree(WorkTree(house, Settings()))
    assert len(asked) == len(set(asked)) == first.files
    before = (house / "m1.py").read_text()
    asked.clear()

    assert first == learn_tree(WorkTree(house, Settings()))
    assert [] == asked
    (house / "m1.py").write_text(before + SLIP)
    (house / "m2.py").rename(house / "n2.py")
    learn_tree(WorkTree(house, Settings()))
    assert ["m1.py", "n2.py"] == asked
    (house / "m1.py").write_text(before)
    (house / "n2.py").rename(house / "m2.py")
    assert first == learn_tree(WorkTree(house, Settings()))
    assert ["m1.py", "n2.py"] == asked


def test_a_commit_is_learned_from_what_an_earlier_one_holds(house: Path, commit_tree: Commit, asked: list[str]):
    """A hook that judges each commit by the one before it asks the files of one commit."""
    run_check(Request(house, base="HEAD", names=False))
    asked.clear()
    (house / "new.py").write_text("x = 1\n")
    commit_tree(house, "Go on")
    (house / "m1.py").write_text(SLIP)

    alerts = run_check(Request(house, base="HEAD", names=False)).alerts

    assert ["new.py"] == asked
    assert ["m1.py"] == [alert.finding.path for alert in alerts]


def test_what_is_accepted_is_told_apart_in_kept_files_too(
    house: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch
):
    """A baseline asks the file itself, whether or not its answers are kept."""
    for number in range(3):
        (house / f"late{number}.py").write_text(SLIP)
    assert 0 == main(["baseline", "create", str(house)])
    asked.clear()

    kept = run_check(Request(house, names=False))
    assert [] == asked
    monkeypatch.setenv("IDIOLECT_CACHE", "")

    assert kept.profile == run_check(Request(house, names=False)).profile
    assert kept.profile != learn_tree(WorkTree(house, Settings()))
    assert "old.py" in asked


def test_many_files_are_asked_by_all_processors(house: Path, monkeypatch: pytest.MonkeyPatch):
    """Workers know the user's own languages, and what they answer is what one process answers."""
    monkeypatch.setenv("IDIOLECT_CACHE", "")
    (house / "a.tend").write_text("switch fan\n" * 3)
    (house / "b.tend").write_text("switch lamp\n" * 3)
    files = [
        tallies.File(path.name, path.read_bytes(), language_named("python")) for path in sorted(house.glob("*.py"))
    ]
    try:
        use_languages(read_own_languages(DSL / "language.toml"))
        alone = learn_tree(WorkTree(house, Settings()))
        monkeypatch.setattr(tallies, "MUCH", 0)
        monkeypatch.setattr(os, "cpu_count", lambda: 2)
        spread = learn_tree(WorkTree(house, Settings()))
    finally:
        use_languages(())

    assert alone == spread
    assert alone.files == len(files) + 2
    # a worker that dies leaves its files, and those after it, to the process that began it
    assert [file.path for file in files] == list(tallies.ask_all(files, name_or_die))


def name_or_die(path: str, _: bytes) -> str:
    """Return *path*, or end the worker that asks for one in the middle."""
    if path == "m5.py" and multiprocessing.parent_process() is not None:
        os._exit(3)
    return path


@pytest.mark.parametrize("damage", ["others may write", "no database", "half a value"])
def test_a_damaged_cache_is_no_cache(house: Path, tmp_path: Path, asked: list[str], damage: str):
    """Whatever is in it, the profile is that of the files."""
    first = learn_tree(WorkTree(house, Settings()))
    asked.clear()
    folder = tmp_path / "cache" / "tallies"
    if damage == "others may write":
        folder.chmod(0o777)
    elif damage == "no database":
        (folder / "files.sqlite").write_bytes(b"no database")
    else:
        with sqlite3.connect(folder / "files.sqlite") as connection:
            connection.execute("UPDATE mined SET value = substr(value, 1, length(value) / 2)")
        connection.close()

    assert first == learn_tree(WorkTree(house, Settings()))
    assert first.files == len(asked)
