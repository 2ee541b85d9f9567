"""
Scores: samples judged. In: samples and probes. Out: one row a sample: its status, each check's result, accepted or not.

Generation and scoring are separate: scores can be made again from `samples.jsonl` without a model. Every sample has
exactly one status, and nothing leaves the denominator except what this machine lost: that is neither accepted nor not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..mining.artefacts import sha256_json
from ..mining.workers import Progress, silent
from .checks.check import LOST, Answer, Check, Result
from .extract import Extract
from .probes import Probe
from .samples import Row

BATCH = 64


@dataclass(frozen=True, slots=True)
class Text:
    """
    One text to be judged: a model's, the reference, or a stub.
    """

    key: str
    arm: str
    split: str
    probe: Probe
    sample_ix: int
    raw: str
    finish_reason: str


class Scorer:
    """
    The checks, and what is known of each probe's reference.
    """

    def __init__(self, checks: Sequence[Check]) -> None:
        self.checks = checks
        self.undecidable: dict[str, frozenset[str]] = {}
        """For each admitted probe, the checks that cannot decide even its reference: off in every arm alike."""
        self.judged: dict[tuple[str, str], dict[str, Result]] = {}
        """Results by probe and code."""

    @property
    def settings(self) -> dict[str, Any]:
        """The checks and their settings, for `run.json`."""
        return {check.name: dict(check.settings) for check in self.checks}

    @property
    def sha256(self) -> str:
        """The hash of everything that decides a score."""
        return sha256_json(self.settings)

    def admit(self, probes: Sequence[Probe]) -> list[str]:
        """Return why each probe is refused, or nothing: the reference must pass every time, a stub must fail."""
        reasons = [admit_extract(probe) for probe in probes]
        for _ in range(max(check.repeats for check in self.checks)):
            for i, results in enumerate(self.judge([probe.answer(probe.pair.response) for probe in probes])):
                reasons[i] = reasons[i] or refuse_reference(results)
                undecided = frozenset(name for name, result in results.items() if result.ok is None)
                self.undecidable[probes[i].id] = undecided | self.undecidable.get(probes[i].id, frozenset())
        stubs = self.judge([probe.answer(probe.stub()) for probe in probes])
        for i, results in enumerate(stubs):
            if all(result.ok is not False for result in self.decided(probes[i].id, results).values()):
                reasons[i] = reasons[i] or "stub_passes"
        return reasons

    def judge(self, answers: Sequence[Answer]) -> list[dict[str, Result]]:
        """Return every check's result for each answer; what does not parse is not shown to later checks."""
        results: list[dict[str, Result]] = [{} for _ in answers]
        standing = list(range(len(answers)))
        for check in self.checks:
            judged = check.judge([answers[i] for i in standing]) if standing else []
            for i, result in zip(standing, judged, strict=True):
                results[i][check.name] = result
            for i in set(range(len(answers))) - set(standing):
                results[i][check.name] = Result(False, results[i]["parse"].status)
            if check.order == 0:
                standing = [i for i in standing if results[i][check.name].ok is not False]
        return results

    def judge_once(self, answers: Sequence[Answer]) -> list[dict[str, Result]]:
        """Return every check's result; what two arms answered alike is judged once, so both get the same result."""
        names = [(answer.probe_id, answer.code) for answer in answers]
        new = {name: answer for name, answer in zip(names, answers, strict=True) if name not in self.judged}
        self.judged.update(zip(new, self.judge(list(new.values())), strict=True))
        return [self.judged[name] for name in names]

    def decided(self, probe_id: str, results: Mapping[str, Result]) -> dict[str, Result]:
        """Return *results* with those checks taken out that cannot decide this probe's reference."""
        off = self.undecidable.get(probe_id, frozenset())
        return {name: Result(None, "unsupported") if name in off else result for name, result in results.items()}

    def score(self, texts: Sequence[Text], report: Progress = silent) -> list[Row]:
        """Return the score of every text, in order."""
        rows: list[Row] = []
        for start in range(0, len(texts), BATCH):
            batch = texts[start : start + BATCH]
            extracts = [text.probe.extract(text.raw, text.finish_reason) for text in batch]
            answers = [text.probe.answer(extract.code) for text, extract in zip(batch, extracts, strict=True)]
            results = self.judge_once(answers)
            for text, extract, result in zip(batch, extracts, results, strict=True):
                rows.append(self.describe(text, extract, self.decided(text.probe.id, result)))
            report("score", len(rows), len(texts))
        return rows

    def describe(self, text: Text, extract: Extract, results: Mapping[str, Result]) -> Row:
        """Return the row of one score."""
        status = choose_status(text, extract, results)
        return {
            "key": text.key,
            "arm_id": text.arm,
            "split": text.split,
            "probe_id": text.probe.id,
            "cluster": text.probe.pair.cluster,
            "sample_ix": text.sample_ix,
            "scorer_sha256": self.sha256,
            "status": status,
            "ending": extract.ending,
            "extracted_code": extract.code,
            "accept": None if status == LOST else status == "ok",
            "checks": {name: result.ok for name, result in results.items()},
            "details": {name: dict(result.detail) for name, result in results.items() if result.detail},
            "remarks": [asdict(remark) for result in results.values() for remark in result.remarks],
        }


def admit_extract(probe: Probe) -> str:
    """Return nothing when the cutting rule leaves the reference whole, else the reason of refusal."""
    reference = probe.pair.response + "\n"
    extract, lines = probe.extract(reference, "stop"), reference.splitlines(keepends=True)
    over = any(probe.is_over("".join(lines[:i]) + lines[i].rstrip()) for i in range(len(lines)))
    whole = extract.code.split() == reference.split() and extract.ending == "stopped" and not over
    return "" if whole else "reference_is_cut"


def refuse_reference(results: Mapping[str, Result]) -> str:
    """Return why a reference with these results makes no probe, or nothing."""
    failed = next((name for name, result in results.items() if result.ok is False), None)
    if failed is not None:
        return f"reference_fails_{failed}"
    if any(result.status == LOST for result in results.values()):
        return LOST
    return "" if results["parse"].ok else "reference_fails_parse"


def choose_status(text: Text, extract: Extract, results: Mapping[str, Result]) -> str:
    """
    Return the one status of a sample, the most basic fault first.

    A sample is lost although other checks refuse it: else losses would take from what may be accepted alone.
    """
    if text.finish_reason == "error" or any(result.status == LOST for result in results.values()):
        return LOST
    if extract.ending == "truncated":
        return "truncated"
    if not extract.code:
        return "no_code"
    return next((result.status for result in results.values() if result.ok is False), "ok")


def control_texts(split: str, probes: Sequence[Probe]) -> list[Text]:
    """Return references and stubs as texts, judged by the same rule and checks as any model's."""
    texts: list[Text] = []
    for arm in ("reference", "stub"):
        for probe in probes:
            raw = (probe.pair.response if arm == "reference" else probe.stub()) + "\n"
            texts.append(Text(sha256_json([arm, probe.id]), arm, split, probe, 0, raw, "stop"))
    return texts
