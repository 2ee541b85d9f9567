"""
The style check. In: an answer in its file. Out: which conventions it breaks that the reference keeps.

The profile was learned from training files only; the same detectors judge the answer and the reference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...mining.corpus import Corpus
from ...mining.judge import Finding, judge_source
from ...mining.profile import Profile
from ...mining.source import Source, Span
from .check import Answer, Check, Remark, Result

ENFORCED = ("gate", "advise")


@dataclass(frozen=True)
class StyleCheck:
    """
    Fails an answer that breaks an enforced convention which the reference keeps.
    """

    profile: Profile
    name: str = "style"
    order: int = 40
    repeats: int = 1
    known: dict[Source, tuple[Finding, ...]] = field(default_factory=dict[Source, tuple[Finding, ...]], compare=False)
    """Findings of the files with their references, each judged once for all arms."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """The detectors' versions."""
        return {"version": 1, "detectors": dict(self.profile.versions)}

    def judge(self, answers: Sequence[Answer]) -> list[Result]:
        """Return one result per answer."""
        return [self.judge_one(answer) for answer in answers]

    def judge_one(self, answer: Answer) -> Result:
        """Return what the answer breaks inside its span, beyond what the reference breaks inside its own."""
        judged = judge_source(answer.source, self.profile)
        mine = inside(judged.findings, answer.span)
        theirs = Counter(f.entry.id for f in inside(self.findings_of(answer.reference), answer.reference_span))
        broken = [f for f in mine if f.entry.tier in ENFORCED and not theirs[f.entry.id]]
        detail = {
            "obeyed": sorted(judged.obeyed),
            "violated": sorted({finding.entry.id for finding in mine}),
            "score": None if judged.score is None else round(judged.score, 4),
        }
        remarks = tuple(Remark(f.entry.id, f.line, f.message, f.entry.tier) for f in mine)
        return Result(not broken, "ok" if not broken else "style", detail, remarks)

    def findings_of(self, source: Source) -> tuple[Finding, ...]:
        """Return the findings of a file that holds a reference."""
        if source not in self.known:
            self.known[source] = judge_source(source, self.profile).findings
        return self.known[source]


def inside(findings: Sequence[Finding], span: Span) -> list[Finding]:
    """Return the findings whose mark lies in *span*."""
    return [finding for finding in findings if span.start <= finding.start < span.end]


def make_check(corpus: Corpus, repository: Path | None) -> Check | None:  # noqa: ARG001 - every check takes both
    """Return the check of *corpus*'s profile."""
    return StyleCheck(corpus.profile)
