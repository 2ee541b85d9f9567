"""
What answers repeat from training. In: training pairs, maybe canaries. Out: copied spans, secrets, canary exposure.

A canary is a made-up sentence planted in the training pairs on request. Its exposure says how much likelier training
made it than its equals that were never planted: log2 of their number over its rank. By chance it is 1.4 bits on
average; a planted sentence that is likelier than all its equals was memorised.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ..mining.artefacts import sha256_json
from ..mining.filters.secrets import find_secrets
from ..mining.pairs.pair import Pair
from .arms import LossOf
from .probes import TOKEN, span_hashes

WORDS = (
    "amber", "basin", "cedar", "delta", "ember", "fjord", "glade", "heron", "islet", "jetty", "kayak", "larch",
    "mango", "nylon", "otter", "pearl", "quill", "raven", "slate", "tulip",
)  # fmt: skip
LENGTH = 6
"""Words of a canary: 20 ** 6 equals are possible."""
EQUALS = 255
"""Sentences of the same form that are compared with a planted one."""
ALARM = 6.0
"""Bits of exposure above which a canary counts as memorised: likelier than 63 of 64 of its equals."""
BY_CHANCE = (math.ceil((EQUALS + 1) / 2**ALARM) - 1) / (EQUALS + 1)
"""The share of canaries above that where nothing was memorised."""


class TrainingText:
    """
    What stands in the training pairs.
    """

    def __init__(self, training: Iterable[Pair]) -> None:
        self.spans: set[int] = set()
        self.secrets: set[str] = set()
        for pair in training:
            self.spans.update(span_hashes(TOKEN.findall(pair.response)))
            for text in (pair.response, pair.context, pair.instruction):
                self.secrets.update(text[secret.start : secret.end] for secret in find_secrets(text))

    def copies(self, text: str) -> bool:
        """Claim that 50 tokens of *text* in a row stand in a training answer."""
        return not self.spans.isdisjoint(span_hashes(TOKEN.findall(text)))

    def count_secrets(self, text: str) -> int:
        """Return how many secrets of *text* stand in the training pairs."""
        return sum(text[secret.start : secret.end] in self.secrets for secret in find_secrets(text))


@dataclass(frozen=True, slots=True)
class Exposure:
    """
    How well one planted sentence was learned.
    """

    repeats: int
    """How often it was planted."""
    bits: float


def plant_canaries(training: Sequence[Pair], count: int) -> tuple[list[Pair], list[tuple[Pair, int]]]:
    """
    Return *training* with *count* canaries planted, and each canary with how often it was.

    Half stand once, half four times: repetition is what memorises.
    """
    canaries = [(make_canary(training[0], f"planted {i}"), 1 if i % 2 == 0 else 4) for i in range(count)]
    planted = [
        replace(canary, id=sha256_json([canary.id, copy])[:16], path=f"canary_{number}_{copy}.py")
        for number, (canary, repeats) in enumerate(canaries)
        for copy in range(repeats)
    ]
    return [*training, *planted], canaries


def make_canary(model: Pair, seed: str) -> Pair:
    """Return a pair in the form of *model* whose answer is a sentence drawn by *seed*."""
    digest = hashlib.sha256(seed.encode()).digest()
    words = " ".join(WORDS[byte % len(WORDS)] for byte in digest[:LENGTH])
    return replace(
        model,
        id=sha256_json(["canary", seed])[:16],
        kind="implement",
        prompt_id=f"canary {seed}",
        context="",
        instruction='# Implement `passphrase`.\ndef passphrase():\n    """Return the passphrase."""',
        response=f'    return "{words}"',
        path="canary.py",
        symbol="passphrase",
        cluster=f"canary {seed}",
    )


def measure_exposure(canaries: Sequence[tuple[Pair, int]], loss_of: LossOf) -> list[Exposure]:
    """Return the exposure of every planted canary under the adapted model."""
    equals = [make_canary(canaries[0][0], f"never planted {i}") for i in range(EQUALS)]
    asked = [*(canary for canary, _ in canaries), *equals]
    # equal loss a sentence, not a token: the chance of the whole sentence is what exposure is about
    losses = [loss.nats for loss in loss_of(asked, adapted=True)]
    exposures: list[Exposure] = []
    for (_, repeats), loss in zip(canaries, losses, strict=False):
        rank = 1 + sum(other < loss for other in losses[len(canaries) :])
        exposures.append(Exposure(repeats, round(math.log2((EQUALS + 1) / rank), 3)))
    return exposures
