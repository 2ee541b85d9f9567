"""
Many small values that travel as one. In: tuples of one class. Out: bytes, and the same tuples again.

A process that mines hands over tens of thousands of facts; as a few long columns they cost a fifth of what they cost
one by one. The bytes are read by the same Python that wrote them, and hold nothing but texts, numbers and rows of them.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple, TypeVar, cast

Row = TypeVar("Row", bound=NamedTuple)


def pack_rows(rows: Iterable[NamedTuple]) -> bytes:
    """Return *rows*, whose fields are texts, numbers, or rows of them, as bytes."""
    return pickle.dumps(tuple(zip(*rows, strict=True)), 5)


def unpack_rows(kind: type[Row], packed: bytes) -> tuple[Row, ...]:
    """Return the rows of class *kind* that were packed."""
    # what `kind._make` does, without looking again at how many fields each row has
    make = cast("Callable[[tuple[object, ...]], Row]", partial(tuple.__new__, kind))  # type: ignore[reportUnknownMemberType]
    return tuple(map(make, zip(*pickle.loads(packed), strict=True)))  # noqa: S301 - our own
