"""
Attention within packs. In: queries, keys, values and a `Layout`. Out: what each document would have got alone.

Registered through transformers' own interface, so that every architecture built on it is served and none is patched.
On CUDA in half precision it is one call of torch's varlen kernel, also for answers whose prompts were read before;
elsewhere one scaled-dot-product call per segment: a dense mask over the pack would cost the square of its length.
Models outside that interface get such a mask all the same (`dense_mask`): it is exact for documents within a model's
window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from inspect import signature
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional
from torch.nn.attention.varlen import varlen_attn
from transformers import AttentionInterface
from transformers.masking_utils import AttentionMaskInterface

from ..mining.errors import InputError
from .packing import Segment
from .product_attention import KEPT_BYTES, ProductAttention

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor, nn

    Pieces = tuple[Sequence[Tensor], Sequence[Tensor]]
    """Keys and values, one of each a segment."""

PACKED = "idiolect_packed"
HALF = (torch.float16, torch.bfloat16)
WIDEST = 256
"""Width of the widest head that FlashAttention 2 takes."""
UNSAID = 0
"""The window of a layer that does not say whether it has one."""
GROUPED: dict[str, Any] = {"enable_gqa": True} if "enable_gqa" in signature(varlen_attn).parameters else {}
"""What lets the kernel give several query heads one key head: newer torch asks to be told."""


class AllRead(Exception):  # noqa: N818 - not an error: the way out of a model that has more to compute
    """
    All keys and values that were asked for are kept.
    """


@dataclass(eq=False)
class Past:
    """
    Keys and values of segments that were computed before.
    """

    lengths: list[int]
    wanted: int = 0
    """How often layers ask for them; 0 where nobody knows yet."""
    layers: dict[nn.Module, list[tuple[Tensor, Tensor]]] = field(default_factory=dict)
    """By attention layer, one for each time that it asks (DiffLlama asks twice): batch, heads, tokens, width."""

    @property
    def asked(self) -> int:
        """How often layers have asked so far."""
        return sum(map(len, self.layers.values()))

    def keep(self, layer: nn.Module, key: Tensor, value: Tensor) -> None:
        """Keep what *layer* computed; raises `AllRead` after the last layer, because nobody asks for more."""
        self.layers.setdefault(layer, []).append((key, value))
        if self.asked == self.wanted:
            raise AllRead

    def take(self, layer: nn.Module) -> tuple[Tensor, Tensor]:
        """Return the keys and values that *layer* kept, in turn where it kept more than once."""
        kept = self.layers[layer]
        kept.append(kept.pop(0))
        return kept[-1]


@dataclass(eq=False)
class Layout:
    """
    Where the segments of one pack lie, as the attention needs it: computed once per pack, not once per layer.
    """

    segments: tuple[Segment, ...]
    device: torch.device
    past: Past | None = None
    """Where what stands ahead of the segments was read before; None where this pack holds it."""
    keeps: Past | None = None
    """Where the keys and values of this pack are kept for a later one."""
    masks: dict[tuple[int, int, int | None, torch.dtype], Tensor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.lengths = [segment.length for segment in self.segments]
        self.varlen = None
        if self.device.type == "cuda":
            self.varlen = varlen_indices(self.segments, self.device, self.past and self.past.lengths)

    def mask(self, length: int, before: int, window: int | None, dtype: torch.dtype) -> Tensor:
        """Return the additive mask of *length* queries that also see *before* tokens ahead of them."""
        key = (length, before, window, dtype)
        if key not in self.masks:
            allowed = causal(length, before, window, self.device)
            self.masks[key] = torch.zeros(allowed.shape, dtype=dtype, device=self.device).masked_fill_(
                ~allowed, float("-inf")
            )
        return self.masks[key]


@dataclass(frozen=True, slots=True)
class Varlen:
    """
    The index tensors of one varlen call.
    """

    queries: Tensor
    """Cumulative query counts, int32."""
    keys: Tensor
    """Cumulative key counts, int32; the same tensor where nothing is shared."""
    gather: Tensor | None
    """Which key stands where, when prefixes are repeated before their documents; counted from what was read before."""
    longest_query: int
    longest_key: int


def varlen_indices(segments: Sequence[Segment], device: torch.device, past: Sequence[int] | None = None) -> Varlen:
    """
    Return the index tensors for *segments*; laid out on the processor, and moved once.

    With the lengths of a *past*, its keys stand before those of the segments, and what is ahead of these is in it.
    """
    lengths = [segment.length for segment in segments]
    starts = np.cumsum([0, *(past or ()), *lengths])
    first = len(past or ())
    ahead_of = lengths if past is None else past
    # what holds no token asks nothing, and no kernel is told of it
    asking = [(number, segment) for number, segment in enumerate(segments, first) if segment.length]
    lengths = [segment.length for _, segment in asking]
    queries = to_device(np.cumsum([0, *lengths]).astype(np.int32), device)
    if not any(segment.ahead for _, segment in asking):
        return Varlen(queries, queries, None, max(lengths), max(lengths))
    seen = [segment.length + sum(ahead_of[place] for place in segment.ahead) for _, segment in asking]
    spans = [place for number, segment in asking for place in (*segment.ahead, number)]
    gather = np.concatenate([np.arange(starts[place], starts[place + 1]) for place in spans])
    keys = np.cumsum([0, *seen]).astype(np.int32)
    return Varlen(queries, to_device(keys, device), to_device(gather, device), max(lengths), max(seen))


def to_device(array: NDArray[Any], device: torch.device) -> Tensor:
    """Return *array* on *device*, pinned and asynchronous on a GPU, so that the step never waits for a copy."""
    tensor = torch.from_numpy(array)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


@torch.compiler.disable
def packed_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    layout: Layout | None = None,
    sliding_window: int | None = UNSAID,
    **others: Any,
) -> tuple[Tensor, None]:
    """
    Return the attention of one layer over a pack, shaped as transformers expects it: batch, tokens, heads, width.
    """
    if layout is None:
        raise RuntimeError("packed attention was called without a layout")
    if any(others.get(name) is not None for name in ("softcap", "s_aux", "position_bias")):
        raise InputError(
            f"{type(module).__name__} bends its attention scores (soft cap, sinks or bias): packs need a mask."
        )
    # `no_mask` is one number: what is more is a layer's own, however little half precision would show of it
    if attention_mask is not None and attention_mask.numel() > 1:
        raise InputError(f"{type(module).__name__} has a mask of its own: packs need one, too.")
    query, key, value = as_autocast((query, key, value))
    if layout.keeps is not None:
        layout.keeps.keep(module, key, value)
    # a layer that says None sees everything, whatever the module's other layers do
    window = getattr(module, "sliding_window", None) if sliding_window == UNSAID else sliding_window
    before = None if layout.past is None else layout.past.take(module)
    if layout.varlen is not None and query.dtype in HALF and not dropout and fits_kernel(query, value):
        if before is not None:
            key, value = torch.cat((before[0], key), dim=2), torch.cat((before[1], value), dim=2)
        return varlen_attention(query, key, value, layout.varlen, scaling, window), None
    own = split_keys((key, value), layout.lengths)
    ahead = own if layout.past is None or before is None else split_keys(before, layout.past.lengths)
    return segment_attention(query, own, ahead, layout, scaling, dropout, window), None


def split_keys(both: tuple[Tensor, Tensor], lengths: list[int]) -> Pieces:
    """Return keys and values by segments of these *lengths*."""
    # split, not slices: the backward of a split is one concatenation, that of a slice a zero tensor as long as the pack
    keys, values = both
    return keys.split(lengths, dim=2), values.split(lengths, dim=2)


def fits_kernel(query: Tensor, value: Tensor) -> bool:
    """Claim that the varlen kernel takes heads of these widths; DeepSeek's values are narrower, Gemma 4's too wide."""
    width = query.shape[-1]
    return width == value.shape[-1] and width % 8 == 0 and width <= WIDEST


def as_autocast(tensors: tuple[Tensor, Tensor, Tensor]) -> Iterator[Tensor]:
    """Yield *tensors* in the type of autocast, where one is at work: a norm in full precision leaves its own."""
    kind = tensors[0].device.type
    on = torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)
    return (tensor.to(torch.get_autocast_dtype(kind)) if on else tensor for tensor in tensors)


def segment_attention(
    query: Tensor, own: Pieces, ahead: Pieces, layout: Layout, scaling: float | None, dropout: float, window: int | None
) -> Tensor:
    """Return the attention of each segment, one kernel call each, to its *own* keys and those *ahead* of it."""
    queries = query.split(layout.lengths, dim=2)
    given = layout.past is not None and not ahead[0][0].requires_grad
    on_cores = query.device.type == "cpu" and not dropout
    # its usual kernel multiplies in full precision whatever it is given
    half = on_cores and query.dtype == torch.bfloat16
    whole = on_cores and given and query.dtype == torch.float32
    outputs: list[Tensor] = []
    for number, (length, places) in enumerate(layout.segments):
        before = sum(ahead[0][place].shape[2] for place in places)
        mine = (queries[number], own[0][number], own[1][number])
        others = [[tensors[place] for place in places] for tensors in ahead]
        if not length:
            outputs.append(queries[number])
            continue
        plain = not before and (window is None or length <= window)
        mask = None if plain and not half else layout.mask(length, before, window, query.dtype)
        if mask is not None and (half or (whole and before)) and fits_products(mine[0], mask):
            outputs.append(product_attention(mine, others, mask, scaling))
        else:
            outputs.append(usual_attention(mine, others, None if plain else mask, scaling, dropout))
    return torch.cat(outputs, dim=2).transpose(1, 2).contiguous()


def usual_attention(
    mine: Sequence[Tensor], others: Sequence[list[Tensor]], mask: Tensor | None, scaling: float | None, dropout: float
) -> Tensor:
    """Return what one document's query, key and value see behind keys and values of *others*, by torch's own kernel."""
    query, key, value = mine
    k, v = (torch.cat((*ahead, own), dim=2) if ahead else own for ahead, own in zip(others, (key, value), strict=True))
    return functional.scaled_dot_product_attention(
        query,
        k,
        v,
        attn_mask=mask,
        dropout_p=dropout,
        is_causal=mask is None,
        scale=scaling,
        enable_gqa=query.shape[1] != k.shape[1],
    )


def fits_products(query: Tensor, mask: Tensor) -> bool:
    """Claim that the weights of one document's attention, one for each head and number of *mask*, may be kept."""
    return query.shape[1] * mask.numel() * mask.element_size() <= KEPT_BYTES


def product_attention(
    mine: Sequence[Tensor], others: Sequence[list[Tensor]], mask: Tensor, scaling: float | None
) -> Tensor:
    """Return the same by plain products, of whose backward *others* that take no gradient need none."""
    query, key, value = (tensor[0] for tensor in mine)
    given = key[:, :0].detach(), value[:, :0].detach()
    if any(tensor.requires_grad for tensor in others[0]):
        key, value = (torch.cat((*ahead, own), dim=2)[0] for ahead, own in zip(others, mine[1:], strict=True))
    elif others[0]:
        given = torch.cat(others[0], dim=2)[0], torch.cat(others[1], dim=2)[0]
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    return ProductAttention.apply(query, key, value, given, mask, scale)[None]  # pyright: ignore - as forward does


def varlen_attention(
    query: Tensor, key: Tensor, value: Tensor, indices: Varlen, scaling: float | None, window: int | None
) -> Tensor:
    """Return the attention of all segments in one kernel call; causality is aligned to each document's end."""
    q, k, v = (tensor[0].transpose(0, 1).contiguous() for tensor in (query, key, value))
    if indices.gather is not None:
        k, v = k.index_select(0, indices.gather), v.index_select(0, indices.gather)
    output = varlen_attn(
        q,
        k,
        v,
        indices.queries,
        indices.keys,
        indices.longest_query,
        indices.longest_key,
        scale=scaling,
        window_size=(-1 if window is None else window - 1, 0),
        **GROUPED,
    )
    return output.unsqueeze(0)  # pyright: ignore - without return_aux it is one tensor


def causal(length: int, before: int, window: int | None, device: torch.device) -> Tensor:
    """Return which of *before* + *length* keys each of the last *length* tokens may see."""
    queries = torch.arange(before, before + length, device=device)[:, None]
    keys = torch.arange(before + length, device=device)[None, :]
    allowed = keys <= queries
    return allowed if window is None else allowed & (keys > queries - window)


def dense_mask(segments: Sequence[Segment], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return the additive mask of a whole pack, for models that take no registered attention."""
    starts = [0, *accumulate(segment.length for segment in segments)]
    allowed = torch.zeros(starts[-1], starts[-1], dtype=torch.bool, device=device)
    for number, segment in enumerate(segments):
        rows = slice(starts[number], starts[number + 1])
        allowed[rows, rows] = causal(segment.length, 0, None, device)
        for place in segment.ahead:
            allowed[rows, starts[place] : starts[place + 1]] = True
    mask = torch.zeros(allowed.shape, dtype=dtype, device=device)
    return mask.masked_fill_(~allowed, torch.finfo(dtype).min)[None, None]


def no_mask(device: torch.device) -> Tensor:
    """
    Return what stands for a mask where attention needs none.

    Given nothing, transformers looks for documents among the positions, and waits for the device to read the answer.
    A mask of four dimensions is passed on as it is; ours is one number, which our attention ignores.
    """
    return torch.zeros(1, 1, 1, 1, device=device)


def register_attention(name: str, attention: Callable[..., Any]) -> None:
    """Let transformers know *attention* by *name*, and build no mask for it."""
    AttentionInterface.register(name, attention)
    AttentionMaskInterface.register(name, lambda *_, **__: None)


register_attention(PACKED, packed_attention)
