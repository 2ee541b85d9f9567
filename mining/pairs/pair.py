"""
The unit that flows: an instruction, its context, and the code that answers it, with its origin.

In: what a miner found. Out: one `Pair`, one row of `pairs/*.jsonl`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

# Marks the hole in the instruction of an `infill` pair; a file that contains it gives no such pairs.
HOLE = "<fill-here>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """
    One row of the corpus.
    """

    id: str
    """Hash of what the pair says and where it comes from; stable from run to run."""
    kind: str
    """What the pair teaches: `implement`, `infill`, `use`, `declare`, `restyle`, `edit`, `document`, `recall`."""
    language: str
    split: str
    """`train`, `validation` or `test`; empty until the corpus is split."""
    prompt_id: str
    """Pairs with equal `prompt_id` have equal `context`, so that training encodes it once."""
    context: str
    """What stands around: the file's skeleton. Shared by the pairs of one file."""
    instruction: str
    """The ask. For `implement`, a comment and the unit's head and documentation; for `infill`, code with one `HOLE`."""
    response: str
    """The answer exactly as the house wrote it, indentation included, without a final line end."""
    repository: str
    commit: str
    path: str
    symbol: str
    start_line: int
    """First line of the response in the file, from 1."""
    end_line: int
    """Last line of the response in the file."""
    licence: str
    cluster: str
    """The near-duplicate cluster of files that this pair's file belongs to."""
    quality: float
    """From 0 to 1; how well the pair can teach."""

    def as_row(self) -> dict[str, Any]:
        """Return the pair as one JSON object, columns in the documented order."""
        return {name: getattr(self, name) for name in COLUMNS}


COLUMNS = tuple(field.name for field in fields(Pair))
