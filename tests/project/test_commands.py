"""
Commands as a user meets them: one line for what is wrong, the right exit code, nothing half-written.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
import idiolect
import pytest
import yaml
from idiolect.cli import cli, main
from idiolect.commands import _progress
from idiolect.commands._options import PATH
from idiolect.commands._progress import goes_on
from idiolect.mining.conventions.convention import conventions_by_id
from idiolect.mining.mine import refuse_twice
from tests_toys import plant, toy_files

ROOT = Path(idiolect.__file__).parent
Write = Callable[[Mapping[str, str]], Path]
Commit = Callable[[Path, str], None]


@pytest.fixture(name="corpus", scope="module")
def _corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Mine the toy repository once."""
    root = plant(tmp_path_factory.mktemp("shop"), toy_files())
    out = tmp_path_factory.mktemp("out") / "corpus"
    assert main(["mine", str(root), "--out", str(out), "--workers", "1"]) == 0
    return out


def fails(capsys: pytest.CaptureFixture[str], arguments: list[str], code: int) -> str:
    """Run a command that must fail with *code* and one line; return the line."""
    assert code == main(arguments)
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("idiolect: ")]
    assert len(lines) == 1
    return lines[0]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["frobnicate"],
            "idiolect: No such command 'frobnicate'. There are baseline, check, doctor, evaluate, export, gate, "
            "generate, guide, mine, serve, show, specialize, train. Read idiolect --help.",
        ),
        (["chekc"], "idiolect: No such command 'chekc'. Did you mean 'check'? Read idiolect --help."),
        (["mine"], "idiolect: Missing argument 'REPO…'. Read idiolect mine --help."),
        (
            ["baseline", "made"],
            "idiolect: No such command 'made'. There are create, prune, show, update. Read idiolect baseline --help.",
        ),
        (["guide", ".", ".."], "idiolect: Got unexpected extra argument (..). Read idiolect guide --help."),
        (
            ["check", "--minutes", "2"],
            "idiolect: No such option '--minutes'. Did you mean '--names'? Read idiolect check --help.",
        ),
        (
            ["check", "--config", "a.toml"],
            "idiolect: No such option '--config': rules and paths are turned off in idiolect.toml (docs/gate.md). "
            "Read idiolect check --help.",
        ),
        (
            ["train", "corpus", "--out", "adapter", "--learning-rate", "2"],
            "idiolect: No such option '--learning-rate', but a value of the recipe: --set learning_rate=NUMBER. "
            "Read idiolect train --help.",
        ),
    ],
    ids=[
        "no command",
        "a slip",
        "nothing to mine",
        "a command of a command",
        "too much",
        "no option",
        "settings",
        "no option but",
    ],
)
def test_a_command_line_that_cannot_be_read_is_told_in_one_line(capsys, arguments, told):
    assert main(arguments) == 2
    assert capsys.readouterr().err == f"{told}\n"


def test_what_would_be_refused_is_not_said_to_be_next(capsys, tmp_path, write_tree):
    """A corpus that is too small to train on is one to read rules of; both name the corpus."""
    root = write_tree({"total.py": 'def total(prices):\n    """Add *prices* up."""\n    return sum(prices)\n'})
    few = tmp_path / "few"
    assert main(["mine", str(root), "--out", str(few), "--workers", "1"]) == 0
    said = capsys.readouterr().out.splitlines()[-1]

    assert said == f"Their rules: idiolect guide {few}"


@pytest.mark.parametrize(
    ("room", "line"),
    [
        (None, "learning   ━━━━━━━━━━━━············ 56/112  loss 1.9"),
        (80, "learning   ━━━━━━━━━━━━············ 56/112  loss 1.9"),
        (24, "learning   ━━━··· 56/112  loss 1.9"),
        (9, "learning    56/112  loss 1.9"),
    ],
)
def test_a_narrow_terminal_shortens_the_bar_before_the_count(room, line):
    """A count that is cut, 56 of 1, would be another one."""
    assert _progress.render("learning", "loss 1.9", 56, 112, None, room) == line


def test_a_branch_that_is_named_as_a_path_is_told(capsys, write_tree, commit_tree, monkeypatch):
    """What to type instead is said; what is neither a path nor a commit is no more than missing."""
    root = write_tree({"total.py": "def total(prices):\n    return sum(prices)\n"})
    commit_tree(root, "Add")
    monkeypatch.chdir(root)

    assert "It is a commit: --diff HEAD judges what changed since." in fails(capsys, ["check", "HEAD"], 2)
    assert fails(capsys, ["check", "HAED"], 2) == "idiolect: No such path: 'HAED'."


def test_a_corpus_with_a_broken_marker_is_no_repository(capsys, corpus, tmp_path):
    """Its data are no code to learn habits of."""
    broken = shutil.copytree(corpus, tmp_path / "broken")
    (broken / "manifest.json").write_text("{")

    assert "is not a JSON object. Mine again." in fails(capsys, ["guide", str(broken)], 4)


def test_the_files_of_one_repository_are_not_mined_twice(capsys, tmp_path, write_tree):
    """Not under two spellings of its path, nor as a folder of another; a submodule is no file of its repository."""
    root = write_tree({"app/total.py": "def total(prices):\n    return sum(prices)\n"})
    out = ["--out", str(tmp_path / "corpus"), "--workers", "1"]
    twice = fails(capsys, ["mine", str(root), f"{root}/app/..", *out], 2)
    within = fails(capsys, ["mine", str(root / "app"), str(root), *out], 2)

    assert "One repository is named twice" in twice
    assert f"lies in {str(root)!r}, which is mined as well" in within
    subprocess.run(["git", "init", "-q", str(root / "app")], check=True)
    refuse_twice([root / "app", root])


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("out/samples.jsonl", "idiolect: No space left on device: 'out/samples.jsonl'. Make room. The same goes on."),
        (None, "idiolect: No space left on device."),
    ],
    ids=["a file of the run", "an output"],
)
def test_a_disk_that_fills_up_tells_how_to_go_on(monkeypatch, capsys, name, told):
    """After what was done stands; an output that takes no more is no run to go on with."""

    def fill(**_):
        with goes_on("The same goes on."):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), name)

    monkeypatch.setattr(cli, "main", fill)
    # an output that failed is left alone from then on
    monkeypatch.setattr(sys, "stdout", sys.stdout)

    assert told == fails(capsys, [], 2)


def test_paths_are_of_one_type():
    """To make a type of paths has click look for a translation, which every command would pay for in `--help`."""
    context = click.Context(cli)
    commands = [cli.get_command(context, name) for name in cli.list_commands(context)]
    types = {id(option.type) for command in commands for option in command.params if is_any_path(option.type)}

    assert {id(PATH)} == types


def is_any_path(kind: click.ParamType) -> bool:
    """Claim that *kind* takes any path, whether or not something stands there."""
    return isinstance(kind, click.Path) and not kind.exists


def test_no_such_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A repository that is not there is named, and nothing is written."""
    line = fails(capsys, ["mine", str(tmp_path / "gone"), "--out", str(tmp_path / "out")], 2)

    assert "No such folder" in line and not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["mine", "guide"])
def test_what_idiolect_wrote_is_no_repository(
    command: str, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """An adapter, or a corpus to be mined, is named as what it is: its card and its weights have no habits."""
    made = tmp_path / "adapter"
    made.mkdir()
    (made / "idiolect.json").write_text('{\n "schema": "idiolect.adapter/1"\n}\n')
    (made / "README.md").write_text("# Card\n")
    mine = ["mine", str(corpus), "--out", str(tmp_path / "out")]

    assert "idiolect wrote" in fails(capsys, mine if command == "mine" else ["guide", str(made)], 2)


def test_a_guide_without_a_rule_says_so(write_tree: Write, capsys: pytest.CaptureFixture[str]):
    """Silence would read like a mistake, and finding nothing like praise."""
    tree = str(write_tree({"a.py": "x = 1\n"}))
    assert main(["guide", tree]) == 0
    assert "no habit is firm enough" in capsys.readouterr().err
    assert main(["check", tree]) == 0
    assert "note: no habit of this code is firm enough" in capsys.readouterr().out


def test_a_folder_without_code(write_tree: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A folder with no file of a known language is refused."""
    root = write_tree({"notes.txt": "nothing\n"})

    assert "No code" in fails(capsys, ["mine", str(root), "--out", str(tmp_path / "out")], 2)


def test_a_folder_whose_grammars_are_missing(
    write_tree: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """Nothing was found because nothing was read: the line counts the files, and names what to install."""
    root = write_tree({"a.go": "package a\n", "c.go": "package a\n", "d.rs": "fn d() {}\n"})
    for module in ("tree_sitter_go", "tree_sitter_rust"):
        (tmp_path / f"{module}.py").write_text("raise ImportError\n")
    # the processes that read files look for modules where this one does
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("IDIOLECT_CACHE", str(tmp_path / "cache"))

    line = fails(capsys, ["mine", str(root), "--out", str(tmp_path / "out")], 2)

    assert "Files without a grammar: 2 go, 1 rust. Install them with: pip install 'idiolect[languages]'" in line


def test_an_output_folder_that_holds_something_else(write_tree: Write, capsys: pytest.CaptureFixture[str]):
    """A foreign folder is never mixed with, and keeps its content."""
    root = write_tree({"a.py": "def f(x):\n    '''Doc.'''\n    return x + x + x\n", "out/mine.txt": "mine\n"})

    fails(capsys, ["mine", str(root), "--out", str(root / "out")], 2)

    assert [path.name for path in (root / "out").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("out", ["out", "notes.txt/corpus"])
def test_an_output_folder_that_cannot_be_is_told_before_the_work(
    write_tree: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], out: str
):
    """Mining a large repository takes minutes; nothing is left where nothing may be written."""
    root = write_tree({"a.py": "def f():\n    return 1\n", "notes.txt": "mine\n", "out/mine.txt": "mine\n"})
    monkeypatch.setattr("idiolect.mining.mine.read_and_mine", lambda *given: pytest.fail("it began to mine"))
    before = sorted(root.rglob("*"))

    assert out in fails(capsys, ["mine", str(root), "--out", str(root / out)], 2)
    assert before == sorted(root.rglob("*"))


def test_a_profile_that_is_not_there_is_said_to_be_no_file(write_tree: Write, capsys: pytest.CaptureFixture[str]):
    """A name that was mistyped is not a broken profile."""
    root = write_tree({"a.py": "x = 1\n"})

    line = fails(capsys, ["check", str(root), "--profile", str(root / "profile.jsn")], 2)

    assert "profile.jsn' cannot be read: No such file or directory." in line


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda profile: profile.update(schema="idiolect.profile/2"), "it is written as 'idiolect.profile/2', and"),
        (lambda profile: profile.pop("entries"), "it lacks 'entries'."),
        (lambda profile: profile.update(owners=-1), "'owners' is of type int."),
        (lambda profile: profile.update(versions=None), "'versions' is of type NoneType."),
        (lambda profile: profile["entries"].append(None), ""),
        (lambda profile: profile["entries"][0].update(n=0), "times of 0."),
        (lambda profile: profile["entries"][0].update(value=1.5), "'value' is of type float."),
        (lambda profile: profile["entries"][0].update(scope={}), "'scope' is of type dict."),
        (lambda profile: profile["entries"][0].update(conforming=["1"]), "'conforming' is of type list."),
        (lambda profile: profile["entries"][0]["exemplars"][0].update(path=None), "'path' is of type NoneType."),
    ],
)
def test_a_profile_that_holds_what_none_holds_is_told(
    write_tree: Write,
    corpus: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[..., None],
    reason: str,
):
    """Whoever writes one by hand, or has one of another version, is told what is wrong with it."""
    profile = json.loads((corpus / "profile.json").read_text("utf-8"))
    spoil(profile)
    (tmp_path / "p.json").write_text(json.dumps(profile))

    line = fails(capsys, ["check", str(write_tree({"a.py": "x = 1\n"})), "--profile", str(tmp_path / "p.json")], 2)

    assert "is no profile: " in line
    assert reason in line


def test_the_guide_of_a_corpus_says_what_it_counts(corpus: Path, capsys: pytest.CaptureFixture[str]):
    """Its figures are lower than those of the repository, and some rules are not in it."""
    assert main(["guide", str(corpus)]) == 0

    assert "the corpus's training files alone" in capsys.readouterr().err


def test_three_functions_are_too_few_to_train_on(write_tree: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """The message says how many pairs training needs."""
    text = "".join(
        f'def f{i}(rows):\n    """Return part {i} of rows."""\n    kept = rows[{i}:]\n    return kept\n\n\n'
        for i in range(3)
    )
    assert main(["mine", str(write_tree({"a.py": text})), "--out", str(tmp_path / "corpus")]) == 0

    line = fails(capsys, ["train", str(tmp_path / "corpus"), "--out", str(tmp_path / "adapter")], 2)

    assert "50" in line


def test_why_fewer_pairs_are_trained_on_than_were_mined_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A recipe may take few pairs of other kinds: `mine` counts them, and the message names their way back in."""
    orchard = Path(__file__).parent.parent.parent / "samples" / "orchard"
    assert main(["mine", str(orchard), "--out", str(tmp_path / "corpus"), "--workers", "1"]) == 0

    train = ["train", str(tmp_path / "corpus"), "--out", str(tmp_path / "adapter"), "--set", "extra=0.25"]
    line = fails(capsys, train, 2)

    assert "pairs of other kinds beyond their share" in line and "--set extra" in line and "max_tokens" not in line


def test_a_base_that_does_not_exist(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A base that is no folder of a model is one line."""
    arguments = ["train", str(corpus), "--out", str(tmp_path / "a"), "--base", str(tmp_path / "no-model")]

    assert "no-model" in fails(capsys, arguments, 2)


@pytest.mark.parametrize("command", ["mine", "specialize"])
def test_a_policy_that_nothing_could_be_judged_by_is_told_first(
    write_tree: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
):
    """A slip in its keys is told before anything is mined or trained, not by the evaluation in the end."""
    root = write_tree({"pyproject.toml": "[tool.idiolect.policy]\nminimum_gian = 0.1\n", "m.py": "A = 1\n"})

    line = fails(capsys, [command, str(root), "--out", str(tmp_path / "out")], 2)

    assert "unknown key 'minimum_gian', known:" in line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["policy = 3\n", "[policy]\nvolume = 'many'\n"])
def test_a_policy_file_that_holds_none_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str):
    """What is no table, or holds no numbers, is a fault of the file and no internal error."""
    (tmp_path / "policy.toml").write_text(text)

    assert "policy.toml: " in fails(capsys, ["gate", str(tmp_path), "--policy", str(tmp_path / "policy.toml")], 2)


def test_a_corpus_edited_by_hand(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """An edit changes a hash, and the corpus is refused with exit 4."""
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(corpus, copy)
    with (copy / "pairs" / "train.jsonl").open("a") as rows:
        rows.write("{}\n")

    assert "hash does not match" in fails(capsys, ["show", str(copy)], 4)


def test_unknown_options_are_usage_errors(capsys: pytest.CaptureFixture[str]):
    """A usage error exits 2."""
    assert main(["mine", "--no-such-option"]) == 2
    assert main(["no-such-command"]) == 2
    assert main(["generate", "adapter", "def total(values):", "--seed", "-1"]) == 2
    assert "'--seed': -1 is not in the range" in capsys.readouterr().err
    assert main(["chek"]) == 2
    assert "Did you mean 'check'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--tries", "3"], "--tries is for --conform"),
        (["--profile", __file__], "--profile is for --conform"),
        (["--conform", "--temperature", "0.5"], "leave --temperature out"),
        (["--conform", "--samples", "2"], "say how many to look at with --tries"),
        (["--samples", "2"], "--samples changes nothing at temperature 0"),
        (["--seed", "0"], "--seed changes nothing at temperature 0"),
    ],
)
def test_what_would_change_nothing_is_a_usage_error(capsys: pytest.CaptureFixture[str], options: list[str], said: str):
    """Options of `generate` that the others leave without effect are not taken in silence."""
    assert 2 == main(["generate", "adapter", "def total(values):", *options])
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("option", [["--base", "embedded"], ["--precision", "fp32"]])
def test_weights_options_are_not_taken_for_rows(capsys: pytest.CaptureFixture[str], option: list[str]):
    """Rows of a corpus have neither base nor precision."""
    assert 2 == main(["export", "corpus", "--to", "chat", "--out", "rows", *option])
    assert f"{option[0]} is for weights" in capsys.readouterr().err


def test_rows_are_written_without_torch(corpus: Path, tmp_path: Path):
    """What a hosted tuner takes is text: the plain installation writes it."""
    words = ["export", str(corpus), "--to", "openai", "--out", str(tmp_path / "rows")]
    hidden = f"import sys; sys.modules['torch'] = None; from idiolect.cli import main; sys.exit(main({words}))"

    ran = subprocess.run([sys.executable, "-c", hidden], check=True, capture_output=True, timeout=120, text=True)

    assert f"idiolect evaluate {corpus} --out DIR --endpoint URL --model NAME --taught openai" in ran.stdout
    row = json.loads((tmp_path / "rows" / "train.jsonl").read_text("utf-8").splitlines()[0])
    assert ["system", "user", "assistant"] == [message["role"] for message in row["messages"]]


@pytest.fixture(name="habit")
def _habit(write_tree: Write) -> Path:
    """Return a repository with one departure, which is of advise tier, and another that is of hint tier."""
    files = {f"app/m{n}.py": f"def take_{n}(a: int | None, b: int | None) -> None:\n    print(a)\n" for n in range(90)}
    odd = "from typing import Optional\n\n\ndef odd(a: Optional[int]):\n    print(a)\n"
    settings = '[conventions.T01]\ntier = "hint"\nreason = "It is new to us."\n'
    return write_tree({**files, "app/odd.py": odd, "idiolect.toml": settings}, "habit")


def test_options_of_check_change_what_it_does(habit: Path, capsys: pytest.CaptureFixture[str]):
    """From which tier on it fails, what it lists and what it accepts is as it is told."""

    def check(*options: str) -> tuple[int, int]:
        capsys.readouterr()
        code = main(["check", str(habit), "--no-names", "--format", "json", *options])
        return code, len(json.loads(capsys.readouterr().out)["findings"])

    code, listed = check()
    failing, same = check("--fail-on", "advise")
    hinting, more = check("--fail-on", "hint")
    assert (0, 1, 1) == (code, failing, hinting)
    assert 0 < listed == same < more
    assert main(["baseline", "create", str(habit), "--baseline", "past.jsonl"]) == 0
    assert check("--fail-on", "advise", "--baseline", "past.jsonl") == (0, 0)
    assert check("--fail-on", "advise") == (1, listed)
    assert main(["check", "--explain", "T03"]) == 0
    page = capsys.readouterr().out
    assert main(["check", "--explain", "optional-spelling"]) == 0 and capsys.readouterr().out == page
    assert "How is a type that may be None written?" in page
    assert "A rule needs 20 places in 3 files, or 10 where" in page
    assert (0, 2) == (main(["check", "--explain", "T03[deferred]"]), main(["check", "--explain", "T03[zzz]"]))
    capsys.readouterr()
    assert main(["check", "--explain", "all"]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [*conventions_by_id()] == [line.partition(" ")[0] for line in listed]
    assert "T03 optional-spelling: How is a type that may be None written?" in listed


def test_options_of_mine_change_what_it_does(write_tree: Write, commit_tree: Commit, tmp_path: Path):
    """Which kinds of pairs there are, how far back it looks and whose API it knows is as it is told."""
    root, framework = write_tree(toy_files(), "shop"), write_tree({"flow/core.py": "def shorten(a): ...\n"}, "flow")
    commit_tree(root, "Begin")

    def mined(*options: str) -> dict[str, Any]:
        out = tmp_path / f"out-{len(options)}-{options[0]}"
        assert main(["mine", str(root), "--out", str(out), "--workers", "1", *options]) == 0
        return json.loads((out / "manifest.json").read_text("utf-8"))

    some = mined("--kinds", "implement, infill")
    none = mined("--history", "0", "--api-from", str(framework))
    assert {"implement", "infill"} == {row["kind"] for row in some["counts"] if row["pairs"]}
    assert {"implement", "infill"} < {row["kind"] for row in none["counts"] if row["pairs"]}
    assert (500, 0) == (some["history"][0]["commits"], none["history"][0]["commits"])
    assert ["flow"] == [row["repository"] for row in none["api_from"]]


def test_options_of_show_and_guide_change_what_they_print(
    corpus: Path, habit: Path, capsys: pytest.CaptureFixture[str]
):
    """Which pairs, how many of them, and how long a guide."""

    def shown(*options: str) -> dict[str, Any]:
        capsys.readouterr()
        assert main(["show", str(corpus), "--json", *options]) == 0
        return json.loads(capsys.readouterr().out)

    every, one = shown("--limit", "1000"), shown("--limit", "1")
    kinds = [row["kind"] for row in every["rows"]]
    assert len(set(kinds)) == len(set(kinds[: len(set(kinds))])), "one of each kind comes first"
    path = every["rows"][0]["path"]
    assert every["total"] == one["total"] == len(every["rows"]) > len(one["rows"]) == 1
    assert {path} == {row["path"] for row in shown("--path", path, "--limit", "1000")["rows"]}
    assert {"infill"} == {row["kind"] for row in shown("--kind", "infill", "--limit", "1000")["rows"]}
    capsys.readouterr()
    assert main(["guide", str(habit)]) == 0
    long = capsys.readouterr().out
    assert main(["guide", str(habit), "--words", "50"]) == 0
    assert len(capsys.readouterr().out.split()) <= 50 < len(long.split())


def test_pairs_of_a_kind_that_there_is_not_are_a_usage_error(corpus: Path, capsys: pytest.CaptureFixture[str]):
    """A slip in the name of a kind is told with those that there are; a kind without pairs is none."""
    assert 2 == main(["show", str(corpus), "--kind", "nosuch"])
    assert "implement" in capsys.readouterr().err
    assert 0 == main(["show", str(corpus), "--kind", "implement"])


def test_show_says_why_there_is_none(corpus: Path, capsys: pytest.CaptureFixture[str]):
    """A kind that this code gives no pair of, and a pattern that nothing matches, are told apart."""

    def told(*options: str) -> str:
        capsys.readouterr()
        assert 0 == main(["show", str(corpus), *options])
        return capsys.readouterr().out

    assert "No use pair was found" in (said := told("--kind", "use")) and "made of Python" in said
    assert "--api-from FRAMEWORK" in said
    assert "No path of kind infill is like 'nope*'" in told("--kind", "infill", "--path", "nope*")
    assert told("--path", "nope*").startswith("No path of these is like 'nope*'")
    assert "Nothing of kind use was left out." in told("--dropped", "--kind", "use")


def test_skips_are_recorded_and_exit_0(write_tree: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A NUL byte and a link out of the tree are skipped with a reason; the rest is mined, and addresses are masked."""
    root = write_tree(
        {f"m{i}.py": f'def f(x):\n    """Return x, part {i}."""\n    return [x, {i}]\n' for i in range(4)}
    )
    (root / "bad.py").write_bytes(b"x = 1\0\n")
    (root / "m3.py").write_text("# jane.doe@acme-corp.com\n" + (root / "m3.py").read_text())
    (tmp_path / "secret.py").write_text("PASSWORD = 'hunter2'\n")
    (root / "link.py").symlink_to(tmp_path / "secret.py")

    assert main(["mine", str(root), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out

    assert "skipped.jsonl: 1 nul byte, 1 symlink." in said
    assert "Masked in files that were kept: personal data in 1." in said
    skipped = [json.loads(line) for line in (tmp_path / "out" / "skipped.jsonl").read_text().splitlines()]
    assert {("bad.py", "nul_byte"), ("link.py", "symlink")} <= {(row["path"], row["reason"]) for row in skipped}
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file() and "hunter2" in path.read_text()]


def test_notebooks_that_are_left_out_are_told_how_they_are_read(
    write_tree: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """A team of data science looks for them in the corpus; no table of a language would read them."""
    root = write_tree({"lab.py": 'def f(x):\n    """Return x, twice."""\n    return [x, x]\n', "look.ipynb": "{}"})

    assert main(["mine", str(root), "--out", str(tmp_path / "out"), "--workers", "1"]) == 0

    said = capsys.readouterr().out
    assert "skipped.jsonl: 1 no grammar for .ipynb.\nNotebooks are read as the scripts that jupytext makes" in said
    assert "--language" not in said


def test_the_name_of_a_file_left_out_does_not_drive_the_terminal(
    write_tree: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """What is left out because its name would is named in signs that can be read, and why in the words of `mine`."""
    body = '    """Return x, {0}."""\n    return [x, {0}]\n'
    root = write_tree(
        {f"m{i}.py": f"def f(x):\n{body.format(i)}" for i in range(4)}
        | {"two\x1b]0;t\u202e\x07\n::error::.py": "A = 1\n", "::error::b.py": "A = '\0'\n"}
    )
    assert main(["mine", str(root), "--out", str(tmp_path / "out"), "--workers", "1"]) == 0
    assert "skipped.jsonl: 1 nul byte, 1 unprintable name." in capsys.readouterr().out

    assert main(["show", str(tmp_path / "out"), "--dropped", "--kind", "file"]) == 0

    said = "two\\x1b]0;t\\u202e\\x07\\x0a::error::.py  file: unprintable name\n2 of 2\n"
    assert f"./::error::b.py  file: nul byte\n{said}" == capsys.readouterr().out


def test_a_corpus_is_the_same_with_any_number_of_workers(write_tree: Write, tmp_path: Path):
    """1 and 2 workers, other hash seeds and locales: the same bytes."""
    root = write_tree(toy_files())
    manifests = []
    for workers, seed, locale in ((1, "1", "C"), (2, "77", "C.UTF-8")):
        out = tmp_path / f"out{workers}"
        environment = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale}
        command = [sys.executable, "-m", "idiolect", "mine", str(root), "--out", str(out), "--workers", str(workers)]
        subprocess.run(command, check=True, env=environment, capture_output=True, timeout=120)
        manifests.append((out / "manifest.json").read_bytes())

    assert manifests[0] == manifests[1]


def test_datasets_loads_a_corpus(corpus: Path):
    """A stranger's tool reads the three splits."""
    datasets = pytest.importorskip("datasets")

    loaded = datasets.load_dataset(str(corpus))

    assert {"train", "validation", "test"} == set(loaded)
    assert "instruction" in loaded["train"].column_names


def test_check_finds_a_slip_and_exits_1(write_tree: Write, capsys: pytest.CaptureFixture[str]):
    """A departure from a firm habit fails the check, as JSON with its evidence."""
    root = write_tree({f"m{i}.py": 'x = "a"\ny = "b"\nz = "c"\nv = "d"\n' for i in range(90)})
    (root / "m0.py").write_text('x = "a"\ny = \'b\'\nz = "c"\n')

    assert main(["check", str(root), "--format", "json"]) == 1

    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert tuple(finding[key] for key in ("rule", "path", "line", "column", "tier")) == ("S01", "m0.py", 2, 5, "gate")


@pytest.mark.parametrize("how", ["excluded", "ignored"])
def test_a_folder_that_its_repository_leaves_out_is_judged_by_its_own_habits(
    how: str, write_tree: Write, commit_tree: Commit, capsys: pytest.CaptureFixture[str]
):
    """Who names such a folder is told of it; in a check of the whole it does not count."""
    files = {f"inner/m{i}.py": 'x = "a"\ny = "b"\nz = "c"\nv = "d"\n' for i in range(90)}
    files |= {f"outer{i}.py": "x = 'a'\ny = 'b'\nz = 'c'\nv = 'd'\n" for i in range(90)}
    files["inner/new.py"] = "b = 'slip'\n"
    name, text = ("idiolect.toml", 'exclude = ["inner/"]\n') if how == "excluded" else (".gitignore", "inner/\n")
    root = write_tree(files | {name: text})
    commit_tree(root, "Begin")

    assert main(["check", str(root / "inner"), "--no-names"]) == 1
    assert "new.py:1" in capsys.readouterr().out
    assert main(["check", str(root), "--no-names"]) == 0
    assert "new.py" not in capsys.readouterr().out


def test_check_judges_added_lines_by_the_base(
    write_tree: Write, commit_tree: Commit, capsys: pytest.CaptureFixture[str]
):
    """With --diff only added lines are judged, and the change cannot weaken its own judge."""
    root = write_tree({f"m{i}.py": 'x = "a"\ny = "b"\nz = "c"\nv = "d"\n' for i in range(90)})
    (root / "old.py").write_text("a = 'old slip'\n")
    commit_tree(root, "Begin")
    (root / "new.py").write_text('b = \'new slip\'\nc = "fine"\nd = "fine"\n')

    assert main(["check", str(root), "--diff", "HEAD", "--format", "json"]) == 1

    findings = json.loads(capsys.readouterr().out)["findings"]
    assert [(finding["path"], finding["line"]) for finding in findings] == [("new.py", 1)]


def test_check_says_when_the_base_is_unknown(
    write_tree: Write, commit_tree: Commit, capsys: pytest.CaptureFixture[str]
):
    """A missing base is never an empty difference."""
    root = write_tree({"a.py": "x = 1\n"})
    commit_tree(root, "Begin")

    assert "not the range 'main...HEAD': --diff main" in fails(capsys, ["check", str(root), "--diff", "main...HEAD"], 2)
    assert "knows no commit 'no-such-branch'" in fails(capsys, ["check", str(root), "--diff", "no-such-branch"], 2)


def test_guide_prints_the_house_style(
    write_tree: Write, commit_tree: Commit, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    """
    A repository's guide names its habit with the evidence; what was not read is told beside it.

    Where none is named it is that of the work tree, wherever in it one stands, as for `check`; of a folder that is
    named, a note says that it is a part.
    """
    habit = {f"m{i}.py": 'x = "a"\ny = "b"\nz = "c"\nv = "d"\n' for i in range(30)}
    root = write_tree(habit | {"a.nim": "x = 1", "part/n.py": "x = 1\n", "part/idiolect.toml": "[language.x]"})
    commit_tree(root, "Begin")

    monkeypatch.chdir(root / "part")
    assert main(["guide"]) == 0

    said = capsys.readouterr()
    assert "double quotes" in said.out and said.out.endswith("`\n")
    deeper, nim = said.err.splitlines()
    assert "note: settings are read at the top of the repository alone, not in part/idiolect.toml" == deeper
    assert "note: 1 file of a language that is not read (.nim)" == nim
    assert main(["guide", "."]) == 0
    alone, code, _ = capsys.readouterr().err.splitlines()
    assert alone.startswith("note: learned from this folder alone") and "`language` would run code" in code


def test_the_guide_of_a_part_leaves_out_what_is_decided_above_it(
    write_tree: Write, commit_tree: Commit, capsys: pytest.CaptureFixture[str]
):
    """A formatter and the settings at the top hold for each folder, as in `check`; settings in one for nothing."""
    off = '[conventions.N01]\nignore = true\nreason = "agreed"\n'
    root = write_tree(
        {f"part/m{i}.py": f'def read_{i}(name):\n    return ["a", "b", name]\n' for i in range(40)}
        | {"ruff.toml": "[format]\n", "idiolect.toml": off, "part/idiolect.toml": off.replace("N01", "S04")}
    )
    commit_tree(root, "Begin")

    assert main(["guide", str(root / "part")]) == 0

    said = capsys.readouterr()
    assert "(S01" not in said.out and "(N01" not in said.out
    assert "note: rules are set at the top of the repository alone, not in this folder" in said.err


def test_a_manifest_of_another_program_makes_no_corpus(write_tree: Write, capsys: pytest.CaptureFixture[str]):
    """A browser extension is a repository, whatever stands at its root."""
    assert main(["guide", str(write_tree({"manifest.json": '{"manifest_version": 3}', "a.js": "x = 1;\n"}))]) == 0

    assert "no habit is firm enough" in capsys.readouterr().err


def test_the_line_of_an_internal_error_names_the_file(
    write_tree: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """Of hundreds of files the one on which something went wrong is told."""
    monkeypatch.setattr("idiolect.evaluation.learning.tally_source", lambda source, *_: {}[source.language.name])
    root = write_tree({"src/a.py": "x = 1\n"})

    line = fails(capsys, ["guide", str(root)], 70)
    assert "internal error (KeyError: 'python' in 'src/a.py')" in line
    Path(line.rpartition(" ")[2]).unlink()


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (MemoryError(), "Memory ran out"),
        (RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"), "Memory ran"),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`"), "A GPU's memory ran out"),
        (RuntimeError("can't start new thread"), "ulimit -u"),
        (ImportError("libtorch_cpu.so: failed to map segment from shared object"), "A library cannot be loaded. Raise"),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), "Resource temporarily unavailable."),
        (OSError(errno.EIO, "Input/output error", "a.py"), "Input/output error: 'a.py'."),
    ],
    ids=str,
)
def test_what_the_machine_lacks_is_no_fault_of_ours(
    fault: Exception, told: str, write_tree: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """Memory, threads, processes and a disk that works: without them it is one line with the way out, and exit 2."""

    def lack(*_: object) -> None:
        raise fault

    monkeypatch.setattr("idiolect.evaluation.learning.tally_source", lack)

    assert told in fails(capsys, ["guide", str(write_tree({"src/a.py": "x = 1\n"}))], 2)


def test_a_shell_completes_commands_and_options():
    """Click's own completion knows the commands, which are loaded only when asked for, and their options."""
    asked = {"COMP_WORDS": "idiolect ge", "COMP_CWORD": "1", "_IDIOLECT_COMPLETE": "bash_complete"}
    program = [sys.executable, "-m", "idiolect"]
    commands = subprocess.run(program, env={**os.environ, **asked}, capture_output=True, text=True, timeout=60)
    asked |= {"COMP_WORDS": "idiolect generate --con", "COMP_CWORD": "2"}
    options = subprocess.run(program, env={**os.environ, **asked}, capture_output=True, text=True, timeout=60)

    assert "plain,generate" in commands.stdout
    assert "plain,--conform" in options.stdout


def act(folder: Path, program: str, given: Mapping[str, str], does: str = "idiolect") -> int:
    """Run the step of the action that calls what *does* it, with *program* in its place, and return how it ends."""
    steps = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["runs"]["steps"]
    (step,) = [step for step in steps if f"bin/{does}" in step.get("run", "")]
    file = folder / "idiolect" / "bin" / does
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{program}\n")
    file.chmod(0o755)
    known = {"MODE": "lines", "DEFAULT": "main", "BRANCH": "change", "SARIF": str(folder / "sarif"), **given}
    runner = {"PATH": os.environ["PATH"], "RUNNER_TEMP": str(folder), "GITHUB_OUTPUT": str(folder / "output")}
    words = ["bash", "-eo", "pipefail", "-c", step["run"]]
    return subprocess.run(words, env={**dict.fromkeys(step["env"], ""), **known, **runner}, check=False).returncode


@pytest.mark.parametrize(
    ("event", "base"),
    [
        ({"PULL_REQUEST_BASE": "main", "BEFORE": "1" * 40}, "origin/main"),
        ({"QUEUE_BASE": "2" * 40}, "2" * 40),
        ({"BEFORE": "1" * 40}, "1" * 40),
        ({"BEFORE": "0" * 40}, "origin/main"),
        ({"BEFORE": "0" * 40, "BRANCH": "main"}, None),
        ({"BEFORE": "1" * 40, "FORCED": "true"}, "origin/main"),
        ({"BEFORE": "1" * 40, "FORCED": "true", "BRANCH": "main"}, "1" * 40),
        ({}, None),
        ({"BASE": "v1", "PULL_REQUEST_BASE": "main"}, "v1"),
    ],
    ids=[
        "pull request",
        "merge queue",
        "push",
        "first push of a branch",
        "first push of all",
        "forced push",
        "forced push of the default branch",
        "by hand",
        "base given",
    ],
)
def test_the_action_judges_a_change_from_where_it_starts(tmp_path: Path, event: dict[str, str], base: str | None):
    """Whatever starts the action, old habits fail no job that could tell what is new."""
    assert 0 == act(tmp_path, f'echo "$@" > {tmp_path}/words', event)

    words = (tmp_path / "words").read_text().split()
    assert base == (words[words.index("--diff") + 1] if "--diff" in words else None)


def test_the_action_leaves_a_job_its_python():
    """Later steps of the job run with what the job set up, not with what the gate needs."""
    steps = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["runs"]["steps"]
    (setup,) = [step["with"] for step in steps if "setup-python" in step.get("uses", "")]

    assert "false" == setup["update-environment"]


def test_the_action_takes_no_report_from_the_change(tmp_path: Path):
    """A report that the change brings is not handed on where nothing could be judged, nor a link written through."""
    (tmp_path / "sarif").symlink_to(tmp_path / "outside")
    (tmp_path / "outside").write_text("mine")

    assert 2 == act(tmp_path, "exit 2", {})
    assert not (tmp_path / "output").exists()
    assert not (tmp_path / "sarif").is_symlink()


def test_the_action_names_a_report_that_there_is(tmp_path: Path):
    """Findings fail the job and leave a report; where nothing could be judged, none is named for the upload."""
    assert 2 == act(tmp_path, "exit 2", {})
    assert not (tmp_path / "output").exists()

    assert 1 == act(tmp_path, f"touch {tmp_path}/sarif; exit 1", {})
    assert f"sarif={tmp_path}/sarif\n" == (tmp_path / "output").read_text()


@pytest.mark.parametrize(
    ("given", "package"),
    [
        ({"LANGUAGES": "true", "NAMES": "true"}, "/action[languages,style]"),
        ({"LANGUAGES": "true", "NAMES": "true", "WANTED": "0.1.0"}, "idiolect[languages,style]==0.1.0"),
        ({"LANGUAGES": "true", "NAMES": "false"}, "/action[languages]"),
        ({"LANGUAGES": "false", "NAMES": "true"}, "/action[style]"),
        ({"LANGUAGES": "false", "NAMES": "false"}, "/action"),
    ],
)
def test_the_action_installs_what_it_judges_with(tmp_path: Path, given: dict[str, str], package: str):
    """The grammars of all languages, unless Python is all there is."""
    installed = {"ACTION": "/action", "PYTHON": "true", **given}
    assert 0 == act(tmp_path, f'echo "$@" > {tmp_path}/words', installed, "pip")

    assert package == (tmp_path / "words").read_text().split()[-1]


def test_clients_judge_every_language_unless_they_are_told_otherwise():
    """Where a grammar is missing nothing is judged, and a check of nothing passes."""
    inputs = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["inputs"]
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))

    assert ("true", "true") == (inputs["languages"]["default"], inputs["names"]["default"])
    assert [".[languages,style]"] == hook["additional_dependencies"]


def test_the_action_hands_on_languages_of_ones_own(tmp_path: Path):
    """One table a line."""
    assert 0 == act(tmp_path, f'echo "$@" > {tmp_path}/words', {"OWN_LANGUAGES": "ci/tend.toml\n\nci/relay.toml\n"})

    assert "--language ci/tend.toml --language ci/relay.toml" in (tmp_path / "words").read_text()


def test_the_action_checks_the_paths_that_it_is_given(tmp_path: Path):
    """One a line, whatever it is called: a part of a large repository, or a checkout in a folder of its own."""
    assert 0 == act(tmp_path, f'printf "%s\\n" "$@" > {tmp_path}/words', {"PATHS": "packages/api\n\na b/-x.py\n"})

    assert (tmp_path / "words").read_text().endswith("\n--\npackages/api\na b/-x.py\n")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
@pytest.mark.parametrize("command", [["check", "--no-names"], ["guide"], ["baseline", "create", "--allow-new"]])
def test_a_terminal_is_shown_how_far_it_is(
    write_tree: Write, commit_tree: Commit, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str],
    command: list[str],
):  # fmt: skip
    """What takes a while is told on a terminal alone, and the line is taken away when it is done."""
    root = write_tree({f"m{number}.py": f'x = "{number}"\n' for number in range(30)})
    commit_tree(root, "Begin")
    monkeypatch.chdir(root)
    monkeypatch.setattr(_progress, "PATIENCE", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    main(command)
    assert "learning" not in capfd.readouterr().err

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    main(command)
    said = capfd.readouterr()

    assert "learning   ━" in said.err.replace("·", "━") and "30/30" in said.err
    assert "\r\x1b[2K" == said.err[said.err.rindex("\r") :].partition("note:")[0]
    assert "━" not in said.out


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
def test_a_narrow_terminal_breaks_no_line(
    write_tree: Write, commit_tree: Commit, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    """What the terminal breaks would stay where it is when the line is drawn over."""
    root = write_tree({f"m{number}.py": f'x = "{number}"\n' for number in range(30)})
    commit_tree(root, "Begin")
    monkeypatch.setattr(_progress, "PATIENCE", 0.0)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(_progress.os, "get_terminal_size", lambda file: os.terminal_size((30, 24)))
    main(["check", str(root), "--no-names"])
    lines = [line.partition("\n")[0] for line in capfd.readouterr().err.split("\r\x1b[2K")]

    assert any(line.startswith("learning") for line in lines)
    assert all(len(line) < 30 for line in lines if line.startswith(("learning", "judging")))


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
def test_a_terminal_that_draws_nothing_over_is_shown_nothing(
    write_tree: Write, commit_tree: Commit, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    """An editor's has no such signs, and would print them."""
    root = write_tree({"m.py": 'x = "a"\n'})
    commit_tree(root, "Begin")
    monkeypatch.setattr(_progress, "PATIENCE", 0.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "dumb")
    main(["check", str(root), "--no-names"])

    assert "\x1b" not in capfd.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals")
def test_a_quick_check_draws_nothing(
    write_tree: Write, commit_tree: Commit, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    """Nothing flickers by where there is nothing to wait for."""
    root = write_tree({"m.py": 'x = "a"\n'})
    commit_tree(root, "Begin")
    monkeypatch.setattr(_progress, "PATIENCE", 60.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    main(["check", str(root), "--no-names"])

    assert "\r" not in capfd.readouterr().err


def test_a_file_elsewhere_is_told_whose_conventions_hold(
    write_tree: Write, commit_tree: Commit, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """A repository's, or its folder's where it is in none; not where one stands in it, names it, or gives a profile."""
    root = write_tree({"here/a.py": "x = 1\n", "there/part/b.py": "y = 1\n", "loose/c.py": "z = 1\n"})
    for name in ("here", "there"):
        commit_tree(root / name, "Begin")
    monkeypatch.chdir(root / "here")

    def told(*words: str) -> str:
        capsys.readouterr()
        main(["check", "--no-names", *words])
        lines = capsys.readouterr().err.splitlines()
        return next((line for line in lines if line.startswith("note: held to the conventions of ")), "").rpartition(
            " "
        )[2]

    assert str(root / "there") == told("../there/part/b.py") == told("../there/part")
    assert str(root / "loose") == told("../loose/c.py")
    assert "" == told("a.py") == told() == told("../there")
    monkeypatch.chdir(root / "there" / "part")
    assert "" == told("b.py")
