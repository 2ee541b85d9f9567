"""
Comments excuse the rules that they name, where they stand, and for a reason.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from idiolect.cli import main
from idiolect.evaluation.request import Request
from idiolect.evaluation.run import run_check
from idiolect.evaluation.suppression import collect_misspelt, collect_suppressions
from idiolect.mining.languages import language_named, language_of
from idiolect.mining.source import parse_source

from .slips import check, parse_text


def test_comments_excuse_with_a_reason(house: Path, capsys: pytest.CaptureFixture[str]):
    """On the line, above it, for the file; not without a reason, not in a string, and not for another rule."""
    (house / "new.py").write_text(
        "a = 'x'  # idiolect: ignore[S01] quoted from the standard\n"
        "# idiolect: ignore[S01] so is this\n"
        "b = 'x'\n"
        "c = 'x'  # idiolect: ignore[S01]\n"
        "d = 'x'  # idiolect: ignore[X04] not this one\n"
        "e = 'idiolect: ignore[S01] a string'\n"
        "g = 1  # idiolect: ignore[S99] a slip\n"
        "h = 1  # idiolect: ignore the protocol\n"
        "i = 1  # idiolect: ignored by others\n"
        'f = "x"\n'
        "j = 'x'  # idiolect: ignore[S01, X99, D05[summary], D05[top]] half a slip\n"
    )
    (house / "whole.py").write_text("# idiolect: ignore-file[S01, N01] written by a machine\na = 'x'\nb = 'y'\n")

    found = check(capsys, str(house), "--diff", "HEAD")[1]

    assert [("new.py", 4), ("new.py", 5), ("new.py", 6)] == found
    out = house / "o.json"
    main(["check", str(house), "--diff", "HEAD", "--no-names", "--output", f"json={out}", "--format", "rdjson"])
    said, told = capsys.readouterr().err, json.loads(out.read_text())["summary"]
    assert (5, 5) == (told["suppressed"], len(told["notes"])) and said.rstrip().split("\n") == told["notes"]
    assert "new.py:4: note: ignore[S01] gives no reason" in said
    assert "new.py:5: note: ignore[X04] excuses nothing any more" in said
    assert "new.py:7: note: ignore[S99] excuses nothing: there is no such rule" in said
    assert "new.py:8: note: ignore names no rule and excuses nothing" in said
    assert "new.py:11: note: ignore[S01, X99, D05[summary], D05[top]] names what is no rule: X99, D05[top]" in said


@pytest.mark.parametrize(
    "comment",
    [
        "idiolect-ignore[S01]",
        "idiolect ignore[S01]",
        "Idiolect: Ignore[s01]",
        "idiolect: disable[S01]",
        "idiolect: disable-next-line S01",
        "idiolect: noqa(S01)",
    ],
)
def test_a_comment_that_is_meant_for_an_excuse_is_told_how_to_be_one(comment: str):
    """It would excuse nothing in silence."""
    source = parse_text("a.py", f"a = 1\n# {comment} so\nb = 'x'\n")

    assert [2] == [line for line, said in collect_misspelt(source) if "`idiolect: ignore[RULE]`" in said]


def test_excuses_and_prose_are_not_called_misspelt():
    """Neither what is written as one, with whatever faults, nor what only speaks of it, nor a string."""
    text = "# idiolect: ignore[S01] so\n# idiolect: ignore S01\n# idiolect skips these\na = 'idiolect-ignore[S01]'\n"

    assert [] == collect_misspelt(parse_text("a.py", text))


def test_an_excuse_for_a_name_is_not_called_idle_where_no_name_is_asked(house: Path):
    """A resolver, or what is installed, may be missing on this machine alone."""
    (house / "new.py").write_text(
        "import json\n\n"
        "x = json.lods  # idiolect: ignore[A11] put in as it runs\n"
        "y = json.lods  # idiolect: ignore[A11[attribute]] put in as it runs\n"
        "z = json.load  # idiolect: ignore[S01] no more\n"
    )

    (file,) = run_check(Request(house, ("new.py",), names=False)).files

    assert [5] == [line for line, _ in file.remarks]


def test_a_comment_names_a_rule_as_it_is_printed():
    """Rules may carry a key in brackets, with commas in it, alone or among others."""
    text = (
        "x = 1  # idiolect: ignore[D05[closing quotes]] kept for the reader\n"
        "y = 1  # idiolect: ignore[S01, Q01[yaml: a, b], I01[numpy]] so it was\n"
    )

    assert [("D05[closing quotes]",), ("S01", "Q01[yaml: a, b]", "I01[numpy]")] == [
        found.rules for found in collect_suppressions(parse_text("a.py", text)) if found.reason
    ]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("/* idiolect: ignore[Q28] one line */\na()\n", (2, 2)),
        ("/* idiolect: ignore[Q28] several\n   lines */\na()\n", (2, 3)),
        ("/*\n * idiolect: ignore[Q28] several\n */\na()\n", (3, 4)),
        ("a() /* idiolect: ignore[Q28] several\n lines */\nb()\n", (1, 1)),
        ("// idiolect: ignore[Q28] one line\na()\n", (2, 2)),
    ],
)
def test_a_comment_of_several_lines_excuses_the_line_below_it(text: str, lines: tuple[int, int]):
    """And what stands in its own later lines, such as a tag."""
    source = parse_source("a.js", text.encode(), language_named("javascript"))

    assert [lines] == [(found.target, found.last) for found in collect_suppressions(source)]


def test_comments_that_stand_one_below_the_other_excuse_the_same_line():
    """And no more: what stands above a line of code excuses that line."""
    text = (
        "# idiolect: ignore[S01] one\n# idiolect: ignore[N01] two\n# idiolect: ignore[D01] three\nx = 1\n"
        "# idiolect: ignore[S02] four\ny = 1  # idiolect: ignore[S03] five\nz = 1\n"
    )

    found = collect_suppressions(parse_text("a.py", text))

    assert [(2, 4), (3, 4), (4, 4), (6, 6), (6, 6)] == [(each.target, each.last) for each in found]


def test_a_comment_that_a_grammar_ends_with_its_line_excuses_one_line():
    """As that of Rust does with what documents."""
    source = parse_source(
        "a.rs", b"/// idiolect: ignore[Q01] asked for\nfn A() {}\nfn B() {}\n", language_named("rust")
    )

    assert [(2, 2)] == [(found.target, found.last) for found in collect_suppressions(source)]


@pytest.mark.parametrize(
    ("path", "text", "lines", "reason"),
    [
        ("a.sql", "/* {} why */\nSELECT 1;\n", (2, 2), "why"),
        ("a.md", "<!-- {} why -->\n# A\n", (2, 2), "why"),
        ("a.hs", "{- {} why -}\nx = 1\n", (2, 2), "why"),
        ("a.hs", "-- | {} why\nx = 1\n", (2, 2), "why"),
        ("a.lua", "--[[ {} why ]]\nx = 1\n", (2, 2), "why"),
        ("a.lua", "--[==[ {} see [1] ]==]\nx = 1\n", (2, 2), "see [1]"),
        ("a.jl", "#= {} why =#\nx = 1\n", (2, 2), "why"),
        ("a.vue", "<!-- {} why -->\n<script>\nlet a;\n</script>\n", (2, 2), "why"),
        ("a.vue", "<script>\nlet a;\n</script>\n<style>\n/* {} why */\n</style>\n", (6, 6), "why"),
        ("a.c", "/* {} why */ int a;\n", (1, 1), "why"),
        ("a.c", "/* {} */ int a;\n", (1, 1), ""),
        ("a.c", "/*\n * {} why\n */ int a;\n", (2, 3), "why"),
        ("a.c", "int a; /* {} why */\n", (1, 1), "why"),
        ("a.tsx", "let a = <A>{/* {} why */}</A>;\n", (1, 1), "why"),
        ("a.tsx", "let a = <A>\n  {/* {} why */}\n  <B />\n</A>;\n", (3, 3), "why"),
    ],
)
def test_a_comment_ends_where_its_language_ends_it(path: str, text: str, lines: tuple[int, int], reason: str):
    """What stands behind it on its line is code, which it excuses, and no reason."""
    language = language_of(path)
    assert language is not None
    (found,) = collect_suppressions(parse_source(path, text.replace("{}", "idiolect: ignore[Q01]").encode(), language))

    assert (lines, reason) == ((found.target, found.last), found.reason)


@pytest.mark.parametrize(
    ("text", "is_read"),
    [
        ("<!-- {} -->\n<script>\nlet a;\n</script>\n", True),
        ("<p>{}</p>\n<script>\nlet a;\n</script>\n", False),
        ("<script>\nlet a = '<!-- {} -->';\n</script>\n", False),
    ],
)
def test_a_page_is_excused_by_a_comment_of_its_markup(text: str, is_read: bool):
    """What its scripts, or its text, say is no comment of HTML."""
    mark = "idiolect: ignore-file[Q01] a sample"
    found = collect_suppressions(parse_source("a.vue", text.replace("{}", mark).encode(), language_named("javascript")))

    assert is_read == bool(found and found[0].target == 0 and found[0].reason == "a sample")
