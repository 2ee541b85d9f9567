"""
The mined rows for every language: small Terraform, Starlark and YAML repositories teach them, and a slip is found.
"""

from __future__ import annotations

import random
import re

import pytest
from idiolect.mining.conventions import collect_conventions
from idiolect.mining.conventions.anyfacts import tops_in
from idiolect.mining.conventions.anyview import AnyView
from idiolect.mining.conventions.convention import conventions_by_id
from idiolect.mining.conventions.neutral import TokenSpacing
from idiolect.mining.conventions.neutral_lines import BlankLines
from idiolect.mining.conventions.neutral_values import ClosedValues
from idiolect.mining.filters.personal import mask_personal
from idiolect.mining.guide import render_guide
from idiolect.mining.judge import judge_source
from idiolect.mining.profile import Profile
from idiolect.mining.survey import Survey

from .houses import found, learn, parse, tally

FIRST_RELEASE = """
N01 N02 N03 N07 D01 D02 D03 D04 D05 D06 D09 D10 D11 I01 I02 I03 I04 I05 T01 T02 T03 T04 T05 T06 S01 S02 S04 S05
X02 X04 X08 X10 E01 E03 E04 L01 L02 L03 A01 A02 A03 A06 A07 A11 P01 U02 U03 U04 G05
""".split()  # noqa: SIM905
"""The 49 rows for Python that the first release has."""
NEUTRAL = [f"Q{number:02}" for number in range(1, 22)]
"""The rows for every grammar. Q22, retired kinds, has no opportunities: see `neutral.py`."""
FOLDERS = 24


def disk(name: str, number: int) -> str:
    kind = f'  kind = "{("hdd", "ssd")[number % 2]}"\n'
    tags = '  labels = {}\n  lock   = "x"\n' if number % 4 == 0 else ""
    return f'resource "disk" "{name}" {{\n  size = {number}\n{kind}{tags}  zone = var.zone\n}}\n\n'


def variable(name: str) -> str:
    return f'variable "{name}" {{\n  type        = string\n  description = "A {name}."\n}}\n\n'


def terraform() -> dict[str, str]:
    """Return a repository whose disks, variables and modules are all written in one way."""
    files = {"modules/bucket/main.tf": 'resource "store" "it" {\n  size = 1\n}\n'}
    for number in range(FOLDERS):
        disks = "".join(disk(f"d{each}", number * 8 + each) for each in range(8))
        bucket = 'module "logs" {\n  source = "../modules/bucket"\n}\n\n'
        fetched = f'module "net" {{\n  source = "git::https://example.org/net.git?ref=v{number}"\n}}\n'
        files[f"team{number}/main.tf"] = disks + bucket + fetched
        names = ("zone", f"size{number}", f"owner{number}")
        files[f"team{number}/variables.tf"] = "".join(map(variable, names))
    return files


@pytest.fixture(scope="module")
def house() -> Profile:
    return learn(terraform())


def test_every_row_of_the_first_release_is_there():
    """The catalogue holds the 49 rows for Python and those for every grammar, whatever comes to them."""
    assert {*FIRST_RELEASE, *NEUTRAL} <= {convention.id for convention in collect_conventions()}


def test_every_row_teaches_by_examples():
    """A row shows code that conforms, that departs, and that only looks so, for one of its topics at least."""
    for convention in collect_conventions():
        shown = [convention.examples, *convention.also]

        assert any(example.conforms for example in shown), convention.id
        assert any(example.departs for example in shown), convention.id
        assert any(example.nearly for example in shown), convention.id


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            'resource "disk" "a" {\n  zone = var.zone\n  kind = "hdd"\n  size = 1\n}\n', ("Q09", 4), id="order"
        ),
        pytest.param('resource "disk" "a" {\n  size = 1\n  kind = "hdd"\n}\n', ("Q10", 1), id="required"),
        pytest.param(
            'resource "disk" "a" {\n  size   = 1\n  kind   = "hdd"\n  labels = {}\n  zone   = var.zone\n}\n',
            ("Q11", 4),
            id="together",
        ),
        pytest.param(
            'resource "disk" "a" {\n  size = 1\n  kind = "nvme"\n  zone = var.zone\n}\n', ("Q12", 3), id="values"
        ),
        pytest.param(
            'resource "disk" "a" {\n  size = 1\n  kind = "hdd"\n  zone = "north"\n}\n', ("Q13", 4), id="reference"
        ),
        pytest.param(
            'module "net" {\n  source = "git::https://example.org/net.git"\n}\n', ("Q14", 2), id="unpinned"
        ),
        pytest.param('resource "store" "a" {\n  size = 1\n}\n', ("Q15", 1), id="past the module"),
        pytest.param(variable("extra"), ("Q16", 1), id="file"),
    ],
)  # fmt: skip
def test_a_slip_is_found(house: Profile, text: str, expected: tuple[str, int]):
    """One departure of each kind is found on its line."""
    assert expected in found(house, "team3/main.tf", text)


@pytest.mark.parametrize(
    ("path", "kept", "slip"),
    [
        pytest.param(
            "lib/d{}.dart", "var d = Door(key: k, open: f(1));\n", "var d = Door(open: f(1), key: k);\n", id="call"
        ),
        pytest.param(
            "lib/d{}.dart",
            "f() => const Door(key: k, open: 1);\n",
            "f() => const Door(open: 1, key: k);\n",
            id="constant",
        ),
        pytest.param("lib/d{}.ex", "hang :d, key: k, open: 1\n", "hang :d, open: 1, key: k\n", id="keywords"),
    ],
)
def test_what_is_passed_by_name_has_an_order(path: str, kept: str, slip: str):
    """Arguments that have names are the entries of what they are passed to, wherever a grammar keeps its name."""
    profile = learn({path.format(number): kept * 3 for number in range(24)})

    assert ["Q09"] == [row for row, _ in found(profile, path.format("x"), slip)]
    assert [] == found(profile, path.format("x"), kept)


@pytest.mark.parametrize(
    ("path", "text", "name"),
    [
        ("a.ts", "f(new a.Door<B>({ key, open: 1 }));\n", "a.Door"),
        ("a.dart", "f() => a.door<B>(key: k, open: 1);\n", "door"),
        ("a.dart", "f() => const Door<B>.of(key: k, open: 1);\n", "Door.of"),
        ("a.dart", "f() => Door.of(key: k, open: 1);\n", "Door.of"),
        ("a.dart", "f() => Door(key: k, open: 1);\n", "Door"),
        ("a.dart", "f() => a.b().door(key: k, open: 1);\n", "door"),
        ("a.dart", "f() => <Door>[Door(), door(key: k, open: 1)];\n", "door"),
        ("a.ex", "A.door(:b, key: k, open: 1)\n", "A.door"),
    ],
)
def test_what_is_passed_is_named_by_what_takes_it(path: str, text: str, name: str):
    """Its name stands before the arguments, and neither a type nor what it is called on is taken for it."""
    assert [(name,)] == [block.shapes for block in AnyView(parse(path, text)).blocks]


@pytest.mark.parametrize(("rows", "is_closed"), [(["Jan", "Feb", "Mar"], False), (["hdd", "ssd", "hdd"], True)])
def test_what_tells_the_rows_of_a_table_apart_is_no_closed_set(rows: list[str], is_closed: bool):
    """Where no value stands twice in a file, they are names of rows, and the next table has others."""
    table = "\n".join(f'  {{ label: "{row}", size: {n} }},' for n, row in enumerate(rows))
    files = {f"src/m{n}.js": f"const parts = [\n{table}\n];\n" for n in range(30)}

    closed = [entry.value for entry in learn(files).entries if entry.convention == "Q12" and "`label`" in entry.key]
    assert closed == (["`hdd`, `ssd`"] if is_closed else [])


@pytest.mark.parametrize(
    ("key", "value", "is_closed"),
    [
        ("kind", "ssd", True),
        ("kind", "for all of us", False),
        ("kind", "../parts/ssd.yaml", False),
        ("kind", "integer", False),
        ("name", "ssd", False),
        ("class", "h-100", False),
    ],
)
def test_names_types_paths_and_what_is_written_for_people_are_no_closed_set(key: str, value: str, is_closed: bool):
    """There is always another one, however few there are today, and the types that a schema may have are given."""
    files = {f"d{n}.yaml": f"disk:\n  {key}: {value}\n  size: {n}\n" * 3 for n in range(40)}

    assert is_closed is any(entry.convention == "Q12" and f"`{key}`" in entry.key for entry in learn(files).entries)


@pytest.mark.parametrize(
    ("value", "advice"),
    [("`ssd`", "Give `kind` in `disk` `ssd`."), ("`hdd`, `ssd`", "Give `kind` in `disk` one of `hdd`, `ssd`.")],
)
def test_one_value_is_none_of_several(value: str, advice: str):
    """Where a key is given one value only, the rule does not speak of a choice."""
    assert advice == ClosedValues().advice(value, "`kind` in `disk`")


def test_attributes_of_markup_are_not_passed_to_the_call_around_it():
    """What a call wraps is a component, whose attributes are none of the call's."""
    view = AnyView(parse("a.tsx", "const A = wrap(({ b }) => <Door b={b} open />, { c: 1 });\n"))

    assert [(("wrap",), ("c",))] == [(block.shapes, block.keys) for block in view.blocks]


@pytest.mark.parametrize(
    ("value", "is_closed"), [("^3.1{}.0", False), ("'>=3.{} <4.0'", False), ("1.2.{}", False), ("sdk{}", True)]
)
def test_which_versions_will_do_is_no_closed_set(value: str, is_closed: bool):
    """What a package asks for moves on with what it needs, in whichever form that is said."""
    environment = f"  - environment:\n      sdk: {value}\n      name: n{{}}\n"
    files = {
        f"p{n}/pubspec.yaml": "all:\n" + "".join(environment.format(n % 2, f"{n}{each}") for each in range(4))
        for n in range(40)
    }

    assert is_closed is any("`sdk`" in entry.key for entry in learn(files).entries if entry.convention == "Q12")


def test_a_clause_of_a_statement_is_no_key():
    """In Elixir `if a, do: b, else: c` has the form of keywords, and of no house's."""
    keys = {entry.key for entry in learn({f"lib/d{n}.ex": "if a, do: b, else: c\n" * 5 for n in range(24)}).entries}

    assert not [key for key in keys if "`do`" in key]


def test_what_conforms_raises_nothing(house: Profile):
    """The house's own files raise nothing, and neither does another like them."""
    for path, text in terraform().items():
        assert [] == found(house, path, text)
    assert [] == found(house, "team99/main.tf", disk("new", 5))


@pytest.mark.parametrize(("kept", "other", "tier"), [("./a", "@/a", "advise"), ("@/a", "./a", "gate")])
def test_a_root_that_one_package_knows_is_no_slip(kept: str, other: str, tier: str):
    """Names from a root work where a package sets it up; names from the place of a file work everywhere."""
    profile = learn({f"packages/till/src/m{n}.ts": f'import {{ a }} from "{kept}";\n' * 5 for n in range(60)})
    source = parse("packages/till/src/new.ts", f'import {{ a }} from "{other}";\n')

    assert [("Q14", tier)] == [(f.entry.convention, f.entry.tier) for f in judge_source(source, profile).findings]


@pytest.mark.parametrize(
    ("job", "rows"),
    [
        ("    uses: a/b/.github/workflows/c.yml@v1\n    secrets: inherit\n", []),
        ("    name: c\n    uses: a/b/.github/workflows/c.yml@v1\n", []),
        ("    name: c\n    steps:\n    - run: make\n", [("Q10", 3)]),
    ],
)
def test_a_block_of_another_kind_lacks_nothing(job: str, rows: list[tuple[str, int]]):
    """A job that calls a workflow has no steps and runs on nothing; one that has steps runs on something."""
    jobs = "".join(f"  j{n}:\n    name: c\n    runs-on: linux\n    steps:\n    - run: make\n" for n in range(8))
    profile = learn({f".github/workflows/w{n}.yml": f"on: push\njobs:\n{jobs}" for n in range(20)})

    assert "Give every block `jobs.*` the key `runs-on` (yaml)." in [entry.advice for entry in profile.entries]
    assert rows == [row for row in found(profile, "a.yml", f"on: push\njobs:\n  d:\n{job}") if row[0] == "Q10"]


def test_what_a_language_asks_for_is_not_told(house: Profile):
    """A module of Terraform has a source whatever the house does; that the house describes its variables is its own."""
    guide = render_guide(house)

    assert "`variable` the key" in guide and "description" in guide
    assert "`module` the key `source`" not in guide and "Give `type` in `variable`" not in guide


def test_an_order_that_follows_from_two_others_is_no_rule_of_its_own(house: Profile):
    """Of three keys in order, one that is misplaced is said once."""
    keys = {entry.key for entry in house.entries if entry.convention == "Q09" and "`size`" in entry.key}

    assert "hcl: `kind` and `size` in `resource disk`" in keys
    assert "hcl: `size` and `zone` in `resource disk`" not in keys


def test_shuffled_labels_yield_no_rule():
    """With keys, values and orders dealt out by chance nothing of the kind is learned."""
    deal = random.Random(7)
    files: dict[str, str] = {}
    for path, text in terraform().items():
        blocks = []
        for head, body in re.findall(r"(resource[^\n]*\{\n)(.*?)^\}\n", text, re.MULTILINE | re.DOTALL):
            lines = [line for line in body.splitlines(keepends=True) if deal.random() < 0.5]
            deal.shuffle(lines)
            lines = [re.sub(r"= .*", f"= {deal.choice(['var.x', str(deal.random())])}", line) for line in lines]
            blocks.append(head + "".join(lines) + "}\n")
        files[path] = "".join(blocks)

    rules = {entry.convention for entry in learn(files).entries}

    assert not rules & {"Q09", "Q10", "Q11", "Q12", "Q13"}


def test_a_wide_shape_speaks_for_narrow_ones():
    """What every job of a pipeline has is one rule about jobs, whatever they are called."""
    job = "  {name}:\n    runs-on: linux\n    steps:\n      - run: make\n"
    files = {
        f"ci/p{number}.yaml": "jobs:\n" + "".join(job.format(name=f"job{number}{each}") for each in range(4))
        for number in range(20)
    }
    profile = learn(files)

    assert [("Q10", 2)] == found(profile, "ci/new.yaml", "jobs:\n  other:\n    steps:\n      - run: make\n")


def test_a_key_that_lacks_is_told_once():
    """
    Every text of a translation has its keys, and most blocks have one of two sets, the first in blocks of one name.

    What Q10 asks of that name Q11 does not ask again, and of the other set each key is asked for by one other.
    """
    titles = "".join(f"  t{number}{{n}}:\n    one: x\n    many: x\n    zero: x\n" for number in range(2))
    plain = "".join(f"  p{number}{{n}}:\n    text: x\n    note: x\n" for number in range(6))
    menu = "app:\n  menu:\n    open: x\n    shut: x\n    wait: x\n"
    profile = learn({f"locales/l{n}.yaml": menu + (titles + plain).replace("{n}", str(n)) for n in range(40)})

    assert [("Q10", 2)] == found(profile, "locales/new.yaml", menu.replace("    shut: x\n", ""))
    assert [("Q11", 7)] == found(profile, "locales/new.yaml", menu + "  t:\n    one: x\n    many: x\n")


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("src/a.c", "// a();\n// b();\n// c();\nint a;\n", [("//", 1)]),
        ("src/a.c", "// a();\n/* Read it. */\n// b();\nint a;\n", [("//", 1), ("/*", 2), ("//", 3)]),
        ("src/a.c", "// a();\n\n// b();\nint a;\n", [("//", 1), ("//", 3)]),
        ("src/a.c", "int a; // It stands beside,\n       // and goes on below.\n", []),
    ],
)
def test_a_block_of_comments_is_one(path: str, text: str, expected: list[tuple[str, int]]):
    """One marker on every line is one choice, made once; another marker, or an empty line, begins another block."""
    asked = [each for each in tally(path, text).opportunities if each.key.endswith("the comment marker")]

    assert expected == [(each.value, each.line) for each in asked]


def test_what_is_unusually_large_is_a_hint():
    """A file with far more definitions, or a function far longer, than nearly any other is a hint and no more."""
    files = {f"src/f{n}.js": "function f() {\n  a();\n}\n\nfunction g() {\n  b();\n}\n" for n in range(60)}
    text = (
        "".join(f"function f{each}() {{\n  a();\n}}\n\n" for each in range(9))
        + "function g() {\n"
        + "  b();\n" * 40
        + "}\n"
    )
    profile = learn(files)

    assert {"Q17", "Q18"} == {row for row, _ in found(profile, "src/new.js", text)}
    assert {"hint"} == {entry.tier for entry in profile.entries if entry.convention in ("Q17", "Q18")}


def test_a_limit_that_limits_nothing_is_none():
    """Functions of which some are far longer than a reader bears are held to no length."""
    files = {f"src/f{n}.js": "function f() {\n" + "  b();\n" * (n * 4) + "}\n" for n in range(60)}

    assert {"nested blocks in a function"} == {e.topic for e in learn(files).entries if e.convention == "Q18"}


@pytest.mark.parametrize(("head", "topics"), [("class A", {"lines in a class"}), ("namespace a", set())])
def test_what_holds_others_has_no_size_of_its_own(head: str, topics: set[str]):
    """A namespace is as long as what stands in it."""
    files = {f"src/f{n}.cc": f"{head} {{\n" + "  int b();\n" * (5 + n % 2) + "};\n" for n in range(60)}

    assert topics == {e.topic for e in learn(files).entries if e.convention == "Q18"} - {"nested blocks in a class"}


def test_prose_has_no_layout_of_code():
    """Of Markdown no blanks, empty lines, sizes or cases of names are asked."""
    text = "# Some title\n\na, b: c - d\n\n## Another title\n\n- a\n  - b\n\n## One more\n\nThe end.\n"
    files = {f"docs/f{n}.md": text for n in range(60)}

    assert not {"Q01", "Q02", "Q04", "Q05", "Q07", "Q17", "Q18"} & {e.convention for e in learn(files).entries}


@pytest.mark.parametrize(("part", "units"), [("A.\n\n", 1), ("## P\n\nA.\n\n", 5_001)], ids=["paragraphs", "sections"])
def test_a_title_may_stand_over_thousands_of_parts(part: str, units: int):
    """A text as long as the notes of many releases is read to its end, and each of its sections counts once."""
    source = parse("a.md", "# T\n\n" + part * 5_000)
    survey = Survey()
    survey.add(source)

    assert units == len(AnyView(source).units) == survey.captures["unit"]


@pytest.mark.parametrize(
    ("path", "text"), [("a.jl", 'a = "b $c $(d)"\n'), ("A.scala", 'object A { val b = s"a $c" }\n'), ("a.pl", "$a;\n")]
)
def test_no_blank_is_asked_for_behind_what_opens_a_name(path: str, text: str):
    """With a blank behind it, a dollar is text."""
    assert not [choice.key for choice in TokenSpacing().ask_any(AnyView(parse(path, text))) if "$" in choice.key]


def test_empty_lines_that_a_grammar_takes_into_a_node_are_counted():
    """A section of Markdown ends where the next one begins: the empty lines between them are in it."""
    view = AnyView(parse("a.md", "# One\n\ntext\n\n\n# Two\n\ntext\n"))

    assert ["2"] == [choice.value for choice in BlankLines().ask_any(view)]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("A.swift", "class A {\n    func f() {\n        g(())\n    }\n\n    func h() {\n        g()\n    }\n}\n"),
        ("a.cc", "namespace a {\nvoid f() {\n  g(;\n}\nclass B {\n  void h() {\n    g();\n  }\n};\n}\n"),
        ("a.h", "#ifndef A\n#define A\nint f(void) {\n  g(;\n}\nint h(void) {\n  return 1;\n}\n#endif\n"),
    ],
)
def test_what_does_not_parse_keeps_no_more_from_being_asked_than_the_function_around_it(path: str, text: str):
    """One line that a grammar cannot read says nothing of the rest of its class, its namespace or its header."""
    view = AnyView(parse(path, text))

    assert [True, False] == [view.is_broken(text.index(each)) for each in ("g(", "h(")]


def test_nothing_is_asked_of_a_template():
    """Where something is filled in, strings seem to go on over lines that hold code."""
    text = 'def f(%{"<%= key %>" => <%= key %>}) do\n  g()\nend\n\ndef h(%{"<%= key %>" => a}) do\n  a\nend\n'

    assert () == tally("priv/templates/a.ex", text).opportunities


def test_an_annotation_is_no_neighbour():
    """In Kotlin's grammar it stands beside what it is said of."""
    view = AnyView(parse("A.kt", "fun f() {\n    g()\n}\n\n@Late\nfun h() {\n    g()\n}\n"))

    assert [("1", "a function declaration and another")] == [(c.value, c.key) for c in BlankLines().ask_any(view)]


@pytest.mark.parametrize(
    ("path", "text"),
    [("a.rs", "// a\n\n/// b\nfn f() {}\n"), ("A.java", "/* a */\n\n// b\nclass A {}\n")],
)
def test_a_comment_is_no_neighbour(path: str, text: str):
    """Whatever a grammar calls comments, no empty lines are asked between them and what they speak of."""
    assert [] == list(BlankLines().ask_any(AnyView(parse(path, text))))


@pytest.mark.parametrize(
    ("path", "text"), [("a.yml", "a: b\nc:\n  - d\n"), ("a.sh", "a=$b\n"), ("a.php", "<?php\nreturn $a;\n")]
)
def test_no_blanks_are_asked_where_a_language_says_where_they_stand(path: str, text: str):
    """What could not be written otherwise is no habit."""
    view = AnyView(parse(path, text))

    assert not TokenSpacing().is_asked_any(view) or [] == list(TokenSpacing().ask_any(view))


def test_the_end_of_a_line_is_no_sign():
    """Where a grammar has a token for it, no blanks are asked around it."""
    view = AnyView(parse("a.c", "#if A\n  int a;\n#elif B\n  int b;\n#endif\n"))

    assert not [choice.key for choice in TokenSpacing().ask_any(view) if "\n" in choice.key]


@pytest.mark.parametrize(
    ("row", "value", "key", "expected"),
    [
        ("Q01", "CapWords", "class", "Name a class in CapWords."),
        ("Q01", "CapWords", "event_handler", "Name an event handler in CapWords."),
        ("Q04", "1 tab", "", "Indent by 1 tab."),
        ("Q05", "after", "`,` in arguments", "Put blanks after `,` in arguments."),
        ("Q05", "on both sides", "`=` in a pair", "Put blanks on both sides of `=` in a pair."),
        ("Q05", "nowhere", "`->` in a member call", "Put no blanks around `->` in a member call."),
        ("Q05", "nowhere", "`?` that opens an optional type", "Put no blank after `?` that opens an optional type."),
        ("Q05", "nowhere", "`!` that closes a macro", "Put no blank before `!` that closes a macro."),
        (
            "Q07",
            "1",
            "a comment and another",
            "At the top level of a file, leave 1 empty line between a comment and another.",
        ),
        ("Q10", "has `attributes`", "`a` have `attributes`", "Give every block `a` the key `attributes`."),
        ("Q18", "at most 1", "nested blocks in a class", "Nest blocks at most 1 deep in a class."),
        ("Q02", "Append", "the beginning of the name of a method", "Begin the name of a method with `Append`."),
    ],
)
def test_advice_reads_as_a_sentence(row: str, value: str, key: str, expected: str):
    """Node kinds are said in words, articles and numbers are right."""
    assert expected == conventions_by_id()[row].advice(value, key)


def test_what_tests_begin_with_is_no_rule_of_the_others():
    """Most functions of a package of Go may be tests beside it."""
    tests = "package a\n\n" + "".join(f"func TestReadsAll{n}(t *T) {{\n\tf()\n}}\n" for n in range(9))
    kept = {f"shop/f{n}_test.go": tests for n in range(40)}
    code = {f"shop/f{n}.go": "package a\n\nfunc ReadAll() {\n\tf()\n}\n" for n in range(9)}

    assert not any(entry.convention == "Q02" and "beginning" in entry.key for entry in learn({**kept, **code}).entries)


def test_a_mixed_case_is_no_rule():
    """Names that have no common case are held to none."""
    files = {f"f{n}.tf": f'resource "disk" "a-{n}" {{\n  size = 1\n}}\n' for n in range(60)}

    assert not [entry for entry in learn(files).entries if entry.convention == "Q01" and entry.tier]


def test_a_number_may_have_thousands_of_digits():
    """Its length is asked for, never its value, which Python refuses to read."""
    asked = tally("a.js", f"const p = {'7' * 5_000};\nconst q = 0{'0' * 5}7;\n").opportunities

    assert [1] == [found.line for found in asked if found.convention == "Q21"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("go", "package a\n\nvar b = `c\nd`\n", id="there is one form"),
        pytest.param("yaml", "a: |\n  b\n  c\n", id="each form makes another text"),
    ],
)
def test_what_leaves_no_choice_is_no_rule(name: str, text: str):
    """Of a string of several lines no form is asked for where a language has one, or one for each text."""
    files = {f"f{n}.{name}": text for n in range(60)}

    assert not [entry for entry in learn(files).entries if entry.convention == "Q19"]


def test_a_function_of_php_is_no_method():
    """Methods in camelCase ask nothing of functions, which PHP itself names with underscores."""
    files = {f"src/F{n}.php": "<?php\nclass A {\n    function readAll() {\n    }\n}\n" for n in range(60)}

    keys = {entry.id for entry in learn(files).entries if entry.convention == "Q01"}

    assert "Q01[php: method]" in keys and "Q01[php: function]" not in keys


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ("", "this file does not open with `Copyright YEAR Ada`"),
        ("/*\n * Copyright 2024, Ada\n */\n", "the header says ` * Copyright YEAR, Ada` here, ` * Copyright YEAR Ada`"),
    ],
)
def test_a_header_is_told_by_a_line_that_says_something(head: str, said: str):
    """A line that does no more than open the comment tells nobody what is asked for, or what is wrong."""
    profile = learn({f"a/A{n}.java": f"/*\n * Copyright 2024 Ada\n */\nclass A{n} {{}}\n" for n in range(60)})
    (entry,) = [entry for entry in profile.entries if entry.convention == "Q20"]
    judged = judge_source(parse("B.java", f"{head}class B {{}}\n"), profile)
    (finding,) = [each for each in judged.findings if each.entry == entry]

    assert "Open every file with `Copyright YEAR Ada` (java)." == entry.advice
    assert said in finding.message


@pytest.mark.parametrize(("address", "count"), [("ada@loom.org", 0), ("bob@loom.org", 0), ("robert@loom.org", 1)])
def test_a_corpus_does_not_hold_the_addresses_in_headers_against_code(address: str, count: int):
    """Its profile has them masked: an address of the same form is taken for the same."""
    head = "/*\n * Copyright 2024 Ada <{}>\n */\n"
    masked, _ = mask_personal(head.format("ada@loom.org"))
    profile = learn({f"a/A{n}.java": f"{masked}class A{n} {{}}\n" for n in range(60)})
    judged = judge_source(parse("B.java", f"{head.format(address)}class B {{}}\n"), profile)

    assert "ada@loom.org" not in masked
    assert count == sum(each.entry.convention == "Q20" for each in judged.findings)


def test_advice_names_the_language_once():
    """A rule is said without the key's language prefix, the language behind it."""
    files = {f"src/f{n}.js": "function readAll() {\n  a();\n}\n" for n in range(40)}
    (entry,) = [entry for entry in learn(files).entries if entry.id == "Q01[javascript: function]"]

    assert "Name a function in camelCase (javascript)." == entry.advice


def test_numbers_are_a_closed_set_where_they_are_very_few():
    """Three sizes are choices, in order of their size; more are measures, and what tests give are cases."""

    def values(folder: str, *numbers: int | str) -> list[str]:
        files = {
            f"{folder}/f{n}.js": "".join(
                f"retry({{ limit: {number}, wait: w }});\n" for number in (*numbers, numbers[n % len(numbers)])
            )
            for n in range(20)
        }
        return [entry.value for entry in learn(files).entries if entry.convention == "Q12"]

    assert ["`1`, `2`, `10`"] == values("src", 10, 2, 1)
    assert [] == values("src", 10, 2, 1, 5)
    assert [] == values("tests", 10, 2, 1)
    assert ["`a`, `b`"] == values("src", "'a'", "'b'")
    assert [] == values("tests", "'a'", "'b'")


@pytest.mark.parametrize(
    ("step", "rules"),
    [
        ("name: build\n        if: github.repository == 'a/b'", ["`github.repository == 'a/b'`"]),
        ("name: build\n        if: 'always()'", ["`always()`"]),
        ("name: build\n        uses: actions/checkout@v7.0.1", []),
        ("name: build\n        uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7", []),
        ("name: build\n        java-version: temurin-25", []),
        ("name: build\n        javaVersion: temurin-25", []),
        ("name: build\n        conversion: lossy", ["`lossy`"]),
        ("name: build\n        ref: 1.7.x", []),
    ],
)
def test_versions_are_no_closed_set(step: str, rules: list[str]):
    """What is fetched in a version moves on; a value that is quoted is told without its quotes, and no other."""
    job = f"jobs:\n  test:\n    steps:\n      - {step}\n"
    entries = learn({f".github/workflows/w{n}.yml": job for n in range(30)}).entries

    assert rules == [entry.value for entry in entries if entry.convention == "Q12" and "`name`" not in entry.key]


@pytest.mark.parametrize(("key", "is_asked"), [("size", True), ("How large it is", False)])
def test_a_sentence_is_no_key(key: str, is_asked: bool):
    """What is translated is not asked what it is given, nor whether it is there, nor in which order."""
    text = f"post({{ '{key}': 'a', name: 'b' }});\n" * 8 + "post({ name: 'b', kind: 2 });\n"
    entries = learn({f"src/f{n}.js": text for n in range(30)}).entries

    assert is_asked == any(key in entry.key for entry in entries)


@pytest.mark.parametrize(("folder", "rows"), [("src", ["Q09", "Q10", "Q11", "Q12"]), ("test", [])])
def test_what_tests_hand_over_is_made_up_for_the_case(folder: str, rows: list[str]):
    """Blocks of tests make no rule, and are held to none of the others."""
    text = "post({ name: first, size: 1 });\n" * 8 + "post({ name: first, kind: 2, wait: 3 });\n"
    files = {f"{folder}/f{n}.js": text for n in range(30)}
    slip = 'post({ kind: 2, name: "a" });\n'

    assert rows == sorted({entry.convention for entry in learn(files).entries} & {*NEUTRAL[8:13]})
    assert [] == found(learn({**files, **{f"src/f{n}.js": text for n in range(30)}}), "test/new.js", slip)


@pytest.mark.parametrize(
    ("ending", "block", "tier"),
    [
        ("tf", 'resource "disk" "a{n}" {{\n  size = {n}\n  zone = var.zone\n}}\n', "gate"),
        ("js", "post({{ size: {n}, zone: first }});\n", "advise"),
    ],
)
def test_what_one_call_of_a_program_needs_is_advised_at_most(ending: str, block: str, tier: str):
    """A new call may ask for other keys; data is of one make."""
    files = {f"src/f{n}.{ending}": "".join(block.format(n=n * 8 + m) for m in range(8)) for n in range(30)}
    files["src/own.js"] = "post({ size: 1, zone: 'own' });\n"
    tiers = {entry.convention: entry.tier for entry in learn(files).entries if entry.convention in ("Q10", "Q13")}

    assert {"Q10": tier, "Q13": tier} == tiers


@pytest.mark.parametrize(
    ("ending", "block", "rows"),
    [
        ("tf", 'resource "disk" "a{n}" {{\n  kind = "{kind}"\n  zone = var.zone\n}}\n', {"Q12", "Q13"}),
        ("js", "post({{ kind: '{kind}', zone: first }});\n", {"Q12"}),
        ("ts", "post({{ kind: '{kind}', zone: first }});\n", set()),
    ],
)
def test_what_a_program_may_compute_or_its_compiler_checks_is_no_habit(ending: str, block: str, rows: set[str]):
    """A literal may stand where none was so far, and the type of a key says which texts it may have."""
    kinds = ("hdd", "ssd")
    files = {
        f"src/f{n}.{ending}": "".join(block.format(n=n * 8 + m, kind=kinds[m % 2]) for m in range(8)) for n in range(30)
    }

    assert rows == {entry.convention for entry in learn(files).entries} & {"Q12", "Q13"}


@pytest.mark.parametrize(
    ("text", "rows"),
    [("a({ rows: { wide: b } });\n", []), ("a({ rows: { wide: b, size: 1 } });\n", ["`rows` have `wide`"])],
)
def test_a_block_is_told_by_more_than_its_name(text: str, rows: list[str]):
    """Of a program, one that has another key alone under the same name may be of another make."""
    files = {f"src/f{n}.js": text * 8 + "a({ rows: { kind: b } });\n" * (n == 0) for n in range(30)}
    asked = [entry.topic for entry in learn(files).entries if entry.convention == "Q10"]

    assert rows == [topic for topic in asked if "wide" in topic]


@pytest.mark.parametrize(
    ("slip", "rows"), [("story({ render: f, size: 1 });\n", []), ("story({ size: 1 });\n", [("Q10", 1)])]
)
def test_what_stands_in_the_place_of_a_key_is_known_by_the_blocks_that_lack_it(slip: str, rows: list[tuple[str, int]]):
    """Where all that lack a key have another one, which few of the others have, they are of another form."""
    text = "story({ args: a, size: 1 });\n" * 5 + "story({ args: a, render: f, size: 1 });\n" * 2
    files = {f"src/f{n}.js": text + "story({ render: f, size: 1 });\n" * (n < 3) for n in range(30)}

    assert rows == found(learn(files), "src/new.js", slip)


@pytest.mark.parametrize(
    ("members", "asked"),
    [
        ("size: number; zone: string; name: string", {"name", "size", "zone"}),
        ("size: number; zone: string; name?: string", {"size", "zone"}),
        # a type of something else
        ("width: number; name?: string", {"name", "size", "zone"}),
    ],
)
def test_no_key_is_asked_that_a_type_lets_be_left_out(members: str, asked: set[str]):
    """That nearly everybody gives it makes no rule of what the house says to be optional."""
    files = {f"src/f{n}.ts": "show({ size: 1, zone: a, name: b });\n" * 8 for n in range(30)}
    files["src/types.ts"] = f"export interface Shown {{ {members} }}\n"
    topics = [entry.topic for entry in learn(files).entries if entry.convention == "Q10"]

    assert asked == {topic.rpartition("`")[0].rpartition("`")[2] for topic in topics}


def test_the_name_of_a_test_is_no_block():
    """That every method of a name carries an attribute is no rule of blocks."""
    test = "class T{n} {{\n    [Fact]\n    public void Ctor_Ok()\n    {{\n        f();\n    }}\n}}\n"
    files = {f"test/T{n}.cs": test.format(n=n) for n in range(60)}

    assert not [entry for entry in learn(files).entries if entry.convention in ("Q10", "Q11")]


@pytest.mark.parametrize(
    ("path", "text", "shapes"),
    [
        ("a.rb", "app = lambda { |env| [200, { 'a' => 'b', 'c' => 'd' }] }\n", []),
        ("a.rb", "it 'goes' do\n  { a: 1, b: 2 }\nend\n", []),
        ("a.js", "it('goes', () => {\n  return { a: 1, b: 2 };\n});\n", []),
        ("a.js", "const store = create((set) => ({ a: 1, b: 2 }));\n", ["create"]),
        ("a.rb", "render json: 1, status: 2\n", ["render"]),
        ("a.go", "package a\n\nfunc f() {\n\tgo(T{A: 1, B: 2})\n}\n", ["T"]),
        ("a.ts", "const af: Locale = { a: 1, b: 2 };\n", ["Locale"]),
    ],
)
def test_a_block_is_named_by_what_makes_it(path: str, text: str, shapes: list[str]):
    """What a function that is passed on makes inside is not named by the call that it is passed to."""
    assert shapes == [block.shapes[-1] for block in AnyView(parse(path, text)).blocks]


@pytest.mark.parametrize(
    ("pin", "rules"),
    [
        pytest.param("8f4b7f84" * 5, ["Pin what `uses` fetches to a commit"], id="commits"),
        pytest.param("v4", ["Pin what `uses` fetches: name a version or a commit"], id="versions"),
        pytest.param("develop", [], id="branches"),
    ],
)
def test_a_commit_a_version_and_a_branch_are_told_apart(pin: str, rules: list[str]):
    """Who pins to commits hears of a version; who names versions hears of a branch, and of no commit."""
    files = {f"ci/p{n}.yaml": f"jobs:\n  a:\n    - uses: a/b@{pin}\n" for n in range(60)}

    assert rules == re.findall(r"- (Pin .+?) \(yaml\)", render_guide(learn(files)))


def test_the_keys_of_data_begin_with_no_word_of_the_house():
    """They are named by what reads them: that most of them begin alike makes another key no slip."""
    data = "relative-type:\n  a: 1\nrelative-type-regex:\n  b: 2\n"
    entries = learn({f"data/d{n}.yaml": data for n in range(60)}).entries

    assert not [entry.key for entry in entries if entry.convention == "Q02"]


@pytest.mark.parametrize(("longest", "is_said"), [(5, True), (90, False)])
def test_a_guide_says_a_limit_that_is_tight(longest: int, is_said: bool):
    """Where functions are of all lengths, the longest of them shows no habit."""
    files = {f"src/f{n}.js": "function f() {\n" + "  b();\n" * (3 + n % 2) + "}\n" for n in range(200)}
    files |= {f"src/g{n}.js": "function f() {\n" + "  b();\n" * longest + "}\n" for n in range(5)}

    assert is_said == ("lines in a function" in render_guide(learn(files)))


@pytest.mark.parametrize(
    ("path", "text"),
    [("a.go", "package a\n\ntype B struct {\n\tc int\n}\n"), ("a.rs", "struct B {\n    c: u8,\n}\n")],
)
def test_a_struct_is_called_a_type(path: str, text: str):
    """Where a language has no classes, sentences speak of none."""
    assert ["type"] == [top.kind for top in tops_in(AnyView(parse(path, text)))]


def test_a_type_holds_no_entries():
    """The keys that a map of Go may have are of its type: nothing is given one."""
    text = 'package a\n\nvar b = make(map[string]int)\n\nvar c = map[string]int{\n\t"d": 1,\n}\n'

    assert {"d"} == {entry.key for block in AnyView(parse("a.go", text)).blocks for entry in block.entries}
