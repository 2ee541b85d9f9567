"""
What a file is for. In: a path. Out: its role: source, tests, scripts, or documentation examples.

Tests teach conventions, but make poor answers: pairs are mined from other files only.
"""

from __future__ import annotations

import re

TEST = re.compile(
    r"^t/|(^|/)(_{0,2}[Tt]ests?_{0,2}|testing|spec|testdata|__(?:fixtures|mocks|snapshots|typetests?)__)/"
    r"|(?:[a-z\d]Test|Tests|-tests|\.Tests?(?:\.\w+)*)/|[a-z\d]Test(?:s|Case)?\.(?:cs|java|kt|php|scala|swift)$"
    r"|(^|/)(test_[^/]*|conftest)\.\w+$|_test\.\w+$|\.(test|spec)\.\w+$"
    r"|(?:^|[/_-])tests?\.(?!(?:markdown|md|sh|ya?ml)$)\w+$"
)
"""By the customs of many languages: `jvmTest/`, `House.Tests/`, `DoorTest.php`, `door/test.ts`, `door-test.cc`."""
SCRIPT = re.compile(r"(^|/)(scripts?|tools?|bin|ci|maint|benchmarks?)/|(^|/)(setup|noxfile|fabfile|conf)\.py$")
DOCS = re.compile(r"(^|/)(docs?|examples?|tutorials?|samples?|notebooks?)/")
DATA = re.compile(
    r"(^|/)(?:tests?/(?:.*?/)??(?:cases|data|testdata|fixtures?|resources|snapshots?)|testdata|__snapshots__)/"
)
"""Elsewhere than under tests a house may have code of its own that is about snapshots."""
SAMPLES = ("data/", "snapshot/", "snapshots/", "snapshots__/")
"""How the folders end of what nobody wrote in the house's style, or at all."""


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


def data_folder(path: str) -> str:
    """Return the outermost folder of what tests read that holds the file at *path*; nothing for tests and others."""
    found = DATA.search(path)
    return path[: found.end()] if found is not None and TEST.search(path.rpartition("/")[2]) is None else ""


def is_sample(path: str) -> bool:
    """Claim that the file at *path* is read by tests as a sample or as output, and in no style of the house's."""
    return data_folder(path).endswith(SAMPLES)
