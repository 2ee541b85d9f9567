"""
`idiolect evaluate`: a corpus and an adapter in, scores, a verdict and a report out.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..mining.errors import MismatchError
from ..mining.rows import ROWS
from ._options import PATH, json_option, language_option
from ._progress import goes_on, show_progress, shown_as

if TYPE_CHECKING:
    from ..evaluation.arms import Generator, LossOf, Retrain
    from ..evaluation.task import Task
    from ..mining.corpus import Corpus
    from ..mining.pairs.pair import Pair
    from ..mining.workers import Progress
    from ..training.bases import Base
    from ..training.generation import Models
    from ..training.recipe import Recipe


@click.command("evaluate")
@click.argument("corpus", type=PATH)
@click.option("--out", type=PATH, required=True, help="Where the evaluation goes.")
@click.option("--adapter", type=PATH, help="The adapter; without one, prompting alone.")
@click.option("--base", metavar="NAME|PATH", help="The model to ask; with --adapter, its own base is found.")
@click.option("--arms", metavar="A,B,…", help="Some of: base, guide, rag, guide+rag, tuned, tuned+rag.")
@click.option("--probes", type=click.IntRange(min=1), help="Held-out tasks to ask; 200 without --minutes.")
@click.option("--samples", type=click.IntRange(min=1), default=1, show_default=True, help="Answers a task.")
@click.option(
    "--minutes",
    type=click.FloatRange(min=0, min_open=True),
    help="Ask as many tasks as this allows; what is trained comes on top.",
)
@click.option(
    "--controls",
    type=click.Choice(["basic", "placebo", "full"]),
    default="basic",
    show_default=True,
    help="placebo also trains an adapter on other code; full, the parts of a learning curve as well.",
)
@click.option(
    "--canaries", type=click.IntRange(min=0), default=0, help="Train once more with so many canaries planted."
)
@click.option(
    "--repository", type=PATH, help="The checkout that was mined: its API and its own tests judge answers too."
)
@click.option("--endpoint", metavar="URL", help="An OpenAI-compatible server with a larger model, as a rival arm.")
@click.option("--model", "rival_name", metavar="NAME", help="The rival's name on that server.")
@click.option(
    "--taught",
    type=click.Choice([*ROWS]),
    help="The rival was tuned on rows of `idiolect export --to` this: ask it as they do.",
)
@click.option("--policy", "policy_file", type=PATH, help="A TOML file with other margins.")
@click.option("--force", is_flag=True, help="Go on with fewer than 20 tasks; the report says so.")
@language_option
@json_option
def command(
    corpus: Path,
    out: Path,
    adapter: Path | None,
    base: str | None,
    arms: str | None,
    probes: int | None,
    samples: int,
    minutes: float | None,
    controls: str,
    canaries: int,
    repository: Path | None,
    endpoint: str | None,
    rival_name: str | None,
    taught: str | None,
    policy_file: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """
    Measure whether an adapter is worth it.

    The held-out code of CORPUS is asked for in every arm.
    """
    from ..evaluation.checkout import match_repository
    from ..evaluation.endpoint import EndpointGenerator
    from ..evaluation.evaluate import evaluate, resolve_arms
    from ..evaluation.policy import policy_of, read_policy
    from ..evaluation.task import Task
    from ..mining.corpus import read_corpus

    # what cannot work is said before a model is loaded
    chosen = resolve_arms(arms.replace(" ", "").split(",") if arms else None, adapted=adapter is not None)
    policy = read_policy(policy_file) if policy_file else None
    mined = read_corpus(corpus)
    if repository is not None:
        match_repository(mined, repository)
    if (endpoint is None) != (rival_name is None):
        raise click.UsageError("--endpoint and --model go together.")
    if taught and endpoint is None:
        raise click.UsageError("--taught says how the model of --endpoint and --model was tuned: name them, too.")
    rival = EndpointGenerator(endpoint, rival_name, taught=taught) if endpoint and rival_name else None
    if rival is not None and not (out / "samples.jsonl").exists():
        # where there are answers the rival's may be among them, and nobody need be there any more
        rival.greet()
    from ..training.generation import load_model

    with show_progress() as report, goes_on("The same command goes on."):
        with shown_as("load", report):
            models = load_model(base, adapter)
        task = Task(
            corpus=mined,
            out=out,
            generator=models.generator,
            loss_of=models.losses,
            arms=chosen,
            policy=policy or policy_of(mined),
            probes=probes,
            minutes=minutes,
            samples=samples,
            controls=controls,
            canaries=canaries,
            rival=rival,
            rival_taught=taught is not None,
            repository=repository,
            forced=force,
            report=report,
        )
        verdict = evaluate(task if adapter is None else with_adapter(task, adapter, models))
    click.echo(json.dumps({"evaluation": str(out), **verdict}) if as_json else summary(out, verdict))


def with_adapter(task: Task, adapter: Path, models: Models) -> Task:
    """Return *task* with what the *adapter* that *models* hold says of itself, and what trains others by its recipe."""
    from ..training.train import why_untrainable

    # once: another run may make the adapter anew meanwhile, and all folds are to be trained as the one at hand
    recipe = read_recipe(adapter)
    return replace(
        task,
        adapter=read_loaded(adapter, models),
        retrain=make_retrain(task.corpus, recipe, models.generator.loaded.base, task.report),
        untrainable=why_untrainable(recipe),
    )


def make_retrain(corpus: Corpus, recipe: Recipe, base: Base, report: Progress) -> Retrain:
    """Return what trains further adapters of *base* by *recipe*, in steps as their pairs are to those of *corpus*."""
    from ..training.generation import load_model
    from ..training.train import train_adapter

    whole = len(corpus.pairs("train"))

    def retrain(pairs: Sequence[Pair], out: Path, *, reading: float = 1.0) -> tuple[Generator, LossOf]:
        # not by the pairs that the recipe took: of these it will leave out as many again
        steps = None if recipe.steps is None else max(1, round(recipe.steps * (reading * len(pairs) / whole)))
        epochs = recipe.epochs if steps is not None else recipe.epochs * reading
        # the rate is found already, and nobody has to judge the answers of a control while it trains
        own = replace(recipe, steps=steps, epochs=epochs, rate_probe=0, probes=0)
        train_adapter(corpus, out, base=base, recipe=own, pairs=pairs, resume=True, progress=report)
        models = load_model(base, out)
        return models.generator, models.losses

    return retrain


def read_recipe(adapter: Path) -> Recipe:
    """Return the recipe of the finished *adapter*."""
    from ..training.adapter import read_record
    from ..training.recipe import Recipe

    return Recipe.from_json(read_record(adapter)["recipe"])


def read_loaded(adapter: Path, models: Models) -> dict[str, Any]:
    """
    Return what the *adapter* that *models* hold says of itself.

    Raises `MismatchError` where another run has made it anew since it was loaded.
    """
    from ..evaluation.evaluate import read_adapter
    from ..training.adapter import WEIGHTS

    told = read_adapter(adapter)
    if told["files"][WEIGHTS] != models.generator.fingerprint["adapter_sha256"]:
        raise MismatchError(f"The adapter in {str(adapter)!r} was made anew since it was loaded. Begin again.")
    return told


def summary(out: Path, verdict: dict[str, Any]) -> str:
    """Return what a person wants to know of a finished evaluation."""
    from ..evaluation.figures import relative
    from ..evaluation.verdict import say_better_prompts

    rows = [(arm["arm_id"], arm["rates"]["accept"]) for arm in verdict["arms"] if "accept" in arm["rates"]]
    lines = [f"{name:<12} {rate['rate']:>6.1%}  ({rate['ci'][0]:.0%} to {rate['ci'][1]:.0%})" for name, rate in rows]
    test = verdict["losses"].get("test", {})
    if "fell" in test:
        change = relative(-test["fell"])
        lines.append(f"loss on held-out answers: {test['base']:.3f} → {test['tuned']:.3f} nats a token ({change})")
    said = [f"{verdict['verdict']}: {verdict['sentence']}", *filter(None, [say_better_prompts(verdict)])]
    return "\n".join([*lines, "", *said, f"report: {out / 'report.html'}"])
