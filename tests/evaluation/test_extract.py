"""
The cut: one rule for every arm.
"""

from __future__ import annotations

import pytest
from idiolect.evaluation.checks.compile import compile_texts
from idiolect.evaluation.extract import body_is_over, extract_body
from idiolect.mining.definitions import collect_definitions
from idiolect.mining.languages import language_named, language_of
from idiolect.mining.source import parse_source

FILE = '''import os


class Box:
    def pack(self, item):
        """Pack *item*."""
        wrapped = wrap(item)
        return wrapped

    def open(self):
        pass
'''

TABLE = [
    pytest.param("        a = 1\n        return a", "        a = 1\n        return a", "stopped", id="the body alone"),
    pytest.param(
        "        return 1\n\n    def next(self):\n        pass\n", "        return 1", "ran_on", id="next method"
    ),
    pytest.param("        return 1\n\n\nclass Next:\n    pass\n", "        return 1", "ran_on", id="next class"),
    pytest.param("        return 1\n    # a remark\n", "        return 1", "ran_on", id="a comment outside"),
    pytest.param(
        "        x = '''\nleft\n'''\n        return x\nprint()\n",
        "        x = '''\nleft\n'''\n        return x",
        "ran_on",
        id="the inside of a string may stand left",
    ),
    pytest.param(
        "        return f(\n  1,\n)\nprint()\n",
        "        return f(\n  1,\n)",
        "ran_on",
        id="the inside of a call may stand left",
    ),
    pytest.param(
        "        return f(\n\n\nclass Next:\n    pass\n",
        "        return f(",
        "ran_on",
        id="an open bracket keeps nothing",
    ),
    pytest.param(
        "        if x:\n# odd\n            y()\n        z()",
        "        if x:\n# odd\n            y()\n        z()",
        "stopped",
        id="a comment inside",
    ),
    pytest.param("", "", "stopped", id="nothing"),
    pytest.param("\n\n", "", "stopped", id="blank lines"),
    pytest.param("return 1\n", "", "ran_on", id="no indentation at all"),
    pytest.param("\n        return 2\n", "        return 2", "stopped", id="a blank line first"),
    pytest.param("        a = 1\r\n        return a\r\n", "        a = 1\n        return a", "stopped", id="CRLF"),
    pytest.param(
        "```python\ndef pack(self, item):\n    return 3\n```\nThis packs.",
        "        return 3",
        "stopped",
        id="a fenced definition",
    ),
    pytest.param("Sure:\n```\nreturn 3\n```\n", "        return 3", "stopped", id="a fenced body"),
    pytest.param("```python\n        return 3", "        return 3", "stopped", id="an unclosed fence"),
    pytest.param("```\n        return 3\n```\n```\nother\n```", "        return 3", "stopped", id="two fences"),
    pytest.param(
        "First:\n```bash\npip install box\n```\nThen:\n```python\ndef pack(self, item):\n    return 3\n```\n",
        "        return 3",
        "stopped",
        id="a fence before the one that was asked for",
    ),
    pytest.param(
        "```python\nclass Bag:\n    def pack(self):\n        return 2\n\n\nclass Box:\n    def pack(self, item):\n"
        "        return 3\n```\n",
        "        return 3",
        "stopped",
        id="a namesake before the one that was asked for",
    ),
    pytest.param("```python\r\nreturn 3\r\n```\r\nSo.\r\n", "        return 3", "stopped", id="a fence with CRLF"),
]


def hole():
    """Return the source and the span of `Box.pack`'s body."""
    source = parse_source("box.py", FILE.encode(), language_named("python"))
    definition = next(d for d in collect_definitions(source) if d.symbol == "Box.pack")
    return source, definition.code


@pytest.mark.parametrize(("raw", "code", "ending"), TABLE)
def test_cut(raw, code, ending):
    """What is kept of a text, and how the text ended."""
    source, span = hole()

    extract = extract_body(source, span, "Box.pack", raw, "stop")

    assert (code, ending) == (extract.code, extract.ending)


def test_a_body_that_meets_the_limit_is_truncated():
    """The token limit inside the body is a status of its own."""
    source, span = hole()

    assert extract_body(source, span, "Box.pack", "        return wr", "length").ending == "truncated"


def test_an_open_fence_that_meets_the_limit_is_truncated():
    """What stands behind a closed fence may be cut anywhere; within a fence the answer itself is."""
    source, span = hole()
    opened = "```python\n        item = wrap(item)\n        return wr"

    assert "truncated" == extract_body(source, span, "Box.pack", opened, "length").ending
    assert "ran_on" == extract_body(source, span, "Box.pack", opened + "\n```\nThis", "length").ending


@pytest.mark.parametrize(
    ("after", "ending"),
    [
        pytest.param("\n\ndef pack(self, item):\n    item = wrap(item)\n    ret", "ran_on", id="said again"),
        pytest.param("\n\nBox().pa", "ran_on", id="used"),
        pytest.param("\n    return wr", "truncated", id="not at its end"),
        pytest.param("\n    return wrap(", "truncated", id="not at its end, in a bracket"),
        pytest.param("", "truncated", id="nothing"),
    ],
)
def test_a_definition_that_something_follows_within_its_fence_came_to_its_end(after, ending):
    """Whoever asks in chat form gets whole definitions: what follows one may be cut anywhere, too."""
    source, span = hole()
    raw = f"```python\ndef pack(self, item):\n    item = wrap(item)\n    item = wrap(item){after}"

    extract = extract_body(source, span, "Box.pack", raw, "length")

    assert ending == extract.ending
    assert ending == "truncated" or extract.code == "        item = wrap(item)\n        item = wrap(item)"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param("```\nif item:\n\treturn wrap(item)\nreturn None\n```", id="a body"),
        pytest.param("```\ndef pack(self, item):\n\tif item:\n\t\treturn wrap(item)\n\treturn None\n```", id="tabs"),
        pytest.param(
            "```\ndef pack(self, item):\n    if item:\n        return wrap(item)\n    return None\n```", id="blanks"
        ),
    ],
)
def test_an_answer_is_moved_by_what_the_file_is_indented_with(raw):
    """Python takes no line with blanks beside one with tabs."""
    text = FILE.replace("    ", "\t")
    source = parse_source("box.py", text.encode(), language_named("python"))
    span = next(d for d in collect_definitions(source) if d.symbol == "Box.pack").code

    extract = extract_body(source, span, "Box.pack", raw, "stop")

    assert [None] == compile_texts([("box.py", source.splice(span, extract.code))])
    assert extract.code.startswith("\t\tif item:")


def test_a_base_that_never_stops_is_not_punished():
    """Text after the body is cut and counted, also when the limit ended it."""
    source, span = hole()
    raw = "        return wrap(item)\n\n    def more(self):\n        return wr"

    extract = extract_body(source, span, "Box.pack", raw, "length")

    assert (extract.code, extract.ending) == ("        return wrap(item)", "ran_on")


OVER = [
    pytest.param("        return 1\n\n    def", True, id="the next method has begun"),
    pytest.param("        return 1\n\n", False, id="a blank line"),
    pytest.param("        return 1\n        x", False, id="a line of the body"),
    pytest.param("Here is the method, which packs it:\n\nIn", False, id="words before a fence"),
    pytest.param("        x = '''\nleft", False, id="an open string"),
    pytest.param("        x = f(\nleft,\nleft,\nle", False, id="an open bracket"),
    pytest.param("        x = f((\nclass A:\n    pass\n\ndef f():\n    pa", True, id="broken, and four lines outside"),
    pytest.param("```python\ndef pack", False, id="a fence"),
    pytest.param("```python\ndef pack(self, item):\n    return 1\n```\nSo", True, id="a closed fence"),
    pytest.param("```python\ndef pack(self, item):\n    return 1\n```", False, id="a fence that may not be closed yet"),
    pytest.param("```\npip install box\n```\nThen:\n", False, id="a closed fence without the definition"),
    pytest.param("```python\ndef pack(self, item):\n    return 1\n\nclass Box:\n", False, id="only a namesake yet"),
    pytest.param("```python\nclass Box:\n    def pack(self, item):\n        return 1\n\nBox()\n", True,
                 id="the very definition, and a line after it"),
    pytest.param("```python\nclass Box:\n    def pack(self, item):\n        return 1\n\nBox()", False,
                 id="a line after it that has not ended"),
    pytest.param("```python\nclass Box:\n    def pack(self, item):\n        x = '''\nleft\n", False,
                 id="an open string in a fence"),
    pytest.param("```python\nclass Box:\n    def pack(self, item):\n        x = f(\nleft,\n", False,
                 id="an open bracket in a fence"),
    pytest.param("        n = 0\n" * 12, True, id="the same line for ever"),
    pytest.param("        return " + "(a, " * 40, True, id="the same tokens for ever"),
    pytest.param("        n = 0\n" * 4, False, id="four equal lines"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "over"), OVER)
def test_what_more_would_be_cut_is_not_waited_for(text, over):
    """A model may stop where the rest would be cut off anyway, and where it goes round in circles."""
    source, span = hole()

    assert body_is_over(source, span, "Box.pack", text) is over


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param("        return wrap(item)\n\n    def more(self):\n        return wrap(self)\n", id="plain"),
        pytest.param("```python\ndef pack(self, item):\n    return wrap(item)\n```\nThis wraps.\n", id="closed fence"),
        pytest.param(
            "Here:\n\n```\ndef pack(self, item):\n    return wrap(item)\n```\nThis.\n", id="words, and a fence"
        ),
        pytest.param(
            "```python\nclass Box:\n    def pack(self, item):\n        return wrap(item)\n\n    x = 1\n    y",
            id="open fence",
        ),
    ],
)
def test_stopping_early_changes_no_cut(raw):
    """The body is the same whether the model was stopped or went on to its limit."""
    source, span = hole()
    stopped = next(raw[:i] for i in range(len(raw)) if body_is_over(source, span, "Box.pack", raw[:i]))

    assert len(stopped) < len(raw)
    assert extract_body(source, span, "Box.pack", stopped, "over") == extract_body(
        source, span, "Box.pack", raw, "length"
    )


CUT_SHORT = [
    pytest.param("        n = 0\n" * 12, "over", "        n = 0", id="one line for ever"),
    pytest.param("        m = 1\n" + "        if n:\n            n = f(n)\n" * 5 + "        if", "over",
                 "        m = 1\n        if n:\n            n = f(n)", id="two lines for ever, ended within one"),
    pytest.param("        m = f(n)\n" + "        if n:\n            n = f(n)\n" * 5, "over",
                 "        m = f(n)\n        if n:\n            n = f(n)", id="what stood before ends like the round"),
    pytest.param("        m = 1\n        n = " + "[0, " * 60, "over", "        m = 1", id="one line that never ends"),
    pytest.param("        m = 1\n        return wr", "length", "        m = 1", id="the limit within a line"),
    pytest.param("        return wr", "length", "", id="the limit within the first line"),
    pytest.param("        m = 1\n        for x in m:\n            if x:\n", "length", "        m = 1",
                 id="the limit within a statement"),
    pytest.param("        for x in m:\n            f(x)\n            if x:\n                y", "length",
                 "        for x in m:\n            f(x)", id="the limit within the statement's last part"),
    pytest.param("        m = = 1\n        for x in m:\n            if x:\n", "length",
                 "        m = = 1\n        for x in m:\n            if x:", id="what is broken before stays broken"),
    pytest.param("        if not n:\n            f(n)\n" + "        if n:\n            f(n)\n" * 6, "over",
                 "        if not n:\n            f(n)", id="the first round begins within a line"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "reason", "code"), CUT_SHORT)
def test_what_was_ended_from_outside_keeps_its_whole_lines(raw, reason, code):
    """Where the limit falls says nothing of the model, and a round says the same each time it comes."""
    source, span = hole()

    extract = extract_body(source, span, "Box.pack", raw, reason)

    assert (code, "truncated") == (extract.code, extract.ending)


@pytest.mark.parametrize(
    ("path", "text", "symbol", "after"),
    [
        pytest.param(
            "a.vue",
            '<template>\n  <p />\n</template>\n<script lang="ts">\nfunction push(job) {\n  add(job);\n}\n</script>\n',
            "push",
            "}\n\nfunction next() {\n  a();\n}\n",
            id="a page",
        ),
        pytest.param(
            "a.dart",
            "class Q {\n  int push(Job job) {\n    return add(job);\n  }\n}\n",
            "Q.push",
            "  }\n\n  int next() {\n    return 2;\n  }\n",
            id="a body that is its head's neighbour",
        ),
        pytest.param(
            "a.ex",
            "defmodule Q do\n  def push(job) do\n    add(job)\n  end\nend\n",
            "Q.push",
            "  end\n\n  def next(x) do\n    2\n  end\n",
            id="words around a body",
        ),
        pytest.param(
            "a.cs",
            "class Q\n{\n    int Push(Job job)\n    {\n        return Add(job);\n"
            "#pragma warning restore CS0618\n    }\n}\n",
            "Q.Push",
            "    }\n\n    int Next()\n    {\n        return 2;\n    }\n",
            id="a body that ends further out than it begins",
        ),
    ],
)
def test_the_cut_is_made_in_any_language(path, text, symbol, after):
    """What runs on is cut at the body's end, wherever a language keeps that."""
    language = language_of(path, data=text.encode())
    assert language is not None
    source = parse_source(path, text.encode(), language)
    code = next(each.code for each in collect_definitions(source) if each.symbol == symbol)
    assert code is not None

    for raw, ending in ((source.slice(code), "stopped"), (f"{source.slice(code)}\n{after}", "ran_on")):
        extract = extract_body(source, code, symbol, raw, "stop")

        assert (source.slice(code), ending) == (extract.code, extract.ending)


MEMBERS = [
    (
        "java",
        "A.java",
        "class A {\n    int n;\n    A(int n) {\n        this.n = check(n);\n        log(n);\n    }\n}\n",
        "A.A",
    ),
    (
        "typescript",
        "a.ts",
        "class A {\n  n = 0;\n  set(n: number): void {\n    this.n = check(n);\n    log(n);\n  }\n}\n",
        "A.set",
    ),
]


@pytest.mark.parametrize(("language", "path", "text", "symbol"), MEMBERS, ids=[member[0] for member in MEMBERS])
def test_a_fenced_member_that_parses_only_within_its_class_gives_its_body(language, path, text, symbol):
    source = parse_source(path, text.encode(), language_named(language))
    unit = next(unit for unit in collect_definitions(source) if unit.symbol == symbol)
    whole = source.slice(unit.span)
    found = extract_body(source, unit.code, symbol, f"Here it is:\n\n```\n{whole}\n```\nDone.\n", "stop")
    assert found.code.split() == source.slice(unit.code).split()
