"""
`parse`: does the file still parse? In: answers in their files. Out: a result each, with the first fault's line.

The whole file is parsed with the answer in it: no new error may lie in the answer, and the file as a whole may not get
more errors than it has with the reference. Tree-sitter forgives some things a compiler does not; `compile` finds those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...mining.corpus import Corpus
from ...mining.source import outermost_errors
from .check import Answer, Check, Remark, Result


class ParseCheck:
    """
    The tree-sitter grammar of the file's language.
    """

    name = "parse"
    order = 0
    repeats = 1
    settings: Mapping[str, Any] = {"version": 1}

    def judge(self, answers: Sequence[Answer]) -> list[Result]:
        """Return whether each answer leaves its file parsing as well as the reference does."""
        return [judge_answer(answer) for answer in answers]


def judge_answer(answer: Answer) -> Result:
    """Return whether one answer's file parses."""
    if not answer.code.strip():
        return Result(False, "no_code")
    errors = outermost_errors(answer.source.tree.root_node)
    inside = [node for node in errors if node.start_byte < answer.span.end and node.end_byte >= answer.span.start]
    if not inside and len(errors) <= len(outermost_errors(answer.reference.tree.root_node)):
        return Result(True)
    first = min(inside or errors, key=lambda node: node.start_byte)
    line = answer.source.line_of(first.start_byte)
    return Result(False, "parse_error", {"line": line}, (Remark("parse", line, "does not parse here"),))


def make_check(corpus: Corpus, repository: Path | None) -> Check:  # noqa: ARG001 - the signature of every check
    """Return the check; it needs nothing but the grammar."""
    return ParseCheck()
