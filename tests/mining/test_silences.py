"""
Comments that silence linters: which rules on which lines, in Python and in other languages.
"""

from __future__ import annotations

import pytest
from idiolect.mining.conventions.anyview import AnyView
from idiolect.mining.conventions.convention import conventions_by_id

from .houses import parse, tally

SILENT = [
    pytest.param("N01", "def readAll(): pass  # noqa", id="a bare marker"),
    pytest.param("N01", "def readAll(): pass  # NOQA:E501,N802 the protocol's", id="one of several codes"),
    pytest.param("N01", "def readAll(): pass  # noqa: N8", id="how a code begins"),
    pytest.param("N01", "def readAll(): pass  # pylint: disable=invalid-name", id="a pylint name"),
    pytest.param("N01", "def readAll(): pass  # noqa: E501 pylint: disable=invalid-name", id="two linters"),
    pytest.param("N01", "# pylint: disable-next=invalid-name\ndef readAll(): pass", id="the next line"),
    pytest.param("N01", "class A:\n    # pylint: disable=C0103\n    def readAll(self): pass", id="a block"),
    pytest.param("N01", "# ruff: noqa: N802\ndef readAll(): pass", id="a file"),
    pytest.param("N01", "def readAll(): pass  # ruff: ignore[E501, invalid-function-name]", id="a ruff name"),
    pytest.param("N01", "# ruff: ignore[N802] the protocol's\n\n# why\ndef readAll(\n    a,\n): pass", id="below"),
    pytest.param(
        "N01", "class A:\n    # ruff: disable[N802]\n    x = 1\n    def readAll(self): pass", id="a ruff block"
    ),
    pytest.param("N01", "# ruff: file-ignore[invalid-function-name]\nx = 1\ndef readAll(): pass", id="a ruff file"),
    pytest.param("T01", "def read():  # type: ignore[no-untyped-def]\n    return 1", id="a type checker"),
    pytest.param("D06", 'def f():\n    """Do\n\n    More.\n    """  # noqa: D400', id="after a long string"),
    pytest.param("S01", "# fmt: off\nx = ['a']\n\ny = ['b']\n# fmt: on\nz = 1", id="a formatter"),
    pytest.param("S05", "def f():\n    # fmt:off\n    g(\n        1,\n        2\n    )", id="a formatter in a block"),
    pytest.param("S01", "x = [\n    'a',\n]  # fmt: skip", id="a formatter of a statement"),
    pytest.param("S01", "def f(\n    a='a',\n):  # fmt: skip\n    pass", id="a formatter of a head"),
    pytest.param("D09", "def f():\n    'Do.'  # fmt: skip", id="a formatter of a string"),
]
ASKED = [
    pytest.param("N01", "def readAll(): pass  # noqa: F401", id="another code"),
    pytest.param("N01", "x = '# noqa'; y = 1\ndef readAll(): return '# noqa'", id="a string"),
    pytest.param("N01", "def readAll(): pass  # type: ignore", id="another linter"),
    pytest.param(
        "N01", "class A:\n    # pylint: disable=invalid-name\n    x = 1\ndef readAll(): pass", id="another block"
    ),
    pytest.param("N01", "# ruff: ignore[N802]\nx = 1\ndef readAll(): pass", id="the statement after the next"),
    pytest.param("L03", "# ruff: ignore[print]\nif x:\n    print(1)", id="what a statement holds"),
    pytest.param(
        "L03", "# ruff: disable[T201]\nprint(1, file=x)\n# ruff: enable[T201]\nprint(1)", id="after it is enabled"
    ),
    pytest.param(
        "N01",
        "# pylint: disable=invalid-name\ndef readAll(): pass\n# pylint: enable=invalid-name\ndef writeAll(): pass",
        id="after pylint goes on",
    ),
    pytest.param("L03", "print(1)  # pylint: disable=invalid-name", id="another convention"),
    pytest.param("S01", "# fmt: off\nx = 1\n# fmt: on\ny = 'a'", id="after it is formatted again"),
    pytest.param("S01", "x = 1  # fmt: skip\ny = 'a'", id="the statement after what is not formatted"),
    pytest.param("S01", "x = 'a'  # fmt: off", id="behind a statement formatters go on"),
    pytest.param("N01", "# fmt: off\ndef readAll(): pass", id="what no formatter owns"),
]


@pytest.mark.parametrize(("convention", "text"), SILENT)
def test_what_a_linter_is_told_to_leave_is_not_asked(convention: str, text: str):
    """A comment that excuses a line from another linter's rule excuses it from the convention that asks the same."""
    assert convention not in {found.convention for found in tally("package/module.py", text).opportunities}


@pytest.mark.parametrize(("convention", "text"), ASKED)
def test_what_a_linter_is_told_of_something_else_is_asked(convention: str, text: str):
    """Only a comment, of the same rule, on the same lines."""
    assert convention in {found.convention for found in tally("package/module.py", text).opportunities}


@pytest.mark.parametrize(
    ("path", "text", "names"),
    [
        ("a.rb", "def aB(c) # rubocop:disable Naming/MethodName\n  1\nend\n\ndef d\n  1\nend\n", ["d"]),
        (
            "a.rb",
            "# rubocop:disable Naming\ndef a\n  1\nend\ndef b\n  1\nend\n# rubocop:enable Naming\ndef c\n  1\nend\n",
            ["c"],
        ),
        ("a.rb", "# rubocop:disable Metrics/MethodLength\ndef a\n  1\nend\n", ["a"]),
        ("a.ts", "// eslint-disable-next-line camelcase\nexport function a_b() {}\nfunction c() {}\n", ["c"]),
        ("a.ts", "function a_b() {} // eslint-disable-line\nfunction c() {}\n", ["c"]),
        ("a.ts", "// eslint-disable-next-line no-var\nfunction a() {}\n", ["a"]),
        ("a.ts", "/* eslint-disable camelcase */\nfunction a_b() {}\n/* eslint-enable */\nfunction c() {}\n", ["c"]),
        ("a.ts", "// biome-ignore lint/style/useNamingConvention: b\nfunction a_b() {}\nfunction c() {}\n", ["c"]),
        ("a.ts", "/* eslint-disable\n   no-var,\n   camelcase */\nfunction a_b() {}\n", []),
        ("a.ts", "/* eslint-disable no-var -- all that is old */\nfunction a() {}\n", ["a"]),
        ("a.ts", "/**\n * Such as `eslint-disable`.\n */\nfunction a() {}\n", ["a"]),
        (
            "a.ts",
            "/* eslint-disable */\nfunction a_b() {}\n/* eslint-enable camelcase */\nfunction c() {}\n",
            ["c"],
        ),
        (
            "a.ts",
            "// biome-ignore-start lint/style/useNamingConvention: b\nfunction a_b() {}\n"
            "// biome-ignore-end lint/style/useNamingConvention: b\nfunction c() {}\n",
            ["c"],
        ),
        ("a.ts", "// biome-ignore format: by hand\nfunction a() {}\n", ["a"]),
        ("a.cc", "// NOLINTNEXTLINE(readability-identifier-naming)\nint aB() { f(); }\nint c() { f(); }\n", ["c"]),
        ("a.cc", "int a() { f(); }  // NOLINT(google-explicit-constructor)\nint b() { f(); }  // NOLINT\n", ["a", "b"]),
        ("a.hs", '{- HLINT ignore "Use camelCase" -}\na_b :: Int -> Int\na_b n = n\n', []),
        ("a.hs", '{-# HLINT ignore "Use camelCase" #-}\na_b :: Int -> Int\na_b n = n\n', []),
        ("a.hs", '{-# HLINT ignore "Use map" #-}\na :: Int -> Int\na n = n\n', ["a"]),
        (
            "a.php",
            "<?php\nclass A {\n    /**\n     * @SuppressWarnings(PHPMD.CamelCaseMethodName)\n     */\n"
            "    function b() {}\n\n    function c() {}\n}\n",
            ["A", "c"],
        ),
        (
            "a.php",
            "<?php\n// phpcs:disable PSR1.Methods.CamelCapsMethodName\nfunction a_b() {}\n"
            "// phpcs:enable\nfunction c() {}\n",
            ["c"],
        ),
        ("a.go", "package a\n\n//nolint:revive,lll // the protocol's\nfunc a_b() {}\n\nfunc c() {}\n", ["c"]),
        ("a.go", "package a\n\nfunc a_b() {} //nolint:stylecheck\n\nfunc c() {} //nolint:gosec\n", ["c"]),
        (
            "a.ex",
            "defmodule A do\n  # credo:disable-for-next-line Credo.Check.Readability.FunctionNames\n"
            "  def aB, do: 1\n  def c, do: 1\nend\n",
            ["A", "c"],
        ),
        ("A.java", "class A {\n  void a_b() {} // NOSONAR\n  void c() {}\n}\n", ["A", "c"]),
        (
            "A.java",
            "class A {\n  // CHECKSTYLE:OFF: MethodName\n  void a_b() {}\n  // CHECKSTYLE:ON\n  void c() {}\n}\n",
            ["A", "c"],
        ),
        (
            "A.cs",
            "class A {\n#pragma warning disable IDE1006 // the protocol's\n    void a_b() { f(); }\n"
            "#pragma warning restore IDE1006\n    void C() { f(); }\n}\n",
            ["A", "C"],
        ),
        ("a.kt", "fun A_b() = 1 // ktlint-disable function-naming\nfun c() = 1\n", ["c"]),
        ("a.dart", "// ignore: non_constant_identifier_names\nvoid a_b() {}\nvoid c() {}\n", ["c"]),
        ("a.dart", "// ignore_for_file: non_constant_identifier_names\nvoid a_b() {}\n", []),
        ("a.scala", "object A {\n  def a_b() = 1 // scalastyle:ignore method.name\n  def c() = 1\n}\n", ["A", "c"]),
        ("a.pl", "sub aB { ## no critic (NamingConventions::Capitalization)\n  1;\n}\nsub c { 1; }\n", ["c"]),
        (
            "a.sol",
            "contract A {\n    // solhint-disable-next-line func-name-mixedcase\n"
            "    function a_b() public {}\n    function c() public {}\n}\n",
            ["A", "c"],
        ),
        ("a.bzl", "# buildifier: disable=name-conventions\ndef aB():\n    pass\n\ndef c():\n    pass\n", ["c"]),
        ("a.swift", "class a_b {\n  // swiftlint:disable:previous type_name\n  var a = 1\n}\n", []),
        ("a.swift", "// swiftlint:disable:next type_name\n@objc\nclass a_b {\n  var a = 1\n}\n", []),
    ],
)  # fmt: skip
def test_a_name_is_not_asked_where_a_linter_is_told_to_leave_it(path: str, text: str, names: list[str]):
    """In other languages, too, by an order for these lines, of this rule, up to where the linter is to go on."""
    view, case = AnyView(parse(path, text)), conventions_by_id()["Q01"]

    assert names == [unit.name.text for unit in view.units if not view.is_silenced(case, unit.name.node)]


@pytest.mark.parametrize(
    ("order", "between", "lines"),
    [
        ("", "", [2, 6]),
        ("// eslint-disable-next-line func-style", "", [6]),
        ("// biome-ignore lint/style/useConst: no\n", "", [3, 7]),
        ("/* eslint-disable -- made by hand */", "", []),
        ("/* eslint-disable no-eval */", "", [2, 6]),
        ("/* eslint-disable func-style */", "/* eslint-enable */", [6]),
        ("/* oxlint-disable func-style, no-eval */", "/* oxlint-enable func-style */", [6]),
        ("/* eslint-disable func-style */", "/* eslint-enable no-eval */", []),
        ("/* eslint-disable func-style */", "/* biome-ignore-end lint: another's */", []),
    ],
)
def test_a_form_is_not_asked_where_a_linter_is_told_to_be_silent(order: str, between: str, lines: list[int]):
    """An order for the next line, or for all that follows until the same linter is to go on with the same rule."""
    text = f"{order}\nconst f = () => {{\n  g();\n}};\n{between}\nfunction h() {{\n  g();\n}}\n"

    assert lines == [o.line for o in tally("src/a.ts", text).opportunities if o.convention == "Q25"]
