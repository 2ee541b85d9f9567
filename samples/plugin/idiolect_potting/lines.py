"""
`--format lines`: findings as compilers write them, for an editor to jump to. In: a report. Out: a line each.
"""

from __future__ import annotations

from idiolect.evaluation.findings import Report
from idiolect.mining.wording import printable


def render(report: Report) -> str:
    """Return the place, the rule and what is wrong; what the checked code's authors chose drives no terminal."""
    found = (alert.finding for alert in report.alerts)
    return "\n".join(printable(f"{f.path}:{f.line}:{f.column}: {f.entry.id} {f.message}") for f in found)
