"""
Tokens, one step at a time. In: a model and rows, each a prompt with a limit. Out: the rows, with what was written.

Rows are sorted by how much they may write, read in groups of like length, and decoded in batches with a key-value
cache; rows that have ended leave the batch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from .families import Family
from .guarded import Guard, choose_allowed

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import Tensor
    from transformers import PreTrainedModel

BATCH_TOKENS = 16_384
"""Prompt and answer tokens, padding included, that are decoded together, however much a token takes."""
BATCH_BYTES = 200 * 2**20
"""Of keys and values that are decoded together, where this comes to more tokens: a small model's steps cost the same
for many rows as for few."""
READ_TOKENS = 8192
"""Prompt tokens, padding included, that are read together."""
BATCH_ROWS = 48
ASK_EVERY = 16
"""Tokens after which the asker is asked whether it has enough, wherever lines begin."""


@dataclass
class Row:
    """
    One request while it is decoded.
    """

    index: int
    prompt: list[int]
    limit: int
    """Most tokens of its answer."""
    random: np.random.Generator
    kind: str = "implement"
    is_over: Callable[[str], bool] | None = None
    """Claims that an answer's text holds all that is wanted."""
    guard: Guard | None = None
    """Refuses text that cannot become code."""
    written: list[int] = field(default_factory=list)
    stopped: bool = False
    over: bool = False
    """Whether the asker has all it wanted."""
    stuck: bool = False
    """Whether the guard let none of the likely tokens pass."""
    first_at: float = 0.0
    """When its first token was there, by the clock that measures spans."""
    at_start: bool = False
    """Whether what is written ends with a line's indentation."""

    @property
    def is_done(self) -> bool:
        """Whether nothing more will be written."""
        return self.stopped or self.over or self.stuck or len(self.written) >= self.limit

    def watch_lines(self, family: Family, token: int) -> None:
        """Ask whether the answer is over, each time that a line has begun, and at times within a long one."""
        often = len(self.written) % ASK_EVERY == 0
        if self.is_over is None or not (often or self.at_start or family.breaks_line(token)):
            return
        text = family.answer_text(self.written, self.kind)
        self.at_start = not text.rpartition("\n")[2].strip()
        self.over = (often or not self.at_start) and self.is_over(text)


def count_batch_tokens(model: PreTrainedModel | PeftModel) -> int:
    """Return how many tokens, padding included, are decoded together."""
    config = model.config.get_text_config(decoder=True)
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    token_bytes = 2 * config.num_hidden_layers * heads * size * model.dtype.itemsize
    return max(BATCH_TOKENS, BATCH_BYTES // token_bytes)


def cut_batches(rows: Sequence[Row], most: int) -> Iterator[list[Row]]:
    """Yield *rows* in batches that end at about the same time, of at most *most* tokens with their padding."""
    batch: list[Row] = []
    longest = 0
    for row in sorted(rows, key=lambda row: (row.limit, len(row.prompt), row.index)):
        longest = max(longest, len(row.prompt) + row.limit)
        if batch and (len(batch) == BATCH_ROWS or longest * (len(batch) + 1) > most):
            yield batch
            batch, longest = [], len(row.prompt) + row.limit
        batch.append(row)
    if batch:
        yield batch


def decode(
    model: PreTrainedModel | PeftModel, rows: Sequence[Row], family: Family, temperature: float, device: torch.device
) -> None:
    """
    Write every row's answer, one token a step for all that are not done.
    """
    # as they are read: the shortest prompt first
    live = sorted((row for row in rows if not row.is_done), key=lambda row: (len(row.prompt), row.index))
    if not live:
        return
    logits, cache, mask = read_prompts(model, live, family, device)
    positions = mask.sum(-1, keepdim=True) - 1
    while True:
        tokens = choose_tokens(logits.float(), live, temperature, family)
        now = time.perf_counter()
        for row, token in zip(live, tokens, strict=True):
            row.first_at = row.first_at or now
            if token is None:
                row.stuck = True
                continue
            if token in family.stop_ids:
                row.stopped = True
            row.written.append(token)
            row.watch_lines(family, token)
        stay = [place for place, row in enumerate(live) if not row.is_done]
        if not stay:
            return
        if len(stay) < len(live):
            kept = torch.tensor(stay, device=device)
            cache.batch_select_indices(kept)
            mask, positions = mask[kept], positions[kept]
            live = [live[place] for place in stay]
        mask = torch.cat((mask, mask.new_ones(len(live), 1)), dim=1)
        positions = positions + 1
        inputs = torch.tensor([[row.written[-1]] for row in live], device=device)
        logits = step(model, inputs, mask, positions, cache)


def read_prompts(
    model: PreTrainedModel | PeftModel, rows: Sequence[Row], family: Family, device: torch.device
) -> tuple[Tensor, DynamicCache, Tensor]:
    """
    Return the logits after every row's prompt, with the cache and the mask of all; *rows* are sorted by prompt length.

    Read in groups of like length, so that a short prompt does not cost what the longest does.
    """
    parts: list[tuple[Tensor, DynamicCache, Tensor]] = []
    can_join = all(type(layer) is DynamicLayer for layer in DynamicCache(config=model.config).layers)
    for group in cut_groups(rows) if can_join else [rows]:
        width = len(group[-1].prompt)
        ids = torch.full((len(group), width), family.stop_id, dtype=torch.long)
        mask = torch.zeros((len(group), width), dtype=torch.long)
        for place, row in enumerate(group):
            # padding stands left, so that every row's next token is the last column's
            ids[place, width - len(row.prompt) :] = torch.tensor(row.prompt)
            mask[place, width - len(row.prompt) :] = 1
        mask, cache = mask.to(device), DynamicCache(config=model.config)
        logits = step(model, ids.to(device), mask, (mask.cumsum(-1) - 1).clamp_min(0), cache)
        parts.append((logits, cache, mask))
    if len(parts) == 1:
        return parts[0]
    return torch.cat([part[0] for part in parts]), *join_caches([part[1:] for part in parts])


def cut_groups(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Yield *rows*, sorted by prompt length, in groups of at most `READ_TOKENS` with their padding."""
    start = 0
    for end in range(1, len(rows) + 1):
        if end == len(rows) or len(rows[end].prompt) * (end + 1 - start) > READ_TOKENS:
            yield rows[start:end]
            start = end


def join_caches(parts: Sequence[tuple[DynamicCache, Tensor]]) -> tuple[DynamicCache, Tensor]:
    """Return caches and their masks, the widest last, as one, the narrower ones padded on the left."""
    width = parts[-1][1].shape[1]
    masks = [torch.nn.functional.pad(mask, (width - mask.shape[1], 0)) for _, mask in parts]
    data: list[tuple[Tensor, Tensor]] = []
    for layers in zip(*(cache.layers for cache, _ in parts), strict=True):
        # shape (rows, heads, width, head size)
        keys, values = (
            torch.cat([torch.nn.functional.pad(kept, (0, 0, width - kept.shape[2], 0)) for kept in every])
            for every in ([layer.keys for layer in layers], [layer.values for layer in layers])
        )
        data.append((keys, values))
    return DynamicCache(data), torch.cat(masks)


def step(
    model: PreTrainedModel | PeftModel, inputs: Tensor, mask: Tensor, positions: Tensor, cache: DynamicCache
) -> Tensor:
    """Return the logits after the last of *inputs*, shape (rows, vocabulary), and let *cache* grow by them."""
    return model(
        input_ids=inputs,
        attention_mask=mask,
        position_ids=positions,
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=1,
    ).logits[:, -1]


def choose_tokens(logits: Tensor, rows: Sequence[Row], temperature: float, family: Family) -> list[int | None]:
    """Return each row's next token: the likeliest, or one drawn with the row's own random numbers; None when stuck."""
    free = [place for place, row in enumerate(rows) if row.guard is None]
    chosen: list[int | None] = [None] * len(rows)
    for place, token in zip(free, choose_free(logits[free], [rows[p] for p in free], temperature), strict=True):
        chosen[place] = token
    for place, row in enumerate(rows):
        if row.guard is not None:
            text_of = partial(family.answer_text, kind=row.kind)
            chosen[place] = choose_allowed(
                logits[place], row.guard, row.written, text_of, family.stop_ids, temperature, row.random
            )
    return chosen


def choose_free(logits: Tensor, rows: Sequence[Row], temperature: float) -> list[int]:
    """Return the next token of rows that nobody guards."""
    if not rows:
        return []
    if temperature <= 0:
        return logits.argmax(-1).tolist()
    # inverse of the cumulative distribution in double precision: one uniform number a row
    cumulative = torch.softmax(logits.double() / temperature, dim=-1).cumsum(-1)
    draws = torch.tensor([[row.random.random()] for row in rows], dtype=torch.float64, device=logits.device)
    last = logits.shape[-1] - 1
    return torch.searchsorted(cumulative, draws * cumulative[:, -1:]).clamp_max(last)[:, 0].tolist()
