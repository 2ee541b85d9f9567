"""
`--format junit`: one test case a file and rule. In: a report. Out: XML.

Names are the same on every branch, so "newly failed" means something: a case stands for a rule that speaks to a file,
and passes where the file keeps it. What was not asked is skipped, and says why: a file that does not parse whole has a
case of its own for that, and a rule that a file has its own way in is left alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

from ...mining.artefacts import sha256_json
from ..findings import Alert, Inspected, Report, has_own_way
from ..fix import fixes_of
from ..syntax import first_error
from . import text

UNPARSED = "does not parse here: nothing is asked there"
OWN_WAY = "most places of this file do otherwise: a way of its own is left alone"
Alerts = defaultdict[tuple[str, str], list[tuple[Alert, bool]]]
"""By path and rule what was found, and whether `--fix` mends it."""


def render(report: Report) -> str:
    """Return the report as JUnit XML."""
    alerts: Alerts = defaultdict(list)
    for alert, fix in zip(report.alerts, fixes_of(report, report.alerts), strict=True):
        alerts[alert.finding.path, alert.finding.entry.id].append((alert, bool(fix)))
    broken = {file.source.path: line for file in report.files if (line := first_error(file.source))}
    cases = sum(len(rules_of(file, alerts)) for file in report.files) + len(broken)
    skipped = sum(len(left_alone(file, alerts)) for file in report.files) + len(broken)
    head = f'<testsuites name="idiolect" tests="{cases}" failures="{len(alerts)}" errors="0" skipped="{skipped}">'
    name = sha256_json(report.profile.as_json())
    suites = [render_suite(file, alerts, broken.get(file.source.path, 0), name) for file in report.files]
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *suites, "</testsuites>"])


def rules_of(file: Inspected, alerts: Alerts) -> list[str]:
    """Return the rules that speak to a file, those that were found broken included."""
    known = {*file.judgement.obeyed, *file.judgement.violated}
    return sorted(known | {rule for path, rule in alerts if path == file.source.path})


def left_alone(file: Inspected, alerts: Alerts) -> set[str]:
    """Return the rules that a file has its own way in, now or before the change, and that nothing is told of."""
    old = {alert.finding.entry.id for alert in file.alerts if alert.state == "old"}
    own = {*file.judgement.own_way, *(rule for rule in old if has_own_way(file.judgement, rule))}
    return {rule for rule in own if (file.source.path, rule) not in alerts}


def render_suite(file: Inspected, alerts: Alerts, broken: int, profile: str) -> str:
    """Return the suite of one file, with a skipped case where it is *broken* from that line on."""
    path = file.source.path
    rules, alone = rules_of(file, alerts), left_alone(file, alerts)
    failures, skipped = sum((path, rule) in alerts for rule in rules), len(alone) + bool(broken)
    counts = f'tests="{len(rules) + bool(broken)}" failures="{failures}" errors="0" skipped="{skipped}"'
    lines = [f"  <testsuite name={attribute(path)} {counts}>", *properties("    ", {"profile": profile})]
    about = f"classname={attribute(path)} file={attribute(path)}"
    if broken:
        lines += skip_case(f'name="parse" {about} line="{broken}"', UNPARSED)
    for rule in rules:
        if rule in alone:
            lines += skip_case(f"name={attribute(rule)} {about}", OWN_WAY)
            continue
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
            f"      <failure type={attribute(rule)} message={attribute(first.message)}>{escape(legal(said))}</failure>"
        )
        lines.append("    </testcase>")
    return "\n".join([*lines, "  </testsuite>"])


def skip_case(about: str, reason: str) -> list[str]:
    """Return the case that *about* names as one that was skipped, in lines."""
    return [f"    <testcase {about}>", f"      <skipped message={attribute(reason)}/>", "    </testcase>"]


def properties(margin: str, values: Mapping[str, str]) -> list[str]:
    """Return *values* as an element, in lines."""
    rows = [f"{margin}  <property name={attribute(name)} value={attribute(value)}/>" for name, value in values.items()]
    return [f"{margin}<properties>", *rows, f"{margin}</properties>"]


def attribute(value: str) -> str:
    """Return *value* quoted as an attribute."""
    return quoteattr(legal(value), {"\n": "&#10;", "\t": "&#9;"})


def legal(value: str) -> str:
    """Return *value* with what XML cannot hold spelled out."""
    return "".join(c if c in "\t\n" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff")
                   else f"\\x{ord(c):02x}" for c in value)  # fmt: skip
