"""
Goal 7: how long does a pull request wait? In: networkx without its tests, 20 files changed. Out: seconds, megabytes.

Every run is a command of its own, start-up included. First: nothing is cached, the profile is learned. Cold: the
profile is cached, nothing else. Warm: once more, names and judgements cached too. ruff and fixit judge the same files,
interleaved. Seconds are processor time of the command and all its children, which a quiet machine's clock stays under;
the clock of this machine, which others may share, stands beside them.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from ..results import make_goal
from . import Measured

ROUNDS, CHANGED = 2, 20
SLIP = """

def added_here(graph, weight=None):
    if weight == None:
        return []
    return [graph]
"""
GOALS = (("first", 6.0), ("cold", 2.0), ("warm", 0.5))
LARGEST_MIB = 500
WATCHER = """
import json, resource, subprocess, sys, time
before = time.monotonic()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
clock = time.monotonic() - before
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([usage.ru_utime + usage.ru_stime, clock, usage.ru_maxrss / 1024, done.returncode]))
"""
"""What starts a command and says what it took: a process counts as at least as large as the one that started it."""


class Taken(NamedTuple):
    """
    What one run took.
    """

    cpu: float
    clock: float
    mib: float
    code: int


def measure() -> Measured:
    """Return the seconds and the memory of each state, and those of the peers."""
    taken: dict[str, list[Taken]] = {}
    with TemporaryDirectory() as scratch:
        root, cache = Path(scratch) / "repository", Path(scratch) / "cache"
        lines, files = make_repository(root)
        environment = {**os.environ, "IDIOLECT_CACHE": str(cache)}
        # what is installed has its byte code beside it
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        check = [sys.executable, "-m", "idiolect", "check", "--diff", "HEAD"]
        commands = {
            "first": check, "cold": check, "warm": check,
            "first, no names": [*check, "--no-names"], "cold, no names": [*check, "--no-names"],
            "ruff check": [sys.executable, "-m", "ruff", "check", "--no-cache", *files],
            "fixit lint": [sys.executable, "-m", "fixit", "lint", *files],
        }  # fmt: skip
        run(check, root, environment)  # writes the byte code
        for _ in range(ROUNDS):
            for name, command in commands.items():
                if name.startswith("first"):
                    shutil.rmtree(cache, ignore_errors=True)
                if name.startswith("cold"):
                    for part in ("names", "judged"):
                        shutil.rmtree(cache / part, ignore_errors=True)
                taken.setdefault(name, []).append(run(command, root, environment))
    rows: list[dict[str, Any]] = [
        {
            "state": name,
            "processor seconds": round(statistics.median(each.cpu for each in runs), 3),
            "clock seconds": round(statistics.median(each.clock for each in runs), 3),
            "MiB": round(max(each.mib for each in runs)),
            "exit": runs[0].code,
        }
        for name, runs in taken.items()
    ]
    seconds = {row["state"]: row["processor seconds"] for row in rows}
    largest = max(row["MiB"] for row in rows if row["state"] in ("first", "cold", "warm"))
    what = f"{CHANGED} changed files of {lines:,} lines, processor time with names asked, median of {ROUNDS}"
    goals = [
        make_goal("conventions.7", f"{name}: {what}", seconds[name], f"<= {most}", seconds[name] <= most, "s")
        for name, most in GOALS
    ]
    goals.append(
        make_goal("conventions.7", "largest process", largest, f"<= {LARGEST_MIB}", largest <= LARGEST_MIB, "MiB")
    )
    return Measured(rows, goals)


def make_repository(root: Path) -> tuple[int, list[str]]:
    """Commit networkx without its tests under *root*, change some files, and return its lines and what was changed."""
    import networkx

    left_out = shutil.ignore_patterns("__pycache__", "tests")
    shutil.copytree(Path(networkx.__path__[0]), root / "networkx", ignore=left_out)
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for arguments in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-qm", "Begin"]):
        subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True)
    paths = sorted(path for path in root.rglob("*.py") if path.stat().st_size > 200)
    lines = sum(path.read_bytes().count(b"\n") for path in paths)
    changed = paths[:: len(paths) // CHANGED][:CHANGED]
    for path in changed:
        with path.open("a", encoding="utf-8") as file:
            file.write(SLIP)
    return lines, [path.relative_to(root).as_posix() for path in changed]


def run(command: list[str], folder: Path, environment: dict[str, str]) -> Taken:
    """Run *command*, and all that it starts, under a small process that watches it, and return what it took."""
    watched = [sys.executable, "-c", WATCHER, *command]
    done = subprocess.run(watched, cwd=folder, env=environment, check=True, capture_output=True)
    return Taken(*json.loads(done.stdout))
