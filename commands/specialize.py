"""
`idiolect specialize`: a repository in; a corpus, an adapter, a verdict and a report out.
"""

from __future__ import annotations

import json
import time
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ._language import language_option
from ._progress import show_progress
from .evaluate import make_retrain

if TYPE_CHECKING:
    from ._progress import Report

TRAIN_SHARE = 0.44
"""Of the minutes left after mining; loading, held-out losses and the report take what neither stage counts."""
EVALUATE_SHARE = 0.35
FOLDED_TRAIN_SHARE, FOLDED_EVALUATE_SHARE = 0.60, 0.20
"""The same where evaluating trains an adapter a fold: all trainings together, and a corpus with few probes to ask."""
STAGES = ("corpus", "adapter", "evaluation")


@click.command("specialize")
@click.argument("repositories", metavar="REPO…", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where corpus, adapter and evaluation go.")
@click.option("--base", default="embedded", show_default=True, metavar="NAME|PATH", help="The model to adapt.")
@click.option("--minutes", type=click.FloatRange(min=0.5), default=9.0, show_default=True, help="Minutes in all.")
@click.option("--probes", type=click.IntRange(min=1), help="Held-out tasks to ask; as many as the minutes allow.")
@click.option("--workers", type=click.IntRange(min=1), help="Worker processes of mining; one per core by default.")
@language_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def command(
    repositories: tuple[Path, ...],
    out: Path,
    base: str,
    minutes: float,
    probes: int | None,
    workers: int | None,
    as_json: bool,
) -> None:
    """Mine each REPO, train an adapter on it, and say honestly whether that was worth it."""
    with show_progress() as report:
        verdict = specialize(repositories, out, base, minutes, probes, workers, report)
    if as_json:
        click.echo(json.dumps({"out": str(out), **verdict}))
        return
    click.echo(f"{verdict['verdict']}: {verdict['sentence']}")
    click.echo(f"Report: {out / 'evaluation' / 'report.html'}")


def specialize(
    repositories: tuple[Path, ...],
    out: Path,
    base: str,
    minutes: float,
    probes: int | None,
    workers: int | None,
    report: Report,
) -> dict[str, Any]:
    """Run the three stages in *minutes* and return the verdict."""
    from .. import training  # noqa: F401 - a package that is missing is named before anything is mined
    from ..mining.advice import why_not_evaluate
    from ..mining.errors import TooSmallError
    from ..mining.mine import mine_repositories

    started = time.monotonic()
    refuse_other_content(out)
    corpus = mine_repositories(repositories, out / "corpus", workers=workers, progress=report)
    # what cannot be evaluated is said before anything is trained
    if reason := why_not_evaluate(corpus.manifest):
        way = f"`idiolect train {out / 'corpus'} --out DIR` trains without a verdict"
        raise TooSmallError(f"{reason} Mine a larger repository; {way}.")
    from ..evaluation.evaluate import clear_results, evaluate_corpus
    from ..evaluation.folds import open_folds
    from ..training.generation import load_model
    from ..training.recipe import change_recipe
    from ..training.train import train_adapter

    left = minutes - (time.monotonic() - started) / 60
    folds = len(open_folds(corpus))
    share = FOLDED_TRAIN_SHARE / (1 + folds) if folds else TRAIN_SHARE
    train_minutes = max(0.1, left * share)
    remove_earlier(out / "adapter")
    # no verdict stands beside an adapter that it does not follow from
    clear_results(out / "evaluation")
    train_adapter(
        out / "corpus",
        out / "adapter",
        base=base,
        adjust=lambda recipe: change_recipe(recipe, None, [f"minutes={train_minutes:.2f}"]),
        progress=report,
    )
    models = load_model(base, out / "adapter")
    return evaluate_corpus(
        out / "corpus",
        out / "evaluation",
        generator=models.generator,
        loss_of=models.losses,
        probes=probes,
        minutes=max(0.2, left * (FOLDED_EVALUATE_SHARE if folds else EVALUATE_SHARE)),
        retrain=make_retrain(out / "corpus", out / "adapter", base),
        adapter_info=out / "adapter",
        progress=report,
    )


def refuse_other_content(out: Path) -> None:
    """Raise `InputError` when *out* holds something that specialize did not write."""
    from ..mining.errors import InputError

    if out.is_file():
        raise InputError(f"--out {str(out)!r} is a file. Name a folder.")
    # a stage that was killed leaves its scratch folder, which another run may still be writing
    ours = (*STAGES, *(f".{stage}-*" for stage in STAGES))
    names = sorted(path.name for path in out.iterdir()) if out.is_dir() else []
    foreign = [name for name in names if not any(fnmatchcase(name, pattern) for pattern in ours)]
    if foreign:
        raise InputError(f"--out {str(out)!r} holds {foreign[0]!r}, which is not ours. Name another folder.")


def remove_earlier(adapter: Path) -> None:
    """Take away the adapter of an earlier run: a new corpus has been mined, so it no longer belongs here."""
    import shutil

    from ..mining.artefacts import lock_folder

    if (adapter / "idiolect.json").is_file() or (adapter / "checkpoints").is_dir():
        with lock_folder(adapter):
            shutil.rmtree(adapter)
