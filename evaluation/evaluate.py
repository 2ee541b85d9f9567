"""
The evaluation, top to bottom. In: a corpus, and a model as callables. Out: a folder of evidence, a verdict.

    plan       admit probes, say what they can see before anything is generated
    losses     the answers' loss under base and tuned model: the most telling number a token
    samples    every arm answers every probe; killed at any point, the same command goes on
    scores     each answer in its file, through the checks, beside references and stubs
    verdict    by rule, from the rows alone; then the report

`run.json` is written first with status `started`, and last with `complete` and the hash of all evidence.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..mining.artefacts import lock_folder, parse_json, read_jsonl, refuse_foreign, write_json, write_text
from ..mining.errors import InputError, TooSmallError
from ..mining.instead import tell_instead
from ..mining.taught import read_taught
from ..mining.wording import counted
from .arms import ARMS, Arm, Request
from .ask import Answered, ask_part, name_fold
from .figures import points
from .folds import open_folds
from .latency import describe_latency
from .measure import TRAINING, add_memory, require_retrain, train_placebo
from .parts import Part, make_bench, merge_suites, open_parts
from .record import MARKER, SCHEMA, describe_machine, describe_run, describe_verdict
from .samples import Row, SealedFile, write_sealed
from .scores import Text, control_texts
from .size import choose_count, require_size
from .statistics import Plan, plan_suite
from .task import Task
from .weigh import comparison_rows, weigh


def evaluate(task: Task) -> dict[str, Any]:
    """
    Evaluate and return what `verdict.json` holds.

    With the controls `placebo`, one is trained through the task's `retrain`; with `full`, the parts of a learning curve
    too; with canaries, one more adapter that measures memorising. Raises `TooSmallError` below 20 admitted probes or 2
    clusters unless forced.
    """
    task = replace(task, crossed=is_crossed(task))
    require_retrain(task)
    refuse_foreign(task.out, MARKER, SCHEMA, {TRAINING})
    with lock_folder(task.out):
        task = train_placebo(task)
        verdict = run_crossed(task) if task.crossed else run_task(task)
        # not when it was killed: what was trained until then need not be trained again
        shutil.rmtree(task.out / TRAINING, ignore_errors=True)
    return verdict


def is_crossed(task: Task) -> bool:
    """Claim that folds are to be trained, because the test is small; say why where they are not to be."""
    if task.retrain is None or not any(arm.adapted for arm in task.arms):
        return False
    if not open_folds(task.corpus):
        return False
    read = "The rival was taught what they would be asked." if task.rival_taught else ""
    why = task.untrainable or task.why_unlike or read
    if why:
        say_no_folds(task, why)
    return not why


def say_no_folds(task: Task, why: str) -> None:
    """Say that the small test is asked as it is."""
    task.report(f"plan: the test is small, and no folds are trained: {why}", 1, 1)


def run_crossed(task: Task) -> dict[str, Any]:
    """Run every stage in folds; where one of them is too small to be asked or trained on, say so and run without."""
    try:
        return run_task(task)
    except TooSmallError as fault:
        say_no_folds(task, str(fault))
        return run_task(replace(task, crossed=False))


def run_task(task: Task) -> dict[str, Any]:
    """Run every stage and return the verdict."""
    created, began = time.time(), time.monotonic()
    bench = make_bench(task)
    count = choose_count(task, bench, began)
    parts = open_parts(bench, count)
    suite = merge_suites(parts)["test"]
    require_size(suite, task.forced)
    # whatever is refused leaves an earlier evaluation as it was
    clear_results(task.out)
    plan = plan_suite(suite.sizes, task.policy.minimum_gain)
    run = {**describe_run(bench, parts, plan), "probes_asked": count}
    write_json(task.out / MARKER, {**run, "status": "started"})
    announce(task, parts, plan)
    file, known = SealedFile(task.out / "samples.jsonl"), SealedFile(task.out / "folds.jsonl")
    answered = [ask_part(part, file, known) for part in parts]
    folds = [one.fold for one in answered if one.fold]
    run = {**run, "folds": folds} if folds else run
    losses = [row for one in answered for row in one.losses]
    jobs = [job for one in answered for job in one.jobs]
    rows = file.finish([job.key for job in jobs])
    known.finish([name_fold(part) for part in parts if part.fold is not None])
    scores = score_parts(answered, file)
    write_sealed(task.out / "scores.jsonl", scores)
    write_sealed(task.out / "losses.jsonl", losses)
    requests = {job.key: job.composed.request for job in jobs}
    return conclude(task, run, Rows(scores, rows, losses, requests), created, began)


@dataclass(frozen=True, slots=True)
class Rows:
    """
    All that was measured.
    """

    scores: Sequence[Row]
    samples: Sequence[Row]
    losses: Sequence[Row]
    requests: Mapping[str, Request]
    """The prompt of every sample, by its key: for the report alone."""


# -- before anything is generated


def resolve_arms(names: Sequence[str] | None, *, adapted: bool) -> tuple[Arm, ...]:
    """
    Return the arms named, in their own order; `base` is always among them.

    Raises `InputError` for an unknown name, and for an adapted arm without an adapter.
    """
    wanted = set(names or ARMS) | {"base"}
    unknown = sorted(wanted - ARMS.keys())
    if unknown:
        raise InputError(f"No arm is called {unknown[0]!r}. Known: {', '.join(ARMS)}.")
    needy = [name for name in names or () if ARMS[name].adapted]
    if needy and not adapted:
        raise InputError(f"The arm {needy[0]!r} needs an adapter. Name one: --adapter DIR")
    return tuple(arm for arm in ARMS.values() if arm.name in wanted and (adapted or not arm.adapted))


def read_adapter(folder: Path) -> dict[str, Any]:
    """Return what the adapter in *folder* says of itself, its log under `log`, what it was taught under `taught`."""
    marker, log = folder / "idiolect.json", folder / "log.jsonl"
    if not marker.is_file():
        told = tell_instead(folder, "adapter", "it has no idiolect.json", "Finish it: train --resume")
        raise InputError(f"{str(folder)!r} is no finished adapter: {told}")
    record: dict[str, Any] = parse_json(marker.read_text("utf-8"))
    told = list(read_jsonl(log)) if log.is_file() else []
    return {**record, "log": told, "taught": read_taught(folder, record.get("files", {}))}


def clear_results(out: Path) -> None:
    """Take away the results of an earlier run, so that no verdict stands beside samples it does not follow from."""
    for name in ("verdict.json", "report.html", "comparisons.json", "scores.jsonl", "losses.jsonl"):
        (out / name).unlink(missing_ok=True)


def announce(task: Task, parts: Sequence[Part], plan: Plan) -> None:
    """Say before anything is generated what these probes can see, what is trained, and which control is left out."""
    sees = "no gain of any size" if plan.mde is None else f"a gain of {points(plan.mde)} or more"
    suite = f"{counted(plan.probes, 'probe')} in {counted(plan.clusters, 'cluster')}"
    # what is measured may differ from it, and the report says what it comes to then
    task.report(f"plan: {suite} can see {sees}, if arms differ on {plan.discordant:.0%} of them", 1, 1)
    folds = sum(part.fold is not None for part in parts)
    if folds:
        task.report(f"plan: as the test is small, {folds} more adapters are trained, as long as this one", 1, 1)
    if task.controls == "full" and folds:
        task.report("plan: no learning curve: it ends in one adapter, and these probes are dealt to several", 1, 1)


# -- measuring


def score_parts(answered: Sequence[Answered], file: SealedFile) -> list[Row]:
    """Return the score of every sample, in the order of the samples, then of references and stubs."""
    scores: list[Row] = []
    controls: list[Row] = []
    for one in answered:
        bench, suites = one.part.bench, one.part.suites
        samples = [(job, file.rows[job.key]) for job in one.jobs]
        texts = [
            Text(job.key, job.arm, job.split, job.probe, job.sample_ix, row["raw_output"], row["finish_reason"])
            for job, row in samples
        ]
        texts += control_texts("test", suites["test"].probes) if "test" in suites else []
        rows = add_memory(bench.task, bench.scorer.score(texts, bench.task.report), texts)
        scores += rows[: len(samples)]
        controls += rows[len(samples) :]
    return scores + controls


# -- the end


def conclude(task: Task, run: Row, rows: Rows, created: float, began: float) -> dict[str, Any]:
    """Weigh the rows of a run *created* and *began* by the two clocks, write everything, and return the verdict."""
    weighed = weigh(run, rows.scores, rows.samples, rows.losses)
    comparisons = comparison_rows(weighed)
    write_json(task.out / "comparisons.json", comparisons)
    verdict = describe_verdict(run, weighed, task.out)
    write_json(task.out / "verdict.json", verdict)
    latency = describe_latency(task.out, rows.samples)
    write_report(task, run, rows, latency, {**verdict, "comparisons": comparisons, "checks": list(run["checks"])})
    status = "invalid" if verdict["verdict"] == "INVALID" else "complete"
    environment = {
        **describe_machine(),
        "latency": latency,
        "created_at": int(created),
        "seconds": round(time.monotonic() - began, 1),
    }
    write_json(task.out / MARKER, {**run, "status": status, "environment": environment})
    return verdict


def write_report(task: Task, run: Row, rows: Rows, latency: dict[str, dict[str, float]], verdict: Row) -> None:
    """Write `report.html`."""
    from .report.render import render_report  # what it draws with comes with an extra that refusals can do without

    log: list[Row] = task.adapter.get("log", []) if task.adapter is not None else []
    page = render_report(run, rows.scores, rows.samples, verdict, task.corpus, log, rows.requests, latency)
    write_text(task.out / "report.html", page)
