"""
`--format markdown`: a job's summary or a comment. In: a report. Out: a table of every finding, cut to what is shown.
"""

from __future__ import annotations

import re

from ...mining.wording import printable, spelled
from ..findings import Report
from . import text

SAYS_NOTES = True
LARGEST = 900_000
"""Bytes: a larger summary than a megabyte is dropped by GitHub without a word in the page."""
MARKUP = "`|<>[]!@&\\*_~"
PIPE = re.compile(r"(?<!\\)((?:\\\\)*)\|")
"""A pipe that no backslash escapes, and the backslashes before it."""


def render(report: Report) -> str:
    """Return the summary line and the table."""
    lines = ["### idiolect", "", text.summarize(report), ""]
    if report.alerts:
        lines += ["| where | rule | tier | what | evidence |", "| --- | --- | --- | --- | --- |"]
    size = sum(len(line.encode()) + 1 for line in lines)
    for number, alert in enumerate(report.alerts):
        finding, entry = alert.finding, alert.finding.entry
        evidence = f"{entry.conforming:,} of {entry.opportunities:,}" if entry.opportunities else ""
        where = f"`{plain(finding.path)}:{finding.line}`"
        row = f"| {' | '.join([where, cell(entry.id), entry.tier, cell(finding.message), evidence])} |"
        size += len(row.encode()) + 1
        if size > LARGEST:
            lines += ["", f"{len(report.alerts) - number} more are left out here."]
            break
        lines.append(row)
    return "\n".join([*lines, *(f"\n{cell(note)}" for note in (*report.remarks, *report.notes))])


def plain(value: str) -> str:
    """Return *value* so that it can stand between backticks in a table."""
    return "".join(spelled(c) if c in "|`" else c for c in printable(value))


def cell(value: str) -> str:
    """Return *value* so that it can stand in a table and be no markup, but for code between single backticks."""
    parts = printable(value).split("`")
    if len(parts) % 2 == 0 or "" in parts[1:-1]:
        return literal(printable(value))
    return "`".join(code(part) if place % 2 else literal(part) for place, part in enumerate(parts))


def code(value: str) -> str:
    """Return *value* so that it ends no cell: there nothing else is read, references to characters included."""
    return PIPE.sub(r"\1\\|", value)


def literal(value: str) -> str:
    """Return *value* with a reference in place of each sign that could be markup."""
    return "".join(f"&#{ord(c)};" if c in MARKUP else c for c in value)
