"""
The loss of given text. In: a model and answers. Out: what each costs it, in nats: evaluation's `LossOf`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch.distributed.fsdp import FSDPModule

from ..mining.pairs.pair import Pair
from .encode import Example, encode_pair, encode_text, shorten_prompt
from .forward import Batch, answer_losses, plain_model, read_prompts, set_mode, to_batch
from .fused import has_plain_head
from .lanes import count_lanes, in_lanes
from .packing import Pack, pack_in_order

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import Tensor
    from transformers import PreTrainedModel

    from .generation import LoadedModel

SCORE_TOKENS = 8192
"""Tokens of a pack when answers are scored."""
SHARE = 64
"""Most answers behind one shared prefix then."""


class AnswerLoss(NamedTuple):
    """
    The loss of one answer, summed over its tokens, in nats.
    """

    nats: float
    tokens: int


class AnswerLosses:
    """
    Scores given answers; keeps evaluation's `LossOf` protocol.
    """

    def __init__(self, loaded: LoadedModel) -> None:
        self.loaded = loaded

    def __call__(self, pairs: Sequence[Pair], *, adapted: bool, as_text: bool = False) -> list[AnswerLoss]:
        """Return the loss of each pair's response, in order: as an answer with its end, or as text that goes on."""
        loaded = self.loaded
        room, family = loaded.context_length, loaded.family
        encode = encode_text if as_text else encode_pair
        keep = len(family.opening) if as_text else family.opened
        examples = [shorten_prompt(encode(pair, family), room, keep, family.fim) for pair in pairs]
        with loaded.arm(adapted):
            return score_examples(loaded.model, examples, loaded.packing_mode(), loaded.device, loaded.dtype)


def score_examples(
    model: PreTrainedModel | PeftModel,
    examples: Sequence[Example],
    mode: str,
    device: torch.device,
    dtype: torch.dtype,
) -> list[AnswerLoss]:
    """Return the loss of each example's answer under *model* as it stands."""
    losses = [AnswerLoss(0.0, 0)] * len(examples)

    def score(batch: Batch) -> Tensor:
        return answer_losses(model, batch).double()

    for index, scored in read_packs(model, examples, mode, device, dtype, score):
        losses[index] = AnswerLoss(float(scored.sum()), len(scored))
    return losses


def read_packs(
    model: PreTrainedModel | PeftModel,
    examples: Sequence[Example],
    mode: str,
    device: torch.device,
    dtype: torch.dtype,
    compute: Callable[[Batch], Tensor],
) -> Iterator[tuple[int, np.ndarray[Any, Any]]]:
    """Yield what *compute* makes of each answer of *examples* (answer, ...), with the example's index; no gradient."""
    set_mode(model, mode)
    single = mode == "single"
    packs = pack_in_order(examples, pack_tokens=1 if single else SCORE_TOKENS, share=1 if single else SHARE)
    # asked here, once: lanes would ask it at the same time
    has_plain_head(plain_model(model))

    # layers that are spread give back what they borrowed at their ends, which prompts would not reach
    spread = isinstance(plain_model(model).base_model, FSDPModule)

    def batch_of(pack: Pack) -> Batch:
        apart = mode == "packed" and pack.asking and device.type == "cpu" and not spread
        return read_prompts(model, pack, device, learn=False) if apart else to_batch(pack, mode, device, dtype)

    def per_token(item: tuple[Pack, tuple[int, ...]]) -> np.ndarray[Any, Any]:
        with torch.inference_mode():
            return compute(batch_of(item[0])).cpu().numpy()

    for (pack, order), rows in zip(packs, in_lanes(per_token, packs, count_lanes(device)), strict=True):
        counts = np.bincount(pack.owners, minlength=len(order))
        # an example's rows stand together, in the order of the owners
        yield from zip(order, np.split(rows, np.cumsum(counts)[:-1]), strict=True)


def mean_loss(losses: Sequence[AnswerLoss]) -> float | None:
    """Return the loss per token of *losses*, or None where there is none."""
    tokens = sum(loss.tokens for loss in losses)
    return sum(loss.nats for loss in losses) / tokens if tokens else None
