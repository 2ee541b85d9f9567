"""
Checks: what each accepts and refuses, in a real file.
"""

from __future__ import annotations

import pytest
from idiolect.evaluation.checks import compile as compiling
from idiolect.evaluation.checks.check import Answer
from idiolect.evaluation.checks.compile import CompileCheck, compile_texts
from idiolect.evaluation.checks.parse import ParseCheck
from idiolect.evaluation.checks.substance import SubstanceCheck
from idiolect.mining.languages import language_named
from idiolect.mining.source import Span, parse_text

HEAD = "import os\n\n\ndef build(items):\n    "
REFERENCE = "rows = load(items)\n    rows.sort()\n    return store(rows)"
TAIL = "\n\n\ndef after():\n    return 1\n"
PYTHON = language_named("python")


def answer(code, *, head=HEAD, reference=REFERENCE):
    """Return *code* in place of the reference."""
    span = Span(len(head.encode()), len((head + code).encode()))
    return Answer(
        probe_id="p",
        symbol="build",
        code=code,
        source=parse_text("a.py", head + code + TAIL, PYTHON),
        span=span,
        reference=parse_text("a.py", head + reference + TAIL, PYTHON),
        reference_span=Span(span.start, len((head + reference).encode())),
    )


TABLE = [
    pytest.param(REFERENCE, True, True, True, id="the reference"),
    pytest.param("return load(items).store()", True, True, True, id="two of three calls"),
    pytest.param("return load(items)", True, True, False, id="one of three calls"),
    pytest.param("pass", True, True, False, id="pass"),
    pytest.param("...", True, True, False, id="dots"),
    pytest.param("return None", True, True, False, id="a constant"),
    pytest.param('"""Say."""', True, True, False, id="a string"),
    pytest.param("raise NotImplementedError", True, True, False, id="not implemented"),
    pytest.param("raise NotImplementedError('load')", True, True, False, id="not implemented, with a message"),
    pytest.param("return None\n    " + REFERENCE, True, True, False, id="the work behind a return"),
    pytest.param("raise NotImplementedError\n    " + REFERENCE, True, True, False, id="the work behind a raise"),
    pytest.param("if False:\n        return store(load(items))", True, True, False, id="the work under no condition"),
    pytest.param("while (0):\n        store(load(items))", True, True, False, id="the work in no round"),
    pytest.param(
        "if False:\n        pass\n    else:\n        store(load(items))", True, True, True, id="the work under else"
    ),
    pytest.param(
        "for item in items:\n        continue\n        load(item).sort()\n    return store(items)",
        True,
        True,
        False,
        id="the work behind a continue",
    ),
    pytest.param(
        "if not items:\n        return None\n    rows = load(items)\n    return store(rows)",
        True,
        True,
        True,
        id="a return of another block",
    ),
    pytest.param(
        "def fetch():\n        return load(items)\n    return store(fetch())",
        True,
        True,
        True,
        id="a return of an inner function",
    ),
    pytest.param("return (load(items", False, None, None, id="an open bracket"),
    pytest.param("", False, None, None, id="nothing"),
    pytest.param("return = load", False, None, None, id="no statement"),
    pytest.param(
        "rows = load(items); rows.sort(); x = 1; global x", True, False, True, id="only the compiler refuses it"
    ),
    pytest.param("yield load(items); rows = store(await x)", True, False, True, id="await outside async"),
]


@pytest.mark.parametrize(("code", "parses", "compiles", "has_substance"), TABLE)
def test_python(code, parses, compiles, has_substance):
    """Each check on one answer; what does not parse is not shown to the others."""
    given = answer(code)

    assert parses is ParseCheck().judge([given])[0].ok
    if parses:
        assert compiles is CompileCheck().judge([given])[0].ok
        assert has_substance is SubstanceCheck().judge([given])[0].ok


def test_a_reference_the_running_python_cannot_compile_decides_nothing():
    """Python 2 code is unsupported in every arm alike, not a failure of one."""
    old = answer("return load(items)", head="print 'old'\n\n\ndef build(items):\n    ")

    assert None is CompileCheck().judge([old])[0].ok


def test_a_file_is_compiled_once(monkeypatch):
    """An answer that leaves its file as the reference does, or as an earlier answer did, starts no further worker."""
    started = []
    run = compiling.run_worker
    monkeypatch.setattr(compiling, "run_worker", lambda texts: started.append(len(texts)) or run(texts))
    check, bad = CompileCheck(), answer("x = 1; global x")
    first = check.judge([answer(REFERENCE), bad])
    again = check.judge([bad, answer(REFERENCE)])

    assert [2] == started
    assert [True, False] == [result.ok for result in first] == [result.ok for result in reversed(again)]


def test_a_body_that_brings_the_compiler_down_costs_itself_alone():
    """The worker dies on one of many; the others are still judged."""
    deep = "x = " + "(" * 150_000
    texts = [("a.py", "x = 1\n")] * 5 + [("b.py", deep)] + [("c.py", "def (\n")]

    faults = compile_texts(texts)

    assert [fault is None for fault in faults] == [True] * 5 + [False, False]


def test_a_reference_that_calls_nothing_decides_nothing():
    """Such a probe needs tests."""
    assert None is SubstanceCheck().judge([answer("return 2", reference="return 1")])[0].ok


def test_a_fault_names_its_line():
    """A finding points at the line of the file."""
    result = ParseCheck().judge([answer("x = load(items)\n    y = (\n    return x")])[0]

    assert result.remarks[0].line >= 6


OTHERS = [
    ("go", "a.go", "package a\n\nfunc build() {\n\t", "\n}\n", "load()\n\tstore()"),
    ("rust", "a.rs", "fn build() {\n    ", "\n}\n", "load();\n    store();"),
    ("typescript", "a.ts", "function build() {\n    ", "\n}\n", "load();\n    store();"),
    ("java", "A.java", "class A {\n    void build() {\n        ", "\n    }\n}\n", "load();\n    store();"),
    ("c", "a.c", "void build() {\n    ", "\n}\n", "load();\n    store();"),
]


def judge_other(language, path, head, tail, reference, code):
    """Return whether *code* has substance beside *reference*, in a file of another language."""
    start, kind = len(head), language_named(language)
    return (
        SubstanceCheck()
        .judge(
            [
                Answer(
                    probe_id="p",
                    symbol="build",
                    code=code,
                    source=parse_text(path, head + code + tail, kind),
                    span=Span(start, start + len(code)),
                    reference=parse_text(path, head + reference + tail, kind),
                    reference_span=Span(start, start + len(reference)),
                )
            ]
        )[0]
        .ok
    )


@pytest.mark.parametrize("other", OTHERS, ids=[other[0] for other in OTHERS])
def test_what_is_never_run_calls_nothing_in_other_languages(other):
    work = other[-1]
    is_bare = other[0] in ("go", "rust")
    dressed = "if false {\n" if is_bare else "if (false) {\n"
    assert judge_other(*other, work) is True
    assert judge_other(*other, f"return;\n    {work}") is False
    assert judge_other(*other, f"{dressed}    {work}\n    }}") is False
    early = "if done { return }\n" if is_bare else "if (done) { return; }\n"
    assert judge_other(*other, f"{early}    {work}") is True


@pytest.mark.parametrize(("language", "panic"), [("go", 'panic("x")'), ("rust", "todo!();")])
def test_what_stands_behind_a_panic_calls_nothing(language, panic):
    other = next(other for other in OTHERS if other[0] == language)
    assert judge_other(*other, f"{panic}\n    {other[-1]}") is False


def test_what_a_label_or_an_earlier_call_reaches_behind_a_return_counts():
    c = next(other for other in OTHERS if other[0] == "c")
    assert judge_other(*c, "if (bad) goto end;\n    return;\nend:\n    load();\n    store();") is True
    script = next(other for other in OTHERS if other[0] == "typescript")
    assert judge_other(*script, "return work();\n    function work() { load(); store(); }") is True
