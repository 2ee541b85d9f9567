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
from typing import NamedTuple

from tree_sitter import Node

from ..traits import SCRIPTS
from .anyview import AnyView
from .convention import Choice, Examples, NeutralConvention

SEVERAL = "several forms"
"""The answer of a file that counts for none, and is held to none."""
MANY = 8
"""The places in a file that show of which forms it has several."""
EQUAL_NONE = "`assert_eq!(a, None)`"
"""Not all that may be none can be compared."""
INSIDE, OUTSIDE = "a test in `describe`", "a test outside of `describe`"
EACH_TEST, GROUPED, ALONE = "each test", "each test in `describe`", "a test outside of `describe`"
LITERAL, NULL, UNDEFINED = "a comparison with a literal", "a comparison with `null`", "a comparison with `undefined`"
NO_ERROR, ERROR, CHECK = "a check that there is no error", "a check of an error", "a check"
ASSERTION, FALSE, EMPTY = "an assertion", "a check for `false`", "a check for `null`"
CALLED_ONCE = "a check that something is called once"


class Matter(NamedTuple):
    """
    What is asked, and the forms that are equal.
    """

    key: str
    values: tuple[str, ...]
    pattern: re.Pattern[bytes]
    """Its groups are the tokens that a finding points at, one for each of `values`."""


def matter_of(key: str, forms: dict[str, str]) -> Matter:
    """Return what is asked about *key*, whose *forms* are patterns with a group each."""
    return Matter(key, tuple(forms), re.compile("|".join(forms.values()).encode(), re.MULTILINE))


SCRIPTED = (
    matter_of(
        LITERAL,
        {
            f"`{name}(…)`": rf"\.({name})\(\s*(?:-?[1-9][\w.]*|0|true|false|'[^'\\\n]*'|\"[^\"\\\n]*\")\s*,?\s*\)"
            for name in ("toBe", "toEqual", "toStrictEqual")
        },
    ),
    matter_of(
        NULL,
        {"`toBeNull()`": r"\.(toBeNull)\(\s*\)"}
        | {f"`{name}(null)`": rf"\.({name})\(\s*null\s*\)" for name in ("toBe", "toEqual", "toStrictEqual")},
    ),
    matter_of(
        UNDEFINED,
        {"`toBeUndefined()`": r"(?<!not)\.(toBeUndefined)\(\s*\)"}
        | {
            f"`{name}(undefined)`": rf"(?<!not)\.({name})\(\s*undefined\s*\)"
            for name in ("toBe", "toEqual", "toStrictEqual")
        },
    ),
    matter_of(
        "a check that something is defined",
        {
            "`toBeDefined()`": r"\.(toBeDefined)\(\s*\)",
            "`not.toBeUndefined()`": r"\.not\.(toBeUndefined)\(\s*\)",
            "`not.toBe(undefined)`": r"\.not\.(toBe)\(\s*undefined\s*\)",
        },
    ),
    matter_of(
        "a check of a length",
        {
            "`toHaveLength(…)`": r"\.(toHaveLength)\(",
            "`expect(a.length)`": r"\.(length)\s*\)\s*(?:\.not)?\.to(?:Be|Equal|StrictEqual)\(",
        },
    ),
    matter_of(
        CALLED_ONCE,
        {
            "`toHaveBeenCalledOnce()`": r"\.(toHaveBeenCalledOnce)\(\s*\)",
            "`toHaveBeenCalledTimes(1)`": r"\.(to(?:HaveBeen|Be)CalledTimes)\(\s*1\s*\)",
        },
    ),
    matter_of(
        "a check of calls",
        {
            "`toHaveBeenCalled…`": r"\.(toHaveBeen(?:Last|Nth)?Called(?:With|Times)?)\(",
            "`toBeCalled…`": r"\.(toBeCalled(?:With|Times)?|(?:last|nth)CalledWith)\(",
        },
    ),
    matter_of(
        "a check of what is thrown",
        {"`toThrow(…)`": r"\.(toThrow)\(", "`toThrowError(…)`": r"\.(toThrowError)\("},
    ),
    matter_of(
        "a check of what a promise gives",
        {
            "`expect(await a)`": r"expect\(\s*(await)\s",
            # that there is nothing is how to say that it is not rejected
            "`expect(a).resolves`": r"\)\s*\.(resolves)\s*\.to(?!\w*Type|Be(?:Un)?[dD]efined)",
        },
    ),
    matter_of(
        "what a mock resolves to",
        {
            "`mockResolvedValue(a)`": r"\.(mockResolvedValue(?:Once)?)\(",
            "`mockReturnValue(Promise.resolve(a))`": r"\.(mockReturnValue(?:Once)?)\(\s*Promise\.resolve\(",
            "`mockImplementation(() => Promise.resolve(a))`": (
                r"\.(mockImplementation(?:Once)?)\(\s*\(\)\s*=>\s*Promise\.resolve\("
            ),
        },
    ),
)
T = r"f?\(\s*(?:t|b|tb)\s*,"
"""What the checks of Go are passed first."""
ERR = r"\b(%s)\.(?:Error(?:As|Contains|Is)?|EqualError|IsError|NotErrorIs)"
OTHER = r"\b(%s)\.(?!\w*Error|Nil|Fail|Eventually|Never|Implements)\w+"
GO = (
    matter_of(
        NO_ERROR,
        {
            **{
                f"`{package}.{name}(t, err)`": rf"\b({package})\.{name}{T}" + (r"\s*\w*[eE]rr\b" * (name == "Nil"))
                for package in ("require", "assert")
                for name in ("NoError", "Nil")
            },
            "`if err != nil`": r"^[ \t]*(if) (?:[^\n;{]*; ?)?\w*[eE]rr != nil \{\s*(?:t|b|tb)\.(?:Fatal|Error)f?\(",
        },
    ),
    matter_of(ERROR, {f"`{name}`": ERR % name + T for name in ("require", "assert")}),
    matter_of(CHECK, {f"`{name}`": OTHER % name + T for name in ("require", "assert")}),
    matter_of(
        "a check of a length",
        {
            "`Len(t, a, b)`": rf"\b(?:require|assert)\.(Len){T}",
            "`Equal(t, b, len(a))`": rf"\b(?:require|assert)\.(Equal){T}\s*(?:[\w.]+,\s*)?len\(",
        },
    ),
    matter_of(
        "a check for `true` or `false`",
        {
            "`True(t, a)`": rf"\b(?:require|assert)\.(True|False){T}",
            "`Equal(t, true, a)`": rf"\b(?:require|assert)\.(Equal){T}\s*(?:true|false)\s*,",
        },
    ),
    matter_of(
        "the name of a case",
        {f"`{name}`": rf"\bt\.Run\(\w+\.({name})\b" for name in ("name", "desc", "description", "Name", "title")},
    ),
)
CASES = re.compile(rb"^[ \t]*for \w+, (\w+) := range (\w+|\[\]struct \{)", re.MULTILINE)
"""A loop over the cases of a test of Go."""
FUNCTIONS = frozenset({"func_literal", "function_declaration", "method_declaration"})
CALLABLES = frozenset({"anonymous_function", "arrow_function", "method_declaration"})
"""The functions of PHP that may be static."""
JUNIT = "(?:Not)?Equals|False|Null|(?:Not)?Same"
CALLED = f"That|ThatThrownBy|Throws|True|NotNull|ArrayEquals|{JUNIT}"
FLUENT_NULL = {"`isNull()`": r"\.(isNull)\(\s*\)", "`isEqualTo(null)`": r"\.(isEqualTo)\(\s*null\s*\)"}
JAVA = (
    matter_of(
        CHECK,
        {
            "`assertThat(a)`": r"(?<!fun )(?<!void )\b(assertThat)\(",
            # what is true, or no null, is known to the compiler of Kotlin where it was asserted so
            "`assertEquals(b, a)`": rf"(?<!fun )(?<!void )\b(assert(?:{JUNIT}))\(",
        },
    ),
    matter_of(
        ASSERTION,
        {
            "`assert…(…)`": rf"(?<!fun )(?<!void )(?<![.\w])(assert(?:{CALLED}))\(",
            "`Assert.assert…(…)`": rf"(?<![.\w])(Assert(?:ions|J)?|Truth)\.assert(?:{CALLED})\(",
        },
    ),
    matter_of(f"{EMPTY} by `assertThat`", FLUENT_NULL),
    matter_of(
        EMPTY, {"`assertNull(a)`": r"\b(assertNull)\(", "`assertEquals(null, a)`": r"\b(assertEquals)\(\s*null\s*,"}
    ),
    matter_of(
        CALLED_ONCE,
        {
            "`verify(a)`": r"\b(verify)\(\s*[\w.]+\s*\)\s*\.\w",
            "`verify(a, times(1))`": r"\bverify\(\s*[\w.]+\s*,\s*(?:Mockito\.)?(times)\(\s*1\s*\)\s*\)",
        },
    ),
    matter_of(
        "what a mock does",
        {
            "`when(…).then…`": r"^[ \t]*(?:Mockito\.)?(when)\(\w[^\n;]*\)\s*\.then(?:Return|Throw|Answer)\(",
            "`given(…).will…`": r"^[ \t]*(?:BDDMockito\.)?(given)\(\w[^\n;]*\)\s*\.will(?:Return|Throw|Answer)\(",
        },
    ),
)
IN_SOURCE = r"#\[cfg\(test\)\]\s*(?:#\[[^\n]*\]\s*)*mod "
"""What opens the tests in a file of Rust, which stand at its end."""
RUST = (
    matter_of(
        "the module of a file's tests",
        {f"`mod {name}`": rf"{IN_SOURCE}({name})\s*\{{" for name in ("tests", "test")},
    ),
    matter_of(
        FALSE,
        {
            "`assert!(!a)`": r"\b(assert)!\(\s*!",
            "`assert_eq!(a, false)`": (
                r"\b(assert_eq)!\((?:\s*false\s*,|(?=(?:[^,;\n()]|\([^;\n()]*\))*,\s*false\s*[,)]))"
            ),
        },
    ),
    matter_of(
        "a comparison",
        {
            "`assert_eq!(a, b)`": r"\b(assert_(?:eq|ne))!\(",
            "`assert!(a == b)`": r"\b(assert)!\((?=[^;\n\"&|]*[^=!<>;\n\"&|][!=]= [^;\n&|]*\);)",
        },
    ),
    matter_of(
        "a check for `None`",
        {
            "`assert!(a.is_none())`": r"\bassert!\((?:[^;\n()]|\([^;\n()]*\))*\.(is_none)\(\)\s*[,)]",
            EQUAL_NONE: r"\b(assert_eq)!\((?:\s*None\s*,|(?=(?:[^,;\n()]|\([^;\n()]*\))*,\s*None\s*[,)]))",
        },
    ),
)
RAISED = "Throws|Fail|Pass|Multiple|Ignore|Inconclusive|Skip|Collection|All|Raises|PropertyChanged|Catch|DoesNotThrow"
CSHARP = (
    matter_of(
        CHECK,
        {
            "`a.ShouldBe(b)`": r"\.(Should(?:Not)?(?:Be|Contain|EndWith|Equal|HaveSingle|Satisfy|StartWith)\w*)\(",
            "`a.Should().Be(b)`": r"\.(Should)\(\s*\)\s*\.",
            "`Assert.That(a, …)`": r"(?<![\w.])(Assert)\.That\(",
            "`Assert.Equal(a, b)`": rf"(?<![\w.])(Assert)\.(?!That\b|{RAISED})\w+\(",
        },
    ),
)
PHPUNIT = (
    "(?:True|False|Null|NotNull|(?:Not)?Same|(?:Not)?Equals|Count|(?:Not)?Empty|(?:Not)?InstanceOf|(?:Not)?Contains"
    r"|StringContainsString|(?:Array|Object)(?:Not)?Has\w+|Greater\w+|Less\w+|FileExists|MatchesRegularExpression)\("
)
PHP = (
    matter_of(
        ASSERTION,
        {
            "`$this->assert…`": rf"(\$this)->assert{PHPUNIT}",
            "`self::assert…`": rf"\b(self)::assert{PHPUNIT}",
            "`static::assert…`": rf"\b(static)::assert{PHPUNIT}",
            "`Assert::assert…`": rf"\b(Assert)::assert{PHPUNIT}",
        },
    ),
    matter_of(
        "a check for `true`, `false` or `null`",
        {
            "`assertTrue($a)`": r"\b(assert(?:True|False|Null))\(",
            "`assertSame(true, $a)`": r"\b(assertSame)\(\s*(?:true|false|null)\s*,",
        },
    ),
    matter_of(
        "a check of a size",
        {
            "`assertCount(2, $a)`": r"\b(assertCount)\(",
            "`assertSame(2, count($a))`": r"\b(assert(?:Same|Equals))\(\s*\d+\s*,\s*\\?count\(",
        },
    ),
)
RUBY = (
    matter_of("what is not expected", {"`not_to`": r"\.(not_to)\b", "`to_not`": r"\.(to_not)\b"}),
    matter_of(
        "a comparison",
        {
            "`assert_equal a, b`": r"^[ \t]*(assert_equal)\b",
            "`a.must_equal b`": r"\.(must_equal)\b",
            "`expect(a).to eq b`": r"\.to\(?[ ]?(eq)\b",
        },
    ),
    matter_of(
        FALSE,
        {
            "`refute a`": r"^[ \t]*(refute)[ (]",
            "`assert !a`": r"^[ \t]*(assert)[ (]!",
            "`assert_not a`": r"^[ \t]*(assert_not)[ (]",
        },
    ),
    matter_of(
        "a check for `nil`",
        {"`assert_nil a`": r"^[ \t]*(assert_nil)\b", "`assert_equal nil, a`": r"^[ \t]*(assert_equal)[ (]nil\b"},
    ),
    matter_of(
        "what runs before each test",
        {
            "`before do`": r"^[ \t]*(before)(?: do|[ ]?\{)",
            "`before(:each) do`": r"^[ \t]*(before)(?:\(:each\)| :each\b)",
        },
    ),
)
NOT_TRUE = matter_of(
    FALSE,
    {
        "`refute a`": r"^[ \t]*(refute)[ (]",
        "`assert not a`": r"^[ \t]*(assert) not\b",
        "`assert !a`": r"^[ \t]*(assert)[ (]!",
    },
)
XCTEST = matter_of(
    "a check for `true`", {"`XCTAssertTrue(a)`": r"\b(XCTAssertTrue)\(", "`XCTAssert(a)`": r"\b(XCTAssert)\("}
)
MATTERS = {
    **dict.fromkeys(SCRIPTS, SCRIPTED),
    "csharp": CSHARP, "elixir": (NOT_TRUE,), "go": GO, "java": JAVA, "kotlin": JAVA, "php": PHP, "ruby": RUBY,
    "rust": RUST, "swift": (XCTEST,),
}  # fmt: skip
"""By language, what is asked of each text that has one of several forms."""
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


class EqualForm(NeutralConvention):
    """In which of several equal forms a test, or a check in it, is written."""

    id = "Q32"
    name = "test-form"
    question = "How is {key} written in tests?"
    # what departs tests the same
    cap = "advise"
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
            key="a check of a length",
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
                "package a\n\nfunc TestA(t *testing.T) {\n\tassert.Nil(t, a)\n\tif err != nil {\n\t\treturn\n\t}\n}\n",
            ),
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
            key="a comparison",
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
        *most, last = [said(value, key) for value, key in rules]
        return f"In tests, write {', '.join(most)} and {last}."


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
        around = inside_of(node, FUNCTIONS)
        taken = around.child_by_field_name("parameters") if around is not None else None
        return taken is not None and b"testing." in (taken.text or b"")
    if language == "php":
        # what is no test case has no such methods, and what is static no `$this`
        if not file.path.endswith(("Test.php", "TestCase.php")):
            return False
        around = inside_of(node, CALLABLES)
        while around is not None and all(child.type != "static_modifier" for child in around.children):
            around = inside_of(around.parent, CALLABLES)
        return around is None
    return True


def inside_of(node: Node | None, kinds: Iterable[str]) -> Node | None:
    """Return the innermost node of one of *kinds* around *node*, or None."""
    while node is not None and node.type not in kinds:
        node = node.parent
    return node


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
