"""
Retrieval for the prompt. In: the training pairs and a probe. Out: the training definitions nearest to what is asked.

BM25 over whole definitions of the training split, through bm25s. Held-out files are not in the index, so neither the
answer nor a neighbour in its file can be found. Whole definitions, because
examples help a model more than prose and lists of parameters do (arXiv:2503.15231).
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..mining.artefacts import sha256_json
from ..mining.errors import MissingExtraError
from ..mining.pairs.pair import Pair

WORD = re.compile(r"[A-Za-z]+|\d+")
HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
FETCHED = 8
"""Definitions fetched a probe; the prompt's budget decides how many are used."""


@dataclass(frozen=True, slots=True)
class Passage:
    """
    One training definition, as it can stand in a prompt.
    """

    path: str
    symbol: str
    text: str
    """Head, documentation and body."""


class Retriever:
    """
    An index over training definitions.
    """

    def __init__(self, training: Sequence[Pair]) -> None:
        self.passages = collect_passages(training)
        self.index: Any = build_index([split_words(f"{p.symbol} {p.text}") for p in self.passages])

    @property
    def settings(self) -> dict[str, Any]:
        """What decides the retrieved text, for `run.json`."""
        return {
            "name": "bm25s",
            "passages": len(self.passages),
            "index_sha256": sha256_json([[p.path, p.symbol, p.text] for p in self.passages]),
            "k": FETCHED,
        }

    def find(self, pair: Pair) -> list[Passage]:
        """Return the passages nearest to what *pair* asks, best first; its answer is not looked at."""
        words = split_words(f"{pair.path} {pair.symbol} {pair.instruction}")
        if self.index is None or not words:
            return []
        scores = self.index.get_scores(words)
        # a stable order: equal scores stand in the order of the corpus
        best = sorted(range(len(self.passages)), key=lambda i: (-float(scores[i]), i))[:FETCHED]
        return [self.passages[i] for i in best if scores[i] > 0]


def collect_passages(training: Sequence[Pair]) -> list[Passage]:
    """Return one passage per documented training definition, in the order of the corpus."""
    passages: list[Passage] = []
    for pair in training:
        if pair.kind == "implement":
            # the first line is the ask, which says nothing about this codebase
            head = shorten_head(pair.instruction.partition("\n")[2])
            passages.append(Passage(pair.path, pair.symbol, f"{head}\n{pair.response}"))
    return passages


def shorten_head(head: str) -> str:
    """Return *head* with its documentation cut after the first paragraph: code teaches more than prose does."""
    for quotes in ('"""', "'''"):
        before, opening, doc = head.partition(quotes)
        first, blank, _ = doc.partition("\n\n")
        if blank:
            return f"{before}{opening}{first}{quotes}"
    return head


def build_index(texts: list[list[str]]) -> Any:
    """
    Return a BM25 index over *texts*, or None for no text.

    Raises `MissingExtraError` when bm25s is not installed.
    """
    try:
        bm25s: Any = importlib.import_module("bm25s")
    except ImportError:
        raise MissingExtraError("bm25s", "idiolect[evaluate]") from None
    if not any(texts):
        return None
    index = bm25s.BM25()
    index.index(texts, show_progress=False)
    return index


def split_words(text: str) -> list[str]:
    """Return the lower-case words of *text*, identifiers split at humps and underscores."""
    return [word.lower() for part in WORD.findall(text) for word in HUMP.split(part) if len(word) > 1]
