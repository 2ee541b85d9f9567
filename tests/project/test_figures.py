"""
The figures of pages. In: the results that benchmarks stored, and the pages between their markers. Out: they agree.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def _benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Benchmarks are no part of what is installed."""
    monkeypatch.syspath_prepend(str(ROOT))


def test_the_readme_tells_the_latest_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Where it does not: `python -m benchmarks.readme`."""
    from benchmarks import readme

    shutil.copy(ROOT / "README.md", tmp_path)
    monkeypatch.setattr(readme, "README", tmp_path / "README.md")
    readme.fill_readme()

    assert (tmp_path / "README.md").read_text("utf-8") == (ROOT / "README.md").read_text("utf-8")


def test_pages_tell_the_latest_results_of_the_samples():
    """Every sample's tables and verdict stand in a page as its rows say."""
    from benchmarks.results import read_results
    from benchmarks.samples import OTHERS, SAMPLES, render_tables

    rows = read_results("samples")["rows"]
    names = list(dict.fromkeys(row["sample"] for row in rows))
    pages = {name: ROOT / (SAMPLES[name].page if name in SAMPLES else OTHERS) for name in names}
    stale = [
        name
        for name, page in pages.items()
        if render_tables([row for row in rows if row["sample"] == name]) not in page.read_text("utf-8")
    ]

    assert {*SAMPLES} < {*names}
    assert not stale
