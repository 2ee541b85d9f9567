"""
`--format markdown`: a job's summary or a comment. In: a report. Out: a table of every finding, cut to what is shown.
"""

from __future__ import annotations

from ..findings import Report
from . import text

LARGEST = 900_000
"""Bytes: a larger summary than a megabyte is dropped by GitHub without a word in the page."""


def render(report: Report) -> str:
    """Return the summary line and the table."""
    lines = ["### idiolect", "", text.summarize(report), ""]
    if report.alerts:
        lines += ["| where | rule | tier | what | evidence |", "| --- | --- | --- | --- | --- |"]
    size = sum(len(line.encode()) + 1 for line in lines)
    for number, alert in enumerate(report.alerts):
        finding, entry = alert.finding, alert.finding.entry
        evidence = f"{entry.conforming:,} of {entry.opportunities:,}" if entry.opportunities else ""
        cells = [f"`{plain(finding.path)}:{finding.line}`", entry.id, entry.tier, cell(finding.message), evidence]
        row = f"| {' | '.join(cells)} |"
        size += len(row.encode()) + 1
        if size > LARGEST:
            lines += ["", f"{len(report.alerts) - number} more are left out here."]
            break
        lines.append(row)
    return "\n".join([*lines, *(f"\n{cell(note)}" for note in report.notes)])


def plain(value: str) -> str:
    """Return *value* so that it can stand between backticks in a table."""
    return "".join(f"\\x{ord(c):02x}" if c in "|`" else c for c in text.printable(value))


def cell(value: str) -> str:
    """Return *value* so that it can stand in a table and be no markup."""
    return "".join(f"&#{ord(c)};" if c in "|<>[]!@" else c for c in text.printable(value))
