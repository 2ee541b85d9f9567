"""
Parts are asked. In: a part, and what was answered before. Out: its losses, and every sample of it on disk.

A fold's adapter is trained to be asked once. What it was and what it lost stays in `folds.jsonl`: where that and all of
its samples are there, the fold is answered, and nobody trains it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .. import __version__
from ..mining.artefacts import sha256_json
from .measure import measure_canaries, measure_losses, measure_parts, probe_sets, whole_sets
from .parts import Part, describe_fold, train_part
from .samples import Job, Row, SealedFile, generate_samples, model_sha256
from .task import Task


@dataclass(frozen=True, slots=True)
class Answered:
    """
    A part, once its model has answered; the model itself may go.
    """

    part: Part
    jobs: Sequence[Job]
    losses: Sequence[Row]
    fold: Row | None = None
    """What `run.json` says of the part's fold."""


def ask_part(part: Part, file: SealedFile, known: SealedFile) -> Answered:
    """Measure the losses of a part and make every sample of it that *file* lacks; *known* are folds asked before."""
    if part.fold is not None:
        return ask_fold(part, file, known)
    task, test = part.bench.task, part.suites.get("test")
    losses = measure_losses(task, [*(probe_sets(test) if test is not None else []), *whole_sets(task)])
    losses += measure_parts(task, test) if test is not None else []
    losses += measure_canaries(task)
    return Answered(part, ask_jobs(part, file), losses)


def ask_fold(part: Part, file: SealedFile, known: SealedFile) -> Answered:
    """Do the same for a fold, by an adapter that is trained here on the other folds, unless all is there already."""
    key = name_fold(part)
    row = known.rows.get(key)
    if row is not None:
        jobs = plan_jobs(part, row["models"])
        if all(job.key in file.rows for job in jobs):
            return Answered(part, jobs, row["losses"], describe_fold(part, row["models"]))
    trained = train_part(part)
    task = trained.bench.task
    losses, models = measure_losses(task, probe_sets(part.suites["test"])), models_of(task)
    jobs = ask_jobs(trained, file)
    known.append([{"key": key, "models": models, "losses": losses}])
    return Answered(part, jobs, losses, describe_fold(part, models))


def name_fold(part: Part) -> str:
    """Return the name of what a fold's adapter is and is asked: who answers else, what it learns, its probes."""
    task = part.bench.task
    learned = [pair.id for pair in task.corpus.pairs("train")]
    probes = [probe.id for probe in part.suites["test"].probes]
    return sha256_json([task.corpus.sha256, models_of(task), learned, probes, __version__])


def models_of(task: Task) -> dict[str, str]:
    """Return the hash of the model that answers in each arm and control."""
    return {asked.name: model_sha256(asked.generator, asked.arm.adapted) for asked in task.asked}


def ask_jobs(part: Part, file: SealedFile) -> list[Job]:
    """Make every sample of a part that *file* lacks, and return all of them."""
    task = part.bench.task
    jobs = plan_jobs(part, models_of(task))
    generators = {asked.name: asked.generator for asked in task.asked}
    generate_samples(jobs, file, generators, task.out / "timings.jsonl", task.report)
    return jobs


def plan_jobs(part: Part, models: Mapping[str, str]) -> list[Job]:
    """Return every sample of a part to be made by *models*, in the order in which `samples.jsonl` holds them."""
    bench = part.bench
    jobs: list[Job] = []
    for split, suite in sorted(part.suites.items()):
        material = {probe.id: bench.material(probe) for probe in suite.probes}
        for asked in bench.task.asked:
            if split not in asked.splits:
                continue
            for probe in suite.probes:
                composed, limit = bench.compose(asked.arm, probe, material[probe.id]), bench.limit(probe)
                jobs += [
                    Job(
                        model=models[asked.name],
                        arm=asked.name,
                        adapted=asked.arm.adapted,
                        split=split,
                        probe=probe,
                        composed=composed,
                        max_tokens=limit,
                        temperature=bench.task.temperature,
                        sample_ix=ix,
                    )
                    for ix in range(asked.samples)
                ]
    return jobs
