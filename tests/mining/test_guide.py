"""
The guide. In: what a house keeps to. Out: a page, strongest first, each rule with a real example, within its words.
"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from idiolect.mining.conventions import tally_source
from idiolect.mining.conventions.neutral_blocks import rows_of
from idiolect.mining.guide import example_of, render_guide, strongest_first
from idiolect.mining.languages import language_named
from idiolect.mining.learn import learn_profile
from idiolect.mining.profile import Profile
from idiolect.mining.source import parse_source
from idiolect.mining.tiers import TIERS

HOUSE = '''"""
Read `{n}`.
"""

import json


def read_{n}(path: str | None = None) -> list[str]:
    """
    Return what `path` holds.
    """
    names: list[str] = []
    if path is None:
        return names
    # TODO(ada): read `path`
    print(json.loads(path))
    return ["a", "b"]
'''


@pytest.fixture(name="profile", scope="module")
def _profile() -> Profile:
    python = language_named("python")
    files = [(f"app/m{n}.py", HOUSE.replace("{n}", str(n)).encode()) for n in range(90)]
    return learn_profile([tally_source(parse_source(path, data, python)) for path, data in files])


def test_the_strongest_come_first(profile: Profile):
    """Tier by tier, and within one by the bound; what is never enforced is no rule."""
    ranks = [(TIERS.index(entry.tier), not entry.rule, -entry.bound) for entry in strongest_first(profile)]

    assert sorted(ranks) == ranks and len(ranks) > 10
    assert all(entry.tier for entry in strongest_first(profile))


def test_who_reads_of_tiers_is_told_what_they_do(profile: Profile):
    """Once, above all rules; a model that is asked for code needs neither."""
    assert 1 == render_guide(profile, with_ids=True).count("fails where a rule of `gate` is broken")
    assert "`gate`" not in render_guide(profile)


def test_each_rule_has_one_real_example(profile: Profile):
    """A line that stands in the code, or the place of one where the line by itself says nothing."""
    lines = {line.strip() for n in range(90) for line in HOUSE.replace("{n}", str(n)).splitlines()}
    items = [line for line in render_guide(profile).splitlines() if line.startswith("- ")]

    for item in items:
        (example,) = re.findall(r" Example: (.+)$", item)
        place = re.fullmatch(r"`app/m\d+\.py`, line \d+", example)
        assert place or example.strip("`").strip() in lines, item
    assert any("`` # TODO(ada): read `path` ``" in item for item in items)
    assert any("Example: `app/m" in item for item in items)


@pytest.mark.parametrize("words", [30, 100, 1_500])
def test_it_keeps_to_its_words(profile: Profile, words: int):
    """Whole items only; the first that does not fit ends it."""
    assert len(render_guide(profile, max_words=words).split()) <= words


def test_many_rules_that_are_alike_leave_room_for_the_others():
    """Tables of which each row has the same keys do not push out how names are cased; alone, they have all the room."""
    javascript = language_named("javascript")

    def guide(function: str) -> str:
        rows = "".join(f"row_{key}({{\n  column_a: x.a,\n  column_b: x.b,\n}});\n" for key in range(30))
        text = f"{rows}{function}".encode()
        files = [(f"src/f{n}.js", text) for n in range(90)]
        profile = learn_profile([tally_source(parse_source(path, data, javascript)) for path, data in files])
        return render_guide(profile, max_words=400)

    assert "Name a function in camelCase" in guide("\nfunction readAll() {\n  a();\n}\n")
    assert 350 < len(guide("").split()) <= 400


def scoped(profile: Profile, *scopes: tuple[str, str]) -> Profile:
    """Return a profile of one rule in several scopes, each with the value that it has there."""
    (entry,) = [entry for entry in profile.entries if entry.id == "S01"]
    return replace(profile, entries=tuple(replace(entry, scope=scope, value=value) for scope, value in scopes))


@pytest.mark.parametrize(
    ("scopes", "said"),
    [
        pytest.param([("repository", "double"), ("role:src", "double"), ("dir:app", "double")], [""], id="everywhere"),
        pytest.param([("role:src", "double"), ("dir:app", "double")], ["the sources"], id="a folder of a role"),
        pytest.param(
            [("role:src", "double"), ("role:scripts", "double")], ["scripts and in the sources"], id="two roles"
        ),
        pytest.param([("repository", "double"), ("role:tests", "single")], ["", "tests"], id="two habits"),
        pytest.param([("dir:app", "double"), ("role:tests", "double")], ["`app/` and in tests"], id="beside a role"),
        pytest.param(
            [(f"dir:part{n}", "double") for n in range(5)],
            ["`part0/` and in `part1/` and in `part2/` and in 2 other folders"],
            id="many folders",
        ),
    ],
)
def test_a_rule_is_said_once(profile: Profile, scopes: list[tuple[str, str]], said: list[str]):
    """Of the widest scopes that keep it; a narrower one is told where it does otherwise."""
    items = [line for line in render_guide(scoped(profile, *scopes)).splitlines() if line.startswith("- ")]

    assert sorted(said) == sorted("".join(re.findall(r" In (.+?)\. \(", item)) for item in items)


@pytest.mark.parametrize(
    ("scopes", "said"),
    [
        pytest.param([("repository", "gate"), ("dir:app", "gate")], "gate: ", id="the same inside"),
        pytest.param(
            [("repository", "hint"), ("dir:app", "gate"), ("role:tests", "advise"), ("dir:lib", "gate")],
            "hint, gate in `app/` and in `lib/`, advise in tests: ",
            id="others inside",
        ),
        pytest.param([("dir:app", "gate"), ("role:tests", "gate")], "gate: ", id="the same side by side"),
        pytest.param([("dir:app", "gate"), ("role:tests", "hint")], "gate and hint: ", id="others side by side"),
        pytest.param(
            [("dir:app", "gate"), ("dir:lib", "gate"), ("role:tests", "hint")], "gate and hint: ", id="some alike"
        ),
    ],
)
def test_a_rule_tells_its_tier_in_each_scope(profile: Profile, scopes: list[tuple[str, str]], said: str):
    """What `check` reports is of the narrowest scope, so its tier stands in the guide where it is another."""
    alike = scoped(profile, *((scope, "double") for scope, _ in scopes))
    entries = [replace(entry, tier=tier) for entry, (_, tier) in zip(alike.entries, scopes, strict=True)]
    (item,) = render_guide(replace(profile, entries=tuple(entries)), with_ids=True).splitlines()[4:]

    assert f"(S01, {said}" in item


def test_counts_that_are_not_the_weights_say_so(profile: Profile):
    """A rule that most of its places break, for they are copies, says how it comes to be one; others need no word."""
    (entry,) = [entry for entry in profile.entries if entry.id == "S01"]
    copied = replace(entry, opportunities=2 * entry.opportunities)

    said = [render_guide(replace(profile, entries=[each])).splitlines()[-1] for each in (entry, copied)]

    assert ["copies" in line for line in said] == [False, True]


def test_an_example_shows_what_it_is_an_example_of():
    """A line on which the code in question only starts is none: a shorter one stands behind a longer that is whole."""
    python = language_named("python")
    union = "def f(\n    q: str\n    | None = None,\n):\n    pass\n"
    whole = "def look_up(word: str | None = None):\n    pass\n"

    def example(*texts: str) -> str:
        files = [(f"app/m{n}.py", text.encode()) for n, text in enumerate(texts)]
        profile = learn_profile([tally_source(parse_source(path, data, python)) for path, data in files])
        (entry,) = [entry for entry in profile.entries if entry.convention == "T03"]
        return example_of(entry)

    assert "`def look_up(word: str | None = None):`" == example(*[union] * 60, whole)
    assert "`app/m0.py`, line 2" == example(*[union] * 60)


def test_an_example_hides_nothing_and_ends_as_code(profile: Profile):
    """An agent reads the guide: no sign in it is one that people do not see, and no code of the house's is markup."""
    entry = strongest_first(profile)[0]
    exemplar = replace(entry.exemplars[0], text="x = '\x1b[31m\u202e\u200b\U000e0041\t``` `` <b>'")
    odd = replace(entry, exemplars=(exemplar,), reason="Why\x1b]0;t\x07\n- Obey")

    (item,) = [line for line in render_guide(replace(profile, entries=(odd,))).splitlines() if line.startswith("- ")]

    assert item.endswith("; Why\\x1b]0;t\\x07\\x0a- Obey.) Example: "
                         "```` x = '\\x1b[31m\\u202e\\u200b\\U000e0041\t``` `` <b>' ````")  # fmt: skip
    place = replace(exemplar, text='"""', path="<b>`a`.py", line=3)
    assert "`` <b>`a`.py ``, line 3" == example_of(replace(entry, exemplars=(place,)))


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        ("", []),
        (
            "make({ name: 'x', icon: b, perform: c });\n",
            ["- Give `name` in `make` a reference (javascript). (240 of 241.)"],
        ),
    ],
    ids=["kept", "a literal"],
)
def test_rules_of_one_matter_are_one_item(odd: str, said: list[str]):
    """Keys of one shape, their order, and where empty lines stand; that a program computes goes without saying."""
    javascript = language_named("javascript")
    text = "make({\n  name: a,\n  icon: b,\n  perform: c,\n});\n" * 4
    text += "\n\nfunction f() {\n}\n\n\nclass A {\n}\n\n\nfunction g() {\n}\n\n\nfunction h() {\n}\n"
    files = [(f"src/f{n}.js", text) for n in range(60)] + [("src/odd.js", odd)]
    profile = learn_profile([tally_source(parse_source(path, data.encode(), javascript)) for path, data in files])
    items = [item.partition(" Example: ")[0] for item in render_guide(profile).splitlines()]

    def about(row: str) -> list[str]:
        return [item for item in items if row in item]

    calls = 240 + bool(odd)
    assert [
        "- Pass the keys `icon`, `name` and `perform` in every call of `make` (javascript). "
        f"({3 * calls} of {3 * calls}.)"
    ] == about("in every call")
    assert [
        f"- In a block `make`, put `name` before `icon` before `perform` (javascript). ({2 * calls} of {2 * calls}.)"
    ] == about("In a block")
    assert [
        "- At the top level of a file, leave 2 empty lines between a class declaration and a function declaration; "
        "between a function declaration and a class declaration or another; "
        "between an expression statement and a function declaration (javascript). (240 of 240.)"
    ] == about("leave 2")
    assert said == about("a reference")


def test_blanks_are_told_sign_by_sign():
    """Where all signs have blanks on the same side, one item says it, and in what each stands is listed behind it."""
    javascript = language_named("javascript")
    text = "f(a ,b);\nc=[d ,e];\nfunction g(h ,i) {}\nj={ k :l };\nm=n;\n"
    files = [(f"src/f{n}.js", text) for n in range(60)]
    profile = learn_profile([tally_source(parse_source(path, data.encode(), javascript)) for path, data in files])
    items = [item.partition(" (")[0] for item in render_guide(profile).splitlines() if "blanks" in item]

    assert [
        "- Put blanks before `,` in an array, arguments or formal parameters; `:` in a pair",
        "- Put no blanks around `=` in an assignment expression",
    ] == sorted(items)


def test_how_names_of_a_language_are_cased_is_one_sentence():
    """Kinds of definitions of the same case stand together."""
    rust = language_named("rust")
    text = "pub struct LateOrder;\n\nfn read_all() {\n    f();\n}\n\nmod late_orders {\n    fn open_all() {}\n}\n"
    profile = learn_profile([tally_source(parse_source(f"src/f{n}.rs", text.encode(), rust)) for n in range(90)])
    (item,) = [line.partition(" (")[0] for line in render_guide(profile).splitlines() if "Name " in line]

    assert "- Name a function or a module in snake_case and a type in PascalCase" == item


@pytest.mark.parametrize(
    ("usual", "odd"),
    [
        ("f(a, b);\n", "f(a ,b);\n"),
        ("m = n;\n", "m=n;\n"),
        ("f(a ? b : c);\n", "f(a? b: c);\n"),
        ("f(...a);\n", "f(... a);\n"),
        ("f({ a: b });\n", "f({ a : b });\n"),
        ("// a\nf(b);\n", "/* a */\nf(b);\n"),
        ("function f() {\n}\n\nfunction g() {\n}\n", "function f() {\n}\n\n\nfunction g() {\n}\n"),
        ("import a from 'a';\nimport b from 'b';\n", "import a from 'a';\n\nimport b from 'b';\n"),
        ("import a from 'a';\n\nf(() => {\n  a();\n});\n", "import a from 'a';\nf(() => {\n  a();\n});\n"),
    ],
)
def test_what_nearly_everybody_does_goes_without_saying(usual: str, odd: str):
    """Blanks, empty lines and comments are told where a house has a way of its own."""
    javascript = language_named("javascript")

    def told(text: str) -> list[str]:
        files = [(f"src/f{n}.js", text) for n in range(60)]
        profile = learn_profile([tally_source(parse_source(path, data.encode(), javascript)) for path, data in files])
        rows = ("Q05", "Q07", "Q08")
        return [
            line
            for line in render_guide(profile, with_ids=True).splitlines()
            if line.partition("(javascript). (")[2][:3] in rows
        ]

    assert told(usual) == []
    assert len(told(odd)) == 1


@pytest.mark.parametrize(
    ("pairs", "rows"),
    [
        (["ab", "bc", "ac"], ["abc"]),
        (["ab", "bd", "ac", "cd"], ["abd", "acd"]),
        (["ab", "cb"], ["ab", "cb"]),
        (["ab", "bc", "ca"], ["ab", "bc", "ca"]),
    ],
    ids=["a row", "two ways", "two beginnings", "a circle"],
)
def test_an_order_is_told_in_few_rows(pairs: list[str], rows: list[str]):
    """Each pair follows from the rows, and nothing else does."""
    assert rows == ["".join(row) for row in rows_of([(pair[0], pair[1]) for pair in pairs])]


def test_what_literals_hold_is_said_after_what_code_is_like():
    """In a program names come before the keys of objects, of which there are many; in data keys are what there is."""
    text = "make({\n  name: a,\n  icon: b,\n});\n\nfunction openDoor() {\n  shut();\n}\n"
    files = [(f"src/f{n}.js", text) for n in range(90)]
    javascript = language_named("javascript")
    profile = learn_profile([tally_source(parse_source(path, data.encode(), javascript)) for path, data in files])
    guide = render_guide(profile)

    assert 0 < guide.index("in camelCase") < guide.index("in every call of `make`")


def test_modules_that_are_imported_in_one_form_are_one_item():
    """A form that departs from them stands alone, and so does each other name; settings take the ids as they stand."""
    python = language_named("python")
    text = "".join(f"from app.{name} import {name}_of\n" for name in ("core", "db", "models", "web"))
    text += "import json\nimport numpy as np\n"
    files = [(f"app/m{n}.py", text.encode()) for n in range(60)]
    profile = learn_profile([tally_source(parse_source(path, data, python)) for path, data in files])
    items = [item.partition(" Example: ")[0] for item in render_guide(profile, with_ids=True).splitlines()]

    assert {
        "- Write `from … import …` for `app.core`, `app.db`, `app.models` and `app.web`."
        " (I01[app.core], I01[app.db], I01[app.models], …, advise: 240 of 240.)",
        "- Write `import json`, not `from json import …`. (I01[json], advise: 60 of 60.)",
        "- Write `import numpy as …`. (I01[numpy], advise: 60 of 60.)",
        "- Import `numpy` as `np`. (I02[numpy], advise: 60 of 60.)",
    } < set(items)
