"""
Questions for any grammar, about comments and literals. In: a source. Out: choices. Rows Q08, Q19 to Q21.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tree_sitter import Node

from ..formatters import LONG_TEXTS
from ..source import text_of
from ..traits import ONE_COMMENT, ONE_LONG_STRING
from ..visibility import visibility_of
from .anyfacts import last_part, with_attributes
from .anyview import AnyView, first_token
from .comments import NO_HEADER, RIGHTS, YEARS, Header
from .convention import Choice, Edit, Examples, NeutralConvention, Place, noun_of
from .neutral_modules import SETTING_UP

MARKERS = ("///", "//!", "//", "/**", "/*!", "/*", "--", "#", ";", "%")
DOCUMENTING = ("///", "//!", "/**", "/*!")
"""What opens documentation, in whichever form its tool reads: no choice beside that of other comments."""
ORDER = re.compile(
    r"/\*\s*(?:[@#]|(?:biome|c8|eslint|exported|globals?|istanbul|jshint|oxlint|prettier|stylelint|v8|webpack)\b)"
)
"""What opens an order to a tool that reads it between brackets alone."""
TAKEN_OUT = re.compile(rb"\w[ \t]*[=(,]\s*\*/$")
"""How a comment ends that takes the beginning of a statement out, which goes on behind it."""
BROKEN = re.compile(r"""(['"])[ \t]*\r?\n\s*r?\1""")
"""Where a text that is written as several strings, as Dart has it, goes from one line to the next."""
HEX = re.compile(r"0[xX]([\da-fA-F_']*[a-fA-F][\da-fA-F_']*)")
"""A number whose digits show a case; what says its type may stand behind them: `0xffu8`, `0xFFUL`."""
NUMBER = re.compile(r"number|integer|float|numeric|int_literal")
PREAMBLE = re.compile(r"#!|<\?|\{-#|declare\s*\(|[\"']use \w+[\"'];?$")
"""How code begins that has to stand before all other, or may not stand elsewhere: a header may follow it."""
TO_TOOLS = re.compile(
    r"#!|// ?(?:@ts-|\+build|go:|swift-|swiftlint:)|# ?(?:-\*-|coding|encoding|frozen_string_literal|shellcheck|typed)"
)
"""How comments begin that programs read at the head of a file: no part of a header."""
SETTINGS = re.compile(r"(?:^|/)\.[^/]+$|\.(?:conf|config|neon)\.\w+$")
"""How the paths of settings end that are written as code: `.eslintrc.js`, `webpack.config.js`, `phpstan.neon.php`."""
OPENING = re.compile(r"""[A-Za-z]{0,2}[#@$]*(\"{3}|'{3}|"|'|`|<<<|<<[-~]?|[|>])""")
BLANKS = re.compile(r"[ \t]+")
LONG_NUMBER = 5
"""Digits of one that marks make easier to read."""
KNOWN = frozenset(
    {"As", "Error", "Is", "Len", "Less", "Read", "ServeHTTP", "String", "Swap", "Unwrap", "Write"}
    | {f"{way}{form}" for way in ("Marshal", "Unmarshal") for form in ("Binary", "JSON", "Text", "XML", "YAML")}
)
"""Methods of Go that the interfaces which ask for them document: those of golint, of revive, of errors and formats."""


LONGEST_HEADING = 5
"""Words of a heading."""
RULE, STOPS = " \t*=-#~", (".", "!", "?", ":", ";", ",")
"""What rules are drawn of, and what ends a sentence or a part of one."""
BRACKETED = frozenset({"c", "cpp"})
"""Languages that once had no other comments: there a bracket sets nothing apart."""
OF_CONFIGURATION = frozenset({"hcl"})
"""Languages that open comments by `#` as well."""


class CommentForm(NeutralConvention):
    """What opens a comment, and whether one stands before a definition."""

    id = "Q08"
    name = "comment-form"
    question = "What about {key}?"
    cap = "advise"
    never = frozenset({"undocumented"})
    values = (*MARKERS, "documented", "undocumented")
    version = 12
    examples = Examples(
        value="//",
        key="the comment marker",
        path="src/a.js",
        conforms=("// a\nlet x = 1;",),
        departs=("/* a */\nlet x = 1;", "/* Read it before it is late. */\nlet x = 1;", "/* Read it. */\nlet x = 1;"),
        nearly=(
            "f(1); /* a */\n",
            "let x = '// a';",
            "if (a /* && b */) {\n}\n",
            "/* a();\nb(); */\n",
            "/** A. */\nlet x;\n",
            "/* eslint-env node */\n",
            "/* const a = */\nf();\n",
            "try {\n  f();\n} catch {\n  /* a */\n}\n",
            "/* Event processing */\n\nlet x = 1;",
            "/* ======== */\nlet x = 1;",
        ),
    )
    also = (
        Examples(
            value="//",
            key="the comment marker",
            path="playwright.config.ts",
            nearly=("f({\n  /* Retry on CI only */\n  a: 1,\n});\n",),
        ),
        Examples(
            value="/*",
            key="the comment marker",
            path="src/a.c",
            conforms=("/* Read it before it is late. */\nint a;\n",),
            departs=("// a();\n// b();\nint a;\n",),
        ),
        Examples(
            value="documented",
            key="a comment before a function",
            path="src/a.js",
            conforms=("// Read all.\nfunction readAll() {}",),
            departs=("let x;\nfunction readAll() {}",),
            nearly=("// Read.\nlet x;\n",),
        ),
        Examples(
            value="documented",
            key="a comment before an exported function",
            path="orders/a.go",
            conforms=("package a\n\n// ReadAll reads.\nfunc ReadAll() {}\n",),
            departs=("package a\n\nfunc ReadAll() {}\n",),
            nearly=("package a\n\nfunc readAll() {}\n",),
        ),
        Examples(
            value="documented",
            key="a comment before an exported method",
            path="orders/a.go",
            conforms=("package a\n\n// ReadAll reads.\nfunc (s *Shop) ReadAll() {}\n",),
            departs=("package a\n\nfunc (s *Shop) ReadAll() {}\n", "package a\n\nfunc (Shop) ReadAll() {}\n"),
            nearly=(
                "package a\n\nfunc (s *shop) ReadAll() {}\n",
                "package a\n\nfunc (shop) ReadAll() {}\n",
                'package a\n\nfunc (s Shop) String() string {\n\treturn "a"\n}\n',
            ),
        ),
        Examples(
            value="documented",
            key="a comment before a public function",
            path="src/a.rs",
            conforms=(
                "/// Reads.\n#[must_use]\npub fn read() {}\n",
                "impl A {\n    /// Reads.\n    pub fn read() {}\n}\n",
            ),
            departs=("impl A {\n    pub fn read() {}\n}\n",),
            nearly=("fn read() {}\n", "impl B for A {\n    fn read() {}\n}\n"),
        ),
        Examples(
            value="documented",
            key="a comment before a public function",
            path="src/A.java",
            conforms=("class A {\n    /** Reads. */\n    public void read() {}\n}\n",),
            departs=("class A {\n    public void read() {}\n}\n",),
            nearly=("class A {\n    void read() {}\n\n    @Override\n    public void close() {}\n}\n",),
        ),
    )

    def ask_any(self, file: AnyView) -> Iterable[Choice]:
        """Yield the marker of each comment, and whether outermost and public definitions have one right before them."""
        # what sets a tool up comes with the comments of whoever made that
        for node in opening(file.comments) if not SETTING_UP.search(file.path) else ():
            text, marker = text_of(node), mark_of(node)
            # the table of a language of one's own names one marker
            has_one = ONE_COMMENT in file.source.language.traits or bool(file.source.language.sha256)
            has_choice = marker not in DOCUMENTING and not has_one and not is_heading(text, file.source.language.name)
            if marker and has_choice and not text.startswith("#!") and not ORDER.match(text) and is_alone(file, node):
                yield Choice(marker, node, "the comment marker")
        ends = {node.end_point.row + (node.end_point.column > 0) for node in file.comments}
        outermost = {unit.node.id for unit in file.outermost}
        for name, node, _ in file.units:
            before = file.utf8[node.start_byte : name.node.start_byte]
            shown = visibility_of(file.source.language.name, name.text, before)
            is_known = file.source.language.name == "go" and name.kind == "method" and last_part(name.text) in KNOWN
            if (shown or node.id in outermost) and not is_known:
                value = "documented" if with_attributes(node).start_point.row in ends else "undocumented"
                yield Choice(value, name.node, f"a comment before {noun_of(f'{shown} {name.kind}'.strip())}")

    def answers_to(self, key: str) -> frozenset[str]:
        """Return the marks of comments, or whether there is one, as *key* asks; all where it is the rule as a whole."""
        if not key:
            return self.answers
        marks = frozenset(MARKERS)
        return marks if self.topic(key) == "the comment marker" else self.answers - marks

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the comment with another marker, or taken out from before its definition."""
        if self.topic(place.key) == "the comment marker":
            other = {"//": ("/*", " */"), "#": ("//", "")}.get(value)
            text = other[0] + place.text.removeprefix(value) + other[1] if other is not None else ""
            return place.instead(text) if text and not is_heading(text, place.source.language.name) else ()
        utf8 = place.source.utf8
        start = utf8.rfind(b"\n", 0, place.start) + 1
        # attributes stand between a definition of Rust and what documents it
        while start and utf8[(above := utf8.rfind(b"\n", 0, start - 1) + 1) : start].lstrip().startswith(b"#["):
            start = above
        return (Edit(start, start, place.newline),) if value == "documented" else ()

    def goes_without_saying(self, language: str, departures: int, value: str, topic: str) -> bool:
        """Claim that nobody does otherwise, in a language where hardly anybody would."""
        return not departures and value in ("//", "--") and language not in OF_CONFIGURATION

    def advice(self, value: str, key: str) -> str:
        """Return the rule as an instruction."""
        return f"Open plain comments with `{value}`." if value != "documented" else f"Put {key}."


def opening(comments: list[Node]) -> Iterable[Node]:
    """Yield the first of the *comments* of each block: however many lines it has, its marker was chosen once."""
    above = None
    for node in comments:
        if above is None or not goes_on(above, node):
            yield node
        above = node


def goes_on(above: Node, node: Node) -> bool:
    """Claim that a comment goes on with the one *above* it, in the same form."""
    is_below = node.start_point == (above.start_point.row + 1, above.start_point.column)
    return is_below and mark_of(node) == mark_of(above)


def mark_of(comment: Node) -> str:
    """Return what opens a *comment*, or nothing where that is none of the markers."""
    text = text_of(comment)
    return next((mark for mark in MARKERS if text.startswith(mark)), "")


def is_heading(text: str, language: str) -> bool:
    """Claim that a comment in brackets heads a section: it is set apart from those that tell of code."""
    inner = text.removeprefix("/*").removesuffix("*/").strip(RULE)
    words = inner.split()
    is_short = len(words) <= LONGEST_HEADING and not inner.endswith(STOPS)
    is_capital = not words or words[0][0].isupper()
    return text.startswith("/*") and "\n" not in text and language not in BRACKETED and is_short and is_capital


def is_alone(file: AnyView, node: Node) -> bool:
    """
    Claim that a comment has a line to itself: what goes on, or stands beside code, may need a bracket.

    So may what takes a part of a statement out. What is all that a block holds stands in for code, in either form.
    """
    if TAKEN_OUT.search(node.text or b"") or is_all_of_block(node):
        return False
    line = file.source.rest_of_line(file.source.line_starts[node.start_point.row])
    return line.strip() == (node.text or b"").strip()


def is_all_of_block(comment: Node) -> bool:
    """Claim that a block holds nothing but a *comment*."""
    around = comment.parent
    return around is not None and around.named_child_count == 1 and "block" in around.type


class LongStrings(NeutralConvention):
    """How a string of several lines is opened."""

    id = "Q19"
    name = "long-strings"
    question = "How is a string of several lines opened?"
    instruction = "Open a string of several lines with {value}."
    cap = "advise"
    spared = frozenset({ONE_LONG_STRING})
    matter = LONG_TEXTS
    version = 9
    examples = Examples(
        value="`",
        path="src/a.js",
        conforms=("x = `a\nb`;",),
        departs=('x = "a\\\nb";',),
        nearly=("x = 'a';", "x = `a`;"),
    )
    also = (
        Examples(
            value='"""',
            path="src/A.kt",
            nearly=('val a = "${\n    b\n}"\n',),
        ),
        Examples(
            value="`",
            path="src/a.tsx",
            conforms=("x = `a\nb`;",),
            nearly=('const a = <path d="M 1 2\n  C 3 4" />;\n',),
        ),
        Examples(
            value='"',
            path="src/a.rs",
            conforms=('const A: &str = "a\nb";\n',),
            departs=('const A: &str = r#"a\nb"#;\n',),
            nearly=(
                'const A: &str = r#"a "b"\nc"#;\n',
                'const A: &str = r#"a \\d\nc"#;\n',
                'fn f() {\n    expect![[r#"\na\n"#]].assert_eq(&g());\n}\n',
            ),
        ),
        Examples(
            value="'''",
            path="lib/a.dart",
            conforms=("var a = '''\nb\n''';\n",),
            departs=('var a = """\nb\n""";\n',),
            nearly=("var a = 'b '\n    'c';\n", "var a = r'''\nb $c\n''';\n"),
        ),
    )

    def ask_any(self, file: AnyView) -> Iterable[Choice]:
        """Yield the signs that open each string of several lines."""
        for node in file.strings:
            text = text_of(node)
            opening = OPENING.match(text)
            if opening and len(opening[0]) == 1 and BROKEN.search(text):
                continue  # several strings, each of one line
            is_raw = text.startswith("r#") and not {*text.removeprefix("r").strip("#")[1:-1]}.isdisjoint('"\\')
            # what a test of Rust expects is written by a tool: `expect![[r#"…"#]]`
            is_raw |= file.utf8.endswith(b"![[", 0, node.start_byte)
            is_raw |= text.startswith(("r'''", 'r"""')) and not {*text}.isdisjoint("$\\")
            if is_raw or (node.parent is not None and node.parent.type == "jsx_attribute"):
                continue  # which no other sign may open
            if opening and (node.start_point.row != node.end_point.row or opening[0].startswith("<<")):
                yield Choice(opening[0], first_token(node))


class AnyHeader(Header, NeutralConvention):
    """Which comment about rights opens a file, equal up to the year."""

    id = "Q20"
    name = "any-file-header"
    question = "Which comment about rights opens a file?"
    version = 7
    examples = Examples(
        value="// Copyright YEAR The Authors",
        path="src/a.js",
        conforms=("// Copyright 2024 The Authors\n\nlet x = 1;\n",),
        departs=(
            "let x = 1;\n",
            "// Copyright 2024 The Authors\n// Confidential\n\nlet x = 1;\n",
            "f();\n// Copyright 2024 The Authors\n",
        ),
        nearly=(
            "",
            "//  Copyright 2024  The Authors\n\nlet x = 1;\n",
            "'use strict';\n\n// Copyright 2024 The Authors\n\nlet x = 1;\n",
            "// reads all\n\n// Copyright 2024 The Authors\n\nlet x = 1;\n",
        ),
    )
    also = (
        Examples(
            value="/*\n * Copyright YEAR The Authors\n */",
            path="src/a.php",
            conforms=(
                "<?php\n\n/*\n * Copyright 2024 The Authors\n */\n\nf();\n",
                "<?php declare(strict_types=1);\n\n/*\n * Copyright 2024 The Authors\n */\n\nnamespace A;\n",
            ),
            departs=("<?php\n\n/* Calls f. */\n\nf();\n",),
        ),
        Examples(
            value="// Copyright YEAR The Authors",
            path=".eslintrc.js",
            nearly=("module.exports = {};\n",),
        ),
        Examples(
            value="// Copyright YEAR The Authors",
            path="phpstan.neon.php",
            nearly=("<?php\nreturn [];\n",),
        ),
        Examples(
            value="// Copyright YEAR The Authors",
            path="src/a.go",
            conforms=("//go:build linux\n\n// Copyright 2024 The Authors\n\npackage a\n\nvar b = 1\n",),
            departs=("//go:build linux\n\npackage a\n\nvar b = 1\n",),
        ),
        Examples(
            value="// Copyright YEAR The Authors",
            path="Package.swift",
            conforms=("// swift-tools-version:6.0\n// Copyright 2024 The Authors\n\nimport A\n",),
            departs=("// swift-tools-version:6.0\n\nimport A\n",),
        ),
        Examples(
            value="# Copyright YEAR The Authors",
            path="lib/a.rb",
            conforms=(
                "# frozen_string_literal: true\n\n# Copyright 2024 The Authors\n\nmodule A\nend\n",
                "# frozen_string_literal: true\n# Copyright 2024 The Authors\n\nmodule A\nend\n",
            ),
            departs=("# frozen_string_literal: true\n\nmodule A\nend\n",),
        ),
    )

    def ask_any(self, file: AnyView) -> Iterable[Choice]:
        """Yield the head of a file that holds code; one that is called as settings of a tool are is none of its own."""
        if not file.top or SETTINGS.search(file.path):
            return
        for head in opening_runs(file):
            text = "\n".join(text_of(node).rstrip() for node in head)
            if RIGHTS.search(text):
                yield Choice(BLANKS.sub(" ", YEARS.sub("YEAR", text)), first_token(head[0]))
                return
        yield Choice(NO_HEADER, first_token(file.top[0]))

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return a word put into the header."""
        end = place.source.utf8.find(b"\n", place.start)
        return (Edit(end, end, " (changed)"),) if value != NO_HEADER and end > 0 else ()


def opening_runs(file: AnyView) -> list[list[Node]]:
    """Return the comments before the code of *file*, those together that stand line below line."""
    about = {node.id for node in file.comments}
    code = (node for node in file.root.named_children if node.id not in about and not PREAMBLE.match(text_of(node)))
    start = next((node.start_byte for node in code), len(file.utf8))
    runs: list[list[Node]] = []
    for node in file.comments:
        if node.start_byte >= start:
            break
        if TO_TOOLS.match(text_of(node)):
            continue
        if runs and node.start_point.row <= runs[-1][-1].end_point.row + 1:
            runs[-1].append(node)
        else:
            runs.append([node])
    return runs


class NumberForm(NeutralConvention):
    """How numbers are written: the case of hexadecimal digits, marks between thousands."""

    id = "Q21"
    name = "number-form"
    question = "How are {key} written?"
    instruction = "Write {key} {value}."
    cap = "advise"
    never = frozenset({"without marks"})
    version = 2
    examples = Examples(
        value="in lower case",
        key="hexadecimal digits",
        path="src/a.js",
        conforms=("x = 0xff;",),
        departs=("x = 0xFF;",),
        nearly=("x = 0x12;", "x = '0xFF';"),
    )
    also = (
        Examples(
            value="in lower case",
            key="hexadecimal digits",
            path="src/a.cc",
            conforms=("int a = 0xffffU;\n",),
            departs=("int a = 0xFFFFu;\n",),
            nearly=("int a = 0x12UL;\n",),
        ),
    )

    def ask_any(self, file: AnyView) -> Iterable[Choice]:
        """Yield the form of each number that shows one."""
        for node in file.leaves:
            if not node.is_named or not NUMBER.search(node.type):
                continue
            text = text_of(node)
            if found := HEX.match(text):
                digits = found[1]
                case = "in lower case" if digits.islower() else "in upper case" if digits.isupper() else "mixed"
                yield Choice(case, node, "hexadecimal digits")
            elif (digits := text.replace("_", "")).isdigit() and len(digits.lstrip("0")) >= LONG_NUMBER:
                yield Choice("with marks" if "_" in text else "without marks", node, "long numbers")

    def slip(self, place: Place, value: str) -> tuple[Edit, ...]:
        """Return the digits in the other case, or without marks."""
        if self.topic(place.key) == "long numbers":
            return place.instead(place.text.replace("_", "")) if value == "with marks" else ()
        digits = place.text[2:]
        return place.instead(place.text[:2] + (digits.upper() if value == "in lower case" else digits.lower()))
