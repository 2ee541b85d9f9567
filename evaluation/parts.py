"""
What is asked together. In: a task. Out: its `Part`s: a bench each, the suites it asks, and the model that answers.

There is one part, the corpus as it was split, unless the test is small (`folds.py`): then the first part asks the
validation probes of the adapter at hand, and one part a fold asks the fold's probes of an adapter trained without.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

from ..mining.guide import render_guide
from .checks.check import collect_checks
from .folds import FoldCorpus, open_folds
from .measure import retrain_on
from .probes import Suite, select_probes
from .retrieval import Retriever
from .scores import Scorer
from .task import Bench, Task


@dataclass(frozen=True, slots=True)
class Part:
    """
    Suites, and the bench that asks them.
    """

    bench: Bench
    suites: Mapping[str, Suite]
    fold: int | None = None
    """Which fold, from 0; None for the corpus as it was split."""


def make_bench(task: Task) -> Bench:
    """Return the checks, the guide and the index of *task*."""
    guide = render_guide(task.corpus.profile) if any(arm.guide for arm in task.arms) else ""
    training = task.corpus.pairs("train")
    scorer = Scorer(collect_checks(task.corpus, task.repository))
    return Bench(task, scorer, Retriever(training if any(arm.retrieval for arm in task.arms) else ()), guide)


def open_parts(bench: Bench, count: int) -> list[Part]:
    """Return the parts of the bench's task, *count* probes in all admitted to its tests, half as many to validation."""
    task = bench.task
    folds = open_folds(task.corpus) if task.crossed else []
    tests = [make_bench(replace(task, corpus=fold)) for fold in folds] or [bench]
    # choosing an arm needs fewer probes than proving a gain
    asked = [(bench, "validation", max(1, count // 2)), *((own, "test", -(-count // len(tests))) for own in tests)]
    suites: list[Suite] = []
    for own, split, share in asked:
        task.report("probes", len(suites), len(asked))
        suites.append(admit_suite(own, split, share, task.taught if own is bench else frozenset()))
    task.report("probes", len(asked), len(asked))
    validation, *rest = suites
    if not folds:
        return [Part(bench, {"test": rest[0], "validation": validation})]
    parts = [Part(own, {"test": suite}, fold) for fold, (own, suite) in enumerate(zip(tests, rest, strict=True))]
    # nothing to ask, nothing to train
    return [Part(bench, {"validation": validation}), *(part for part in parts if part.suites["test"].probes)]


def admit_suite(bench: Bench, split: str, count: int | None, taught: Set[str] = frozenset()) -> Suite:
    """Return the admitted probes of *split*, none of what is *taught*."""
    return select_probes(bench.task.corpus, split, count, bench.admit, taught)


def merge_suites(parts: Sequence[Part]) -> dict[str, Suite]:
    """Return the suites of all parts, those of one split as one."""
    merged: dict[str, Suite] = {}
    for split in ("test", "validation"):
        own = [part.suites[split] for part in parts if split in part.suites]
        merged[split] = Suite(
            split,
            tuple(probe for suite in own for probe in suite.probes),
            tuple(reason for suite in own for reason in suite.refused),
            sum(suite.candidates for suite in own),
        )
    return merged


def train_part(part: Part) -> Part:
    """Return *part* with the model that answers it: a fold's adapter is trained here, on the other folds alone."""
    task = part.bench.task
    assert part.fold is not None
    generator, loss_of = retrain_on(task, f"fold-{part.fold + 1}", task.corpus.pairs("train"))
    trained = replace(task, generator=generator, loss_of=None if task.loss_of is None else loss_of)
    return replace(part, bench=replace(part.bench, task=trained))


def describe_suites(parts: Sequence[Part]) -> dict[str, Any]:
    """Return the suites for `run.json`, with the fold of each probe where there are folds."""
    suites = {split: suite.as_json() for split, suite in merge_suites(parts).items()}
    places = {p.id: part.fold for part in parts if part.fold is not None for p in part.suites["test"].probes}
    if places:
        suites["test"]["probes"] = [{**row, "fold": places[row["id"]]} for row in suites["test"]["probes"]]
    return suites


def describe_fold(part: Part, models: Mapping[str, str]) -> dict[str, Any]:
    """Return what `run.json` says of a fold, in whose arms *models* answered."""
    task = part.bench.task
    assert isinstance(task.corpus, FoldCorpus)
    return {
        "fold": part.fold,
        "probes": len(part.suites["test"].probes),
        "clusters": len(part.suites["test"].sizes),
        "training_pairs": len(task.corpus.training),
        "index_sha256": part.bench.retriever.settings["index_sha256"],
        "scorer_sha256": part.bench.scorer.sha256,
        "models": {asked.name: models[asked.name] for asked in task.asked if asked.arm.adapted},
    }
