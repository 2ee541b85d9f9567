"""
What a file is for. In: a path. Out: its role: source, tests, scripts, or documentation examples.

Tests teach conventions, but make poor answers: pairs are mined from other files only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

TEST = re.compile(
    r"^(?:t|testing)/|(^|/)(_{0,2}[Tt]ests?_{0,2}|tests_\w+|(?:e2e|integration)_tests?|e2e|test[-_]?[dD]ata"
    r"|__(?:(?:test)?fixtures|mocks|snapshots|typetests?)__)/"
    r"|(?:[a-z\d]Test|Tests|-tests|\.Tests?(?:\.\w+)*)/|[a-z\d]Test(?:s|Case)?\.(?:cs|java|kt|php|scala|swift)$"
    r"|(^|/)(test_[^/]*|conftest)\.\w+$|_test\.\w+$|\.(test|spec)\.\w+$"
    r"|(?:^|[/_-])tests?\.(?!(?:markdown|md|sh|ya?ml)$)\w+$"
)
"""By the customs of many languages: `jvmTest/`, `House.Tests/`, `DoorTest.php`, `door/test.ts`, `door-test.cc`."""
PACKAGED_TEST = re.compile(r"(?:^|/)(?:testing|spec)/")
"""Not in Python, where a package may have a part that is called so, and one that helps others to test."""
SCRIPT = re.compile(r"(^|/)(setup|noxfile|fabfile|conf)\.py$")
SCRIPTS = frozenset(
    {"__benchmarks__", "bench", "benches", "benchmark", "benchmarks", "bin", "ci", "fuzz", "fuzzing", "maint"}
    | {"script", "scripts", "tool", "tools"}
)
HOLDERS = frozenset(
    {"apps", "backend", "components", "frontend", "lib", "libs", "modules", "packages", "plugins", "projects", "server"}
    | {"services"}
)
"""Folders that hold projects, or are one, and are no package of Python."""
DOCS = re.compile(r"(^|/)(demos|docs?|examples?|notebooks?|(?:\w+-)?playgrounds?|samples?|tutorials?)/")
CHANGES = re.compile(
    r"(?:^(?:\w+/)?(?i:changes|history|news|releases)"
    r"|(?:^|/)(?:(?i:change[-_]?logs?|release[-_ ]?notes?|what[-_]?s[-_]?new"
    r"|(?:migrat(?:e|ing|ion)|upgrad(?:e|ing))[-_ ]?(?:from|guides?|notes?|to|v?\d))"
    r"|CHANGES|HISTORY|NEWS|MIGRAT(?:ING|ION)|UPGRAD(?:E|ING))(?:[-_. ][^/]*)?)(?:/[^/]+)*\.(?:markdown|md)$"
)
"""
A document, or a folder of documents, on what became of the code: it shows what was beside what is. Where a name may
mean more, as that of migrations, it tells by a version, by capitals, or by where it stands.
"""
DATA = re.compile(
    r"(^|/)(?:tests?/(?:.*?/)??(?:cases|(?:\w+_)?data|fixtures?|resources|roots|snapshots?|test[-_]?[dD]ata)"
    r"|spec/(?:.*?/)??fixtures|test[-_]?[dD]ata|__snapshots__)/"
)
"""Elsewhere than under tests a house may have code of its own that is about snapshots."""
SAMPLES = ("data/", "Data/", "roots/", "snapshot/", "snapshots/", "snapshots__/", "src/test/resources/")
"""How the folders end of what nobody wrote in the house's style, or at all, or which builds copy and do not compile."""
SAMPLE = re.compile(r"(?:^|/|\.)(?:actual|expected|input|output)\.\w+$|\.(?:html?|ini|json5?|toml|xml|ya?ml)$")
"""How files of other such folders end that a program under test reads or writes: before and after, and data."""
FIXTURE = re.compile(r"(?:^|/)fixtures/(?:.*/)?[^/]+\.rb$")
"""Files of Ruby, whose customs have nothing but data in a folder of that name."""


def role_of(path: str) -> str:
    """Return the role of the file at *path*."""
    is_python = path.endswith((".py", ".pyi"))
    if TEST.search(path) or (not is_python and PACKAGED_TEST.search(path)):
        return "tests"
    if DOCS.search(path):
        return "docs"
    folders = path.split("/")[:-1]
    own = above_packages(folders) if is_python else folders
    return "scripts" if not SCRIPTS.isdisjoint(own) or SCRIPT.search(path) else "src"


def above_packages(folders: Sequence[str]) -> Sequence[str]:
    """
    Return *folders* up to the first that may be a package of Python: inside of one, all is a part of it.

    What is called like scripts is none, nor is what holds projects, nor a project in it.
    """
    for number, name in enumerate(folders):
        is_project = name in HOLDERS or (number > 0 and folders[number - 1] in HOLDERS)
        if name.isidentifier() and name not in SCRIPTS and not is_project:
            return folders[:number]
    return folders


def is_test_path(path: str) -> bool:
    """Claim that the file at *path* is a test."""
    return role_of(path) == "tests"


def tells_of_changes(path: str) -> bool:
    """Claim that the document at *path* tells what changed from one version to another."""
    return CHANGES.search(path) is not None


def data_folder(path: str) -> str:
    """Return the outermost folder of what tests read that holds the file at *path*; nothing for tests and others."""
    found = DATA.search(path)
    return path[: found.end()] if found is not None and TEST.search(path.rpartition("/")[2]) is None else ""


def is_sample(path: str) -> bool:
    """Claim that the file at *path* is read by tests as a sample or as output, and in no style of the house's."""
    folder = data_folder(path)
    is_data = SAMPLE.search(path) is not None or FIXTURE.search(path) is not None
    return folder.endswith(SAMPLES) or (folder != "" and is_data)
