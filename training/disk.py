"""
Faults of the disk while weights are written. In: what safetensors raises. Out: the `OSError` that it was.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

NUMBER = re.compile(r"\(os error (\d+)\)")


@contextmanager
def disk_faults(path: Path) -> Iterator[None]:
    """Raise what safetensors says of the disk while *path* is written as the `OSError` that it stands for."""
    try:
        yield
    except SafetensorError as error:
        number = NUMBER.search(str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1])), str(path)) from error
