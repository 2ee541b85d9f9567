"""
Documentation strings: one of one line of text is asked once, and one of a module is asked for its quotes.
"""

from __future__ import annotations

import pytest
from idiolect.mining.judge import judge_source

from .houses import learn, parse

APART, TOGETHER = '"""\n    {}\n    """', '"""{}"""'
SEVERAL = '"""\n    {}\n\n    More of it.\n    """'


def rows(house: str, new: str) -> list[str]:
    """Return which rows about docstrings find something in *new*, where a house writes *house*, and on which line."""
    files = {f"app/m{n}.py": "\n\n".join(f"def f{n}{m}():\n    {house}\n" for m in range(6)) for n in range(20)}
    findings = judge_source(parse("app/new.py", f"def f():\n    {new}\n"), learn(files)).findings
    return [f"{each.entry.id}:{each.line}" for each in findings if each.entry.convention in ("D05", "D12")]


@pytest.mark.parametrize(
    ("house", "new", "found"),
    [
        pytest.param(APART.format("Do it."), TOGETHER.format("Do that."), ["D12[function]:2"], id="together"),
        pytest.param(TOGETHER.format("Do it."), APART.format("Do that."), ["D12[function]:2"], id="apart"),
        pytest.param(TOGETHER.format("Do it."), APART.format("Do that. " * 9), [], id="apart, too long for one line"),
        pytest.param(TOGETHER.format("Do it."), SEVERAL.format("Do that."), [], id="several lines are no one's habit"),
        pytest.param(SEVERAL.format("Do it."), TOGETHER.format("Do that."), [], id="one line is no one's habit"),
        pytest.param(SEVERAL.format("Do it."), '"""Do that.\n\n    More.\n    """', ["D05[summary]:2"], id="summary"),
    ],
)
def test_one_line_of_text_and_several_are_asked_apart(house: str, new: str, found: list[str]):
    """One slip is told once."""
    assert found == rows(house, new)


def test_classes_may_be_documented_otherwise_than_functions():
    """What functions do is no habit for classes."""
    house = f"class A:\n    {APART.format('What is.')}\n\n    def f():\n        {TOGETHER.format('Do it.')}\n"
    files = {f"app/m{n}.py": "\n\n".join([house] * 3) for n in range(20)}
    new = f"class A:\n    {TOGETHER.format('What is.')}\n\n    def f():\n        {TOGETHER.format('Do it.')}\n"
    findings = judge_source(parse("app/new.py", new), learn(files)).findings

    assert [("D12[class]", 2)] == [(each.entry.id, each.line) for each in findings]


@pytest.mark.parametrize("opening", ["", "# a comment\n", "#!/usr/bin/env python\n"])
def test_the_quotes_of_a_module_s_documentation_are_asked_for(opening: str):
    """A module's string is asked like those of what stands in it."""
    files = {f"app/m{n}.py": f"'''Do {n}.'''\n\nfrom app import a\n" for n in range(40)}
    findings = judge_source(parse("app/new.py", f'{opening}"""Do."""\n\nimport a\n'), learn(files)).findings

    assert [opening.count("\n") + 1] == [each.line for each in findings if each.entry.convention == "D09"]
