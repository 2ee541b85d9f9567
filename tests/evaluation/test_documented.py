"""
The pages on the verdict and on the report say what the code does.
"""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from idiolect.evaluation.arms import ARMS
from idiolect.evaluation.policy import Policy
from idiolect.evaluation.verdict import EXIT_CODES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "verdict.md").read_text("utf-8")


def table_rows(heading: str) -> list[list[str]]:
    """Return the cells of the first table under a heading."""
    part = PAGE.partition(f"## {heading}")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in row] for row in rows[2:]]


def test_every_word_with_its_exit_code():
    """The table of words is that of the code."""
    assert {row[0]: int(row[-1]) for row in table_rows("The six words")} == EXIT_CODES


def test_every_policy_key_with_its_default():
    """No key is missing, none is invented, and the defaults are right."""
    written = {row[0]: None if row[1] == "none" else float(row[1]) for row in table_rows("What you may declare")}

    assert written == {field.name: field.default for field in fields(Policy)}


def test_every_arm():
    """The arms of the code, and the rival."""
    assert {row[0] for row in table_rows("What is asked, and of whom")} == {*ARMS, "rival"}


def test_every_option_exists():
    """Options named on the page are options of the commands."""
    from idiolect.commands.evaluate import command as evaluate
    from idiolect.commands.export import command as export
    from idiolect.commands.gate import command as gate
    from idiolect.commands.train import command as train

    known = {option for command in (evaluate, export, gate, train) for param in command.params for option in param.opts}

    assert set(re.findall(r"--[a-z]+", PAGE)) <= known


def test_every_part_of_the_report():
    """The page on the report goes through its parts from top to bottom, by the headings that they have there."""
    told = (ROOT / "docs" / "read-the-report.md").read_text("utf-8")
    report = (ROOT / "evaluation" / "report" / "page.html").read_text("utf-8")
    headings = re.findall(r"<h2>(?:\{% if \w+ %\})?([^<{]+)", report)

    assert len(headings) > 7
    assert headings == [part for part in re.findall(r"\*\*([^*]+?)\.?\*\*", told) if part != "The word at the top"]
