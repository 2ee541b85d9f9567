"""
What a corpus can carry. In: its manifest. Out: sentences that say what its size is enough for, and what to add.

The bands are the field's rules of thumb (50 to 100 examples for a format, 500 to 5,000 for a domain, near the
data floors that vendors publish); the learning curve of `idiolect evaluate` overrules them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from .split import FEW_CLUSTERS, formats_aside

FORMAT = 50
DOMAIN = 500
SATURATED = 5_000


def advise(manifest: Mapping[str, Any]) -> list[str]:
    """Return one sentence per thing that the size of a corpus decides."""
    rows = manifest["counts"]
    aside = formats_aside((row["kind"], row["language"], row["pairs"]) for row in rows)
    train: Counter[str] = Counter()
    for row in rows:
        train[row["language"]] += row["pairs"] if row["split"] == "train" else 0
    test = sum(row["pairs"] for row in rows if row["split"] == "test" and row["kind"] == "implement")
    clusters = manifest["split_proof"]["clusters"]["test"]
    code = sum(pairs for language, pairs in train.items() if language not in aside)
    lines = [train_sentence(code)]
    if code < train.total() - code:
        others = ", ".join(f"{train[language]:,} of {language}" for language in sorted(aside) if train[language])
        lines.append(f"Pairs of data and prose are not counted: {others}.")
    if test < 20 or clusters < 2:
        tasks, places = number(test, "held-out task"), number(clusters, "cluster")
        lines.append(f"{tasks} in {places} {'is' if test == 1 else 'are'} too few to evaluate: 20 in 2 are needed.")
    elif clusters < FEW_CLUSTERS:
        lines.append(
            f"Held-out tasks come from {clusters} clusters of files; under {FEW_CLUSTERS}, evaluating trains four more "
            "adapters and asks each for what it has not seen."
        )
    return lines


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
