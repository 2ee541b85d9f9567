"""
Fixtures of the fault rows. In: a folder made wrong. Out: what the command said of it, and what it wrote.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from idiolect.cli import main
from tests_toys import plant, toy_files

FULL = os.environ.get("IDIOLECT_FAULTS_FULL") == "1"
"""Whether rows are run in their full size: `python -m benchmarks.faults --full`."""


def sized(small: int, full: int, what: str) -> list[Any]:
    """Return the one size to run, with it in the test's id: *small*, or *full* where that was asked for."""
    size = full if FULL else small
    return [pytest.param(size, id=f"{size}-{what}")]


class Mined(NamedTuple):
    """
    What `idiolect mine` made of a folder.
    """

    code: int
    error: str
    out: Path

    @property
    def skipped(self) -> dict[str, set[str]]:
        """The reasons recorded for each path."""
        reasons: dict[str, set[str]] = {}
        for line in (self.out / "skipped.jsonl").read_text("utf-8").splitlines():
            row = json.loads(line)
            reasons.setdefault(row["path"], set()).add(row["reason"])
        return reasons

    @property
    def text(self) -> str:
        """Everything that the corpus holds, as one text."""
        files = [file for file in sorted(self.out.rglob("*")) if file.is_file()]
        return "\n".join(file.read_bytes().decode("utf-8", "replace") for file in files)

    @property
    def manifest(self) -> dict[str, object]:
        """The manifest."""
        return json.loads((self.out / "manifest.json").read_text("utf-8"))

    def pairs(self, split: str = "train") -> list[dict[str, object]]:
        """Return the pairs of *split*."""
        return [json.loads(line) for line in (self.out / "pairs" / f"{split}.jsonl").read_text("utf-8").splitlines()]


FEW = dict(list(toy_files().items())[:6])


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    """Return a small repository that mines well, to be made wrong."""
    return plant(tmp_path / "repo", FEW)


@pytest.fixture(name="mine")
def _mine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Mined]:
    """Return what mines a folder as the command line does; a last word without a traceback is asserted each time."""

    def run(root: Path, *options: str, name: str = "corpus") -> Mined:
        out = tmp_path / name
        code = main(["mine", str(root), "--out", str(out), "--workers", "1", *options])
        error = capsys.readouterr().err
        assert "Traceback (most recent" not in error
        assert "internal error" not in error, error
        assert code in (0, 2, 4), error
        assert (code == 0) == (out / "manifest.json").exists()
        return Mined(code, error, out)

    return run
