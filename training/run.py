"""
The folder of a run. In: where an adapter shall go. Out: the right to write there, and the record that a run goes on by.

The record holds what must be equal for a run to go on, and what was decided once: its number of steps by a clock, its
learning rate by a trial, and its packs by how many processes began it.
"""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import __version__
from ..mining.artefacts import (
    LOCK,
    claim_lock,
    expect_form,
    lock_folder,
    machine_faults,
    parse_json,
    sha256_json,
    write_json,
)
from ..mining.errors import InputError
from ..mining.wording import all_of
from .adapter import RECORD, read_record
from .checkpoints import CHECKPOINTS, flush
from .material import Order
from .pace import Approve, count_steps, probe_rates
from .recipe import Recipe
from .setup import Setup

RUN_SCHEMA = "idiolect.run/2"
TRACKING = "tracking"
RUN = "run.json"


def is_finished(out: Path) -> bool:
    """Claim that *out* holds a finished adapter and no run that goes on."""
    return (out / RECORD).is_file() and not (out / CHECKPOINTS / RUN).is_file()


def refuse_folder(out: Path, *, resume: bool, start_from: Path | None = None) -> None:
    """
    Raise what forbids a run in *out*.

    Raises `InputError` for an unfinished run that was not asked to go on, for a folder that holds something else, and
    for that of the adapter to go on from: a run that was killed while it replaced it would have lost where it began.
    Raises `MachineError` where the unfinished run is still under way.
    """
    if start_from is not None and start_from.resolve() == out.resolve():
        raise InputError(f"{str(out)!r} is the adapter to go on from, which stays as it is. Choose another folder.")
    unfinished = (out / CHECKPOINTS / RUN).is_file()
    finished = (out / RECORD).is_file()
    if unfinished and not resume:
        claim_lock(out).close()
        raise InputError(f"{str(out)!r} holds an unfinished run. Go on with --resume, or choose another folder.")
    if not unfinished and not finished and is_foreign(out):
        raise InputError(f"{str(out)!r} is not empty and holds no adapter. Choose another folder.")


def require_same(out: Path, order: Order) -> None:
    """
    Raise `InputError` when the finished adapter in *out* is not what a run of *order* would make.
    """
    record = read_record(out)
    told = other_values(Recipe.from_json(record["recipe"]), order)
    if record.get("from") != files_begun(order):
        told = "another adapter that it went on from (--from)"
    had = record["corpus"]["sha256"], record["base"]["weights_sha256"]
    if had != (order.corpus.sha256, order.base.weights_sha256):
        told = "another corpus or base"
    if told:
        raise InputError(
            f"The finished adapter in {str(out)!r} has {told}. Choose another folder, or train it anew without "
            "--resume."
        )


def files_begun(order: Order) -> dict[str, str] | None:
    """Return the hashes of the adapter that a run of *order* goes on from; None where it begins anew."""
    return None if order.start_from is None else read_record(order.start_from)["files"]


def other_values(had: Recipe, order: Order) -> str:
    """Return the values of the recipe that an adapter *had* and *order* wants otherwise, or an empty word."""
    asked = had if order.recipe is None else order.recipe
    asked = asked if order.adjust is None else order.adjust(asked)
    # what a run decides itself stands in its record as it was decided
    own = {"minutes"}
    own |= {"steps"} if asked.steps is None else set()
    own |= {"learning_rate"} if asked.rate_probe else set()
    own |= {"skim"} if asked.skim else set()
    own |= {"replay_own"} if asked.shard else set()
    before, now = had.as_json(), asked.as_json()
    return ", ".join(f"{key}={before[key]}" for key in now if now[key] != before[key] and key not in own)


@contextmanager
def claim_folder(out: Path) -> Generator[None]:
    """Hold *out* for a run; of one that ends before it had a record, nothing is left there."""
    with lock_folder(out):
        with machine_faults(out):
            (out / CHECKPOINTS).mkdir(exist_ok=True)
        clear_remains(out)
        try:
            yield
        finally:
            if not (out / CHECKPOINTS / RUN).is_file():
                shutil.rmtree(out / CHECKPOINTS, ignore_errors=True)


def clear_finished(out: Path) -> None:
    """Remove what a run left in *out* that was killed when its adapter was complete."""
    if (out / CHECKPOINTS).is_dir():
        with claim_folder(out):
            pass


def clear_remains(out: Path) -> None:
    """Remove what a run left in *out* that nobody can go on with: one that ended, or ended before it had a record."""
    if not (out / CHECKPOINTS / RUN).is_file():
        with machine_faults(out):
            shutil.rmtree(out / CHECKPOINTS)
            (out / CHECKPOINTS).mkdir()


def is_foreign(out: Path) -> bool:
    """Claim that *out* holds something that no run of ours left behind."""
    if out.is_file():
        return True
    return out.is_dir() and any(path.name not in (CHECKPOINTS, TRACKING, LOCK) for path in out.iterdir())


def start_run(
    setup: Setup, out: Path, order: Order, a_look: float, approve: Approve | None = None
) -> tuple[Setup, dict[str, Any]]:
    """
    Return the set-up and the record of the run in *out*, writing that first when the run is new.

    The record is where minutes have become steps, and a probe a learning rate; more or fewer processes go on with the
    same packs. Of a run that *approve* refuses nothing is written. Raises `InputError` when the folder's run is another
    one.
    """
    file, hashes = out / CHECKPOINTS / RUN, hash_parts(setup, order)
    is_new = not file.is_file()
    setup.accelerator.wait_for_everyone()
    if is_new:
        # every process tries, because a spread base computes with all of them; what the main one finds holds
        rate, steps = probe_rates(setup), count_steps(setup, a_look, approve)
        if setup.accelerator.is_main_process:
            begun = {"steps": steps, "rate": rate, "pack_tokens": setup.plan.pack_tokens}
            write_json(file, {"schema": RUN_SCHEMA, "parts": hashes, **begun})
            # no checkpoint is of use without it
            for path in (file, file.parent):
                flush(path)
    setup.accelerator.wait_for_everyone()
    with expect_form(f"The record of the unfinished run in {str(out)!r}", ". Choose another folder, or delete this."):
        run = parse_json(file.read_text("utf-8"))
        if run["schema"] != RUN_SCHEMA:
            raise InputError(
                f"The unfinished run in {str(out)!r} was begun by another version of idiolect: its record is "
                f"{run['schema']!r}, and this version goes on by {RUN_SCHEMA!r}. Choose another folder, or delete this."
            )
        other = [name for name, part in hashes.items() if run["parts"].get(name) != part]
        recipe = replace(setup.recipe, learning_rate=run["rate"])
        plan = replace(setup.plan, pack_tokens=run["pack_tokens"]) if setup.mode == "packed" else setup.plan
    if other:
        raise InputError(
            f"The unfinished run in {str(out)!r} has another {all_of(other)}. Choose another folder, or repeat the "
            "command that began it."
        )
    return replace(setup, recipe=recipe, plan=plan), run


def hash_parts(setup: Setup, order: Order) -> dict[str, str]:
    """Return the hash of each thing that must be equal for a run to go on, by its name."""
    parts = {
        "recipe": setup.recipe.as_json(),
        "corpus": order.corpus.sha256,
        "base": setup.base.weights_sha256,
        "prompt format": setup.family.sha256,
        "choice of pairs": [example.id for example in setup.plan.examples],
        "adapter to go on from": files_begun(order),
        "version of idiolect": __version__,
    }
    return {name: sha256_json(part) for name, part in parts.items()}
