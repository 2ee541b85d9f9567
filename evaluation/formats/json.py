"""
`--format json`: schema `idiolect.findings/1`. In: a report. Out: one JSON object.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import Any

from ...mining.conventions.convention import conventions_by_id
from ..findings import Alert, Report
from ..fix import fixes_of

SAYS_NOTES = True
SCHEMA = "idiolect.findings/1"


def render(report: Report) -> str:
    """Return the report as JSON with sorted keys; lines and columns count from 1, columns in code points."""
    fixes = fixes_of(report, report.alerts)
    rows = [as_row(alert, is_fixable=bool(fix)) for alert, fix in zip(report.alerts, fixes, strict=True)]
    states = Counter(alert.state for alert in report.excused)
    return json.dumps(
        {
            "schema": SCHEMA,
            "profile": {"entries": len(report.profile.entries), "files": report.profile.files},
            "findings": rows,
            "summary": {
                "files": len(report.files),
                "unread": report.unread,
                "governed": report.governed,
                "opportunities": report.opportunities,
                "by_rule": dict(sorted(Counter(alert.finding.entry.id for alert in report.alerts).items())),
                "accepted": states["accepted"],
                "suppressed": states["suppressed"],
                "paid": report.paid,
                "notes": [*report.remarks, *report.notes],
            },
        },
        indent=1,
        sort_keys=True,
    )


def as_row(alert: Alert, *, is_fixable: bool) -> dict[str, Any]:
    """Return one finding as plain data."""
    finding, entry = alert.finding, alert.finding.entry
    return {
        "rule": entry.id,
        "name": conventions_by_id()[entry.convention].name,
        "path": finding.path,
        "line": finding.line,
        "column": finding.column,
        "end_column": finding.end_column,
        "tier": entry.tier,
        "message": finding.message,
        "reason": entry.reason,
        "key": {"scope": alert.key.scope, "snippet": alert.key.snippet},
        "evidence": {
            "k": entry.conforming,
            "n": entry.opportunities,
            "lower_bound": entry.bound,
            "scope": entry.scope,
            "exemplars": [asdict(exemplar) for exemplar in finding.exemplars],
        },
        "fixable": is_fixable,
    }
