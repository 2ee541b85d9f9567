"""
What a corpus can carry. In: its manifest. Out: sentences that say what its size is enough for, and what to add.

The bands are the field's rules of thumb (50 to 100 examples for a format, 500 to 5,000 for a domain, near the
data floors that vendors publish); the learning curve of `idiolect evaluate` overrules them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from .split import FEW_CLUSTERS, FOLDS, formats_aside

FORMAT = 50
DOMAIN = 500
SATURATED = 5_000
LEAST_PAIRS = 50
"""Fewer training pairs than this teach nothing that could be measured."""
LEAST_TASKS, LEAST_CLUSTERS = 20, 2
"""Held-out tasks, and clusters of files that they come from, under which an evaluation shows nothing."""


def advise(manifest: Mapping[str, Any]) -> list[str]:
    """Return one sentence per thing that the size of a corpus decides."""
    rows = manifest["counts"]
    aside = formats_aside((row["kind"], row["language"], row["pairs"]) for row in rows)
    train: Counter[str] = Counter()
    for row in rows:
        train[row["language"]] += row["pairs"] if row["split"] == "train" else 0
    code = sum(pairs for language, pairs in train.items() if language not in aside)
    lines = [train_sentence(code)]
    if code < train.total() - code:
        others = ", ".join(f"{train[language]:,} of {language}" for language in sorted(aside) if train[language])
        lines.append(f"Pairs of data and prose are not counted: {others}.")
    return [*lines, *test_sentences(manifest, train.total())]


def test_sentences(manifest: Mapping[str, Any], training: int) -> list[str]:
    """Return what the held-out tasks are too few for, and whether cross-evaluation asks others in their place."""
    tasks: Counter[str] = Counter()
    for row in manifest["counts"]:
        tasks[row["split"]] += row["pairs"] if row["kind"] == "implement" else 0
    places = manifest["split_proof"]["asked_clusters"]
    test, clusters, in_all = tasks["test"], places["test"], tasks["test"] + tasks["train"]
    is_crossed = (
        clusters < FEW_CLUSTERS
        and clusters + places["train"] >= max(FOLDS, clusters + 1)
        and in_all >= LEAST_TASKS
        and training * (FOLDS - 1) >= FORMAT * FOLDS
    )
    few = f"{number(test, 'held-out task')} in {number(clusters, 'cluster')} {'is' if test == 1 else 'are'} too few"
    if test >= LEAST_TASKS and clusters >= LEAST_CLUSTERS:
        few = f"Held-out tasks come from {clusters} clusters of files, fewer than {FEW_CLUSTERS}"
    elif not is_crossed:
        return [f"{few} to evaluate: {LEAST_TASKS} in {LEAST_CLUSTERS} are needed."]
    crossing = f"evaluating an adapter trains four more and asks each for what it has not seen, {in_all:,} tasks in all"
    return [f"{few}: {crossing}."] if is_crossed else []


def number(count: int, thing: str) -> str:
    """Return *count* with the name of what is counted."""
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def train_sentence(pairs: int) -> str:
    """Return what *pairs* training pairs are enough for."""
    if pairs < FORMAT:
        return f"{pairs} training pairs are too few to train on: {FORMAT} are needed. Add code, or another repository."
    if pairs < DOMAIN:
        return f"{pairs} training pairs can teach a format or a style; a framework takes {DOMAIN} or more."
    if pairs < SATURATED:
        return f"{pairs:,} training pairs can teach a framework and its style; gains usually grow up to {SATURATED:,}."
    return f"{pairs:,} training pairs are plenty; better ones would help more than more of them."
