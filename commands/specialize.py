"""
`idiolect specialize`: a repository in; a corpus, an adapter, a verdict and a report out.
"""

from __future__ import annotations

import json
import math
import shlex
import shutil
import time
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..mining.errors import InputError, TooSmallError
from ..mining.wording import counted
from ._options import PATH, api_option, json_option, language_option
from ._progress import goes_on, show_progress
from .evaluate import with_adapter

if TYPE_CHECKING:
    from ..mining.corpus import Corpus
    from ..mining.workers import Progress
    from ..training.bases import Base
    from ..training.generation import Models

TRAIN_SHARE, EVALUATE_SHARE = 0.48, 0.44
"""Of the minutes left after mining; both count what they load. What they leave is for a machine that slows down."""
FOLDED_TRAIN_SHARE, FOLDED_EVALUATE_SHARE = 0.60, 0.20
"""The same where evaluating trains an adapter a fold: all trainings together, and a corpus with few probes to ask."""
STAGES = ("corpus", "adapter", "evaluation")
STARTED = "started.json"
"""What an unfinished run was asked, and the minutes that it gave each stage: by it the same command goes on."""
LONGER = 1.25
"""Times the minutes asked for, after which it is said how many it took."""


@click.command("specialize")
@click.argument("repositories", metavar="REPO…", nargs=-1, required=True, type=PATH)
@click.option("--out", type=PATH, required=True, help="Where corpus, adapter and evaluation go.")
@click.option("--base", default="embedded", show_default=True, metavar="NAME|PATH", help="The model to adapt.")
@click.option("--minutes", type=click.FloatRange(min=0.5), default=9.0, show_default=True, help="Minutes in all.")
@click.option("--probes", type=click.IntRange(min=1), help="Held-out tasks to ask; as many as the minutes allow.")
@click.option("--workers", type=click.IntRange(min=1), help="Worker processes of mining; one per core by default.")
@api_option
@language_option
@json_option
def command(
    repositories: tuple[Path, ...],
    out: Path,
    base: str,
    minutes: float,
    probes: int | None,
    workers: int | None,
    api_from: tuple[Path, ...],
    as_json: bool,
) -> None:
    """
    Mine each REPO, train on it, and say whether it was worth it.

    The minutes are shared by all three; --out holds the corpus, the adapter and the evaluation.
    """
    from ..evaluation.verdict import say_better_prompts

    with show_progress() as report, goes_on("The same command goes on."):
        verdict = specialize(repositories, out, base, minutes, probes, workers, api_from, report)
    if as_json:
        click.echo(json.dumps({"out": str(out), **verdict}))
        return
    click.echo(f"{verdict['verdict']}: {verdict['sentence']}")
    if better := say_better_prompts(verdict):
        click.echo(better)
    click.echo(f"Report: {out / 'evaluation' / 'report.html'}")


def specialize(
    repositories: tuple[Path, ...],
    out: Path,
    base: str,
    minutes: float,
    probes: int | None,
    workers: int | None,
    api_from: tuple[Path, ...],
    report: Progress,
) -> dict[str, Any]:
    """
    Run the three stages in *minutes* and return the verdict.

    What an interrupted run has finished is kept where the same is asked again and nothing was committed in between.
    Raises `InputError` for a base that cannot be used, before anything is mined, and `TooSmallError` where a verdict
    cannot be had of so little code, or in so few minutes.
    """
    from .. import training  # noqa: F401 - a package that is missing is named before anything is mined
    from ..mining.artefacts import lock_folder
    from ..mining.mine import mine_repositories

    began = time.monotonic()
    refuse_other_content(out)
    found = find_usable(base)
    with lock_folder(out):
        corpus = mine_repositories(repositories, out / "corpus", workers=workers, progress=report, api_from=api_from)
        require_testable(out, corpus)
        from ..evaluation.folds import open_folds
        from ..training.generation import load_model
        from ..training.recipe import change_recipe
        from ..training.train import train_adapter

        folds = len(open_folds(corpus))
        asked = {"corpus": corpus.sha256, "base": base, "minutes": minutes, "probes": probes}
        shares = read_started(out, asked) or start_anew(out, asked, minutes - (time.monotonic() - began) / 60, folds)
        train_adapter(
            corpus,
            out / "adapter",
            base=found,
            adjust=lambda recipe: change_recipe(recipe, None, [f"minutes={shares['train']}"]),
            resume=True,
            progress=report,
            approve=partial(require_steps, out, base, minutes, folds),
        )
        models = load_model(found, out / "adapter")
        spent = (time.monotonic() - began) / 60
        shares = settle(out, asked, shares, minutes - spent - folds * shares["train"], folds)
        verdict = evaluate_adapter(out, corpus, models, probes, shares["evaluate"], report)
        (out / STARTED).unlink()
    took = (time.monotonic() - began) / 60
    if took > LONGER * minutes:
        from ..mining.split import LEAST_TASKS

        least = (
            f"{LEAST_TASKS} tasks in every arm and the losses are the least that is asked, and take longer where the "
            "machine does other work"
        )
        report(f"plan: took {took:.0f} minutes, not the {minutes:g} given: {least}", 1, 1)
    return verdict


def find_usable(base: str) -> Base:
    """Return the *base*; raises `InputError` where it cannot be read, as for a plug-in's check that cannot be used."""
    from ..evaluation.checks.check import plugged_checks
    from ..training.base_config import load_tokenizer, read_ends, read_parameters
    from ..training.bases import find_base
    from ..training.families import probe_family

    plugged_checks()
    found = find_base(base)
    probe_family(load_tokenizer(found), read_ends(found))
    read_parameters(found)
    return found


def evaluate_adapter(
    out: Path, corpus: Corpus, models: Models, probes: int | None, minutes: float, report: Progress
) -> dict[str, Any]:
    """Return the verdict on the adapter in *out*, which *models* hold, in all arms and so many *minutes*."""
    from ..evaluation.evaluate import evaluate, resolve_arms
    from ..evaluation.policy import policy_of
    from ..evaluation.task import Task

    task = Task(
        corpus=corpus,
        out=out / "evaluation",
        generator=models.generator,
        loss_of=models.losses,
        arms=resolve_arms(None, adapted=True),
        policy=policy_of(corpus),
        probes=probes,
        minutes=minutes,
        report=report,
    )
    return evaluate(with_adapter(task, out / "adapter", models))


def require_testable(out: Path, corpus: Corpus) -> None:
    """Raise `TooSmallError` for what cannot be evaluated: that is said before anything is trained."""
    from ..mining.advice import LEAST_PAIRS, count_held_out, why_not_evaluate

    if reason := why_not_evaluate(corpus.manifest):
        name = shlex.quote(str(out / "corpus"))
        is_enough = count_held_out(corpus.manifest).training >= LEAST_PAIRS
        way = f"; `idiolect train {name} --out DIR` trains without a verdict" if is_enough else ""
        raise TooSmallError(f"{reason} Mine a larger repository{way}.")


def require_steps(out: Path, base: str, minutes: float, folds: int, steps: int, in_an_epoch: int) -> None:
    """Raise `TooSmallError` where *minutes* hold too few *steps* to teach anything: no use to train on *folds* too."""
    from ..training.base import EMBEDDED
    from ..training.pace import FEW_STEPS, hold

    if folds and steps < min(FEW_STEPS, in_an_epoch):
        needed = math.ceil(minutes * FEW_STEPS / steps)
        # on a machine that is less busy, the same command may hold more
        (out / STARTED).unlink(missing_ok=True)
        smaller = "" if base == EMBEDDED else "a smaller base, or "
        raise TooSmallError(
            f"{hold(minutes)} {counted(steps, 'step')} for each of the {1 + folds} trainings that so small a test "
            f"takes, which teaches next to nothing. Give about {needed}: --minutes {needed}; or take {smaller}a GPU."
        )


def read_started(out: Path, asked: dict[str, Any]) -> dict[str, float] | None:
    """Return the minutes of each stage as an unfinished run that was *asked* the same decided them, or None."""
    try:
        started = json.loads((out / STARTED).read_text("utf-8"))
        return started["minutes"] if started["asked"] == asked else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def settle(out: Path, asked: dict[str, Any], shares: dict[str, float], left: float, folds: int) -> dict[str, float]:
    """
    Return *shares* with what evaluating has of the minutes *left* when it begins; decided once in a run, and kept.

    That is its share while so much is left, and more where training took less than it was given.
    """
    from ..mining.artefacts import write_json

    if "settled" in shares:
        return shares
    train, evaluate = share_minutes(folds)
    settled = round(max(0.2, min(left, max(shares["evaluate"], left * evaluate / (1 - train)))), 2)
    shares = {**shares, "evaluate": settled, "settled": settled}
    write_json(out / STARTED, {"asked": asked, "minutes": shares})
    return shares


def share_minutes(folds: int) -> tuple[float, float]:
    """Return which shares of the minutes left after mining training and evaluating have."""
    return (FOLDED_TRAIN_SHARE, FOLDED_EVALUATE_SHARE) if folds else (TRAIN_SHARE, EVALUATE_SHARE)


def start_anew(out: Path, asked: dict[str, Any], left: float, folds: int) -> dict[str, float]:
    """Clear away what an earlier run made, and return how many of the minutes *left* each stage has."""
    from ..evaluation.evaluate import clear_results
    from ..mining.artefacts import lock_folder, write_json

    train, evaluate = share_minutes(folds)
    train /= 1 + folds
    # killed while it clears away, a run has begun nothing that another could go on with
    (out / STARTED).unlink(missing_ok=True)
    minutes = {"train": round(max(0.1, left * train), 2), "evaluate": round(max(0.2, left * evaluate), 2)}
    with lock_folder(out / "evaluation"):
        remove_earlier(out / "adapter")
        # no verdict stands beside an adapter that it does not follow from
        clear_results(out / "evaluation")
    write_json(out / STARTED, {"asked": asked, "minutes": minutes})
    return minutes


def refuse_other_content(out: Path) -> None:
    """Raise `InputError` when *out* holds something that specialize did not write."""
    from ..mining.artefacts import LOCK

    if out.is_file():
        raise InputError(f"--out {str(out)!r} is a file. Name a folder.")
    # a stage that was killed leaves its scratch folder, which another run may still be writing
    ours = (*STAGES, *(f".{stage}-*" for stage in STAGES), LOCK, STARTED, f".{STARTED}-*")
    names = sorted(path.name for path in out.iterdir()) if out.is_dir() else []
    foreign = [name for name in names if not any(fnmatchcase(name, pattern) for pattern in ours)]
    if foreign:
        raise InputError(f"--out {str(out)!r} holds {foreign[0]!r}, which is not ours. Name another folder.")


def remove_earlier(adapter: Path) -> None:
    """Take away the adapter of an earlier run: a new corpus has been mined, so it no longer belongs here."""
    from ..mining.artefacts import LOCK, lock_folder

    tells = ("checkpoints", "idiolect.json")
    if any((adapter / name).exists() for name in tells):
        with lock_folder(adapter):
            # what tells that this is an adapter goes last: killed meanwhile, the next run knows it again
            others = [path for path in adapter.iterdir() if path.name not in (LOCK, *tells)]
            for path in (*others, *(adapter / name for name in tells)):
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
