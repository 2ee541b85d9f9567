"""
Of several answers the best is found: what parses, what the checker accepts, what keeps the style; and mended if safe.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from idiolect.commands.generate import tell_conformed
from idiolect.evaluation.conform import conform
from idiolect.evaluation.sandbox.doctor import find_cage
from idiolect.mining.conventions.tally import tally_source
from idiolect.mining.growth import hole_at, hole_for
from idiolect.mining.languages import Language, language_named
from idiolect.mining.learn import learn_profile
from idiolect.mining.source import parse_source


@pytest.mark.skipif(find_cage() is None, reason="no sandbox on this machine")
def test_what_the_checker_accepts_comes_first(tend: Language):
    """A name that nothing declares loses to one that is declared, a broken line to both."""
    hole = hole_for(tend, "switch fan\n", "rule r when fan is on {")
    best, second, third = conform(hole, "r.tend", ["  turn fan of fan", "  turn lamp off", "  turn fan off"])

    assert ("  turn fan off", True) == (best.text, best.passes)
    assert "nothing is called 'lamp'" in (second.complaint or "")
    assert not third.parses


def test_a_checker_that_cannot_be_asked_is_told(
    tend: Language, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """Without a sandbox, or on a machine too busy to make one, nothing is known of what it would say."""
    monkeypatch.setattr("idiolect.evaluation.language_check.find_cage", lambda: None)
    (found,) = conform(hole_for(tend, "", "rule r when fan is on {"), "r.tend", ["  turn lamp off"])

    assert found.passes and "no_sandbox" == found.unasked
    tell_conformed(found, Path("adapter"), as_json=False)
    assert "  turn lamp off\n" == (told := capsys.readouterr()).out
    assert "whether the checker accepts it is not known: no_sandbox" in told.err


def test_what_breaks_off_is_cut_to_whole_lines(tend: Language):
    """The repair is said, and loses to an equal answer that needed none."""
    hole = hole_for(tend, "switch fan\n", "rule r when fan is on {")
    whole, cut = conform(hole, "r.tend", ["  turn fan off\n  wait 3s", "  turn fan off\n  wait 9s\n  turn fa"])

    assert (False, True) == (whole.repaired, cut.repaired)
    assert "  turn fan off\n  wait 9s" == cut.text


def test_what_broke_off_within_its_first_statement_parses(tend: Language):
    """What it left open is closed: that loses to any other that parses, and beats what nothing can mend."""
    hole = hole_for(tend, "switch fan\n", "rule r when fan is on {")
    best, closed, broken = conform(hole, "r.tend", ["  )", "  if fan is on {\n    turn fan o", "  wait 9s\n  turn fa"])

    assert ("  wait 9s", True, False) == (best.text, best.passes, best.closed)
    assert ("  if fan is on {\n  }", True, True) == (closed.text, closed.parses, closed.closed)
    assert ("it does not parse",) == broken.faults


def test_python_is_compiled():
    """The running Python's compiler finds what the grammar lets pass."""
    hole = hole_for(language_named("python"), "", "def f(x):")
    good, bad = conform(hole, "f.py", ["    x = yield\n    await x", "    return x"])

    assert "    return x" == good.text and good.passes
    assert bad.parses and "await" in (bad.complaint or "")


def test_a_hole_far_down_a_long_file_is_judged_in_the_whole_of_it(monkeypatch: pytest.MonkeyPatch):
    """A file too long to be read at every token is no reason to judge its end alone: that begins within a class."""
    monkeypatch.setattr("idiolect.mining.growth.MOST_BYTES", 60)
    file = (
        "class A:\n"
        + "".join(f"    def m{i}(self):\n        return {i}\n\n" for i in range(9))
        + "    def last(self):\n"
    )
    hole = hole_at(language_named("python"), file, file.count("\n") + 1)
    good, bad = conform(hole, "f.py", ["        await self", "        return 1"])

    assert hole.is_judge and not hole.allows("        return )")
    assert ("        return 1", True) == (good.text, good.passes)
    assert f"line {file.count(chr(10)) + 1}: 'await' outside async function" == bad.complaint


def test_a_departure_from_the_style_is_mended():
    """With a profile, the quote that the house uses is put in, and the rest of the file is left alone."""
    python = language_named("python")
    house = [parse_source(f"m{i}.py", b'a = "x"\nb = "y"\nc = "z"\nd = "w"\n', python) for i in range(90)]
    profile = learn_profile([tally_source(source) for source in house])
    (found,) = conform(hole_at(python, 'a = "x"\nd = "w"\n', 2), "n.py", ["b = 'y'"], profile)

    assert 'b = "y"' == found.text
    assert found.repaired and found.passes
