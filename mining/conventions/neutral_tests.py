"""
In which of several equal forms tests are written. In: a test of a language other than Python. Out: choices. Row Q32.

Languages have libraries that know several names for one test and several ways to one check. Asked is where either does
the same: `it` or `test`, `toBeNull()` or `toBe(null)`, `self::` or `$this->`. Each form is told by its text; what a
test has to say so, as where a framework gives one name alone, is not asked.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from tree_sitter import Node

from ..source import innermost
from ..traits import SCRIPTS
from ..wording import all_of
from .anyview import AnyView
from .convention import Choice, Examples, NeutralConvention
from .equal_forms import (
    ASSERTION,
    CHECK,
    COMPARISON,
    EQUAL_NONE,
    FALSE,
    IN_SOURCE,
    LENGTH,
    LITERAL,
    MATTERS,
    NO_ERROR,
    NULL,
    TRUTH,
)

SEVERAL = "several forms"
"""The answer of a file that counts for none, and is held to none."""
MANY = 8
"""The places in a file that show of which forms it has several."""
INSIDE, OUTSIDE = "a test in `describe`", "a test outside of `describe`"
EACH_TEST, GROUPED, ALONE = "each test", "each test in `describe`", "a test outside of `describe`"
CASES = re.compile(rb"^[ \t]*for \w+, (\w+) := range (\w+|\[\]struct \{)", re.MULTILINE)
"""A loop over the cases of a test of Go."""
FUNCTIONS = frozenset({"func_literal", "function_declaration", "method_declaration"})
CALLABLES = frozenset({"anonymous_function", "arrow_function", "method_declaration"})
"""The functions of PHP that may be static."""
MARKED = rb"(?:\.(?:concurrent|failing|fails|fixme|only|sequential|skip|slow|todo))*"
TEST = re.compile(rb"^([ \t]*)(it|test)" + MARKED + rb"\(\s*[\"'`]", re.MULTILINE)
GROUP = re.compile(rb"^[ \t]*((?:describe|context|test\.describe)(?:\.[A-Za-z]+)*)\(", re.MULTILINE)
BOUND = re.compile(rb"\b(?:import|const|let|var)\b([^;'\"`]{0,999}?)(?:\bfrom|=\s*require\()\s*['\"]([^'\"\n]+)['\"]")
OWN = re.compile(
    rb"^[ \t]*(?:export\s+)?(?:const|let|var|function)\s+(?:(?:it|test)\b(?!\s*=\s*require\()"
    rb"|\{[^}=]*\b(?:it|test)\b[^}=]*\}\s*=(?!\s*require\())",
    re.MULTILINE,
)
EITHER = re.compile(rb"\b(?:it|test)\b")
BOTH = frozenset({b"@jest/globals", b"bun:test", b"mocha", b"node:test", b"vitest"})
"""Modules that name one function `it` and `test`."""
OPENED = re.compile(IN_SOURCE.encode())
CAUGHT = re.compile(rb"\b(?:SCENARIO|TEST_CASE)\w*\(")
"""What opens a test of the libraries of C++ whose checks are called `CHECK`."""


class EqualForm(NeutralConvention):
    """In which of several equal forms a test, or a check in it, is written."""

    id = "Q32"
    name = "test-form"
    question = "How is {key} written in tests?"
    # what departs tests the same
    cap = "advise"
    version = 3
    never = frozenset({ALONE, SEVERAL, EQUAL_NONE})
    roles = frozenset({"src", "tests"})
    asked = MATTERS.keys()
    linter_codes = frozenset(
        {"NotToNot", "HookArgument", "bool_assert_comparison", "consistent-test-it", "no-alias-methods"}
        | {"prefer-called-once", "prefer-expect-resolves", "prefer-mock-promise-shorthand"}
        | {"prefer-to-be", "prefer-to-have-length", "require-top-level-describe", "testifylint"}
    )
    examples = Examples(
        value="`it(…)`",
        key=INSIDE,
        path="src/a.test.ts",
        conforms=(
            "describe('a', () => {\n  it('opens', () => {\n    f();\n  });\n});\n",
            "import { describe, it } from 'vitest';\ndescribe('a', () => {\n  it.skip('opens', f);\n});\n",
        ),
        departs=("describe('a', () => {\n  describe('b', () => {\n    test('opens', f);\n  });\n});\n",),
        nearly=(
            "test('opens', f);\n",
            # these know one name
            "import { test } from '@playwright/test';\ntest.describe('a', () => {\n  test('opens', f);\n});\n",
            "import { test } from './fixtures';\ndescribe('a', () => {\n  test('opens', f);\n});\n",
            "const test = base.extend({});\ndescribe('a', () => {\n  test('opens', f);\n});\n",
            "describe('a', () => {\n  // eslint-disable-next-line jest/consistent-test-it\n  test('opens', f);\n});\n",
            "describe('a', () => {\n  const b = `\n  test('opens', f);\n`;\n});\n",
        ),
    )
    also = (
        Examples(
            value="`test(…)`",
            key=OUTSIDE,
            path="test/a.test.js",
            conforms=("const { test } = require('node:test');\ntest('opens', f);\n",),
            departs=("it('opens', f);\n",),
            nearly=("describe('a', () => {\n  it('opens', f);\n});\n",),
        ),
        Examples(
            value=GROUPED,
            key=EACH_TEST,
            path="test/a.test.js",
            conforms=("describe.each([1])('a', () => {\n  it('opens', f);\n});\n",),
            departs=("it('opens', f);\n",),
            nearly=("it();\n",),
        ),
        Examples(
            value="`toBe(…)`",
            key=LITERAL,
            path="src/a.test.ts",
            conforms=("expect(a).toBe(1);\n", "expect(a).not.toBe('b');\n"),
            departs=("expect(a).toEqual(1);\n", 'expect(a).toStrictEqual("b");\n'),
            nearly=("expect(a).toEqual({ b: 1 });\n", "expect(a).toEqual(b);\n", "// expect(a).toEqual(1)\n"),
        ),
        Examples(
            value="`toBeNull()`",
            key=NULL,
            path="src/a.test.ts",
            conforms=("expect(a).toBeNull();\n",),
            departs=("expect(a).toBe(null);\n", "expect(a).not.toEqual(null);\n"),
            nearly=("expect(a).toEqual([null]);\n",),
        ),
        Examples(
            value="`toHaveLength(…)`",
            key=LENGTH,
            path="src/a.test.ts",
            conforms=("expect(a).toHaveLength(2);\n",),
            departs=("expect(a.b.length).toBe(2);\n",),
            nearly=("expect(a.length).toBeGreaterThan(2);\n",),
        ),
        Examples(
            value="`expect(await a)`",
            key="a check of what a promise gives",
            path="src/a.test.ts",
            conforms=("expect(await f()).toBe(2);\n",),
            departs=("await expect(f()).resolves.toBe(2);\n",),
            nearly=(
                "await expect(f()).resolves.not.toThrow();\n",
                "await expect(f()).resolves.toBeUndefined();\n",
                "expectTypeOf(f()).resolves.toEqualTypeOf<A>();\n",
            ),
        ),
        Examples(
            value="`require.NoError(t, err)`",
            key=NO_ERROR,
            path="house/a_test.go",
            conforms=("package a\n\nfunc TestA(t *testing.T) {\n\trequire.NoError(t, f())\n}\n",),
            departs=(
                "package a\n\nfunc TestA(t *testing.T) {\n\tif err := f(); err != nil {\n\t\tt.Fatal(err)\n\t}\n}\n",
                "package a\n\nfunc TestA(t *testing.T) {\n\tassert.NoError(t, f())\n}\n",
            ),
            nearly=(
                # only what the test's own goroutine runs may end it
                "package a\n\nfunc TestA(t *testing.T) {\n\tgo func() {\n\t\tassert.NoError(t, f())\n\t}()\n}\n",
                # what says so and goes on ends no test
                "package a\n\nfunc TestA(t *testing.T) {\n\tif err := f(); err != nil {\n\t\tt.Error(err)\n\t}\n}\n",
                "package a\n\nfunc TestA(t *testing.T) {\n\tassert.Nil(t, a)\n\tif err != nil {\n\t\treturn\n\t}\n}\n",
            ),
        ),
        Examples(
            value="`True(t, a)`",
            key=TRUTH,
            path="house/a_test.go",
            conforms=("package a\n\nfunc TestA(t *testing.T) {\n\trequire.True(t, f())\n}\n",),
            departs=("package a\n\nfunc TestA(t *testing.T) {\n\trequire.Equal(t, true, f())\n}\n",),
            nearly=('package a\n\nfunc TestA(t *testing.T) {\n\trequire.Equal(t, true, read["a"])\n}\n',),
        ),
        Examples(
            value="`assert`",
            key=CHECK,
            path="house/a_test.go",
            conforms=("package a\n\nfunc TestA(t *testing.T) {\n\tassert.Equal(t, 1, f())\n}\n",),
            departs=("package a\n\nfunc TestA(t *testing.T) {\n\trequire.Equal(t, 1, f())\n}\n",),
            nearly=("package a\n\nfunc TestA(t *testing.T) {\n\trequire.NoError(t, f())\n}\n",),
        ),
        Examples(
            value="`tt`",
            key="the variable of a loop over cases",
            path="house/a_test.go",
            conforms=(
                "package a\n\nfunc TestA(t *testing.T) {\n\ttests := []struct {\n\t\tname string\n\t}{\n\t\t{},\n\t}\n"
                "\tfor _, tt := range tests {\n\t\tf(tt)\n\t}\n}\n",
            ),
            departs=(
                "package a\n\nfunc TestA(t *testing.T) {\n\tfor _, tc := range []struct {\n\t\tname string\n\t}{\n"
                "\t\t{},\n\t} {\n\t\tf(tc)\n\t}\n}\n",
            ),
            nearly=("package a\n\nfunc TestA(t *testing.T) {\n\tfor _, name := range names {\n\t\tf(name)\n\t}\n}\n",),
        ),
        Examples(
            value="`assertThat(a)`",
            key=CHECK,
            path="src/test/ATest.java",
            conforms=("class ATest {\n  void f() {\n    assertThat(a).isEqualTo(b);\n  }\n}\n",),
            departs=("class ATest {\n  void f() {\n    assertEquals(b, a);\n  }\n}\n",),
            nearly=(
                "class ATest {\n  void f() {\n    assertThrows(B.class, () -> g());\n  }\n}\n",
                "class ATest {\n  void assertEquals(A a) {\n  }\n}\n",
            ),
        ),
        Examples(
            value="`assert…(…)`",
            key=ASSERTION,
            path="src/test/ATest.kt",
            conforms=("class ATest {\n  fun f() {\n    assertEquals(b, a)\n  }\n}\n",),
            departs=("class ATest {\n  fun f() {\n    Assert.assertEquals(b, a)\n  }\n}\n",),
            nearly=("class ATest {\n  fun f() {\n    House.assertOpen(b)\n  }\n}\n",),
        ),
        Examples(
            value="`mod tests`",
            key="the module of a file's tests",
            path="src/a.rs",
            conforms=("fn f() {}\n\n#[cfg(test)]\nmod tests {\n    use super::*;\n}\n",),
            departs=("fn f() {}\n\n#[cfg(test)]\nmod test {\n    use super::*;\n}\n",),
            nearly=("mod test {\n    fn f() {}\n}\n", "#[cfg(test)]\nmod test_helpers {\n}\n"),
        ),
        Examples(
            value="`assert!(!a)`",
            key=FALSE,
            path="tests/a.rs",
            conforms=("#[test]\nfn f() {\n    assert!(!g(1));\n}\n",),
            departs=("#[test]\nfn f() {\n    assert_eq!(g(1), false);\n    assert_eq!(false, g(2));\n}\n",),
            nearly=("#[test]\nfn f() {\n    assert_eq!(g(false), 1);\n}\n",),
        ),
        Examples(
            value="`assert_eq!(a, b)`",
            key=COMPARISON,
            path="src/a.rs",
            conforms=("#[cfg(test)]\nmod tests {\n    #[test]\n    fn f() {\n        assert_eq!(a, b);\n    }\n}\n",),
            departs=("#[cfg(test)]\nmod tests {\n    #[test]\n    fn f() {\n        assert!(a == b);\n    }\n}\n",),
            nearly=(
                # outside of tests one says what has to hold
                "#[cfg(test)]\nfn g() {}\n\nfn f() {\n    assert!(a == b);\n}\n\n#[cfg(test)]\nmod tests {}\n",
                "#[cfg(test)]\nmod tests {\n    #[test]\n    fn f() {\n        assert!(a == b || c);\n    }\n}\n",
            ),
        ),
        Examples(
            value="`a.ShouldBe(b)`",
            key=CHECK,
            path="House.Tests/ATests.cs",
            conforms=("class A { void F() { a.ShouldBe(b); } }\n",),
            departs=("class A { void F() { Assert.Equal(b, a); } }\n", "class A { void F() { a.Should().Be(b); } }\n"),
            nearly=("class A { void F() { Assert.Throws<B>(() => G()); } }\n",),
        ),
        Examples(
            value="`self::assert…`",
            key=ASSERTION,
            path="tests/ATest.php",
            conforms=("<?php\nclass ATest {\n    function f() {\n        self::assertSame(1, $a);\n    }\n}\n",),
            departs=("<?php\nclass ATest {\n    function f() {\n        $this->assertSame(1, $a);\n    }\n}\n",),
            nearly=("<?php\nclass ATest {\n    function f() {\n        $this->assertOpen($a);\n    }\n}\n",),
        ),
        Examples(
            value="`$this->assert…`",
            key=ASSERTION,
            path="tests/ATest.php",
            # there is no `$this`
            nearly=("<?php\nclass ATest {\n    static function f() {\n        self::assertSame(1, $a);\n    }\n}\n",),
        ),
        Examples(
            value="`not_to`",
            key="what is not expected",
            path="spec/a_spec.rb",
            conforms=("expect(a).not_to eq(b)\n",),
            departs=("expect(a).to_not eq(b)\n",),
            nearly=("# expect(a).to_not eq(b)\n",),
        ),
        Examples(
            value="`refute a`",
            key=FALSE,
            path="test/a_test.exs",
            conforms=('test "a" do\n  refute f()\nend\n',),
            departs=('test "a" do\n  assert not f()\nend\n', 'test "a" do\n  assert !f()\nend\n'),
            nearly=('test "a" do\n  assert f() != g()\nend\n',),
        ),
        Examples(
            value="`XCTAssertTrue(a)`",
            key="a check for `true`",
            path="Tests/ATests.swift",
            conforms=("func f() {\n    XCTAssertTrue(a)\n}\n",),
            departs=("func f() {\n    XCTAssert(a)\n}\n",),
            nearly=("func f() {\n    XCTAssertEqual(a, b)\n}\n",),
        ),
        Examples(
            value="`isNull`",
            key="a check for `null`",
            path="test/a_test.dart",
            conforms=("void main() {\n  expect(f(a, null), isNull);\n}\n",),
            departs=("void main() {\n  expect(f(a, g()), null, reason: 'b');\n}\n",),
            nearly=("void main() {\n  expect(a, f(null));\n}\n",),
        ),
        Examples(
            value="`hasLength(2)`",
            key=LENGTH,
            path="test/a_test.dart",
            conforms=("void main() {\n  expect(a, hasLength(2));\n}\n",),
            departs=(
                "void main() {\n  expect(a.length, 2);\n}\n",
                "void main() {\n  expect(a.length, equals(2));\n}\n",
            ),
            nearly=("void main() {\n  expect(a.length, greaterThan(2));\n}\n",),
        ),
        Examples(
            value="`a shouldEqual b`",
            key=COMPARISON,
            path="src/test/scala/ASpec.scala",
            conforms=("class A {\n  f(a) shouldEqual 1\n}\n",),
            departs=(
                "class A {\n  f(a) shouldBe 1\n}\n",
                "class A {\n  f(a) should be(1)\n}\n",
                "class A {\n  f(a) should equal(1)\n}\n",
                "class A {\n  f(a) should ===(1)\n}\n",
            ),
            nearly=(
                "class A {\n  f(a) shouldBe empty\n}\n",
                "class A {\n  f(a) shouldBe a[String]\n}\n",
                "class A {\n  f(a) should be(defined)\n}\n",
                "class A {\n  f(a) shouldBe >(1)\n}\n",
            ),
        ),
        Examples(
            value="`EXPECT_FALSE(a)`",
            key=FALSE,
            path="test/a_test.cc",
            conforms=("TEST(A, B) {\n  ASSERT_FALSE(f(a));\n}\n",),
            departs=("TEST(A, B) {\n  EXPECT_TRUE(!f(a, b));\n}\n", "TEST(A, B) {\n  EXPECT_EQ(f(a), false);\n}\n"),
            nearly=("TEST(A, B) {\n  EXPECT_TRUE(!a && b);\n}\n", "TEST(A, B) {\n  EXPECT_TRUE(!!a);\n}\n"),
        ),
        Examples(
            value="`REQUIRE_FALSE(a)`",
            key=FALSE,
            path="tests/a.cpp",
            conforms=('TEST_CASE("a") {\n  REQUIRE_FALSE(f(a));\n}\n',),
            departs=('TEST_CASE("a") {\n  REQUIRE( !f(a) );\n}\n', 'TEST_CASE("a") {\n  CHECK(!a);\n}\n'),
            nearly=("void f() {\n  CHECK(!a);\n}\n", 'TEST_CASE("a") {\n  REQUIRE(!(a || b) || c);\n}\n'),
        ),
        Examples(
            value="`EXPECT_EQ(a, 1)`",
            key=LITERAL,
            path="test/a_test.cc",
            conforms=("TEST(A, B) {\n  EXPECT_EQ(f(a), 1);\n}\n", "TEST(A, B) {\n  EXPECT_EQ(nullptr, a);\n}\n"),
            departs=("TEST(A, B) {\n  EXPECT_TRUE(f(a) == 1);\n}\n", "TEST(A, B) {\n  EXPECT_TRUE(NULL == a);\n}\n"),
            nearly=("TEST(A, B) {\n  EXPECT_TRUE(a == b);\n}\n", "TEST(A, B) {\n  EXPECT_TRUE(a == 1 || b);\n}\n"),
        ),
    )

    def ask_any(self, file: AnyView) -> Iterable[Choice]:
        """Return the form of each test and of each check that has others."""
        return told_apart(list(self.forms(file)))

    def suits(self, found: str, wanted: str) -> bool:
        """Claim that a file has several forms throughout, or the one that is wanted."""
        return found in (SEVERAL, wanted)

    def forms(self, file: AnyView) -> Iterator[Choice]:
        """Yield every form that stands in *file*."""
        language = file.source.language.name
        first = start_of_tests(file)
        if first is None:
            return
        for matter in MATTERS[language]:
            for found in matter.pattern.finditer(file.utf8, first):
                number = found.lastindex or 1
                node = node_at(file, found.start(number), found.end(number))
                if node is not None and is_free(node, file):
                    yield Choice(matter.values[number - 1], node, matter.key)
        if language in SCRIPTS:
            yield from tests_of(file)
        if language == "go":
            yield from loops_of(file)

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return f"In tests, write {said(value, key)}."

    def message(self, found: str, wanted: str, key: str) -> str:
        """Return what is wrong."""
        return f"{said(found, key)} here, {wanted} in this codebase's tests"

    def shared(self, value: str, key: str) -> str:
        """Return that all of them are said of tests."""
        return "tests"

    def advise_all(self, rules: Sequence[tuple[str, str]]) -> str:
        """Return all forms that tests have."""
        return f"In tests, write {all_of([said(value, key) for value, key in rules])}."


def said(value: str, key: str) -> str:
    """Return an answer and, where it does not say so itself, for what it stands."""
    return value if key == EACH_TEST else f"{value} for {key}"


def start_of_tests(file: AnyView) -> int | None:
    """Return from which byte on *file* holds tests, or None; a file of Rust has some behind its own code."""
    if file.role == "tests":
        return 0
    opened = OPENED.search(file.utf8) if file.source.language.name == "rust" else None
    return opened.start() if opened is not None else None


def told_apart(choices: Sequence[Choice]) -> list[Choice]:
    """Return *choices*, of which those say that there are several forms that one cannot follow all over the file."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for choice in choices:
        counts[choice.key][choice.value] += 1
    mixed = {key for key, found in counts.items() if is_mixed(found)}
    return [choice._replace(value=SEVERAL) if choice.key in mixed else choice for choice in choices]


def is_mixed(found: Counter[str]) -> bool:
    """Claim that of many forms a third are others than most."""
    total = found.total()
    return total >= MANY and 3 * (total - max(found.values())) >= total


def node_at(file: AnyView, start: int, end: int) -> Node | None:
    """Return the token of code between two bytes; None where they lie in a string or a comment."""
    return None if file.is_opaque(start) else file.root.descendant_for_byte_range(start, end)


def is_free(node: Node, file: AnyView) -> bool:
    """Claim that what stands at *node* could have another form where it stands."""
    language = file.source.language.name
    if language == "go":
        # checks of one package end the test, which only its own goroutine may
        around = innermost(node, FUNCTIONS)
        taken = around.child_by_field_name("parameters") if around is not None else None
        return taken is not None and b"testing." in (taken.text or b"")
    if language == "cpp":
        # that of a program ends it
        return not (node.text or b"").startswith(b"CHECK") or CAUGHT.search(file.utf8) is not None
    if language == "php":
        # what is no test case has no such methods, and what is static no `$this`
        if not file.path.endswith(("Test.php", "TestCase.php")):
            return False
        around = innermost(node, CALLABLES)
        while around is not None and all(child.type != "static_modifier" for child in around.children):
            around = innermost(around.parent, CALLABLES)
        return around is None
    return True


def tests_of(file: AnyView) -> Iterator[Choice]:
    """Yield what each test of a script is called by, and whether a group is around it."""
    groups = groups_of(file)
    is_named = b"suite(" not in file.utf8 and not is_named_elsewhere(file.utf8)
    for found in TEST.finditer(file.utf8):
        node = node_at(file, *found.span(2))
        is_inside = any(start <= found.start(2) < end for start, end in groups)
        # what a function of the file holds may be called in a group
        if node is None or (found[1] and not is_inside):
            continue
        yield Choice(GROUPED if is_inside else ALONE, node, EACH_TEST)
        if is_named:
            yield Choice(f"`{found[2].decode()}(…)`", node, INSIDE if is_inside else OUTSIDE)


def groups_of(file: AnyView) -> list[tuple[int, int]]:
    """Return where the outermost groups of tests stand, in bytes."""
    found: list[tuple[int, int]] = []
    for opening in GROUP.finditer(file.utf8):
        node = node_at(file, *opening.span(1))
        if node is None or (found and node.start_byte < found[-1][1]):
            continue
        first = node.start_byte
        while node.parent is not None and node.parent.parent is not None and node.parent.start_byte == first:
            node = node.parent
        found.append((first, node.end_byte))
    return found


def is_named_elsewhere(code: bytes) -> bool:
    """Claim that `it` or `test` are the file's own, or of a module that may know no other name for it."""
    imported = (found[2] for found in BOUND.finditer(code) if EITHER.search(found[1]))
    return OWN.search(code) is not None or any(module not in BOTH for module in imported)


def loops_of(file: AnyView) -> Iterator[Choice]:
    """Yield how a test of Go calls its cases, and each of them."""
    for found in CASES.finditer(file.utf8):
        table = found[2]
        is_inline = table.startswith(b"[")
        if not is_inline and not re.search(rb"\b%s :?= \[\]struct\b" % table, file.utf8):
            continue
        node = node_at(file, *found.span(1))
        if node is not None:
            yield Choice(f"`{found[1].decode()}`", node, "the variable of a loop over cases")
            mark = None if is_inline else node_at(file, *found.span(2))
            if mark is not None:
                yield Choice(f"`{table.decode()}`", mark, "the name of a table of cases")
