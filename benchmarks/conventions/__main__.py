"""
Measure the goals of this folder. In: the names of some, or none for all. Out: `benchmarks/results/conventions.json`.
"""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..results import FOLDER, read_commit, save_results, write_results
from . import Measured, codebases

RESULT = FOLDER / "conventions.json"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the chosen files, or all, and write what they found beside what the others found before."""
    known = goal_files()
    options = read_arguments(arguments, known)
    if options.codebases:
        codebases.NAMES = tuple(options.codebases.split(","))
    kept = read_kept(options.out) if options.goals else {"rows": [], "goals": []}
    rows, goals = list(kept["rows"]), list(kept["goals"])
    commit = read_commit()
    for name in options.goals or known:
        started = time.monotonic()
        print(f"{name} …", file=sys.stderr)
        measured: Measured = importlib.import_module(f"{__package__}.{name}").measure()
        print(f"{name}: {time.monotonic() - started:.0f} s", file=sys.stderr)
        rows = [row for row in rows if row["file"] != name] + [{"file": name, **row} for row in measured.rows]
        goals = [goal for goal in goals if goal["file"] != name]
        goals += [{**goal, "file": name, "commit": commit} for goal in measured.goals]
        goals.sort(key=lambda goal: (int(goal["name"].rpartition(".")[2]), goal["file"]))
        # after each file, so that a run that is stopped keeps what it measured
        save_results("conventions", rows, goals, options.out)
    write_results("conventions", rows, goals, options.out)


def read_arguments(arguments: Sequence[str] | None, known: Sequence[str]) -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.conventions", description=__doc__)
    parser.add_argument("goals", nargs="*", metavar="GOAL", help=f"some of {', '.join(known)}; all without any")
    parser.add_argument(
        "--codebases",
        metavar="NAMES",
        help=f"installed packages to measure on, joined by commas; by default {','.join(codebases.NAMES)}",
    )
    parser.add_argument("--out", type=Path, default=RESULT, help="the result file; by default %(default)s")
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.goals) - set(known)):
        parser.error(f"no goal {unknown[0]!r}. Known: {', '.join(known)}.")
    return options


def goal_files() -> list[str]:
    """Return the modules of this folder that measure a goal."""
    names = [module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if module.name != "__main__"]
    return [name for name in names if hasattr(importlib.import_module(f"{__package__}.{name}"), "measure")]


def read_kept(file: Path) -> dict[str, Any]:
    """Return the results so far."""
    if not file.is_file():
        return {"rows": [], "goals": []}
    return json.loads(file.read_text("utf-8"))


if __name__ == "__main__":
    main()
