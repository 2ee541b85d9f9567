"""
How probes are answered. In: an arm's name and a probe. Out: the `Request` that arm sends to a model.

The six arms differ in two things only: whether the adapter is on, and what stands in front of the file's own context
(the style guide, retrieved code). The model is whatever the composer hands over, as long as it keeps these protocols.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from ..mining.pairs.pair import Pair


@dataclass(frozen=True, slots=True)
class Arm:
    """
    One way to answer probes.
    """

    name: str
    adapted: bool
    """Whether the adapter is on."""
    guide: bool
    """Whether the style guide stands in front of the context."""
    retrieval: bool
    """Whether retrieved training code stands in front of the context."""


ARMS = {
    arm.name: arm
    for arm in (
        Arm("base", adapted=False, guide=False, retrieval=False),
        Arm("guide", adapted=False, guide=True, retrieval=False),
        Arm("rag", adapted=False, guide=False, retrieval=True),
        Arm("guide+rag", adapted=False, guide=True, retrieval=True),
        Arm("tuned", adapted=True, guide=False, retrieval=False),
        Arm("tuned+rag", adapted=True, guide=False, retrieval=True),
    )
}


@dataclass(frozen=True, slots=True)
class Request:
    """
    One prompt, still as text: the generator renders it in its model family's format.
    """

    kind: str
    """The pair kind: decides the format (`infill` uses the family's fill-in-the-middle tokens where it has them)."""
    path: str
    language: str
    context: str
    """Guide, retrieved code and the file's skeleton, in that order."""
    instruction: str


class Generation(NamedTuple):
    """
    What a model wrote.
    """

    text: str
    finish_reason: str
    """`stop` when the model ended by itself, `length` when it ran into the token limit."""
    prompt_tokens: int
    output_tokens: int
    seconds: float
    """The batch's wall time divided by its size."""


class AnswerLoss(NamedTuple):
    """
    The negative log-likelihood of one answer, in nats, summed over its tokens, the stop token included.
    """

    nats: float
    tokens: int


class Generator(Protocol):
    """
    A model that answers requests: with the adapter on or off, on this machine or behind an endpoint.
    """

    @property
    def context_length(self) -> int:
        """How many tokens prompt and answer may have together."""
        ...

    @property
    def fingerprint(self) -> Mapping[str, str]:
        """What decides the output beside the prompt: hashes of weights, adapter, tokenizer, template; engine, dtype."""
        ...

    def count_tokens(self, text: str) -> int:
        """Return how many tokens *text* takes."""
        ...

    def generate(
        self,
        requests: Sequence[Request],
        *,
        adapted: bool,
        max_tokens: Sequence[int],
        temperature: float = 0.0,
        seed: int = 0,
    ) -> Iterator[tuple[int, Generation]]:
        """Yield (index, generation) for every request, in any order; *max_tokens* limits each answer."""
        ...


class LossOf(Protocol):
    """
    Scores given answers: the loss of each pair's response under the base or the adapted model.
    """

    def __call__(self, pairs: Sequence[Pair], *, adapted: bool) -> list[AnswerLoss]:
        """Return one loss per pair, in order."""
        ...


class Retrain(Protocol):
    """
    Trains an adapter on some of the corpus: the learning curve, the folds and the placebo need it.
    """

    def __call__(self, pairs: Sequence[Pair], out: Path) -> tuple[Generator, LossOf]:
        """Return a generator and a loss whose adapter was trained on *pairs* alone, written to *out*."""
        ...
