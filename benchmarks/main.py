"""
The main job as a stranger runs it. In: this commit. Out: a table, and `benchmarks/results/main.json`.

Run: python -m benchmarks.main [--minutes M] [--keep FOLDER]. Clones the commit into a fresh folder, with an empty home
and a fresh environment, runs `make demo` and `make test` there, reads what they left, and tries what must be refused.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .readme import fill_readme
from .results import make_goal, read_commit, write_results

ROOT = Path(__file__).parent.parent
SCHEMAS = {
    "corpus/manifest.json": "idiolect.corpus/",
    "adapter/idiolect.json": "idiolect.adapter/",
    "evaluation/verdict.json": "idiolect.verdict/",
    "evaluation/run.json": "idiolect.evaluation/",
}
KEPT = ("PATH", "LANG", "REQUESTS_CA_BUNDLE", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY")
ONE_FUNCTION = 'def part_{0}(rows):\n    """Return part {0} of rows."""\n    kept = rows[{0}:]\n    return kept\n'


class Done(NamedTuple):
    """
    One command that has ended.
    """

    code: int
    output: str
    minutes: float
    gigabytes: float
    """The most memory that the command and everything it started held at once."""


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Done:
    """Run *command* to its end, and watch its memory."""
    started = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        running = subprocess.Popen(command, cwd=folder, env=dict(environment), stdout=output, stderr=output)
        peak = [0.0]
        watcher = threading.Thread(target=watch, args=(running, peak), daemon=True)
        watcher.start()
        code = running.wait()
        watcher.join()
        output.seek(0)
        return Done(code, output.read(), (time.perf_counter() - started) / 60, peak[0])


def watch(running: subprocess.Popen[Any], peak: list[float]) -> None:
    """Keep the largest sum of resident memory of *running* and its descendants, in GB, twice a second."""
    while running.poll() is None:
        peak[0] = max(peak[0], tree_memory(running.pid) / 1e9)
        time.sleep(0.5)


def tree_memory(root: int) -> int:
    """Return the bytes of memory held by a process and its descendants, pages shared between them counted in part."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
    family = {root}
    while grown := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= grown
    return sum(proportional_memory(pid) for pid in family)


def proportional_memory(pid: int) -> int:
    """Return a process's proportional set size in bytes, or 0 when it has gone."""
    try:
        found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0


def clean_environment(home: Path) -> dict[str, str]:
    """Return an environment with an empty home; only what downloads need is kept."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_")) or name in KEPT}
    return kept | {"HOME": str(home)}


def artefacts_hold(demo: Path) -> bool:
    """Claim that the demo's files name their schemas, and that every score is one JSON object."""
    for name, schema in SCHEMAS.items():
        if not json.loads((demo / name).read_text("utf-8"))["schema"].startswith(schema):
            return False
    lines = (demo / "evaluation" / "scores.jsonl").read_text("utf-8").splitlines()
    return bool(lines) and all(isinstance(json.loads(line), dict) for line in lines)


def mines_alike(clone: Path, package: str, environment: Mapping[str, str]) -> bool:
    """Claim that one and two workers, hash seeds and locales give the same manifest."""
    manifests: list[bytes] = []
    for workers, seed, locale in (("1", "1", "C"), ("2", "77", "C.UTF-8")):
        out = clone / ".idiolect" / f"again{workers}"
        variables = {**environment, "PYTHONHASHSEED": seed, "LC_ALL": locale}
        variables["IDIOLECT_CACHE"] = str(clone / ".idiolect" / f"cache{workers}")
        done = run(idiolect(clone, "mine", package, "--out", str(out), "--workers", workers), clone, variables)
        if done.code:
            return False
        manifests.append((out / "manifest.json").read_bytes())
    return manifests[0] == manifests[1]


def idiolect(clone: Path, *arguments: str) -> list[str]:
    """Return the clone's own command."""
    return [str(clone / ".venv" / "bin" / "idiolect"), *arguments]


def refusals(clone: Path, scratch: Path, environment: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return one row per bad input: the exit code, the lines a user saw, and whether that is as promised."""
    empty, few, other = scratch / "empty", scratch / "few", scratch / "other"
    for folder in (empty, few, other):
        folder.mkdir()
    for place in range(3):
        (few / f"m{place}.py").write_text(ONE_FUNCTION.format(place))
    (other / "mine.txt").write_text("mine\n")
    corpus = clone / ".idiolect" / "demo" / "corpus"
    edited = scratch / "edited"
    shutil.copytree(corpus, edited)
    with (edited / "pairs" / "train.jsonl").open("a") as rows:
        rows.write("{}\n")
    out = str(scratch / "out")
    cases = (
        ("no such path", 2, ("mine", str(scratch / "gone"), "--out", out)),
        ("a folder with no code", 2, ("mine", str(empty), "--out", out)),
        ("three functions", 2, ("specialize", str(few), "--out", str(scratch / "three"))),
        ("an output folder that holds something else", 2, ("mine", str(few), "--out", str(other))),
        ("a base that does not exist", 2, ("train", str(corpus), "--out", out, "--base", str(scratch / "no-model"))),
        ("a corpus edited by hand", 4, ("train", str(edited), "--out", out)),
    )
    rows: list[dict[str, Any]] = []
    for what, code, arguments in cases:
        done = run(idiolect(clone, *arguments), scratch, environment)
        lines = [line for line in done.output.splitlines() if line.startswith("idiolect: ")]
        sound = done.code == code and len(lines) == 1 and "Traceback" not in done.output and not Path(out).exists()
        rows.append({"what": what, "exit": done.code, "said": " ".join(lines), "holds": sound})
    return rows


def rate(verdict: Mapping[str, Any], arm: str, check: str) -> float:
    """Return how often *arm* passed *check*."""
    return next(row["rates"][check]["rate"] for row in verdict["arms"] if row["arm_id"] == arm)


def describe_arm(arm: Mapping[str, Any]) -> dict[str, Any]:
    """Return one arm's row: probes, and the share that passed each check."""
    rates = {check: body["rate"] for check, body in arm["rates"].items()}
    return {"what": f"arm: {arm['arm_id']}", "probes": arm["rates"]["accept"]["n"], **rates}


def describe_training(record: Mapping[str, Any], verdict: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of the demo's own training: its pairs and steps, and what general code lost by it."""
    tuned = next(arm for arm in verdict["arms"] if arm["arm_id"] == "tuned")
    counts, lost = record["counts"], verdict["forgetting"]
    return {
        "what": "training in the demo", "pairs": counts["pairs"], "steps": counts["steps"],
        "kept of change": record["kept_of_change"], "general code lost": lost["worse"], "at most": lost["upper"],
        "tuned answers cut short": tuned["endings"].get("truncated", 0),
    }  # fmt: skip


def control(verdict: Mapping[str, Any], name: str) -> float | None:
    """Return the measured value of one integrity check whose name begins with *name*."""
    return next((row["value"] for row in verdict["integrity"] if row["check"].startswith(name)), None)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=9.0, help="of the demo, as `make demo MINUTES=…`")
    parser.add_argument("--skip-tests", action="store_true", help="leave `make test` out")
    parser.add_argument("--keep", type=Path, help="where the demo's evaluation and report are copied to")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        clone, home = scratch / "clone", scratch / "home"
        home.mkdir()
        environment = clean_environment(home)
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        make = ["make", f"PYTHON={sys.executable}"]
        rows: list[dict[str, Any]] = []
        installed = run([*make, "install"], clone, environment)
        demo = run([*make, "demo", f"MINUTES={asked.minutes:g}"], clone, environment)
        print(demo.output[-2000:])
        mined = str(clone / ".idiolect" / "demo" / "corpus")
        trained = run(idiolect(clone, "train", mined, "--out", str(scratch / "adapter")), clone, environment)
        tests = None if asked.skip_tests else run([*make, "test"], clone, environment)
        if tests is not None:
            print(tests.output[-1500:])
        for what, done in (
            ("make install", installed), ("make demo", demo), ("idiolect train", trained), ("make test", tests),
        ):  # fmt: skip
            if done is not None:
                rows.append({"what": what, "exit": done.code, "minutes": done.minutes, "GB": done.gigabytes})
        folder_of = clone / ".idiolect" / "demo"
        verdict = json.loads((folder_of / "evaluation" / "verdict.json").read_text("utf-8"))
        record = json.loads((folder_of / "adapter" / "idiolect.json").read_text("utf-8"))
        if asked.keep is not None:
            shutil.copytree(folder_of, asked.keep, dirs_exist_ok=True)
        find = [str(clone / ".venv/bin/python"), "-c", "import networkx; print(*networkx.__path__)"]
        package = subprocess.run(find, capture_output=True, text=True, check=True).stdout.strip()
        alike = artefacts_hold(folder_of) and mines_alike(clone, package, environment)
        refused = refusals(clone, scratch, environment)
        commit = read_commit(clone)
    test = verdict["losses"]["test"]
    fell = test["fell"]
    rates = {(arm, check): rate(verdict, arm, check) for arm in ("base", "tuned") for check in ("parse", "compile")}
    rows.append({"what": f"verdict: {verdict['verdict']}", "said": verdict["sentence"], "loss fell": fell,
                 "base loss": test["base"], "tuned loss": test["tuned"], "interval": test["ci"]})  # fmt: skip
    rows += [describe_training(record, verdict), *(describe_arm(arm) for arm in verdict["arms"])]
    rows += refused
    not_lower = all(rates["tuned", check] >= rates["base", check] for check in ("parse", "compile"))
    references, stubs = control(verdict, "references"), control(verdict, "stubs")
    sound = demo.code == 0 and demo.minutes <= 10 and demo.gigabytes <= 4
    goals = [
        make_goal("main.1", "make demo, once packages are there", demo.minutes, "<= 10", sound, "minutes"),
        make_goal("main.1", "training by default, on the demo's corpus", trained.minutes, "<= 4",
                  trained.code == 0 and trained.minutes <= 4, "minutes"),
        make_goal("main.1", "memory of make demo", demo.gigabytes, "<= 4", demo.gigabytes <= 4, "GB"),
        make_goal("main.1", "make test", tests.minutes if tests else None, "<= 10",
                  None if tests is None else tests.code == 0 and tests.minutes <= 10, "minutes", "was left out"),
        make_goal("main.2", "files as designed, mined alike by 1 and 2 workers", float(alike), "1", alike),
        make_goal("main.3", "loss of held-out answers fell", fell, ">= 0.15", fell >= 0.15 and not_lower),
        make_goal("main.4", "references accepted", references, ">= 0.98", bool(references and references >= 0.98)),
        make_goal("main.4", "stubs accepted", stubs, "0", stubs == 0),
        make_goal("main.5", "bad inputs refused in one line", float(sum(row["holds"] for row in refused)),
                  str(len(refused)), all(row["holds"] for row in refused)),
    ]  # fmt: skip
    write_results("main", rows, goals, commit=commit)
    fill_readme()


if __name__ == "__main__":
    main()
