"""
A corpus and a base in, an adapter out. Reads top to bottom: folder, base, data, steps, save.

The loop is ours and is all here. accelerate gives it devices, processes and precision; it does not wrap the model,
because only the adapter's gradients travel between processes and they fit one small tensor. A step's loss is the sum
over its answer tokens, divided by their number on all processes together. Nothing reads the clock to decide: minutes
become a number of steps once, and the number is kept.
"""

from __future__ import annotations

import json
import math
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import torch
from accelerate import Accelerator
from accelerate.tracking import get_available_trackers
from peft import PeftModel
from peft.helpers import disable_input_dtype_casting

from .. import __version__
from ..mining.artefacts import LOCK, lock_folder, machine_faults, sha256_json, write_json, write_jsonl
from ..mining.corpus import Corpus, read_corpus
from ..mining.errors import InputError, MachineError, MismatchError
from ..mining.pairs.pair import Pair
from .adapter import (
    RECORD,
    adapter_tensors,
    attach_adapter,
    check_applied,
    describe_applied,
    load_adapter,
    read_record,
    write_adapter,
)
from .budget import Budget, plan_budget, require_room
from .checkpoints import (
    Progress,
    load_checkpoint,
    pack_optimizer,
    pack_randomness,
    save_checkpoint,
    unpack_optimizer,
    unpack_randomness,
)
from .encode import Encoded, Example, encode_pairs, require_pairs
from .families import Family, probe_family
from .forward import answer_losses, choose_mode, set_mode, to_batch
from .full import fold_full
from .fused import fuse_adapter, keep_memory
from .generation import LoadedModel, ModelGenerator, mean_loss, score_examples
from .models import (
    Base,
    choose_device,
    choose_dtype,
    context_length,
    find_base,
    load_base_model,
    load_tokenizer,
    quantised,
    read_ends,
    read_parameters,
)
from .packing import Chunk, Plan, plan_training
from .recipe import Recipe, size_recipe
from .replay import general_examples, pack_examples, unpack_examples, write_own

if TYPE_CHECKING:
    from torch import Tensor

Report = Callable[[str, int, int], None]

RUN_SCHEMA = "idiolect.run/1"
CHECKPOINTS = "checkpoints"
TRACKING = "tracking"
REPLAY = "replay.json"
RUN = "run.json"
LOG_EVERY = 10
"""Steps between logged lines: the only moments at which the loop waits for the device."""
LOOKS = 10
"""Looks at held-out loss in a run, unless the recipe says otherwise."""
RATE_FACTORS = (1 / 3, 1.0, 3.0)
PROBE_PACKS = 4
"""Packs that are timed to turn minutes into steps; the first one warms up and does not count."""


class Score(Protocol):
    """
    Judges the model while it trains: higher is better. Early stopping by probes hands one in.
    """

    def __call__(self, generator: ModelGenerator) -> float:
        """Return the score of the model as it stands."""
        ...


@dataclass
class Setup:
    """
    Everything that a run holds still.
    """

    accelerator: Accelerator
    base: Base
    family: Family
    model: PeftModel
    recipe: Recipe
    plan: Plan
    validation: tuple[Example, ...]
    mode: str
    dtype: torch.dtype
    context_length: int
    report: Report
    general: tuple[Example, ...] = ()
    """General code that is never learned from: its loss tells what was forgotten. Empty where nobody looks."""

    @property
    def device(self) -> torch.device:
        """Where this process computes."""
        return self.accelerator.device


def train_adapter(
    corpus_path: Path,
    out: Path,
    *,
    base: str | Path = "embedded",
    recipe: Recipe | None = None,
    adjust: Callable[[Recipe], Recipe] | None = None,
    pairs: Sequence[Pair] | None = None,
    resume: bool = False,
    start_from: Path | None = None,
    score: Score | None = None,
    trackers: Sequence[str] = (),
    progress: Report | None = None,
) -> Path:
    """
    Train an adapter on the corpus and return its folder, *out*.

    Without *recipe* one is sized from the corpus and the base, and *adjust* may change it. *pairs* replaces the
    corpus's training pairs; *start_from* is a finished adapter to go on from. With *resume* an unfinished run goes on
    where it stood, a finished one is left as it is, and an empty folder starts from nothing. *trackers* are names that
    accelerate knows, such as `tensorboard`; they write into `tracking`, outside every hash.
    """
    report = progress or (lambda *_: None)
    accelerator = Accelerator(
        cpu=not torch.cuda.is_available(), log_with=known_trackers(trackers), project_dir=out / TRACKING
    )
    if not accelerator.is_main_process:
        report = lambda *_: None  # noqa: E731 - one process draws the line
    with ExitStack() as held:
        finished = resume and is_finished(out)
        # every process has looked before one of them writes
        accelerator.wait_for_everyone()
        if finished:
            read_record(out)
            return out
        if accelerator.is_main_process:
            claim_folder(out, resume=resume)
            held.enter_context(lock_folder(out))
        accelerator.wait_for_everyone()
        corpus = read_corpus(corpus_path)
        found = find_base(base)
        material = gather(corpus, found, accelerator.device, recipe=recipe, adjust=adjust, pairs=pairs, report=report)
        require_room(plan_budget(found, material.recipe, material.plan(), out, accelerator.device, material.dtype), out)
        with memory_faults():
            setup = add_replay(set_up(accelerator, material, start_from, report), out)
            setup, run = start_run(setup, out, corpus, start_from)
            if trackers:
                accelerator.init_trackers("idiolect", config=flat(setup.recipe.as_json()))
            with setup.model.disable_adapter():
                before = measure(setup)
            state = run_steps(setup, out, run["steps"], first_progress(setup, before, start_from), before, score)
            if accelerator.is_main_process:
                finish(setup, out, corpus, material.encoded, run, state, before.loss)
        # not `end_training`: that takes the processes apart, and the caller may have more for them to do
        for tracker in accelerator.trackers:
            tracker.finish()
        accelerator.wait_for_everyone()
    return out


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
        # a processor's allocator has no exception of its own
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and "allocate memory" not in str(error):
            raise
        raise MachineError(
            "Memory ran out. Lower pack_tokens and max_tokens, or --set checkpointing=true; --resume goes on from the "
            "last checkpoint where the recipe stays the same."
        ) from error


# Folder


def is_finished(out: Path) -> bool:
    """Claim that *out* holds a finished adapter and no run that goes on."""
    return (out / RECORD).is_file() and not (out / CHECKPOINTS / RUN).is_file()


def claim_folder(out: Path, *, resume: bool) -> None:
    """
    Make *out* ready for a run.

    Raises `InputError` for an unfinished run that was not asked to go on, and for a folder that holds something else.
    """
    unfinished = (out / CHECKPOINTS / RUN).is_file()
    finished = (out / RECORD).is_file()
    if unfinished and not resume:
        raise InputError(f"{str(out)!r} holds an unfinished run. Go on with --resume, or choose another folder.")
    if not unfinished and not finished and is_foreign(out):
        raise InputError(f"{str(out)!r} is not empty and holds no adapter. Choose another folder.")
    with machine_faults(out):
        (out / CHECKPOINTS).mkdir(parents=True, exist_ok=True)


def is_foreign(out: Path) -> bool:
    """Claim that *out* holds something that no run of ours left behind."""
    if out.is_file():
        return True
    return out.is_dir() and any(path.name not in (CHECKPOINTS, TRACKING, LOCK) for path in out.iterdir())


# Base and data


@dataclass(frozen=True)
class Material:
    """
    What a run is made of, before a weight is read.
    """

    base: Base
    family: Family
    recipe: Recipe
    dtype: torch.dtype
    context_length: int
    encoded: Encoded
    validation: tuple[Example, ...]

    @property
    def longest(self) -> int:
        """The longest document in tokens."""
        return min(self.recipe.max_tokens, self.context_length)

    def plan(self, mode: str = "packed") -> Plan:
        """Return how the pairs become steps where packs are kept apart by *mode*."""
        single = mode == "single"
        return plan_training(
            self.encoded.examples,
            pack_tokens=1 if single else max(self.recipe.pack_tokens, self.longest),
            step_tokens=self.recipe.step_tokens,
            share=1 if single else self.recipe.share,
            seed=self.recipe.seed,
        )


def gather(
    corpus: Corpus,
    base: Base,
    device: torch.device,
    *,
    recipe: Recipe | None,
    adjust: Callable[[Recipe], Recipe] | None,
    pairs: Sequence[Pair] | None,
    report: Report,
) -> Material:
    """Size the recipe and encode the pairs. Reads configuration and tokenizer, no weights."""
    tokenizer = load_tokenizer(base)
    family = probe_family(tokenizer, read_ends(base))
    train = list(corpus.pairs("train") if pairs is None else pairs)
    room = context_length(base, tokenizer)
    if recipe is None:
        accelerated = device.type == "cuda"
        parameters = read_parameters(base)
        recipe = size_recipe(pairs=len(train), parameters=parameters, context_length=room, accelerator=accelerated)
    recipe = recipe if adjust is None else adjust(recipe)
    if recipe.method == "full" and not base.name.startswith("idiolect/"):
        raise InputError(f"method=full is for the embedded base; {base.name!r} would forget too much. Use method=lora.")
    dtype = choose_dtype(device) if recipe.precision == "auto" else precision(recipe.precision)
    longest = min(recipe.max_tokens, room)
    encoded = encode_pairs(train, family, longest, lambda done: report("encode", done, len(train)))
    require_pairs(encoded)
    validation = encode_pairs(spread(corpus.pairs("validation")), family, longest)
    held_out = first_tokens(validation.examples, recipe.validation_tokens)
    return Material(base, family, recipe, dtype, room, encoded, held_out)


def plan_run(
    corpus_path: Path,
    out: Path,
    *,
    base: str | Path = "embedded",
    adjust: Callable[[Recipe], Recipe] | None = None,
    progress: Report | None = None,
) -> Budget:
    """Return what `train_adapter` with these arguments will take; nothing is written and no weight is read."""
    device = choose_device()
    report = progress or (lambda *_: None)
    found = find_base(base)
    material = gather(read_corpus(corpus_path), found, device, recipe=None, adjust=adjust, pairs=None, report=report)
    return plan_budget(found, material.recipe, material.plan(), out, device, material.dtype)


def set_up(accelerator: Accelerator, material: Material, start_from: Path | None, report: Report) -> Setup:
    """Load the base, attach the adapter, and find out how packs are kept apart."""
    base, recipe, device, dtype = material.base, material.recipe, accelerator.device, material.dtype
    report("load", 0, 1)
    options = quantised(device, dtype) if recipe.method == "qlora" else {}
    model = load_base_model(base, device=device, dtype=dtype, **options)
    report("load", 1, 1)
    adapted = attach_adapter(model, recipe) if start_from is None else continue_adapter(model, base, start_from)
    mode = choose_mode(adapted, device, dtype, material.longest)
    plan = material.plan(mode)
    setup = Setup(
        accelerator, base, material.family, adapted, recipe, plan, material.validation, mode, dtype,
        material.context_length, report,
    )  # fmt: skip
    prepare_model(setup)
    return setup


def add_replay(setup: Setup, out: Path) -> Setup:
    """
    Return *setup* with general code among its examples and, apart from that, general code to watch.

    What the base writes itself is written once and kept: a resumed run learns from the same answers.
    """
    base, family, plan = setup.base, setup.family, setup.plan
    share = setup.recipe.replay_share(len(plan.epoch(0)))
    if not share:
        return setup
    tokens = int(share * sum(len(example.answer) for example in plan.examples))
    longest = min(setup.recipe.max_tokens, setup.context_length)
    limits = {"max_tokens": longest, "answer_tokens": max(1, tokens // 2)}
    mixed = list(general_examples(base, family, watched=False, **limits))
    file = out / CHECKPOINTS / REPLAY
    if setup.accelerator.is_main_process and not file.is_file():
        setup.report("replay", 0, 1)
        loaded = LoadedModel(setup.model, family, base, setup.context_length, setup.device, mode=setup.mode)
        setup.model.eval()
        own = write_own(ModelGenerator(loaded), mixed, answer_tokens=max(1, tokens // 2), seed=setup.recipe.seed)
        write_json(file, pack_examples(own))
        set_mode(setup.model, setup.mode)
        setup.model.train()
        setup.report("replay", 1, 1)
    setup.accelerator.wait_for_everyone()
    mixed += unpack_examples(json.loads(file.read_text("utf-8")))
    watched = ()
    if setup.recipe.forgetting:
        budget = {"max_tokens": longest, "answer_tokens": setup.recipe.validation_tokens // 8}
        watched = general_examples(base, family, watched=True, **budget)
    mixed_plan = plan_training(
        [*plan.examples, *mixed],
        pack_tokens=plan.pack_tokens,
        step_tokens=plan.step_tokens,
        share=plan.share,
        seed=plan.seed,
    )
    return replace(setup, plan=mixed_plan, general=watched)


def precision(name: str) -> torch.dtype:
    """Return the type called *name*."""
    return {"fp32": torch.float32, "bf16": torch.bfloat16}[name]


def continue_adapter(model: Any, base: Base, folder: Path) -> PeftModel:
    """Return *model* with the finished adapter in *folder*, ready to learn more."""
    record = read_record(folder)
    if record["base"]["weights_sha256"] != base.weights_sha256:
        raise MismatchError(
            f"The adapter in {str(folder)!r} was trained on {record['base']['name']!r}: name that base."
        )
    return load_adapter(model, folder, trainable=True)


def spread(pairs: Sequence[Pair]) -> list[Pair]:
    """Return *pairs* file by file in the order of hashes: any first part is a fair sample, and shares its prefixes."""
    return sorted(pairs, key=lambda pair: (pair.prompt_id, pair.id))


def first_tokens(examples: Sequence[Example], budget: int) -> tuple[Example, ...]:
    """Return the first of *examples* that take *budget* tokens together, a shared prefix counted once."""
    chosen: list[Example] = []
    tokens = 0
    for example in examples:
        shared = bool(chosen) and chosen[-1].prompt_id == example.prompt_id
        tokens += example.tokens - (len(example.shared) if shared else 0)
        if chosen and tokens > budget:
            break
        chosen.append(example)
    return tuple(chosen)


def prepare_model(setup: Setup) -> None:
    """Put the model into training form: attention, fused layers, recomputation, compiled layers."""
    set_mode(setup.model, setup.mode)
    keep_memory()
    # a compiler fuses by itself, and sees more of a layer than its matrices
    if setup.recipe.fuse_layers and not setup.recipe.compile:
        fuse_adapter(setup.model)
    setup.model.train()
    if setup.recipe.checkpointing:
        setup.model.get_base_model().gradient_checkpointing_enable({"use_reentrant": False})  # pyright: ignore
    if setup.recipe.compile:
        for layer in decoder_layers(setup.model):
            layer.compile(dynamic=True)


def decoder_layers(model: PeftModel) -> Sequence[torch.nn.Module]:
    """Return the model's layers: the longest list of modules it holds."""
    lists = [module for module in model.modules() if isinstance(module, torch.nn.ModuleList)]
    return max(lists, key=len, default=torch.nn.ModuleList())  # pyright: ignore


# The run's record: what must be equal for a run to go on


def start_run(setup: Setup, out: Path, corpus: Corpus, start_from: Path | None) -> tuple[Setup, dict[str, Any]]:
    """
    Return the set-up and the record of the run in *out*, writing that first when the run is new.

    The record is where minutes have become steps, and a probe a learning rate. Raises `InputError` when the folder's
    run is another one.
    """
    file = out / CHECKPOINTS / RUN
    fingerprint = sha256_json(
        {
            "recipe": setup.recipe.as_json(),
            "corpus": corpus.sha256,
            "base": setup.base.weights_sha256,
            "pairs": [example.id for example in setup.plan.examples],
            "from": read_record(start_from)["files"] if start_from is not None else None,
            "tool": __version__,
        }
    )
    is_new = not file.is_file()
    setup.accelerator.wait_for_everyone()
    if is_new:
        rate = probe_rates(setup)
        if setup.accelerator.is_main_process:
            body = {"schema": RUN_SCHEMA, "fingerprint": fingerprint, "steps": count_steps(setup), "rate": rate}
            write_json(file, body)
    setup.accelerator.wait_for_everyone()
    run = json.loads(file.read_text("utf-8"))
    if run["fingerprint"] != fingerprint:
        raise InputError(
            f"The unfinished run in {str(out)!r} has another corpus, base or recipe. Choose another folder, "
            "or repeat the command that began it."
        )
    return replace(setup, recipe=replace(setup.recipe, learning_rate=run["rate"])), run


def probe_rates(setup: Setup) -> float:
    """
    Return the learning rate to use: the recipe's, or the best of a third, one and three times it after a few steps.

    Every try starts from the same weights on the same data; the model is left as it was.
    """
    recipe = setup.recipe
    if not recipe.rate_probe:
        return recipe.learning_rate
    if not setup.validation:
        raise InputError("A learning-rate probe needs held-out pairs, and this corpus has none. Set rate_probe=0.")
    fresh, losses = snapshot(setup.model), {}
    parameters = [parameter for parameter in setup.model.parameters() if parameter.requires_grad]
    for number, factor in enumerate(RATE_FACTORS):
        load_weights(setup.model, fresh)
        rate = recipe.learning_rate * factor
        optimizer = make_optimizer(parameters, recipe)
        for step, packs in enumerate(remaining_steps(setup.plan, Progress(), recipe.rate_probe)):
            warm = min(1.0, (step + 1) / max(1, recipe.rate_probe // 5))
            take_step(setup, packs, parameters, optimizer, rate * warm, torch.zeros((), device=setup.device))
            if step + 1 == recipe.rate_probe:
                break
        losses[rate] = held_out_loss(setup)
        setup.report("rates", number + 1, len(RATE_FACTORS))
    load_weights(setup.model, fresh)
    # a rate at which the run blew up has no loss to speak of
    return min(losses, key=lambda rate: losses[rate] if math.isfinite(losses[rate]) else math.inf)


def count_steps(setup: Setup) -> int:
    """Return how many steps the run has: as the recipe says, by epochs, or what its minutes hold."""
    recipe = setup.recipe
    if recipe.steps is not None:
        return recipe.steps
    in_an_epoch = len(setup.plan.epoch(0))
    steps = max(1, round(recipe.epochs * in_an_epoch))
    if recipe.minutes is None:
        return steps
    return max(1, min(steps, steps_in(setup, recipe.minutes * 60)))


def steps_in(setup: Setup, seconds: float) -> int:
    """Return how many steps *seconds* hold, looks at held-out loss included, by timing a few packs."""
    packs = [pack for step in setup.plan.epoch(0)[:PROBE_PACKS] for pack in step][: PROBE_PACKS + 1]
    spent = tokens = 0.0
    for number, chunks in enumerate(packs):
        pack = setup.plan.build(chunks)
        started = time.perf_counter()
        pack_loss(setup, chunks).backward()
        synchronize(setup.device)
        if number or len(packs) == 1:
            spent += time.perf_counter() - started
            tokens += pack.tokens
        setup.report("measure", number + 1, len(packs))
    setup.model.zero_grad(set_to_none=True)
    a_token = spent / tokens
    epoch = setup.plan.epoch(0)
    a_step = a_token * sum(setup.plan.build(pack).tokens for step in epoch for pack in step) / len(epoch)
    # a look computes forwards only; one comes before the first step, one with the last
    looks = (LOOKS + 2) * a_token / 3 * sum(example.tokens for example in setup.validation)
    return int(max(seconds - looks, seconds / 3) * setup.accelerator.num_processes / a_step)


def synchronize(device: torch.device) -> None:
    """Wait for *device*, so that a clock means something."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


# Steps


def run_steps(setup: Setup, out: Path, steps: int, first: Progress, before: Measured, score: Score | None) -> Progress:
    """
    Take the optimizer steps that are left, and leave the model with the best weights that were seen.
    """
    folder = out / CHECKPOINTS
    recipe, accelerator = setup.recipe, setup.accelerator
    names = {name: parameter for name, parameter in setup.model.named_parameters() if parameter.requires_grad}
    parameters = list(names.values())
    optimizer = make_optimizer(parameters, recipe)
    state, best = restore(setup, folder, names, optimizer, first)
    look_every = recipe.validate_every or max(1, math.ceil(steps / LOOKS))
    nats = torch.zeros((), dtype=torch.float64, device=setup.device)
    clock = Clock(state.answer_tokens)
    for packs in remaining_steps(setup.plan, state, steps):
        answers = take_step(setup, packs, parameters, optimizer, recipe.rate(state.step, steps), nats)
        state.step += 1
        state.tokens += answers
        state.answer_tokens += answers
        if state.step % LOG_EVERY == 0 or state.step == steps:
            log_step(setup, folder, state, nats, recipe.rate(state.step - 1, steps), clock)
        if state.step % look_every == 0 or state.step == steps:
            best = look(setup, state, best, before, score)
        setup.report(describe(state, clock), state.step, steps)
        if state.stopped:
            break
        if state.step % recipe.checkpoint_every == 0 and state.step < steps:
            drain(accelerator, state, nats)
            keep(setup, folder, state, names, optimizer, best)
    load_weights(setup.model, best)
    return state


def make_optimizer(parameters: Sequence[torch.nn.Parameter], recipe: Recipe) -> torch.optim.AdamW:
    """Return the recipe's AdamW over *parameters*; its rate is set at every step."""
    return torch.optim.AdamW(
        parameters,
        lr=recipe.learning_rate,
        betas=recipe.betas,
        weight_decay=recipe.weight_decay,
        fused=recipe.fused,
    )


def take_step(
    setup: Setup,
    packs: Sequence[Sequence[Chunk]],
    parameters: Sequence[torch.nn.Parameter],
    optimizer: torch.optim.Optimizer,
    rate: float,
    nats: Tensor,
) -> int:
    """
    Take one optimizer step on *packs* and return how many answer tokens they hold, on all processes together.

    The loss is added to *nats* on the device; nothing here waits for it.
    """
    accelerator = setup.accelerator
    answers = sum(len(setup.plan.examples[i].answer) for pack in packs for chunk in pack for i in chunk.members)
    for chunks in packs[accelerator.process_index :: accelerator.num_processes]:
        loss = pack_loss(setup, chunks)
        (loss / answers).backward()
        nats += loss.detach()
    reduce_gradients(accelerator, parameters)
    torch.nn.utils.clip_grad_norm_(parameters, setup.recipe.clip)
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return answers


def first_progress(setup: Setup, before: Measured, start_from: Path | None) -> Progress:
    """
    Return the state of a run that has not begun.

    An adapter to go on from is the weight to beat; a fresh one is not, because it changes nothing.
    """
    start = before if start_from is None else measure(setup)
    to_beat = None if start_from is None else cost(setup, start, before)
    return Progress(best_loss=to_beat, log=[{"step": 0, "held_out_loss": start.loss, **start.general_line()}])


def remaining_steps(plan: Plan, state: Progress, steps: int) -> Iterator[list[list[Chunk]]]:
    """Yield the steps after *state*, epoch after epoch, and keep the place in *state*."""
    while state.step < steps:
        epoch = plan.epoch(state.epoch)
        while state.cursor < len(epoch) and state.step < steps:
            step = epoch[state.cursor]
            state.cursor += 1
            yield step
        if state.cursor == len(epoch):
            state.epoch, state.cursor = state.epoch + 1, 0


def pack_loss(setup: Setup, chunks: Sequence[Chunk]) -> Tensor:
    """Return the summed loss of the answers of one pack."""
    batch = to_batch(setup.plan.build(chunks), setup.mode, setup.device, setup.dtype)
    with ExitStack() as held:
        if setup.dtype == torch.bfloat16:
            held.enter_context(torch.autocast(setup.device.type, dtype=torch.bfloat16))
            if setup.recipe.uncast_inputs:
                held.enter_context(disable_input_dtype_casting(setup.model))
        recipe = setup.recipe
        return answer_losses(setup.model, batch, head=recipe.answer_head, fuse=recipe.fuse_loss).sum()


def reduce_gradients(accelerator: Accelerator, parameters: Sequence[torch.nn.Parameter]) -> None:
    """Add up the gradients of all processes, in one tensor; a process without a pack adds nothing."""
    if accelerator.num_processes == 1:
        return
    grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    flat: Any = accelerator.reduce(torch.cat([grad.flatten() for grad in grads]), reduction="sum")
    for parameter, piece in zip(parameters, flat.split([p.numel() for p in parameters]), strict=True):
        parameter.grad = piece.view_as(parameter)


def drain(accelerator: Accelerator, state: Progress, nats: Tensor) -> None:
    """Move the loss since the last line from the device into *state*."""
    total: Any = accelerator.reduce(nats.clone(), reduction="sum") if accelerator.num_processes > 1 else nats
    state.nats += float(total)
    nats.zero_()


def log_step(setup: Setup, folder: Path, state: Progress, nats: Tensor, rate: float, clock: Clock) -> None:
    """
    Add one line to the log, and its time to another file: the log is the same in every run.
    """
    drain(setup.accelerator, state, nats)
    loss = state.nats / state.tokens
    if not math.isfinite(loss):
        raise InputError(f"The loss is {loss} at step {state.step}. Lower learning_rate, or set precision=fp32.")
    line = {"loss": loss, "learning_rate": rate, "answer_tokens": state.answer_tokens}
    state.log.append({"step": state.step, **line})
    setup.accelerator.log(line, step=state.step)
    state.nats, state.tokens = 0.0, 0
    if setup.accelerator.is_main_process:
        with (folder / "timings.jsonl").open("a", encoding="utf-8") as timings:
            timings.write(json.dumps({"step": state.step, "seconds": round(clock.seconds, 3)}) + "\n")


@dataclass
class Clock:
    """
    How fast this process is: for people to read, never to decide anything.
    """

    first: int
    """Answer tokens that were learned before it started."""

    def __post_init__(self) -> None:
        self.started = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds since it started."""
        return time.perf_counter() - self.started

    def speed(self, state: Progress) -> float:
        """Return answer tokens per second."""
        return (state.answer_tokens - self.first) / max(self.seconds, 1e-9)


def describe(state: Progress, clock: Clock) -> str:
    """Return the progress line's name and what stands beside the bar."""
    last = next((line for line in reversed(state.log) if "loss" in line), None)
    loss = f"loss {last['loss']:.3f}, " if last else ""
    return f"train: {loss}{clock.speed(state):,.0f} answer tokens/s"


# Held-out looks and checkpoints


def held_out_loss(setup: Setup) -> float | None:
    """Return the loss per token on the held-out pairs of the model as it stands."""
    return loss_on(setup, setup.validation) if setup.validation else None


def loss_on(setup: Setup, examples: Sequence[Example]) -> float:
    """Return the loss per answer token of *examples* under the model as it stands."""
    setup.model.eval()
    losses = score_examples(setup.model, examples, setup.mode, setup.device, setup.dtype)
    set_mode(setup.model, setup.mode)
    setup.model.train()
    return mean_loss(losses) or 0.0


class Measured(NamedTuple):
    """
    What a look saw: losses a token, None where there is nothing to look at.
    """

    loss: float | None
    """On held-out answers of the corpus."""
    general: float | None
    """On general code."""

    def general_line(self) -> dict[str, float]:
        """Return what the log says of general code."""
        return {} if self.general is None else {"general_loss": self.general}


def measure(setup: Setup) -> Measured:
    """Look at the model as it stands."""
    general = loss_on(setup, setup.general) if setup.general else None
    return Measured(held_out_loss(setup), general)


def cost(setup: Setup, now: Measured, before: Measured) -> float | None:
    """Return the loss on held-out answers plus what was forgotten since *before*, at the recipe's weight."""
    if now.loss is None:
        return None
    forgotten = 0.0 if now.general is None or before.general is None else max(0.0, now.general - before.general)
    return now.loss + setup.recipe.forgetting * forgotten


def look(
    setup: Setup, state: Progress, best: dict[str, Tensor], before: Measured, score: Score | None
) -> dict[str, Tensor]:
    """
    Measure the model on held-out pairs; return the best weights so far and note in *state* when to stop.
    """
    now = measure(setup)
    loss = cost(setup, now, before)
    value = None if score is None else score_now(setup, score)
    line = {"held_out_loss": now.loss, **now.general_line(), **({} if value is None else {"score": value})}
    state.log.append({"step": state.step, **line})
    setup.accelerator.log({key: number for key, number in line.items() if number is not None}, step=state.step)
    if loss is None:
        state.best_step = state.step
        return snapshot(setup.model)
    improved = state.best_loss is None or loss < state.best_loss
    if value is not None:
        # the score leads; the loss decides between equal scores
        improved = state.best_score is None or (value, -loss) > (state.best_score, -(state.best_loss or math.inf))
    if improved:
        state.best_loss, state.best_score, state.best_step, state.stale = loss, value, state.step, 0
        return snapshot(setup.model)
    state.stale += 1
    # what was seen once cannot have been learned by heart: a bad look within the first pass is noise
    if state.stale >= setup.recipe.patience and state.epoch >= 1:
        state.stopped = f"held-out {'score' if score else 'loss'} did not improve for {state.stale} looks"
    return best


def score_now(setup: Setup, score: Score) -> float:
    """Return *score* of the model as it stands, and leave it ready to train."""
    setup.model.eval()
    loaded = LoadedModel(setup.model, setup.family, setup.base, setup.context_length, setup.device, mode=setup.mode)
    value = score(ModelGenerator(loaded))
    set_mode(setup.model, setup.mode)
    setup.model.train()
    return value


def snapshot(model: PeftModel) -> dict[str, Tensor]:
    """Return a copy of what is trained."""
    return {
        name: parameter.detach().to("cpu", copy=True)
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    }


def load_weights(model: PeftModel, weights: Mapping[str, Tensor]) -> None:
    """Put *weights* into the model."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in weights:
                parameter.copy_(weights[name])


def keep(
    setup: Setup,
    folder: Path,
    state: Progress,
    names: Mapping[str, torch.nn.Parameter],
    optimizer: torch.optim.Optimizer,
    best: Mapping[str, Tensor],
) -> None:
    """Write a checkpoint."""
    if not setup.accelerator.is_main_process:
        return
    tensors = {f"model.{name}": parameter for name, parameter in names.items()}
    tensors |= {f"best.{name}": tensor for name, tensor in best.items()}
    tensors |= pack_optimizer(optimizer, {id(parameter): name for name, parameter in names.items()})
    save_checkpoint(folder, state, {**tensors, **pack_randomness()})


def restore(
    setup: Setup,
    folder: Path,
    names: Mapping[str, torch.nn.Parameter],
    optimizer: torch.optim.Optimizer,
    first: Progress,
) -> tuple[Progress, dict[str, Tensor]]:
    """Return the state and the best weights of the newest checkpoint, or those of a run that has not begun."""
    found = load_checkpoint(folder)
    if found is None:
        return first, snapshot(setup.model)
    state, tensors = found
    load_weights(setup.model, {name: tensors[f"model.{name}"] for name in names})
    unpack_optimizer(optimizer, {id(parameter): name for name, parameter in names.items()}, tensors)
    unpack_randomness(tensors)
    return state, {name: tensors[f"best.{name}"] for name in names}


# Save


def finish(
    setup: Setup,
    out: Path,
    corpus: Corpus,
    encoded: Encoded,
    run: Mapping[str, Any],
    state: Progress,
    before: float | None,
) -> None:
    """Prove that the adapter is applied, write it, and clear away the run."""
    setup.report("save", 0, 1)
    setup.model.eval()
    fold_full(setup.model)
    applied = check_applied(setup.model, (setup.validation or setup.plan.examples)[:8], setup.mode)
    (out / RECORD).unlink(missing_ok=True)
    # a resumed run has read its first lines back from JSON, in another order of keys
    write_jsonl(out / "log.jsonl", (dict(sorted(line.items())) for line in state.log))
    write_adapter(setup.model, out, setup.base.name, make_record(setup, corpus, encoded, run, state, before, applied))
    timings = out / CHECKPOINTS / "timings.jsonl"
    if timings.is_file():
        timings.replace(out / "timings.jsonl")
    (out / CHECKPOINTS / RUN).unlink()
    shutil.rmtree(out / CHECKPOINTS, ignore_errors=True)
    setup.report("save", 1, 1)


def make_record(
    setup: Setup,
    corpus: Corpus,
    encoded: Encoded,
    run: Mapping[str, Any],
    state: Progress,
    before: float | None,
    applied: Any,
) -> dict[str, Any]:
    """Return what `idiolect.json` says beside the hashes of the files."""
    manifest = corpus.manifest
    after = held_out_loss(setup)
    return {
        "tool_version": __version__,
        "base": {
            "name": setup.base.name,
            "weights_sha256": setup.base.weights_sha256,
            "parameters": sum(p.numel() for name, p in setup.model.named_parameters() if "lora_" not in name),
            "context_length": setup.context_length,
        },
        "corpus": {
            "sha256": corpus.sha256,
            "repository": manifest.get("repository", ""),
            "commit": manifest.get("commit", ""),
        },
        "recipe": replace(setup.recipe, steps=run["steps"], minutes=None).as_json(),
        "prompt_format": {"name": setup.family.name, "stop_ids": sorted(setup.family.stop_ids)},
        "packing": setup.mode,
        "counts": {
            "pairs": len(encoded.examples),
            "replayed": dict(sorted(Counter(replayed(setup)).items())),
            "refused": encoded.refused,
            "kinds": dict(sorted(Counter(kind_counts(corpus, encoded)).items())),
            "steps": state.step,
            "epochs": state.epoch,
            "answer_tokens": state.answer_tokens,
            "trained_parameters": sum(t.numel() for t in adapter_tensors(setup.model).values()),
        },
        "losses": {
            "training": next((line["loss"] for line in reversed(state.log) if "loss" in line), None),
            "validation": {
                "base": before,
                "tuned": after,
                "best_step": state.best_step,
                "pairs": len(setup.validation),
                "tokens": sum(len(example.answer) for example in setup.validation),
            },
        },
        "stopped_early": state.stopped or None,
        "applied": describe_applied(applied),
    }


def replayed(setup: Setup) -> Iterator[str]:
    """Yield where each example comes from that is not of the corpus: `general` code, or the base's `own` answers."""
    sources = (example.id.partition(":")[0] for example in setup.plan.examples)
    return (source for source in sources if source in ("general", "own"))


def kind_counts(corpus: Corpus, encoded: Encoded) -> Iterator[str]:
    """Yield the kind of every pair that was learned from."""
    kinds = {pair.id: pair.kind for pair in corpus.pairs("train")}
    return (kinds.get(example.id, "own") for example in encoded.examples)
