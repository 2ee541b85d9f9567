"""
`--format junit`: one test case a file and rule. In: a report. Out: XML.

Names are the same on every branch, so "newly failed" means something: a case stands for a rule that speaks to a file,
and passes where the file keeps it; a file that does not parse whole has an error of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from xml.sax.saxutils import quoteattr

from ...mining.artefacts import sha256_json
from ..findings import Alert, Inspected, Report
from ..fix import fixes_of
from ..syntax import first_error
from . import text

Alerts = defaultdict[tuple[str, str], list[tuple[Alert, bool]]]
"""By path and rule what was found, and whether `--fix` mends it."""


def render(report: Report) -> str:
    """Return the report as JUnit XML."""
    alerts: Alerts = defaultdict(list)
    for alert, fix in zip(report.alerts, fixes_of(report, report.alerts), strict=True):
        alerts[alert.finding.path, alert.finding.entry.id].append((alert, bool(fix)))
    errors = {file.source.path: line for file in report.files if (line := first_error(file.source))}
    cases = sum(len(rules_of(file, alerts)) for file in report.files) + len(errors)
    head = f'<testsuites name="idiolect" tests="{cases}" failures="{len(alerts)}" errors="{len(errors)}">'
    name = sha256_json(report.profile.as_json())
    suites = [render_suite(file, alerts, errors.get(file.source.path, 0), name) for file in report.files]
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *suites, "</testsuites>"])


def rules_of(file: Inspected, alerts: Alerts) -> list[str]:
    """Return the rules that speak to a file, those that were found broken included."""
    known = {*file.judgement.obeyed, *file.judgement.violated}
    return sorted(known | {rule for path, rule in alerts if path == file.source.path})


def render_suite(file: Inspected, alerts: Alerts, error: int, profile: str) -> str:
    """Return the suite of one file, with an error where it does not parse from the line *error* on."""
    path = file.source.path
    rules = rules_of(file, alerts)
    failures = sum((path, rule) in alerts for rule in rules)
    counts = f'tests="{len(rules) + bool(error)}" failures="{failures}" errors="{int(bool(error))}"'
    lines = [f"  <testsuite name={attribute(path)} {counts}>", *properties("    ", {"profile": profile})]
    about = f"classname={attribute(path)} file={attribute(path)}"
    if error:
        lines.append(f'    <testcase name="parse" {about} line="{error}">')
        lines.append('      <error type="parse" message="does not parse here: nothing is asked there"/>')
        lines.append("    </testcase>")
    for rule in rules:
        found = alerts.get((path, rule), [])
        if not found:
            lines.append(f"    <testcase name={attribute(rule)} {about}/>")
            continue
        first, entry = found[0][0].finding, found[0][0].finding.entry
        said = "\n\n".join(text.describe(alert, file.source, is_fixable=is_fixable) for alert, is_fixable in found)
        lines.append(f'    <testcase name={attribute(rule)} {about} line="{first.line}">')
        if entry.opportunities:
            counts = {"k": f"{entry.conforming}", "n": f"{entry.opportunities}"}
            lines += properties("      ", {**counts, "bound": f"{entry.bound:g}"})
        lines.append(
            f"      <failure type={attribute(rule)} message={attribute(first.message)}>{escape(said)}</failure>"
        )
        lines.append("    </testcase>")
    return "\n".join([*lines, "  </testsuite>"])


def properties(margin: str, values: Mapping[str, str]) -> list[str]:
    """Return *values* as an element, in lines."""
    rows = [f"{margin}  <property name={attribute(name)} value={attribute(value)}/>" for name, value in values.items()]
    return [f"{margin}<properties>", *rows, f"{margin}</properties>"]


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
