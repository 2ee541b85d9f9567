"""
Comments that excuse code. In: a source. Out: the rules that its lines are excused from, each with its reason.

    x = 'a'  # idiolect: ignore[S01] the protocol wants these quotes
    # idiolect: ignore-file[D01, N01] generated from the interface

A comment on a line of its own excuses the line after it, and where that is another one what that one excuses. One
without a reason excuses nothing: whoever reads the code next should learn why.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..mining.conventions.convention import is_rule
from ..mining.conventions.silences import comment_at
from ..mining.judge import Finding
from ..mining.pages import is_page, scripts_in
from ..mining.source import Source
from .names.existence import RULE as NAMES

SIGN = b"idiolect:"
"""What every excuse holds."""
MARK = re.compile(rb"idiolect:[ \t]*ignore(-file)?\b(?:\[((?:[^][\n]|\[[^][\n]*\])*)\])?[ \t]*([^\n]*)")
NEARLY = re.compile(
    rb"\bidiolect[ \t]*[:-]?[ \t]*(?:ignore|disable|skip|allow|noqa)[a-z-]*[ \t]*:?[ \t]*[\[(]?[a-z]\d\d\b", re.I
)
"""What names a rule and is meant for an excuse; where it is not written as one, it is none."""
RULE = re.compile(r"(?:[^][,]|\[[^]]*\])+")
"""What stands between commas; a key in brackets may hold one."""
ENDS = "*/->#} \t\r"
"""What may close a comment after its reason."""
MARKUP = re.compile(rb"<!--.*?-->|/\*.*?\*/", re.DOTALL)
"""A comment of HTML, or of styles."""
CLOSED = re.compile(r"(?:\]=*\]|=#)$")
"""What closes one in Lua or Julia."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """
    One comment that excuses some code.
    """

    line: int
    """Where the comment stands."""
    target: int
    """The line that it excuses; 0 for the whole file."""
    last: int
    """The last line that it excuses: what a comment of several lines says further down may be a finding, too."""
    rules: tuple[str, ...]
    """Rule ids, such as `S01` or `I01[numpy]`, or conventions without their key; `*` for all; none excuses nothing."""
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Claim that *finding* is excused, were there a reason."""
        return self.covers_place(finding.entry.id, finding.line)

    def covers_place(self, rule: str, line: int) -> bool:
        """Claim that what *rule* asks in *line* is excused, were there a reason."""
        names = {"*", rule, rule.partition("[")[0]}
        is_here = self.target == 0 or self.target <= line <= self.last
        return is_here and not names.isdisjoint(self.rules)


def collect_suppressions(source: Source) -> list[Suppression]:
    """Return the excuses of *source*, in order; what looks like one inside of a string is none."""
    found: list[Suppression] = []
    for match in MARK.finditer(source.utf8) if SIGN in source.utf8 else ():
        span = span_at(source, match.start())
        if span is None:
            continue
        line = source.line_of(match.start())
        before, after, below = surroundings(source, *span)
        # JSX has comments in braces alone
        stands_alone = (before, after) in ((b"", b""), (b"{", b"}"))
        target = 0 if match[1] else line + stands_alone
        last = max(target, below - (not stands_alone)) if not before or stands_alone else target
        named = (match[2] or b"").decode("utf-8", "replace")
        rules = tuple(rule.strip() for rule in RULE.findall(named) if rule.strip())
        said = source.utf8[match.start(3) : min(match.end(3), span[1])].decode("utf-8", "replace").strip()
        reason = CLOSED.sub("", said).rstrip(ENDS)
        found.append(Suppression(line, target, last, rules, reason))
    return chain(found)


def span_at(source: Source, byte: int) -> tuple[int, int] | None:
    """Return where the comment stands that holds *byte*, in code or in the markup of a page; None where none does."""
    node = comment_at(source, byte)
    if node is not None:
        return node.byte_range
    if not is_page(source.path) or any(start <= byte < end for start, end in scripts_in(source.path, source.utf8)):
        return None
    return next((span for found in MARKUP.finditer(source.utf8) if (span := found.span())[0] <= byte < span[1]), None)


def surroundings(source: Source, start: int, end: int) -> tuple[bytes, bytes, int]:
    """Return what stands before a comment on its first line and behind it on its last, and the line below."""
    # some grammars take the line end into a comment
    end = start + len(source.utf8[start:end].rstrip())
    first, last = source.line_of(start), source.line_of(max(end - 1, start))
    below = [*source.line_starts[last : last + 1], len(source.utf8)]
    before = source.utf8[source.line_starts[first - 1] : start]
    return before.strip(), source.utf8[end : below[0]].strip(), last + 1


def collect_misspelt(source: Source) -> list[tuple[int, str]]:
    """Return (line, complaint) for every comment that is meant for an excuse and not written as one."""
    if b"idiolect" not in source.utf8.lower():
        return []
    starts = [match.start() for match in NEARLY.finditer(source.utf8) if not MARK.match(source.utf8, match.start())]
    remark = "this is not how a place is excused: write `idiolect: ignore[RULE]` and a reason"
    return [(source.line_of(start), remark) for start in starts if span_at(source, start) is not None]


def chain(found: Sequence[Suppression]) -> list[Suppression]:
    """Return *found*, of which those on lines of their own excuse what the comment right below them excuses, too."""
    chained: list[Suppression] = []
    for each in reversed(found):
        below = chained[-1] if chained else None
        stands_above = each.target > each.line and below is not None and each.target <= below.line <= each.last
        chained.append(replace(each, last=below.last) if below is not None and stands_above else each)
    return chained[::-1]


def excuse_for(finding: Finding, suppressions: Sequence[Suppression]) -> Suppression | None:
    """Return what excuses *finding*: a comment that names its rule, covers its line and gives a reason."""
    return next((each for each in suppressions if each.reason and each.covers(finding)), None)


def remark_on(excuse: Suppression, findings: Sequence[Finding]) -> str:
    """
    Return what is wrong with a comment that excuses nothing of *findings*, or names what is no rule; else nothing.

    Names are another matter: whether one exists is not asked in every run, and not alike on every machine.
    """
    if not excuse.rules:
        return "ignore names no rule and excuses nothing: write ignore[RULE] and a reason"
    ignore = f"ignore[{', '.join(excuse.rules)}]"
    if not excuse.reason:
        return f"{ignore} gives no reason and excuses nothing: write why after the bracket"
    if unknown := [rule for rule in excuse.rules if rule != "*" and not is_rule(rule)]:
        is_known = len(unknown) < len(excuse.rules)
        return (
            f"{ignore} names what is no rule: {', '.join(unknown)}"
            if is_known
            else f"{ignore} excuses nothing: there is no such rule"
        )
    is_of_names = any(rule.partition("[")[0] == NAMES for rule in excuse.rules)
    is_used = is_of_names or any(excuse.covers(finding) for finding in findings)
    return "" if is_used else f"{ignore} excuses nothing any more: take it out"
