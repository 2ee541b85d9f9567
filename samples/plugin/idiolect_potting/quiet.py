"""
`quiet`: does the answer print where the house does not? In: answers in their files. Out: a result each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from idiolect.evaluation.checks.check import Answer, Check, Remark, Result
from idiolect.mining.corpus import Corpus

PRINTS = re.compile(r"^\s*print\(", re.MULTILINE)


class QuietCheck:
    """Printing, counted against the reference."""

    name = "quiet"
    order = 60
    repeats = 1
    settings: Mapping[str, Any] = {"version": 1}

    def judge(self, answers: Sequence[Answer]) -> list[Result]:
        """Return whether each answer prints no more than its reference."""
        return [judge_answer(answer) for answer in answers]


def judge_answer(answer: Answer) -> Result:
    """Return the result of one answer."""
    prints = len(PRINTS.findall(answer.code))
    if prints <= len(PRINTS.findall(answer.reference.slice(answer.reference_span))):
        return Result(True)
    line = answer.source.line_of(answer.span.start)
    return Result(False, "fail_quiet", {"prints": prints}, (Remark("quiet", line, "prints, and the house does not"),))


def make_check(corpus: Corpus, repository: Path | None) -> Check:
    """Return the check; it needs nothing."""
    return QuietCheck()
