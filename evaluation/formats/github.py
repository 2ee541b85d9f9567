"""
`--format github`: workflow commands. In: a report. Out: one annotation a file and rule, and text for the log.

GitHub shows ten errors and ten warnings a step and drops the rest without a word, so there are never more, the firmest
first, and the last line says how many there are. What a repository wrote stands between stop-commands marks.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict

from ...mining.wording import printable
from ..findings import Alert, Report
from . import text

SAYS_NOTES = True
LEVELS = {"gate": "error", "advise": "warning", "hint": "notice"}
MOST = 10
"""Annotations of a level that GitHub shows for a step."""


def render(report: Report) -> str:
    """Return the report for a person, kept from being read as commands, then the annotations."""
    body = text.render(report)
    # whoever writes the checked code cannot know the mark that ends the pause
    mark = hashlib.blake2b(body.encode(), digest_size=16).hexdigest()
    return "\n".join([f"::stop-commands::{mark}", body, f"::{mark}::", *annotate_all(report)])


def annotate_all(report: Report) -> list[str]:
    """Return the commands, one a file and rule, at most ten a level, and how many are left out."""
    groups: defaultdict[tuple[str, str], list[Alert]] = defaultdict(list)
    for alert in report.alerts:
        groups[alert.finding.path, alert.finding.entry.id].append(alert)
    lines: list[str] = []
    left = 0
    for tier, level in LEVELS.items():
        ranked = [group for group in groups.values() if group[0].finding.entry.tier == tier]
        ranked.sort(key=lambda group: -group[0].finding.entry.bound)
        lines += [annotate(level, group) for group in ranked[:MOST]]
        left += len(ranked[MOST:])
    if left:
        lines.append(f"{left} more, see the log or the job's summary")
    return lines


def annotate(level: str, group: list[Alert]) -> str:
    """Return one command: the first finding of a file and rule, and how many others there are."""
    finding = group[0].finding
    others = f" ({len(group) - 1} more in this file)" if len(group) > 1 else ""
    evidence = f"\n{text.evidence_of(finding.entry)}" if finding.entry.opportunities else ""
    fields = {
        "file": printable(finding.path),
        "line": finding.line,
        "endLine": finding.line,
        "col": finding.column,
        "endColumn": finding.end_column,
        "title": f"{finding.entry.id} {finding.entry.tier}",
    }
    where = ",".join(f"{name}={escape_property(str(value))}" for name, value in fields.items())
    return f"::{level} {where}::{escape(f'{finding.message}{others}{evidence}')}"


def escape(value: str) -> str:
    """Return *value* as the data of a command."""
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(value: str) -> str:
    """Return *value* as a property of a command."""
    return escape(value).replace(":", "%3A").replace(",", "%2C")
