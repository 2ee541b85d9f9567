"""
A history gives edits, asked for in a commit's words, and tells which files are the newest.
"""

from __future__ import annotations

import json
import subprocess
from random import Random

import pytest
from idiolect.mining.difference import FileChange, Lines, read_patch
from idiolect.mining.edits import mine_history, unformatted
from idiolect.mining.history import EMPTY, Commit, is_lesson, spoken
from idiolect.mining.languages import known_languages, language_named
from idiolect.mining.mine import mine_repositories
from idiolect.mining.repository import open_repository

from .houses import NOUNS, OLD, STYLED
from .planted import FORMATS

GIT = ("git", "-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")


def test_a_commit_becomes_an_edit(grown, tmp_path):
    """The message, without prefix and number, and the old definition ask for the new one; its commit is named."""
    corpus = mine_repositories([grown], tmp_path / "corpus", workers=1)
    pairs = [p for split in ("train", "validation", "test") for p in corpus.pairs(split) if p.kind == "edit"]

    assert 6 == len(pairs) + corpus.manifest["skipped"].get("near_duplicate", 0)
    assert corpus.manifest["commit"] not in {pair.commit for pair in pairs[:-1]}
    for pair in pairs:
        assert "Take the usual" in pair.instruction
        assert "#12" not in pair.instruction
        assert "    for price in prices:\n" in pair.instruction
        assert "_prices():" in pair.response


@pytest.mark.parametrize(
    ("settings", "attributes", "line"),
    [
        pytest.param({"diff.noprefix": "true"}, "", "", id="no prefix"),
        pytest.param({"diff.mnemonicPrefix": "true", "diff.interHunkContext": "9"}, "", "", id="other prefix, context"),
        pytest.param({}, "*.py -diff\n", "", id="attributes"),
        pytest.param({}, "", "    print('\x01 --')\n", id="a control character"),
    ],
)
def test_neither_settings_nor_attributes_hide_a_change(write_tree, commit_tree, settings, attributes, line):
    """What git would show a person, and as what, makes no difference to what is learned from a history."""
    root = write_tree({"shop/amber.py": OLD.format(noun="amber"), ".gitattributes": attributes}, "grown")
    commit_tree(root, "Begin")
    for name, value in settings.items():
        subprocess.run([*GIT, "-C", str(root), "config", name, value], check=True)
    file = root / "shop" / "amber.py"
    changed = (
        file.read_text("utf-8").replace("in prices:", "in prices or ():").replace("    return", f"{line}    return")
    )
    file.write_text(changed, "utf-8")
    commit_tree(root, "Accept no prices at all")
    found = mine_history(open_repository(root, suffixes=[".py"]), 9, known_languages(), ["edit"])

    assert ["total_amber"] == [pair.symbol for pair in found.pairs]


@pytest.mark.parametrize(
    ("head", "settings", "reason"),
    [
        pytest.param("# SPDX-License-Identifier: AGPL-3.0-only\n", "", "licence", id="licence"),
        pytest.param("", '[tool.idiolect]\nexclude = ["shop/amb*"]\n', "excluded", id="settings"),
        pytest.param("", "shop/amb* linguist-generated\n", "generated", id="attributes"),
        pytest.param(
            "# SPDX-License-Identifier: AGPL-3.0-only\n",
            '[tool.idiolect]\nlicences = ["AGPL-3.0"]\n',
            None,
            id="allowed",
        ),
    ],
)
def test_the_past_of_a_file_that_is_not_mined_is_not_taught(write_tree, commit_tree, tmp_path, head, settings, reason):
    """What keeps a file out keeps the changes to it out; where they may stay, they say the file's own licence."""
    files = {f"shop/{noun}.py": OLD.format(noun=noun) for noun in NOUNS} | {
        ".gitattributes" if "linguist" in settings else "pyproject.toml": settings
    }
    root = write_tree({**files, "shop/amber.py": head + OLD.format(noun="amber")}, "grown")
    commit_tree(root, "Begin")
    file = root / "shop" / "amber.py"
    file.write_text(file.read_text().replace("in prices:", "in (*prices, *prices):"), "utf-8")
    commit_tree(root, "Sum up the usual prices twice")
    corpus = mine_repositories([root], tmp_path / "corpus", workers=1)
    edits = [p for split in ("train", "validation", "test") for p in corpus.pairs(split) if p.kind == "edit"]
    skipped = [json.loads(line) for line in (tmp_path / "corpus" / "skipped.jsonl").read_text("utf-8").splitlines()]

    assert ([] if reason else ["AGPL-3.0-only"]) == [pair.licence for pair in edits]
    assert ([reason] if reason else []) == [row["reason"] for row in skipped if row["kind"] == "edit"]


def test_the_newest_files_are_the_test(write_tree, commit_tree, tmp_path):
    """With a history, what changed last is held out; the manifest says so."""
    root = write_tree({f"shop/{n}.py": STYLED.format(noun=n).replace("found", f"{n}_found") for n in NOUNS}, "grown")
    commit_tree(root, "Begin")
    for noun in ("amber", "birch"):
        file = root / "shop" / f"{noun}.py"
        file.write_text(file.read_text().replace('"whole"', '"half"'), "utf-8")
        commit_tree(root, f"Close {noun} items when they are half empty")
    corpus = mine_repositories([root], tmp_path / "corpus", kinds=["implement"], workers=1)

    assert [{"commits": 500, "split": "newest in test"}] == corpus.manifest["history"]
    held_out = {pair.path for pair in corpus.pairs("test")}
    assert held_out
    assert held_out <= {"shop/amber.py", "shop/birch.py"}


def test_what_was_torn_down_is_not_held_out(write_tree, commit_tree, tmp_path):
    """Changes to a file that is gone are learned from, however new they are: nobody will change it any more."""
    root = write_tree({f"shop/{n}.py": STYLED.format(noun=n).replace("found", f"{n}_found") for n in NOUNS}, "grown")
    commit_tree(root, "Begin")
    for noun in NOUNS[:4]:
        file = root / "shop" / f"{noun}.py"
        file.write_text(file.read_text().replace('"whole"', '"half"'), "utf-8")
        commit_tree(root, f"Close {noun} items when they are half empty")
    gone = {f"shop/{noun}.py" for noun in NOUNS[:4]}
    for path in gone:
        (root / path).unlink()
    commit_tree(root, "Sell less")
    corpus = mine_repositories([root], tmp_path / "corpus", kinds=["implement", "edit"], workers=1)

    assert gone <= {pair.path for pair in corpus.pairs("train")}
    assert corpus.pairs("test")
    assert gone.isdisjoint(pair.path for split in ("validation", "test") for pair in corpus.pairs(split))


def test_a_shallow_clone_is_not_split_by_time(grown, tmp_path):
    """A history that was cut does not tell which files are old: the split says so and goes by hash, unlike a part."""
    assert [{"commits": 3, "split": "newest in test", "goes_on": True}] == mine_repositories(
        [grown], tmp_path / "part", workers=1, history=3
    ).manifest["history"]
    shallow = tmp_path / "shallow"
    subprocess.run([*GIT, "clone", "-q", "--depth", "3", f"file://{grown}", str(shallow)], check=True)
    corpus = mine_repositories([shallow], tmp_path / "corpus", workers=1)

    assert [{"commits": 500, "split": "by hash", "shallow": True}] == corpus.manifest["history"]


@pytest.mark.parametrize(
    ("subject", "old", "new", "reason"),
    [
        pytest.param("Apply suggestions from code review", "in prices:", "in prices or ():", None, id="review"),
        pytest.param("Take what @jdoe-2 found out", "in prices:", "in prices or ():", None, id="a person"),
        pytest.param(
            "Give each name a line", "(prices, rate)", "(\n    prices,\n    rate,\n)", "formatted_only", id="layout"
        ),
        pytest.param("Sum up what is asked for", "return", "# soon\n    return", "comments_only", id="a comment"),
        pytest.param("Drop them when summed up", "return", "del prices('all')\n    return", "syntax", id="syntax"),
    ],
)
def test_a_commit_that_tells_or_changes_nothing_is_no_edit(
    write_tree, commit_tree, tmp_path, subject, old, new, reason
):
    """Who asked, a formatter's work and code that does not parse are not taught."""
    root = write_tree({f"shop/{noun}.py": OLD.format(noun=noun) for noun in NOUNS}, "grown")
    commit_tree(root, "Begin")
    file = root / "shop" / "amber.py"
    file.write_text(file.read_text().replace(old, new), "utf-8")
    commit_tree(root, subject)
    corpus = mine_repositories([root], tmp_path / "corpus", workers=1)

    assert not [p for split in ("train", "validation", "test") for p in corpus.pairs(split) if p.kind == "edit"]
    assert reason is None or reason in corpus.manifest["skipped"]


@pytest.mark.parametrize(
    ("subject", "asked"),
    [
        pytest.param("Add door_count to the errors of LockError", 1, id="of the code"),
        pytest.param("Check the code with openCheck once more", 2, id="of both"),
        pytest.param("Check the code and everything else", 1, id="of nothing by name"),
    ],
)
def test_settings_that_changed_along_with_code_are_no_lesson(write_tree, commit_tree, subject, asked):
    """A commit that changes code asks of a file of settings only what its message names there."""
    settings = "repos:\n  - repo: https://example.org/checks\n    hooks:\n      - id: one\n        args: [a, b, c]\n"
    files = {f"shop/{noun}.py": OLD.format(noun=noun) for noun in NOUNS}
    root = write_tree({**files, "checks.yaml": settings}, "grown")
    commit_tree(root, "Begin")
    for name, old, new in (
        ("shop/amber.py", "in prices:", "in door_count(prices):"),
        ("checks.yaml", "c]", "opencheck]"),
    ):
        (root / name).write_text((root / name).read_text().replace(old, new), "utf-8")
    commit_tree(root, subject)
    pairs = mine_history(open_repository(root, suffixes=[".py", ".yaml"]), 9, known_languages(), ["edit"]).pairs

    assert ["checks.yaml", "shop/amber.py"][2 - asked :] == sorted(pair.path for pair in pairs)


@pytest.mark.parametrize(
    ("subject", "new", "asked"),
    [
        pytest.param("Check the code with openCheck, too", "c, opencheck]", 1, id="its words"),
        pytest.param("Try a full connection of hosts", "c, opencheck]", 0, id="other words"),
        pytest.param("Give one what the args need", "c, 61bb5489c6c3fd5e9e5fcef75e50e542b0c891f1]", 0, id="a digest"),
    ],
)
def test_settings_are_changed_as_a_message_tells(write_tree, commit_tree, subject, new, asked):
    """One that has no word in common with the change is of something else, and no message tells a digest."""
    settings = "repos:\n  - repo: https://example.org/doors\n    hooks:\n      - id: one\n        args: [a, b, c]\n"
    root = write_tree({"doors.yaml": settings}, "grown")
    commit_tree(root, "Begin")
    (root / "doors.yaml").write_text(settings.replace("c]", new), "utf-8")
    commit_tree(root, subject)
    pairs = mine_history(open_repository(root, suffixes=[".yaml"]), 9, known_languages(), ["edit"]).pairs

    assert asked == len(pairs)


def test_scripts_without_an_ending_are_mined_with_their_past(write_tree, commit_tree, tmp_path):
    """A command is read as what its first line says runs it; what it does not say, or nothing can read, is left."""
    total = "#!/usr/bin/env python3\n" + OLD.format(noun="amber")
    left = {"bin/other": "#!/usr/bin/perl\n", "LICENSE": "Do with it what you like.\n"}
    root = write_tree({"bin/total": total, **left}, "grown")
    commit_tree(root, "Begin")
    (root / "bin" / "total").write_text(total.replace("in prices:", "in prices or ():"), "utf-8")
    commit_tree(root, "Accept no prices at all")
    corpus = mine_repositories([root], tmp_path / "corpus", workers=1)
    pairs = [pair for split in ("train", "validation", "test") for pair in corpus.pairs(split)]

    assert {("bin/total", "python")} == {(pair.path, pair.language) for pair in pairs}
    assert {"edit", "implement"} <= {pair.kind for pair in pairs}


def test_a_character_is_no_string():
    """Quotes are a formatter's matter only where both open strings."""
    python, java = language_named("python"), language_named("java")

    assert unformatted("print('}')", python) == unformatted('print("}")', python)
    assert unformatted("print('}');", java) != unformatted('print("}");', java)


def test_a_secret_of_the_past_stays_there(write_tree, commit_tree, tmp_path):
    """What a commit took out of a function is in no pair, whichever side of the change it was on."""
    token = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    text = OLD.format(noun="amber")
    root = write_tree({"shop/amber.py": text.replace("found_amber = 0", f"found_amber = hidden('{token}')")}, "grown")
    commit_tree(root, "Begin")
    (root / "shop" / "amber.py").write_text(text, "utf-8")
    commit_tree(root, "Take the token out of the sum")
    corpus = mine_repositories([root], tmp_path / "corpus", workers=1)

    assert 1 == corpus.manifest["skipped"]["secret"]
    assert not any(token.encode() in p.read_bytes() for p in corpus.folder.rglob("*") if p.is_file())


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("fix(parser): accept empty lines (#123)", "Accept empty lines"),
        ("Close the file at the end.", "Close the file at the end"),
        ("[core] Read twice as much", "Read twice as much"),
        ("[baseline] - name what is kept", "Name what is kept"),
        ("🐛 fix(parser): accept empty lines (#123)", "Accept empty lines"),
        ("🕵\ufe0f\u200d♂\ufe0f fix: look twice", "Look twice"),
        (":bug: close the file at the end", "Close the file at the end"),
        ("fix: ✨ close the file at the end", "Close the file at the end"),
        ("DOC : say what comes back", "Say what comes back"),
        ("feat (codes): add those of 2022", "Add those of 2022"),
        ("--exact should conflict with --fixed", "--exact should conflict with --fixed"),
        ("sort_lists gives them back in order", "sort_lists gives them back in order"),
        ("Support format: both of them", "Support format: both of them"),
        ("docs: say what comes back", "Say what comes back"),
        ("Keep what was read. (#12)", "Keep what was read"),
        ("fix: `KeyError` swallowing in the parser (#12)", "Fix: `KeyError` swallowing in the parser"),
        ("fix(parser)!: logic of empty lines", "Fix: logic of empty lines"),
        ("fix: return of empty lines", "Fix: return of empty lines"),
        ("feat: logic of empty lines", "Logic of empty lines"),
        ("Wrong name of the queue", "Fix: Wrong name of the queue"),
    ],
)
def test_a_message_is_said_as_a_person_would(subject, words):
    assert words == spoken(subject)


@pytest.mark.parametrize(
    ("subject", "empty"),
    [
        ("Address review comments from a colleague", True),
        ("Some part of it - WIP", True),
        ("fixup! Close the file at the end", True),
        ("Fix a few typos", True),
        ("Ran black on the code", True),
        ("Fix prettier / lint", True),
        ("Why have I fixed it?", True),
        ("Add some tests for the reading of lines", True),
        ("Add unit test for empty lines", True),
        ("Several fixes around empty lines", True),
        ("Minor fix in comment", True),
        ("Much improved reading of lines", True),
        ("Clean up some warnings", True),
        ("Fix type warnings a little better", True),
        ("Update all the workflows to latest", True),
        ("Fix warnings about empty lines", False),
        ("Some fixes for lines: accept empty ones", False),
        ("Update the page of the latest version", False),
        ("Add what tests are run by", False),
        ("Fix typo in the name of the queue", False),
        ("Order reviews by date in the dashboard", False),
        ("Fix viewing merge conflicts in notebooks", False),
        ("Handle black and white images", False),
    ],
)
def test_a_message_says_what_is_changed_or_is_empty(subject, empty):
    assert empty is (EMPTY.search(subject) is not None)


@pytest.mark.parametrize(
    ("subject", "teaches"),
    [
        ("Speed up the parsing of long lines", True),
        ("Bring back the comma at the end", True),
        ("Embed the fonts in each page", True),
        ("Embedded the fonts in each page", False),
        ("Fixes the parsing of long lines", False),
    ],
)
def test_an_order_may_end_as_a_report_does(subject, teaches):
    """What was done is told from what is to be done by its first word, and some words only look like the former."""
    change = FileChange("a.py", "1", "2", [Lines(1, 1)], [Lines(1, 1)])

    assert teaches is is_lesson(Commit("1", subject, "Ann", [change]))


def test_a_patch_names_lines_of_both_sides():
    """A hunk without a count stands for one line."""
    patch = (
        b"diff --git a/a.py b/a.py\nindex " + b"1" * 40 + b".." + b"2" * 40 + b" 100644\n--- a/a.py\n+++ b/a.py\n"
        b"@@ -3 +3,2 @@ def f():\n-x\n+y\n+z\n"
    )

    assert [FileChange("a.py", "1" * 40, "2" * 40, [Lines(3, 1)], [Lines(3, 2)])] == list(read_patch(patch))


@pytest.mark.parametrize(
    ("key", "reason"),
    [(FORMATS["GitHub personal"](Random(19)), "secret"), ("jane.doe@acme-shop.com", "personal_data")],
    ids=["secret", "person"],
)
def test_what_is_left_out_is_not_named_by_what_is_private(write_tree, commit_tree, key, reason):
    """A key of settings may be a secret or a person: the list of what was dropped does not hold it."""
    root = write_tree({"rights.yml": f"{key}:\n  rooms: [one, two]\n  doors: 1\n  keys: 3\n"})
    commit_tree(root, "Begin")
    (root / "rights.yml").write_text(f"{key}:\n  rooms: [one, two]\n  doors: 2\n  keys: 3\n", "utf-8")
    commit_tree(root, "Give two doors to everybody")
    found = mine_history(open_repository(root, suffixes=[".yml"]), 9, known_languages(), ["edit"])

    assert {("", reason)} == {(drop.symbol, drop.reason) for drop in found.drops}
