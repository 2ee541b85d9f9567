"""
`--format rdjson`: reviewdog's diagnostics. In: a report. Out: one JSON object, with suggestions where a fix is known.
"""

from __future__ import annotations

import json
from typing import Any

from ...mining.conventions.convention import Edit
from ...mining.source import Source
from ..findings import Alert, Report
from ..fix import fixes_of

SEVERITIES = {"gate": "ERROR", "advise": "WARNING", "hint": "INFO"}
SOURCE = {"name": "idiolect", "url": ""}


def render(report: Report) -> str:
    """Return the report as reviewdog reads it."""
    diagnostics = [
        as_diagnostic(alert, report.sources[alert.key.path], fix)
        for alert, fix in zip(report.alerts, fixes_of(report, report.alerts), strict=True)
    ]
    return json.dumps({"source": SOURCE, "diagnostics": diagnostics}, indent=1, ensure_ascii=False)


def as_diagnostic(alert: Alert, source: Source, fix: tuple[Edit, ...]) -> dict[str, Any]:
    """Return one finding, and what mends it."""
    finding = alert.finding
    row = {
        "message": finding.message,
        "location": {"path": finding.path, "range": range_of(source, finding.start, finding.end)},
        "severity": SEVERITIES[finding.entry.tier],
        "code": {"value": finding.entry.id, "url": ""},
    }
    suggestions = [{"range": range_of(source, edit.start, edit.end), "text": edit.text} for edit in fix]
    return {**row, "suggestions": suggestions} if fix else row


def range_of(source: Source, start: int, end: int) -> dict[str, dict[str, int]]:
    """Return a byte range as reviewdog counts: lines from 1, columns from 1 in bytes of UTF-8."""
    return {"start": position(source, start), "end": position(source, end)}


def position(source: Source, byte: int) -> dict[str, int]:
    """Return one place."""
    line = source.line_of(byte)
    return {"line": line, "column": byte - source.line_starts[line - 1] + 1}
