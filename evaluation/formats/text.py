"""
`--format text`: for a person. In: a report. Out: the place, the rule, the evidence, an example to follow.
"""

from __future__ import annotations

from collections import Counter

from ...mining.profile import Finding
from ..findings import Report


def render(report: Report) -> str:
    """Return the findings, and one line that counts them beside what was asked."""
    parts = [describe(finding) for finding in report.findings]
    return "\n\n".join([*parts, summarize(report)])


def describe(finding: Finding) -> str:
    """Return one finding."""
    entry = finding.entry
    lines = [f"{finding.path}:{finding.line}:{finding.column}: {entry.id} [{entry.tier}] {finding.message}"]
    example = f", e.g. {entry.exemplars[0].path}:{entry.exemplars[0].line}" if entry.exemplars else ""
    where = "" if entry.scope == "repository" else f" in {entry.scope.partition(':')[2]}"
    lines.append(f"    {entry.k:.0f} of {entry.n:.0f}{where} do otherwise{example}")
    if entry.exemplars and entry.exemplars[0].text:
        lines.append(f"    {printable(entry.exemplars[0].text)}")
    if entry.reason:
        lines.append(f"    {printable(entry.reason)}")
    return "\n".join(lines)


def summarize(report: Report) -> str:
    """Return the count of findings, with the share of places that the profile speaks to."""
    share = f"{report.governed / report.opportunities:.0%}" if report.opportunities else "none"
    counts = Counter(finding.entry.tier for finding in report.findings)
    found = ", ".join(f"{counts[tier]} {tier}" for tier in ("gate", "advise", "hint") if counts[tier]) or "no findings"
    asked = f"{report.files} files, {report.governed:,} of {report.opportunities:,} places governed ({share})"
    return f"{found}; {asked}"


def printable(text: str) -> str:
    """Return *text* with control characters spelled out: checked code must not drive the terminal."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
