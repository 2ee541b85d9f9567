"""
What a corpus can carry. In: its manifest. Out: sentences that say what its size is enough for, and what to add.

The bands are the field's rules of thumb (50 to 100 examples for a format, 500 to 5,000 for a domain, near the
data floors that vendors publish); the learning curve of `idiolect evaluate` overrules them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from .split import FEW_CLUSTERS, FOLDS, LEAST_CLUSTERS, LEAST_TASKS, aside_of
from .wording import counted

LEAST_PAIRS = 50
"""Fewer training pairs than this teach nothing that could be measured; from here on they teach a format."""
DOMAIN = 500
SATURATED = 5_000


def advise(manifest: Mapping[str, Any]) -> list[str]:
    """Return one sentence per thing that the size of a corpus decides."""
    rows = manifest["counts"]
    aside = aside_of(manifest)
    train: Counter[str] = Counter()
    for row in rows:
        train[row["language"]] += row["pairs"] if row["split"] == "train" else 0
    code = sum(pairs for language, pairs in train.items() if language not in aside)
    lines = [train_sentence(code)]
    if code < train.total():
        others = ", ".join(f"{train[language]:,} of {language}" for language in sorted(aside) if train[language])
        lines.append(f"Pairs of data and prose are not counted: {others}.")
    return [*lines, *test_sentences(manifest)]


def test_sentences(manifest: Mapping[str, Any]) -> list[str]:
    """Return what the held-out tasks are too few for, and whether cross-evaluation asks others in their place."""
    held = count_held_out(manifest)
    if reason := why_not_evaluate(manifest):
        return [reason]
    few = too_few(held)
    if held.is_enough:
        few = f"Held-out tasks come from {counted(held.clusters, 'cluster')} of files, fewer than {FEW_CLUSTERS}"
    crossing = "evaluating an adapter trains four more and asks each for what it has not seen"
    return [f"{few}: {crossing}, {held.in_all:,} tasks in all."] if held.is_crossed else []


def why_not_evaluate(manifest: Mapping[str, Any]) -> str:
    """Return as a sentence why no adapter can be judged on this corpus; nothing where one can."""
    held = count_held_out(manifest)
    if held.is_enough or held.is_crossed:
        return ""
    return f"{too_few(held)} to evaluate: {LEAST_TASKS} in {LEAST_CLUSTERS} are needed."


class HeldOut(NamedTuple):
    """
    The tasks that an evaluation can ask, and the clusters of files that they come from.
    """

    test: int
    clusters: int
    in_all: int
    """Tasks, with those of the training files, which cross-evaluation asks too."""
    clusters_in_all: int
    training: int
    """Training pairs of any kind."""

    @property
    def is_enough(self) -> bool:
        """Whether the test alone can show something."""
        return self.test >= LEAST_TASKS and self.clusters >= LEAST_CLUSTERS

    @property
    def is_crossed(self) -> bool:
        """Whether an evaluation will train folds: the test is small, and folds ask of more clusters."""
        return (
            (self.test < LEAST_TASKS or self.clusters < FEW_CLUSTERS)
            and self.clusters_in_all >= max(FOLDS, self.clusters + 1)
            and self.in_all >= LEAST_TASKS
            and self.training * (FOLDS - 1) >= LEAST_PAIRS * FOLDS
        )


def count_held_out(manifest: Mapping[str, Any]) -> HeldOut:
    """Return how many tasks a corpus holds out."""
    tasks: Counter[str] = Counter()
    pairs: Counter[str] = Counter()
    for row in manifest["counts"]:
        pairs[row["split"]] += row["pairs"]
        tasks[row["split"]] += row["pairs"] if row["kind"] == "implement" else 0
    clusters = manifest["split_proof"]["asked_clusters"]
    in_all = tasks["test"] + tasks["train"]
    return HeldOut(tasks["test"], clusters["test"], in_all, clusters["test"] + clusters["train"], pairs["train"])


def too_few(held: HeldOut) -> str:
    """Return that so many held-out tasks are too few; for what, is left to say."""
    tasks, clusters = counted(held.test, "held-out task"), counted(held.clusters, "cluster")
    return f"{tasks} in {clusters} {'is' if held.test == 1 else 'are'} too few"


def train_sentence(pairs: int) -> str:
    """Return what *pairs* training pairs are enough for."""
    if pairs < LEAST_PAIRS:
        few = f"{counted(pairs, 'training pair')} {'is' if pairs == 1 else 'are'} too few to train on"
        return f"{few}: {LEAST_PAIRS} are needed. Add code, or another repository."
    if pairs < DOMAIN:
        return f"{pairs} training pairs can teach a format or a style; a framework takes {DOMAIN} or more."
    if pairs < SATURATED:
        return f"{pairs:,} training pairs can teach a framework and its style; gains usually grow up to {SATURATED:,}."
    return f"{pairs:,} training pairs are plenty; better ones would help more than more of them."
