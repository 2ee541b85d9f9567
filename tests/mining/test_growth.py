"""
Unfinished text is let pass while it can become code, and refused at the token that makes it hopeless.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from idiolect.mining.growth import Growth, hole_at, hole_for
from idiolect.mining.languages import Language, language_named

ROOT = Path(__file__).parent.parent.parent
DSL = ROOT / "samples" / "dsl"


RULE = "rule r when a > 3C {\n  "


@pytest.mark.parametrize("text", [
    "rul", "rule r when", "rule r when a > (", f"{RULE}tu", f"{RULE}turn fan o", f"{RULE}note \"half a te",
    f"{RULE}set x to 3.", "plan p {\n  at 0", "plan p {\n  at 08:1", "sensor a: temperature a", "# a comm",
])  # fmt: skip
def test_an_open_end_is_no_fault(tend: Language, text: str):
    """A keyword, a string, a number or a block that is half written may still be finished."""
    assert Growth(tend, "", "").allows(text)


@pytest.mark.parametrize("text", [
    "rule 3m ", "rule r when a > )", f"{RULE}tux", f"{RULE}turn fan up", f"{RULE}turn fan on on", f"{RULE}@",
    f"{RULE}set x to < ", "plan p {\n  at noon ", "x = 3\n", f"{RULE}}}}}",
])  # fmt: skip
def test_the_first_wrong_token_is_refused(tend: Language, text: str):
    """No continuation can mend it."""
    assert not Growth(tend, "", "").allows(text)


@pytest.mark.parametrize("text", ["x = (1 + ", "x = 'half", "def f():\n    \"\"\"Doc", "def f():\n    ret", "for de",
                                  "if x:\n    y = [\n  1,\n"])  # fmt: skip
def test_an_open_end_of_python_is_no_fault(text: str):
    """A scanner written by hand, which knows strings and indentation, is understood as well."""
    assert Growth(language_named("python"), "", "").allows(text)


@pytest.mark.parametrize("text", ["def f(:", "x = (1 + ]", "x y ", "def f():\n    return return ", "class 3 "])
def test_the_first_wrong_token_of_python_is_refused(text: str):
    """As in the small language."""
    assert not Growth(language_named("python"), "", "").allows(text)


def test_no_prefix_of_a_right_program_is_refused(tend: Language):
    """Character by character, the house's own programs pass; a step never depends on the ones before it."""
    for file in sorted((DSL / "programs").rglob("*.tend"))[::23]:
        text, hole = file.read_text("utf-8"), Growth(tend, "", "")
        refused = [text[max(0, end - 30) : end] for end in range(len(text) + 1) if not hole.allows(text[:end])]

        assert not refused, file


def test_hardly_a_prefix_of_right_python_is_refused():
    """What a word may become is known from the state before it, so one in a thousand may be refused too early."""
    text = (ROOT / "mining" / "split.py").read_text("utf-8")
    hole = Growth(language_named("python"), "", "")
    ends = range(0, len(text), 3)

    assert sum(not hole.allows(text[:end]) for end in ends) <= len(ends) / 1000


def test_only_the_statement_around_the_hole_is_read():
    """What stands before it in the file changes nothing, and costs nothing; it still belongs to the whole."""
    python = language_named("python")
    above = "import os\n\n\nclass A:\n    def f(self):\n        return [\n            1,\n        ]\n\n\n"
    hole = Growth(python, f"{above}def g(x):\n    if x:\n", "\n\ng(1)\n")

    assert hole.near == "def g(x):\n    if x:\n" and hole.before.startswith("import os")
    assert hole.allows("        return os.") and not hole.allows("        return )")
    assert hole.allows("        return [1, ") and hole.completes("        return [1]")


def test_a_header_that_decides_is_kept():
    """A statement that cannot be read without what stands before it is read with it."""
    text = "try:\n    pass\nexcept ValueError:\n"

    assert Growth(language_named("python"), text, "").near == text


def test_what_stands_after_decides_whether_it_may_end(tend: Language):
    """An answer may stop where the rest of the file closes it."""
    hole = hole_for(tend, "switch fan\n", "rule r when fan is on {")

    assert hole.completes("  turn fan off")
    assert not hole.completes("  turn fan")
    assert not hole.completes("  if fan is on {\n    turn fan off")


def test_lines_that_break_off_are_cut(tend: Language):
    """As few as leave a whole."""
    hole = hole_for(tend, "", "rule r when fan is on {")

    assert "  turn fan off\n  wait 3s" == hole.cut_to_whole("  turn fan off\n  wait 3s\n  turn fa")
    assert not hole.cut_to_whole("  if fan is on {\n    turn fan off")


def test_what_a_first_statement_leaves_open_is_closed(tend: Language):
    """Where no whole line is left; each block's end stands where the block began, and a line that broke off is cut."""
    hole = hole_for(tend, "", "rule r when fan is on {")
    text = "  if fan is on {\n    if fan is on {\n      turn fan off\n      turn fa"
    python = hole_for(language_named("python"), "", "def f(x):")

    assert f"{text[:-14]}\n    }}\n  }}" == hole.close_to_whole(text)
    assert "    return total(x, [1])" == python.close_to_whole("    return total(x, [1")
    assert not hole.close_to_whole("  if fan is fan is (")


def test_a_hole_at_a_line_has_its_file_around_it(tend: Language):
    """The line that is named moves down."""
    hole = hole_at(tend, "switch fan\nroutine r() {\n}\n", 3)

    assert hole.completes("  turn fan on")
    assert not hole.completes("}")


def test_lines_are_counted_as_an_editor_counts_them():
    """A form feed stands in a line, and ends none."""
    hole = hole_at(language_named("python"), "a = 1\n\x0c\nb = 2\r\nc = 3\n", 4)

    assert ("a = 1\n\x0c\nb = 2\r\n", "\nc = 3\n") == (hole.before, hole.after)


def test_an_ask_in_plain_words_is_not_judged(tend: Language):
    """What stands before is no program, so nothing after it can be called wrong."""
    hole = hole_for(tend, "", "Please write a rule that turns the fan off.")

    assert not hole.is_judge
    assert hole.allows("anything at all }}}")
