"""
Which forms of tests and of checks are equal. In: nothing. Out: by language, what is asked, and a pattern for each form.

A library of a language is known here by its name alone; in which places a form is free is told where it is asked.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..traits import SCRIPTS

EQUAL_NONE = "`assert_eq!(a, None)`"
"""Not all that may be none can be compared."""
LITERAL, NULL, UNDEFINED = "a comparison with a literal", "a comparison with `null`", "a comparison with `undefined`"
NO_ERROR, ERROR, CHECK = "a check that there is no error", "a check of an error", "a check"
ASSERTION, FALSE, EMPTY = "an assertion", "a check for `false`", "a check for `null`"
CALLED_ONCE, LENGTH = "a check that something is called once", "a check of a length"
COMPARISON, TRUTH = "a comparison", "a check for `true` or `false`"


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
        LENGTH,
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
            "`if err != nil`": r"^[ \t]*(if) (?:[^\n;{]*; ?)?\w*[eE]rr != nil \{\s*(?:t|b|tb)\.Fatalf?\(",
        },
    ),
    matter_of(ERROR, {f"`{name}`": ERR % name + T for name in ("require", "assert")}),
    matter_of(CHECK, {f"`{name}`": OTHER % name + T for name in ("require", "assert")}),
    matter_of(
        LENGTH,
        {
            "`Len(t, a, b)`": rf"\b(?:require|assert)\.(Len){T}",
            "`Equal(t, b, len(a))`": rf"\b(?:require|assert)\.(Equal){T}\s*(?:[\w.]+,\s*)?len\(",
        },
    ),
    matter_of(
        TRUTH,
        {
            "`True(t, a)`": rf"\b(?:require|assert)\.(True|False){T}",
            # what a map holds under a key may be of any type
            "`Equal(t, true, a)`": rf"\b(?:require|assert)\.(Equal){T}\s*(?:true|false)\s*,(?!\s*[\w.]+\[)",
        },
    ),
    matter_of(
        "the name of a case",
        {f"`{name}`": rf"\bt\.Run\(\w+\.({name})\b" for name in ("name", "desc", "description", "Name", "title")},
    ),
)
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
        COMPARISON,
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
        COMPARISON,
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
ARGUMENT = r"(?:[^;,()]|\((?:[^;()]|\([^;()]*\))*\))+"
"""One of several that a call is passed, with calls in it."""
COMPARED = rf"\bexpect\({ARGUMENT},\s*"
ENDED = r",?\s*(?:\)\s*;|reason:)"
"""What stands behind what `expect` compares with."""
DART = (
    matter_of(
        TRUTH,
        {
            "`isTrue`": rf"{COMPARED}(is(?:True|False))\s*{ENDED}",
            "`true`": rf"{COMPARED}(true|false)\s*{ENDED}",
        },
    ),
    matter_of(
        EMPTY,
        {"`isNull`": rf"{COMPARED}(isNull)\s*{ENDED}", "`null`": rf"{COMPARED}(null)\s*{ENDED}"},
    ),
    matter_of(
        LITERAL,
        {
            "`equals('a')`": rf"{COMPARED}(equals)\(\s*[\d\"'\[]",
            "`'a'`": rf"{COMPARED}(\d[\w.]*|'[^'\n$]*'|\"[^\"\n$]*\")\s*{ENDED}",
        },
    ),
    matter_of(
        LENGTH,
        {
            "`hasLength(2)`": rf"{COMPARED}(hasLength)\(",
            "`expect(a.length, 2)`": r"\bexpect\((?:[^;,()]|\([^;()]*\))+\.(length),\s*(?:equals\(\s*)?\d+\s*[,)]",
        },
    ),
    # what is constant cannot be made by a function
    matter_of(
        "a check of a type", {"`isA<A>()`": r"\b(isA)<", "`TypeMatcher<A>()`": r"(?<!= )(?<!extends )\b(TypeMatcher)<"}
    ),
)
OTHERWISE = (
    r"(?!\(?\s*(?:an?\b|[<>']|Symbol\b|defined(?:At)?\b|empty\b|null\b|readable\b|sorted\b|theSameInstanceAs\b"
    r"|thrownBy\b|writ))"
)
"""What no word of ScalaTest's stands behind that compares with nothing, or otherwise."""
SCALA = (
    matter_of(
        COMPARISON,
        {
            "`a shouldBe b`": rf"\b(shouldBe)\b\s*{OTHERWISE}",
            "`a should be (b)`": rf"\b(should)\s+be\s*(?=\(){OTHERWISE}",
            "`a shouldEqual b`": r"\b(shouldEqual)\b",
            "`a should equal (b)`": r"\b(should)\s+equal\b",
            "`a should === (b)`": r"\b(should)\s+===",
        },
    ),
)
CALL = r"\b((?:EXPECT|ASSERT)_"
ALONE = r"(?:[^;,()&|]|\((?:[^;()]|\([^;()]*\))*\))+"
"""One thing that is checked, and not several together."""
VALUE = r"(?:-?\d[\w.]*|nullptr|NULL|\"[^\"\n]*\")"
CPP = (
    matter_of(
        FALSE,
        {
            "`EXPECT_FALSE(a)`": rf"{CALL}FALSE)\(",
            "`EXPECT_TRUE(!a)`": rf"{CALL}TRUE)\(\s*!(?!!){ALONE}\)",
            "`EXPECT_EQ(a, false)`": rf"{CALL}EQ)\((?:\s*false\s*,|(?={ARGUMENT},\s*false\s*\)))",
            "`REQUIRE_FALSE(a)`": r"\b((?:REQUIRE|CHECK)_FALSE)\(",
            "`REQUIRE(!a)`": rf"\b(REQUIRE|CHECK)\(\s*!(?!!){ALONE}\)",
        },
    ),
    matter_of(
        LITERAL,
        {
            "`EXPECT_EQ(a, 1)`": rf"{CALL}(?:EQ|STREQ))\((?:\s*{VALUE}\s*,|(?={ARGUMENT},\s*{VALUE}\s*\)))",
            "`EXPECT_TRUE(a == 1)`": (
                rf"{CALL}TRUE)\((?=(?:\s*{VALUE}\s*=={ALONE}|{ALONE}(?<![=!<>])==\s*{VALUE}\s*)\)\s*(?:;|<<))"
            ),
        },
    ),
)
MATTERS = {
    **dict.fromkeys(SCRIPTS, SCRIPTED),
    "cpp": CPP, "csharp": CSHARP, "dart": DART, "elixir": (NOT_TRUE,), "go": GO, "java": JAVA, "kotlin": JAVA,
    "php": PHP, "ruby": RUBY, "rust": RUST, "scala": SCALA, "swift": (XCTEST,),
}  # fmt: skip
"""By language, what is asked of each text that has one of several forms."""
