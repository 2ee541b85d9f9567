"""
The style check. In: an answer in its file. Out: which conventions it breaks that the reference keeps.

The profile was learned from training files only; the same detectors judge the answer and the reference. Beside the
judgement stand two scores of the answer's own lines: as the model wrote them, and after the repository's formatter and
our fixes, since what a tool mends for free is neither a model's merit nor its fault. Neither decides anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ...mining.artefacts import sha256_json
from ...mining.corpus import Corpus
from ...mining.judge import Finding, Judgement, judge_source
from ...mining.profile import Profile
from ...mining.source import Source, Span
from ...mining.tiers import ENFORCED
from ..fix import fix_once
from ..formatter import Formatter, find_formatter
from .check import Answer, Check, Remark, Result


@dataclass(frozen=True)
class StyleCheck:
    """
    Fails an answer that breaks an enforced convention which the reference keeps.
    """

    profile: Profile
    name: str = "style"
    order: int = 40
    repeats: int = 1
    formatter: Formatter | None = None
    """The repository's own, where it is known and installed."""
    known: dict[Source, tuple[Finding, ...]] = field(default_factory=dict[Source, tuple[Finding, ...]], compare=False)
    """Findings of the files with their references, each judged once for all arms."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """The detectors' versions, the tools that mend, and the rules."""
        tools = [*([self.formatter.version] if self.formatter is not None else []), "idiolect"]
        versions = dict(self.profile.versions)
        return {"version": 2, "detectors": versions, "mended_by": tools, "rules_sha256": self.rules_sha256}

    @cached_property
    def rules_sha256(self) -> str:
        """The hash of the rules; what one rests on moves with every commit, and decides no finding."""
        entries = self.profile.entries
        return sha256_json([[e.convention, e.key, e.scope, e.value, e.strength, e.tier, e.rule] for e in entries])

    def judge(self, answers: Sequence[Answer]) -> list[Result]:
        """Return one result per answer."""
        return [self.judge_one(answer) for answer in answers]

    def judge_one(self, answer: Answer) -> Result:
        """Return what the answer breaks inside its span, beyond what the reference breaks inside its own."""
        judged = judge_source(answer.source, self.profile, answer.span)
        mine = inside(judged.findings, answer.span)
        theirs = Counter(f.entry.id for f in inside(self.findings_of(answer.reference), answer.reference_span))
        broken = [f for f in mine if f.entry.tier in ENFORCED and not theirs[f.entry.id]]
        detail = {
            "obeyed": sorted(judged.obeyed),
            "violated": sorted({finding.entry.id for finding in mine}),
            "score": rounded(judged.score),
            "findings": len(mine),
            **self.judge_mended(answer, judged),
            "lines": count_lines(answer.source, answer.span),
        }
        remarks = tuple(Remark(f.entry.id, f.line, f.message, f.entry.tier) for f in mine)
        return Result(not broken, "ok" if not broken else "style", detail, remarks)

    def judge_mended(self, answer: Answer, judged: Judgement) -> dict[str, Any]:
        """Return the score and the findings that are left after formatter and fixes; fixes that do harm are undone."""
        source, span, best = answer.source, answer.span, judged
        if self.formatter is not None and source.language.name == "python":
            source, span = self.formatter.format_span(source, span)
            best = judged if source is answer.source else judge_source(source, self.profile, span)
        fixed, where = fix_once(source, best.findings, span)
        if fixed.utf8 != source.utf8 and fixed.tree.root_node.has_error == source.tree.root_node.has_error:
            after = judge_source(fixed, self.profile, where)
            best = after if len(after.findings) < len(best.findings) else best
        return {"mended_score": rounded(best.score), "mended_findings": len(best.findings)}

    def findings_of(self, source: Source) -> tuple[Finding, ...]:
        """Return the findings of a file that holds a reference."""
        if source not in self.known:
            self.known[source] = judge_source(source, self.profile).findings
        return self.known[source]


def inside(findings: Sequence[Finding], span: Span) -> list[Finding]:
    """Return the findings whose mark lies in *span*."""
    return [finding for finding in findings if span.start <= finding.start < span.end]


def count_lines(source: Source, span: Span) -> int:
    """Return the lines of *span* that hold more than a comment."""
    lines = (line.strip() for line in source.slice(span).splitlines())
    return sum(bool(line) and not line.startswith(source.language.comment) for line in lines)


def rounded(score: float | None) -> float | None:
    """Return a score as `scores.jsonl` holds it."""
    return None if score is None else round(score, 4)


def make_check(corpus: Corpus, repository: Path | None) -> Check | None:
    """Return the check of *corpus*'s profile; with *repository*, its formatter too."""
    return StyleCheck(corpus.profile, formatter=find_formatter(repository) if repository is not None else None)
