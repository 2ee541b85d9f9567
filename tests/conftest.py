"""
Shared toys: small real repositories, made anew for each test.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from idiolect.mining import workers
from idiolect.mining.languages import Language
from idiolect.mining.own_languages import read_own_languages

# toys that tests share: `from tests_toys import toy_files`
sys.path.insert(0, str(Path(__file__).parent))

from tests_toys import plant
from tests_warm import Server
from tests_workers import READY

os.environ.setdefault("HF_HUB_OFFLINE", "1")
# one thread, here and in processes started here: tiny tensors lose more by sharing work than they gain
os.environ["OMP_NUM_THREADS"] = "1"

DSL = Path(__file__).parents[1] / "samples" / "dsl"
GIT = ("git", "-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")


LONGEST = ("training", "project")
"""Folders of few, long tests."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let long tests begin first: then no core waits for another in the end."""
    items.sort(key=lambda item: not any(name in item.path.parts for name in LONGEST))


@pytest.fixture(scope="session", autouse=True)
def _ready_workers() -> None:
    """Start what mines from a server that has loaded the miner."""
    workers.START = READY


@pytest.fixture(scope="session")
def warm() -> Iterator[Server]:
    """Give what starts processes that have loaded torch."""
    server = Server()
    yield server
    server.close()


@pytest.fixture(scope="session")
def tend(tmp_path_factory: pytest.TempPathFactory) -> Language:
    """Return the sample language, whose grammar is made here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IDIOLECT_CACHE", str(tmp_path_factory.mktemp("cache")))
        (language,) = read_own_languages(DSL / "language.toml")
    return language


@pytest.fixture(name="write_tree")
def _write_tree(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    """Write files into a fresh folder and return it."""

    def write(files: Mapping[str, str], name: str = "repo") -> Path:
        return plant(tmp_path / name, files)

    return write


@pytest.fixture(name="commit_tree")
def _commit_tree() -> Callable[[Path, str], None]:
    """Commit everything in a folder, making it a repository first."""

    def commit(root: Path, message: str = "Begin") -> None:
        if not (root / ".git").exists():
            subprocess.run([*GIT, "init", "-q", "-b", "main", str(root)], check=True)
        subprocess.run([*GIT, "-C", str(root), "add", "-A"], check=True)
        subprocess.run([*GIT, "-C", str(root), "commit", "-q", "-m", message], check=True)

    return commit
