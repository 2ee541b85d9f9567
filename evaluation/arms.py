"""
How probes are answered. In: an arm and a held-out pair. Out: the `Request` that the arm sends to a model.

The six arms differ in two things only: whether the adapter is on, and what stands in front of the file's own context
(the style guide, retrieved code). The model is whatever the composer hands over, as long as it keeps these protocols.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
    """`stop`: the model ended by itself; `over`: the asker had all it wanted; `length`: it ran into the token limit."""
    prompt_tokens: int
    output_tokens: int
    seconds: float
    """The batch's wall time divided by its size."""
    first_seconds: float | None = None
    """The same up to the first token; None where a server does not tell."""


class Written(Protocol):
    """
    What a generator gives back: `Generation`, or another class of the same form.
    """

    @property
    def text(self) -> str: ...  # noqa: D102 - as in `Generation`
    @property
    def finish_reason(self) -> str: ...  # noqa: D102
    @property
    def prompt_tokens(self) -> int: ...  # noqa: D102
    @property
    def output_tokens(self) -> int: ...  # noqa: D102
    @property
    def seconds(self) -> float: ...  # noqa: D102
    @property
    def first_seconds(self) -> float | None: ...  # noqa: D102


class Measured(Protocol):
    """
    The negative log-likelihood of one answer, in nats, summed over its tokens, the token that ends it included.
    """

    @property
    def nats(self) -> float: ...  # noqa: D102 - said above
    @property
    def tokens(self) -> int: ...  # noqa: D102


IsOver = Callable[[str], bool]
"""Claims that a text already holds the whole answer; asked when a line has begun, and now and then within one."""


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

    def count_prompt(self, request: Request) -> int:
        """Return how many tokens the prompt of *request* takes, with all that the model's family puts around it."""
        ...

    def generate(
        self,
        requests: Sequence[Request],
        *,
        adapted: bool,
        max_tokens: Sequence[int],
        temperature: float = 0.0,
        seed: int = 0,
        is_over: Sequence[IsOver] | None = None,
    ) -> Iterator[tuple[int, Written]]:
        """
        Yield (index, generation) for every request, in any order.

        *max_tokens* limits each answer. *is_over* lets a generator that can stop early save what would be cut off.
        """
        ...


class LossOf(Protocol):
    """
    Scores given answers: the loss of each pair's response under the base or the adapted model.
    """

    def __call__(self, pairs: Sequence[Pair], *, adapted: bool, as_text: bool = False) -> Sequence[Measured]:
        """Return one loss per pair, in order; *as_text* without whatever makes an answer of a text."""
        ...


class Retrain(Protocol):
    """
    Trains an adapter on some of the corpus: the learning curve, the folds and the placebo need it.
    """

    def __call__(self, pairs: Sequence[Pair], out: Path, *, reading: float = 1.0) -> tuple[Generator, LossOf]:
        """
        Return a generator and a loss whose adapter was trained on *pairs* alone, written to *out*.

        They are read *reading* times as often as the adapter at hand read its own.
        """
        ...


# -- what stands in front of a probe's own context

GUIDE_SHARE = 1 / 8
"""The most of the model's context that the style guide may take."""
RETRIEVED_SHARE = 1 / 4
"""The most of the model's context that retrieved code may take."""


@dataclass(frozen=True, slots=True)
class Composed:
    """
    A request, and what had to be left out of it.
    """

    request: Request
    guide_used: int
    guide_left_out: int
    """Items of the guide that did not fit; an item is used whole or not at all."""
    retrieved_used: int
    retrieved_left_out: int


@dataclass(frozen=True, slots=True)
class Material:
    """
    What the arms may put in front of a probe, best first, each item already in the form it takes in a prompt.
    """

    guide: tuple[str, ...]
    retrieved: tuple[str, ...]


def compose_request(arm: Arm, pair: Pair, material: Material, generator: Generator, *, room: int) -> Composed:
    """
    Return what *arm* asks for *pair*.

    *room* is what prompt and answer leave of the context, in tokens: guide and retrieved code take their share of the
    whole context or what room is left, whichever is less.
    """
    length = generator.context_length
    guide = take_items(material.guide if arm.guide else (), generator, min(int(length * GUIDE_SHARE), room))
    left = room - sum(generator.count_tokens(item + "\n") for item in guide)
    found = take_items(material.retrieved if arm.retrieval else (), generator, min(int(length * RETRIEVED_SHARE), left))
    context = "\n".join([*guide, *found, pair.context]) if guide or found else pair.context
    return Composed(
        request=Request(pair.kind, pair.path, pair.language, context, pair.instruction),
        guide_used=len(guide),
        guide_left_out=len(material.guide) - len(guide) if arm.guide else 0,
        retrieved_used=len(found),
        retrieved_left_out=len(material.retrieved) - len(found) if arm.retrieval else 0,
    )


def take_items(items: Sequence[str], generator: Generator, budget: int) -> list[str]:
    """Return the items that fit into *budget* tokens, in order; one that does not fit leaves its room to the next."""
    taken: list[str] = []
    for item in items:
        size = generator.count_tokens(item + "\n")
        if size <= budget:
            taken.append(item)
            budget -= size
    return taken


def guide_items(guide: str, comment: str) -> tuple[str, ...]:
    """Return the rules of a Markdown guide, one an item, as comments of the probe's language."""
    items: list[str] = []
    for line in guide.splitlines():
        if line.startswith((" ", "\t")) and items and line.strip():
            items[-1] += f"\n{comment} {line.strip()}"
        elif line.lstrip().startswith(("- ", "* ", "1", "2", "3", "4", "5", "6", "7", "8", "9")):
            items.append(f"{comment} {line.strip()}")
    return tuple(items)


def passage_item(path: str, text: str, comment: str) -> str:
    """Return a retrieved definition with a comment that says where it stands."""
    return f"{comment} from {path}:\n{text}\n"
