"""
Measure the goals of this folder. In: the names of some, or none for all. Out: `benchmarks/results/conventions.json`.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..results import FOLDER, read_commit, write_results
from . import Measured

RESULT = FOLDER / "conventions.json"


def main(chosen: Sequence[str]) -> None:
    """Measure the *chosen* files, or all, and write what they found beside what the others found before."""
    known = goal_files()
    if unknown := sorted(set(chosen) - set(known)):
        raise SystemExit(f"No goal {unknown[0]!r}. Known: {', '.join(known)}.")
    kept = read_kept() if chosen else {"rows": [], "goals": []}
    rows, goals = list(kept["rows"]), list(kept["goals"])
    commit = read_commit()
    for name in chosen or known:
        started = time.monotonic()
        print(f"{name} …", file=sys.stderr)
        measured: Measured = importlib.import_module(f"{__package__}.{name}").measure()
        print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr)
        rows = [row for row in rows if row["file"] != name] + [{"file": name, **row} for row in measured.rows]
        goals = [goal for goal in goals if goal["file"] != name]
        goals += [{**goal, "file": name, "commit": commit} for goal in measured.goals]
    goals.sort(key=lambda goal: (int(goal["name"].rpartition(".")[2]), goal["file"]))
    write_results("conventions", rows, goals)


def goal_files() -> list[str]:
    """Return the modules of this folder that measure a goal."""
    names = [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if module.name != "__main__"]
    return [name for name in names if hasattr(importlib.import_module(f"{__package__}.{name}"), "measure")]


def read_kept() -> dict[str, Any]:
    """Return the results so far."""
    if not RESULT.is_file():
        return {"rows": [], "goals": []}
    return json.loads(RESULT.read_text("utf-8"))


if __name__ == "__main__":
    main(sys.argv[1:])
