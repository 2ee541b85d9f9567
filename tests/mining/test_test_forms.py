"""
The row on equal forms of tests: what it teaches, what it says, and where it is silent.
"""

from __future__ import annotations

import pytest
from idiolect.mining.conventions import tally_source
from idiolect.mining.guide import render_guide
from idiolect.mining.judge import judge_source
from idiolect.mining.languages import language_of
from idiolect.mining.learn import learn_profile
from idiolect.mining.profile import Profile
from idiolect.mining.source import parse_source

OPENS = "describe('a', () => {\n" + "  it('opens late', () => {\n    expect(f()).toBe(1);\n  });\n" * 6 + "});\n"


def parse(path: str, text: str):
    language = language_of(path)
    assert language is not None
    return parse_source(path, text.encode(), language)


@pytest.fixture(scope="module")
def profile() -> Profile:
    return learn_profile(tally_source(parse(f"src/a{n}.test.ts", OPENS)) for n in range(40))


def messages(profile: Profile, text: str, path: str = "src/new.test.ts") -> list[str]:
    """Return what the row says of *text*, as it stands in a file of before."""
    return [f.message for f in judge_source(parse(path, text), profile).findings if f.entry.convention == "Q32"]


def values(path: str, text: str, topic: str) -> set[str]:
    """Return the answers of *text* to what is asked about *topic*."""
    found = tally_source(parse(path, text)).opportunities
    return {o.value for o in found if o.convention == "Q32" and o.key.endswith(f": {topic}")}


def test_all_forms_are_said_in_one_sentence_and_departures_one_by_one(profile: Profile):
    """The guide has one item for the tests of a language; a finding names both forms and for what they stand."""
    slip = OPENS.replace("it('opens", "test('opens", 1).replace("toBe(1)", "toEqual(1)", 1)

    assert (
        "- In tests, write `toBe(…)` for a comparison with a literal, `it(…)` for a test in `describe` and each test "
        "in `describe` (typescript). " in render_guide(profile)
    )
    assert [
        "`test(…)` for a test in `describe` here, `it(…)` in this codebase's tests",
        "`toEqual(…)` for a comparison with a literal here, `toBe(…)` in this codebase's tests",
    ] == messages(profile, slip)


def test_a_file_that_mixes_forms_is_left_alone(profile: Profile):
    """Where a third of a file's tests go by another name, nobody can follow all of them."""
    mixed = OPENS.replace("it('opens", "test('opens", 2)

    assert 2 == len(messages(profile, mixed))
    assert [] == messages(profile, mixed * 2)
    assert {"several forms"} == values("src/a.test.ts", mixed * 2, "a test in `describe`")


@pytest.mark.parametrize(
    ("head", "is_asked"),
    [
        ("", True),
        ("import { expect, it } from 'vitest'\n", True),
        ("import {\n  describe,\n  test,\n} from '@jest/globals';\n", True),
        ("const test = require('node:test')\n", True),
        ("const { test } = require('node:test')\n", True),
        ("import { it } from '@effect/vitest'\n", False),
        ("import test from 'ava'\n", False),
        ("const { test } = require('tap')\n", False),
        ("const { test } = house\n", False),
        ("export const it = test.extend({})\n", False),
    ],
)
def test_a_name_that_a_module_alone_may_give_is_not_asked(head: str, is_asked: bool):
    """Only what knows a test by both names leaves the choice."""
    assert is_asked == bool(values("src/a.test.ts", head + OPENS, "a test in `describe`"))


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("describe.each([1])('a', (n) => {\n  it.only('b', f);\n});\n", {"each test in `describe`"}),
        ("test.describe('a', () => {\n  test('b', f);\n});\n", {"each test in `describe`"}),
        ("describe('a', () => {\n});\nit('b', f);\n", {"a test outside of `describe`"}),
        # a group may call it
        ("function g() {\n  it('b', f);\n}\ndescribe('a', g);\n", set[str]()),
        ("describe('a', () => {\n  it.each([1])('b', f);\n  it.b('c');\n});\n", set[str]()),
    ],
)
def test_a_group_is_told_by_what_is_around(code: str, found: set[str]):
    """A test is in a group where its call lies in that of the group."""
    assert found == values("test/a.test.js", code, "each test")


@pytest.mark.parametrize(
    ("path", "found"),
    [("tests/HouseTest.php", {"`Assert::assert…`"}), ("tests/HouseMock.php", set[str]())],
)
def test_what_is_no_test_case_has_no_assertions_of_its_own(path: str, found: set[str]):
    """A stand-in of PHP names the class that asserts, for it derives from none that does."""
    code = "<?php\nclass House {\n    function f() {\n        Assert::assertTrue($a);\n    }\n}\n"

    assert found == values(path, code, "an assertion")


@pytest.mark.parametrize(
    ("around", "is_asked"),
    [
        ("t.Run(tt.name, func(t *testing.T) {", True),
        ("f(func(tb testing.TB) {", True),
        ("g.Go(func() error {", False),
        ("require.Eventually(t, func() bool {", False),
    ],
)
def test_what_may_run_elsewhere_is_free_to_report_otherwise(around: str, is_asked: bool):
    """A function that is not passed its test may run in another goroutine, which cannot end it."""
    code = f"package a\n\nfunc TestA(t *testing.T) {{\n\t{around}\n\t\tassert.Equal(t, 1, f())\n\t}})\n}}\n"

    assert is_asked == bool(values("house/a_test.go", code, "a check"))


@pytest.mark.parametrize(
    ("code", "topic", "found"),
    [
        ("expect(a).not.toBeUndefined();\n", "a comparison with `undefined`", set[str]()),
        ("expect(a).not.toBeUndefined();\n", "a check that something is defined", {"`not.toBeUndefined()`"}),
        ("expect(a.b?.length).toEqual(2);\n", "a check of a length", {"`expect(a.length)`"}),
        ("expect(a).toBeCalledTimes(1);\n", "a check that something is called once", {"`toHaveBeenCalledTimes(1)`"}),
        ("expect(a).toBeCalledTimes(1);\n", "a check of calls", {"`toBeCalled…`"}),
        ("expect(a).toEqual(\n  -1,\n);\n", "a comparison with a literal", {"`toEqual(…)`"}),
        ("expect(a).toEqual(-0);\n", "a comparison with a literal", set[str]()),
        ("expect(a).toEqual(1 + b);\n", "a comparison with a literal", set[str]()),
        (
            "f.mockReturnValue(Promise.resolve(1));\n",
            "what a mock resolves to",
            {"`mockReturnValue(Promise.resolve(a))`"},
        ),
    ],
)
def test_forms_of_checks_are_told_by_what_they_hold(code: str, topic: str, found: set[str]):
    """A form counts where another does the same, and for what it does."""
    assert found == values("src/a.test.ts", code, topic)


@pytest.mark.parametrize(
    ("call", "found"), [("ShouldBeNull", {"`a.ShouldBe(b)`"}), ("ShouldMatchApproved", set[str]())]
)
def test_what_a_library_alone_can_check_is_no_form(call: str, found: set[str]):
    """A check of approved texts, or of a validator, is written in no other way."""
    assert found == values("House.Tests/ATests.cs", f"class A {{ void F() {{ a.{call}(); }} }}\n", "a check")
