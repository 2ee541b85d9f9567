"""
The best of several answers. In: candidates for one hole. Out: `Conformed`s, best first, with what is wrong with each.

Parsing weighs most, then the language's own compiler or checker, then what the profile finds. A candidate is repaired
only where that is safe: lines that break off are cut until the file parses, and where that would leave none, what they
open is closed; departures from the house's style are mended by the fixes that change nothing of what the code does.
Nothing is run here; a checker runs in the sandbox.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ..mining.growth import Growth
from ..mining.judge import Finding, judge_source
from ..mining.profile import Profile
from ..mining.source import Source, Span, parse_text
from ..mining.tiers import ENFORCED
from .checks.compile import compile_texts
from .fix import fix_source
from .language_check import run_checker


@dataclass(frozen=True, slots=True)
class Conformed:
    """
    One candidate and what is wrong with it.
    """

    text: str
    """What goes into the hole."""
    origin: int
    """Which of the candidates it was."""
    parses: bool
    complaint: str | None
    """What the compiler or the language's own checker says against the file; None where it says nothing."""
    findings: tuple[str, ...] = ()
    """What departs from the house's style, by rule and line."""
    repaired: bool = False
    unasked: str = ""
    """Why the language's own checker could not be asked; empty where it was, or there is none."""
    closed: bool = False
    """Whether it broke off within its first statement, and what that left open was closed behind it."""

    @property
    def passes(self) -> bool:
        """Whether nothing is wrong with it."""
        return bool(self.text.strip()) and self.parses and self.complaint is None and not self.findings

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong with it, each in a few words."""
        broken = () if self.parses else ("it does not parse",)
        return (*broken, *([self.complaint] if self.complaint else ()), *self.findings)

    @property
    def rank(self) -> tuple[bool, bool, bool, bool, int, bool, int]:
        """What is sorted by: the least is the best; of equals, what needed no repair, then the first."""
        empty = not self.text.strip()
        broken = empty, not self.parses, self.closed
        return *broken, self.complaint is not None, len(self.findings), self.repaired, self.origin


def conform(
    hole: Growth,
    path: str,
    candidates: Sequence[str],
    profile: Profile | None = None,
    cut: Callable[[str], str] = str.rstrip,
) -> list[Conformed]:
    """
    Return *candidates* for *hole* of the file *path*, judged, repaired where that is safe, best first.

    *cut* takes what the answer is out of a raw text. Equal candidates are judged once.
    """
    judged: dict[str, Conformed] = {}
    for origin, raw in enumerate(candidates):
        text = cut(raw)
        if text not in judged:
            judged[text] = judge_candidate(hole, path, text, origin, profile)
    return sorted(judged.values(), key=lambda found: found.rank)


def judge_candidate(hole: Growth, path: str, text: str, origin: int, profile: Profile | None) -> Conformed:
    """Return what is wrong with one candidate, after the repairs that are safe."""
    cut = text if hole.completes(text) else hole.cut_to_whole(text)
    whole = cut if cut.strip() else hole.close_to_whole(text)
    if not whole.strip():
        return Conformed(text, origin, parses=False, complaint=None)
    found = Conformed(whole, origin, parses=True, complaint=None, repaired=whole != text, closed=whole != cut)
    source = parse_text(path, hole.before + whole + hole.after, hole.language)
    findings = style_findings(source, whole, hole, profile)
    if findings and profile is not None:
        mended = fix_source(source, findings, profile).decode("utf-8")
        if mended != source.text and mended.startswith(hole.before) and mended.endswith(hole.after):
            whole = mended[len(hole.before) : len(mended) - len(hole.after)]
            source = parse_text(path, mended, hole.language)
            findings = style_findings(source, whole, hole, profile)
            found = replace(found, text=whole, repaired=True)
    told = tuple(f"{finding.entry.id} in line {source.line_of(finding.start)}" for finding in findings)
    complaint, unasked = ask_compiler(source)
    return replace(found, complaint=complaint, unasked=unasked, findings=told)


def style_findings(source: Source, text: str, hole: Growth, profile: Profile | None) -> list[Finding]:
    """Return what *profile* finds at the blocking and advising tiers within the answer."""
    if profile is None:
        return []
    start = len(hole.before.encode("utf-8"))
    span = Span(start, start + len(text.encode("utf-8")))
    found = judge_source(source, profile).findings
    return [f for f in found if f.entry.tier in ENFORCED and span.start <= f.start < span.end]


def ask_compiler(source: Source) -> tuple[str | None, str]:
    """Return what the language's compiler or checker says against *source*, or None, and why it could not be asked."""
    if source.language.check:
        said = run_checker(source)
        if isinstance(said, str):
            return None, said
        return None if said is None else f"line {said.line}: {said.message}", ""
    if source.language.name == "python":
        (fault,) = compile_texts([(source.path, source.text)])
        return None if fault is None else f"line {fault[0]}: {fault[1]}", ""
    return None, ""
