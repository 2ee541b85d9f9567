"""
What other codebases lend a small one. In: a convention's id. Out: its Beta distribution, as counted places.

`priors.toml` holds the fits, and `benchmarks/priors.py` makes them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

TABLE = Path(__file__).with_name("priors.toml")


class Prior(NamedTuple):
    """
    Places of other codebases: *a* that follow their codebase's habit, *b* that do not.
    """

    a: float
    b: float


@cache
def read_priors() -> Mapping[str, Prior]:
    """Return the fits under the conventions' ids."""
    return {name: Prior(row["a"], row["b"]) for name, row in tomllib.loads(TABLE.read_text("utf-8")).items()}
