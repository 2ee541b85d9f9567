"""
What the README shows of it all. In: the stored results of `main`, `evaluation` and `samples`. Out: its two tables.

Run: python -m benchmarks.readme. It measures nothing. The three do the same when they end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .pages import ROOT, fill_page, percent, table_line
from .results import read_results

README = ROOT / "README.md"
PROMPTED = ("guide", "rag", "guide+rag")
TUNED = ("tuned", "tuned+rag")
EMBEDDED, PRETRAINED = "6 million, embedded", "135 million, pretrained"
OTHER = "with SmolLM2-135M-Instruct.Q4_1.gguf"
SAMPLES = (
    ("[a house's framework](docs/teach-a-framework.md)", EMBEDDED, "framework"),
    ("[a house's framework](docs/choose-a-base.md)", PRETRAINED, f"framework {OTHER}"),
    ("[a new language](docs/teach-a-dsl.md)", EMBEDDED, "dsl"),
    ("[a new language](docs/choose-a-base.md)", PRETRAINED, f"dsl {OTHER}"),
)


class Told(NamedTuple):
    """
    One subject that a model was taught, and what came of it.
    """

    tasks: int
    accepted: Mapping[str, float]
    """The share of accepted answers of each arm, by its name."""
    losses: tuple[float, float]
    """Of the answers that were held out, in nats a token, before and after."""
    word: str


def read_codebase(rows: Sequence[Mapping[str, Any]], name: str) -> Told:
    """Return what one installed codebase came to."""
    mine = [row for row in rows if row.get("codebase") == name]
    verdict = next(row for row in mine if row["arm"] == "verdict")
    arms = {row["arm"]: row for row in mine if "accepted" in row}
    accepted = {arm: row["accepted"] for arm, row in arms.items()}
    return Told(arms["tuned"]["probes"], accepted, (verdict["loss base"], verdict["loss tuned"]), verdict["verdict"])


def read_sample(rows: Sequence[Mapping[str, Any]], name: str) -> Told:
    """Return what one sample came to."""
    mine = [row for row in rows if row["sample"] == name]
    arms = {row["name"]: row for row in mine if row["row"] == "arm"}
    loss, verdict = (next(row for row in mine if row["row"] == kind) for kind in ("loss", "verdict"))
    accepted = {arm: row["accepted"] for arm, row in arms.items()}
    return Told(arms["tuned"]["probes"], accepted, (loss["base"], loss["tuned"]), verdict["name"])


def render_demo(rows: Sequence[Mapping[str, Any]], goals: Sequence[Mapping[str, Any]]) -> str:
    """Return what the demo took, what it said, and how that stands to its goal."""
    demo, training, verdict = (
        next(row for row in rows if row["what"].startswith(what))
        for what in ("make demo", "training in the demo", "verdict: ")
    )
    goal = next(goal for goal in goals if goal["name"] == "main.3")
    return (
        f"`make demo` took {demo['minutes']:.1f} minutes and {demo['GB']:.1f} GB: {training['pairs']:,} training "
        f"pairs, {training['steps']} steps.\n\n> {verdict['what'].removeprefix('verdict: ')}: {verdict['said']}\n\n"
        f"The loss was to fall by 15 %, and fell by {goal['value']:.1%}"
        f"{'' if goal['holds'] else ': a goal that is missed'}. General code got "
        f"{training['general code lost']:.3f} nats a token worse, {training['at most']:.3f} at most; 0.1 are allowed."
    )


def render_subjects() -> str:
    """Return one line for each subject and base: what was accepted, and what became of the loss."""
    codebases, samples = (read_results(name)["rows"] for name in ("evaluation", "samples"))
    names = dict.fromkeys(row["codebase"] for row in codebases)
    told = [
        *((f"[{name}](docs/results.md)", EMBEDDED, read_codebase(codebases, name)) for name in names),
        *((label, base, read_sample(samples, name)) for label, base, name in SAMPLES),
    ]
    head = ["taught", "base, parameters", "tasks", "base", "best prompt", "best tuned", "loss on answers", "verdict"]
    lines = [table_line(head), table_line(["---"] * len(head))]
    return "\n".join(lines + [subject_line(*row) for row in told])


def subject_line(name: str, base: str, told: Told) -> str:
    """Return one subject's line."""
    best = (percent(max(told.accepted[arm] for arm in arms)) for arms in (PROMPTED, TUNED))
    before, after = told.losses
    cells = [name, base, told.tasks, percent(told.accepted["base"]), *best, f"{before:.2f} → {after:.2f}"]
    return table_line([*cells, f"`{told.word}`"])


def fill_readme() -> None:
    """Put both into the README, between their markers."""
    demo = read_results("main")
    fill_page(README, "demo", render_demo(demo["rows"], demo["goals"]))
    fill_page(README, "subjects", render_subjects())


if __name__ == "__main__":
    fill_readme()
