"""
A corpus and a base in, an adapter out. Reads top to bottom: folder, base, data, steps, save.

`run` claims the folder, `material` encodes, `setup` loads, `pace` turns minutes into steps, `steps` takes them, `looks`
keeps the best weights, `finish` writes. The loop is ours: accelerate gives it devices, processes and precision and does
not wrap the model. Nothing reads the clock to decide: minutes become a number of steps once, and the number is kept.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.tracking import get_available_trackers
from accelerate.utils import InitProcessGroupKwargs

from ..mining.corpus import Corpus, read_corpus
from ..mining.errors import InputError, MachineError, MissingExtraError, lacks_memory
from ..mining.pairs.pair import Pair
from ..mining.workers import Progress as Report
from ..mining.workers import silent
from .bases import Base, find_base
from .budget import Budget, plan_budget, require_room
from .contrast import look_apart
from .finish import finish
from .looks import Score, best_look, snapshot
from .machine import choose_device
from .material import Order, gather
from .models import quantised
from .pace import Approve, choose_reading, time_look
from .recipe import Recipe
from .rein import rein_in
from .run import TRACKING, claim_folder, clear_finished, is_finished, refuse_folder, require_same, start_run
from .setup import add_replay, announce_idle, set_up
from .shard import require_sharding
from .steps import first_progress, run_steps

LONGEST_WAIT = timedelta(days=1)
"""Of one process for another, which may write what it repeats of the base meanwhile; NCCL gives up after 10 minutes."""


def train_adapter(
    corpus: Path | Corpus,
    out: Path,
    *,
    base: str | Path | Base = "embedded",
    recipe: Recipe | None = None,
    adjust: Callable[[Recipe], Recipe] | None = None,
    pairs: Sequence[Pair] | None = None,
    resume: bool = False,
    start_from: Path | None = None,
    score_of: Callable[[int], Score] | None = None,
    trackers: Sequence[str] = (),
    progress: Report = silent,
    began: float | None = None,
    approve: Approve | None = None,
) -> Path:
    """
    Train an adapter on the corpus and return its folder, *out*.

    Without *recipe* one is sized from the corpus and the base, and *adjust* may change it. *pairs* replaces the
    corpus's training pairs; *start_from* is a finished adapter to go on from. With *resume* an unfinished run goes on
    where it stood, a finished one is left as it is, and an empty folder starts from nothing. *trackers* are names that
    accelerate knows, such as `tensorboard`; they write into `tracking`, outside every hash. A recipe's minutes count
    from *began*, by `time.perf_counter`; from now, unless it is given. *score_of* makes the judge that a recipe with
    `probes` asks for, of that many held-out tasks. *approve* is told how many steps a new run will have, and how many
    an epoch has, before the first is taken and anything is kept; it raises where it will not have them.
    """
    began = time.perf_counter() if began is None else began
    accelerator = Accelerator(
        cpu=not torch.cuda.is_available(),
        log_with=known_trackers(trackers) or None,
        project_dir=out / TRACKING,
        kwargs_handlers=[InitProcessGroupKwargs(timeout=LONGEST_WAIT)],
    )
    # one process draws the line
    report = progress if accelerator.is_main_process else silent
    with ExitStack() as held:
        finished = resume and is_finished(out)
        # every process has looked before one of them writes
        accelerator.wait_for_everyone()
        if not finished:
            refuse_folder(out, resume=resume, start_from=start_from)
        order = Order(read_corpus(corpus), find_base(base), recipe, adjust, pairs, start_from)
        if finished:
            if accelerator.is_main_process:
                clear_finished(out)
            return leave_finished(out, order, report)
        material = gather(order, accelerator.device, report, began)
        score = choose_score(material.recipe.probes, score_of)
        require_trainable(material.recipe, accelerator.device, accelerator.num_processes)
        accelerator.wait_for_everyone()
        # what cannot be read or is too little leaves no folder behind
        if accelerator.is_main_process:
            held.enter_context(claim_folder(out))
        accelerator.wait_for_everyone()
        # a run that held the folder until now may have finished meanwhile, or have been killed
        if resume and is_finished(out):
            return leave_finished(out, order, report)
        refuse_folder(out, resume=resume, start_from=start_from)
        accelerator.wait_for_everyone()
        budget = plan_budget(material, out, accelerator.device, accelerator.num_processes)
        require_room(budget, out)
        if budget.pack_tokens < material.plan(processes=accelerator.num_processes).pack_tokens:
            report(f"plan: packs of {budget.pack_tokens:,} tokens, for memory holds no longer ones", 1, 1)
            material = replace(material, pack_tokens=budget.pack_tokens)
        with memory_faults():
            setup = add_replay(set_up(accelerator, material, report), out, order.corpus)
            if setup.recipe.contrast and start_from is None:
                look_apart(setup)
            before, a_look = time_look(setup, score)
            setup = choose_reading(setup, before)
            setup, run = start_run(setup, out, order, a_look, approve)
            announce_idle(setup)
            if trackers:
                accelerator.init_trackers("idiolect", config=flat(setup.recipe.as_json()))
            fresh = snapshot(setup.model)
            state = run_steps(setup, out, run["steps"], first_progress(setup, before, start_from), before, score)
            after = best_look(state)
            # neither what an earlier adapter had learned is given up, nor what a score has chosen
            if start_from is None and score is None:
                state.kept, after = rein_in(setup, fresh, before, after)
            finish(setup, material, out, run, state, (before.loss, after.loss))
        # not `end_training`: that takes the processes apart, and the caller may have more for them to do
        for tracker in accelerator.trackers:
            tracker.finish()
        accelerator.wait_for_everyone()
    return out


def leave_finished(out: Path, order: Order, report: Report) -> Path:
    """Return *out*, which holds what *order* would make; raises `InputError` where it holds another adapter."""
    require_same(out, order)
    report("train: finished already, nothing was trained", 1, 1)
    return out


def require_trainable(recipe: Recipe, device: torch.device, processes: int) -> None:
    """Raise where *processes* on *device* cannot train by *recipe*, whatever the base."""
    if recipe.shard:
        require_sharding(recipe, processes)
    if recipe.method == "qlora":
        quantised(device, torch.bfloat16)


def why_untrainable(recipe: Recipe) -> str:
    """Return why this process, alone, cannot train by *recipe* on this machine, whatever the base; empty if it can."""
    try:
        require_trainable(recipe, choose_device(), processes=1)
    except (InputError, MissingExtraError) as fault:
        return str(fault)
    return ""


def choose_score(probes: int, score_of: Callable[[int], Score] | None) -> Score | None:
    """
    Return who judges the model while it trains, or None where the loss alone does.

    Raises `InputError` when a recipe asks for a judge and nobody makes one.
    """
    if not probes:
        return None
    if score_of is None:
        raise InputError("probes asks for a judge of answers, and none was given: train with `idiolect train`.")
    return score_of(probes)


def known_trackers(names: Sequence[str]) -> list[Any]:
    """
    Return *names* as accelerate takes them.

    Raises `InputError` when one of them is not installed.
    """
    available = [tracker.value for tracker in get_available_trackers()]
    for name in names:
        if name not in available:
            known = ", ".join(available) or "none of those that accelerate knows"
            raise InputError(f"No tracker {name!r} here. Installed: {known}. TensorBoard: pip install tensorboardX")
    return list(names)


def flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return *values* as trackers take them: words and numbers."""
    return {key: value if isinstance(value, int | float | str) else str(value) for key, value in values.items()}


@contextmanager
def memory_faults() -> Iterator[None]:
    """Turn a lack of memory inside the block into a `MachineError` with the way out."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not lacks_memory(error):
            raise
        raise MachineError(
            "Memory ran out. Lower pack_tokens and max_tokens, or --set checkpointing=true; --resume goes on from the "
            "last checkpoint where the recipe stays the same."
        ) from error


def plan_run(
    corpus: Path | Corpus,
    out: Path,
    *,
    base: str | Path = "embedded",
    adjust: Callable[[Recipe], Recipe] | None = None,
    resume: bool = False,
    start_from: Path | None = None,
    trackers: Sequence[str] = (),
) -> Budget:
    """
    Return what `train_adapter` with these arguments will take; nothing is written and no weight is read.

    What that would refuse of them is refused.
    """
    known_trackers(trackers)
    refuse_folder(out, resume=resume, start_from=start_from)
    device = choose_device()
    order = Order(read_corpus(corpus), find_base(base), adjust=adjust, start_from=start_from)
    material = gather(order, device, silent, time.perf_counter())
    processes = int(os.environ.get("WORLD_SIZE", "1"))  # accelerate's and torch's launchers say how many they started
    require_trainable(material.recipe, device, processes)
    return plan_budget(material, out, device, processes)
