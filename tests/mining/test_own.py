"""
Pairs that a team writes itself are added, checked and recorded.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from idiolect.cli import main
from idiolect.mining.errors import SettingsError, TooSmallError
from idiolect.mining.mine import mine_repositories
from idiolect.mining.settings import read_settings
from idiolect.mining.split import SPLITS
from tests_toys import toy_files

SETTINGS = 'add = ["own.jsonl"]\n'
OWN = {"instruction": "# Say what an own pair is.", "response": "    return 'written by the team itself'"}


def mine(root, out):
    return mine_repositories([root], out, workers=1)


def test_own_pairs_are_training_pairs(write_tree, tmp_path):
    """An added pair stands in the training split with origin `own`, and the manifest counts it."""
    root = write_tree({**toy_files(), "idiolect.toml": SETTINGS, "own.jsonl": json.dumps(OWN) + "\n"})

    corpus = mine(root, tmp_path / "corpus")

    (own,) = [pair for pair in corpus.pairs("train") if pair.repository == "own"]
    assert OWN["response"] == own.response
    assert 1 == corpus.manifest["own_pairs"]


def test_own_pairs_alone_are_a_corpus(write_tree, tmp_path):
    """Code of which no pair can be made may have a team's own beside it; not where those may not be added either."""
    tree = {"stub.py": "def stub(): ...\n", "idiolect.toml": SETTINGS, "own.jsonl": json.dumps(OWN) + "\n"}
    corpus = mine(write_tree(tree), tmp_path / "corpus")

    assert [OWN["response"]] == [pair.response for split in SPLITS for pair in corpus.pairs(split)]
    private = {**OWN, "response": "    return 'ask jane.doe@acme-shop.com'"}
    with pytest.raises(TooSmallError, match=r"No pair could be made of 1 definition\."):
        mine(write_tree({**tree, "own.jsonl": json.dumps(private) + "\n"}), tmp_path / "other")


def test_an_own_pair_cannot_leak_a_held_out_answer(write_tree, tmp_path):
    """A copy of a held-out answer is dropped with its reason."""
    held_out = mine(write_tree(toy_files()), tmp_path / "first").pairs("test")
    copy = {"instruction": "# Copy.", "response": max((pair.response for pair in held_out), key=len)}
    root = write_tree({"idiolect.toml": SETTINGS, "own.jsonl": json.dumps(copy)})

    corpus = mine(root, tmp_path / "second")

    assert not [pair for pair in corpus.pairs("train") if pair.repository == "own"]
    assert {"near_held_out_answer", "quotes_held_out_answer"} & set(corpus.manifest["skipped"])


def test_a_second_copy_of_an_own_pair_leaks_no_more_than_the_first(write_tree, tmp_path):
    """What comes near a held-out answer is dropped as often as it is given."""
    held_out = mine(write_tree(toy_files()), tmp_path / "first").pairs("test")
    answer = max((pair.response for pair in held_out if pair.kind == "implement"), key=len)
    near = re.sub(r"\blimit\b", "most", answer).replace("    return", "    again(answer)\n    return")
    rows = [{"instruction": f"# Write it, way {number}.", "response": near} for number in range(3)]
    root = write_tree({"idiolect.toml": SETTINGS, "own.jsonl": "\n".join(map(json.dumps, rows))})

    corpus = mine(root, tmp_path / "second")

    assert not [pair for pair in corpus.pairs("train") if pair.repository == "own"]
    assert 3 == corpus.manifest["skipped"]["near_held_out_answer"]


def test_all_faults_of_own_pairs_are_told_at_once(write_tree, tmp_path):
    """Each bad line is named, and nothing is written."""
    half = json.dumps({**OWN, "response": "\ud800"})
    lines = ["{", json.dumps({"instruction": "x"}), json.dumps({**OWN, "colour": "red"}), half,
             json.dumps({**OWN, "language": "klingon"})]  # fmt: skip
    root = write_tree({**toy_files(), "idiolect.toml": SETTINGS, "own.jsonl": "\n".join(lines)})

    with pytest.raises(SettingsError) as caught:
        mine(root, tmp_path / "corpus")

    assert ["line 1", "line 2", "line 3", "line 4", "line 5"] == [
        fault.split(": ")[0].split(", ")[1] for fault in caught.value.faults
    ]
    assert not (tmp_path / "corpus").exists()


def test_a_fault_of_every_line_is_told_once(write_tree, tmp_path):
    """Rows of another form have one fault in common: it stands there once, with the first line and how many more."""
    rows = [json.dumps({"instruction": f"Say {number}.", "answer": "no"}) for number in range(80)]
    root = write_tree({**toy_files(), "idiolect.toml": SETTINGS, "own.jsonl": "\n".join([*rows, "{"])})

    with pytest.raises(SettingsError) as caught:
        mine(root, tmp_path / "corpus")

    assert ["own.jsonl, line 1 and 79 more", "own.jsonl, line 81"] == [
        fault.split(":")[0] for fault in caught.value.faults
    ]


def test_own_pairs_outside_the_repository_are_not_read(write_tree, tmp_path):
    """Settings of a mined tree cannot make us read another file."""
    (tmp_path / "outside.jsonl").write_text(json.dumps(OWN), "utf-8")
    root = write_tree({**toy_files(), "idiolect.toml": 'add = ["../outside.jsonl"]\n'})

    with pytest.raises(SettingsError, match="no such file in the repository"):
        mine(root, tmp_path / "corpus")


def test_a_drop_of_nothing_is_told(write_tree, tmp_path, capsys):
    """An id or a pattern that is of no pair, is named; what is taken out of a pattern, too."""
    some, *_ = sorted(path for path in toy_files() if path.endswith(".py"))
    drops = [some, f"!{some}", "no/such/**", "0123abcd", "!gone.py"]
    root = write_tree({**toy_files(), "idiolect.toml": f"drop = {drops}\n"})

    assert 0 == main(["mine", str(root), "--out", str(tmp_path / "corpus"), "--workers", "1"])

    said = capsys.readouterr().out
    assert "neither the id nor the path of a pair: '!gone.py', '0123abcd', 'no/such/**'.\n" in said
    assert "drop of nothing" not in said


def test_settings_that_run_code_are_ignored_and_told(write_tree, tmp_path):
    """A language table in the mined tree has no effect, and the record says that it was there."""
    root = write_tree({**toy_files(), "idiolect.toml": '[language.x]\ngrammar = "x.so"\nextensions = [".x"]\n'})

    corpus = mine(root, tmp_path / "corpus")

    assert 1 == corpus.manifest["skipped"]["setting_that_runs_code"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("pyproject.toml", "[tool]\nidiolect = 3\n", "must be a table, got 3"),
        ("pyproject.toml", "tool = 1\n", "must be a table, got 1"),
        ("idiolect.toml", 'exclude = ["!"]\n', "'!' is no pattern"),
        ("idiolect.toml", 'drop = ["[z-a]"]\n', "is no pattern"),
        ("idiolect.toml", "[conventions.S01]\nvalue = ['single']\nreason = 'x'\n", "S01.value must be a text"),
        ("idiolect.toml", f"x = {'[' * 5_000}{']' * 5_000}\n", "nested too deeply"),
        ("idiolect.toml", f"exclude{'.a' * 100_000} = 1\n", "dots in a line"),
        ("idiolect.toml", f"exclude{'.a' * 900} = 1\n", "must be a list of strings, got {'a': "),
        ("idiolect.toml", f"exclude = 0x{'f' * 9_000}\n", "got a number of thousands of digits"),
        ("idiolect.toml", f"[policy]\nvolume = 0x{'f' * 400}\n", "volume must be a number from 0 to"),
    ],
    ids=["no table", "no tool", "pattern", "drop", "list", "nested", "dots", "deep", "digits", "volume"],
)
def test_settings_that_cannot_be_meant_are_told(tmp_path, name, text, said):
    """A value of another form is a fault of the file and no internal error."""
    (tmp_path / name).write_text(text)

    with pytest.raises(SettingsError, match=said):
        read_settings(tmp_path)


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda file: file.symlink_to("nowhere.toml")])
def test_settings_that_are_no_plain_file_are_told(tmp_path, make):
    """A link is not followed, and a folder is what a container makes of a file that it does not find."""
    make(tmp_path / "idiolect.toml")
    with pytest.raises(SettingsError, match=r"idiolect\.toml: .* is not read: put a plain file in its place"):
        read_settings(tmp_path)


def test_settings_in_two_files_are_told(tmp_path):
    """None of the two is passed over in silence; what other tools say in pyproject.toml is no matter."""
    (tmp_path / "idiolect.toml").write_text('drop = ["a.py"]\n')
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\nline-length = 120  # as [tool.idiolect]\n")
    assert read_settings(tmp_path).drop == ("a.py",)

    (tmp_path / "pyproject.toml").write_text('[tool.idiolect.conventions.S01]\nignore = true\nreason = "so"\n')
    with pytest.raises(SettingsError, match=r"pyproject.toml has \[tool.idiolect\], too: keep one of them"):
        read_settings(tmp_path)


def test_the_settings_of_each_repository_count(write_tree, tmp_path):
    """What any says of a convention holds for all; patterns are of their own repository; a contradiction is told."""
    ignore = '[conventions.N01]\nignore = true\nreason = "the team"\n'
    files = sorted(toy_files().items())
    first = write_tree(dict(files[::2]), "first")
    second = write_tree({**dict(files[1::2]), "idiolect.toml": f'drop = ["/{files[1][0]}"]\n{ignore}'}, "second")

    corpus = mine_repositories([first, second], tmp_path / "corpus", workers=1)
    paths = {pair.path for split in SPLITS for pair in corpus.pairs(split)}

    assert "N01" not in {entry.convention for entry in corpus.profile.entries}
    assert {f"second/{files[1][0]}", f"second/{files[3][0]}"} & paths == {f"second/{files[3][0]}"}
    (first / "idiolect.toml").write_text(ignore.replace("the team", "the other team"), "utf-8")
    assert corpus.profile == mine_repositories([first, second], tmp_path / "again", workers=1).profile
    (first / "idiolect.toml").write_text(ignore.replace("ignore = true", 'tier = "hint"'), "utf-8")
    with pytest.raises(SettingsError, match=r"conventions\.N01 is set in two ways: set it alike"):
        mine_repositories([first, second], tmp_path / "never", workers=1)


def test_an_own_pair_of_another_kind_is_another_corpus(write_tree, tmp_path):
    """Whatever of a pair is edited, the next run has it: nothing is taken as unchanged."""
    root = write_tree({**toy_files(), "idiolect.toml": SETTINGS, "own.jsonl": json.dumps({**OWN, "kind": "use"})})
    mine(root, tmp_path / "corpus")
    (root / "own.jsonl").write_text(json.dumps({**OWN, "kind": "recall", "language": "go"}), "utf-8")
    corpus = mine(root, tmp_path / "corpus")

    assert [("recall", "go")] == [(p.kind, p.language) for p in corpus.pairs("train") if p.repository == "own"]


@pytest.mark.parametrize(
    ("text", "reason"), [("ask jane.doe@acme-shop.com", "personal_data"), ("api_key = '{key}'", "secret")]
)
def test_an_own_pair_holds_nothing_private(write_tree, tmp_path, text, reason):
    """What a team writes itself goes through the filters that mined pairs go through."""
    response = "    return " + repr(text.replace("{key}", "9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d"))
    rows = json.dumps({**OWN, "response": response})
    root = write_tree({**toy_files(), "idiolect.toml": SETTINGS, "own.jsonl": rows})

    corpus = mine(root, tmp_path / "corpus")

    assert (0, 1) == (corpus.manifest["own_pairs"], corpus.manifest["skipped"][reason])
