"""
`--format text`: for a person. In: a report. Out: the place, the rule, the line with its mark, the evidence, the fix.

What a file does wrong throughout is said once, with the lines of the others: a file is read by someone who wants to
know what is the matter with it.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence

from ...mining.judge import Finding
from ...mining.profile import Entry
from ...mining.source import Source
from ...mining.tiers import TIERS
from ...mining.wording import counted, printable, without_commands
from ..findings import Alert, Report
from ..fix import fixes_of

SAYS_NOTES = True
MANY = 10
"""Findings that are too many to be read one by one: then a count by rule says where to begin."""
MOST_RULES = 10
"""Rules of that count."""
ALIKE = 3
"""Findings of a file that say the same, of which each is shown; of more the first is, and the lines of the others."""
MOST_LINES = 20
"""Lines that are named then."""
WIDEST = 120
"""Columns of a line that are shown around its mark."""


def render(report: Report) -> str:
    """Return the findings, the remarks on comments that excuse nothing, and what was asked."""
    fixes = fixes_of(report, report.alerts)
    parts = [
        describe(
            report.alerts[first], report.sources[report.alerts[first].key.path], others, is_fixable=bool(fixes[first])
        )
        for first, others in join_alike(report.alerts)
    ]
    parts += ["\n".join(count_rules(report))] if len(report.alerts) > MANY else []
    parts += ["\n".join(map(printable, report.asides))] if report.asides else []
    return without_commands("\n\n".join([*parts, summarize(report)]))


def join_alike(alerts: Sequence[Alert]) -> list[tuple[int, list[Finding]]]:
    """Return the places in *alerts* of those that are shown, with the others of the file that say the same."""
    groups: defaultdict[tuple[str, str, str], list[int]] = defaultdict(list)
    for place, alert in enumerate(alerts):
        finding = alert.finding
        groups[finding.path, finding.entry.id, finding.message].append(place)
    shown = [(group[0], group[1:]) for group in groups.values() if len(group) > ALIKE]
    shown += [(place, []) for group in groups.values() if len(group) <= ALIKE for place in group]
    return sorted((first, [alerts[place].finding for place in rest]) for first, rest in shown)


def describe(alert: Alert, source: Source, others: Sequence[Finding] = (), *, is_fixable: bool) -> str:
    """Return one finding, with the lines of *others* that say the same, and a word of `--fix` where that mends it."""
    finding, entry = alert.finding, alert.finding.entry
    where = f"{finding.path}:{finding.line}:{finding.column}"
    lines = [printable(f"{where}: {entry.id} [{entry.tier}] {finding.message}")]
    lines += show_line(source, finding.line, finding.column, finding.end_column)
    said = [name_lines(others)] if others else []
    said += [evidence_of(entry)] if entry.opportunities else []
    exemplar = finding.exemplars[0] if finding.exemplars else None
    if exemplar is not None:
        text = f": {exemplar.text}" if exemplar.text else ""
        said.append(printable(f"as in {exemplar.path}:{exemplar.line}{text}"))
    if entry.is_migrating and entry.moving_to and not is_asked_for(entry):
        said.append(f"recent lines move to: {printable(entry.moving_to)}")
    if entry.reason:
        said.append(f"reason: {printable(entry.reason)}")
    if is_fixable:
        said.append("--fix mends this")
    return "\n".join([*lines, *(f"      = {line}" for line in said)])


def name_lines(others: Sequence[Finding]) -> str:
    """Return how many *others* of the file there are, and the lines of the first."""
    lines = list(dict.fromkeys(finding.line for finding in others))
    more = ", …" if len(lines) > MOST_LINES else ""
    where = "line" if len(lines) == 1 else "lines"
    return f"{len(others):,} more like it in this file, in {where} {', '.join(map(str, lines[:MOST_LINES]))}{more}"


def is_asked_for(entry: Entry) -> bool:
    """Claim that settings ask for the rule of *entry*: no weighted count makes one that most places break."""
    return 2 * entry.k < entry.n


def evidence_of(entry: Entry) -> str:
    """Return how many places do as the rule says, and where."""
    counts = f"{entry.conforming:,} of {counted(entry.opportunities, 'place')}"
    where = f" in {entry.where}" if entry.where else ""
    if is_asked_for(entry):
        return f"the settings ask for it; {counts}{where} {'does' if entry.opportunities == 1 else 'do'} so yet"
    # a file full of exceptions, or copied to many places, is no reason to give up a rule of all the others
    weights = " where no file counts for more than ten, and copies of one for one" if entry.is_weighted else ""
    least = f"at least {entry.bound:.1%} at 90% confidence"
    return f"{counts}{where} do otherwise, {least}{weights}"


def show_line(source: Source, line: int, column: int, end_column: int) -> list[str]:
    """Return the line with its number, and a mark under the place, as wide as it is on a terminal."""
    text = source.slice(source.lines_span(line, line))
    cut = max(0, column - WIDEST // 2) if len(text) > WIDEST else 0
    before, marked = text[cut : column - 1], text[column - 1 : min(end_column - 1, cut + WIDEST)]
    margin = "".join("\t" if letter == "\t" else " " * width_of(letter) for letter in before)
    shown = printable(text[cut : cut + WIDEST], "\t")
    return [f"{line:5} | {shown}", f"      | {margin}{'^' * max(1, sum(map(width_of, marked)))}"]


def width_of(letter: str) -> int:
    """Return how many columns a terminal gives *letter*."""
    if not letter.isprintable():
        return len(printable(letter))
    return 0 if unicodedata.combining(letter) else 1 + (unicodedata.east_asian_width(letter) in "WF")


def count_rules(report: Report) -> list[str]:
    """Return how many findings are of which rule: by tier, then by count."""
    counts = Counter(alert.finding.entry.id for alert in report.alerts)
    entries = {alert.finding.entry.id: alert.finding.entry for alert in report.alerts}
    ranked = sorted(entries, key=lambda rule: (TIERS.index(entries[rule].tier), -counts[rule], rule))
    rows = [printable(f"{counts[rule]:7,} {rule} [{entries[rule].tier}]") for rule in ranked[:MOST_RULES]]
    left = len(ranked[MOST_RULES:])
    more = [f"        and {counted(left, 'rule')} more"] if left else []
    return ["by rule, of which `idiolect check --explain RULE` tells more:", *rows, *more]


def summarize(report: Report) -> str:
    """Return the counts of findings, of files read, and of the places that the profile, and its family A, speak to."""
    counts = Counter(alert.finding.entry.tier for alert in report.alerts)
    found = ", ".join(f"{counts[tier]} {tier}" for tier in TIERS if counts[tier]) or "no findings"
    states = Counter(alert.state for alert in report.excused)
    excused = [f"{states['accepted']} in the baseline"] if states["accepted"] else []
    excused += [f"{states['suppressed']} excused by a comment"] if states["suppressed"] else []
    read = f"{len(report.files):,} of " if report.unread else ""
    asked = [read + counted(len(report.files) + report.unread, "file")]
    if places := report.opportunities:
        share = f"{report.governed / places:.0%}"
        asked.append(f"rules cover {report.governed:,} of {counted(places, 'place')} ({share})")
        if (own := report.governed_by_own) is not None:
            asked.append(f"{f'{own:,}' if own else 'none'} of them by how the repository's own API is used")
    look = "entry of the baseline looks" if report.paid == 1 else "entries of the baseline look"
    paid = f"; {report.paid} {look} mended: idiolect baseline prune" if report.paid else ""
    return f"{', '.join([found, *excused])}; {', '.join(asked)}{paid}"
