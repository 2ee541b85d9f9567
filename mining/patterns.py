"""
Paths that settings speak of. In: patterns as in `.gitignore`, relative to the repository. Out: which paths they match.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache


def matcher_of(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Return what claims that a path matches one of *patterns*."""
    return spec_of(tuple(patterns)) if patterns else lambda _: False


@lru_cache(maxsize=64)  # of a rule, asked anew for every file
def spec_of(patterns: tuple[str, ...]) -> Callable[[str], bool]:
    """Return what claims that a path matches. Raises `ValueError` or `re.error` for what is no pattern."""
    # not at the top: loading it takes a tenth of a check's start, and most settings have no pattern
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(patterns).match_file


def is_pattern(text: str) -> bool:
    """Claim that *text* is a pattern."""
    try:
        spec_of((text,))
    except (ValueError, re.error):
        return False
    return True
