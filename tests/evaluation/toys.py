"""
A toy corpus and a toy model. In: nothing. Out: what every test of evaluation shares.

The corpus is real in form (written by `write_corpus`); its code is generated, one file a cluster. The model knows the
references and decides by the probe's number whether to give one: what an arm scores is known beforehand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from idiolect.evaluation.arms import Generation, IsOver, Request
from idiolect.evaluation.evaluate import evaluate, read_adapter, resolve_arms
from idiolect.evaluation.policy import policy_of
from idiolect.evaluation.task import Task
from idiolect.mining.conventions.tally import tally_source
from idiolect.mining.corpus import Contents, Corpus, read_corpus, write_corpus
from idiolect.mining.definitions import collect_definitions
from idiolect.mining.languages import language_named
from idiolect.mining.learn import learn_profile
from idiolect.mining.pairs.implement import draft_implement
from idiolect.mining.pairs.kind import MinedFile
from idiolect.mining.pairs.pair import Pair
from idiolect.mining.skeleton import render_skeleton
from idiolect.mining.source import parse_source

NOUNS = ("ledger", "parcel", "ticket", "vessel", "garden", "signal", "harbour", "lantern", "meadow", "quarry")
HOUSE = """
def read_{n}(path=None):
    names = []
    if path is None:
        return names
    return ["a", "b"]
"""
"""A file that keeps to a few habits, for tests of style; `{n}` tells files apart."""
VERBS = ("load", "weigh", "sort", "merge", "close", "count", "stamp", "route")


def toy_file(number: int) -> str:
    """Return one module with two functions whose bodies call two names each."""
    noun, other = NOUNS[number % len(NOUNS)], NOUNS[(number * 3 + 1) % len(NOUNS)]
    verb, then = VERBS[number % len(VERBS)], VERBS[(number * 5 + 3) % len(VERBS)]
    return f'''"""Module {number}."""

from .core import {verb}_{noun}, {then}_{other}


def {verb}_{noun}_{number}(items, limit={number}):
    """{verb.title()} every {noun} among *items*, number {number}."""
    found = {verb}_{noun}(items, limit + {number})
    for item in found:
        item.number_{number} = {then}_{other}(item)
    return found


def {then}_{other}_{number}(first, second):
    """{then.title()} the {other} of *first* with that of *second*, number {number}."""
    joined = {then}_{other}(first)
    joined.extend_{number}(second)
    return {verb}_{noun}(joined)
'''


def toy_pairs(path: str, text: str, split: str) -> tuple[list[Pair], object]:
    """Return the `implement` pairs of one toy file, and its tally."""
    source = parse_source(path, text.encode(), language_named("python"))
    definitions = collect_definitions(source)
    mined = MinedFile(source, definitions, render_skeleton(source, definitions))
    pairs = [
        Pair(
            id=hashlib.sha256(f"{path}{draft.symbol}".encode()).hexdigest()[:16],
            kind="implement",
            language="python",
            split=split,
            prompt_id=path,
            context=mined.skeleton,
            instruction=draft.instruction,
            response=draft.response,
            repository="toy",
            commit="tree:0",
            path=path,
            symbol=draft.symbol,
            start_line=draft.start_line,
            end_line=draft.end_line,
            licence="MIT",
            cluster=path,
            quality=1.0,
        )
        for draft in draft_implement(mined)
    ]
    return pairs, tally_source(source)


def make_corpus(
    out: Path,
    *,
    train: int = 12,
    validation: int = 6,
    test: int = 16,
    cluster_of: Callable[[Pair], str] = lambda pair: pair.cluster,
    folder_of: Callable[[int], str] = lambda number: "toy",
    keep_all: bool = False,
) -> Corpus:
    """Write a toy corpus with so many files a split, each a cluster of its own unless *cluster_of* says otherwise."""
    pairs: list[Pair] = []
    tallies: list[object] = []
    sources: dict[str, bytes] = {}
    splits = ["train"] * train + ["validation"] * validation + ["test"] * test
    for number, split in enumerate(splits):
        path = f"{folder_of(number)}/module_{number}.py"
        text = toy_file(number)
        found, tally = toy_pairs(path, text, split)
        pairs += found
        tallies.append(tally)
        if keep_all or split != "train":
            sources[path] = text.encode()
    profile = learn_profile(tallies).as_json()
    head = {"repository": "toy", "commit": "tree:0", "licence": "MIT", "settings_sha256": ""}
    proof = {"highest_similarity": 0.0, "shared_spans_of_50_tokens": 0}
    pairs = [replace(pair, cluster=cluster_of(pair)) for pair in pairs]
    write_corpus(out, Contents(head, pairs, profile, {}, [], sources, proof))
    return read_corpus(out)


@dataclass
class FakeGenerator:
    """
    A model that knows every reference, and gives it to some arms for some probes.
    """

    corpus: Corpus
    knows: Callable[[Request, bool], bool]
    """Whether the model answers a request with its reference."""
    wrong: Callable[[Request], str] = lambda request: "    return None\n"
    context_length: int = 4096
    finish_reason: str = "stop"
    fingerprint: Mapping[str, str] = field(default_factory=lambda: {"weights": "toy", "adapter_sha256": "a1"})
    calls: int = 0

    def __post_init__(self) -> None:
        pairs = [pair for split in ("train", "validation", "test") for pair in self.corpus.pairs(split)]
        self.answers = {pair.instruction: pair.response for pair in pairs}

    def count_tokens(self, text: str) -> int:
        """Count words as tokens."""
        return len(text.split())

    def count_prompt(self, request: Request) -> int:
        """Count the words of all parts."""
        return self.count_tokens(f"{request.path} {request.context} {request.instruction}")

    def generate(
        self,
        requests: Sequence[Request],
        *,
        adapted: bool,
        max_tokens: Sequence[int],
        temperature: float = 0.0,
        seed: int = 0,
        is_over: Sequence[IsOver] | None = None,
    ) -> Iterator[tuple[int, Generation]]:
        """Answer in reverse, since any order is allowed."""
        for index in reversed(range(len(requests))):
            self.calls += 1
            request = requests[index]
            known = self.knows(request, adapted)
            text = self.answers[request.instruction] + "\n" if known else self.wrong(request)
            yield index, Generation(text, self.finish_reason, self.count_tokens(request.context), len(text), 0.01)


class AnswerLoss(NamedTuple):
    """
    What a loss gives back.
    """

    nats: float
    tokens: int


@dataclass
class FakeLosses:
    """
    Losses in which the adapter takes a share off.
    """

    share: float = 0.2
    general: float = 0.0

    def __call__(self, pairs: Sequence[Pair], *, adapted: bool, as_text: bool = False) -> list[AnswerLoss]:
        """Return two nats a word, less the adapter's share, with an end or without."""
        return [self.loss(pair, adapted, not as_text) for pair in pairs]

    def loss(self, pair: Pair, adapted: bool, end: bool = True) -> AnswerLoss:
        """Return the loss of one answer, its *end* being a token."""
        tokens = len(pair.response.split()) + end
        wobble = int(hashlib.sha256(pair.id.encode()).hexdigest(), 16) % 100 / 1000
        nats = tokens * (2.0 + wobble)
        if adapted:
            nats *= 1 + self.general if pair.split == "general" else 1 - self.share * (1 + wobble)
        return AnswerLoss(nats, tokens)


def tenth(request: Request) -> int:
    """Return a number from 0 to 9 that depends on the request's path and ask alone."""
    return int(hashlib.sha256((request.path + request.instruction).encode()).hexdigest(), 16) % 10


def tuned_knows(request: Request, adapted: bool) -> bool:
    """Answer eight of ten with the adapter, two of ten without."""
    return tenth(request) < (8 if adapted else 2)


INFO = {"base": {"name": "toy"}, "log": [{"step": 0, "held_out_loss": 2.0}, {"step": 9, "loss": 1.0}]}
"""What is known of the adapter, unless a test says otherwise."""


def evaluate_corpus(corpus: Corpus, out: Path, *, arms=None, adapter_info=INFO, policy=None, **settings) -> dict:
    """Evaluate *corpus*: all arms by its own policy, of an adapter that helps, unless *settings* say otherwise."""
    corpus = read_corpus(corpus.folder)
    settings = {"generator": FakeGenerator(corpus, tuned_knows), "loss_of": FakeLosses()} | settings
    chosen = resolve_arms(arms, adapted=adapter_info is not None)
    adapter = read_adapter(adapter_info) if isinstance(adapter_info, Path) else adapter_info
    policy = policy or policy_of(corpus)
    return evaluate(Task(corpus=corpus, out=out, arms=chosen, policy=policy, adapter=adapter, **settings))
