"""
Three real codebases through the whole evaluation. In: installed packages. Out: a table of arms, and how long it took.

Run: python -m benchmarks.evaluation [--work DIR] [--stage networkx:adapter] [--minutes M] [--probes N] [PACKAGE…].
Mines, trains and evaluates each package with the embedded base, and one more for its time alone; kills an evaluation of
the last one, which is small, twice to see that its bytes are those of a quiet run; spoils its evidence in five ways.
With a kept work folder every stage runs once, so a slow machine can take them one at a time; the results and the tables
of `docs/results.md` are written when none is missing. With --write, what was not timed, killed or spoiled there keeps
what it came to the last time.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from idiolect.evaluation.gate import judge_gate
from idiolect.evaluation.measure import CONTROLS
from idiolect.evaluation.record import hash_evidence
from idiolect.evaluation.samples import read_sealed, write_sealed
from idiolect.mining.artefacts import sha256_file, write_json

from .pages import ROOT, fill_page
from .readme import fill_readme
from .results import make_goal, read_results, write_results
from .samples import describe_arms, describe_controls, describe_losses, render_tables

PACKAGES = ("networkx", "click", "rich")
TIMED = "sympy"
"""Large enough to hold out 200 tasks, which none of the three is. The base was trained on it: only its time is told."""
STABLE = ("samples.jsonl", "scores.jsonl", "comparisons.json")
MOST_MINUTES, TIMED_PROBES = 8.0, 200
KILLS = (0.3, 0.45)
"""After which share of a quiet run's time the two kills come, and up to twice that."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Settings:
    """
    What was asked for.
    """

    work: Path
    minutes: float
    probes: int
    controls: str

    def folder(self, package: str) -> Path:
        """Return where everything of *package* lies."""
        return self.work / package


# -- stages


def find_package(name: str) -> Path:
    """Return the folder of an installed package."""
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise SystemExit(f"{name} is not installed; install it, or name other packages")
    return Path(found.submodule_search_locations[0])


def call(*arguments: str) -> Row:
    """Run one idiolect command to its end; return its wall and processor seconds."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-m", "idiolect", *arguments], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": round(time.perf_counter() - started, 1), "cpu_seconds": round(cpu, 1)}


def mine(asked: Settings, package: str) -> Row:
    """Mine the package."""
    return call("mine", str(find_package(package)), "--out", str(asked.folder(package) / "corpus"))


def train(asked: Settings, package: str) -> Row:
    """Train an adapter for the minutes asked for."""
    folder = asked.folder(package)
    shutil.rmtree(folder / "adapter", ignore_errors=True)
    return call("train", str(folder / "corpus"), "--out", str(folder / "adapter"), "--set", f"minutes={asked.minutes}")


def evaluate(asked: Settings, package: str) -> Row:
    """Evaluate all arms."""
    return call(*evaluate_command(asked, package, "evaluation"))


def evaluate_command(asked: Settings, package: str, out: str, controls: str = "basic") -> list[str]:
    """Return the arguments of one evaluation; small packages may have fewer probes than are asked for."""
    folder = asked.folder(package)
    named = ["--adapter", str(folder / "adapter"), "--out", str(folder / out), "--probes", str(asked.probes)]
    return ["evaluate", str(folder / "corpus"), *named, "--controls", controls, "--force"]


def control(asked: Settings, package: str) -> Row:
    """Evaluate again beside more controls; what was generated before is not made again."""
    folder = asked.folder(package)
    (folder / "full").mkdir(exist_ok=True)
    shutil.copyfile(folder / "evaluation" / "samples.jsonl", folder / "full" / "samples.jsonl")
    shutil.copyfile(folder / "evaluation" / "run.json", folder / "full" / "run.json")
    return call(*evaluate_command(asked, package, "full", asked.controls))


def kill_twice(asked: Settings, package: str) -> Row:
    """Kill an evaluation at two random times, let it finish, and compare its bytes with those of the quiet run."""
    folder, chance = asked.folder(package), random.Random(7)
    quiet: float = read_json(folder / "evaluate.json")["seconds"]
    shutil.rmtree(folder / "killed", ignore_errors=True)
    command = [sys.executable, "-m", "idiolect", *evaluate_command(asked, package, "killed")]
    kills = 0
    for share in KILLS:
        running = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            running.wait(timeout=quiet * share * chance.uniform(1, 2))
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
            kills += 1
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    whole, killed = (folder / place for place in ("evaluation", "killed"))
    same = [name for name in STABLE if sha256_file(whole / name) == sha256_file(killed / name)]
    return {"kills": kills, "identical": same}


# -- spoiled evidence


def swap_labels(rows: Sequence[Row]) -> list[Row]:
    """Exchange the labels of two arms."""
    other = {"tuned": "base", "base": "tuned"}
    return [{**row, "arm_id": other.get(row["arm_id"], row["arm_id"])} for row in rows]


def shuffle(rows: Sequence[Row]) -> list[Row]:
    """Move rows."""
    return random.Random(3).sample(list(rows), len(rows))


def edit_score(rows: Sequence[Row]) -> list[Row]:
    """Let one refused answer of the tuned arm pass, in every field."""
    place = next(i for i, row in enumerate(rows) if row["arm_id"] == "tuned" and not row["accept"])
    passed = {**rows[place], "accept": True, "status": "ok", "checks": dict.fromkeys(rows[place]["checks"], True)}
    return [*rows[:place], passed, *rows[place + 1 :]]


def lose(rows: Sequence[Row]) -> list[Row]:
    """Drop three of a hundred rows of the tuned arm."""
    return [row for i, row in enumerate(rows) if row["arm_id"] != "tuned" or i % 33]


SPOILED: tuple[tuple[str, tuple[str, ...], Callable[[Sequence[Row]], list[Row]]], ...] = (
    ("arm labels swapped", ("samples.jsonl",), swap_labels),
    ("rows shuffled", ("scores.jsonl",), shuffle),
    ("a score edited", ("scores.jsonl",), edit_score),
    ("3 % of samples missing", ("samples.jsonl", "scores.jsonl"), lose),
)


def spoil(asked: Settings, package: str) -> Row:
    """Spoil copies of the evidence, make all hashes fit again, ask the gate; then evaluate an inert adapter."""
    folder = asked.folder(package)
    said: Row = {}
    for name, files, change in SPOILED:
        copy = folder / "spoiled"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder / "evaluation", copy)
        for file in files:
            write_sealed(copy / file, change(list(read_sealed(copy / file))))
        reseal(copy)
        result = judge_gate(copy)
        said[name] = {"word": result.word, "reason": result.lines[0]}
    return {**said, "an inert adapter": judge_inert(asked, package)}


def reseal(folder: Path) -> None:
    """Make every hash fit again, as a careful forger would."""
    verdict = read_json(folder / "verdict.json")
    verdict["files"] = {name: sha256_file(folder / name) for name in verdict["files"]}
    verdict["evidence_sha256"] = hash_evidence(read_json(folder / "run.json"), folder)
    write_json(folder / "verdict.json", verdict)


def judge_inert(asked: Settings, package: str) -> Row:
    """Return the verdict on an adapter that does nothing: the real one without its rows, its up-projections at zero."""
    from safetensors.numpy import load_file, save_file

    folder = asked.folder(package)
    shutil.rmtree(folder / "inert", ignore_errors=True)
    shutil.copytree(folder / "adapter", folder / "inert", ignore=shutil.ignore_patterns("checkpoints"))
    weights, config = (folder / "inert" / name for name in ("adapter_model.safetensors", "adapter_config.json"))
    layers = {name: tensor for name, tensor in load_file(weights).items() if "lora_" in name}
    save_file({name: tensor * 0 if "lora_B" in name else tensor for name, tensor in layers.items()}, weights)
    write_json(config, {**read_json(config), "trainable_token_indices": None})
    text = json.dumps(read_json(folder / "inert" / "idiolect.json"))
    for file in (weights, config):
        text = text.replace(sha256_file(folder / "adapter" / file.name), sha256_file(file))
    write_json(folder / "inert" / "idiolect.json", json.loads(text))
    named = ["--adapter", str(folder / "inert"), "--out", str(folder / "inert-evaluation")]
    call("evaluate", str(folder / "corpus"), *named, "--arms", "base,tuned", "--probes", "20", "--force")
    verdict = read_json(folder / "inert-evaluation" / "verdict.json")
    return {"word": verdict["verdict"], "reason": verdict["reasons"][0]}


# -- results


def read_json(path: Path) -> Any:
    """Return what a JSON file holds."""
    return json.loads(path.read_text("utf-8"))


def final_verdict(asked: Settings, package: str) -> Row:
    """Return the verdict with all controls, where they were run."""
    folder = asked.folder(package)
    full = folder / "full" / "verdict.json"
    return read_json(full if full.is_file() else folder / "evaluation" / "verdict.json")


def fill_results(asked: Settings, package: str) -> None:
    """Write the tables of *package* into the documentation."""
    verdict = final_verdict(asked, package)
    rows = [part for tell in (describe_arms, describe_controls, describe_losses) for part in tell(package, verdict)]
    fill_page(ROOT / "docs" / "results.md", package, render_tables(rows))


def describe(asked: Settings, package: str) -> list[Row]:
    """Return one row per arm, then one for the verdict."""
    verdict = final_verdict(asked, package)
    rows: list[Row] = []
    for arm in verdict["arms"]:
        rates = arm["rates"]
        low, high = rates["accept"]["ci"]
        checks = {name: round(rates[name]["rate"], 4) for name in rates if name != "accept"}
        rows.append(
            {
                "codebase": package,
                "arm": arm["arm_id"],
                "probes": rates["accept"]["n"],
                "accepted": round(rates["accept"]["rate"], 4),
                "interval": f"{low:.3f} to {high:.3f}",
                **checks,
                "prompt tokens": arm["prompt_tokens"] and round(arm["prompt_tokens"]),
                "answer tokens": arm["output_tokens"] and round(arm["output_tokens"]),
            }
        )
    return [*rows, describe_verdict(asked, package, verdict)]


def describe_verdict(asked: Settings, package: str, verdict: Row) -> Row:
    """Return the verdict's row: difference, loss, forgetting and time."""
    test, primary, forgetting = verdict["losses"]["test"], verdict["primary"], verdict["forgetting"]
    seconds = read_json(asked.folder(package) / "evaluate.json")
    return {
        "codebase": package,
        "arm": "verdict",
        "verdict": verdict["verdict"],
        "compared": f"{primary['a']} − {primary['b']}",
        "difference": round(primary["mean_diff"], 4),
        "interval": span(primary["ci"]),
        "clusters": primary["g"],
        "loss base": round(test["base"], 4),
        "loss tuned": round(test["tuned"], 4),
        "loss fell": round(test["fell"], 4),
        "loss interval": span(test["ci"]),
        "forgetting": round(forgetting["worse"], 4),
        "sentence": verdict["sentence"],
        "enough data": verdict["curve"].get("sentence", ""),
        **seconds,
    }


def span(interval: Sequence[float]) -> str:
    """Return an interval as a person reads it."""
    return f"{interval[0]:.3f} to {interval[1]:.3f}"


def list_goals(asked: Settings, packages: Sequence[str]) -> list[Row]:
    """Return the goals that the stages decide."""
    second = asked.folder(small_one(packages))
    words = [read_json(asked.folder(name) / "evaluation" / "verdict.json")["verdict"] for name in packages]
    sound = sum(word != "INVALID" for word in words)
    return [
        make_goal("evaluation.2", "codebases with sound controls", float(sound), ">= 3", sound >= 3),
        or_earlier(judge_time(asked.folder(TIMED))),
        or_earlier(judge_kills(second / "kill_twice.json", small_one(packages))),
        or_earlier(judge_spoiled(second / "spoil.json")),
    ]


def or_earlier(goal: Row) -> Row:
    """Return *goal*, or what was decided of it when its stage was run last."""
    if goal["holds"] is not None:
        return goal
    return next(
        (
            old
            for old in read_results("evaluation")["goals"]
            if old["name"] == goal["name"] and goal["what"] in old["what"]
        ),
        goal,
    )


def describe_spoiled(record: Path, package: str) -> list[Row]:
    """Return one row for each way in which evidence was spoiled, the last time that it was."""
    if not record.is_file():
        return [row for row in read_results("evaluation")["rows"] if row["arm"].startswith("spoiled: ")]
    return [
        {"codebase": package, "arm": f"spoiled: {what}", "verdict": said["word"], "sentence": said["reason"]}
        for what, said in read_json(record).items()
    ]


def judge_time(folder: Path) -> Row:
    """
    Return the goal of the timed evaluation, undecided where none was timed, or one of too few probes.

    Controls stand apart: the time in which base's answers were written once more is taken off.
    """
    record = folder / "evaluate.json"
    if not record.is_file():
        return make_goal("evaluation.3", "probes × 6 arms", None, "<= 8", None, "minutes", "not run")
    probes = read_json(folder / "evaluation" / "run.json")["suite"]["n_probes"]
    timings = (folder / "evaluation" / "timings.jsonl").read_text("utf-8").splitlines()
    repeated = sum(row["seconds"] for row in map(json.loads, timings) if row["arm_id"] == "base-repeat")
    minutes = (read_json(record)["seconds"] - repeated) / 60
    fast = minutes <= MOST_MINUTES if probes >= TIMED_PROBES else None
    what = f"{folder.name}: {probes} probes × 6 arms, and half as many to choose by"
    return make_goal("evaluation.3", what, minutes, "<= 8", fast, "minutes", f"fewer than {TIMED_PROBES} probes")


def judge_kills(record: Path, package: str) -> Row:
    """Return the goal of the killed evaluation, undecided where none was killed."""
    killed = read_json(record) if record.is_file() else None
    same = None if killed is None else killed["kills"] == 2 and len(killed["identical"]) == len(STABLE)
    what = f"{package}: byte-identical after two kills"
    return make_goal("evaluation.3", what, None if same is None else float(same), "1", same, reason="not run")


def judge_spoiled(record: Path) -> Row:
    """Return the goal of the spoiled evidence, undecided where none was spoiled."""
    spoiled = read_json(record) if record.is_file() else None
    invalid = spoiled and sum(said["word"] == "INVALID" and bool(said["reason"]) for said in spoiled.values())
    holds = None if invalid is None else invalid == len(SPOILED) + 1
    return make_goal("evaluation.4", "of 5 spoilings INVALID with a reason", invalid, "5", holds, reason="not run")


STAGES = {"mine": mine, "train": train, "evaluate": evaluate, "control": control}
ONCE = {"kill_twice": kill_twice, "spoil": spoil}
"""Of one package alone."""


def small_one(packages: Sequence[str]) -> str:
    """Return the package that is evaluated again and again: the last."""
    return packages[-1]


def run_stage(asked: Settings, package: str, stage: str) -> None:
    """Run one stage, unless it is done, and keep what it measured."""
    record = asked.folder(package) / f"{stage}.json"
    if not record.is_file():
        record.parent.mkdir(parents=True, exist_ok=True)
        write_json(record, (STAGES | ONCE)[stage](asked, package))


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packages", nargs="*", default=PACKAGES)
    parser.add_argument("--minutes", type=float, default=3.0, help="of training, each")
    parser.add_argument("--probes", type=int, default=200)
    parser.add_argument("--controls", choices=CONTROLS, default="placebo")
    parser.add_argument("--work", type=Path, help="keep the work here; what is done is not done again")
    parser.add_argument("--stage", help="run only this one, as networkx:train")
    parser.add_argument("--write", action="store_true", help="run nothing: write what the done stages found")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        asked = Settings(given.work or Path(scratch), given.minutes, given.probes, given.controls)
        wanted = [(name, stage) for name in given.packages for stage in STAGES]
        again = small_one(given.packages)
        wanted += [(again, stage) for stage in ONCE]
        wanted += [(TIMED, stage) for stage in ("mine", "train", "evaluate") if TIMED not in given.packages]
        if asked.controls == "basic":
            wanted = [(name, stage) for name, stage in wanted if stage != "control"]
        for name, stage in wanted:
            if not given.write and given.stage in (None, f"{name}:{stage}"):
                run_stage(asked, name, stage)
        if given.stage is None:
            for name in given.packages:
                fill_results(asked, name)
            rows = [row for name in given.packages for row in describe(asked, name)]
            rows += describe_spoiled(asked.folder(again) / "spoil.json", again)
            write_results("evaluation", rows, list_goals(asked, given.packages))
            fill_readme()


if __name__ == "__main__":
    main()
