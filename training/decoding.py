"""
Tokens, one step at a time. In: a model and rows, each a prompt with a limit. Out: the rows, with what was written.

Rows are sorted by how much they may write and decoded in batches with a key-value cache; rows that have ended leave
the batch. A processor's cores take a batch each and read its prompts one by one, without padding; an accelerator takes
one larger batch and reads prompts of like length together.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn.functional import pad
from transformers import DynamicCache
from transformers.cache_utils import Cache, DynamicLayer

from .base_config import head_width, layer_configs
from .families import Family
from .guarded import Guard, choose_allowed
from .seam import Seam

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import Tensor
    from transformers import PreTrainedModel

BATCH_TOKENS = 16_384
"""Prompt and answer tokens, padding included, that a core decodes together, however much a token takes."""
BATCH_BYTES = 200 * 2**20
"""Of keys and values that a core decodes together, where this comes to more tokens: a small model's steps cost the same
for many rows as for few."""
FREE_SHARE = 0.3
"""Of an accelerator's free memory, what keys and values that are decoded together may fill: where prompts read apart
are joined, and where rows leave, they are there twice."""
READ_TOKENS = 8192
"""Prompt tokens, padding included, that an accelerator reads together."""
WHOLE_TOKENS = 4 * READ_TOKENS
"""The same with what is to be written, where a batch's prompts cannot be read apart (`can_join`)."""
BATCH_ROWS = 48
LANE_ROWS = 24
"""Rows that one core of a processor decodes together."""
ROOM = 64
"""Tokens that a cache makes room for at once."""
ASK_EVERY = 16
"""Tokens after which the asker is asked whether it has enough, wherever lines begin, if it does not say otherwise."""


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
    ask_every: int = ASK_EVERY
    """Tokens after which that is asked, wherever lines begin."""
    guard: Guard | None = None
    """Refuses text that cannot become code."""
    seam: Seam | None = None
    """The end of the prompt, which the answer begins with."""
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

    @property
    def at_seam(self) -> bool:
        """Whether the prompt's end is still to be written anew."""
        return self.seam is not None and not self.seam.passed

    def text(self, family: Family, written: list[int] | None = None) -> str:
        """Return the answer's text, or what it would be with *written*."""
        text = family.answer_text(self.written if written is None else written, self.kind)
        return text if self.seam is None else self.seam.behind(text)

    def take(self, family: Family, token: int) -> None:
        """Write *token*."""
        self.written.append(token)
        if self.seam is not None and not self.seam.passed:
            self.seam.reach(family.answer_text(self.written, self.kind))
        self.watch_lines(family, token)

    def watch_lines(self, family: Family, token: int) -> None:
        """Ask whether the answer is over, each time that a line has begun, and at times within a long one."""
        often = len(self.written) % self.ask_every == 0
        if self.is_over is None or not (often or self.at_start or family.breaks_line(token)):
            return
        text = self.text(family)
        self.at_start = not text.rpartition("\n")[2].strip()
        self.over = (often or not self.at_start) and self.is_over(text)


def count_batch_tokens(model: PreTrainedModel | PeftModel, free: int | None) -> int:
    """
    Return how many tokens, padding included, are decoded together, where an accelerator has *free* bytes; None without.

    Of an accelerator it is a power of two: a little more or less memory changes no batch, and so no rounding.
    """
    token_bytes = model.dtype.itemsize * sum(map(count_kept, layer_configs(model.config)))
    if free is None:
        return max(BATCH_TOKENS, BATCH_BYTES // token_bytes)
    held = 1 << max(1, int(FREE_SHARE * free / token_bytes)).bit_length() - 1
    return held if can_join(model) else min(held, WHOLE_TOKENS)


def count_kept(config: Any) -> int:
    """Return how many numbers a layer of *config* keeps of a token."""
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    return 2 * heads * head_width(config)


def can_join(model: PreTrainedModel | PeftModel) -> bool:
    """Claim that keys and values of prompts that were read apart can stand in one cache: not those of a window."""
    return all(type(layer) is DynamicLayer for layer in DynamicCache(config=model.config).layers)


def cut_batches(rows: Sequence[Row], most: int, most_rows: int = BATCH_ROWS) -> Iterator[list[Row]]:
    """Yield *rows* in batches that end at about the same time, of at most *most* tokens with their padding."""
    batch: list[Row] = []
    longest = 0
    for row in sorted(rows, key=lambda row: (row.limit, len(row.prompt), row.index)):
        longest = max(longest, len(row.prompt) + row.limit)
        if batch and (len(batch) == most_rows or longest * (len(batch) + 1) > most):
            yield batch
            batch, longest = [], len(row.prompt) + row.limit
        batch.append(row)
    if batch:
        yield batch


def decode(
    model: PreTrainedModel | PeftModel, rows: Sequence[Row], family: Family, temperature: float, device: torch.device
) -> None:
    """Write every row's answer, one token a step for all that are not done."""
    # as they are read: the shortest prompt first
    live = sorted((row for row in rows if not row.is_done), key=lambda row: (len(row.prompt), row.index))
    if not live:
        return
    logits, cache, mask = prefill(model, live, family, device)
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
            row.take(family, token)
        stay = [place for place, row in enumerate(live) if not row.is_done]
        if not stay:
            return
        if len(stay) < len(live):
            kept = torch.tensor(stay, device=device)
            mask, positions = keep_rows(cache, mask, kept), positions[kept]
            live = [live[place] for place in stay]
        mask = torch.cat((mask, mask.new_ones(len(live), 1)), dim=1)
        positions = positions + 1
        inputs = torch.tensor([[row.written[-1]] for row in live], device=device)
        logits = step(model, inputs, mask, positions, cache)


class RoomyLayer(DynamicLayer):
    """
    Keys and values with room for more: a step writes its own in place, where other layers copy all that was there.
    """

    def __init__(self, keys: Tensor, values: Tensor) -> None:
        super().__init__()
        self.lazy_initialization(keys, values)
        self.hold(keys, values, keys.shape[-2])

    def hold(self, roomy_keys: Tensor, roomy_values: Tensor, width: int) -> tuple[Tensor, Tensor]:
        """Keep both, shape (rows, heads, room, head size); return the *width* columns that are taken."""
        self.roomy_keys, self.roomy_values = roomy_keys, roomy_values
        taken = self.keys, self.values = roomy_keys[:, :, :width], roomy_values[:, :, :width]
        return taken

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        """Add a step's keys and values; return all."""
        taken = self.get_seq_length()
        width = taken + key_states.shape[-2]
        if width > self.roomy_keys.shape[-2]:
            more = (0, 0, 0, width + ROOM - self.roomy_keys.shape[-2])
            self.hold(pad(self.roomy_keys, more), pad(self.roomy_values, more), taken)
        self.roomy_keys[:, :, taken:width] = key_states
        self.roomy_values[:, :, taken:width] = value_states
        return self.hold(self.roomy_keys, self.roomy_values, width)

    def keep(self, rows: Tensor, start: int) -> None:
        """Drop every row but *rows*, and every column before *start*."""
        taken = self.get_seq_length() - start
        self.hold(self.roomy_keys[:, :, start:][rows], self.roomy_values[:, :, start:][rows], taken)


def keep_rows(cache: Cache, mask: Tensor, rows: Tensor) -> Tensor:
    """Drop every row but *rows* from *cache*, and the padding that only others needed; return the mask that is left."""
    mask = mask[rows]
    if not all(type(layer) is RoomyLayer for layer in cache.layers):
        # every kind of layer knows it, those that keep a state included
        cache.reorder_cache(rows)  # pyright: ignore - whole numbers, as its stub asks
        return mask
    start = int(mask.any(0).int().argmax())
    for layer in cache.layers:
        layer.keep(rows, start)  # pyright: ignore - all are roomy
    return mask[:, start:]


def prefill(
    model: PreTrainedModel | PeftModel, rows: Sequence[Row], family: Family, device: torch.device
) -> tuple[Tensor, Cache, Tensor]:
    """
    Return the logits after every row's prompt, with the cache and the mask of all; *rows* are sorted by prompt length.
    """
    if not can_join(model):
        return read_together(model, rows, family, device)
    most = READ_TOKENS if device.type != "cpu" else 0
    parts = [read_together(model, group, family, device) for group in cut_groups(rows, most)]
    return torch.cat([part[0] for part in parts]), *join_caches([part[1:] for part in parts])


def cut_groups(rows: Sequence[Row], most: int) -> Iterator[Sequence[Row]]:
    """Yield *rows*, sorted by prompt length, in groups of at most *most* tokens with their padding, or one by one."""
    start = 0
    for end in range(1, len(rows) + 1):
        if end == len(rows) or len(rows[end].prompt) * (end + 1 - start) > most:
            yield rows[start:end]
            start = end


def read_together(
    model: PreTrainedModel | PeftModel, rows: Sequence[Row], family: Family, device: torch.device
) -> tuple[Tensor, Cache, Tensor]:
    """Return the logits after the prompts of *rows*, with their cache and its mask, shape (rows, width)."""
    width = len(rows[-1].prompt)
    ids = torch.full((len(rows), width), family.stop_id, dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for place, row in enumerate(rows):
        # padding stands left, so that every row's next token is the last column's
        ids[place, width - len(row.prompt) :] = torch.tensor(row.prompt)
        mask[place, width - len(row.prompt) :] = 1
    mask, cache = mask.to(device), DynamicCache(config=model.config)
    # without padding causal attention needs no mask, and computes half as much
    seen = mask if len(rows) > 1 else None
    logits = step(model, ids.to(device), seen, (mask.cumsum(-1) - 1).clamp_min(0), cache)
    return logits, cache, mask


def join_caches(parts: Sequence[tuple[Cache, Tensor]]) -> tuple[Cache, Tensor]:
    """Return caches and their masks, the widest last, as one, the narrower ones padded on the left."""
    width = parts[-1][1].shape[1]
    mask = torch.cat([pad(mask, (width - mask.shape[1], 0)) for _, mask in parts])
    layers: list[RoomyLayer] = []
    for every in zip(*(cache.layers for cache, _ in parts), strict=True):
        # shape (rows, heads, width, head size)
        keys = torch.cat([pad(layer.keys, (0, 0, width - layer.keys.shape[2], 0)) for layer in every])
        values = torch.cat([pad(layer.values, (0, 0, width - layer.values.shape[2], 0)) for layer in every])
        layers.append(RoomyLayer(keys, values))
    return Cache(layers=[*layers]), mask


def step(
    model: PreTrainedModel | PeftModel, inputs: Tensor, mask: Tensor | None, positions: Tensor, cache: Cache
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
    free = [place for place, row in enumerate(rows) if row.guard is None and not row.at_seam]
    chosen: list[int | None] = [None] * len(rows)
    for place, token in zip(free, choose_free(logits[free], [rows[p] for p in free], temperature), strict=True):
        chosen[place] = token
    for place, row in enumerate(rows):
        if row.seam is not None and row.at_seam:
            text_of = partial(family.answer_text, kind=row.kind)
            chosen[place] = row.seam.choose(
                logits[place], row.guard, row.written, text_of, family.stop_ids, temperature, row.random
            )
        elif row.guard is not None:
            text_of = partial(row.text, family)
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
