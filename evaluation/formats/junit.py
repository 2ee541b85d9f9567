"""
`--format junit`: one test case a file and rule. In: a report. Out: XML.

Names are the same on every branch, so "newly failed" means something: a case stands for a rule that speaks to a file,
and passes where the file keeps it. What was not asked is skipped, and says why: a file that does not parse whole has a
case of its own for that, and a rule that a file has its own way in is left alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from ...mining.artefacts import sha256_json
from ...mining.source import Source
from ...mining.wording import spelled
from ..findings import Alert, Inspected, Report, has_own_way
from ..fix import fixes_of
from ..syntax import first_error
from . import text

UNPARSED = "does not parse here: nothing is asked there"
OWN_WAY = "most places of this file do otherwise: a way of its own is left alone"
Found = Mapping[str, list[tuple[Alert, bool]]]
"""By rule what was found in a file, and whether `--fix` mends it."""


def render(report: Report) -> str:
    """Return the report as JUnit XML."""
    found: defaultdict[str, defaultdict[str, list[tuple[Alert, bool]]]] = defaultdict(lambda: defaultdict(list))
    for alert, fix in zip(report.alerts, fixes_of(report, report.alerts), strict=True):
        found[alert.finding.path][alert.finding.entry.id].append((alert, bool(fix)))
    name = sha256_json(report.profile.as_json())
    suites = [render_suite(file, found[file.source.path], name) for file in report.files]
    head = f'<testsuites name="idiolect" {count_cases("".join(suites))}>'
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *suites, "</testsuites>"])


def count_cases(text: str) -> str:
    """Return how many cases *text* holds, and what became of them, as attributes."""
    cases, failures, skipped = (text.count(f"<{element} ") for element in ("testcase", "failure", "skipped"))
    return f'tests="{cases}" failures="{failures}" errors="0" skipped="{skipped}"'


def render_suite(file: Inspected, found: Found, profile: str) -> str:
    """Return the suite of one file: a case for each rule that speaks to it, and one where it does not parse whole."""
    path = attribute(file.source.path)
    about = f"classname={path} file={path}"
    broken, own = first_error(file.source), own_ways(file)
    cases = skip_case(f'name="parse" {about} line="{broken}"', UNPARSED) if broken else []
    for rule in sorted({*file.judgement.obeyed, *file.judgement.violated, *found}):
        named = f"name={attribute(rule)} {about}"
        if rule in found:
            cases += fail_case(named, found[rule], file.source)
        else:
            cases += skip_case(named, OWN_WAY) if rule in own else [f"    <testcase {named}/>"]
    head = f"  <testsuite name={path} {count_cases(''.join(cases))}>"
    return "\n".join([head, *properties("    ", {"profile": profile}), *cases, "  </testsuite>"])


def own_ways(file: Inspected) -> set[str]:
    """Return the rules that a file has its own way in, now or before the change."""
    old = {alert.finding.entry.id for alert in file.alerts if alert.state == "old"}
    return {*file.judgement.own_way, *(rule for rule in old if has_own_way(file.judgement, rule))}


def fail_case(about: str, found: Sequence[tuple[Alert, bool]], source: Source) -> list[str]:
    """Return the case that *about* names as one that failed by what was *found*, in lines."""
    first, entry = found[0][0].finding, found[0][0].finding.entry
    said = "\n\n".join(text.describe(alert, source, is_fixable=is_fixable) for alert, is_fixable in found)
    counts = {"k": f"{entry.conforming}", "n": f"{entry.opportunities}", "bound": f"{entry.bound:g}"}
    failure = f"<failure type={attribute(entry.id)} message={attribute(first.message)}>{escape(legal(said))}</failure>"
    evidence = properties("      ", counts) if entry.opportunities else []
    return [f'    <testcase {about} line="{first.line}">', *evidence, f"      {failure}", "    </testcase>"]


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
                   else spelled(c) for c in value)  # fmt: skip
