"""
`tests`: does the repository's own test suite pass with the answer in its place? In: a checkout. Out: a result each.

A probe has this check when tests that pass run its lines, the reference passes them again and again, and a stub fails;
elsewhere the check does not decide. Which tests run which lines is measured once. Everything runs in the cage, and an
answer that passes by forgery fails as `tamper`. Calls whose arguments and answers are plain data are also judged out
here: an object that only claims to equal the right answer is told apart from it.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ...mining.corpus import Corpus
from ...mining.source import Source, Span, first_line, indent_of
from ...mining.wording import counted
from ..sandbox.doctor import find_cage
from ..sandbox.suite import Coverage, Suite, Trial, Version, open_suite
from .check import LOST, Answer, Check, Remark, Result

MOST_TESTS = 20
"""Tests run for one probe; those that run least of its file come first, for they are about it."""
ROUNDS = 20
"""Runs of a reference that must all pass: a test that fails 1 in 5 is admitted once in 130 probes."""


@dataclass(frozen=True, slots=True)
class Admission:
    """
    Which tests judge a probe, or why none can.
    """

    tests: tuple[str, ...] = ()
    calls: tuple[Mapping[str, Any], ...] = ()
    reason: str = ""


@dataclass
class TestsCheck:
    """
    The repository's tests, in the cage.
    """

    __test__ = False  # not itself a test, whatever its name suggests

    suite: Suite
    name: str = "tests"
    order: int = 50
    repeats: int = 1  # the admission below repeats the reference itself
    admissions: dict[str, Admission] = field(default_factory=dict[str, Admission])

    @property
    def settings(self) -> Mapping[str, Any]:
        """What decides a result."""
        return {
            "version": 4,
            "most_tests": MOST_TESTS,
            "python": list(sys.version_info[:2]),
            "tier": self.suite.cage.tier,
        }

    @cached_property
    def coverage(self) -> Coverage | str:
        """Which tests run which lines, measured when first needed."""
        return self.suite.measure()

    def judge(self, answers: Sequence[Answer]) -> list[Result]:
        """Return whether each answer passes the tests that run its lines."""
        # two at a time at most: tests that wait for each other's processor time would run into their limits
        with ThreadPoolExecutor(min(2, os.cpu_count() or 1)) as pool:
            first = {answer.probe_id: answer for answer in answers if answer.probe_id not in self.admissions}
            if first:
                _ = self.coverage
            self.admissions.update(zip(first, pool.map(self.admit, first.values()), strict=True))
            return list(pool.map(self.judge_answer, answers))

    def admit(self, answer: Answer) -> Admission:
        """Return the tests of the answer's probe: its reference must pass them every time, a stub must fail."""
        if answer.reference.language.name != "python":
            return Admission(reason="no_runner")
        if isinstance(self.coverage, str):
            return Admission(reason=f"suite_fails: {self.coverage}")
        file = self.suite.folder / answer.reference.path
        if not file.is_file() or file.read_bytes() != answer.reference.utf8:
            return Admission(reason="another_version")
        version = make_version(answer.reference, answer.reference_span, answer.symbol)
        tests = self.coverage.tests_of(version.path, version.first, version.last)[:MOST_TESTS]
        if not tests:
            return Admission(reason="not_covered")
        recorded = self.suite.judge(version, tests, record=True)
        again = self.suite.judge(version, tests, rounds=ROUNDS)
        if LOST in (recorded.status, again.status):
            return Admission(reason=LOST)
        if recorded.status != "ok" or again.status != "ok":
            return Admission(reason=f"reference_{'flaky' if 'ok' in (recorded.status, again.status) else 'fails'}")
        stub = self.suite.judge(stub_of(answer), tests)
        if stub.status in ("ok", LOST):
            return Admission(reason="vacuous" if stub.status == "ok" else LOST)
        return Admission(tuple(tests), recorded.calls)

    def judge_answer(self, answer: Answer) -> Result:
        """Return the result of one answer."""
        admission = self.admissions[answer.probe_id]
        if not admission.tests:
            return Result(None, LOST if admission.reason == LOST else "unsupported", {"reason": admission.reason})
        version = make_version(answer.source, answer.span, answer.symbol)
        trial = self.suite.judge(version, admission.tests)
        if trial.status == "ok" and admission.calls and "." not in answer.symbol:
            trial = self.compare_answers(version, admission) or trial
        return explain(trial, len(admission.tests), answer)

    def compare_answers(self, version: Version, admission: Admission) -> Trial | None:
        """Return a trial of `tamper` when an object stands where the reference answers plain data; or it was lost."""
        answers = self.suite.answer(version, [call["given"] for call in admission.calls])
        if answers is None:
            return Trial(LOST)
        objects = sorted({str(row["value"]) for row in answers if row["kind"] == "object"})
        return Trial("tamper", why=f"answers with {objects[0]!r} where plain data is due") if objects else None


def make_version(source: Source, span: Span, symbol: str) -> Version:
    """Return *source* as one version of its file."""
    return Version(source.path, source.text, *source.line_numbers(span), symbol.rpartition(".")[2])


def stub_of(answer: Answer) -> Version:
    """Return the answer's file with a body that only raises."""
    code = indent_of(first_line(answer.reference.slice(answer.reference_span))) + "raise NotImplementedError"
    text = answer.reference.splice(answer.reference_span, code)
    line = answer.reference.line_of(answer.reference_span.start)
    return Version(answer.reference.path, text, line, line, answer.symbol.rpartition(".")[2])


def explain(trial: Trial, count: int, answer: Answer) -> Result:
    """Return a trial as the result of a check."""
    detail = {"tests": count, "failed": list(trial.failed[:5]), "why": trial.why[:200]}
    if trial.status == "ok":
        return Result(True, "ok", {"tests": count})
    if trial.status == LOST:
        return Result(None, LOST, detail)
    line = answer.source.line_of(answer.span.start)
    return Result(False, trial.status, detail, (Remark("tests", line, trial.why or tell_failed(trial.failed, count)),))


def tell_failed(failed: Sequence[str], count: int) -> str:
    """Return how many of *count* tests *failed*, and which."""
    if count == 1:
        return f"the one test of it fails: {failed[0]}"
    return f"{counted(len(failed), 'test')} of {count} {'fails' if len(failed) == 1 else 'fail'}, first {failed[0]}"


def make_check(corpus: Corpus, repository: Path | None) -> Check | None:  # noqa: ARG001 - the signature of every check
    """Return the check, or None without a checkout, pytest and coverage, or a cage of tier 3."""
    cage = find_cage()
    missing = any(importlib.util.find_spec(name) is None for name in ("pytest", "coverage"))
    if repository is None or missing or cage is None or cage.tier < 3:
        return None
    return TestsCheck(open_suite(repository, cage))
