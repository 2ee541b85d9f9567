"""
What is found out by trying. In: a block that a model may refuse. Out: the block, ended where it did.

Models are asked by computing with them, for no attribute tells for all. A lack of memory is no refusal: it says nothing
of the model, and taken for one it would make the whole run another.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..mining.errors import InputError, lacks_memory


@contextmanager
def trial() -> Iterator[None]:
    """End the block where what it computes is refused; a lack of memory is raised."""
    try:
        yield
    except (AttributeError, InputError, TypeError, ValueError, RuntimeError) as error:
        if lacks_memory(error):
            raise
