"""
Which comments document a unit, in any language: orders to tools, titles and notes do not, nor what is of the next one.
"""

from __future__ import annotations

import pytest
from idiolect.mining.definitions import collect_definitions
from idiolect.mining.languages import language_named, language_of
from idiolect.mining.source import parse_source


@pytest.mark.parametrize(
    ("path", "text", "doc"),
    [
        ("A.cs", "class A {\n/// Makes.\n// ReSharper disable once X\nvoid F() {\n}\n}\n", "/// Makes."),
        ("a.js", "// Making.\n/** Makes. */\n// eslint-disable-next-line\nfunction f() {\n}\n", "/** Makes. */"),
        ("a.cpp", "//////////\n// Makes.\nvoid f() {\n}\n", "//////////\n// Makes."),
        ("A.cs", "class A {\n// See `B`.\nvoid F() {\n}\n}\n", ""),
        ("a.kt", "// See `B`.\nfun f() {\n}\n", ""),
        ("a.kt", "/** Makes. */\n@M\n@OptIn(K::class)\ninline fun <reified T> f(a: A? = null) {\n}\n", "/** Makes. */"),
        ("a.dart", "/// Makes.\n@A(b: 'c')\n@override\nvoid f() {\n}\n", "/// Makes."),
        ("a.f90", "subroutine f(a)\n  !! Makes\n  !! one.\n  call g(a)\nend subroutine\n", "!! Makes\n  !! one."),
        ("a.f90", "!> Makes.\nsubroutine f(a)\n  !! Not this.\n  call g(a)\nend subroutine\n", "!> Makes."),
        ("a.f90", "subroutine f(a)\n  ! Goes.\n  call g(a)\nend subroutine\n", ""),
        ("a.hs", "-- | Makes.\nf :: Int -> Int\nf a = a\n", "-- | Makes."),
        ("a.zig", "// Not this.\n/// Makes.\npub fn f() void {\n}\n", "/// Makes."),
        ("a.dart", "// See `B`.\nvoid f() {\n}\n", ""),
        ("a.php", "<?php\n// See `B`.\nfunction f() {\n}\n", ""),
        ("a.swift", "// See `B`.\nfunc f() {\n}\n", ""),
        ("a.ts", "// Makes.\n// @__NO_SIDE_EFFECTS__\nfunction f() {\n}\n", "// Makes."),
        ("a.go", "package a\n\n// Makes.\n//\n//go:noinline\nfunc f() {\n}\n", "// Makes.\n//"),
        ("a.ts", "// @__NO_SIDE_EFFECTS__\nfunction f() {\n}\n", ""),
        ("a.js", "/* istanbul ignore next */\nfunction f() {\n}\n", ""),
        ("a.ts", "// #region Making\nfunction f() {\n}\n", ""),
        ("a.swift", "// MARK: - Making\nfunc f() {\n}\n", ""),
        ("a.swift", "// swift-format-ignore: AlwaysUseLowerCamelCase\nfunc F() {\n}\n", ""),
        ("a.scala", "// format: off\ndef f() = {\n}\n", ""),
        ("a.scala", "// scalafmt: { maxColumn = 200 }\ndef f() = {\n}\n", ""),
        ("a.pl", "use A;\n\n=head2 f\n\nMakes.\n\n=cut\n\nsub f {\n  1;\n}\n", "=head2 f\n\nMakes.\n\n=cut"),
        ("a.pl", "# Makes.\nsub f {\n  1;\n}\n", "# Makes."),
        ("a.pl", "=encoding utf8\n\n=cut\n\nsub f {\n  1;\n}\n", ""),
        ("a.go", "package a\n\n// go back to where it began\nfunc f() {\n}\n", "// go back to where it began"),
    ],
)  # fmt: skip
def test_an_order_to_a_tool_is_no_documentation(path, text, doc):
    """Of the comments above a unit, those that are marked as documentation are; where none is, all but orders are."""
    language = language_of(path)
    assert language is not None
    source = parse_source(path, text.encode(), language)

    found = collect_definitions(source)[-1].doc

    assert doc == (source.slice(found) if found is not None else "")


COMMENTS = [
    ("////////////////////////\n//////    rings   //////\n////////////////////////\n", False),
    ("// ------- Public functions -------\n", False),
    ("// function size(ring) {\n//   return ring.length;\n// },\n", False),
    ("/*\nclose(ring);\nopen(ring);\n*/\n", False),
    ("// TODO: make it faster,\n// once rings are sorted\n", False),
    ("// MARK: - Rings\n", False),
    ("// Adapted from https://keys.example/ring.js\n", False),
    ("// See:\n// https://keys.example/ring.js\n", False),
    ("// https://keys.example/ring.js\n// https://keys.example/rings/ring.js\n", False),
    ("// Taken from `std.ring.size`.\n", False),
    ("// See also `std.ring.size`\n", False),
    ("// See `std.ring.size` for what counts as a key.\n", True),
    ("/** @jsx jsx */\n/** @jsxFrag Fragment */\n", False),
    ("// Counts keys, see https://keys.example/ring.js\n", True),
    ("// Todo lists hang on a ring\n", True),
    ("// ----------------\n// Counts what hangs on a ring, locked doors included.\n// ----------------\n", True),
    ("// Counts keys; a ring without any has none.\n", True),
    ("// Give me a ring like {keys}\n", True),
    ("/**\n * @throws {Error} when shut;\n */\n", True),
    ("/**\n * @param mixed $value\n * @throws \\RuntimeException\n */\n", False),
    ("/**\n * @inheritDoc\n *\n * @phpstan-return never\n */\n", False),
    ("/** @param mixed $value what is hung up */\n", True),
    ("/** @internal */\n", False),
    ("/**\n * {@inheritDoc}\n *\n * @see Ring#size\n * @deprecated Use {@link Ring} instead.\n */\n", False),
    ("/** @return array<string, mixed> */\n", False),
    ("/// <inheritdoc />\n", False),
    ("/** @return the number of keys */\n", True),
    ("/**\n * @internal\n * Counts what hangs on a ring.\n */\n", True),
    ("/** @internal Counts keys for a ring. */\n", True),
    ("/**\n * @see Ring\n * @param ring where the keys hang\n */\n", True),
]


@pytest.mark.parametrize(("comment", "documents"), COMMENTS)
def test_titles_notes_tags_and_code_switched_off_document_nothing(comment, documents):
    """A comment that says nothing of the function below it is not taught as its documentation."""
    text = f"const a = 1;\n\n{comment}function size(ring) {{\n  return ring.keys.length;\n}}\n"
    source = parse_source("ring.js", text.encode(), language_named("javascript"))

    assert documents is (collect_definitions(source)[-1].doc is not None)


def test_a_comment_under_a_unit_is_of_what_follows():
    """A comment at a unit's end belongs to it where it stands further in, and else to the next one."""
    text = "old:\n  - a\n  # the last one\n\n# What is installed.\nnew:\n  - b\n"
    source = parse_source("a.yml", text.encode(), language_named("yaml"))

    assert ["  - a\n  # the last one", "  - b"] == [source.slice(each.code) for each in collect_definitions(source)]


ORDERS = [
    pytest.param("a.rb", "# Marks it.\n# rubocop:disable Naming/AccessorMethodName\ndef mark\n  x\nend\n", id="below"),
    pytest.param("a.rb", "# rubocop: disable Metrics/MethodLength\n# Marks it.\ndef mark\n  x\nend\n", id="above"),
    pytest.param("a.sh", "# Marks it.\n# shellcheck disable=SC2034\nmark() {\n  x\n}\n", id="shellcheck"),
    pytest.param("a.go", "package a\n\n// Marks it.\n//nolint:gocyclo\nfunc mark() {\n\tx()\n}\n", id="nolint"),
]


@pytest.mark.parametrize(("path", "text"), ORDERS)
def test_an_order_to_a_linter_is_no_documentation(path, text):
    """What a linter is told beside a unit's documentation is no part of it; alone it is none."""
    for code, doc in ((text, "Marks it."), (text.replace("# Marks it.\n", "").replace("// Marks it.\n", ""), None)):
        source = parse_source(path, code.encode(), language_of(path))
        (found,) = [each for each in collect_definitions(source) if each.symbol == "mark"]

        assert doc == (None if found.doc is None else source.slice(found.doc).strip("/# "))


def test_a_mark_for_a_tool_documents_no_section():
    """What a comment of HTML says above a heading is for who generates what follows, not for who reads it."""
    text = "# Tool\n\nWhat it is.\n\n<!-- BEGIN_TF_DOCS -->\n## Requirements\n\n| Name |\n|------|\n| a    |\n"
    source = parse_source("README.md", text.encode(), language_named("markdown"))

    assert [None, None] == [each.doc for each in collect_definitions(source)]
