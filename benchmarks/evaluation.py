"""
Three real codebases through the whole evaluation. In: installed packages. Out: a table of arms, and how long it took.

Run: python -m benchmarks.evaluation [--minutes M] [--probes N] [PACKAGE…]. Mines, trains and evaluates each package
with the embedded base, and kills the first evaluation twice to see that its bytes are those of a quiet run.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from .results import make_goal, write_results

PACKAGES = ("networkx", "click", "rich")
STABLE = ("samples.jsonl", "scores.jsonl", "comparisons.json")
MOST_MINUTES = 8.0


def find_package(name: str) -> Path:
    """Return the folder of an installed package."""
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise SystemExit(f"{name} is not installed; install it, or name other packages")
    return Path(found.submodule_search_locations[0])


def call(*arguments: str) -> None:
    """Run one idiolect command to its end."""
    subprocess.run([sys.executable, "-m", "idiolect", *arguments], check=True, stdout=subprocess.DEVNULL)


def measure_package(name: str, folder: Path, minutes: float, probes: int) -> tuple[dict[str, Any], float]:
    """Mine, train and evaluate one package; return its verdict and the seconds of the evaluation."""
    call("mine", str(find_package(name)), "--out", str(folder / "corpus"))
    call("train", str(folder / "corpus"), "--out", str(folder / "adapter"), "--set", f"minutes={minutes}")
    started = time.perf_counter()
    call(*evaluate_command(folder, "evaluation", probes))
    seconds = time.perf_counter() - started
    return json.loads((folder / "evaluation" / "verdict.json").read_text("utf-8")), seconds


def evaluate_command(folder: Path, out: str, probes: int) -> list[str]:
    """Return the arguments of one evaluation; small packages may have fewer probes than are asked for."""
    named = ["--adapter", str(folder / "adapter"), "--out", str(folder / out), "--probes", str(probes)]
    return ["evaluate", str(folder / "corpus"), *named, "--force"]


def describe(name: str, verdict: dict[str, Any], seconds: float) -> list[dict[str, Any]]:
    """Return one row per arm."""
    test = verdict["losses"]["test"]
    rows: list[dict[str, Any]] = []
    for arm in verdict["arms"]:
        rates = arm["rates"]
        low, high = rates["accept"]["ci"]
        rows.append(
            {
                "codebase": name,
                "arm": arm["arm_id"],
                "probes": rates["accept"]["n"],
                "accepted": rates["accept"]["rate"],
                "interval": f"{low:.3f} to {high:.3f}",
                "parse": rates["parse"]["rate"],
                "compile": rates["compile"]["rate"],
                "prompt tokens": arm["prompt_tokens"],
            }
        )
    rows.append({"codebase": name, "arm": verdict["verdict"], "probes": round(seconds), "loss base": test["base"],
                 "loss tuned": test["tuned"], "loss fell": test["fell"]})  # fmt: skip
    return rows


def kill_twice(folder: Path, probes: int, seconds: float) -> bool:
    """Kill an evaluation at two random times, let it finish, and claim that its bytes are those of the quiet run."""
    chance = random.Random(7)
    command = [sys.executable, "-m", "idiolect", *evaluate_command(folder, "killed", probes)]
    for _ in range(2):
        running = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            running.wait(timeout=seconds * chance.uniform(0.2, 0.6))
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return all(digest(folder / "evaluation" / name) == digest(folder / "killed" / name) for name in STABLE)


def digest(path: Path) -> str:
    """Return a file's hash."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packages", nargs="*", default=PACKAGES)
    parser.add_argument("--minutes", type=float, default=4.0, help="of training, each")
    parser.add_argument("--probes", type=int, default=200)
    asked = parser.parse_args()
    rows: list[dict[str, Any]] = []
    longest, sound, same = 0.0, True, False
    with tempfile.TemporaryDirectory() as scratch:
        for number, name in enumerate(asked.packages):
            folder = Path(scratch) / name
            verdict, seconds = measure_package(name, folder, asked.minutes, asked.probes)
            rows += describe(name, verdict, seconds)
            longest = max(longest, seconds)
            sound = sound and verdict["verdict"] != "INVALID"
            if number == 0:
                same = kill_twice(folder, asked.probes, seconds)
    count, minutes = len(asked.packages) if sound else 0, longest / 60
    goals = [
        make_goal("evaluation.2", "codebases with sound controls", float(count), ">= 3", count >= 3),
        make_goal("evaluation.3", "longest evaluation", minutes, "<= 8", minutes <= MOST_MINUTES, "minutes"),
        make_goal("evaluation.3", "byte-identical after two kills", float(same), "1", same),
    ]
    write_results("evaluation", rows, goals)


if __name__ == "__main__":
    main()
