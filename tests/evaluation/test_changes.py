"""
Changes, the index, excuses and the accepted past, on small real repositories.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from idiolect.cli import main
from idiolect.evaluation import learning, run
from idiolect.evaluation.baseline import read_baseline, write_baseline
from idiolect.evaluation.findings import Report
from idiolect.evaluation.identity import Key
from idiolect.evaluation.learning import learn_tree
from idiolect.evaluation.resolver import find_resolver
from idiolect.evaluation.run import Request, run_check
from idiolect.evaluation.suppression import collect_suppressions
from idiolect.evaluation.syntax import find_broken
from idiolect.mining.conventions.convention import conventions_by_id
from idiolect.mining.languages import language_named
from idiolect.mining.settings import Settings
from idiolect.mining.source import Source, parse_source

Write = Callable[[Mapping[str, str]], Path]
Commit = Callable[[Path, str], None]
HOUSE = {f"m{i}.py": 'x = "a"\ny = "b"\nz = "c"\nv = "d"\n' for i in range(90)}
SLIP = "a = 'slip'\n"


def git(root: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def parse_text(path: str, text: str) -> Source:
    return parse_source(path, text.encode(), language_named("python"))


def check(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[tuple[str, int]]]:
    """Run `check` and return its exit code and where it found something."""
    capsys.readouterr()
    code = main(["check", *arguments, "--format", "json", "--no-names"])
    said = json.loads(capsys.readouterr().out)
    return code, [(finding["path"], finding["line"]) for finding in said["findings"]]


@pytest.fixture(name="house")
def _house(write_tree: Write, commit_tree: Commit) -> Path:
    """Ninety files that use double quotes, and one old slip, committed."""
    root = write_tree({**HOUSE, "old.py": f"def f():\n    {SLIP}    return a\n"})
    commit_tree(root, "Begin")
    return root


def test_the_index_is_judged_not_the_work_tree(house: Path, capsys: pytest.CaptureFixture[str]):
    """What is staged counts; what was edited since does not, in either direction."""
    (house / "new.py").write_text(SLIP)
    assert (0, []) == check(capsys, str(house), "--staged")

    git(house, "add", "new.py")
    (house / "new.py").write_text('a = "mended, not staged"\n')

    assert (1, [("new.py", 1)]) == check(capsys, str(house), "--staged")


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


def test_the_first_commit_can_be_judged(write_tree: Write, capsys: pytest.CaptureFixture[str]):
    """Before there is any commit, nothing is known and nothing is found."""
    root = write_tree({"a.py": SLIP})
    git(root, "init", "-q")
    git(root, "add", ".")

    assert (0, []) == check(capsys, str(root), "--staged")


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
    assert 2 == capsys.readouterr().err.count("lies in no work tree of git")

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


def test_a_change_cannot_weaken_its_own_judge(house: Path, capsys: pytest.CaptureFixture[str]):
    """Settings and a baseline that the change itself brings are not those it is judged by."""
    (house / "new.py").write_text(SLIP)
    (house / "idiolect.toml").write_text('exclude = ["new.py"]\n[conventions.S01]\nignore = true\nreason = "a whim"\n')
    main(["baseline", "create", str(house)])
    git(house, "add", "-A")

    assert (1, [("new.py", 1)]) == check(capsys, str(house), "--diff", "HEAD")
    assert (1, [("new.py", 1)]) == check(capsys, str(house), "--staged")


@pytest.mark.parametrize("claim", ["# @generated\n", f'TABLE = "{"x" * 9_000}"\n'])
def test_a_change_cannot_declare_itself_generated(house: Path, capsys: pytest.CaptureFixture[str], claim: str):
    """A file that was judged is judged on, whatever it says of itself now; of a new one it is said that it was not."""
    (house / "m1.py").write_text(f"{claim}{(house / 'm1.py').read_text()}{SLIP}")
    (house / "new.py").write_text(f"{claim}{SLIP}")
    code, found = check(capsys, str(house), "--diff", "HEAD")
    notes = run_check(Request(house, base="HEAD", names=False)).notes

    assert code == 1
    assert {path for path, _ in found} == {"m1.py"}
    assert [note for note in notes if "new.py" in note and "1 changed file was not asked" in note]


def test_settings_of_the_merge_base_hold(house: Path, capsys: pytest.CaptureFixture[str]):
    """An override that was there before the change decides: a tier, with its reason."""
    (house / "idiolect.toml").write_text('[conventions.S01]\ntier = "advise"\nreason = "being settled"\n')
    git(house, "add", "-A")
    git(house, "commit", "-qm", "Settle")
    (house / "new.py").write_text(SLIP)

    assert (0, [("new.py", 1)]) == check(capsys, str(house), "--diff", "HEAD")


def test_a_shallow_clone_is_deepened(house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A clone of depth 1 finds the merge base; without its origin it says what to set, and finds nothing by silence."""
    git(house, "branch", "trunk")
    for number in range(3):
        (house / f"n{number}.py").write_text(SLIP)
        git(house, "add", "-A")
        git(house, "commit", "-qm", f"Commit {number}")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--depth", "1", house.as_uri(), str(clone)], check=True, capture_output=True)
    lost = tmp_path / "lost"
    shutil.copytree(clone, lost)
    git(lost, "remote", "set-url", "origin", str(tmp_path / "gone"))

    assert 3 == len(check(capsys, str(clone), "--diff", "origin/trunk")[1])
    assert 2 == main(["check", str(lost), "--diff", "origin/trunk"])
    assert "fetch-depth: 0" in capsys.readouterr().err


@pytest.mark.parametrize("depth", ["1", "9", "99"])
@pytest.mark.parametrize("base", ["origin/main", "main"])
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

    assert 2 == main(["check", str(clone), "--no-names", *words])
    said = capsys.readouterr().err
    assert "partial clone" in said and 1 == said.count("\n")
    git(clone, *said.rpartition(": git ")[2].split())
    assert (1, [("m1.py", 1)]) == check(capsys, str(clone), *words)


def test_a_file_that_does_not_parse_is_named(house: Path):
    """What was not asked is said."""
    (house / "new.py").write_text("a = 1\ndef f(:\n")

    (note,) = run_check(Request(house, base="HEAD", names=False)).notes
    assert "1 file does not parse in places, and was not asked there: new.py:2" == note


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


def test_comments_excuse_with_a_reason(house: Path, capsys: pytest.CaptureFixture[str]):
    """On the line, above it, for the file; not without a reason, not in a string, and not for another rule."""
    (house / "new.py").write_text(
        "a = 'x'  # idiolect: ignore[S01] quoted from the standard\n"
        "# idiolect: ignore[S01] so is this\n"
        "b = 'x'\n"
        "c = 'x'  # idiolect: ignore[S01]\n"
        "d = 'x'  # idiolect: ignore[X04] not this one\n"
        "e = 'idiolect: ignore[S01] a string'\n"
        'f = "x"\n'
    )
    (house / "whole.py").write_text("# idiolect: ignore-file[S01, N01] written by a machine\na = 'x'\nb = 'y'\n")

    found = check(capsys, str(house), "--diff", "HEAD")[1]

    assert [("new.py", 4), ("new.py", 5), ("new.py", 6)] == found
    main(["check", str(house), "--diff", "HEAD", "--no-names"])
    said = capsys.readouterr().out
    assert "4 excused by a comment" in said
    assert (
        "new.py:4: note: ignore[S01] gives no reason" in said and "new.py:5: note: ignore[X04] excuses nothing" in said
    )


def test_an_excuse_for_a_name_is_not_called_idle_where_no_name_is_asked(house: Path):
    """A resolver, or what is installed, may be missing on this machine alone."""
    (house / "new.py").write_text(
        "import json\n\n"
        "x = json.lods  # idiolect: ignore[A11] put in as it runs\n"
        "y = json.lods  # idiolect: ignore[A11[attribute]] put in as it runs\n"
        "z = json.load  # idiolect: ignore[S01] no more\n"
    )

    (file,) = run_check(Request(house, ("new.py",), names=False)).files

    assert [5] == [line for line, _ in file.remarks]


def test_a_comment_names_a_rule_as_it_is_printed():
    """Rules may carry a key in brackets, with commas in it, alone or among others."""
    text = (
        "x = 1  # idiolect: ignore[D05[closing quotes]] kept for the reader\n"
        "y = 1  # idiolect: ignore[S01, Q01[yaml: a, b], I01[numpy]] so it was\n"
    )

    assert [("D05[closing quotes]",), ("S01", "Q01[yaml: a, b]", "I01[numpy]")] == [
        found.rules for found in collect_suppressions(parse_text("a.py", text)) if found.reason
    ]


def test_a_baseline_survives_shift_move_and_rename(house: Path, capsys: pytest.CaptureFixture[str]):
    """What was accepted stays so wherever it goes; one more of the same in the same place does not."""
    assert 0 == main(["baseline", "create", str(house)])
    assert 0 == check(capsys, str(house))[0]
    assert not re.search(r'"line"', (house / ".idiolect-baseline.jsonl").read_text())

    text = (house / "old.py").read_text()
    (house / "old.py").unlink()
    (house / "sub").mkdir()
    (house / "sub" / "old.py").write_text(f'"""Moved."""\n\n\ndef g():\n    return 1\n\n\n{text}')
    assert (0, []) == check(capsys, str(house))

    (house / "sub" / "old.py").write_text(f"{text}    b = 'slip'\n")
    assert (1, [("sub/old.py", 4)]) == check(capsys, str(house))


@pytest.mark.parametrize("mode", ["lines", "new", "files", "all"])
def test_an_accepted_slip_excuses_no_other_like_it(house: Path, capsys: pytest.CaptureFixture[str], mode: str):
    """The entry of the baseline is that of the slip which was there, above or below the new one."""
    main(["baseline", "create", str(house)])
    git(house, "add", "-A")
    git(house, "commit", "-qm", "Accept")
    (house / "old.py").write_text(f"def f():\n    {SLIP}    b = 'slip'\n    return a\n")
    assert 1 == check(capsys, str(house))[0]
    assert (1, [("old.py", 3)]) == check(capsys, str(house), "--diff", "HEAD", "--mode", mode)

    (house / "old.py").write_text(f"def f():\n    b = 'slip'\n    {SLIP}    return a\n")
    code, found = check(capsys, str(house), "--diff", "HEAD", "--mode", mode)
    assert 1 == code and 1 == len(found)

    (house / "old.py").write_text(f"def f():\n    {SLIP}    c = 1\n    return a\n")
    assert (0, []) == check(capsys, str(house), "--diff", "HEAD", "--mode", mode)


def test_a_baseline_only_shrinks(house: Path, capsys: pytest.CaptureFixture[str]):
    """`update` takes in nothing new without --allow-new; what is mended is reported, then pruned."""
    main(["baseline", "create", str(house)])
    assert "1 finding accepted" in capsys.readouterr().out
    assert 2 == main(["baseline", "create", str(house)])
    (house / "new.py").write_text(SLIP)
    assert 0 == main(["baseline", "update", str(house)])
    assert 1 == check(capsys, str(house))[0]

    capsys.readouterr()
    assert 0 == main(["baseline", "update", str(house), "--allow-new"])
    assert "+ new.py: S01" in capsys.readouterr().out
    assert (0, []) == check(capsys, str(house))

    (house / "new.py").write_text('a = "mended"\n')
    assert 1 == run_check(Request(house, names=False)).paid
    main(["baseline", "prune", str(house)])
    assert "- new.py: S01" in capsys.readouterr().out
    assert 0 == run_check(Request(house, names=False)).paid
    main(["baseline", "show", str(house)])
    said = capsys.readouterr().out
    assert "old.py: S01 in f × 1" in said and "1 finding, 1 rule" in said


def test_a_broken_baseline_is_named_with_its_line(house: Path, capsys: pytest.CaptureFixture[str]):
    """A line that is no entry is refused."""
    (house / ".idiolect-baseline.jsonl").write_text('{"schema": "idiolect.baseline/1"}\nnothing\n')

    assert 2 == main(["check", str(house)])
    assert "line 2" in capsys.readouterr().err


def test_a_long_past_makes_a_large_baseline(house: Path, capsys: pytest.CaptureFixture[str]):
    """However many slips were accepted, they stay so, and can be pruned."""
    assert 0 == main(["baseline", "create", str(house)])
    past = {Key(f"a/folder/of/long/ago/file{number}.py", "S01", "", "0" * 16): 1 for number in range(10_000)}
    with (house / ".idiolect-baseline.jsonl").open("a") as file:
        file.write(write_baseline(past).partition("\n")[2])

    assert (0, []) == check(capsys, str(house))
    assert 0 == main(["baseline", "prune", str(house)])
    assert "10,000 findings dropped, 1 left" in capsys.readouterr().out


def test_a_baseline_is_read_as_it_was_written():
    """The key of a rule may hold what some call a line end; so may a file that was checked out with other line ends."""
    baseline = {Key("a.py", "Q03[yaml: a\u2028b\x85c]", "f", "0"): 2, Key("b.py", "S01", "", "1"): 1}

    written = write_baseline(baseline)

    for text in (written, written.replace("\n", "\r\n")):
        assert baseline == read_baseline(text.encode(), "b")


def test_fix_mends_added_lines_only(house: Path, capsys: pytest.CaptureFixture[str]):
    """--fix with --diff leaves older slips of the same file alone, and a second run changes nothing."""
    with (house / "old.py").open("a") as file:
        file.write("\n\nb = 'new'\n")

    assert (0, []) == check(capsys, str(house), "--diff", "HEAD", "--fix")
    once = (house / "old.py").read_text()
    assert 'b = "new"' in once and "a = 'slip'" in once
    check(capsys, str(house), "--diff", "HEAD", "--fix")
    assert once == (house / "old.py").read_text()


def test_fix_mends_only_what_is_listed(house: Path, capsys: pytest.CaptureFixture[str]):
    """What the baseline accepts stays, and what is below the tiers that are shown; how much was mended is said."""
    main(["baseline", "create", str(house)])
    (house / "slip.py").write_text(SLIP)
    settings = house / "idiolect.toml"
    settings.write_text('[conventions.S01]\ntier = "hint"\nreason = "being settled"\n')
    words = ["check", str(house), "--fix", "--no-names"]
    capsys.readouterr()

    assert 0 == main(words)
    assert "0 places in 0 files mended" in capsys.readouterr().err and SLIP == (house / "slip.py").read_text()
    settings.unlink()
    assert 0 == main(words)
    assert "1 place in 1 file mended" in capsys.readouterr().err
    assert "'slip'" in (house / "old.py").read_text() and SLIP != (house / "slip.py").read_text()


def test_lines_that_a_fix_shifts_are_judged(write_tree: Write, commit_tree: Commit, capsys: pytest.CaptureFixture[str]):
    """A mending that adds a line moves what follows it; that is still of the change."""
    house = 'def go() -> int:\n    """\n    Go.\n\n    There.\n    """\n    return 1\n'
    root = write_tree({f"m{i}.py": house for i in range(90)})
    commit_tree(root, "Begin")
    with (root / "m1.py").open("a") as file:
        file.write('\n\ndef go_on() -> int:\n    """Go.\n\n    On.\n    """\n    return 1\n\n\ndef TooLate(): pass\n')

    code, found = check(capsys, str(root), "--diff", "HEAD", "--fix")

    text = (root / "m1.py").read_text()
    assert '"""\n    Go.\n\n    On.' in text
    assert 1 == code and {("m1.py", text.count("\n"))} == set(found)


def test_several_outputs_of_one_run(house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Each --output is written; an unknown format is refused before any work."""
    outputs = [f"--output={name}={tmp_path / name}" for name in ("sarif", "junit", "gitlab", "markdown")]
    assert 1 == main(["check", str(house), "--no-names", *outputs])
    assert {"sarif", "junit", "gitlab", "markdown"} <= {file.name for file in tmp_path.iterdir()}

    assert 2 == main(["check", str(house), "--output", f"xml={tmp_path / 'x'}"])
    assert "junit" in capsys.readouterr().err and not (tmp_path / "x").exists()


def test_an_output_stays_the_link_or_the_pipe_that_it_is(house: Path, tmp_path: Path):
    """What the shell opened for a reader is written to, and a link to another place is followed."""
    pipe, link, place = tmp_path / "pipe", tmp_path / "link", tmp_path / "place"
    os.mkfifo(pipe)
    link.symlink_to(place)
    descriptor = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert 1 == main(["check", str(house), "--no-names", f"--output=gitlab={pipe}", f"--output=gitlab={link}"])
        said = os.read(descriptor, 100_000).decode()
    finally:
        os.close(descriptor)

    assert pipe.is_fifo() and link.is_symlink()
    assert said == place.read_text() and "S01" in said


def test_an_output_that_cannot_be_written_is_said(house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A missing folder is refused before any work and not made; what the system refuses to write is one line."""
    assert 2 == main(["check", str(house), "--no-names", f"--output=sarif={tmp_path / 'no' / 'x.sarif'}"])
    assert "there is no folder" in capsys.readouterr().err and not (tmp_path / "no").exists()

    assert 2 == main(["check", str(house), "--no-names", f"--output=sarif={house}"])
    assert f"Cannot write {str(house)!r}" in capsys.readouterr().err


def test_a_learned_profile_is_kept_and_never_trusted(house: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The second run reads what the first one learned; a cache that was tampered with is learned anew."""
    monkeypatch.setenv("IDIOLECT_CACHE", str(tmp_path / "cache"))
    (house / "new.py").write_text(SLIP)
    request = Request(house, base="HEAD", names=False)
    first = run_check(request)
    (kept,) = (tmp_path / "cache" / "profiles").iterdir()

    assert first.profile == run_check(request).profile
    kept.write_text('{"entries": [{"convention": 1}]}')
    assert [a.key for a in first.alerts] == [a.key for a in run_check(request).alerts]


@pytest.mark.skipif(find_resolver() is None, reason="no resolver installed")
def test_a_named_profile_of_other_rules_is_said(house: Path, tmp_path: Path):
    """A rule that is not installed here, or asks otherwise, is not kept in silence."""
    profile = learn_tree(house, Settings()).as_json()
    file = tmp_path / "profile.json"
    request = Request(house, profile=file, names=False)

    file.write_text(json.dumps(profile))
    assert not run_check(request).notes

    profile["versions"]["S01"] += 1
    file.write_text(json.dumps(profile))
    (note,) = run_check(request).notes
    assert "1 rule of the profile is another here, or not installed: S01." in note


def test_what_was_learned_without_a_grammar_is_not_held_for_all(
    write_tree: Write, commit_tree: Commit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A grammar that is installed after the first check has its language learned, although nothing else changed."""
    monkeypatch.setenv("IDIOLECT_CACHE", str(tmp_path / "cache"))
    house = write_tree({f"m{i}.js": 'const x = "a";\nconst y = "b";\n' for i in range(90)})
    commit_tree(house, "Begin")
    (house / "new.js").write_text("const z = 'slip';\n")
    request = Request(house, base="HEAD", names=False)
    installed = importlib.metadata.version

    def version(package: str) -> str:
        if package == "tree_sitter_javascript":
            raise importlib.metadata.PackageNotFoundError(package)
        return installed(package)

    with monkeypatch.context() as without:
        for module in (learning, run):
            without.setattr(module, "has_grammar", lambda language: language.name == "python")
        without.setattr(importlib.metadata, "version", version)
        learning.version_of_detectors.cache_clear()
        assert not run_check(request).profile.entries
    learning.version_of_detectors.cache_clear()

    assert ["new.js"] == [alert.finding.path for alert in run_check(request).alerts]


def test_names_that_do_not_exist_are_found_and_the_unsure_are_not(write_tree: Write, commit_tree: Commit):
    """Wrong imports, attributes, keywords and counts are found on their token; what may exist is left alone."""
    house = {
        "shop/__init__.py": "",
        "shop/cart.py": (
            "class Cart:\n    def __init__(self, owner):\n        self.owner = owner\n        self.lines = []\n\n"
            "    def add(self, name, count=1):\n        self.lines.append((name, count))\n        return self\n\n\n"
            "def open_cart(owner) -> Cart:\n    return Cart(owner)\n"
        ),
        "shop/magic.py": (
            "class Magic:\n    def __getattr__(self, name):\n        return name\n\n\n"
            "class Mixin:\n    def go(self):\n        return self.told_elsewhere\n\n\n"
            "class Both(Magic, Mixin):\n    pass\n"
        ),
    }
    root = write_tree(house)
    commit_tree(root, "Begin")
    (root / "shop/use.py").write_text(
        "import json\n"
        "\n"
        "from shop.cart import Cart, CartLine\n"
        "from shop.magic import Magic\n"
        "from shop.wagon import Wagon\n"
        "from shop.cart import open_cart\n"
        "\n"
        "json.write({})\n"
        "open_cart('ada').add_all('x')\n"
        "Cart('ada').add('x', amount=2)\n"
        "Cart('ada').add('x', 1, 2)\n"
        "open_cart()\n"
        "Magic().whatever\n"
        "\n"
        "\n"
        "def unknown(thing):\n"
        "    return thing.anything(1, 2)\n"
    )

    report = run_check(Request(root, base="HEAD"))

    found = {(a.finding.line, a.finding.entry.key) for a in report.alerts if a.finding.entry.convention == "A11"}
    assert {
        (3, "import"), (5, "module"), (8, "attribute"), (9, "attribute"), (10, "keyword"), (11, "arguments"),
        (12, "arguments"),
    } == found  # fmt: skip
    (attribute,) = [a.finding for a in report.alerts if a.finding.line == 9]
    assert "add_all" in attribute.message and os.sep not in attribute.message


SHOP = {
    ".gitignore": "_version.py\n",
    "shop/__init__.py": "",
    "shop/cart.py": "def open_cart(owner):\n    return owner\n\n\ndef close_cart(owner):\n    return owner\n",
    "shop/use.py": "import json\n\nfrom shop.cart import open_cart\n\njson.write(open_cart(1))\n",
}


@pytest.fixture(name="shop")
def _shop(write_tree: Write, commit_tree: Commit) -> Path:
    """One call of what does not exist, committed."""
    root = write_tree(SHOP)
    commit_tree(root, "Begin")
    return root


def places(report: Report) -> list[tuple[str, int]]:
    return [(alert.finding.path, alert.finding.line) for alert in report.alerts]


@pytest.mark.skipif(find_resolver() is None, reason="no resolver installed")
@pytest.mark.parametrize("staged", [False, True])
def test_new_tells_what_a_change_takes_away_elsewhere_and_no_older_mistake(shop: Path, staged: bool):
    """An old call of nothing in an edited file is not new; an import, elsewhere, of what the change renamed is."""
    use = shop / "shop/use.py"
    use.write_text(use.read_text() + "\nprint(1)\n")
    git(shop, "add", "-A")
    request = Request(shop, base=None if staged else "HEAD", staged=staged, mode="new")
    assert [] == places(run_check(request))

    git(shop, "reset", "-q", "--hard")
    (shop / "shop/cart.py").write_text(SHOP["shop/cart.py"].replace("open_cart", "begin_cart"))
    git(shop, "add", "-A")
    assert [("shop/use.py", 3)] == places(run_check(request))

    git(shop, "reset", "-q", "--hard")
    (shop / "shop/cart.py").write_text(SHOP["shop/cart.py"].replace("open_cart(owner)", "open_cart(owner, guest)"))
    git(shop, "add", "-A")
    assert [("shop/use.py", 5)] == places(run_check(request))

    git(shop, "reset", "-q", "--hard")
    git(shop, "mv", "shop/cart.py", "shop/wagon.py")
    assert [("shop/use.py", 3)] == places(run_check(request))


@pytest.mark.skipif(find_resolver() is None, reason="no resolver installed")
def test_a_module_that_git_ignores_may_be_made_by_a_build(shop: Path):
    """The index does not hold it, nor does a fresh clone: still nothing is said of it."""
    (shop / "shop/new.py").write_text(
        "from shop._version import version\nfrom shop import _version\nimport shop.gone\n"
    )
    git(shop, "add", "-A")

    assert [("shop/new.py", 3)] == places(run_check(Request(shop, staged=True)))


@pytest.mark.skipif(find_resolver() is None, reason="no resolver installed")
def test_accepted_names_stay_accepted_where_none_are_asked(shop: Path, monkeypatch: pytest.MonkeyPatch):
    """Without a resolver, or with --no-names, no entry looks mended and none is dropped."""
    baseline = shop / ".idiolect-baseline.jsonl"
    main(["baseline", "create", str(shop)])
    written = baseline.read_text()
    assert "A11[attribute]" in written
    assert 0 == run_check(Request(shop, names=False)).paid

    monkeypatch.setattr("idiolect.evaluation.run.find_resolver", lambda: None)
    monkeypatch.setattr("idiolect.evaluation.names.find_resolver", lambda: None)
    assert 0 == run_check(Request(shop)).paid
    assert 0 == main(["baseline", "prune", str(shop)])
    assert written == baseline.read_text()


def test_a_grammar_that_is_not_installed_is_said_and_stops_nothing(house: Path, monkeypatch: pytest.MonkeyPatch):
    """The plain installation reads Python; other files are counted, and the check goes on."""
    for module in (learning, run):
        monkeypatch.setattr(module, "has_grammar", lambda language: language.name == "python")
    (house / "ci.yaml").write_text("a: 1\n")

    report = run_check(Request(house, names=False))

    assert any("1 file was not asked (yaml)" in note for note in report.notes)
