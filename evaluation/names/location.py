"""
Where the resolver found an error. In: the lines of a file, and a place. Out: a `Location`, with the file's tree.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

MAKES_NAMES = re.compile(rb"\b(?:exec|globals|vars)\(|\bsys\.modules\[__name__\]")
"""How a file may bind names that none of its statements binds."""


# no slots: the tree is asked for once, beside the fields
@dataclass(frozen=True)
class Location:
    """
    A line of a file, and those around it.
    """

    path: str
    """The file's, relative to the repository."""
    lines: Sequence[bytes]
    place: int
    """Which of the lines, from 0."""

    @property
    def own(self) -> bytes:
        """The line itself."""
        return self.lines[self.place]

    @property
    def number(self) -> int:
        """The line's number, from 1."""
        return self.place + 1

    @cached_property
    def tree(self) -> ast.Module | None:
        """The file as a tree; None where it does not parse."""
        return parse(b"\n".join(self.lines))

    @property
    def plain_tree(self) -> ast.Module | None:
        """The file as a tree; None, too, where it may bind names that no statement of it shows."""
        return None if any(map(MAKES_NAMES.search, self.lines)) else self.tree


@lru_cache(maxsize=1)
def parse(text: bytes) -> ast.Module | None:
    """Return a file as a tree; None where it does not parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
