"""
`--format json`: schema `idiolect.findings/1`. In: a report. Out: one JSON object.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import Any

from ...mining.conventions.convention import conventions_by_id
from ...mining.profile import Finding
from ..findings import Report

SCHEMA = "idiolect.findings/1"


def render(report: Report) -> str:
    """Return the report as JSON with sorted keys; lines and columns count from 1, columns in code points."""
    profile = {"entries": len(report.profile.entries), "files": report.profile.files}
    return json.dumps(
        {
            "schema": SCHEMA,
            "profile": profile,
            "findings": [as_row(finding) for finding in report.findings],
            "summary": {
                "files": report.files,
                "governed": report.governed,
                "opportunities": report.opportunities,
                "by_rule": dict(sorted(Counter(finding.entry.id for finding in report.findings).items())),
            },
        },
        indent=1,
        sort_keys=True,
    )


def as_row(finding: Finding) -> dict[str, Any]:
    """Return one finding as plain data."""
    entry = finding.entry
    convention = conventions_by_id()[entry.convention]
    return {
        "rule": entry.id,
        "name": convention.name,
        "path": finding.path,
        "line": finding.line,
        "column": finding.column,
        "end_column": finding.end_column,
        "tier": entry.tier,
        "message": finding.message,
        "evidence": {
            "k": entry.k,
            "n": entry.n,
            "lower_bound": entry.bound,
            "exemplars": [asdict(exemplar) for exemplar in entry.exemplars],
        },
        "fixable": convention.is_fixable,
    }
