"""
Memory. In: a block of work. Out: the same work, without a search for cycles of garbage in between.
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def pause_collection() -> Generator[None]:
    """
    Look for no cycles of garbage until the block has ended.

    Mining makes few, and keeps so many small values alive that looking through them all costs it a tenth of its time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
