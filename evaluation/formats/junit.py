"""
`--format junit`: one test case a file and rule. In: a report. Out: XML.

Names are the same on every branch, so "newly failed" means something: a case stands for a rule that speaks to a file,
and passes where the file keeps it.
"""

from __future__ import annotations

from collections import defaultdict
from xml.sax.saxutils import quoteattr

from ..findings import Alert, Inspected, Report
from . import text


def render(report: Report) -> str:
    """Return the report as JUnit XML."""
    alerts: defaultdict[tuple[str, str], list[Alert]] = defaultdict(list)
    for alert in report.alerts:
        alerts[alert.finding.path, alert.finding.entry.id].append(alert)
    suites = [render_suite(file, alerts) for file in report.files]
    cases = sum(len(rules_of(file, alerts)) for file in report.files)
    head = f'<testsuites name="idiolect" tests="{cases}" failures="{len(alerts)}" errors="0">'
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *suites, "</testsuites>"])


def rules_of(file: Inspected, alerts: defaultdict[tuple[str, str], list[Alert]]) -> list[str]:
    """Return the rules that speak to a file, those that were found broken included."""
    known = {*file.judgement.obeyed, *file.judgement.violated}
    return sorted(known | {rule for path, rule in alerts if path == file.source.path})


def render_suite(file: Inspected, alerts: defaultdict[tuple[str, str], list[Alert]]) -> str:
    """Return the suite of one file."""
    path = file.source.path
    rules = rules_of(file, alerts)
    failures = sum((path, rule) in alerts for rule in rules)
    lines = [f'  <testsuite name={attribute(path)} tests="{len(rules)}" failures="{failures}" errors="0">']
    for rule in rules:
        found = alerts.get((path, rule), [])
        place = f"classname={attribute(path)} name={attribute(rule)} file={attribute(path)}"
        if not found:
            lines.append(f"    <testcase {place}/>")
            continue
        said = "\n\n".join(text.describe(alert, file.source) for alert in found)
        message = attribute(found[0].finding.message)
        lines.append(f'    <testcase {place} line="{found[0].finding.line}">')
        lines.append(f"      <failure type={attribute(rule)} message={message}>{escape(said)}</failure>")
        lines.append("    </testcase>")
    return "\n".join([*lines, "  </testsuite>"])


def attribute(value: str) -> str:
    """Return *value* quoted as an attribute."""
    return quoteattr(legal(value), {"\n": "&#10;", "\t": "&#9;"})


def escape(value: str) -> str:
    """Return *value* as text of an element."""
    return legal(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def legal(value: str) -> str:
    """Return *value* with what XML cannot hold spelled out."""
    return "".join(c if c in "\t\n" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff")
                   else f"\\x{ord(c):02x}" for c in value)  # fmt: skip
