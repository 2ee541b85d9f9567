"""
The style check: what it refuses, and how style is scored before and after what a tool mends for free.
"""

from __future__ import annotations

import subprocess
from dataclasses import replace

import pytest
from idiolect.evaluation.checks.check import Answer
from idiolect.evaluation.checks.style import StyleCheck
from idiolect.evaluation.formatter import find_formatter
from idiolect.mining.conventions import tally_source
from idiolect.mining.languages import language_named
from idiolect.mining.learn import learn_profile
from idiolect.mining.source import Span, parse_source, parse_text

from .toys import HOUSE

PYTHON = language_named("python")
HEAD = "y  =  ['kept']\n\n\ndef find(path=None):\n"
TAIL = "\n\n\nz  =  ['kept']\n"
REFERENCE = '    if path is None:\n        return ["c"]\n    return ["d"]'


@pytest.fixture(name="profile", scope="module")
def fixture_profile():
    """Return a profile with double quotes, and `is None`."""
    files = [(f"app/m{n}.py", HOUSE.replace("{n}", str(n))) for n in range(90)]
    return learn_profile([tally_source(parse_source(path, text.encode(), PYTHON)) for path, text in files])


def answer(code):
    """Return *code* as a body in a file whose other lines are in another style."""
    head = len(HEAD.encode())
    return Answer(
        probe_id="p",
        symbol="find",
        code=code,
        source=parse_text("app/new.py", HEAD + code + TAIL, PYTHON),
        span=Span(head, head + len(code.encode())),
        reference=parse_text("app/new.py", HEAD + REFERENCE + TAIL, PYTHON),
        reference_span=Span(head, head + len(REFERENCE.encode())),
    )


def test_only_the_answers_own_lines_are_scored(profile):
    """Single quotes before and after the body are not the model's."""
    result = StyleCheck(profile).judge([answer(REFERENCE)])[0]

    assert result.ok
    assert result.detail["findings"] == result.detail["mended_findings"] == 0
    assert result.detail["score"] == result.detail["mended_score"]
    assert result.detail["score"] > 0.99
    assert result.detail["lines"] == 3


def test_the_rules_decide_a_score_and_their_support_does_not(profile):
    """Scores under a rule more or less are of another version; a few more lines that keep the rules change nothing."""
    more = replace(profile, entries=tuple(replace(entry, k=entry.k + 1, n=entry.n + 1) for entry in profile.entries))
    fewer = replace(profile, entries=profile.entries[1:])

    assert StyleCheck(profile).settings == StyleCheck(more).settings
    assert StyleCheck(profile).settings != StyleCheck(fewer).settings


def test_what_a_fix_mends_is_told_apart(profile):
    """Quotes and a comparison are mended, so the score rises to the reference's; the answer is refused all the same."""
    bad, good = StyleCheck(profile).judge(
        [answer("    if path == None:\n        return ['c']\n    return ['d']"), answer(REFERENCE)]
    )

    assert bad.ok is False
    assert bad.detail["findings"] == 3
    assert bad.detail["mended_findings"] == 0
    assert bad.detail["score"] < bad.detail["mended_score"] == good.detail["score"]


def test_a_fault_that_no_tool_mends_stays(profile):
    """A name in camel case is a finding before and after."""
    detail = (
        StyleCheck(profile).judge([answer("    def badName():\n        return path\n    return badName")])[0].detail
    )

    assert detail["findings"] == detail["mended_findings"] > 0
    assert detail["score"] == detail["mended_score"] < 1


def test_the_repositorys_formatter_keeps_to_the_answer(tmp_path):
    """Its own settings hold, the lines around stay as they are, and a file that does not parse is left alone."""
    (tmp_path / "pyproject.toml").write_text(
        '[tool.ruff]\nline-length = 30\n[tool.ruff.format]\nquote-style = "single"'
    )
    formatter = find_formatter(tmp_path)
    if formatter is None:
        pytest.skip("ruff is not installed")
    given = answer('    return [  "first", "second", "third" ]')

    source, span = formatter.format_span(given.source, given.span)
    broken = answer("    return (")

    assert source.slice(span) == "    return [\n        'first',\n        'second',\n        'third',\n    ]"
    assert source.text == HEAD + source.slice(span) + TAIL
    assert formatter.format_span(broken.source, broken.span) == (broken.source, broken.span)
    assert subprocess.run([formatter.program, "--version"], capture_output=True).stdout.decode().strip() == (
        formatter.version
    )


def test_no_formatter_without_its_settings(tmp_path):
    """What a repository has not set up is not its own."""
    assert find_formatter(tmp_path) is None
