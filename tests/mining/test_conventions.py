"""
Every convention is tested by its own examples; the mechanism by small repositories.
"""

from __future__ import annotations

import json
import re

import pytest
from idiolect.mining.conventions import Examples, Opportunity, collect_conventions, tally_source
from idiolect.mining.conventions.convention import (
    Convention,
    HouseConvention,
    Place,
    add_classes,
    apply_edits,
    is_rule,
)
from idiolect.mining.conventions.tally_any import family_of
from idiolect.mining.conventions.view import heads_of_with
from idiolect.mining.errors import InputError
from idiolect.mining.guide import render_guide
from idiolect.mining.judge import Finding, has_its_own_way, judge_source
from idiolect.mining.languages import language_named
from idiolect.mining.learn import learn_profile, wilson_bound
from idiolect.mining.overrides import Override
from idiolect.mining.page import render_page
from idiolect.mining.profile import Profile
from idiolect.mining.settings import Settings
from idiolect.mining.source import parse_source

PYTHON = language_named("python")
SHOWN = [
    pytest.param(convention, examples, id=f"{convention.id} {examples.language} {examples.key}".strip())
    for convention in collect_conventions()
    if convention.query or convention.is_neutral or isinstance(convention, HouseConvention)
    for examples in (convention.examples, *convention.also)
]


def parse(text: str, path: str = "package/module.py", language: str = "python"):
    return parse_source(path, text.encode(), language_named(language))


def parse_example(examples: Examples, text: str):
    return parse(text, examples.path, examples.language)


def tally(text: str, path: str = "package/module.py"):
    return tally_source(parse(text, path))


def key_of(convention: Convention, examples: Examples) -> str:
    """Return the key under which opportunities are found: those of neutral conventions open with the language."""
    if not convention.is_neutral:
        return examples.key
    family = family_of(examples.language)
    return f"{family}: {examples.key}" if examples.key else family


def opportunities(convention: Convention, examples: Examples, text: str) -> list[Opportunity]:
    """Return every opportunity of *convention* about its examples' key; whoever answers does so about a known one."""
    found = tally_source(parse_example(examples, text))
    assert all(is_rule(f"{o.convention}[{o.key}]" if o.key else o.convention) for o in found.opportunities)
    key = key_of(convention, examples)
    if isinstance(convention, HouseConvention):
        assert found.facts is not None
        return [
            Opportunity(convention.id, key, choice.value, choice.line, choice.start, choice.end)
            for choice in convention.ask(found.facts, examples.rule)
        ]
    return [o for o in found.opportunities if (o.convention, o.key) == (convention.id, key)]


def answers(convention: Convention, examples: Examples, text: str) -> list[str]:
    return [found.value for found in opportunities(convention, examples, text)]


@pytest.mark.parametrize("convention", list(dict.fromkeys(each.values[0] for each in SHOWN)), ids=lambda each: each.id)
def test_code_of_each_sort_is_shown(convention: Convention):
    """A convention has code that conforms, code that departs, and code that only looks like departing."""
    shown = (convention.examples, *convention.also)

    assert all(any(getattr(each, sort) for each in shown) for sort in ("conforms", "departs", "nearly"))


@pytest.mark.parametrize(("convention", "examples"), SHOWN)
def test_conforming_examples_answer_with_the_value(convention: Convention, examples: Examples):
    """Code that conforms gives the value, and nothing else."""
    for text in examples.conforms:
        assert {examples.value} == set(answers(convention, examples, text)), text


@pytest.mark.parametrize(("convention", "examples"), SHOWN)
def test_departing_examples_answer_otherwise(convention: Convention, examples: Examples):
    """Code that departs gives another value somewhere."""
    for text in examples.departs:
        found = answers(convention, examples, text)
        assert found and examples.value not in found, text


@pytest.mark.parametrize(("convention", "examples"), SHOWN)
def test_near_misses_do_not_depart(convention: Convention, examples: Examples):
    """Code that only looks like a departure raises nothing."""
    for text in examples.nearly:
        assert not set(answers(convention, examples, text)) - {examples.value}, text


@pytest.mark.parametrize(("convention", "examples"), SHOWN)
def test_advice_is_a_sentence(convention: Convention, examples: Examples):
    """Every rule can be said as an instruction."""
    advice = convention.advice(examples.value, examples.key)

    assert advice[0].isupper() and advice.endswith((".", "`"))


@pytest.mark.parametrize("convention", collect_conventions(), ids=lambda convention: convention.id)
def test_the_page_shows_every_example(convention: Convention):
    """The examples that are tested are those that are read, each in a block of its own."""
    page = render_page(convention)
    texts = [t for e in (convention.examples, *convention.also) for t in (*e.conforms, *e.departs, *e.nearly)]

    assert (
        f"`[conventions.{convention.id}]` of `idiolect.toml` turn it off" in page and "{" not in page.split("\n\n")[1]
    )
    assert all(f"\n{text.rstrip()}\n```" in page for text in texts)


@pytest.mark.parametrize(("convention", "examples"), SHOWN)
def test_a_planted_slip_departs_and_parses(convention: Convention, examples: Examples):
    """What the mutator makes of conforming code is still code, and answers otherwise where it was changed."""
    planted = 0
    for text in examples.conforms:
        source = parse_example(examples, text)
        for found in opportunities(convention, examples, text):
            edits = convention.slip(Place(source, found.start, found.end, found.key, examples.rule), found.value)
            if edits:
                changed = apply_edits(source, edits)
                planted += 1
                assert not parse_example(examples, changed).tree.root_node.has_error, changed
                assert set(answers(convention, examples, changed)) - {found.value}, changed
    # every mutant of the benchmark is Python
    assert planted or not examples.conforms or convention.is_neutral


@pytest.mark.parametrize(("convention", "examples"), [shown for shown in SHOWN if shown.values[0].is_fixable])
def test_a_fix_makes_departing_code_conform_and_its_slip_is_undone(convention: Convention, examples: Examples):
    """A safe rewriting gives the house's answer; on a planted slip it gives the original back, byte by byte."""
    for text in examples.departs:
        source = parse_example(examples, text)
        for found in opportunities(convention, examples, text):
            edits = convention.rewrite(Place(source, found.start, found.end, found.key), examples.value)
            if edits:
                assert {examples.value} == set(answers(convention, examples, apply_edits(source, edits)))
    for text in examples.conforms:
        slip = planted_slip(convention, examples, text)
        for found in opportunities(convention, examples, slip) if slip else ():
            source = parse_example(examples, slip)
            edits = convention.rewrite(Place(source, found.start, found.end, found.key), examples.value)
            if found.value != examples.value and edits:
                assert text == apply_edits(source, edits)


@pytest.mark.parametrize(
    "convention",
    [convention for convention in collect_conventions() if convention.is_fixable],
    ids=lambda convention: convention.id,
)
def test_what_is_called_fixable_is_mended_somewhere(convention: Convention):
    """One departing example at least has a safe rewriting: else the test above would look at nothing."""
    fixes = [
        convention.rewrite(Place(parse_example(examples, text), found.start, found.end, found.key), examples.value)
        for examples in (convention.examples, *convention.also)
        for text in examples.departs
        for found in opportunities(convention, examples, text)
    ]

    assert any(fixes)


def planted_slip(convention: Convention, examples: Examples, text: str) -> str:
    """Return *text* with its first conforming place made to depart, or nothing."""
    source = parse_example(examples, text)
    for found in opportunities(convention, examples, text):
        edits = convention.slip(Place(source, found.start, found.end, found.key), found.value)
        if edits:
            return apply_edits(source, edits)
    return ""


def house(quote: str, files: int = 8, odd: int = 0) -> Profile:
    """Learn from *files* files of four strings each, *odd* strings of which use the other quote."""
    other = "'" if quote == '"' else '"'
    tallies = []
    for number in range(files):
        marks = [other if number * 4 + index < odd else quote for index in range(4)]
        text = "".join(f"x{index} = {mark}a{mark}\n" for index, mark in enumerate(marks))
        tallies.append(tally(text, f"package/m{number}.py"))
    return learn_profile(tallies)


def test_a_slip_is_found_on_its_token():
    """One departure gives one finding, with line, column and evidence."""
    profile = house('"', files=30)
    source = parse_source("package/new.py", b'a = "x"\nb = call("y", \'z\')\n', PYTHON)

    found = judge_source(source, profile).findings

    assert [("S01", 2, 15, 18, "gate")] == [
        (f.entry.convention, f.line, f.column, f.end_column, f.entry.tier) for f in found
    ]


def test_columns_count_code_points():
    """A finding after non-ASCII text stands at its character, not at its byte."""
    profile = house('"', files=30)
    source = parse_source("package/new.py", "é = (\"ü\", 'z')\n".encode(), PYTHON)

    (finding,) = judge_source(source, profile).findings

    assert 11 == finding.column


def test_a_parameter_is_marked_where_it_lacks_its_annotation():
    """A change that adds one to a function of before adds its line, not the function's first."""
    code = b"def f(a: int) -> int:\n    return a\n\n\n" * 3
    profile = learn_profile([tally_source(parse_source(f"package/m{n}.py", code, PYTHON)) for n in range(90)])
    source = parse_source(
        "package/new.py", b"def f(\n    a: int,\n    more={\n    },\n) -> int:\n    return a\n", PYTHON
    )

    (finding,) = judge_source(source, profile).findings

    assert ("T02", 3, 5, 9) == (finding.entry.id, finding.line, finding.column, finding.end_column)
    assert finding.message.startswith("This parameter has no annotation")


@pytest.mark.parametrize(("others", "own", "found"), [(6, 0, 0), (6, 2, 6), (40, 12, 0), (40, 30, 40)])
def test_a_file_with_its_own_way_is_left_alone(others: int, own: int, found: int):
    """A file that consistently does otherwise raises nothing; of many places a smaller share is enough."""
    profile = house('"', files=30)
    text = b"x = 'a'\n" * others + b'x = "a"\n' * own

    assert found == len(judge_source(parse_source("package/new.py", text, PYTHON), profile).findings)


@pytest.mark.parametrize(
    ("answers", "is_own"),
    [
        ({"other": 5}, True),
        ({"other": 4}, False),
        ({"other": 18, "house": 2}, True),
        ({"other": 17, "house": 2}, False),
        ({"other": 9, "third": 1}, True),
        ({"other": 4, "third": 4}, False),
        ({"other": 1, "house": 9}, False),
        ({"other": 40, "house": 20}, True),
        ({"other": 39, "house": 20}, False),
        ({"other": 27, "house": 13}, True),
        ({"other": 26, "house": 13}, False),
    ],
)
def test_a_way_of_its_own_is_told_by_how_many_places_and_which_share_agree(answers: dict[str, int], is_own: bool):
    """Nine of ten from five places on, two of three from forty on, and all on one other answer: less is a slip."""
    found = [Opportunity("S01", "", value, 1, 0, 1) for value, times in answers.items() for _ in range(times)]

    assert is_own == has_its_own_way(found, "house")


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("tests/data/a.py", 0),
        ("tests/sample_data/a.py", 0),
        ("tests/metadata/a.py", 6),
        ("tests/roots/test-late/a.py", 0),
        ("src/testdata/b/a.py", 0),
        ("compiler/testData/a.py", 0),
        ("compiler/test-data/unit/a.py", 0),
        ("tests/data/test_a.py", 6),
        ("shop/src/test/resources/rules/a.py", 0),
        ("tests/resources/a.py", 6),
        ("tests/fixtures/a.py", 6),
        ("shop/tests/snapshots/a.py", 0),
        ("src/__snapshots__/a.py", 0),
        ("src/snapshots/a.py", 6),
        ("shop/test/v1/fixtures/a.input.py", 0),
        ("tests/fixtures/a/expected.py", 0),
        ("tests/fixtures/a/input_reader.py", 6),
        ("src/fixtures/a.input.py", 6),
        ("spec/fixtures/house/app/a.rb", 0),
        ("test/fixtures/a.rb", 0),
        ("spec/support/a.rb", 6),
    ],
)
def test_what_tests_read_has_no_style(path: str, found: int):
    """Samples and output are held to no habit and make none; a test, and what it is set up with, is like other code."""
    text = b"x = 'a'\n" * 6 + b'x = "a"\n' * 4
    source = parse_source(path, text, PYTHON)

    assert found == len(judge_source(source, house('"', files=30)).findings)
    assert bool(found) == bool(tally_source(source).opportunities)


def test_too_little_evidence_makes_no_rule():
    """Under ten weighted opportunities nothing is learned."""
    assert () == house('"', files=2).entries


def test_a_small_repository_is_helped_by_what_others_do_and_says_so():
    """Sixteen plain strings make no rule by themselves; with the prior they are a hint that names it."""
    profile = house('"', files=4)
    source = parse_source("package/new.py", b"b = 'z'\n", PYTHON)
    (entry,) = [entry for entry in profile.entries if entry.convention == "S01"]
    (finding,) = judge_source(source, profile).findings

    assert (True, "hint", 16.0) == (entry.by_prior, entry.tier, entry.n)
    assert finding.message.endswith("(few places here, usual elsewhere)")
    assert not any(entry.by_prior for entry in house('"', files=40).entries)


def test_a_mixed_habit_borrows_nothing():
    """Where fewer than nine of ten places agree, no other codebase's habit helps."""
    assert "S01" not in {entry.convention for entry in house('"', files=4, odd=2).entries}


def test_a_mixed_habit_makes_no_rule():
    """Six of 32 exceptions are too many for any tier."""
    assert "S01" not in {entry.convention for entry in house('"', files=8, odd=6).entries}


def test_absence_is_never_enforced():
    """A repository without return annotations learns that, and raises nothing on an annotated function."""
    texts = ["".join(f"def f{i}(a):\n    return a\n" for i in range(6)) for _ in range(12)]
    profile = learn_profile([tally(text, f"p/m{n}.py") for n, text in enumerate(texts)])

    (entry,) = [e for e in profile.entries if e.convention == "T01" and e.scope == "repository"]

    assert ("absent", "") == (entry.value, entry.tier)
    source = parse_source("p/n.py", b"def g() -> int:\n    return 1\n", PYTHON)
    assert "T01" not in {f.entry.convention for f in judge_source(source, profile).findings}


def test_a_planted_decorator_is_learned_and_asked_for():
    """Functions of one shape that carry the house's decorator make it a rule; what tests read is none of them."""
    text = "from .core import handler\n\n\n" + "".join(
        f"@handler\ndef show_{i}(request):\n    return request.read({i})\n\n\n" for i in range(6)
    )
    paths = ["tests/data/sample.py", *(f"app/m{number}.py" for number in range(20))]
    profile = learn_profile([tally(text, path) for path in paths])

    def found(path: str) -> list[Finding]:
        judged = judge_source(parse("def show(request):\n    return request\n", path), profile)
        return [finding for finding in judged.findings if finding.entry.convention == "A02"]

    assert [("with @handler", 120, 1, 5)] == [
        (f.entry.value, f.entry.opportunities, f.line, f.column) for f in found("app/new.py")
    ]
    assert [] == found("tests/data/new.py")


def jobs(decorators: str) -> Profile:
    """Learn from a framework, one of whose bases derives from another, and 120 classes under *decorators*."""
    core = "class Job: pass\n\n\nclass SlowJob(Job): pass\n"
    text = "from dataclasses import dataclass\nfrom .core import Job, SlowJob, job\n\n\n"
    one = f"{decorators}\nclass Add{{0}}(Job): pass\n\n\n{decorators}\nclass Drop{{0}}(SlowJob): pass\n"
    texts = [text + "".join(one.format(f"{number}x{each}") for each in range(3)) for number in range(20)]
    return learn_profile([tally(core, "app/core.py"), *(tally(text, f"app/m{n}.py") for n, text in enumerate(texts))])


def test_a_decorator_of_the_classes_of_one_base_is_learned_and_asked_for():
    """A class without it is told which and why; bases in between, which nobody runs, are left alone."""
    profile = jobs("@dataclass\n@job('a', queue='b')")
    text = b"from .core import Job\n\n\nclass QuickJob(Job): pass\nclass Add(Job): pass\nclass Low(QuickJob): pass\n"

    (entry,) = [entry for entry in profile.entries if entry.convention == "A02"]
    found = [
        f for f in judge_source(parse_source("app/n.py", text, PYTHON), profile).findings if f.entry.id == entry.id
    ]

    assert ("A02[derived from Job]", "with @job", 120, 120) == (
        entry.id, entry.value, entry.conforming, entry.opportunities,
    )  # fmt: skip
    assert [(5, "Write every class that derives from `Job` with @job (here: without)")] == [
        (finding.line, finding.message) for finding in found
    ]


def test_a_library_s_decorator_of_classes_is_no_rule_of_the_house():
    """That all classes of one base are data classes says how they are made."""
    assert "A02" not in {entry.convention for entry in jobs("@dataclass").entries}


@pytest.mark.parametrize("others", [8, 0], ids=["wider", "equal"])
def test_of_bases_that_share_decorated_classes_one_is_named(others: int):
    """The one of which the largest share carries the decorator; of equals, the one that descends from the other."""
    core = "class Thing(dict): pass\n\n\nclass Job(Thing): pass\n\n\nclass Rest(Thing): pass\n"
    texts = [f"@job\nclass Add{n}x{m}(Job): pass\n" for n in range(30) for m in range(4)]
    texts += [f"class Left{n}(Rest): pass\n" for n in range(others)]
    profile = learn_profile(
        [tally(core, "app/core.py"), *(tally(text, f"app/m{n}.py") for n, text in enumerate(texts))]
    )

    assert ["derived from Job"] == [entry.key for entry in profile.entries if entry.convention == "A02"]


@pytest.mark.parametrize(
    ("path", "other", "rules"),
    [
        ("app/b.py", "class B:\n    def opened(self): pass\n", ["app.a.A.locked"]),
        ("app/b.py", "class B:\n    def locked(self): pass\n", []),
        ("tests/b.py", "class B:\n    def locked(self): pass\n", ["app.a.A.locked"]),
    ],
    ids=["its own", "shared", "of a stand-in"],
)
def test_a_context_manager_that_is_a_method_is_known_by_its_name(path: str, other: str, rules: list[str]):
    """A call through `self` is asked about where the name can mean one method only."""
    text = "class C:\n    def f(self):\n        with self.a.locked('x') as x:\n            return self.g(x)\n"
    core = (
        "from contextlib import contextmanager\n\n\nclass A:\n    @contextmanager\n    def locked(self, a): yield a\n"
    )
    texts = {"app/a.py": core, path: other, **{f"app/m{n}.py": text for n in range(90)}}
    profile = learn_profile([tally(text, path) for path, text in texts.items()])
    found = judge_source(parse("class D:\n    def f(self):\n        x = self.a.locked('x')\n"), profile).findings

    assert rules == [entry.key for entry in profile.entries if entry.convention == "A07"]
    assert [(3, 13)] * len(rules) == [(f.line, f.column) for f in found if f.entry.convention == "A07"]


@pytest.mark.parametrize(
    ("other", "tiers"),
    [("Gone", {"advise"}), ("ValueError", set()), ("OtherError", {"advise"})],
    ids=["own", "mixed", "other"],
)
def test_a_general_exception_is_noticed_where_the_house_raises_its_own(other: str, tiers: set[str]):
    """Only where nearly all that is raised is of one family, whatever a library has; it is advised at most."""
    core = "class ShopError(Exception): pass\n\n\nclass Refused(ShopError): pass\n\n\nclass Gone(Refused): pass\n"
    text = (
        f"from .core import Gone, Refused\n\n\ndef f(a):\n    raise Refused(a)\n\n\ndef g(a):\n    raise {other}(a)\n"
    )
    profile = learn_profile([tally(core, "app/core.py"), *(tally(text, f"app/m{n}.py") for n in range(90))])
    found = judge_source(parse("def f(a):\n    raise ValueError(a)\n", "app/new.py"), profile).findings

    assert tiers == {finding.entry.tier for finding in found if finding.entry.id == "E02[ShopError]"}


def test_of_bases_that_all_have_the_most_derived_is_asked_for():
    """What its own bases lend it, all have as well: which of them is named hangs on no order of a set."""
    words = ("Config", "Check", "Page", "Store", "Route", "Field")
    core = "".join(f"class {word}(Root{word}, Other{word}, Last{word}): pass\n" for word in words)
    uses = "".join(f"class New{word}({word}): pass\n" for word in words)
    profile = learn_profile([tally(core, "app/core.py"), *(tally(uses, f"app/m{n}.py") for n in range(60))])

    named = [entry.value for entry in profile.entries if entry.convention == "A03" and "named" in entry.key]
    assert {f"has the base {word}" for word in words} == set(named)


def test_a_base_and_what_is_above_it_are_not_asked_whether_they_have_it():
    """All but one derive from what that one is, so it is named; neither it nor its own base departs."""
    core = "class AppConfig(Mixin): pass\n\n\nclass ShopConfig(AppConfig): pass\n"
    uses = [tally(f"class Cart{n}Config(ShopConfig): pass\n", f"app/m{n}.py") for n in range(30)]
    profile = learn_profile([tally(core, "app/core.py"), *uses])

    entries = [entry for entry in profile.entries if entry.convention == "A03" and entry.scope == "repository"]
    named = {(entry.key, entry.value, entry.conforming, entry.opportunities) for entry in entries}
    assert {
        ("in app", "has the base ShopConfig", 30, 30),
        ("named …Config", "has the base ShopConfig", 30, 30),
    } == named


def test_what_a_wrapper_asks_on_its_way_is_not_what_it_wraps():
    """It passes its own argument to the one function, and nothing to the other."""
    body = "    before = os.getcwd()\n    os.chdir(a)\n    yield before\n"
    texts = {"dirs": f"import os\n\n\ndef stand_in(a):\n{body}"}
    texts |= {f"m{n}": f"from app.dirs import stand_in\n\nstand_in({n})\nstand_in(a)\n" for n in range(20)}
    texts["old"] = "import os\n\nos.chdir('a')\nos.getcwd()\n"
    profile = learn_profile([tally(text, f"app/{name}.py") for name, text in texts.items()])

    assert ["os.chdir"] == [entry.key for entry in profile.entries if entry.convention == "A01"]


@pytest.mark.parametrize(
    ("raw", "rules"), [("requests.get", ["requests.get"]), ("os.fspath", []), ("os.path.join", [])]
)
def test_what_only_spells_a_path_otherwise_is_wrapped_by_nobody(raw: str, rules: list[str]):
    """A function that happens to convert its argument is no way of the house to convert one."""
    library = raw.partition(".")[0]
    texts = {"net": f"import {library}\n\n\ndef fetch(a):\n    return {raw}(a)\n"}
    texts |= {f"m{n}": f"from app.net import fetch\n\nfetch({n})\nfetch(a)\n" for n in range(20)}
    texts["old"] = f"import {library}\n\n{raw}('a')\n"
    profile = learn_profile([tally(text, f"app/{name}.py") for name, text in texts.items()])

    assert rules == [entry.key for entry in profile.entries if entry.convention == "A01"]


@pytest.mark.parametrize(("given", "rules"), [("name", ["os.environ.get"]), ("", [])])
def test_who_asks_for_one_variable_stands_in_for_no_other(given: str, rules: list[str]):
    """A function without arguments that reads the environment is no way to read all that stands there."""
    named = given or "'SLOW'"
    texts = {"env": f"import os\n\n\ndef read({given}):\n    return os.environ.get({named})\n"}
    texts |= {f"m{n}": f"from app.env import read\n\nread({n})\nread(a)\n" for n in range(20)}
    texts["old"] = "import os\n\nos.environ.get('a')\n"
    profile = learn_profile([tally(text, f"app/{name}.py") for name, text in texts.items()])

    assert rules == [entry.key for entry in profile.entries if entry.convention == "A01"]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("# Copyright 2024 Ada\n# Licence: mit\n", "the header says `# Licence: mit` here, `# Licence: MIT`"),
        ("# Copyright 2024 Ada\n", "lacks the line `# Licence: MIT`"),
        ("# Copyright 2024 Ada\n# Licence: MIT\n# All rights reserved\n", "goes on with `# All rights reserved`"),
        ("# Says what\n", "does not open with `# Copyright YEAR Ada`"),
    ],
    ids=["another line", "a line less", "a line more", "no header"],
)
def test_a_header_that_differs_is_told_by_its_first_line_that_does(header: str, said: str):
    """What is shown is what differs, whichever line of the header it is."""
    profile = learn_profile([tally("# Copyright 2024 Ada\n# Licence: MIT\n\nx = 1\n", f"p/m{n}.py") for n in range(99)])

    (finding,) = [f for f in judge_source(parse(f"{header}\ny = 2\n"), profile).findings if f.entry.convention == "D11"]

    assert said in finding.message


@pytest.mark.parametrize(
    "header",
    ["# Copyright 2019 Bob\n# Licence: BSD\n", "# (c) Copyright 2024 Ada\n# SPDX-FileCopyrightText: 2020 Bob\n"],
    ids=["another", "one more"],
)
def test_the_rights_of_others_stay(header: str):
    """A file that holds another's code says so: nobody is asked to write the house's name over it."""
    text = "# Copyright 2024 Ada\n# Licence: MIT\n"
    profile = learn_profile([tally(f"{text}\nx = 1\n", f"p/m{n}.py") for n in range(99)])
    script = parse_source("p/a.js", header.replace("#", "//").encode() + b"\nf();\n", language_named("javascript"))
    scripts = learn_profile(
        tally_source(parse_source(f"p/m{n}.js", text.replace("#", "//").encode() + b"\nf();\n", script.language))
        for n in range(99)
    )

    found = [*judge_source(parse(f"{header}\ny = 2\n"), profile).findings, *judge_source(script, scripts).findings]

    assert {"D11", "Q20"} <= {entry.convention for entry in (*profile.entries, *scripts.entries) if entry.tier}
    assert not {"D11", "Q20"} & {finding.entry.convention for finding in found}


@pytest.mark.parametrize(("aliased", "plain", "learned"), [(75, 13, []), (75, 0, ["D"]), (0, 75, []), (99, 1, ["D"])])
def test_a_member_taken_as_it_is_counts_against_its_other_name(aliased: int, plain: int, learned: list[str]):
    """Another name is a rule where nearly all give it; that members keep their own is none."""
    lines = ["from decimal import Decimal as D\n"] * aliased + ["from decimal import Decimal\n"] * plain
    profile = learn_profile([tally(line, f"p/m{n}.py") for n, line in enumerate(lines)])

    assert learned == [entry.value for entry in profile.entries if entry.convention == "I02"]


def test_a_member_that_nobody_calls_otherwise_is_not_asked_for():
    """Its own name is an answer only where the house has a habit: it is no place that no rule speaks to."""
    text = "from decimal import Decimal\n"
    alone = learn_profile([tally(text, f"p/m{n}.py") for n in range(75)])
    house = learn_profile([tally("from decimal import Decimal as D\n", f"p/m{n}.py") for n in range(75)])

    asked = [judge_source(parse(text), profile) for profile in (alone, house)]

    assert asked[0].opportunities + 1 == asked[1].opportunities
    assert [finding.entry.convention for finding in asked[1].findings] == ["I02"]


def test_settings_can_ignore_a_rule():
    """An ignored convention is not learned."""
    tallies = [tally('x = "a"\ny = "b"\n', f"p/m{n}.py") for n in range(30)]
    settings = Settings(conventions={"S01": Override(ignore=True)})

    assert "S01" in {entry.convention for entry in learn_profile(tallies).entries}
    assert "S01" not in {entry.convention for entry in learn_profile(tallies, settings=settings).entries}


def test_settings_can_spare_a_folder_of_a_rule():
    """What stands there is not asked, and makes the rule of the others no weaker; a profile read again knows so."""
    files = {f"p/m{n}.py": 'x = "a"\ny = "b"\n' for n in range(30)}
    files |= {f"old/m{n}.py": "x = 'a'\ny = \"b\"\n" for n in range(30)}
    settings = Settings(conventions={"S01": Override(ignored_in=("old/",), reason="it is going")})

    learned = learn_profile([tally(text, path) for path, text in files.items()], settings=settings)
    profile = Profile.from_json(json.loads(json.dumps(learned.as_json())))

    assert profile == learned
    (rule,) = (entry for entry in profile.entries if (entry.convention, entry.scope) == ("S01", "repository"))
    assert (60, 60, "it is going") == (rule.conforming, rule.opportunities, rule.reason)
    asked = {path: judge_source(parse("x = 'a'\n", path), profile) for path in ("p/new.py", "old/new.py")}
    assert [("p/new.py", 1), ("old/new.py", 0)] == [(path, len(found.findings)) for path, found in asked.items()]
    assert " Not in `old/`. (60 of 60" in render_guide(profile)


def test_settings_can_say_which_answer_the_house_moves_to():
    """Code is held to the answer that is named, whatever the repository keeps; no other word is needed for that."""
    tallies = [tally('x = "a"\ny = "b"\n', f"p/m{n}.py") for n in range(30)]
    settings = Settings(conventions={"S01": Override(value="single")})

    profile = learn_profile(tallies, settings=settings)

    (finding,) = judge_source(parse("x = 'a'\ny = \"b\"\n"), profile).findings
    assert (2, "gate") == (finding.line, finding.entry.tier)


def test_a_tier_lowers_or_raises_what_is_a_habit_and_makes_none():
    """Without a word more, a habit counts as much as the team says, and what is no habit for nothing."""
    settings = Settings(conventions={"S01": Override(tier="advise", reason="being settled")})

    def tiers(odd: int) -> list[tuple[str, str]]:
        marks = ["'" * (number < odd) or '"' for number in range(90)]
        tallies = [tally(f"x = {mark}a{mark}\ny = {mark}b{mark}\n", f"p/m{n}.py") for n, mark in enumerate(marks)]
        entries = learn_profile(tallies, settings=settings).entries
        return [(entry.tier, entry.reason) for entry in entries if entry.convention == "S01"]

    assert tiers(30) == []
    assert set(tiers(0)) == {("advise", "being settled")}


def test_a_tier_asks_for_nothing_in_a_folder_that_does_otherwise():
    """A rule that counts for less is still kept away from those who plainly do not keep it."""
    files = {f"p/m{n}.py": 'x = "a"\ny = "b"\n' for n in range(200)} | {
        f"old/m{n}.py": f"x = {mark}a{mark}\ny = {mark}b{mark}\n" for n, mark in enumerate("'\"" * 6)
    }
    settings = Settings(conventions={"S01": Override(tier="hint", reason="being settled")})

    profile = learn_profile([tally(text, path) for path, text in files.items()], settings=settings)

    assert [f.entry.tier for f in judge_source(parse("z = 'a'\n", "p/new.py"), profile).findings] == ["hint"]
    assert not judge_source(parse("z = 'a'\n", "old/new.py"), profile).findings


def test_two_conventions_of_one_id_are_refused():
    """Neither replaces the other in silence; a class that a module only imports is no second one."""
    first = type("First", (Convention,), {"id": "X99"})
    found: dict[str, type[Convention]] = {}
    add_classes(found, [first, first, Convention, "a word"])

    with pytest.raises(InputError, match="Second has the id 'X99', which is that of First"):
        add_classes(found, [type("Second", (Convention,), {"id": "X99"})])

    assert found == {"X99": first}


def test_what_its_line_does_not_show_is_an_example_by_its_place():
    """Whether an import is guarded, the line above it says."""
    guarded = (
        "from __future__ import annotations\n\nfrom typing import TYPE_CHECKING\n\n"
        "if TYPE_CHECKING:\n    from pots import Pot\n\n\ndef fill(pot: Pot) -> None:\n    pot.fill()\n"
    )
    texts = tally(guarded).texts

    assert "" == texts["I05", "", "guarded"]
    assert "from __future__ import annotations" == texts["I04", "", "deferred"]


def test_a_profile_survives_its_own_json():
    """What is written is what is read."""
    profile = house('"', files=30)

    assert profile == Profile.from_json(profile.as_json())


@pytest.mark.parametrize(
    ("k", "n", "expected"),
    [(15, 15, 0.9013), (32, 32, 0.9512), (81, 81, 0.9801), (0, 5, 0.0)],
)
def test_the_bound_is_wilsons(k: float, n: float, expected: float):
    """The sizes that reach each tier without an exception are those of the catalogue."""
    assert expected == pytest.approx(wilson_bound(k, n), abs=2e-4)


@pytest.mark.parametrize(
    "text",
    [
        b"with a() as b:\n    with c(d):\n        async  with e:\n            pass\n",
        b"x = 1  # with care: none\nwithout = {1: 2}\nwith (\n    a,\n    b,\n):\n    pass\n",
        b"with words that go on\nover a line: and\nwith these: too\nwith no end",
        b"with " + b"x" * 501 + b":\n\twith a: b(with_c)\n",
    ],
)
def test_heads_of_with_are_those_that_a_look_at_every_line_finds(text: bytes):
    every = re.compile(rb"^[ \t]*(?:async[ \t]+)?with\b([^:]{0,500}):", re.MULTILINE)
    assert list(heads_of_with(text)) == every.findall(text)
