"""
`idiolect train`: a corpus in, an adapter out.
"""

from __future__ import annotations

import json
import os
import shlex
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ._options import PATH, json_option, language_option
from ._progress import goes_on, show_progress

if TYPE_CHECKING:
    from ..training.looks import Score


@click.command("train")
@click.argument("corpus", type=PATH)
@click.option("--out", type=PATH, required=True, help="Where the adapter goes.")
@click.option("--base", default="embedded", show_default=True, metavar="NAME|PATH", help="The model to adapt.")
@click.option("--recipe", "recipe_file", type=PATH, help="A TOML file of recipe values.")
@click.option("--set", "values", multiple=True, metavar="KEY=VALUE", help="One recipe value; may be repeated.")
@click.option("--resume", is_flag=True, help="Go on with an unfinished run; start one where there is none.")
@click.option("--from", "start_from", type=PATH, help="A finished adapter to go on from, as it is.")
@language_option
@click.option("--track", "trackers", multiple=True, metavar="NAME", help="Log to tensorboard, wandb and the like.")
@click.option("--plan", "plan_only", is_flag=True, help="Print memory, steps, time and disk, and stop.")
@json_option
def command(
    corpus: Path,
    out: Path,
    base: str,
    recipe_file: Path | None,
    values: tuple[str, ...],
    resume: bool,
    start_from: Path | None,
    trackers: tuple[str, ...],
    plan_only: bool,
    as_json: bool,
) -> None:
    """
    Train an adapter on CORPUS.

    CORPUS is a folder that `idiolect mine` wrote.
    """
    began = time.perf_counter()  # to load what trains takes seconds of a run's minutes
    from ..mining.artefacts import expect_form
    from ..training.recipe import Recipe, change_recipe
    from ..training.train import plan_run, train_adapter

    adjust = partial(change_recipe, file=recipe_file, words=values)
    # every fault of the recipe is told before anything is loaded
    adjust(Recipe())
    if plan_only:
        from ..training.budget import describe_budget

        budget = plan_run(
            corpus, out, base=base, adjust=adjust, resume=resume, start_from=start_from, trackers=trackers
        )
        if speaks():
            click.echo(json.dumps(budget.as_json()) if as_json else describe_budget(budget))
        return
    with show_progress() as report, goes_on("The same command with --resume goes on."):
        train_adapter(
            corpus,
            out,
            base=base,
            adjust=adjust,
            resume=resume,
            start_from=start_from,
            trackers=trackers,
            progress=report,
            began=began,
            score_of=partial(open_score, corpus),
        )
    if speaks():
        record = json.loads((out / "idiolect.json").read_text("utf-8"))
        # a finished one may be anybody's
        with expect_form(f"The record of the adapter in {str(out)!r}", ". Train it again."):
            said = json.dumps({"adapter": str(out), **record}) if as_json else summary(corpus, out, record)
        click.echo(said)


def speaks() -> bool:
    """Claim that this process is the one that speaks, of the several that a launcher may have started."""
    return os.environ.get("RANK", "0") == "0"


def open_score(corpus: Path, count: int) -> Score:
    """Return what judges answers to *count* held-out tasks; loaded only for a recipe that asks for it."""
    from ..evaluation.watch import ProbeScore

    return ProbeScore(corpus, count)


def summary(corpus: Path, out: Path, record: dict) -> str:
    """Return what a person wants to know of a finished run."""
    from ..evaluation.figures import relative
    from ..mining.advice import why_not_evaluate
    from ..mining.corpus import read_corpus
    from ..mining.wording import counted
    from ..training.encode import describe_refused

    losses, counts = record["losses"]["validation"], record["counts"]
    took = ((counts["pairs"], "pair"), (counts["steps"], "step"), (counts["answer_tokens"], "answer token"))
    lines = [f"{out}: {', '.join(counted(count, what) for count, what in took)}"]
    if losses["base"] is not None:
        change = relative(losses["tuned"] / losses["base"] - 1)
        lines.append(f"held-out answers: {losses['base']:.3f} → {losses['tuned']:.3f} nats a token ({change})")
    if counts["refused"]:
        lines.append(describe_refused(counts["refused"]))
    if not record["applied"]["applied"]:
        lines.append("The adapter changes nothing: it is NOT APPLIED.")
    asked = shlex.join(["idiolect", "evaluate", str(corpus), "--adapter", str(out), "--out", "evaluation"])
    # what `evaluate` would refuse is not said to be next
    return "\n".join([*lines, why_not_evaluate(read_corpus(corpus).manifest) or f"Was it worth it? {asked}"])
