"""
What a benchmark leaves behind. In: rows and goals. Out: `benchmarks/results/NAME.json`, and a table on the screen.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "results"
SCHEMA = "idiolect.benchmark/1"


def write_results(
    name: str,
    rows: Sequence[Mapping[str, Any]],
    goals: Sequence[Mapping[str, Any]],
    path: Path | None = None,
    commit: str = "",
) -> Path:
    """Write the results of one benchmark to its file, or to *path*, print them, and return the file."""
    path = save_results(name, rows, goals, path, commit)
    print_table(rows)
    print_table([{key: goal.get(key) for key in ("name", "what", "value", "goal", "unit", "holds")} for goal in goals])
    return path


def save_results(
    name: str,
    rows: Sequence[Mapping[str, Any]],
    goals: Sequence[Mapping[str, Any]],
    path: Path | None = None,
    commit: str = "",
) -> Path:
    """
    Write the results of one benchmark to its file, or to *path*, and return the file.

    *commit* is the one that was measured, where that is not this tree's.
    """
    path = path or FOLDER / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    body = {
        "schema": SCHEMA,
        "commit": commit or read_commit(),
        "machine": describe_machine(),
        "rows": list(rows),
        "goals": list(goals),
    }
    path.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return path


def read_results(name: str) -> dict[str, list[dict[str, Any]]]:
    """Return the rows and goals of a benchmark's stored results; none of either where there are none."""
    path = FOLDER / f"{name}.json"
    body = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    return {part: body.get(part, []) for part in ("rows", "goals")}


def make_goal(
    name: str, what: str, value: float | None, goal: str, holds: bool | None, unit: str = "", reason: str = ""
) -> dict[str, Any]:
    """Return one goal; *holds* is None, with a *reason*, where the hardware for it is missing."""
    body = {"name": name, "what": what, "value": value, "goal": goal, "unit": unit, "holds": holds}
    return {**body, "reason": reason} if holds is None else body


def read_commit(root: Path = FOLDER.parent.parent) -> str:
    """Return the commit measured, marked where the tree has changes."""
    done = subprocess.run(["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
                          capture_output=True, text=True, check=False)  # fmt: skip
    return done.stdout.strip()


def describe_machine() -> dict[str, Any]:
    """Return processor, cores, memory and GPU."""
    return {"processor": read_processor(), "cores": os.cpu_count(), "memory_gib": read_memory(), "gpu": read_gpu()}


def read_processor() -> str:
    """Return the processor's name."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def read_memory() -> float:
    """Return the machine's memory in GiB."""
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)


def read_gpu() -> str | None:
    """Return the first GPU's name, or None."""
    try:
        done = subprocess.run(
            ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"], capture_output=True, text=True, check=False
        )
    except OSError:
        return None
    return done.stdout.strip().partition("\n")[0] or None


def print_table(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print *rows* as a Markdown table."""
    if not rows:
        return
    names = list(dict.fromkeys(name for row in rows for name in row))
    print("| " + " | ".join(names) + " |")
    print("| " + " | ".join("---" for _ in names) + " |")
    for row in rows:
        print("| " + " | ".join(show(row.get(name)) for name in names) + " |")
    print()


def show(value: Any) -> str:
    """Return a cell's text."""
    return f"{value:.4g}" if isinstance(value, float) else "" if value is None else str(value)
