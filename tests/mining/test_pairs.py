"""
Every kind of pair: its own examples, what it leaves alone, and that it is the same on any machine.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from dataclasses import replace
from textwrap import indent

import pytest
from idiolect.mining.api import Lookup, file_symbols
from idiolect.mining.history import Change
from idiolect.mining.languages import known_languages
from idiolect.mining.mine import mine_repositories
from idiolect.mining.mine_file import mine_data
from idiolect.mining.pairs.implement import shorten_documentation
from idiolect.mining.pairs.kind import Example, collect_kinds
from idiolect.mining.roles import is_test_path, role_of
from idiolect.mining.yields import prefix_path
from tests_toys import plant

from .houses import HOUSE, NOUNS, STYLED, mined_file

KINDS = {"implement", "infill", "use", "declare", "restyle", "edit", "document", "recall"}


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
    for draft in drafts:
        assert draft.response in "\n".join(lines[draft.start_line - 1 : draft.end_line])


@pytest.mark.parametrize(
    ("path", "taught"),
    [("tests/mocks.py", False), ("t/mocks.py", False), ("door_test.py", False), ("src/t/mocks.py", True)],
)
def test_what_helps_tests_makes_no_pairs(path, taught):
    """Tests are poor answers, and so is what stands beside them, be it in the folder that is called `t`."""
    text = 'def open_door(key):\n    """Open the door with *key*."""\n    return key.turn(2)\n'

    assert taught == bool(mine_data(path, text.encode(), known_languages(), None).drafts)


@pytest.mark.parametrize(
    ("body", "taught"),
    [
        ("\t// nothing to shut:\n\t// the door is glass\n", False),
        ("\t/* the door is\n\t   made of glass */\n", False),
        ("\t// twice, as it may stick\n\td.turn(2)\n", True),
        ("\td.turn(2) // as it may stick\n", True),
    ],
)
def test_a_body_of_comments_is_no_answer(body, taught):
    """It says why nothing is done there; with one statement it is a body."""
    text = f"package doors\n\n// Shut shuts the door, and locks it.\nfunc (d Door) Shut() {{\n{body}}}\n"
    drafts = mine_data("doors.go", text.encode(), known_languages(), ["implement"]).drafts

    assert taught == bool(drafts)


def test_what_is_left_out_ends_before_the_end_of_its_line():
    """A block that a grammar reads up to the next one leaves the line's end, and empty lines, where they stand."""
    parts = "".join(f"## Door {n}\n\n```sh\nopen door {n}\n```\n\n```sh\nshut door {n}\n```\n\n" for n in range(20))
    lists = "".join(f"doors{n}:\n  - oak door {n}\n  - elm door {n}\n\n" for n in range(20))
    drafts = [draft for path, text in (("a.md", parts), ("a.yaml", lists)) for draft in infills_of(path, text)]

    assert len(drafts) > 10
    assert [] == [draft.response for draft in drafts if draft.response != draft.response.rstrip()]


def test_no_hole_is_cut_where_a_tool_fills_in():
    """What stands between a tool's marks is the tool's; what stands around them is asked for."""
    section = "## Part {0}\n\n```sh\nlist --all {0}\n```\n\n```sh\nshow --more {0}\n```\n\n"
    parts = [section.format(f"n{number}") for number in range(40)]
    marks = ["<!-- BEGIN_TF_DOCS -->\n", "<!-- END_TF_DOCS -->\n\n"]
    drafts = infills_of("a.md", "".join([*parts[:20], marks[0], *parts[20:30], marks[1], *parts[30:]]))

    found = {int(draft.symbol.removeprefix("Part n")) for draft in drafts}

    assert found & {*range(20)}
    assert found & {*range(31, 40)}
    assert not found & {*range(20, 30)}


def test_no_hole_holds_the_comment_of_what_follows():
    """A comment under a list stands outside of it, and is of the next one."""
    text = "".join(f"key{number}:\n  - oak{number:05}\n  - x\n# What the next one is for.\n" for number in range(80))
    drafts = infills_of("a.yaml", text)

    assert drafts
    assert not [draft.response for draft in drafts if "#" in draft.response]


@pytest.mark.parametrize(
    ("path", "part", "is_told"),
    [
        ("a.js", "function f{n}(a) {{\n  return a.draw('{words}');\n}}\n", True),
        ("a.js", "function f{n}(a) {{\n  return a.draw('{words}{words}');\n}}\n", False),
        ("a.yaml", "key{n}:\n  - 0x1\n  - 12.5, 14.5, 16.5\n  - 18.25, 20.25\n", False),
        ("a.yaml", "key{n}:\n  - aa{n:03}5617198d3947707c35\n  - 6fbdeb55-ef6a-4f1a-bc93-7d6b6e2f0{n:03}\n", False),
        ("a.yaml", "key{n}:\n  - shop-of-doors-and-windows-{n:03}\n  - deadbeef\n", True),
        ("a.md", "## Part {n}\n\nOpen part {n} now.\n\nThen shut part {n}.\n\n", False),
        ("a.md", "## Part {n}\n\nOpen part {n} now:\n\n```sh\nopen part {n}\n```\n\n", True),
        ("a.md", "## Part {n}\n\nLicensed under the Apache License.\n\n```sh\nopen part {n}\n```\n\n", False),
        ("CHANGELOG.md", "## Part {n}\n\nOpen part {n} now:\n\n```sh\nopen part {n}\n```\n\n", False),
        ("a.py", "def f{n}(door):\n    return None\n\n\n", False),
        ("a.go", "func f{n}() error {{\n\treturn nil\n}}\n", False),
        ("a.go", "func f{n}() error {{\n\treturn open{n}()\n}}\n", True),
    ],
)
def test_data_and_licences_are_no_holes(path, part, is_told):
    """Nothing tells what stands in a long string, prose, a row of numbers, a digest, a licence or a stub."""
    text = "".join(part.format(n=n, words="M 12 some words " * 9) for n in range(40))
    holes = [draft.response for draft in infills_of(path, text) if "draw(" not in draft.response]

    assert is_told is bool(holes)


@pytest.mark.parametrize(
    ("path", "head"), [("a.go", "func f{n}(a int) int {{"), ("a.swift", "func f{n}(a: Int) -> Int {{")]
)
def test_a_hole_along_the_tree_is_one_statement(path, head):
    """Some grammars put a list between a body and its statements."""
    names = [name * 9 for name in ("first", "second", "third", "fourth")]
    part = head + "".join(f"\n  {name}{{n}}(a)" for name in names) + "\n}}\n"
    holes = [draft.response for draft in infills_of(path, "".join(part.format(n=n) for n in range(40)))]

    assert {f"{name}{n}(a)" for name in names for n in range(40)}.intersection(holes)
    assert not [hole for hole in holes if hole.count("(a)") == len(names)]


@pytest.mark.parametrize(
    ("path", "head", "sign"), [("a.py", "def f{n}(a):", "#"), ("a.go", "func f{n}(a int) {{", "//")]
)
def test_no_hole_holds_comments_alone(path, head, sign):
    """What a comment says is told by nothing around it; a hole that ends or begins in one holds code, too."""
    body = f"\n    {sign} Some words {{n}}\n    {sign} and some more words.\n    call{{n}}(a)\n" + "}}\n" * (
        sign == "//"
    )
    holes = [draft.response for draft in infills_of(path, "".join((head + body).format(n=n) for n in range(80)))]

    assert any("words" in hole for hole in holes)
    assert all("call" in hole or "(a)" in hole for hole in holes)


def infills_of(path, text):
    return mine_data(path, text.encode(), known_languages(), ["infill"]).drafts


@pytest.mark.parametrize(
    ("path", "is_test"),
    [
        ("Tests/HouseUnitTests/Doors.swift", True),
        ("house/src/jvmTest/kotlin/Doors.kt", True),
        ("src/House.Tests/Doors.cs", True),
        ("src/House.Tests.Slow/Doors.cs", True),
        ("src/Doors/DoorTest.php", True),
        ("src/door/test.ts", True),
        ("house/shop/tests.py", True),
        ("src/door-test.cc", True),
        ("src/house/_tests/doors.py", True),
        ("testdata/expected.md", True),
        ("compiler/testData/Doors.kt", True),
        ("src/House.Testing/Doors.cs", False),
        ("src/House/TestHelper/Doors.cs", False),
        ("house-test/src/Doors.kt", False),
        ("src/main/java/ABTest.java", False),
        ("latest/doors.py", False),
        (".github/workflows/tests.yml", False),
        ("docs/running-tests.md", False),
        ("spec/doors_helper.rb", True),
        ("house/spec/doors.js", True),
        ("house/__testfixtures__/doors.ts", True),
        ("house/testData/doors.kt", True),
        ("testing/doors.py", True),
        ("house/integration_test/doors.dart", True),
        ("house/tests_e2e/helpers.py", True),
        ("house/e2e_tests/helpers.py", True),
        ("house/e2e/doors.ts", True),
        ("house/spec/test_doors.py", True),
        ("house/openapi/spec/doors.py", False),
        ("house/testing/doors.py", False),
        ("src/house/testing/doors.py", False),
    ],
)
def test_tests_are_told_by_the_customs_of_their_language(path, is_test):
    """Each language has folders and names of its own for tests; what only speaks of them is none."""
    assert is_test is is_test_path(path)


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("tools/doors.py", "scripts"),
        ("bin/doors.py", "scripts"),
        (".github/scripts/doors.py", "scripts"),
        ("packages/house/scripts/doors.py", "scripts"),
        ("backend/scripts/doors.py", "scripts"),
        ("house/bin/doors.js", "scripts"),
        ("house/benches/doors.rs", "scripts"),
        ("fuzz/doors.rs", "scripts"),
        ("fuzzing/fuzz-targets/fuzz_doors.py", "scripts"),
        ("demos/doors.py", "docs"),
        ("house-playground/doors.ts", "docs"),
        ("house/tools/web/doors.py", "src"),
        ("house/bin/doors.py", "src"),
        ("src/house/bin/doors.py", "src"),
        ("packages/house/house/tools/doors.py", "src"),
    ],
)
def test_what_lies_inside_of_a_package_is_a_part_of_it(path, role):
    """Scripts stand beside packages of Python; what a package has in a folder of that name is shipped and imported."""
    assert role == role_of(path)


def test_every_kind_has_a_file_and_an_example():
    """The kinds that the houses of these tests are made for are there, and what was added."""
    kinds = collect_kinds()

    assert set(kinds) >= KINDS
    assert [] == [name for name, kind in kinds.items() if not kind.examples]


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

    assert any("Client.fetch(path, *, fresh=False)" in ask for ask in asks.values())
    assert any("load the page at *path*" in ask for ask in asks.values())
    assert all(ask.startswith("def read_title(path):") for ask in asks.values())
    assert "return title.strip()" not in asks


def test_a_method_is_asked_for_as_that_of_its_class():
    """A name bound to another house's class calls no function of this one that has the method's name."""
    house = "def load(path):\n    return path\n\n\nclass Shelf:\n    def read(self, name):\n        return name\n"
    text = "def f(session: Session, shelf: Shelf):\n    session.load(1)\n    return shelf.read(2)\n"
    mined = mined_file("house/a.py", house)
    lookup = Lookup([("house/a.py", file_symbols(mined.source, mined.definitions))])
    kind = collect_kinds()["use"]
    found = [kind.finish(draft, lookup) for draft in kind.draft(mined_file("b.py", text))]

    assert ["    return shelf.read(2)"] == [draft.response for draft in found if draft is not None]


@pytest.mark.parametrize(
    ("statement", "asked"),
    [
        pytest.param("if open_door(key):\n        go(key)", "if open_door(key):", id="a head"),
        pytest.param("with open_door(key):\n        # go\n        go()", "with open_door(key):", id="a comment"),
        pytest.param("if open_door(key): go(key)", "if open_door(key): go(key)", id="one line"),
        pytest.param("if key:\n        go()\n    elif open_door(key):\n        go(1)", "", id="under the head"),
        pytest.param("if open_door(key): go(key)\n    else: go()", "", id="no head by itself"),
        pytest.param("try:\n        open_door(key)\n    finally:\n        go()", "    open_door(key)", id="in a block"),
        pytest.param("facts = dict(key=key, time=time(), door=open_door(key))", "", id="mostly something else"),
        pytest.param("self.opened[key] = time(open_door(key))", "self.opened[key] = time(open_door(key))", id="short"),
    ],
)
def test_what_answers_a_call_is_about_the_call(statement: str, asked: str):
    """Of a statement with a block its head alone, and nothing of a long one that holds the call among other things."""
    text = f"def open_door(key):\n    return key\n\n\ndef enter(self, key):\n    key.seek()\n    {statement}\n"
    found = [draft.response for draft in mine_data("house/a.py", text.encode(), known_languages(), ["use"]).drafts]

    assert ([f"    {asked}"] if asked else []) == found


STEPS = "".join(f"go(\n    'to the door number {number}',\n)\n" for number in range(40))


def call_under(*heads: str) -> str:
    """Return a file with a call in the innermost of the blocks that *heads* open; many steps stand in each."""
    text = "".join(indent(f"{head}\n{indent(STEPS, '    ')}", depth * "    ") for depth, head in enumerate(heads))
    return f"def open_door(key):\n    return key\n\n\n{text}{len(heads) * '    '}open_door(key)\n"


@pytest.mark.parametrize("blocks", [(), ("for key in keys:",), ("if keys:", "for key in keys:", "with key:")])
def test_what_stands_before_a_call_is_whole(blocks: tuple[str, ...]):
    """Of a long function the first statements are left out; no statement is cut, and no block is left without head."""
    heads = ("def enter(keys):", *blocks)
    (draft,) = mine_data("house/a.py", call_under(*heads).encode(), known_languages(), ["use"]).drafts
    shown = draft.instruction.rpartition("\n")[0]

    ast.parse(f"{shown}\n{draft.response}")
    assert [depth * "    " + head for depth, head in enumerate(heads)] == [
        line for line in shown.split("\n") if line.endswith(":")
    ]
    assert 600 < len(shown) < 800


def test_a_call_is_not_asked_for_after_a_branch_that_is_too_long():
    """Whoever leaves out a part of the branch says something else."""
    text = call_under("def enter(keys):", "if keys:").replace("    open_door", "else:\n        open_door")

    assert not mine_data("house/a.py", text.encode(), known_languages(), ["use"]).drafts


def test_a_call_is_not_asked_for_with_names_that_were_left_out():
    """What the first statements of a long function bind is told nowhere, where these are left out."""
    long = call_under("def enter(keys):")
    lost = long.replace("def enter(keys):\n", "def enter(keys):\n    spare = keys[0]\n")

    for text, asked in ((long, 1), (lost, 1), (lost.replace("    open_door(key)", "    open_door(spare)"), 0)):
        assert asked == len(mine_data("house/a.py", text.encode(), known_languages(), ["use"]).drafts)


def test_a_class_is_asked_for_with_what_it_is_and_takes():
    """A summary that is nothing to be done is told after a colon."""
    door = 'class Door:\n    """A way in."""\n\n    def __init__(self, key, wide=True):\n        self.key = key\n'
    text = f"{door}\n\ndef enter(key):\n    key.seek()\n    return Door(key)\n"
    (draft,) = drafts_of(collect_kinds()["use"], Example(file=text, instruction="", response=""))
    ask = draft.instruction.rpartition("\n")[2]

    assert "`Door(key, wide=True)`" in ask
    assert ask.endswith(": A way in.")


@pytest.mark.parametrize(
    ("params", "told"),
    [
        pytest.param("key: dict[str, Words], *, wide: bool = True, by=lambda k: k, sep: Words = ', '",
                     "key, *, wide=True, by=lambda k: k, sep=', '", id="without types"),
        pytest.param(", ".join(f"key_number_{number}" for number in range(30)),
                     ", ".join([*(f"key_number_{number}" for number in range(8)), "…"]), id="the first"),
    ],
)  # fmt: skip
def test_of_a_long_signature_the_names_are_told(params: str, told: str):
    """As many as fit."""
    params = params.replace("Words", f"Annotated[str, '{80 * 'x'}']")
    text = f"def open_door({params}):\n    return 1\n\n\ndef enter(key):\n    key.seek()\n    open_door(key)\n"
    (draft,) = drafts_of(collect_kinds()["use"], Example(file=text, instruction="", response=""))

    assert f"`open_door({told})`" in draft.instruction


def test_the_name_of_the_house_is_no_verb():
    """`House door` is what a function gives, and not what is to be done."""
    text = 'def door(key):\n    """House door."""\n    return key\n\n\ndef enter(key):\n    key.seek()\n    door(key)\n'
    (draft,) = drafts_of(collect_kinds()["use"], Example(file=text, instruction="", response=""))

    assert draft.instruction.endswith(": House door.")


def test_a_fault_is_asked_to_be_fixed():
    """What a message says was wrong is no order."""
    example = replace(collect_kinds()["edit"].examples[0], subject="fix(sums): logic of empty lists")
    (draft,) = drafts_of(collect_kinds()["edit"], example)

    assert draft.instruction.startswith("# Fix this in `total`: logic of empty lists.\n")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.yaml", "# Doors that are shut at night.\ndoors:\n  - front\n  - back\n  - cellar\n"),
        (
            "a.tf",
            '# Shuts the front door when night falls.\nresource "door" "front" {\n  key   = var.key\n  turns = 2\n}\n',
        ),
    ],
)
def test_settings_have_no_body_and_do_nothing(path: str, text: str):
    """They are filled in, and are for something."""
    yielded = [mine_data(f"{n}/{path}", text.encode(), known_languages(), ["document", "implement"]) for n in range(20)]
    asks = [draft.instruction.partition("\n")[0] for one in yielded for draft in one.drafts]

    assert len(asks) == 40
    assert not [ask for ask in asks if "body" in ask or "Implement" in ask or " does, " in ask]


@pytest.mark.parametrize(
    "subject", ["Accept no prices and …", "Accept no prices at a... (#12)", "Accept no pri\u2026 (#3)"]
)
def test_a_subject_that_was_cut_asks_for_nothing(subject: str):
    """What was done stands in the part that is not there."""
    kind = collect_kinds()["edit"]
    (example,) = kind.examples

    assert not drafts_of(kind, replace(example, subject=subject))


def test_an_edit_is_asked_for_with_what_its_commit_brings():
    """Imports and helpers of the commit are there to be used; the new head of what is asked for is not."""
    total = "def total(prices{0}):\n    found = 0\n    for price in prices:\n        found += {1}\n    return found\n"
    half = "def half(price):\n    return Decimal(price) / 2\n"
    before = mined_file("house/sums.py", f"import os\n\n\n{total.format('', 'price')}")
    imports = "import os\nfrom decimal import Decimal\n"
    after = mined_file("house/sums.py", f"{imports}\n\n{half}\n\n{total.format(', rate', 'half(price) * rate')}")
    sides = (before.source, after.source, before.definitions[0], after.definitions[1], tuple(before.definitions))

    (draft,) = collect_kinds()["edit"].draft_change(Change("c0ffee", "Sum up the halves", "house/sums.py", *sides))

    assert f"{imports}def half(price):\ndef total(prices):" == draft.context


def test_what_is_recalled_has_no_context(rows):
    """Signatures, examples of documentation strings and of the README are asked for out of the blue."""
    recalled = {pair.response: pair for pair in rows if pair.kind == "recall"}

    assert {""} == {pair.context for pair in recalled.values()}
    assert "    def fetch(self, path, *, fresh=False):" in recalled
    assert 'Client().fetch("a")' in recalled
    page = recalled["read_title('a')\nread_title('b')"]
    assert "# House\n\n## Read a page\n\nOne call:\n\n```python" == page.instruction


@pytest.mark.parametrize(
    ("opening", "asked", "lines"),
    [
        pytest.param("    x = 1\n\n", "# Declare ", 2, id="attributes"),
        pytest.param("", "# Declare ", 1, id="nothing but a head"),
        pytest.param('    """Open.\n\n    It is loud.\n    """\n\n', "# Write the head of ", 1, id="long words"),
        pytest.param("".join(f"    x{n} = {n}\n" for n in range(20)), "# Write the head of ", 1, id="many lines"),
        pytest.param("\n    # doors\n" + 20 * "    x = 1\n", "# Write the head of ", 1, id="a comment, many lines"),
    ],
)
def test_a_head_alone_is_asked_for_as_such(opening, asked, lines):
    """However a class is called: where its body opens with more than is answered, the ask says so."""
    for name in ("Open", "Close", "Lock", "Shut", "Ring", "Knock"):
        text = f"from house.jobs import Job\n\n\nclass {name}(Job):\n{opening}    def run(self):\n        return 1\n"
        (draft,) = mine_data("house/doors.py", text.encode(), known_languages(), ["declare"]).drafts

        assert draft.instruction.startswith(asked)
        assert lines == draft.response.count("\n") + 1


def test_a_head_as_long_as_a_table_is_not_asked_for():
    """What its decorators hold nobody can tell by the name of the class."""
    for rows, asked in ((2, 1), (20, 0)):
        table = "".join(f"    x{n}={n},\n" for n in range(rows))
        text = f"from house.jobs import Job, job\n\n\n@job(\n{table})\nclass Open(Job):\n    times = 2\n"

        assert asked == len(mine_data("house/doors.py", text.encode(), known_languages(), ["declare"]).drafts)


@pytest.mark.parametrize(
    "body", ["pass", "...", "raise NotImplementedError", "words = 'others open'\n    raise NotImplementedError(words)"]
)
def test_what_others_are_to_write_is_not_documented(body):
    """The code says nothing of it."""
    text = f'def open_door(key):\n    """Open the door with *key*, unless it is open."""\n    {body}\n'

    assert not mine_data("house/doors.py", text.encode(), known_languages(), ["document"]).drafts


def test_a_class_of_a_generic_base_is_declared():
    """`Job[Door]` is one of the house's bases as `Job` is."""
    text = "from house.jobs import Job\n\n\nclass Open(Job[Door]):\n    times = 2\n"

    (draft,) = mine_data("house/doors.py", text.encode(), known_languages(), ["declare"]).drafts

    assert "class Open(Job[Door]):\n    times = 2" == draft.response


@pytest.mark.parametrize(
    ("path", "head"),
    [
        ("a.kt", "fun sell(shop: Shop): Int {"),
        ("a.rs", "fn sell(shop: Shop) -> u8\n{"),
        ("a.scala", "def sell(shop: Shop): Int = {"),
    ],
)
def test_what_stands_before_a_call_opens_its_block(path, head):
    """A body that is shown without its brace does not parse."""
    text = f"{head}\n    weigh();\n    shop.pay(two, 2)\n}}\n"

    (draft,) = mine_data(path, text.encode(), known_languages(), ["use"]).drafts

    assert f"{head}\n    weigh();" == draft.instruction.rpartition("\n")[0]


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


@pytest.mark.parametrize(
    "marks", [("   * ```", "   * ```"), ("   * <pre>", "   * </pre>"), ("   * <example>", "   * </example>")]
)
def test_long_documentation_ends_before_half_an_example(marks):
    """What is cut off in an example is left out with what opens it; what looks like a tag in one is none."""
    opening, closing = marks
    example = f"\n{opening}\n   * @Door\n{closing}"
    words = "".join(f"\n   * Long words about case {number}." for number in range(14))
    lines = "".join(f"\n   * open({number});" for number in range(60))
    doc = f"/**\n   * Reads a thing.{example}{words}\n{opening}{lines}\n{closing}\n   * @param reader where from\n   */"

    expected = f"/**\n   * Reads a thing.{example}{words}\n   * @param reader where from\n   */"
    assert expected == shorten_documentation(doc)


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


@pytest.mark.parametrize(
    ("workers", "environment"),
    [
        pytest.param("2", {"PYTHONHASHSEED": "1"}, id="two workers"),
        pytest.param("1", {"PYTHONHASHSEED": "2", "LC_ALL": "C", "TZ": "Asia/Tokyo"}, id="another locale and seed"),
        pytest.param("1", {"PYTHONHASHSEED": "3", "LC_ALL": "tr_TR.UTF-8"}, id="a third seed"),
    ],
)
def test_every_kind_is_the_same_everywhere(grown, tmp_path, workers, environment):
    """Workers, hash seed, locale and time zone change no byte of a corpus with every kind, added ones included."""
    shown = {
        f"{kind.name}_{number}/{example.path}": example.file
        for kind in collect_kinds().values()
        if kind.name not in KINDS
        for number, example in enumerate(kind.examples)
    }
    styled = {f"style_{noun}.py": STYLED.format(noun=noun) for noun in NOUNS}
    plant(grown, {**HOUSE, **shown, **styled})
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
    assert all(f'"{kind}"'.encode() in manifests[0] for kind in KINDS)


def test_a_file_of_several_repositories_has_one_path():
    """What mined rules ask of a file is found under the path that it has in the corpus."""
    found = mine_data("lib/a.js", b"const a = load('b', 'c');\n", known_languages(), None)
    placed = prefix_path(found, "one/")

    assert {"one/lib/a.js"} == {placed.path, placed.tally.path, placed.tally.facts.path}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_definitions_of_a_name_a_broken_one_counts(order):
    """A property and its setter have one name: neither is taught where one does not parse, whichever comes last."""
    head = '    def size(self):\n        """Return how many there are."""\n        found = self.look(1)\n'
    texts = (f"{head}        return found + self.rest(2)\n", f"{head}          other = 4\n        return found\n")
    text = "class Shelf:\n" + "\n".join(texts[place] for place in order)
    drafts = mine_data("a.py", text.encode(), known_languages(), ["implement"]).drafts

    assert not [draft.symbol for draft in drafts if draft.symbol == "Shelf.size"]
