"""
Pairs of `recall`: heads that others may use, and blocks of Markdown with what they are about.
"""

from __future__ import annotations

import json

import pytest
from idiolect.mining.languages import known_languages
from idiolect.mining.mine import mine_repositories
from idiolect.mining.mine_file import mine_data
from idiolect.mining.pairs.kind import collect_kinds

from .houses import mined_file

BLOCK = "```python\nread('a')\n```\n"
HEADS = """
class Shelf:
    @staticmethod
    def find(name, limit=10):  # pragma: no cover
        # the newest first
        return search(name, limit)

    @overload
    def read(self, name: str) -> str: ...

    @typing.overload
    def read(self, name: bytes) -> bytes: ...

    def read(self, name):
        return load(name)

    if POSIX:
        def write(self, name: str): ...
    else:
        def write(self, name: str, mode: int): ...
"""
SCALES = """
public class Scales {
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


@pytest.mark.parametrize(
    ("path", "shown", "hidden"),
    [
        ("a.go", "package a\n\nfunc Open(door string) {\n\tf(door)\n}\n",
         "package a\n\nfunc open(door string) {\n\tf(door)\n}\n"),
        ("a.rs", "pub fn open(door: &str) {\n    f(door);\n}\n", "fn open(door: &str) {\n    f(door);\n}\n"),
        ("a.hs", "module A (open) where\n\nopen :: Door -> IO ()\nopen door =\n  f door\n",
         "module A (shut) where\n\nopen :: Door -> IO ()\nopen door =\n  f door\n"),
        ("a.zig", "pub fn open(a: Door) void {\n    f(a);\n}\n", "fn open(a: Door) void {\n    f(a);\n}\n"),
        ("A.java", "public class A {\n    public void open(Door door) { f(door); }\n}\n",
         "public class A {\n    @Override\n    public void open(Door door) { f(door); }\n\n"
         "    void lock(Door door) { f(door); }\n\n    private void shut(Door door) { g(door); }\n}\n\n"
         "class B {\n    public void open(Door door) { f(door); }\n}\n"),
        ("B.java", "public interface B {\n    default void open(Door door) { f(door); }\n}\n",
         "interface B {\n    default void open(Door door) { f(door); }\n}\n"),
        ("A.cs", "namespace N {\n  public class A {\n    public void Open(Door door) { F(door); }\n  }\n}\n",
         "namespace N {\n  public class A {\n    void Open(Door door) { F(door); }\n\n"
         "    class B {\n      public void Open(Door door) { F(door); }\n    }\n  }\n\n"
         "  class C {\n    public void Open(Door door) { F(door); }\n  }\n}\n"),
        ("B.cs", "public interface B {\n  void Open(Door door) { F(door); }\n}\n",
         "internal interface B {\n  void Open(Door door) { F(door); }\n}\n"),
        ("a.c", "void open(struct door *door) {\n  f(door);\n}\n",
         "static void open(struct door *door) {\n  f(door);\n}\n"),
        ("a.h", "static inline void open(struct door *door) {\n  f(door);\n}\n", "int key;\n"),
        ("b.cpp", "struct A {\n  static void open(Door door) { f(door); }\n};\n",
         "namespace a {\nstatic void open(Door door) { f(door); }\n}\n"),
        ("a.kt", "fun open(door: Door) {\n    f(door)\n}\n", "internal fun open(door: Door) {\n    f(door)\n}\n"),
        ("c.ts", "export function open(door: Door) {\n  f(door);\n}\n",
         "import { f } from './f';\n\nfunction open(door: Door) {\n  f(door);\n}\n\nexport const key = 1;\n\n"
         "class A {\n  shut(door: Door) {\n    f(door);\n  }\n}\n"),
        ("c.js", "const open = (door, key) => {\n  f(door);\n};\n\nexport { open as enter };\n",
         "const open = (door, key) => {\n  f(door);\n};\n\nexport const enter = () => {\n  open();\n};\n"),
        ("d.js", "function open(door, key) {\n  f(door);\n}\n\nmodule.exports = { open };\n",
         "function open(door, key) {\n  f(door);\n}\n\nmodule.exports = { enter() {\n  open();\n} };\n"),
        ("e.js", "class A {\n  open(door, key) {\n    f(door);\n  }\n}\n",
         "class A {\n  #open(door, key) {\n    f(door);\n  }\n}\n"),
        ("a.ts", "class A {\n  open(door: Door) {\n    f(door);\n  }\n}\n",
         "class A {\n  private open(door: Door) {\n    f(door);\n  }\n}\n"),
        ("b.ts", "const doors = {\n  open(door: Door) {\n    f(door);\n  },\n};\n",
         "add({\n  open(door: Door) {\n    f(door);\n  },\n"
         "  more: {\n    shut(door: Door) {\n      f(door);\n    },\n  },\n});\n"),
        ("a.rb", "class A\n  private\n\n  attr_reader :key\n\n  def self.open(door, key)\n    f(door)\n  end\nend\n",
         "class A\n  private def lock(door, key)\n    f(door)\n  end\n\n  private\n\n  def open(door, key)\n"
         "    f(door)\n  end\nend\n"),
        ("b.rb", "class A\n  private\n\n  class B\n    def open(door, key)\n      f(door)\n    end\n  end\nend\n",
         "class A\n  class << self\n    protected\n\n    def open(door, key)\n      f(door)\n    end\n  end\nend\n"),
        ("a.cpp", "class A {\n  int key_;\n\n public:\n  void open(Door door) { f(door); }\n};\n",
         "class A {\n  void open(Door door) { f(door); }\n\n public:\n  void lock(Door door) override { f(door); }\n\n"
         " protected:\n  void shut(Door door) { f(door); }\n};\n\nnamespace {\nclass B {\n public:\n"
         "  void open(Door door) { f(door); }\n};\n}\n"),
        ("a.swift", "extension A {\n  func open(door: Door) {\n    f(door)\n  }\n}\n",
         "private extension A {\n  func open(door: Door) {\n    f(door)\n  }\n}\n\n"
         "fileprivate func shut(door: Door) {\n  f(door)\n}\n"),
        ("a.php", "<?php\nclass A {\n  public function open(Door $door) { f($door); }\n}\n",
         "<?php\nclass A {\n  protected function p(Door $door) { f($door); }\n}\n"),
        ("README.md", "# A\n\nOpen the door:\n\n```py\nopen_door(1)\n```\n",
         "# A\n\nWrong:\n\n```py\nopen_door(1)\n```\n\nOr so:\n\n```py\n# don't\nopen_door(2)\n```\n"),
    ],
)  # fmt: skip
def test_what_others_may_not_use_is_not_recalled(path, shown, hidden):
    """Nor is what an example warns of."""
    counts = [sum(draft.kind == "recall" for draft in mine_data(path, text.encode(), known_languages(), None).drafts)
              for text in (shown, hidden)]  # fmt: skip

    assert [1, 0] == counts


def test_a_method_is_not_recalled_that_its_class_keeps_to_itself(write_tree, tmp_path):
    """The class may be declared in another file; of overloads some may be called."""
    heads = {name: f"void Door::{name}(Key key, int turns)" for name in ("open", "lock", "shut", "seal")}
    bodies = [f"{head} {{\n  {name}_it(key);\n  tell(turns, {len(name)});\n}}\n" for name, head in heads.items()]
    declared = "class Door : public Gate {{\n public:\n  {}\n  {} override;\n  {}\n\n private:\n  {}\n  {}\n}};\n"
    lines = [f"{heads[name].replace('Door::', '')};" for name in ("open", "shut", "lock", "seal")]
    header = declared.format(lines[0], lines[1].rstrip(";"), "void seal(Key key);", *lines[2:])
    root = write_tree({"door.h": header, "door.cpp": "\n".join(bodies)})

    corpus = mine_repositories([root], tmp_path / "corpus", workers=1, kinds=["recall"])

    found = {pair.symbol for split in ("train", "validation", "test") for pair in corpus.pairs(split)}
    assert {"Door.open", "Door.seal"} == found
    skipped = [json.loads(line) for line in (tmp_path / "corpus" / "skipped.jsonl").read_text("utf-8").splitlines()]
    assert ["Door.lock", "Door.shut"] == sorted(row["symbol"] for row in skipped if row["reason"] == "hidden")


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


@pytest.mark.parametrize("mark", ["---", "+++"])
def test_what_stands_before_a_document_for_its_generator_is_not_asked_with(mark: str):
    """Its title is told as such; other keys are nobody's words."""
    text = f"{mark}\ntitle: House\ndraft: no\n{mark}\n\nOne call:\n\n{BLOCK}"
    (draft,) = collect_kinds()["recall"].draft(mined_file("README.md", text))

    assert "# House\n\nOne call:\n\n```python" == draft.instruction


def test_a_block_is_asked_for_with_the_heading_that_it_stands_under():
    """A later one too, with the one before it, where words say what it is; a comment in that is no heading."""
    first = BLOCK.replace("read", "# no heading", 1)
    text = f"# House\n\n## Read\n\nOnce:\n\n{first}\nTwice:\n\n{BLOCK}\n{BLOCK}"
    drafts = collect_kinds()["recall"].draft(mined_file("README.md", text))

    expected = [f"# House\n\n## Read\n\n{words}\n\n```python" for words in ("Once:", f"{first}\nTwice:")]
    assert expected == [draft.instruction for draft in drafts]


def test_a_block_is_asked_for_with_the_headings_around_its_own():
    """Parts of one name are told from each other by what they are parts of, each heading at its own level."""
    text = f"# House\n\n## Read\n\n#### Example\n\n{BLOCK}\n### Notes\n\n## Write\n\n#### Example\n\n{BLOCK}"
    drafts = collect_kinds()["recall"].draft(mined_file("README.md", text))

    expected = [f"# House\n\n## {part}\n\n#### Example\n\n```python" for part in ("Read", "Write")]
    assert expected == [draft.instruction for draft in drafts]


def test_an_underlined_heading_is_one():
    """A line below a list, a table or a paragraph of its own is none."""
    text = f"House\n=====\n\nRead\n----\n\n- one\n---\n\n***\n---\n\nOne call:\n\n{BLOCK}"
    (draft,) = collect_kinds()["recall"].draft(mined_file("README.md", text))

    assert "# House\n\n## Read\n\n***\n---\n\nOne call:\n\n```python" == draft.instruction


def test_of_several_first_headings_none_is_the_title():
    """The document is named by its path, as where it has no heading of the first level."""
    text = f"# Read\n\n{BLOCK}\n# Write\n\nOne call:\n\n{BLOCK}"
    drafts = collect_kinds()["recall"].draft(mined_file("docs/a.md", text))

    expected = ["# docs/a.md\n\n# Read\n\n```python", "# docs/a.md\n\n# Write\n\nOne call:\n\n```python"]
    assert expected == [draft.instruction for draft in drafts]


@pytest.mark.parametrize(
    ("words", "block", "asked"),
    [
        ("**Do not** read by `name`.", BLOCK, False),
        ("Read by `name`. Do not write.", BLOCK, True),
        ("It is read by `name`.\n\nOld code:", BLOCK, False),
        ("The old shelf can be read:", BLOCK, True),
        ("One call:", BLOCK.replace(")", ")  # <--- Obsolete!"), False),
        ("> Output", BLOCK, False),
        ("This prints every name:", BLOCK, False),
        ("To print every name:", BLOCK, True),
        ("Output goes to a file:", BLOCK, True),
    ],
)
def test_what_is_not_done_and_what_a_program_wrote_is_not_asked_for(words: str, block: str, asked: bool):
    """The words before a block, or a comment in it, say so."""
    mined = mined_file("README.md", f"# House\n\n{words}\n\n{block}")

    assert asked is bool(list(collect_kinds()["recall"].draft(mined)))


@pytest.mark.parametrize("path", ["CHANGELOG.md", "docs/upgrade-2.0.md"])
def test_a_document_on_changes_is_not_asked_for(path: str):
    """It shows what was beside what is."""
    text = f"# House\n\n## 2.0\n\nRead:\n\n{BLOCK}".replace("'a'", "'a', 'b'")

    assert not recalled(path, text)
    assert recalled("docs/reading.md", text)


def test_what_an_example_of_rust_does_not_show_is_not_asked_for():
    """Lines that are compiled and not shown; an attribute is shown."""
    code = "# use house::Door;\n#[derive(Clone)]\nstruct Key;\n\n#\nlet door = Door::new(Key);\n# let _ = door;\n"

    shown = ["#[derive(Clone)]\nstruct Key;\n\nlet door = Door::new(Key);"]
    assert shown == recalled("a.md", f"# House\n\n```rust,no_run\n{code}```\n")


def test_a_licence_in_a_block_is_not_asked_for():
    """It is the same in every house."""
    text = "# House\n\n## Licence\n\n```\nLicensed under the Apache License, Version 2.0\n```\n"

    assert not list(collect_kinds()["recall"].draft(mined_file("README.md", text)))


def recalled(path, text):
    return [draft.response for draft in mine_data(path, text.encode(), known_languages(), ["recall"]).drafts]


def test_a_head_is_recalled_with_its_decorators_and_without_what_the_body_says():
    """A comment after the head is none of it; of what is overloaded, the head that runs counts."""
    found = recalled("shelf.py", HEADS)

    assert ["    @staticmethod\n    def find(name, limit=10):", "    def read(self, name):"] == found[:2]


@pytest.mark.parametrize(("path", "signatures"), [("house/a.py", 1), ("examples/a.py", 0), ("scripts/a.py", 0)])
def test_signatures_are_recalled_of_what_is_offered(path, signatures):
    """Nobody calls an example or a script by its name; what it shows is asked for."""
    text = 'def open_door(key, turns):\n    """Open it.\n\n    >>> open_door(key, 2)\n    """\n    key.turn(turns)\n'

    assert [*["def open_door(key, turns):"] * signatures, "open_door(key, 2)"] == recalled(path, text)


def test_a_property_is_not_recalled_as_what_sets_it():
    """Whoever asks how a property is declared means how it is read."""
    other = "    @colour.{0}\n    def colour(self, value=None):\n        self.paint(value)\n\n"
    text = "class Door:\n    @property\n    def colour(self):\n        return 1\n\n"

    assert not recalled("house/door.py", text + other.format("setter") + other.format("deleter"))
    setters = "".join(f"  set{name}(colour: Colour) {{\n    paint(colour);\n  }}\n" for name in (" colour", ""))
    assert ["  set(colour: Colour)"] == recalled("door.ts", f"class Door {{\n{setters}}}\n")


def test_what_has_several_answers_is_not_asked(write_tree, tmp_path):
    """A name with several heads, or one heading in several documents, is no question, unless a title makes it one."""
    page = "# {title}\n\nWhat it is.\n\n## Setup\n\n```sh\n{line}\n```\n"
    pages = {
        "a.md": page.format(title="Doors", line="door install --all\ndoor open"),
        "b.md": page.format(title="Windows", line="window clean --everywhere\nwindow tilt"),
        "c.md": page.format(title="Walls", line="wall paint --colour white"),
        "d.md": page.format(title="Walls", line="brick stack --height 7\nbrick smile"),
        "doc/f.md": "## Setup\n\n```sh\nfloor sand --fine\nfloor wax\n```\n",
        "e.md": "---\ntitle: 'Roofs'\n---\n\n## Setup\n\n```sh\nroof tile --slate\nroof seal\n```\n",
    }
    corpus = mine_repositories([write_tree({"shelf.py": HEADS, **pages})], tmp_path / "corpus", workers=1)
    pairs = [pair for split in ("train", "validation", "test") for pair in corpus.pairs(split) if pair.kind == "recall"]
    asked = {pair.instruction for pair in pairs if pair.language == "markdown"}

    assert {f"# {title}\n\n## Setup\n\n```sh" for title in ("Doors", "Windows", "Roofs", "doc/f.md")} == asked
    assert ["Shelf.find", "Shelf.read"] == [pair.symbol for pair in pairs if pair.language == "python"]
    skipped = [json.loads(line) for line in (tmp_path / "corpus" / "skipped.jsonl").read_text("utf-8").splitlines()]
    assert ["c.md", "d.md", "shelf.py", "shelf.py"] == [s["path"] for s in skipped if s["reason"] == "several_answers"]


def test_the_heads_of_overloads_are_recalled_together():
    """What is asked of one would have several answers; a head that alone is not worth knowing completes them."""
    text = "public class Sum {{\n{}\n}}\n"
    heads = ["  public int of()", "  public int of(int a, int b)", "  public long of(long a, long b)"]
    bodies = [f"{head} {{\n    return add();\n  }}\n" for head in heads]
    (draft,) = mine_data("Sum.java", text.format("\n".join(bodies)).encode(), known_languages(), ["recall"]).drafts

    assert "\n".join(heads) == draft.response
    assert (2, 10) == (draft.start_line, draft.end_line)
    assert any(word in draft.instruction for word in ("signatures", "each time", "heads"))
    same = bodies[1].replace("add", "sum")
    assert [heads[1]] == recalled("Sum.java", text.format(bodies[1] + same))


def test_a_member_of_a_class_without_a_name_is_not_recalled():
    """It would be asked for by the name of the class around it."""
    assert ["  public long weigh(Reader reader, Thing thing)"] == recalled("Scales.java", SCALES)


def test_a_head_is_recalled_without_the_sign_before_its_body():
    """In Scala an `=` stands between the two, and is of neither."""
    assert ["def weigh(thing: Thing): Int"] == recalled("a.scala", "def weigh(thing: Thing): Int = {\n  2\n}\n")


def test_a_head_is_recalled_with_annotations_that_the_grammar_tears_off():
    """The grammar of Kotlin takes the first annotation of a file with an argument for an expression."""
    head = '@JvmName("weigh_all")\nfun weigh(thing: Thing): Int'

    assert [head] == recalled("a.kt", f"package shop\n\n/** Weighs. */\n{head} {{\n    return 2\n}}\n")
