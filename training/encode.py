"""
Pairs as token ids. In: pairs and a family. Out: examples ready to pack, and how many pairs were refused, by reason.

Prompt and answer are encoded apart and joined by ids. An answer is never cut: a pair that does not fit is refused and
counted, because a truncated answer teaches the model not to stop.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..mining.advice import LEAST_PAIRS
from ..mining.errors import TooSmallError
from ..mining.pairs.pair import Pair
from .families import Family, Fim, PromptIds

Ids = NDArray[np.int32]

EMPTY_ANSWER = "empty_answer"
TOO_LONG = "too_long"
BEYOND_BASE = "longer_than_base"
DATA_BEYOND = "data_beyond_share"
INFILL_BEYOND = "infill_beyond_share"
OTHERS_BEYOND = "other_kinds_beyond_share"
WORDS = {
    EMPTY_ANSWER: "with an empty answer",
    TOO_LONG: "too long",
    BEYOND_BASE: "longer than the base reads",
    DATA_BEYOND: "pairs of data and prose beyond their share of the mix",
    INFILL_BEYOND: "infill pairs beyond their share of the mix",
    OTHERS_BEYOND: "pairs of other kinds beyond their share of the mix",
}
"""Reasons, as they follow a count."""
WAYS_OUT = {
    TOO_LONG: "take longer ones: --set max_tokens=N",
    DATA_BEYOND: "take all pairs of data and prose: --set data=1000",
    INFILL_BEYOND: "take all infill pairs: --set infill=1",
    OTHERS_BEYOND: "take all pairs of other kinds: --set extra=10",
}


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """
    One pair as ids: what its file's other pairs share, the ask, the answer with its stop token.
    """

    id: str
    prompt_id: str
    shared: Ids
    ask: Ids
    """Never empty: its last token is where the answer is predicted from."""
    answer: Ids
    drawn: NDArray[np.int32] | None = None
    """What the base would say for each token of the answer (`draws.py`): (answer, draws). None: it was not asked."""

    @property
    def tokens(self) -> int:
        """The length of the whole document."""
        return len(self.shared) + len(self.ask) + len(self.answer)


@dataclass(frozen=True, slots=True)
class Encoded:
    """
    What became of the pairs.
    """

    examples: tuple[Example, ...]
    refused: dict[str, int]
    """Pairs left out, by reason."""

    @property
    def answer_tokens(self) -> int:
        """How many tokens are learned from."""
        return sum(len(example.answer) for example in self.examples)


def encode_pair(pair: Pair, family: Family) -> Example:
    """Return *pair* as ids, whatever its length."""
    prompt = family.prompt_ids(pair.kind, pair.path, pair.language, pair.context, pair.instruction)
    return join_ids(pair.id, pair.prompt_id, prompt, family.answer_ids(pair.response, pair.kind))


def encode_text(pair: Pair, family: Family) -> Example:
    """
    Return *pair* as text that merely goes on: without a chat's turns, and without the token that ends an answer.

    General code is scored so. A run also teaches how an answer looks (no fence around it, an end after it), and where
    that is asked for, what it gains hides what is forgotten.
    """
    example = encode_pair(pair, replace(family, chat=None))
    return replace(example, answer=example.answer[:-1])


def encode_pairs(
    pairs: Sequence[Pair],
    family: Family,
    max_tokens: int,
    progress: Callable[[int], None] | None = None,
    encode: Callable[[Pair, Family], Example] = encode_pair,
) -> Encoded:
    """
    Encode every pair whose answer is not empty and that fits *max_tokens* with prompt and stop token.
    """
    examples: list[Example] = []
    refused: Counter[str] = Counter()
    for done, pair in enumerate(pairs):
        example = encode(pair, family)
        reason = refusal(pair, example, max_tokens)
        if reason is None:
            examples.append(example)
        else:
            refused[reason] += 1
        if progress is not None and done % 64 == 0:
            progress(done)
    if progress is not None:
        progress(len(pairs))
    return Encoded(tuple(examples), dict(sorted(refused.items())))


def join_ids(id: str, prompt_id: str, prompt: PromptIds, answer: Sequence[int]) -> Example:  # noqa: A002 - its name
    """
    Return the example of one prompt and its answer.

    The answer's first token is predicted from the token before it, which therefore cannot be shared: an empty ask takes
    the shared part's last token.
    """
    shared, ask = list(prompt.shared), list(prompt.ask)
    if not ask:
        shared, ask = shared[:-1], shared[-1:]
    return Example(id, prompt_id, as_ids(shared), as_ids(ask), as_ids(answer))


def join_plain(shared: Ids, ask: Ids, answer: Ids) -> Example:
    """Return an example made of ids alone, whatever stands for a pair."""
    return Example("", "plain", shared, ask, answer)


def refusal(pair: Pair, example: Example, max_tokens: int) -> str | None:
    """Return why *pair* cannot be learned from, or None."""
    if not pair.response.strip() or len(example.answer) < 2:
        return EMPTY_ANSWER
    return TOO_LONG if example.tokens > max_tokens else None


def require_pairs(encoded: Encoded) -> None:
    """
    Raise `TooSmallError` with the counts when fewer examples are left than training needs.
    """
    if len(encoded.examples) >= LEAST_PAIRS:
        return
    found, refused = len(encoded.examples), encoded.refused
    ways = ways_out(refused) if found + sum(refused.get(reason, 0) for reason in WAYS_OUT) >= LEAST_PAIRS else []
    enough = [way for reason, way in WAYS_OUT.items() if found + refused.get(reason, 0) >= LEAST_PAIRS]
    # what is too little by itself helps with the others
    told = ", or ".join(["Mine a larger repository", *(enough or [" and ".join(ways)] * bool(ways))])
    raise TooSmallError(f"Training needs {LEAST_PAIRS} pairs and found {found} ({describe_refused(refused)}). {told}.")


def ways_out(refused: Mapping[str, int]) -> list[str]:
    """Return what takes in pairs that were left out, one phrase a reason that knows of one."""
    return [way for reason, way in WAYS_OUT.items() if reason in refused]


def describe_refused(refused: Mapping[str, int]) -> str:
    """Return how many pairs were left out, and why, in words."""
    counts = (f"{count:,} {WORDS[reason]}" for reason, count in refused.items())
    return "left out: " + (", ".join(counts) or "none")


def shorten_prompt(example: Example, room: int, keep: int = 0, fim: Fim | None = None) -> Example:
    """
    Drop the oldest tokens of the prompt, but its first *keep*, until prompt and answer take at most *room* tokens.

    Around a hole of *fim* what is farthest from it goes. For scoring and generation only: training refuses what does
    not fit.
    """
    excess = example.tokens - room
    if excess <= 0:
        return example
    cut = min(excess, max(0, len(example.shared) - keep))
    shared = np.concatenate([example.shared[:keep], example.shared[keep + cut :]])
    ask = shorten_ask(example.ask, len(example.ask) + cut - excess, fim)
    answer = example.answer[: max(1, room - len(shared) - len(ask))]
    return Example(example.id, "", as_ids(shared), ask, answer)


def shorten_ask(ask: Ids, most: int, fim: Fim | None) -> Ids:
    """Return the last tokens of *ask*, *most* of them or one; of a hole's those next to it, and all that say so."""
    if fim is None or ask[0] != fim.prefix:
        return ask[-max(1, most) :]
    hole = ask.tolist().index(fim.suffix)
    before, after = ask[1:hole], ask[hole + 1 : -1]
    room = max(0, most - len(fim))
    # half of it each, and what the other side does not need
    ahead = min(len(before), max(room // 2, room - len(after)))
    kept = (ask[:1], before[len(before) - ahead :], ask[hole : hole + 1], after[: room - ahead], ask[-1:])
    return np.concatenate(kept)


def as_ids(ids: Sequence[int] | NDArray[np.int32]) -> Ids:
    """Return *ids* as the compact array that is kept in memory."""
    return np.asarray(ids, dtype=np.int32)
