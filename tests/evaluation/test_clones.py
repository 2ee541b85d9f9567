"""
A clone that lacks what a change is judged by fetches it, or says what to fetch.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest
from idiolect.cli import main
from idiolect.evaluation import diff
from idiolect.evaluation.request import Request
from idiolect.evaluation.run import run_check
from idiolect.mining import difference

from .slips import SLIP, check, git


def test_a_shallow_clone_is_deepened(house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """
    A clone of depth 1 finds the merge base, be it far back, by a branch or by its id.

    Without its origin it says what to set, and finds nothing by silence.
    """
    git(house, "branch", "trunk")
    for number in range(60):
        git(house, "commit", "-q", "--allow-empty", "-m", f"Pass the time {number}")
    for number in range(3):
        (house / f"n{number}.py").write_text(SLIP)
        git(house, "add", "-A")
        git(house, "commit", "-qm", f"Commit {number}")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--depth", "1", house.as_uri(), str(clone)], check=True, capture_output=True)
    lost, again = tmp_path / "lost", tmp_path / "again"
    for other in (lost, again):
        shutil.copytree(clone, other)
    git(lost, "remote", "set-url", "origin", str(tmp_path / "gone"))

    assert 3 == len(check(capsys, str(clone), "--diff", "origin/trunk")[1])
    assert 3 == len(check(capsys, str(again), "--diff", git(house, "rev-parse", "trunk"))[1])
    assert 2 == main(["check", str(lost), "--diff", "origin/trunk"])
    said = capsys.readouterr().err
    assert "fetch-depth: 0" in said and f"fatal: '{tmp_path / 'gone'}' does not appear to be a git repository" in said


@pytest.mark.parametrize("depth", ["1", "9", "99"])
@pytest.mark.parametrize("base", ["origin/main", "refs/remotes/origin/main", "main"])
def test_a_clone_of_one_branch_fetches_the_other(
    house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], depth: str, base: str
):
    """A build clones the branch that it builds, as deep as it is told: the base is there under no name yet."""
    git(house, "checkout", "-qb", "change")
    (house / "new.py").write_text(SLIP)
    git(house, "add", "-A")
    git(house, "commit", "-qm", "Change")
    git(house, "checkout", "-q", "main")
    git(house, "commit", "-q", "--allow-empty", "-m", "Go on")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth", depth, "-b", "change", house.as_uri(), str(clone))
    git(clone, "checkout", "-q", "--detach")
    if base == "main":
        git(clone, "fetch", "-q", "--depth", depth, "origin", "+refs/heads/main:refs/remotes/origin/main")

    assert (1, [("new.py", 1)]) == check(capsys, str(clone), "--diff", base)


@pytest.mark.parametrize("depth", [["--depth=3"], []])
@pytest.mark.parametrize("base", ["origin/main", "main"])
def test_a_folder_of_an_earlier_run_knows_no_old_base(
    house: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    depth: list[str],
    base: str,
):
    """A runner that keeps its checkout fetches the change alone: what came to the base since is no part of it."""
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", *depth, house.as_uri(), str(clone))
    (house / "theirs.py").write_text(SLIP)
    git(house, "add", "-A")
    git(house, "commit", "-qm", "Go on")
    git(house, "checkout", "-qb", "change")
    (house / "new.py").write_text(SLIP)
    git(house, "add", "-A")
    git(house, "commit", "-qm", "Change")
    git(clone, "fetch", "-q", *depth, "origin", "+change:refs/remotes/origin/change")
    git(clone, "checkout", "-q", "--detach", "origin/change")
    git(clone, "branch", "-qD", "main")

    monkeypatch.setenv("CI", "true")
    assert [("new.py", 1)] == check(capsys, str(clone), "--diff", base)[1]


@pytest.mark.parametrize("depth", [["--depth=1"], []])
def test_a_commit_that_no_branch_holds_any_more_is_fetched(
    house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], depth: list[str]
):
    """What was there before a forced push is known by its id alone."""
    trunk = git(house, "rev-parse", "HEAD")
    (house / "gone.py").write_text(SLIP)
    git(house, "add", "-A")
    git(house, "commit", "-qm", "Before")
    before = git(house, "rev-parse", "HEAD")
    git(house, "reset", "-q", "--hard", trunk)
    (house / "new.py").write_text(SLIP)
    git(house, "add", "-A")
    git(house, "commit", "-qm", "After")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", *depth, house.as_uri(), str(clone))

    assert (1, [("new.py", 1)]) == check(capsys, str(clone), "--diff", before)


def test_a_fetch_asks_for_the_repository_that_is_checked(
    house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """A hook of one repository may check another one, and git tells it of its own."""
    for name in ("m1.py", "m2.py"):
        (house / name).write_text(SLIP)
        git(house, "commit", "-qam", name)
    clone, other = tmp_path / "clone", tmp_path / "other"
    git(tmp_path, "clone", "-q", "--depth=1", house.as_uri(), str(clone))
    git(tmp_path, "init", "-q", str(other))
    before = git(house, "rev-parse", "HEAD~1")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))

    assert (1, [("m2.py", 1)]) == check(capsys, str(clone), "--diff", before)


def test_a_shallow_clone_knows_what_is_being_given_up(house: Path, tmp_path: Path):
    """The merge base alone says nothing of its habits' ages; the history that does is fetched with it."""
    for number in range(82):
        git(house, "commit", "-q", "--allow-empty", "-m", f"Pass the time {number}")
    (house / "young.py").write_text("".join(f"x{n} = call('a')\n" for n in range(9)))
    git(house, "add", "-A")
    git(house, "commit", "-qm", "Turn")
    git(house, "branch", "trunk")
    (house / "new.py").write_text(SLIP)
    git(house, "add", "-A")
    git(house, "commit", "-qm", "Change")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--depth", "1", house.as_uri(), str(clone)], check=True, capture_output=True)

    whole, shallow = (run_check(Request(root, base=base, names=False)) for root, base in (
        (house, "trunk"), (clone, "origin/trunk"),
    ))  # fmt: skip

    (entry,) = [e for e in whole.profile.entries if e.convention == "S01" and e.scope == "repository"]
    assert entry.is_migrating
    assert whole.profile == shallow.profile


def test_what_a_partial_clone_cannot_tell_is_asked_again(house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Which habits are young is not known without the files of before, and is as soon as they are there."""
    monkeypatch.setenv("IDIOLECT_CACHE", str(tmp_path / "cache"))
    for number in range(79):
        git(house, "commit", "-q", "--allow-empty", "-m", f"Pass the time {number}")
    (house / "old.py").write_text("".join(f"x{n} = call('a')\n" for n in range(9)))
    git(house, "commit", "-qam", "Turn")
    git(house, "config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--filter=blob:none", house.as_uri(), str(clone))
    request = Request(clone, staged=True, names=False)

    assert not any(entry.is_migrating for entry in run_check(request).profile.entries)
    git(clone, "fetch", "-q", "--refetch", "--no-filter", "origin")
    assert any(entry.is_migrating for entry in run_check(request).profile.entries)


@pytest.mark.parametrize("words", [["--staged"], ["--diff", "HEAD"]])
def test_a_partial_clone_is_told_what_it_lacks(
    house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: list[str]
):
    """Files that were left with the origin cannot be judged by: one line says what to fetch, and then they can."""
    monkeypatch.setenv("IDIOLECT_CACHE", "")
    (house / "run").mkdir()
    (house / "run" / "demo.py").write_text("b = 1\n")
    (house / "run" / "demo.py").chmod(0o755)
    git(house, "add", "-A")
    git(house, "commit", "-qm", "Run")
    git(house, "config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--filter=blob:none", "--sparse", house.as_uri(), str(clone))
    (clone / "m1.py").write_text(SLIP)
    git(clone, "add", "m1.py")
    git(clone, "remote", "set-url", "origin", str(tmp_path / "gone"))

    assert 2 == main(["check", str(clone), "--no-names", *words])
    said = capsys.readouterr().err
    assert "partial clone" in said and 1 == said.count("\n")
    git(clone, "remote", "set-url", "origin", house.as_uri())
    git(clone, *said.rpartition(": git ")[2].split())
    assert (1, [("m1.py", 1)]) == check(capsys, str(clone), *words)


@pytest.mark.parametrize("how", [["--filter=blob:none"], ["--filter=tree:0"], ["--filter=blob:none", "--depth=1"]])
@pytest.mark.parametrize("sparse", [[], ["--sparse"]])
def test_a_partial_clone_fetches_what_a_change_is_judged_by(
    house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], how: list[str], sparse: list[str]
):
    """The files of before, of its folders too where they are missing, and those that are not checked out."""
    git(house, "config", "uploadpack.allowFilter", "true")
    git(house, "checkout", "-qb", "change")
    (house / "part").mkdir()
    (house / "part" / "new.py").write_text(SLIP)
    (house / "m1.py").write_text(SLIP)
    git(house, "add", "-A")
    git(house, "commit", "-qm", "Change")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", *how, *sparse, "-b", "change", house.as_uri(), str(clone))

    assert (1, [("m1.py", 1), ("part/new.py", 1)]) == check(capsys, str(clone), "--diff", "origin/main")


@pytest.mark.parametrize("missed", ["cat-file", "diff-index", "ls-tree"])
def test_what_git_misses_while_it_moves_its_objects_is_asked_for_again(
    house: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, missed: str
):
    """After a fetch git packs its objects in the background, and who reads meanwhile finds one in neither place."""
    (house / "m1.py").write_text(SLIP)
    git(house, "add", "-A")
    begun: list[float] = []
    really = diff.git_output

    def miss_a_while(root: Path, *arguments: str, **more: object) -> bytes | None:
        if missed not in arguments:
            return really(root, *arguments, **more)  # type: ignore[arg-type]
        begun.append(time.monotonic())
        return None if begun[-1] < begun[0] + 0.1 else really(root, *arguments, **more)  # type: ignore[arg-type]

    for module in (diff, difference):
        monkeypatch.setattr(module, "git_output", miss_a_while)

    assert (1, [("m1.py", 1)]) == check(capsys, str(house), "--staged")
    assert 1 < len(begun)


def test_a_partial_clone_without_the_files_of_before_is_told_what_it_lacks(
    house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """What a changed file held before stayed with the origin, and git compares nothing without it."""
    for text in ('own = "a"\n', SLIP):
        (house / "m1.py").write_text(text)
        git(house, "commit", "-qam", "Change")
    git(house, "config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--filter=blob:none", house.as_uri(), str(clone))
    git(clone, "remote", "set-url", "origin", str(tmp_path / "gone"))

    assert 2 == main(["check", str(clone), "--no-names", "--diff", "HEAD~1"])
    assert "as a partial clone does" in capsys.readouterr().err
