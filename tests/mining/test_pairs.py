"""
Every kind of pair: its own examples, what it leaves alone, and that it is the same on any machine.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from idiolect.mining.api import Lookup, file_symbols
from idiolect.mining.conventions.tally import tally_source
from idiolect.mining.definitions import collect_definitions
from idiolect.mining.difference import FileChange, Lines, read_patch
from idiolect.mining.edits import mine_history, unformatted
from idiolect.mining.history import EMPTY, Change, spoken
from idiolect.mining.languages import known_languages, language_of
from idiolect.mining.mine import mine_data, mine_repositories
from idiolect.mining.pairs.implement import shorten_documentation
from idiolect.mining.pairs.kind import MinedFile, collect_kinds
from idiolect.mining.recency import COMMITS
from idiolect.mining.repository import open_repository
from idiolect.mining.skeleton import render_skeleton
from idiolect.mining.source import parse_source

HOUSE = {
    "house/client.py": '''
class Client:
    """Talks to the store."""

    def fetch(self, path, *, fresh=False):
        """Load the page at *path*.

        >>> Client().fetch("a")
        'page a'
        """
        if fresh:
            self.forget(path)
        return "page " + path

    def forget(self, path):
        """Drop what is remembered of *path*."""
        self.known = [one for one in self.known if one != path]
''',
    "house/words.py": '''
def shorten(text, limit):
    """Return the first words of *text* that fit into *limit* letters."""
    kept = []
    for word in text.split():
        if len(" ".join(kept + [word])) > limit:
            break
        kept.append(word)
    return " ".join(kept)
''',
    "house/pages.py": '''
from house.client import Client
from . import words


def read_title(path):
    """Return the title of the page at *path*, cut to what a list can show."""
    client = Client()
    page = client.fetch(path, fresh=True)
    title = words.shorten(page, 40)
    return title.strip()
''',
    "README.md": "# House\n\n## Read a page\n\nOne call:\n\n```python\nread_title('a')\nread_title('b')\n```\n",
}


def mined_file(path, text, house=frozenset()):
    source = parse_source(path, text.encode(), language_of(path, known_languages()))
    definitions = collect_definitions(source)
    return MinedFile(source, definitions, render_skeleton(source, definitions), tally_source(source), house)


def drafts_of(kind, example):
    """Return what *kind* makes of its own example."""
    mined = mined_file(example.path, example.file)
    if kind.draft_change is not None:
        before = mined_file(example.path, example.before)
        return list(
            kind.draft_change(
                Change("c0ffee", example.subject, example.path, before.source, mined.source,
                       before.definitions[0], mined.definitions[0], tuple(before.definitions))
            )
        )  # fmt: skip
    drafts = list(kind.draft(mined))
    if kind.finish is None:
        return drafts
    lookup = Lookup([(example.path, file_symbols(mined.source, mined.definitions))])
    return [done for draft in drafts if (done := kind.finish(draft, lookup)) is not None]


@pytest.mark.parametrize(
    ("kind", "example"),
    [pytest.param(k, e, id=f"{k.name}-{n}") for k in collect_kinds().values() for n, e in enumerate(k.examples)],
)
def test_a_kind_does_what_its_examples_show(kind, example):
    """The example's ask and answer are among the pairs made of its file, and the answer stands where the pair says."""
    drafts = drafts_of(kind, example)

    assert (example.instruction, example.response) in [(d.instruction, d.response) for d in drafts]
    lines = example.file.split("\n")
    if kind.name != "recall":
        for draft in drafts:
            assert draft.response == "\n".join(lines[draft.start_line - 1 : draft.end_line])


@pytest.mark.parametrize(
    ("path", "taught"),
    [("tests/mocks.py", False), ("t/mocks.py", False), ("door_test.py", False), ("src/t/mocks.py", True)],
)
def test_what_helps_tests_makes_no_pairs(path, taught):
    """Tests are poor answers, and so is what stands beside them, be it in the folder that is called `t`."""
    text = 'def open_door(key):\n    """Open the door with *key*."""\n    return key.turn(2)\n'

    assert taught == bool(mine_data(path, text.encode(), known_languages(), None).drafts)


def test_what_is_left_out_ends_before_the_end_of_its_line():
    """A block that a grammar reads up to the next one leaves the line's end, and empty lines, where they stand."""
    parts = "".join(f"## Door {n}\n\nOpen the door number {n}.\n\nThen shut it again.\n\n" for n in range(20))
    lists = "".join(f"doors{n}:\n  - oak door {n}\n  - elm door {n}\n\n" for n in range(20))
    drafts = [draft for path, text in (("a.md", parts), ("a.yaml", lists)) for draft in infills_of(path, text)]

    assert len(drafts) > 10
    assert [] == [draft.response for draft in drafts if draft.response != draft.response.rstrip()]


def infills_of(path, text):
    return mine_data(path, text.encode(), known_languages(), ["infill"]).drafts


def test_every_kind_has_a_file_and_all_but_infill_an_example():
    """The seven kinds of the design are there, and what was added."""
    kinds = collect_kinds()

    assert {"implement", "infill", "use", "restyle", "edit", "document", "recall"} <= set(kinds)
    assert {"infill"} == {name for name, kind in kinds.items() if not kind.examples}


@pytest.fixture(name="house")
def _house(write_tree):
    return write_tree(HOUSE, "house-repo")


@pytest.fixture(name="rows")
def _rows(house, tmp_path):
    corpus = mine_repositories([house], tmp_path / "corpus", workers=1)
    return [pair for split in ("train", "validation", "test") for pair in corpus.pairs(split)]


def test_a_call_is_asked_for_with_the_words_of_what_it_calls(rows):
    """Imported functions and methods of a bound class are followed; what is not the house's is not asked for."""
    asks = {pair.response.strip(): pair.instruction for pair in rows if pair.kind == "use"}

    assert any("Client.fetch(self, path, *, fresh=False)" in ask for ask in asks.values())
    assert any("load the page at *path*" in ask for ask in asks.values())
    assert all(ask.startswith("def read_title(path):") for ask in asks.values())
    assert "return title.strip()" not in asks


@pytest.mark.parametrize(
    ("head", "signature"),
    [
        ("def f(\n    cmd: click.Command,\n):", "(cmd: click.Command)"),
        (
            "def f(\n    a: dict[\n        str,\n        int,\n    ],\n    *,\n    b=(1,),\n) -> C:",
            "(a: dict[str, int], *, b=(1,))",
        ),
        ("def f( a, b ):", "( a, b )"),
    ],
)
def test_a_signature_of_several_lines_is_asked_for_as_on_one(head: str, signature: str):
    """Without the blanks and the comma that its line breaks leave; what stands on one line stays."""
    mined = mined_file("house/a.py", f"{head}\n    return g()\n")

    assert [signature] == [symbol.signature for symbol in file_symbols(mined.source, mined.definitions)]


BLOCK = "```python\nread('a')\n```\n"


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        pytest.param("One call\ndoes it.\n\nTry:\n\n", "One call\ndoes it.\n\nTry:", id="paragraphs"),
        pytest.param("Before.\n\n- one\n- two\n\nThen:\n\n", "Then:", id="after a list"),
        pytest.param("Before.\n\n1. one\n2. two\n\n", "", id="a list"),
        pytest.param("Before.\n\n  ```\n  x\n  ```\n\nThen:\n\n", "Then:", id="after an indented block"),
        pytest.param("Use it.\n\nLicensed under the MIT licence.\n\n", "Use it.", id="a licence"),
    ],
)
def test_the_words_before_a_block_are_asked_as_they_are(words: str, asked: str):
    """Paragraphs, back to a list or another block."""
    mined = mined_file("README.md", f"# House\n\n{words}{BLOCK}")
    (draft,) = collect_kinds()["recall"].draft(mined)

    assert "\n\n".join(part for part in ("# House", asked, "```python") if part) == draft.instruction


@pytest.mark.parametrize(
    "subject", ["Accept no prices and …", "Accept no prices at a... (#12)", "Accept no pri\u2026 (#3)"]
)
def test_a_subject_that_was_cut_asks_for_nothing(subject: str):
    """What was done stands in the part that is not there."""
    kind = collect_kinds()["edit"]
    (example,) = kind.examples

    assert not drafts_of(kind, replace(example, subject=subject))


def test_what_is_recalled_has_no_context(rows):
    """Signatures, examples of documentation strings and of the README are asked for out of the blue."""
    recalled = {pair.response: pair for pair in rows if pair.kind == "recall"}

    assert {""} == {pair.context for pair in recalled.values()}
    assert "    def fetch(self, path, *, fresh=False):" in recalled
    assert 'Client().fetch("a")' in recalled
    assert "# Read a page\n\nOne call:\n\n```python" == recalled["read_title('a')\nread_title('b')"].instruction


HEADS = """
class Shelf:
    @staticmethod
    def find(name, limit=10):  # pragma: no cover
        # the newest first
        return search(name, limit)

    @overload
    def read(self, name: str) -> str: ...

    @overload
    def read(self, name: bytes) -> bytes: ...
"""
SCALES = """
class Scales {
  static final Adapter DAYS = new Adapter() {
    @Override
    public long weigh(Reader reader, Day day) {
      return reader.days(day);
    }
  };

  /** Weighs a thing. */
  public long weigh(Reader reader, Thing thing) {
    return reader.things(thing);
  }
}
"""


def recalled(path, text):
    mined = mine_data(path, text.encode(), known_languages(), ["recall"])
    return [draft.response for draft in mined.drafts], {(drop.symbol, drop.reason) for drop in mined.drops}


def test_a_head_is_recalled_with_its_decorators_and_without_what_the_body_says():
    """A comment after the head is none of it; a name with several heads is no question, and its reason is kept."""
    heads, drops = recalled("shelf.py", HEADS)

    assert ["    @staticmethod\n    def find(name, limit=10):"] == heads
    assert {("Shelf.read", "several_answers")} == drops


def test_a_member_of_a_class_without_a_name_is_not_recalled():
    """It would be asked for by the name of the class around it."""
    assert (["  public long weigh(Reader reader, Thing thing)"], set()) == recalled("Scales.java", SCALES)


def test_long_documentation_keeps_its_beginning_and_its_tags():
    """In a comment with tags the contract stands at the end: what is left out stands before it."""
    lines = "".join(f"\n   * Long words about case {number}, which nobody needs." for number in range(30))
    tags = "\n   * @param reader where from\n   * @throws IOException at the end"
    doc = shorten_documentation(f"/**\n   * Reads a thing.{lines}\n   *{tags}\n   */")

    assert doc.startswith("/**\n   * Reads a thing.\n   * Long words about case 0,")
    assert doc.endswith(f", which nobody needs.{tags}\n   */")
    assert len(doc) < 1_010


def test_long_documentation_without_tags_is_cut_at_its_end():
    examples = "".join(f"\n    >>> double({number})" for number in range(90))
    doc = shorten_documentation(f'"""Return twice *x*.{examples}\n    """')

    assert doc.startswith('"""Return twice *x*.\n    >>> double(0)')
    assert doc.endswith(')\n    """')
    assert len(doc) < 1_010


def test_documentation_is_asked_for_without_giving_it_away(rows):
    """The ask holds the code and not the documentation; the answer is whole lines."""
    pairs = [pair for pair in rows if pair.kind == "document"]

    assert pairs
    for pair in pairs:
        assert pair.response.strip() not in pair.instruction
        assert '"""' in pair.response
        assert "def " in pair.instruction


@pytest.mark.parametrize("path", sorted(HOUSE))
def test_line_ends_change_no_pair(path):
    """A file whose lines end as Windows ends them teaches what it teaches otherwise, in its own line ends."""

    def told(text):
        mined = mine_data(path, text.encode(), known_languages(), None)
        # the byte at which they stand decides where holes are cut and which calls are asked for
        drafts = [draft for draft in mined.drafts if draft.kind not in {"infill", "use"}]
        return [(draft.kind, draft.instruction, draft.response, draft.start_line) for draft in drafts]

    plain, other = told(HOUSE[path]), told(HOUSE[path].replace("\n", "\r\n"))

    assert plain
    assert plain == [tuple(p.replace("\r\n", "\n") if isinstance(p, str) else p for p in row) for row in other]


STYLED = '''
def label_{noun}(item, names):
    """Return the label of the {noun}."""
    found = ["{noun}", "x{noun}"]
    if item.is_{noun}(names):
        found.add_{noun}(names[item]["{noun}_long"].cut_{noun}())
        item.close_{noun}(found.size_{noun}("whole"))
    return found + [names.get_{noun}(item, "no {noun}")["short"]]
'''
NOUNS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "inlet", "jetty", "knoll", "larch")


@pytest.fixture(name="restyled")
def _restyled(write_tree, tmp_path):
    root = write_tree({f"house/{noun}.py": STYLED.format(noun=noun) for noun in NOUNS})
    corpus = mine_repositories([root], tmp_path / "corpus", kinds=["implement", "restyle"], workers=1)
    return corpus, [p for split in ("train", "validation", "test") for p in corpus.pairs(split) if p.kind == "restyle"]


def test_restyled_code_does_the_same(restyled):
    """The asked code has another text and the same syntax tree as the answer: only conventions differ."""
    _, pairs = restyled

    assert pairs
    for pair in pairs:
        asked = pair.instruction.partition("\n")[2]
        assert asked.strip() != pair.response.strip()
        asked_tree, answer_tree = (ast.parse(code) for code in (asked, pair.response))
        assert ast.dump(asked_tree).replace(".'", "'") == ast.dump(answer_tree).replace(".'", "'")


def test_only_what_the_house_holds_to_is_restyled(restyled):
    """Every pair's rules are in the profile; a file's own habit is dropped with its reason."""
    corpus, _ = restyled
    told = {entry.convention for entry in corpus.profile.entries if entry.strength}

    assert "S01" in told


def test_a_habit_of_one_file_is_no_rule(write_tree, tmp_path):
    """Where some files have single quotes and some double ones, neither is taught."""
    files = {f"house/{noun}.py": STYLED.format(noun=noun) for noun in NOUNS}
    files |= {f"house/{n}.py": STYLED.format(noun=n).replace('"""', "$").replace('"', "'").replace("$", '"""')
              for n in ("moss", "nook", "opal", "pond", "quay", "reef", "sand", "tarn")}  # fmt: skip
    corpus = mine_repositories([write_tree(files)], tmp_path / "corpus", kinds=["implement", "restyle"], workers=1)

    assert corpus.manifest["skipped"].get("no_house_rule", 0) > 0


GIT = ("git", "-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
OLD = '''
def total_{noun}(prices, rate):
    """Return the sum of the {noun} *prices* with tax at *rate*."""
    found_{noun} = 0
    for price in prices:
        found_{noun} += price * (1 + rate)
    return round(found_{noun}, 2)
'''


@pytest.fixture(name="grown")
def _grown(write_tree, commit_tree):
    """Make a repository in which six commits, one after the other, each change one function."""
    root = write_tree({f"shop/{noun}.py": OLD.format(noun=noun) for noun in NOUNS}, "grown")
    commit_tree(root, "Begin")
    for noun in NOUNS[:6]:
        file = root / "shop" / f"{noun}.py"
        file.write_text(file.read_text().replace("in prices:", f"in prices or {noun}_prices():"), "utf-8")
        commit_tree(root, f"fix({noun}): take the usual {noun} prices where none are given (#12)")
    return root


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
    files = {f"shop/{noun}.py": OLD.format(noun=noun) for noun in NOUNS} | {"pyproject.toml": settings}
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
        pytest.param("Check the code and everything else", 2, id="of nothing by name"),
    ],
)
def test_settings_that_changed_along_with_code_are_no_lesson(write_tree, commit_tree, tmp_path, subject, asked):
    """A message that names code asks nothing of a file of settings in which no such name stands."""
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


def test_a_character_is_no_string():
    """Quotes are a formatter's matter only where both open strings."""
    assert unformatted("print('}')", "python") == unformatted('print("}")', "python")
    assert unformatted("print('}');", "java") != unformatted('print("}");', "java")


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
        ("[core] Read twice as much", "[core] Read twice as much"),
        ("docs: say what comes back", "Say what comes back"),
        ("Keep what was read. (#12)", "Keep what was read"),
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
        ("Fix typo in the name of the queue", False),
        ("Order reviews by date in the dashboard", False),
        ("Fix viewing merge conflicts in notebooks", False),
        ("Handle black and white images", False),
    ],
)
def test_a_message_says_what_is_changed_or_is_empty(subject, empty):
    assert empty is (EMPTY.search(subject) is not None)


def test_a_patch_names_lines_of_both_sides():
    """A hunk without a count stands for one line."""
    patch = (
        b"diff --git a/a.py b/a.py\nindex " + b"1" * 40 + b".." + b"2" * 40 + b" 100644\n--- a/a.py\n+++ b/a.py\n"
        b"@@ -3 +3,2 @@ def f():\n-x\n+y\n+z\n"
    )

    assert [FileChange("a.py", "1" * 40, "2" * 40, [Lines(3, 1)], [Lines(3, 2)])] == list(read_patch(patch))


def test_a_framework_gives_its_api_and_no_pairs(write_tree, tmp_path):
    """`api_from` lets calls of the framework be asked for with its words; none of its code is taught."""
    framework = write_tree({"flow/core.py": HOUSE["house/words.py"]}, "flow")
    text = HOUSE["house/pages.py"].replace("from . import words", "from flow.core import shorten").replace("words.", "")
    app = write_tree({"app/pages.py": text, "app/client.py": HOUSE["house/client.py"]}, "app")
    corpus = mine_repositories([app], tmp_path / "corpus", workers=1, api_from=[framework])
    pairs = [pair for split in ("train", "validation", "test") for pair in corpus.pairs(split)]

    assert any("shorten(text, limit)` to return the first words" in p.instruction.replace("Now", "`") or
               "`shorten(text, limit)`" in p.instruction for p in pairs if p.kind == "use")  # fmt: skip
    assert not any("flow" in pair.path.split("/")[0] for pair in pairs)
    assert "flow/flow/core.py" in corpus.api["files"]
    assert "flow" == corpus.manifest["api_from"][0]["repository"]


def test_a_framework_changes_no_rule(write_tree, commit_tree, tmp_path):
    """Folders keep their own rules, and recent lines are known, whether or not a framework's API is indexed."""
    tree = {f"core/{n}.py": STYLED.format(noun=n) + 'A = ["b", "c", "d", "e", "f"]\n' * 2 for n in NOUNS}
    tree |= {f"old/{n}.py": f"A = ['{n}', 'c', 'd', 'e', 'f']\nB = ['g', 'h', 'i', 'j', 'k']\n" for n in NOUNS}
    root = write_tree(tree)
    commit_tree(root)
    for number in range(COMMITS):
        with (root / "core" / f"{NOUNS[number % len(NOUNS)]}.py").open("a", encoding="utf-8") as file:
            file.write(f'B{number} = "b"\n')
        commit_tree(root, f"Add {number}")
    framework = write_tree({"core/flow.py": HOUSE["house/words.py"], "flow/a.py": HOUSE["house/client.py"]}, "core")
    alone = mine_repositories([root], tmp_path / "alone", workers=1)
    beside = mine_repositories([root], tmp_path / "beside", workers=1, api_from=[framework])

    assert alone.profile == beside.profile
    assert {"dir:old", "repository"} <= {entry.scope for entry in beside.profile.entries}
    assert any(entry.recent_n for entry in beside.profile.entries)
    assert {"core", "core-2"} == {path.partition("/")[0] for path in beside.api["files"]}


def test_repositories_of_one_name_do_not_collide(write_tree, tmp_path):
    """Two repositories whose folders have the same name keep their files apart."""
    one = write_tree({"code.py": HOUSE["house/words.py"]}, "a/tool")
    other = write_tree({"code.py": HOUSE["house/client.py"]}, "b/tool")
    corpus = mine_repositories([one, other], tmp_path / "corpus", workers=1)

    assert {"tool/code.py", "tool-2/code.py"} == set(corpus.api["files"])


@pytest.mark.parametrize(
    ("workers", "environment"),
    [
        pytest.param("2", {"PYTHONHASHSEED": "1"}, id="two workers"),
        pytest.param("1", {"PYTHONHASHSEED": "2", "LC_ALL": "C", "TZ": "Asia/Tokyo"}, id="another locale and seed"),
        pytest.param("1", {"PYTHONHASHSEED": "3", "LC_ALL": "tr_TR.UTF-8"}, id="a third seed"),
    ],
)
def test_every_kind_is_the_same_everywhere(grown, tmp_path, workers, environment):
    """Workers, hash seed, locale and time zone change no byte of a corpus with all seven kinds."""
    for path, text in HOUSE.items():
        (grown / path).parent.mkdir(exist_ok=True)
        (grown / path).write_text(text, "utf-8")
    for noun in NOUNS:
        (grown / f"style_{noun}.py").write_text(STYLED.format(noun=noun), "utf-8")
    code = "from pathlib import Path; from idiolect.mining.mine import mine_repositories as m; import sys; " \
           "m([Path(sys.argv[1])], Path(sys.argv[2]), workers=int(sys.argv[3]))"  # fmt: skip
    manifests = []
    for out, count, extra in (("first", "1", {"PYTHONHASHSEED": "0"}), ("second", workers, environment)):
        subprocess.run(
            [sys.executable, "-c", code, str(grown), str(tmp_path / out), count],
            check=True, env={**os.environ, "IDIOLECT_CACHE": "", **extra},
        )  # fmt: skip
        manifests.append((tmp_path / out / "manifest.json").read_bytes())

    assert manifests[0] == manifests[1]
    assert all(f'"{kind}"'.encode() in manifests[0] for kind in collect_kinds())
