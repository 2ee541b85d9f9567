"""
The samples, taught and judged. In: the folders of `samples`. Out: arms, intervals and controls, also as tables.

Run: python -m benchmarks.samples SAMPLE… [--base BASE] [--keep DIR] [--minutes M] [--probes N]. Mines, trains and
evaluates each sample with the embedded base, and writes the table into the page that `SAMPLES` names, between its
markers. With --base it is another one, and the table goes into `OTHERS`. With --keep, stages that are done there are
not done again, so that a long run can be taken in pieces. What is not named keeps its rows.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .pages import ROOT, fill_page, percent, table_line
from .readme import fill_readme
from .results import make_goal, read_results, show, write_results

EMBEDDED = "embedded"
OTHERS = "docs/choose-a-base.md"
"""The page that shows tables of other bases."""


class Sample(NamedTuple):
    """
    One sample, how it is mined, and the page that shows its table.
    """

    source: str
    page: str
    extra: tuple[str, ...] = ()
    """Options of `mine` and `evaluate`, such as `--language FILE`."""


SAMPLES = {
    "framework": Sample("samples/framework", "docs/teach-a-framework.md"),
    "dsl": Sample(
        "samples/dsl/programs", "docs/teach-a-dsl.md", ("--language", str(ROOT / "samples" / "dsl" / "language.toml"))
    ),
}


class Run(NamedTuple):
    """
    One sample under one base.
    """

    sample: str
    base: str
    minutes: float
    probes: int

    @property
    def name(self) -> str:
        """What its rows and its table go by."""
        return self.sample if self.base == EMBEDDED else f"{self.sample} with {Path(self.base).name}"

    @property
    def page(self) -> Path:
        """The page that shows its table."""
        return ROOT / (SAMPLES[self.sample].page if self.base == EMBEDDED else OTHERS)


def measure_run(run: Run, folder: Path) -> dict[str, Any]:
    """Mine, train and evaluate in *folder*, each unless it is done, and return the verdict."""
    sample = SAMPLES[run.sample]
    corpus, adapter, evaluation = folder / "corpus", folder / "adapter", folder / "evaluation"
    if not (corpus / "manifest.json").is_file():
        call("mine", str(ROOT / sample.source), "--out", str(corpus), *sample.extra)
    if not (adapter / "idiolect.json").is_file():
        call("train", str(corpus), "--out", str(adapter), "--base", run.base, "--set", f"minutes={run.minutes}")
    if not (evaluation / "verdict.json").is_file():
        named = ["--adapter", str(adapter), "--out", str(evaluation), "--probes", str(run.probes)]
        call("evaluate", str(corpus), *named, "--force", *sample.extra)
    return json.loads((evaluation / "verdict.json").read_text("utf-8"))


def call(*arguments: str) -> None:
    """Run one idiolect command to its end."""
    subprocess.run([sys.executable, "-m", "idiolect", *arguments], check=True, stdout=subprocess.DEVNULL)


def describe_arms(name: str, verdict: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return one row per arm: what was accepted, with its interval, and what each check let through."""
    rows: list[dict[str, Any]] = []
    for arm in verdict["arms"]:
        rates = arm["rates"]
        low, high = rates["accept"]["ci"]
        rest = {check: rates[check]["rate"] for check in rates if check != "accept"}
        rows.append({"sample": name, "row": "arm", "name": arm["arm_id"], "probes": rates["accept"]["n"],
                     "accepted": rates["accept"]["rate"], "interval": f"{low:.2f} to {high:.2f}", **rest})  # fmt: skip
    return rows


def describe_controls(name: str, verdict: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return one row per control: what was measured, its limit, and whether it holds."""
    return [
        {"sample": name, "row": "control", "name": c["check"], "value": c["value"], "limit": c["limit"], "ok": c["ok"]}
        for c in verdict["integrity"]
    ]


def describe_losses(name: str, verdict: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the loss on the held-out answers, before and after, what general code lost, and the verdict."""
    rows: list[dict[str, Any]] = []
    test = verdict["losses"].get("test", {})
    if "fell" in test:
        rows.append({"sample": name, "row": "loss", "name": "held-out answers, nats a token", "base": test["base"],
                     "tuned": test["tuned"], "fell": test["fell"]})  # fmt: skip
    if forgetting := verdict["forgetting"]:
        rows.append({"sample": name, "row": "forgetting", "name": "general code, nats a token", **forgetting})
    rows.append({"sample": name, "row": "verdict", "name": verdict["verdict"], "sentence": verdict["sentence"]})
    return rows


def render_tables(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the rows of one sample as the Markdown that its page shows."""
    arms = [row for row in rows if row["row"] == "arm"]
    controls = [row for row in rows if row["row"] == "control"]
    checks = [key for key in arms[0] if key not in ("sample", "row", "name", "probes", "accepted", "interval")]
    lines = [
        table_line(["arm", "tasks", "accepted", "95 % interval", *checks]),
        table_line(["---"] * (4 + len(checks))),
        *(
            table_line([f"`{arm['name']}`", arm["probes"], percent(arm["accepted"]), arm["interval"]]
                       + [percent(arm.get(check)) for check in checks])
            for arm in arms
        ),
        "",
        table_line(["control", "measured", "limit", "holds"]),
        table_line(["---"] * 4),
        *(table_line([c["name"], show(c["value"]), c["limit"], holds(c["ok"])]) for c in controls),
        "",
    ]  # fmt: skip
    for row in rows:
        if row["row"] == "loss":
            before, after = row["base"], row["tuned"]
            lines.append(f"Loss on held-out answers: {before:.3f} before, {after:.3f} after, in nats a token.")
        if row["row"] == "forgetting":
            worse, upper, limit = round(row["worse"], 3) + 0.0, row["upper"], row["margin"]  # no "-0.000"
            lines.append(f"General code lost {worse:.3f} nats a token, {upper:.3f} at most; {limit:g} are allowed.")
        if row["row"] == "verdict":
            lines.append(f"Verdict: `{row['name']}`. {row['sentence']}")
    return "\n".join(lines)


def holds(value: bool | None) -> str:
    """Return whether a control holds, in a word."""
    return "not measured" if value is None else "yes" if value else "no"


def judge_sample(name: str, verdict: Mapping[str, Any]) -> dict[str, Any]:
    """Return the goal of one sample: several arms, each with an interval, and no control that failed."""
    count = sum("ci" in arm["rates"]["accept"] for arm in verdict["arms"])
    broken = [control["check"] for control in verdict["integrity"] if control["ok"] is False]
    what = f"{name}: arms with an interval, no control broken"
    return {"sample": name, **make_goal("samples.2", what, float(count), ">= 6", count >= 6 and not broken, "arms")}


def earlier(names: Sequence[str]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the rows and goals of the last results that belong to other samples."""
    body = read_results("samples")
    rows, goals = ([row for row in body[part] if row.get("sample") not in names] for part in ("rows", "goals"))
    return rows, goals


def main() -> None:
    """Measure, print, write, and fill the pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("samples", nargs="*", default=list(SAMPLES), choices=list(SAMPLES))
    parser.add_argument("--base", default=EMBEDDED, help="as `train --base` takes it")
    parser.add_argument("--keep", type=Path, help="where corpus, adapter and evaluation of each sample stay")
    parser.add_argument("--minutes", type=float, default=2.5, help="of training, each")
    parser.add_argument("--probes", type=int, default=40)
    asked = parser.parse_args()
    runs = [Run(sample, asked.base, asked.minutes, asked.probes) for sample in asked.samples]
    rows, goals = earlier([run.name for run in runs])
    with tempfile.TemporaryDirectory() as scratch:
        for run in runs:
            name = run.name
            verdict = measure_run(run, (asked.keep or Path(scratch)) / name)
            rows += [*describe_arms(name, verdict), *describe_controls(name, verdict), *describe_losses(name, verdict)]
            goals.append(judge_sample(name, verdict))
    write_results("samples", rows, goals)
    for run in runs:
        fill_page(run.page, run.name, render_tables([row for row in rows if row["sample"] == run.name]))
    fill_readme()


if __name__ == "__main__":
    main()
