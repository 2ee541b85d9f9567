"""
`--format gitlab`: a Code Quality report. In: a report. Out: a JSON array, each fingerprint once.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter

from ..findings import Report
from ..identity import Key

SEVERITIES = {"gate": "major", "advise": "minor", "hint": "info"}


def render(report: Report) -> str:
    """Return the report as GitLab reads it; the rule stands in the description, because only that is shown."""
    seen: Counter[Key] = Counter()
    rows: list[dict[str, object]] = []
    for alert in report.alerts:
        finding, entry = alert.finding, alert.finding.entry
        seen[alert.key] += 1
        identity = "\0".join([*alert.key, str(seen[alert.key])])
        rows.append(
            {
                "description": f"{entry.id}: {finding.message}",
                "check_name": entry.id,
                "fingerprint": hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest(),
                "severity": SEVERITIES[entry.tier],
                "location": {"path": finding.path, "lines": {"begin": finding.line}},
            }
        )
    return json.dumps(rows, indent=1, ensure_ascii=False)
