"""
Of a change or the index the lines that it brings are judged, whatever it says, moves or hides.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, cast

import pytest
from idiolect.cli import main
from idiolect.evaluation.diff import Change, Snapshot, lies_in
from idiolect.evaluation.request import Request
from idiolect.evaluation.run import run_check

from .slips import HOUSE, SLIP, check, git

Write = Callable[[Mapping[str, str]], Path]


def test_the_index_is_judged_not_the_work_tree(house: Path, capsys: pytest.CaptureFixture[str]):
    """What is staged counts; what was edited since does not, in either direction."""
    (house / "new.py").write_text(SLIP)
    assert (0, []) == check(capsys, str(house), "--staged")

    git(house, "add", "new.py")
    (house / "new.py").write_text('a = "mended, not staged"\n')

    assert (1, [("new.py", 1)]) == check(capsys, str(house), "--staged")


@pytest.mark.parametrize(
    ("parts", "is_asked"),
    [
        pytest.param([], True, id="of nothing named"),
        pytest.param(["."], True, id="here"),
        pytest.param([""], True, id="the root"),
        pytest.param(["src"], True, id="its folder"),
        pytest.param(["src/"], True, id="its folder with a slash"),
        pytest.param(["src/new.py"], True, id="itself"),
        pytest.param(["docs", "src"], True, id="one of two"),
        pytest.param(["sr"], False, id="how its folder begins"),
        pytest.param(["new.py"], False, id="how it ends"),
    ],
)
def test_a_change_is_judged_in_the_parts_that_are_named(parts: list[str], is_asked: bool):
    """A part is a file or a folder by its whole name."""
    assert is_asked == lies_in("src/new.py", parts)


def test_a_script_without_an_ending_is_judged(house: Path, capsys: pytest.CaptureFixture[str]):
    """It is mined, so it is judged: whole, named, as a change and as what is staged; what is no script is not."""
    tool = house / "bin" / "tool"
    tool.parent.mkdir()
    tool.write_text(f"#!/usr/bin/env python3\n{SLIP}")
    tool.chmod(0o755)
    (house / "NOTES").write_text(SLIP)
    git(house, "add", "bin/tool", "NOTES")
    found = (1, [("bin/tool", 2)])

    assert (1, [("bin/tool", 2), ("old.py", 2)]) == check(capsys, str(house))
    assert found == check(capsys, str(tool))
    assert found == check(capsys, str(house), "--diff", "HEAD")
    assert found == check(capsys, str(house), "--staged")


WARM = """
import sys
from idiolect.mining import judge
judge.judge_source = None  # nothing is left to judge
from idiolect.cli import main
code = main(["check", sys.argv[1], "--diff", "HEAD", "--no-names"])
print(code, "numpy" in sys.modules)
"""


def test_a_second_look_at_a_change_only_reads(house: Path, capsys: pytest.CaptureFixture[str]):
    """What the first look kept is enough: of no file, nor of what it was before, is anything asked or learned again."""
    (house / "m1.py").write_text(f"{HOUSE['m1.py']}{SLIP}")
    assert (1, [("m1.py", 5)]) == check(capsys, str(house), "--diff", "HEAD")

    second = subprocess.run([sys.executable, "-c", WARM, str(house)], capture_output=True, text=True, check=True)

    assert "m1.py:5" in second.stdout
    assert second.stdout.endswith("\n1 False\n")


@pytest.mark.parametrize("words", [["-a"], ["m1.py"]])
def test_a_hook_judges_the_commit_that_is_being_made(house: Path, words: list[str]):
    """`git commit -a` and `git commit FILE` commit another index than the usual one; the hook hears of it."""
    hook = house / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\nexec '{sys.executable}' -m idiolect check --staged --no-names\n")
    hook.chmod(0o755)
    (house / "m2.py").write_text(f"{HOUSE['m2.py']}{SLIP}")
    git(house, "add", "m2.py")
    git(house, "config", "core.hooksPath", str(hook.parent))

    (house / "m1.py").write_text(f"{HOUSE['m1.py']}{SLIP}")
    with pytest.raises(subprocess.CalledProcessError) as refused:
        git(house, "commit", "-m", "Slip", *words)

    said = refused.value.stderr
    assert "m1.py:5" in said and ("m2.py:5" in said) == (words == ["-a"])
    (house / "m1.py").write_text(f'{HOUSE["m1.py"]}a = "mended"\n')
    git(house, "commit", "-m", "Mend", "m1.py")


def test_a_hook_judges_the_range_that_it_runs_for(
    house: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """pre-commit names where a range begins, in a pipeline and before a push: nothing is staged then."""
    (house / "new.py").write_text(SLIP)
    git(house, "add", "-A")
    git(house, "commit", "-qm", "Change")
    assert (0, []) == check(capsys, str(house), "--staged")

    monkeypatch.setenv("PRE_COMMIT_FROM_REF", "HEAD~1")
    monkeypatch.setenv("PRE_COMMIT_TO_REF", "HEAD")

    assert (1, [("new.py", 1)]) == check(capsys, str(house), "--staged")


@pytest.mark.parametrize("words", [["--staged"], ["--diff", "HEAD"], ["--diff", "main"]])
@pytest.mark.parametrize("mode", ["lines", "new"])
def test_a_merge_under_way_brings_nothing_of_what_it_takes_in(
    house: Path, capsys: pytest.CaptureFixture[str], words: list[str], mode: str
):
    """Who settles conflicts is not held to what others wrote, in files of theirs or in the same one."""
    git(house, "checkout", "-qb", "change")
    (house / "m1.py").write_text('x = "mine"\n')
    git(house, "commit", "-qam", "Mine")
    git(house, "checkout", "-q", "main")
    (house / "m1.py").write_text(f'x = "theirs"\nb = "b"\nc = "c"\n{SLIP}')
    (house / "theirs.py").write_text(SLIP)
    git(house, "add", "-A")
    git(house, "commit", "-qm", "Theirs")
    git(house, "checkout", "-q", "change")
    with pytest.raises(subprocess.CalledProcessError):
        git(house, "merge", "main")
    (house / "m1.py").write_text(f'x = \'settled\'\nb = "b"\nc = "c"\n{SLIP}')
    git(house, "add", "-A")

    assert (1, [("m1.py", 1)]) == check(capsys, str(house), *words, "--mode", mode)
    main(["check", str(house), *words, "--no-names"])
    assert ("a merge is under way" in capsys.readouterr().out) is (words != ["--diff", "main"])


def test_lines_that_the_base_has_taken_in_already_did_not_come_with_a_change(
    house: Path, capsys: pytest.CaptureFixture[str]
):
    """Two branches that have merged each other share two commits: what stands in either is old."""
    for branch in ("change", "main"):
        git(house, "checkout", "-q", *(["-b"] if branch == "change" else []), branch)
        (house / f"{branch}.py").write_text(SLIP)
        git(house, "add", "-A")
        git(house, "commit", "-qm", branch)
    change, trunk = git(house, "rev-parse", "change"), git(house, "rev-parse", "main")
    git(house, "merge", "-q", "--no-ff", change)
    git(house, "checkout", "-q", "change")
    git(house, "merge", "-q", "--no-ff", trunk)
    (house / "new.py").write_text(SLIP)

    for mode in ("lines", "new"):
        assert (1, [("new.py", 1)]) == check(capsys, str(house), "--diff", "main", "--mode", mode)


def test_the_first_commit_can_be_judged(house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Before there is any commit, nothing is known and nothing is found, but by the profile of another house."""
    profile = tmp_path / "profile.json"
    profile.write_text(json.dumps(run_check(Request(house, names=False)).profile.as_json()))
    root = tmp_path / "begun"
    root.mkdir()
    (root / "a.py").write_text(f"{SLIP}\n{SLIP}".rstrip())
    git(root, "init", "-q")
    git(root, "add", ".")
    (root / "a.py").write_text("")

    assert (0, []) == check(capsys, str(root), "--staged")
    assert (1, [("a.py", 1), ("a.py", 3)]) == check(capsys, str(root), "--staged", "--profile", str(profile))
    assert 2 == main(["check", str(root), "--diff", "HEAD"])
    assert "has no commit to compare with" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (["--staged"], "git cannot read the index. Run `git ls-files -s` to see why."),
        (["--diff", "HEAD"], "git cannot compare the work tree with"),
    ],
)
def test_an_index_that_cannot_be_read_is_no_empty_change(
    house: Path, capsys: pytest.CaptureFixture[str], how: list[str], said: str
):
    """What a crash left of it is told, with the command that says more; nothing passes."""
    (house / "new.py").write_text(SLIP)
    (house / ".git" / "index").write_text("torn")

    assert 2 == main(["check", str(house), *how])
    assert said in capsys.readouterr().err


def test_a_base_is_the_branch_here_before_that_of_the_origin(house: Path, capsys: pytest.CaptureFixture[str]):
    """Of two of one name it is the one that git would take; one that shares no commit is told from none."""
    git(house, "update-ref", "refs/remotes/origin/main", "HEAD")
    (house / "new.py").write_text(SLIP)
    git(house, "add", "-A")
    git(house, "commit", "-qm", "Slip")

    assert (0, []) == check(capsys, str(house), "--diff", "main")
    assert (1, [("new.py", 1)]) == check(capsys, str(house), "--diff", "origin/main")

    git(house, "checkout", "-q", "--orphan", "other")
    git(house, "commit", "-qm", "Begin again")
    assert 2 == main(["check", str(house), "--diff", "main"])
    assert "No common commit with 'main'. Fetch it first, or name another one." in capsys.readouterr().err


@pytest.mark.parametrize("how", [["--staged"], ["--diff", "HEAD"]])
def test_without_git_or_a_work_tree_no_change_is_taken_for_empty(
    house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, how: list[str]
):
    """A plain folder, a bare repository and a machine without git have no change to judge, so nothing passes."""
    bare, plain = tmp_path / "bare.git", tmp_path / "plain"
    git(tmp_path, "clone", "-q", "--bare", str(house), str(bare))
    plain.mkdir()
    (plain / "new.py").write_text(SLIP)

    assert [2, 2] == [main(["check", str(folder), *how]) for folder in (bare, plain)]
    told = capsys.readouterr().err.splitlines()
    assert ["is a bare repository", "lies in no work tree"] == [line.partition("' ")[2][:20] for line in told]

    monkeypatch.setenv("PATH", str(plain))
    assert 2 == main(["check", str(house), *how])
    assert "git is not installed" in capsys.readouterr().err


def test_new_finds_what_a_change_brings_wherever_it_moves(house: Path, capsys: pytest.CaptureFixture[str]):
    """A renamed file with shifted, edited lines has its old slip still, and one new one; `files` lists both."""
    text = (house / "old.py").read_text()
    (house / "old.py").unlink()
    (house / "renamed.py").write_text(f"import os\n\n\n{text}\nb = 'new slip'\n")
    git(house, "add", "-A")

    assert (1, [("renamed.py", 8)]) == check(capsys, str(house), "--diff", "HEAD", "--mode", "new")
    assert (1, [("renamed.py", 5), ("renamed.py", 8)]) == check(capsys, str(house), "--diff", "HEAD", "--mode", "files")


def test_a_name_of_before_is_left_to_those_who_use_it(
    write_tree: Write, commit_tree: Callable[[Path, str], None], capsys: pytest.CaptureFixture[str]
):
    """A parameter more asks for no other name of its function; a new name, or another slip of the line, counts."""
    code = "def read_all(a):\n    return []\n\n\ndef write_all(a):\n    return {}\n"
    house = write_tree({**{f"m{n}.py": code for n in range(90)}, "old.py": "def readAll(a):\n    return a\n"})
    commit_tree(house, "Begin")
    (house / "old.py").write_text("def readAll(a, b=dict()):\n    return a\n\n\ndef writeAll(a):\n    return a\n")

    assert (1, [("old.py", 1), ("old.py", 5)]) == check(capsys, str(house), "--diff", "HEAD")


@pytest.mark.parametrize(
    ("line", "count"),
    [
        pytest.param("a = 'edited'", 0, id="departed before"),
        pytest.param("a = 'edited' + 'more'", 1, id="departs once more"),
        pytest.param("a = 'edited'\nb = 'more'", 2, id="more lines"),
    ],
)
def test_what_an_edited_line_departed_in_before_did_not_come_with_the_edit(
    house: Path, capsys: pytest.CaptureFixture[str], line: str, count: int
):
    """A line in the place of one that departed in the same way adds nothing; what it adds counts."""
    text = (house / "old.py").read_text()
    (house / "old.py").write_text(text.replace(SLIP, f"{line}\n"))

    assert SLIP in text
    assert count == len(check(capsys, str(house), "--diff", "HEAD")[1])


@pytest.mark.parametrize(("times", "found"), [(1, []), (2, [("old.py", 4)])])
def test_what_moves_within_its_file_did_not_come_with_the_move(
    house: Path, capsys: pytest.CaptureFixture[str], times: int, found: list[tuple[str, int]]
):
    """Code that gets another margin keeps what it departed in; the same once more is new."""
    moved = "    if True:\n" + f"        {SLIP}" * times
    (house / "old.py").write_text((house / "old.py").read_text().replace(f"    {SLIP}", moved))

    assert (len(found), found) == check(capsys, str(house), "--diff", "HEAD")


@pytest.mark.parametrize(("slips", "kept", "count"), [(5, 4, 0), (5, 5, 1), (4, 2, 1)])
def test_one_more_is_no_slip_in_a_file_that_has_a_way_of_its_own(
    house: Path, capsys: pytest.CaptureFixture[str], slips: int, kept: int, count: int
):
    """Five departures, in most of its places, are a file's own way; in a new file they all count."""
    text = "a = 'b'\n" * slips + 'a = "b"\n' * kept
    (house / "own.py").write_text(text)
    git(house, "add", "own.py")
    assert slips == len(check(capsys, str(house), "--diff", "HEAD")[1])

    git(house, "commit", "-m", "Go another way")
    (house / "own.py").write_text(f"{text}a = 'more'\n")
    assert count == len(check(capsys, str(house), "--diff", "HEAD")[1])
    main(["check", str(house), "--no-names", "--diff", "HEAD", "--format", "junit"])
    assert (not count) == ("a way of its own is left alone" in capsys.readouterr().out)


def test_a_change_cannot_weaken_its_own_judge(house: Path, capsys: pytest.CaptureFixture[str]):
    """Settings and a baseline that the change itself brings are not those it is judged by."""
    (house / "new.py").write_text(SLIP)
    (house / "idiolect.toml").write_text('exclude = ["new.py"]\n[conventions.S01]\nignore = true\nreason = "a whim"\n')
    main(["baseline", "create", str(house)])
    git(house, "add", "-A")

    assert (1, [("new.py", 1)]) == check(capsys, str(house), "--diff", "HEAD")
    assert (1, [("new.py", 1)]) == check(capsys, str(house), "--staged")


@pytest.mark.parametrize("claim", ["# @generated\n", "# Vendored from a\n", f'TABLE = "{"x" * 9_000}"\n'])
def test_a_change_cannot_declare_itself_generated(house: Path, capsys: pytest.CaptureFixture[str], claim: str):
    """A file that was judged is judged on, whatever it says of itself now; of a new one it is said that it was not."""
    (house / "m1.py").write_text(f"{claim}{(house / 'm1.py').read_text()}{SLIP}")
    (house / "new.py").write_text(f"{claim}{SLIP}")
    code, found = check(capsys, str(house), "--diff", "HEAD")
    notes = run_check(Request(house, base="HEAD", names=False)).notes

    assert code == 1
    assert {path for path, _ in found} == {"m1.py"}
    assert [note for note in notes if "new.py" in note and "1 changed file was not asked" in note]


HIDDEN = [
    pytest.param(f"# a note\r{SLIP}", id="carriage return"),
    pytest.param("# a note\r" * 9 + SLIP, id="more lines than git counts"),
    pytest.param(f"# coding: utf-7\n# {'+AAo-' * 9}{SLIP}", id="newlines in UTF-7"),
    pytest.param("# coding: unicode_escape\n# " + "\\n" * 9 + SLIP, id="newlines that are escaped"),
]


@pytest.mark.parametrize("text", HIDDEN)
def test_no_end_of_line_hides_what_stands_behind_it(house: Path, capsys: pytest.CaptureFixture[str], text: str):
    """What Python reads as a line of its own is judged as added, wherever git's lines end."""
    (house / "new.py").write_text(text, newline="")

    assert 1 == check(capsys, str(house), "--diff", "HEAD")[0]
    assert 1 == main(["check", str(house), "--diff", "HEAD", "--no-names", "--format", "sarif"])


def test_settings_of_the_merge_base_hold(house: Path, capsys: pytest.CaptureFixture[str]):
    """An override that was there before the change decides: a tier, with its reason."""
    (house / "idiolect.toml").write_text('[conventions.S01]\ntier = "advise"\nreason = "being settled"\n')
    git(house, "add", "-A")
    git(house, "commit", "-qm", "Settle")
    (house / "new.py").write_text(SLIP)

    assert (0, [("new.py", 1)]) == check(capsys, str(house), "--diff", "HEAD")


@pytest.mark.parametrize("how", [("--staged",), ("--diff", "HEAD")])
def test_what_mends_broken_settings_can_be_judged(
    house: Path, capsys: pytest.CaptureFixture[str], how: tuple[str, ...]
):
    """Settings in two files stop every change but the one that mends them, which neither they nor its own excuse."""
    ignore = '[conventions.S01]\nignore = true\nreason = "so"\n'
    (house / "idiolect.toml").write_text(ignore)
    (house / "pyproject.toml").write_text(f"[tool.idiolect]\n{ignore.replace('[', '[tool.idiolect.')}")
    (house / ".gitattributes").write_text("made.py linguist-generated\n")
    git(house, "add", "-A")
    git(house, "commit", "-qm", "Say it twice")
    for name in ("new.py", "made.py"):
        (house / name).write_text(SLIP)
    git(house, "add", "-A")
    assert 2 == main(["check", str(house), *how])
    assert "pyproject.toml has [tool.idiolect], too: keep one of them" in capsys.readouterr().err

    git(house, "rm", "-q", "-f", "pyproject.toml")

    assert (1, [("new.py", 1)]) == check(capsys, str(house), *how)
    (note,) = run_check(Request(house, base="HEAD", names=False)).notes
    assert note.startswith("this change is judged without what it mends, which was broken: idiolect.toml: ")


def test_what_mends_a_broken_baseline_can_be_judged(house: Path, capsys: pytest.CaptureFixture[str]):
    """A merge may leave its marks in it, which stop every change but the one that takes them out, or the file."""
    past, how = house / ".idiolect-baseline.jsonl", [str(house), "--diff", "HEAD"]
    past.write_text("<<<<<<< HEAD\n")
    git(house, "add", "-A")
    git(house, "commit", "-qm", "Merge")
    (house / "new.py").write_text(SLIP)
    assert 2 == main(["check", *how])
    assert "line 1 is no entry of a baseline" in capsys.readouterr().err

    past.write_text("")
    assert (1, [("new.py", 1)]) == check(capsys, *how)
    past.unlink()
    assert (1, [("new.py", 1)]) == check(capsys, *how)
    (note,) = run_check(Request(house, base="HEAD", names=False)).notes
    assert note.startswith("this change is judged without what it mends, which was broken: .idiolect-baseline.jsonl, ")


@pytest.mark.parametrize("staged", [False, True])
def test_no_attribute_and_no_setting_hides_a_change(house: Path, capsys: pytest.CaptureFixture[str], staged: bool):
    """Code that is said to be no text is judged all the same, and so is a difference with other prefixes."""
    (house / ".gitattributes").write_text("*.py -diff -text\n")
    for key, value in {"diff.mnemonicPrefix": "true", "diff.noprefix": "true", "diff.interHunkContext": "9"}.items():
        git(house, "config", key, value)
    (house / "m1.py").write_text(f"{HOUSE['m1.py']}{SLIP}")
    git(house, "add", "-A")

    assert (1, [("m1.py", 5)]) == check(capsys, str(house), *(["--staged"] if staged else ["--diff", "HEAD"]))


def test_a_filter_of_the_repository_runs_in_no_check(house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Neither the whole tree, nor its change, nor the index is read through what a hostile configuration names."""
    (house / ".gitattributes").write_text("*.py filter=evil\n")
    git(house, "add", "-A")
    for number in range(80):
        git(house, "commit", "-q", "--allow-empty", "-m", f"Pass the time {number}")
    git(house, "config", "filter.evil.clean", f"touch {tmp_path / 'marker'}; cat")
    # the same size at another time: git cannot tell without reading, and would read through the filter
    os.utime(house / "m1.py", (1, 1))
    (house / "m2.py").write_text(f"{HOUSE['m2.py']}{SLIP}")

    found = [check(capsys, str(house), *words)[1] for words in ([], ["--diff", "HEAD"], ["--staged"])]

    assert [[("m2.py", 5), ("old.py", 2)], [("m2.py", 5)], []] == found
    assert not (tmp_path / "marker").exists()


def test_what_a_filter_stores_otherwise_is_no_change(house: Path, capsys: pytest.CaptureFixture[str]):
    """An encrypted file that nobody touched since it was checked out is not new; one that was edited is judged."""
    git(house, "config", "filter.crypt.clean", "gzip -9nc")
    git(house, "config", "filter.crypt.smudge", "gzip -dc")
    (house / ".gitattributes").write_text("secret*.py filter=crypt\n")
    for name in ("secret.py", "secret two.py"):
        (house / name).write_text(SLIP)
    git(house, "add", "-A")
    git(house, "commit", "-qm", "Encrypt")
    assert (0, []) == check(capsys, str(house), "--diff", "HEAD")

    (house / "secret two.py").write_text(SLIP + SLIP)
    assert (1, [("secret two.py", 1), ("secret two.py", 2)]) == check(capsys, str(house), "--diff", "HEAD")


@pytest.mark.parametrize("staged", [False, True])
def test_added_lines_are_found_whatever_they_hold(house: Path, capsys: pytest.CaptureFixture[str], staged: bool):
    """Lines that look like a difference's own are lines, with or without an end, and any name is a name."""
    (house / "m1.py").write_text(f"x = 1 + \\\n++ 1\n--- b/m2.py\n{SLIP}")
    (house / "m2.py").write_text(HOUSE["m2.py"].rstrip() + f"\n++ 1\n{SLIP}".rstrip())
    for name in ('quo"te.py', "a tab\t.py", "back\\slash.py", "größe.py", "a b.py", "line\nend.py"):
        (house / name).write_text(SLIP)
    git(house, "add", "-A")

    found = check(capsys, str(house), *(["--staged"] if staged else ["--diff", "HEAD"]))[1]

    assert {("m1.py", 4), ("m2.py", 6), ('quo"te.py', 1), ("a tab\t.py", 1), ("back\\slash.py", 1), ("größe.py", 1),
            ("a b.py", 1), ("line\nend.py", 1)} == set(found)  # fmt: skip


def test_line_ends_of_a_checkout_are_no_change(house: Path, capsys: pytest.CaptureFixture[str]):
    """A checkout may have other line ends than the objects; only the edited line is added."""
    (house / "old.py").write_text((house / "old.py").read_text() + f"\n\n{SLIP}", newline="\r\n")

    assert (1, [("old.py", 6)]) == check(capsys, str(house), "--diff", "HEAD")


def test_a_file_that_moved_without_git_being_told_is_a_rename(house: Path, capsys: pytest.CaptureFixture[str]):
    """What stood in it before is old, whether or not its new place is tracked yet."""
    (house / "old.py").rename(house / "moved.py")
    with (house / "moved.py").open("a") as file:
        file.write("\n\nb = 'new slip'\n")

    assert (1, [("moved.py", 6)]) == check(capsys, str(house), "--diff", "HEAD")


@pytest.mark.parametrize(("name", "found"), [("old.py", [10]), ("other.py", [2, 10])])
def test_a_copy_of_a_file_brings_no_departure_that_stood_there(
    house: Path, capsys: pytest.CaptureFixture[str], name: str, found: list[int]
):
    """Under its name in another folder, as one for each version of a library is; what the copy adds counts."""
    text = (house / "old.py").read_text() + HOUSE["m1.py"]
    (house / "old.py").write_text(text)
    git(house, "commit", "-qam", "Say more")
    (house / "late").mkdir()
    (house / "late" / name).write_text(f"{text}\n\nb = 'new slip'\n")

    for mode in ("lines", "new"):
        assert (1, [(f"late/{name}", line) for line in found]) == check(
            capsys, str(house), "--diff", "HEAD", "--mode", mode
        )


class Before(NamedTuple):
    """
    The files of a merge base, as a snapshot hands them out.
    """

    blobs: Mapping[str, bytes]

    def read(self, paths: Sequence[str]) -> list[tuple[str, bytes]]:
        return [(path, self.blobs[path]) for path in paths]


def test_a_copy_holds_most_lines_of_the_nearest_files_of_its_name():
    """
    Four lines of five are most, whatever their margins; of many files of one name the twenty nearest are read.

    A file that stood in its place before is no copy of another.
    """
    lines = [b"line %d\n" % number for number in range(10)]
    some, most, every = b"\n".join(lines[:7]), b"    ".join(lines[:8]), b"\n".join(lines)
    before = {"app/a/x.py": some, "lib/x.py": most, "app/b/max.py": every}
    crowd = {f"app/b/{number}/x.py": b"" for number in range(19)}

    far = {f"a/{number}/x.py": b"" for number in range(20)}

    def change_of(files: Mapping[str, bytes]) -> Change:
        return Change(cast("Snapshot", Before(files)), {}, {}, {})

    def source_of(files: Mapping[str, bytes]) -> str | None:
        return change_of(files).copied_from("app/b/x.py", every)

    assert "lib/x.py" == source_of(before)
    assert None is source_of({**before, "lib/x.py": some})
    assert "lib/x.py" == source_of({"lib/x.py": most, **crowd})
    assert None is source_of({**before, **crowd})
    assert "app/c/x.py" == source_of({"app/c/x.py": most, **far})
    assert "app/a/x.py" == change_of(before).earlier("app/a/x.py", most)


def test_many_renames_are_told_whatever_the_repository_allows(house: Path, capsys: pytest.CaptureFixture[str]):
    """Files that were moved and edited are no new ones because a setting, or an old git, looks at few of them."""
    git(house, "config", "diff.renameLimit", "1")
    for number in range(3):
        (house / f"m{number}.py").write_text(SLIP + "".join(f'name{n} = "file{number}"\n' for n in range(9)))
    git(house, "add", "-A")
    git(house, "commit", "-qm", "Slip")
    for number in range(3):
        text = (house / f"m{number}.py").read_text()
        (house / f"m{number}.py").unlink()
        (house / f"moved{number}.py").write_text(f"edited = 1\n{text}")

    assert (0, []) == check(capsys, str(house), "--diff", "HEAD")


def test_a_sparse_checkout_takes_nothing_away(house: Path, capsys: pytest.CaptureFixture[str]):
    """A file that is not checked out did not move to a new one that resembles it."""
    text = (house / "old.py").read_text()
    git(house, "update-index", "--skip-worktree", "old.py")
    (house / "old.py").unlink()
    (house / "new.py").write_text(text)

    assert (1, [("new.py", 2)]) == check(capsys, str(house), "--diff", "HEAD")


def test_what_a_sparse_checkout_leaves_out_is_judged(house: Path, capsys: pytest.CaptureFixture[str]):
    """A change is all of it, wherever the part that is checked out ends."""
    (house / "part").mkdir()
    (house / "part" / "new.py").write_text(SLIP)
    git(house, "add", "-A")
    git(house, "commit", "-qm", "Change")
    git(house, "sparse-checkout", "set", "other")

    assert not (house / "part").exists()
    assert (1, [("part/new.py", 1)]) == check(capsys, str(house), "--diff", "HEAD~1")


@pytest.mark.parametrize(("base", "found"), [("Command", []), ("object", [("app/late.py", 4)])])
def test_a_base_that_comes_with_a_change_may_stand_in_another_file(
    write_tree: Write, capsys: pytest.CaptureFixture[str], base: str, found: list[tuple[str, int]]
):
    """A class has the house's base through it, whatever file of the change it stands in; elsewhere it departs."""
    files = {f"app/m{n}.py": f"from app.core import Command\n\n\nclass Run{n}(Command): pass\n" for n in range(90)}
    root = write_tree({"app/core.py": "class Command: pass\n", **files})
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "Begin")
    (root / "app" / "late.py").write_text("from other.slow import SlowCommand\n\n\nclass Wait(SlowCommand): pass\n")
    (root / "other").mkdir()
    (root / "other" / "slow.py").write_text(f"class SlowCommand({base}): pass\n")
    git(root, "add", ".")

    assert (int(bool(found)), found) == check(capsys, str(root), "--diff", "HEAD", "--fail-on", "advise")


def test_a_new_file_that_departs_throughout_is_told(house: Path, capsys: pytest.CaptureFixture[str]):
    """A file of the house may have a way of its own; one that comes has none, however consistent it is."""
    (house / "new.py").write_text(SLIP * 9)
    git(house, "add", "new.py")
    assert len(check(capsys, str(house), "--diff", "HEAD")[1]) == 9

    git(house, "commit", "-m", "Go another way")
    git(house, "mv", "new.py", "moved.py")
    assert check(capsys, str(house), "--diff", "HEAD") == (0, [])
    assert check(capsys, str(house / "moved.py")) == (0, [])
