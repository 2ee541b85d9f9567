"""
Documents side by side, without padding. In: examples. Out: packs within a token budget, steps of packs for an epoch.

A pack is one row of tokens made of segments. A segment is a document, or a prefix that several documents share: then
the prefix stands once, and each document is the rest of itself. Attention keeps segments apart (`attention.py`), and
positions count from the document's own start, so a pack computes exactly what its documents would compute alone.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .encode import Example

Indices = NDArray[np.int64]

WINDOW = 512
"""Chunks that are fitted into packs together: the more, the fuller and the more alike the packs."""


class Segment(NamedTuple):
    """
    A run of tokens in a pack that attends to itself and to what stands ahead of it.
    """

    length: int
    ahead: tuple[int, ...] = ()
    """Which segments its document begins with."""


class Chunk(NamedTuple):
    """
    Examples that stand behind one shared prefix. They travel together.
    """

    members: tuple[int, ...]
    tokens: int
    answers: int
    """How many of the tokens are answers."""

    @property
    def cost(self) -> int:
        """What it takes to compute, about, in tokens of a prompt: answers pass the head, and backwards always."""
        return self.tokens + 3 * self.answers


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """
    One micro-batch.
    """

    input_ids: Indices
    position_ids: Indices
    segments: tuple[Segment, ...]
    keep: Indices
    """The positions whose next token is an answer's: the only ones the head scores."""
    targets: Indices
    """That next token, one per position kept; or a row of several that it may be (`draws.py`)."""
    owners: Indices
    """Which example of the pack each position kept belongs to."""

    @property
    def tokens(self) -> int:
        """How many tokens the model computes."""
        return len(self.input_ids)

    @property
    def asking(self) -> int:
        """How many of them no answer is predicted from."""
        return len(self.input_ids) - len(self.keep)


def build_pack(chunks: Sequence[Sequence[Example]]) -> Pack:
    """
    Lay out *chunks*: each a sequence of examples with one shared prefix, or a single example.
    """
    pieces: list[NDArray[np.int32]] = []
    positions: list[Indices] = []
    segments: list[Segment] = []
    keep: list[Indices] = []
    owners: list[Indices] = []
    at = owner = 0
    for chunk in chunks:
        prefix: tuple[int, ...] = ()
        start = 0
        if len(chunk) > 1 and len(chunk[0].shared):
            shared = chunk[0].shared
            prefix, start = (len(segments),), len(shared)
            pieces.append(shared)
            positions.append(np.arange(start))
            segments.append(Segment(start))
            at += start
        for example in chunk:
            own = [example.ask, example.answer] if prefix else [example.shared, example.ask, example.answer]
            # the last token of a document predicts nothing, so it is not computed
            ids = np.concatenate(own)[:-1]
            count = len(example.answer)
            pieces.append(ids)
            positions.append(np.arange(start, start + len(ids)))
            segments.append(Segment(len(ids), prefix))
            at += len(ids)
            keep.append(np.arange(at - count, at))
            owners.append(np.full(count, owner))
            owner += 1
    return Pack(
        np.concatenate(pieces).astype(np.int64),
        np.concatenate(positions).astype(np.int64),
        tuple(segments),
        np.concatenate(keep),
        join_targets([example for chunk in chunks for example in chunk]),
        np.concatenate(owners),
    )


def join_targets(examples: Sequence[Example]) -> Indices:
    """
    Return the tokens that answers of *examples* are to say: (answers), or (answers, draws) where some were drawn.

    A token that was not drawn stands in all places of its row: the mean of their losses is its own.
    """
    draws = max((example.drawn.shape[1] for example in examples if example.drawn is not None), default=0)
    rows = [
        example.answer
        if not draws
        else np.repeat(example.answer[:, None], draws, 1)
        if example.drawn is None
        else example.drawn
        for example in examples
    ]
    return np.concatenate(rows).astype(np.int64)


def group_examples(examples: Sequence[Example]) -> list[list[int]]:
    """
    Return the indices of *examples* that share a prefix, together; an example without one stands alone.

    Equal ids decide, not the `prompt_id` alone: a hand-written pair may claim a context it does not have.
    """
    groups: dict[object, list[int]] = defaultdict(list)
    for index, example in enumerate(examples):
        shares = bool(example.prompt_id) and len(example.shared) > 0
        groups[(example.prompt_id, example.shared.tobytes()) if shares else index].append(index)
    return list(groups.values())


def make_chunks(
    examples: Sequence[Example], groups: Sequence[Sequence[int]], share: int, pack_tokens: int
) -> list[Chunk]:
    """
    Cut each group into chunks of at most *share* examples that fit *pack_tokens*.
    """
    chunks: list[Chunk] = []
    for group in groups:
        members: list[int] = []
        tokens = answers = 0
        for index in group:
            example = examples[index]
            own = len(example.ask) + len(example.answer)
            if members and (len(members) == share or tokens + own > pack_tokens):
                chunks.append(Chunk(tuple(members), tokens, answers))
                members = []
            if not members:
                tokens, answers = len(example.shared), 0
            members.append(index)
            tokens += own
            answers += len(example.answer)
        chunks.append(Chunk(tuple(members), tokens, answers))
    return chunks


def fit_chunks(chunks: Sequence[Chunk], pack_tokens: int) -> list[list[Chunk]]:
    """
    Fit *chunks* into as few packs as they may need, alike in cost: the dearest first, each into the cheapest with room.
    """
    # none of them needs two packs, though it may be longer than one: all are, where documents are kept apart
    needed = min(len(chunks), math.ceil(sum(chunk.tokens for chunk in chunks) / pack_tokens))
    packs: list[list[Chunk]] = [[] for _ in range(needed)]
    room = [pack_tokens] * len(packs)
    costs = [0] * len(packs)
    for chunk in sorted(chunks, key=lambda chunk: (-chunk.cost, chunk.members)):
        # what fits nowhere is not tried everywhere
        tried = enumerate(room) if chunk.tokens <= pack_tokens else ()
        place = min((i for i, free in tried if free >= chunk.tokens), key=costs.__getitem__, default=None)
        if place is None:
            place = len(packs)
            packs.append([])
            room.append(pack_tokens)
            costs.append(0)
        packs[place].append(chunk)
        room[place] -= chunk.tokens
        costs[place] += chunk.cost
    return [pack for pack in packs if pack]


@dataclass(frozen=True, slots=True)
class Plan:
    """
    How the examples of a run become steps. Epoch *e* of a plan is the same on every machine.
    """

    examples: tuple[Example, ...]
    groups: tuple[tuple[int, ...], ...]
    pack_tokens: int
    step_tokens: int
    share: int
    seed: int
    turns: tuple[tuple[tuple[int, ...], ...], ...] = ()
    """Further groups, which epochs take in turn: the first of these in epoch 0, the next in epoch 1."""

    def epoch(self, number: int) -> list[list[list[Chunk]]]:
        """Return the steps of one epoch: each a list of packs, each a list of chunks."""
        random = np.random.default_rng([self.seed, number])
        turn = self.turns[number % len(self.turns)] if self.turns else ()
        groups = [[group[i] for i in random.permutation(len(group))] for group in (*self.groups, *turn)]
        chunks = make_chunks(self.examples, groups, self.share, self.pack_tokens)
        chunks = [chunks[i] for i in random.permutation(len(chunks))]
        packs = [
            pack
            for start in range(0, len(chunks), WINDOW)
            for pack in fit_chunks(chunks[start : start + WINDOW], self.pack_tokens)
        ]
        # a step's packs are computed side by side, by lanes or processes: equally dear ones wait for none
        packs.sort(key=count_cost, reverse=True)
        steps = cut_steps(packs, self.step_tokens)
        return [steps[i] for i in random.permutation(len(steps))]

    def seen(self, epochs: int) -> list[Example]:
        """Return the examples that the first *epochs* have visited, the last of them in part."""
        groups = (*self.groups, *(group for turn in self.turns[:epochs] for group in turn))
        return [self.examples[i] for group in groups for i in group]

    def build(self, chunks: Sequence[Chunk]) -> Pack:
        """Return the pack of *chunks*."""
        return build_pack([[self.examples[i] for i in chunk.members] for chunk in chunks])


def count_cost(pack: Sequence[Chunk]) -> int:
    """Return what *pack* costs."""
    return sum(chunk.cost for chunk in pack)


def count_slowest(step: Sequence[Sequence[Chunk]], processes: int) -> int:
    """Return what the packs cost of the process that gets the dearest ones: they are dealt to *processes* in turn."""
    return max(sum(map(count_cost, step[first::processes])) for first in range(processes))


def cut_steps(packs: Sequence[list[Chunk]], step_tokens: int) -> list[list[list[Chunk]]]:
    """
    Cut *packs* into steps of about *step_tokens*; less than half of one, left over at the end, joins the last step.
    """
    steps: list[list[list[Chunk]]] = []
    step: list[list[Chunk]] = []
    tokens = 0
    for pack in packs:
        step.append(pack)
        tokens += sum(chunk.tokens for chunk in pack)
        if tokens >= step_tokens * 0.9:
            steps.append(step)
            step, tokens = [], 0
    if step and (not steps or tokens >= step_tokens / 2):
        steps.append(step)
    elif step:
        steps[-1].extend(step)
    return steps


def plan_training(
    examples: Sequence[Example],
    *,
    pack_tokens: int,
    step_tokens: int,
    share: int,
    seed: int,
    turns: Sequence[Sequence[Example]] = (),
) -> Plan:
    """Return the plan of a run over *examples*; *turns* are further ones, of which each epoch takes the next."""
    parts = [examples, *turns]
    starts = accumulate((len(part) for part in parts), initial=0)
    groups, *others = (
        tuple(tuple(start + index for index in group) for group in share_groups(part, share))
        for start, part in zip(starts, parts, strict=False)
    )
    everything = tuple(example for part in parts for example in part)
    return Plan(everything, groups, pack_tokens, step_tokens, share, seed, tuple(others))


def share_groups(examples: Sequence[Example], share: int) -> list[list[int]]:
    """Return the indices of *examples* that may stand behind one prefix; each alone, where none is to be shared."""
    return group_examples(examples) if share > 1 else [[index] for index in range(len(examples))]


def pack_in_order(examples: Sequence[Example], *, pack_tokens: int, share: int) -> list[tuple[Pack, tuple[int, ...]]]:
    """
    Return packs of all *examples* for scoring, each with the indices of its examples in the order of its owners.
    """
    packs = fit_chunks(make_chunks(examples, share_groups(examples, share), share, pack_tokens), pack_tokens)
    return [
        (
            build_pack([[examples[i] for i in chunk.members] for chunk in pack]),
            tuple(i for chunk in pack for i in chunk.members),
        )
        for pack in packs
    ]
