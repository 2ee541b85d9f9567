"""
May this adapter ship? In: a stored evaluation, maybe the one of the adapter in use. Out: a verdict, replayed on a CPU.

Nothing is generated or scored again. The rows are checked line by line and against each other, the verdict is derived
from them anew by the same function, and it must be the stored one. Whatever does not hold together is INVALID.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..mining.artefacts import expect_form, parse_json, sha256_file, sha256_json
from ..mining.errors import InputError, MismatchError
from ..mining.git import git_output
from ..mining.instead import tell_instead
from ..mining.wording import counted
from .checks.check import LOST
from .figures import points, signed, span
from .integrity import fold_of_probes
from .policy import Policy
from .record import MARKER, SCHEMA, hash_evidence
from .samples import RIVAL, read_sealed, sample_key
from .slices import folder_of
from .statistics import ALPHA, Comparison, compare, holm
from .tables import Row, Tables
from .verdict import EXIT_CODES, Verdict
from .weigh import PAIRS, Weighed, comparison_rows, weigh

SLICE_PROBES = 10
"""A folder with fewer probes is no slice of its own."""
SHARED_PROBES = 20
"""Fewer probes in common cannot tell two adapters apart."""
BEHIND = 200
"""Commits after which an adapter's corpus counts as old."""
COMMIT = re.compile("[0-9a-f]{7,64}")
DIGITS = 9
"""Decimals in which numbers must be the stored ones: mathematical functions differ by machine in their last place."""

ASKED = ("arm_id", "probe_id", "prompt_sha256", "max_tokens", "temperature", "sample_ix")
"""What names a sample beside its model, in the order of `sample_key`."""
EVIDENCE = ("the evidence", "; run the same evaluate command again")
"""What may have another form, and the way out (`expect_form`)."""


@dataclass(frozen=True, slots=True)
class Stored:
    """
    An evaluation read back and found whole.
    """

    folder: Path
    run: Row
    scores: Sequence[Row]
    samples: Sequence[Row]
    losses: Sequence[Row]
    verdict: Row


@dataclass(frozen=True, slots=True)
class GateResult:
    """
    Whether the adapter may ship, and why.
    """

    word: str
    lines: tuple[str, ...]
    """What failed, or why it passes, then the verdict's sentence, which may say one of the reasons itself."""
    warnings: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """0 only for an adapter that may ship."""
        return EXIT_CODES[self.word]


def judge_gate(folder: Path, *, against: Path | None = None, policy: Policy | None = None) -> GateResult:
    """
    Replay the evaluation in *folder*, compare it with *against*, and say whether the adapter may ship.

    Raises `InputError` when a folder holds no evaluation; evidence that does not hold together is INVALID.
    """
    try:
        stored = read_evaluation(folder)
        weighed = replay(stored, policy)
        regressions = compare_promoted(stored, weighed, *read_promoted(against)) if against is not None else []
    except MismatchError as error:
        return GateResult("INVALID", (str(error),), ())
    verdict = weighed.verdict
    if regressions and verdict.word != "INVALID":
        return GateResult("BLOCKED", (*regressions, verdict.sentence), warn_age(stored))
    word, said = judge_rival(weighed)
    if word is not None and (verdict.word == "WORTH_IT" or (word == "BLOCKED" and verdict.word != "INVALID")):
        return GateResult(word, (*said, verdict.sentence), warn_age(stored))
    return GateResult(verdict.word, (*said, *list_told(verdict)), warn_age(stored))


def list_told(verdict: Verdict) -> list[str]:
    """Return what a verdict tells: its reasons but for what its sentence says again, and the sentence."""
    return [*(reason for reason in verdict.reasons if reason not in verdict.sentence), verdict.sentence]


@expect_form(*EVIDENCE)
def read_evaluation(folder: Path) -> Stored:
    """
    Return the evaluation in *folder*.

    Raises `InputError` when there is none, `MismatchError` when it is unfinished or was changed.
    """
    marker = folder / MARKER
    if not marker.is_file():
        way_out = "Make one: idiolect evaluate CORPUS --out DIR"
        told = tell_instead(folder, "evaluation", f"it has no {MARKER}", way_out)
        raise InputError(f"{str(folder)!r} is no evaluation: {told}")
    run = read_object(marker)
    if run.get("schema") != SCHEMA:
        raise InputError(
            f"{str(folder)!r} is no evaluation of this version: its schema is not {SCHEMA}. Evaluate again."
        )
    if run.get("status") not in ("complete", "invalid"):
        raise MismatchError("the evaluation is unfinished; run the same evaluate command again")
    missing = [name for name in ("verdict.json", "comparisons.json", "samples.jsonl", "scores.jsonl", "losses.jsonl")
               if not (folder / name).is_file()]  # fmt: skip
    if missing:
        raise MismatchError(f"{missing[0]} is missing")
    rows = [list(read_sealed(folder / f"{name}.jsonl", torn_end=False)) for name in ("scores", "samples", "losses")]
    stored = Stored(folder, run, rows[0], rows[1], rows[2], read_object(folder / "verdict.json"))
    check_hashes(stored)
    check_rows(stored)
    return stored


def read_object(path: Path) -> dict[str, Any]:
    """Return a JSON object; raises `MismatchError` when the file is none."""
    try:
        value = parse_json(path.read_text("utf-8"))
    except ValueError:
        raise MismatchError(f"{path.name} is not JSON") from None
    if not isinstance(value, dict):
        raise MismatchError(f"{path.name} is not a JSON object")
    return value  # pyright: ignore[reportUnknownVariableType] - JSON


def check_hashes(stored: Stored) -> None:
    """Raise `MismatchError` for a file whose bytes are not those the verdict was made from."""
    for name, recorded in stored.verdict.get("files", {}).items():
        file = stored.folder / name
        if not file.is_file() or sha256_file(file) != recorded:
            raise MismatchError(f"{name} was changed after the verdict: its hash does not match")
    if hash_evidence(stored.run, stored.folder) != stored.verdict.get("evidence_sha256"):
        raise MismatchError("run.json or comparisons.json was changed after the verdict: the hash does not match")


def check_rows(stored: Stored) -> None:
    """Raise `MismatchError` when the rows do not belong together, whatever their hashes say."""
    models: dict[str, str | None] = {arm["arm_id"]: arm["model_sha256"] for arm in stored.run["arms"]}
    fold = fold_of_probes(stored.run)
    folds: dict[int, dict[str, str | None]] = {row["fold"]: row["models"] for row in stored.run.get("folds", ())}
    for row in stored.samples:
        trained = folds[fold[row["probe_id"]]] if row["probe_id"] in fold else models
        model = str(trained.get(row["arm_id"]) or models.get(row["arm_id"]))
        if row["key"] != sample_key(model, *(row[name] for name in ASKED)):
            raise MismatchError(f"a sample of probe {row['probe_id']} does not belong to the arm {row['arm_id']!r}")
    check_order(stored)


def check_order(stored: Stored) -> None:
    """Raise `MismatchError` when a score does not stand where its sample does, or names another arm or probe."""
    names = ("key", "arm_id", "split", "probe_id", "sample_ix")
    for sample, score in zip(stored.samples, stored.scores, strict=False):
        if any(sample[name] != score[name] for name in names):
            raise MismatchError(f"the score of probe {score['probe_id']} does not follow its sample: rows were moved")
    for row in stored.scores[len(stored.samples) :]:
        if row["key"] != sha256_json([row["arm_id"], row["probe_id"]]):
            raise MismatchError(f"a control of probe {row['probe_id']} does not belong to {row['arm_id']!r}")
    scorers = scorers_of(stored.run)
    for row in stored.scores:
        # an evaluation of an earlier version counts a sample that was lost as not accepted
        own = (None, False) if row["status"] == LOST else (row["status"] == "ok",)
        if row["scorer_sha256"] != scorers[row["probe_id"]] or row["accept"] not in own:
            raise MismatchError(f"a score of probe {row['probe_id']} contradicts itself or comes from other checks")
        if row["accept"] and any(ok is False for ok in row["checks"].values()):
            raise MismatchError(f"probe {row['probe_id']} is accepted although a check failed")


def scorers_of(run: Row) -> Mapping[str, str]:
    """Return the hash of what scored each probe: a fold has its own rules, which an earlier version did not tell."""
    whole = run["scorer_sha256"]
    folds = {row["fold"]: row.get("scorer_sha256", whole) for row in run.get("folds", ())}
    return defaultdict(lambda: whole, {probe: folds[fold] for probe, fold in fold_of_probes(run).items()})


@expect_form(*EVIDENCE)
def replay(stored: Stored, policy: Policy | None) -> Weighed:
    """
    Return what the rows say, under *policy* or the one of the run.

    Raises `MismatchError` when the same policy gives other comparisons or another verdict than were stored.
    """
    kept = read_rounded((stored.folder / "comparisons.json").read_text("utf-8"))
    # an earlier version set fewer arms beside each other, which their corrected p-values depend on
    known = {(row["a"], row["b"]) for row in kept}
    pairs = [pair for pair in PAIRS if pair in known]
    own = weigh(stored.run, stored.scores, stored.samples, stored.losses, pairs)
    if read_rounded(json.dumps(comparison_rows(own))) != kept:
        raise MismatchError("the scores do not give the stored comparisons; run the same evaluate command again")
    # what is printed are our own reasons: another version may word them otherwise
    if own.verdict.word != stored.verdict.get("verdict"):
        raise MismatchError("the comparisons do not give the stored verdict; run the same evaluate command again")
    if policy is None:
        return own
    return weigh({**stored.run, "policy": asdict(policy)}, stored.scores, stored.samples, stored.losses, pairs)


def read_rounded(text: str) -> Any:
    """Return the value of JSON, with its numbers as far as every machine computes them alike."""
    return parse_json(text, parse_float=lambda number: round(float(number), DIGITS))


# -- against the adapter in use


def read_promoted(folder: Path) -> tuple[Stored, Weighed]:
    """
    Return the evaluation of the adapter in use, and what its rows say.

    Raises `MismatchError` where it does not hold together, or is INVALID itself.
    """
    try:
        stored = read_evaluation(folder)
        weighed = replay(stored, None)
        if weighed.verdict.word == "INVALID":
            raise MismatchError(weighed.verdict.reasons[0])
    except MismatchError as error:
        raise MismatchError(f"the evaluation of the adapter in use cannot be compared with: {error}") from None
    return stored, weighed


@expect_form(*EVIDENCE)
def compare_promoted(new: Stored, weighed: Weighed, old: Stored, promoted: Weighed) -> list[str]:
    """
    Return in which slices the new adapter is worse than the promoted one, by the probes that both answered.

    The whole suite fails when its 95 % interval lies below 0, a folder when that holds after Holm and its loss exceeds
    the policy's margin: two runs of one adapter fail a gate no more often than that.
    """
    arm, other = weighed.chosen["tuned"], promoted.chosen["tuned"]
    if arm is None or other is None:
        raise MismatchError("one of the two evaluations has no adapter to compare")
    mine, theirs = Tables(new.scores), Tables(old.scores)
    left, right = mine.values("test", arm), theirs.values("test", other)
    shared = sorted(left.keys() & right.keys())
    check_scorers(new.run, old.run, shared)
    if len(shared) < SHARED_PROBES:
        way = "evaluate the adapter in use on this corpus, too"
        told = f"the two evaluations share {counted(len(shared), 'probe')}; comparing needs {SHARED_PROBES}"
        raise MismatchError(f"{told}: {way}")
    slices = slice_probes(new.run, shared)
    compared = [
        compare(name, ("new", {i: left[i] for i in ids}), ("promoted", {i: right[i] for i in ids}), mine.clusters)
        for name, ids in slices.items()
    ]
    return list_regressions(compared, weighed.evidence.policy.slice_margin)


def judge_rival(weighed: Weighed) -> tuple[str | None, list[str]]:
    """
    Return what the policy's margin beside a rival makes of the verdict's word, and why; None leaves the word.

    Surely fewer answers accepted than that allows is a no; not to know whether they are is neither.
    """
    margin, arm = weighed.evidence.policy.rival_margin, weighed.chosen["tuned"]
    if margin is None:
        return None, []
    found = next((row for row in weighed.comparisons if (row.a, row.b) == (arm, RIVAL)), None)
    if found is None:
        return "INCONCLUSIVE", [
            "rival_margin asks for a rival, and none answered: evaluate --endpoint URL --model NAME"
        ]
    rates = f"{arm} has {found.mean_a:.1%} of its answers accepted, the rival {found.mean_b:.1%}"
    if found.ci is None:
        return "INCONCLUSIVE", [f"{rates}, of too few clusters for an interval"]
    told = f"{rates} ({signed(found.mean_diff)}, {span(found.ci)}); {points(margin)} fewer are allowed"
    if found.ci[1] < -margin:
        return "BLOCKED", [told]
    return (None if found.ci[0] >= -margin else "INCONCLUSIVE"), [told]


def check_scorers(new: Row, old: Row, shared: Sequence[str]) -> None:
    """Raise `MismatchError` where two runs did not score their *shared* probes by the same checks and rules."""
    one, other = scorers_of(new), scorers_of(old)
    if all(one[probe] == other[probe] for probe in shared):
        return
    names = sorted({*new["checks"], *old["checks"]})
    changed = [name for name in names if new["checks"].get(name) != old["checks"].get(name)]
    raise MismatchError(
        f"the two evaluations were scored by other versions of {', '.join(changed) or 'the rules of a fold'}; evaluate "
        "the promoted adapter again on the corpus of the new one, with the same --out: samples of unchanged probes "
        "are only scored anew"
    )


def slice_probes(run: Row, shared: Sequence[str]) -> dict[str, list[str]]:
    """Return the shared probes as a whole, then by folder where a folder has enough of them."""
    folders = {probe["id"]: folder_of(probe) for probe in run["suites"]["test"]["probes"]}
    sizes = Counter(folders[i] for i in shared)
    names = [name for name, size in sorted(sizes.items()) if SLICE_PROBES <= size < len(shared)]
    return {"": list(shared), **{name: [i for i in shared if folders[i] == name] for name in names}}


def list_regressions(compared: Sequence[Comparison], margin: float) -> list[str]:
    """Return a line for the whole suite and each slice that got worse."""
    whole, *slices = compared
    lines: list[str] = []
    if whole.ci is not None and whole.ci[1] < 0:
        lines.append(f"worse than the promoted adapter by {-whole.mean_diff:.1%} of {whole.n} probes")
    lines += [
        f"worse than the promoted adapter in {part.endpoint!r} by {-part.mean_diff:.1%} of {part.n} probes"
        for part in holm(slices)
        if part.p_holm is not None and part.p_holm < ALPHA and part.mean_diff < -margin
    ]
    return lines


def warn_age(stored: Stored) -> tuple[str, ...]:
    """Return a warning when the folder at hand is a checkout that has moved on since the corpus was mined."""
    commit = str(stored.run.get("commit", ""))
    # of a folder without history there is a hash of its files; and what begins with a dash is an option to git
    if not COMMIT.fullmatch(commit):
        return ()
    behind = git_output(Path.cwd(), "rev-list", "--count", f"{commit}..HEAD", "--")
    if behind is None or not behind.strip().isdigit() or int(behind) <= BEHIND:
        return ()
    return (f"the adapter's corpus is {int(behind):,} commits behind; train again",)
