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
from ..fix import find_fix

SAYS_NOTES = True
SCHEMA = "idiolect.findings/1"


def render(report: Report) -> str:
    """Return the report as JSON with sorted keys; lines and columns count from 1, columns in code points."""
    states = Counter(alert.state for alert in report.excused)
    return json.dumps(
        {
            "schema": SCHEMA,
            "profile": {"entries": len(report.profile.entries), "files": report.profile.files},
            "findings": [as_row(alert, report) for alert in report.alerts],
            "summary": {
                "files": len(report.files),
                "governed": report.governed,
                "opportunities": report.opportunities,
                "by_rule": dict(sorted(Counter(alert.finding.entry.id for alert in report.alerts).items())),
                "accepted": states["accepted"],
                "suppressed": states["suppressed"],
                "paid": report.paid,
                "notes": list(report.notes),
            },
        },
        indent=1,
        sort_keys=True,
    )


def as_row(alert: Alert, report: Report) -> dict[str, Any]:
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
        "key": {"scope": alert.key.scope, "snippet": alert.key.snippet},
        "evidence": {
            "k": entry.conforming,
            "n": entry.opportunities,
            "lower_bound": entry.bound,
            "exemplars": [asdict(exemplar) for exemplar in finding.exemplars],
        },
        "fixable": bool(find_fix(report.sources[finding.path], finding)),
    }
