"""
What is measured beside the samples. In: a task and its probes. Out: loss rows, further adapters, what texts repeat.

Adapters that only measure (a placebo, the parts of a learning curve, one with canaries) are trained in a scratch folder
through the `Retrain` that the composer hands over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import NamedTuple

from .. import __version__
from ..mining.artefacts import sha256_json
from ..mining.errors import InputError
from ..mining.pairs.pair import Pair
from .arms import Generator, LossOf
from .curve import HALF_READING, measured_kinds, nested_subsets, without_half
from .general import collect_general, collect_placebo
from .insecure import find_insecure
from .memory import TrainingText, measure_exposure, plant_canaries
from .probes import Suite
from .samples import Row, model_sha256
from .scores import Text
from .task import Task

CONTROLS = ("basic", "placebo", "full")
"""Each with what the one before it has: nothing trained; one adapter; the parts of a learning curve too."""
TRAINING = ".training"
"""Where adapters are trained that only measure; gone when the evaluation has ended."""
TRAINING_PROMPTS = 20
"""Training answers on which an adapter must show that it is applied."""


def require_retrain(task: Task) -> None:
    """Raise `InputError` for a control that is unknown, or that needs training where none can be done or tells."""
    if task.controls not in CONTROLS:
        raise InputError(f"--controls {task.controls!r} is unknown. Known: {', '.join(CONTROLS)}.")
    if task.controls == "basic" and not task.canaries:
        return
    if task.retrain is None or task.adapter is None:
        raise InputError("More controls and canaries train further adapters: give the adapter whose recipe they take.")
    if task.untrainable:
        raise InputError(f"More controls and canaries train further adapters. {task.untrainable}")
    if task.went_on:
        raise InputError(
            "This adapter went on from an earlier one (train --from), and what --controls and --canaries train begins "
            "anew: it would measure another adapter. Leave them out, or train one on this corpus alone."
        )


def train_placebo(task: Task) -> Task:
    """Return *task* with a placebo: the same base and recipe, on code of another origin, as many pairs as there are."""
    if task.controls == "basic" or task.retrain is None:
        return task
    count = len(task.corpus.pairs("train"))
    generator, _ = retrain_on(task, "placebo", collect_placebo(count))
    return replace(task, placebo=generator)


def retrain_on(task: Task, name: str, pairs: Sequence[Pair], reading: float = 1.0) -> tuple[Generator, LossOf]:
    """Return the model trained on *pairs* alone, *reading* times as often; what was killed meanwhile goes on."""
    assert task.retrain is not None
    task.report(f"training: {name}, {len(pairs):,} pairs", 0, 1)
    # by what it is to be: nothing else can stand there
    own = sha256_json([model_sha256(task.generator, adapted=True), [pair.id for pair in pairs], reading, __version__])
    return task.retrain(pairs, task.out / TRAINING / own[:16] / name, reading=reading)


class LossSet(NamedTuple):
    """
    Pairs whose losses are measured.
    """

    name: str
    pairs: Sequence[Pair]
    as_text: bool = False
    """As text that goes on, and not as an answer with its end."""
    by_tuned: bool = True
    """By the tuned model, too, where there is one."""


def probe_sets(suite: Suite) -> list[LossSet]:
    """
    Return the answers of the probes, and these as text under the base alone.

    That and the loss on general code, which is text, tell how new this code is to the base.
    """
    probes = [probe.pair for probe in suite.probes]
    return [LossSet("test", probes), LossSet("test_text", probes, as_text=True, by_tuned=False)]


def whole_sets(task: Task) -> list[LossSet]:
    """Return general code, and some training answers."""
    applied = sorted(task.corpus.pairs("train"), key=lambda pair: pair.id)[:TRAINING_PROMPTS]
    return [LossSet("general", collect_general(task.corpus), as_text=True), LossSet("applied", applied)]


def measure_losses(task: Task, sets: Sequence[LossSet]) -> list[Row]:
    """Return the loss of base and tuned model on every pair of *sets*."""
    if task.loss_of is None:
        return []
    rows: list[Row] = []
    for step, (name, pairs, as_text, by_tuned) in enumerate(sets):
        for adapted in (False, True) if by_tuned and task.adapter is not None else (False,):
            losses = list_losses(pairs, task.loss_of, adapted=adapted, as_text=as_text)
            rows += [{"set": name, **row} for row in losses]
        task.report("losses", step + 1, len(sets))
    return rows


def measure_parts(task: Task, suite: Suite) -> list[Row]:
    """Return the loss on the probes after training on smaller parts of the pairs, with less of a kind, and for less."""
    if task.controls != "full" or task.loss_of is None:
        return []
    training = task.corpus.pairs("train")
    parts = [({"set": "curve", "n": len(own)}, own, 1.0) for own in nested_subsets(training)]
    if parts:
        parts.append(({"set": "reading", "n": len(training)}, list(training), HALF_READING))
    for kind in measured_kinds(training):
        own = without_half(training, kind)
        parts.append(({"set": "kind", "kind": kind, "n": len(training) - len(own)}, own, 1.0))
    rows: list[Row] = []
    for number, (label, own, reading) in enumerate(parts):
        _, loss_of = retrain_on(task, f"part-{number}", own, reading)
        rows += [{**label, **row} for row in list_losses([p.pair for p in suite.probes], loss_of, adapted=True)]
    return rows


def measure_canaries(task: Task) -> list[Row]:
    """Return the exposure of every canary after training with them planted."""
    if not task.canaries:
        return []
    planted, canaries = plant_canaries(task.corpus.pairs("train"), task.canaries)
    _, loss_of = retrain_on(task, "canaries", planted)
    return [{"set": "canary", **asdict(exposure)} for exposure in measure_exposure(canaries, loss_of)]


def list_losses(pairs: Sequence[Pair], loss_of: LossOf, *, adapted: bool, as_text: bool = False) -> list[Row]:
    """Return one row per pair that has an answer to lose on."""
    losses = loss_of(pairs, adapted=adapted, as_text=as_text)
    return [
        {
            "pair_id": pair.id,
            "cluster": pair.cluster,
            "adapted": adapted,
            "nats": round(loss.nats, 6),
            "tokens": loss.tokens,
        }
        for pair, loss in zip(pairs, losses, strict=True)
        if loss.tokens > 0
    ]


def add_memory(task: Task, scores: Sequence[Row], texts: Sequence[Text]) -> list[Row]:
    """Return *scores* with what each text repeats of the training pairs, and the insecure calls it makes by itself."""
    training = TrainingText(task.corpus.pairs("train"))
    return [
        {
            **row,
            "copied": training.copies(text.raw),
            "secrets": training.count_secrets(text.raw),
            "insecure": find_insecure(row["extracted_code"], text.probe.pair.response),
        }
        for row, text in zip(scores, texts, strict=True)
    ]
