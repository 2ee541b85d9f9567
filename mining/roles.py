"""
What a file is for. In: a path. Out: its role: source, tests, scripts, or documentation examples.

Tests teach conventions, but make poor answers: pairs are mined from other files only.
"""

from __future__ import annotations

import re

ROLES = ("src", "tests", "scripts", "docs")
TEST = re.compile(
    r"(^|/)(tests?|testing|__tests__|spec)/|(^|/)(test_[^/]*|conftest)\.\w+$|_test\.\w+$|\.(test|spec)\.\w+$"
)
SCRIPT = re.compile(r"(^|/)(scripts?|tools?|bin|ci|maint|benchmarks?)/|(^|/)(setup|noxfile|fabfile|conf)\.py$")
DOCS = re.compile(r"(^|/)(docs?|examples?|tutorials?|samples?|notebooks?)/")


def role_of(path: str) -> str:
    """Return the role of the file at *path*."""
    if TEST.search(path):
        return "tests"
    if DOCS.search(path):
        return "docs"
    return "scripts" if SCRIPT.search(path) else "src"


def is_test_path(path: str) -> bool:
    """Claim that the file at *path* is a test."""
    return role_of(path) == "tests"
