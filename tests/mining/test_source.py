"""
Decoding, spans and definitions.
"""

from __future__ import annotations

import textwrap

import pytest
from idiolect.mining.conventions.tally import tally_source
from idiolect.mining.definitions import collect_definitions
from idiolect.mining.languages import language_named
from idiolect.mining.skeleton import render_skeleton
from idiolect.mining.source import Source, UndecodableError, parse_source

PYTHON = language_named("python")


def parse(text: str | bytes) -> Source:
    data = text if isinstance(text, bytes) else textwrap.dedent(text).encode()
    return parse_source("a.py", data, PYTHON)


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        pytest.param("x = 'é'\n".encode(), "utf-8", id="utf-8"),
        pytest.param(b"\xef\xbb\xbfx = 1\n", "utf-8-sig", id="byte-order mark"),
        pytest.param("# -*- coding: latin-1 -*-\nx = 'é'\n".encode("latin-1"), "iso8859-1", id="cookie"),
        pytest.param(b"#!/usr/bin/python\n# vim: fileencoding=cp1252 :\nx = '\x80'\n", "cp1252", id="second line"),
        pytest.param(b"\r\n# coding: cp1252\r\nx = '\x80'\r\n", "cp1252", id="second line, CRLF"),
        pytest.param(b"# coding: cp1252\n# coding: ascii\nx = '\x80'\n", "cp1252", id="first of two"),
        pytest.param(b"import base64\n# encoding: see RFC 4648\n", "utf-8", id="below code"),
        pytest.param(b'"""Doc."""\n# Set coding: see docs\n', "utf-8", id="below documentation"),
        pytest.param(b"#\n#\n# coding: cp1252\n", "utf-8", id="third line"),
        pytest.param(b"#\r#\r# coding: cp1252\n", "utf-8", id="third line, CR"),
    ],
)
def test_bytes_survive(data: bytes, encoding: str):
    """Text goes back to the file's own bytes in every encoding."""
    source = parse(data)

    assert (encoding, data) == (source.encoding, source.encode(source.text))


@pytest.mark.parametrize(
    ("name", "encoding"), [("markdown", "utf-8"), ("yaml", "utf-8"), ("bash", "utf-8"), ("ruby", "iso8859-1")]
)
def test_a_heading_is_no_coding_cookie(name: str, encoding: str):
    """What names an encoding in a comment of Python or Ruby is prose elsewhere."""
    data = b"# Character encoding: latin-1\n\nx = 1\n"

    assert encoding == parse_source("a", data, language_named(name)).encoding


@pytest.mark.parametrize(("name", "cookie"), [("ruby", "binary"), ("ruby", "ASCII-8BIT"), ("python", "utf-8-unix")])
def test_a_cookie_says_what_an_interpreter_takes(name: str, cookie: str):
    """Ruby reads files byte by byte where they say so, and what an editor says of line ends is overlooked."""
    data = f"# -*- coding: {cookie} -*-\nx = 'é'\n".encode()

    assert "utf-8" == parse_source("a", data, language_named(name)).encoding


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"x = 1\0", "nul_byte", id="NUL"),
        pytest.param(b"x = '\xff'\n", "undecodable", id="not UTF-8"),
        pytest.param(b"# coding: klingon\n", "unknown_encoding", id="unknown cookie"),
    ],
)
def test_undecodable_bytes_have_one_reason(data: bytes, reason: str):
    """What is no text is refused with the reason that mining records."""
    with pytest.raises(UndecodableError) as caught:
        parse(data)

    assert reason == caught.value.reason


CODE = [
    pytest.param('def f():\n    """Doc."""\n    return 1\n', "    return 1", id="after the documentation"),
    pytest.param("def f():\n    # why\n    return 1\n", "    # why\n    return 1", id="comments belong to the body"),
    pytest.param("def f(): return 1\n", None, id="one line"),
    pytest.param('def f(): """Doc."""\n', None, id="documentation alone"),
    pytest.param("@dec\nasync def f(a,\n            b):\n    return a\n", "    return a", id="decorated, long head"),
    pytest.param('class A:\n    def f(self):\n        """D."""\n\n        x = 1\n', "\n        x = 1", id="blank line"),
    pytest.param("def f():\r\n    return 1\r\n", "    return 1", id="CRLF"),
]


@pytest.mark.parametrize(("text", "code"), CODE)
def test_code_is_the_body_in_whole_lines(text: str, code: str | None):
    """The answer of an `implement` pair is the body's lines after the documentation."""
    source = parse(text.encode())
    definition = collect_definitions(source)[-1]

    assert code == (None if definition.code is None else source.slice(definition.code))


@pytest.mark.parametrize(("text", "code"), CODE)
def test_splicing_back_gives_the_file(text: str, code: str | None):
    """Extract, then splice: the same bytes."""
    source = parse(text.encode())

    for definition in collect_definitions(source):
        for span in (definition.span, definition.body, definition.code):
            assert span is None or text == source.splice(span, source.slice(span))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        pytest.param("python", b"# note\rdef f():\r    return 1\n", id="python"),
        pytest.param("java", b"class A { // note\rint f() {\rreturn 1; } }\n", id="java"),
        pytest.param("csharp", "class A { // note\u2028int F() {\u2028return 1; } }\n".encode(), id="csharp"),
    ],
)
def test_what_ends_a_line_ends_a_comment(name: str, data: bytes):
    """Where the language takes more than a newline for the end of a line, code behind it is code, and is counted so."""
    source = parse_source("a", data, language_named(name))
    (found,) = [each for each in collect_definitions(source) if each.kind != "class"]

    assert data == source.encode(source.text)
    assert (2, False) == (source.line_of(found.span.start), source.keeps_lines)


def test_definitions_know_their_place():
    """Methods are told from functions, decorators belong to the unit, and symbols are dotted."""
    source = parse(
        """
        class Graph(Base):
            @property
            def nodes(self):
                def inner():
                    return 1
                return inner

        def build():
            return Graph()
        """
    )

    found = [(d.kind, d.symbol, source.line_of(d.span.start)) for d in collect_definitions(source)]

    assert [
        ("class", "Graph", 2),
        ("method", "Graph.nodes", 3),
        ("function", "Graph.nodes.inner", 5),
        ("function", "build", 9),
    ] == found


def test_definitions_nest_deeper_than_calls_may():
    """Hundreds of levels, which some code that was made by a program has, exhaust no stack."""
    depth = 1_100
    nested = "function outer() {\n" + "function inner() {\n" * depth + "}\n" * (depth + 1)
    source = parse_source("a.js", nested.encode(), language_named("javascript"))
    classes = "".join(f"{' ' * level}class A:\n" for level in range(depth)) + f"{' ' * depth}x = (\n"

    assert render_skeleton(source, collect_definitions(source)).startswith("function outer()")
    assert not tally_source(parse(classes)).opportunities


def test_a_skeleton_opens_with_whole_statements_and_the_last_ones():
    """What is imported last is the house's; names need no lines of their own; what heads leave is the opening's."""
    many = "".join(f"import module_number_{number}\n" for number in range(100))
    names = ", ".join(f"name_{number}" for number in range(20))
    house = f"from .house import (\n    {names.replace(', ', f',{chr(10)}    ')},\n)\n"
    source = parse(f"{many}{house}log = house(1)\n\n\ndef run(self):\n    return name_1\n")
    lines = render_skeleton(source, collect_definitions(source)).split("\n")

    assert [f"from .house import ({names})", "log = house(1)", "def run(self):"] == lines[-3:]
    assert "import module_number_99" == lines[-4]
    assert 1_500 < len("\n".join(lines)) <= 1_600


def test_a_skeleton_says_nothing_of_what_a_function_holds():
    """Neither of a class in it, nor of that class's methods, which no one outside can name."""
    source = parse("def count(graph):\n    class Seen(dict):\n        def __missing__(self, node):\n            go()\n")

    assert "def count(graph):" == render_skeleton(source, collect_definitions(source))


@pytest.mark.parametrize(
    ("language", "text", "skeleton"),
    [
        ("python", "# Opens all.\nimport door\n\n\ndef go():\n    door()\n", "import door\ndef go():"),
        ("rust", "use house::door;\n\n// Opens it.\nfn open() {\n    door();\n}\n", "use house::door;\nfn open()"),
        ("java", "import house.Door;\n\n/** What opens. */\nclass A {\n}\n", "import house.Door;\nclass A"),
        ("haskell", "import House\n\n-- | Opens.\nopen :: Int\nopen = door 1\n", "import House\nopen :: Int"),
    ],
)
def test_a_skeleton_holds_no_documentation(language, text, skeleton):
    """Whatever a grammar calls a comment; it would give away what a definition says of itself."""
    source = parse_source("a", text.encode(), language_named(language))

    assert skeleton == render_skeleton(source, collect_definitions(source))


def test_a_language_travels_between_processes():
    """A language whose grammar is loaded can be sent to a worker, which loads its own."""
    import pickle

    assert PYTHON.grammar is not None

    assert PYTHON == pickle.loads(pickle.dumps(PYTHON))
