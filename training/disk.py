"""
Models on the disk. In: what their libraries raise, and leave. Out: an `OSError`, and files for all who may read others.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NUMBER = re.compile(r"\(os error (\d+)\)")


@contextmanager
def disk_faults(path: Path) -> Iterator[None]:
    """Raise what safetensors and tokenizers say of the disk while *path* is written as the `OSError` that they mean."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:  # tokenizers raises nothing more special
        number = NUMBER.search(str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from error


def follow_mask(weights: Path, like: Path) -> None:
    """Let those read *weights* who may read *like*: safetensors writes what its owner alone may."""
    weights.chmod(stat.S_IMODE(like.stat().st_mode))
