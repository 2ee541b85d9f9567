"""
What a run holds still. In: a corpus, a base and a recipe. Out: the pairs encoded, the model adapted, the steps planned.

`gather` reads configuration and tokenizer alone, so that a run can be planned and refused before a weight is read.
"""

from __future__ import annotations

import gc
import json
import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from statistics import median_low
from typing import Any

import torch
from accelerate import Accelerator
from peft import PeftModel
from transformers.modeling_layers import GradientCheckpointingLayer

from ..mining.artefacts import expect_form, parse_json, write_json
from ..mining.corpus import Corpus
from ..mining.errors import InputError
from ..mining.pairs.pair import Pair
from ..mining.split import SPLITS, LeakFinder, aside_of
from ..mining.wording import counted
from ..mining.workers import Progress as Report
from .adapter import CONFIG, attach_adapter, load_adapter, read_record
from .checkpoints import CHECKPOINTS
from .encode import (
    BEYOND_BASE,
    DATA_BEYOND,
    INFILL_BEYOND,
    OTHERS_BEYOND,
    TOO_LONG,
    Encoded,
    Example,
    encode_pairs,
    require_pairs,
)
from .families import Family, probe_family
from .forward import choose_mode, decoder_layers, expect_mode, plain_model, set_mode
from .fused import fuse_adapter, has_plain_head, keep_memory
from .gated import fuse_gates
from .generation import LoadedModel, ModelGenerator
from .lanes import choose_lanes
from .mix import drop_contexts, limit_data, limit_infill, mix_kinds
from .models import (
    DTYPES,
    Base,
    choose_dtype,
    context_length,
    load_base_model,
    load_tokenizer,
    quantised,
    read_config,
    read_ends,
    read_parameters,
    require_own,
)
from .packing import Plan, plan_training
from .pointwise import fuse_pointwise
from .recipe import SMALL_MODEL, Recipe, convert
from .replay import (
    draw_examples,
    general_examples,
    general_files,
    general_turns,
    pack_examples,
    unpack_examples,
    write_own,
)
from .shard import spread_layers, taking_turns
from .siblings import fuse_siblings
from .sizing import size_recipe
from .vocabulary import house_tokens

REPLAY = "replay.json"


@dataclass(frozen=True)
class Order:
    """
    What is asked of a run.
    """

    corpus: Corpus
    base: Base
    recipe: Recipe | None = None
    """None: sized from the corpus and the base."""
    adjust: Callable[[Recipe], Recipe] | None = None
    """What of it is to be otherwise."""
    pairs: Sequence[Pair] | None = None
    """What is offered instead of the corpus's training pairs."""
    start_from: Path | None = None
    """A finished adapter to go on from."""

    @property
    def offered(self) -> Sequence[Pair]:
        """The pairs that may be learned from."""
        return self.corpus.pairs("train") if self.pairs is None else self.pairs


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
    began: float
    """`Material.began`."""
    general: tuple[Example, ...] = ()
    """General code that is never learned from: its loss tells what was forgotten. Empty where nobody looks."""

    @property
    def device(self) -> torch.device:
        """Where this process computes."""
        return self.accelerator.device

    @property
    def lanes(self) -> int:
        """How many packs this process computes side by side."""
        return choose_lanes(self.recipe, self.device)


@dataclass(frozen=True)
class Material:
    """
    What a run is made of, before a weight is read.
    """

    order: Order
    family: Family
    recipe: Recipe
    dtype: torch.dtype
    context_length: int
    encoded: Encoded
    validation: tuple[Example, ...]
    began: float
    """When the run began, by `time.perf_counter`: its minutes count from here."""
    pack_tokens: int | None = None
    """Most tokens of a pack where memory holds no more than that; None: as the recipe says."""

    @property
    def longest(self) -> int:
        """The longest document in tokens."""
        return min(self.recipe.max_tokens, self.context_length)

    def plan(self, mode: str = "", processes: int = 1) -> Plan:
        """
        Return how the pairs become steps where packs are kept apart by *mode*, or as is likely of the base.

        Packs are cut short enough that a step has one for each of *processes*, but never below the longest document.
        """
        mode = mode or expect_mode(read_config(self.order.base))
        single = mode == "single"
        room = self.recipe.pack_tokens if self.pack_tokens is None else self.pack_tokens
        if processes > 1:
            room = min(room, math.ceil(self.recipe.step_tokens / processes))
        # a dense mask, and what eager attention keeps, cost the square of a pack
        most = {"single": 1, "mask": self.longest}.get(mode, max(room, self.longest))
        return plan_training(
            self.encoded.examples,
            pack_tokens=most,
            step_tokens=self.recipe.step_tokens,
            share=1 if single else self.recipe.share,
            seed=self.recipe.seed,
        )


def gather(order: Order, device: torch.device, report: Report, began: float) -> Material:
    """
    Size the recipe and encode the pairs. Reads configuration and tokenizer, no weights.

    Raises `InputError` when the recipe asks for another form of adapter than the one to go on from has.
    """
    base, offered = order.base, order.offered
    tokenizer = load_tokenizer(base)
    family = probe_family(tokenizer, read_ends(base))
    if family.unused:
        report(f"format: the base's chat template is not used: {family.unused}", 1, 1)
    room = context_length(base, tokenizer)
    parameters = read_parameters(base)
    aside = aside_of(order.corpus.manifest)
    likely, _ = limit_data(offered, aside, Recipe().data)
    kinds = Counter(pair.kind for pair in likely)
    sized = size_recipe(
        pairs=len(likely),
        parameters=parameters,
        context_length=room,
        accelerator=device.type == "cuda",
        whole=kinds["implement"],
        holes=kinds["infill"],
    )
    recipe = resolve_recipe(order, sized)
    require_possible(recipe, base)
    dtype = choose_dtype(device, parameters) if recipe.precision == "auto" else DTYPES[recipe.precision]
    encoded = encode_mix(offered, aside, recipe, family, room, report)
    require_pairs(encoded)
    longest = min(recipe.max_tokens, room)
    validation = encode_pairs(spread(mix_kinds(order.corpus.pairs("validation"), 0.0)), family, longest)
    held_out = first_tokens(validation.examples, recipe.validation_tokens)
    return Material(order, family, recipe, dtype, room, encoded, held_out, began)


def encode_mix(
    offered: Sequence[Pair], aside: Collection[str], recipe: Recipe, family: Family, room: int, report: Report
) -> Encoded:
    """Return those of *offered* that *recipe* mixes and a base that takes *room* tokens reads, and why not the rest."""
    longest = min(recipe.max_tokens, room)
    asked, data = limit_data(offered, aside, recipe.data)
    kept, beyond = limit_infill(asked, recipe.infill)
    mixed = mix_kinds(kept, recipe.extra)
    train = drop_contexts(mixed, recipe.bare)
    encoded = encode_pairs(train, family, longest, lambda done: report("encode", done, len(train)))
    refused = dict(encoded.refused)
    if longest == room and TOO_LONG in refused:
        # no recipe takes these
        refused[BEYOND_BASE] = refused.pop(TOO_LONG)
    spared = {DATA_BEYOND: data, INFILL_BEYOND: beyond, OTHERS_BEYOND: len(kept) - len(mixed)}
    return replace(encoded, refused=refused | {reason: count for reason, count in spared.items() if count})


def resolve_recipe(order: Order, sized: Recipe) -> Recipe:
    """
    Return the recipe of *order*, or else the *sized* one in the form of the adapter to go on from, adjusted.

    Raises `InputError` where it is of another form than that adapter.
    """
    form = {} if order.start_from is None else read_form(order.start_from)
    recipe = replace(sized, **form) if order.recipe is None else order.recipe
    recipe = recipe if order.adjust is None else order.adjust(recipe)
    # four bits are of the base, not of the adapter
    kept = {key: value for key, value in form.items() if not (key == "method" and recipe.method == "qlora")}
    other = [key for key, value in kept.items() if getattr(recipe, key) != value]
    if other:
        values = ", ".join(f"{key}={form[key]}" for key in other)
        raise InputError(f"The adapter to go on from has {values}, and keeps it. Do not set {', '.join(other)}.")
    return recipe


def require_possible(recipe: Recipe, base: Base) -> None:
    """Raise `InputError` for what *recipe* asks of *base* and does not go with it, or with itself."""
    if recipe.method == "full" and not base.name.startswith("idiolect/"):
        raise InputError(f"method=full is for the embedded base; {base.name!r} would forget too much. Use method=lora.")
    if recipe.skim and recipe.compile:
        raise InputError("compile=true compiles layers for whole packs. Set skim=false, or leave compile out.")


def set_up(accelerator: Accelerator, material: Material, report: Report) -> Setup:
    """Load the base, attach the adapter, and find out how packs are kept apart."""
    base, recipe, device, dtype = material.order.base, material.recipe, accelerator.device, material.dtype
    if recipe.shard:
        # one process writes what the base itself says, and spread layers need them all
        recipe = replace(recipe, replay_own=0.0)
    report("load", 0, 1)
    # a model that was trained before goes only now: its layers hold themselves
    gc.collect()
    options = quantised(device, dtype) if recipe.method == "qlora" else {}
    host = torch.device("cpu") if recipe.shard else device
    tokens = house_tokens(material.encoded.examples) if recipe.embedding_rate else []
    begun = material.order.start_from
    with taking_turns(accelerator) if recipe.shard else nullcontext() as mesh:
        model = load_base_model(base, device=host, dtype=dtype, **options)
        adapted = attach_adapter(model, recipe, tokens) if begun is None else continue_adapter(model, material, begun)
        if mesh is not None:
            spread_layers(adapted, device, mesh)
    report("load", 1, 1)
    mode = choose_mode(adapted, device, dtype, material.longest)
    plan = material.plan(mode, accelerator.num_processes)
    setup = Setup(
        accelerator, base, material.family, adapted, recipe, plan, material.validation, mode, dtype,
        material.context_length, report, material.began,
    )  # fmt: skip
    if model.num_parameters() < SMALL_MODEL:
        keep_memory()
    prepare_model(adapted, recipe, mode, device)
    return setup


def add_replay(setup: Setup, out: Path, corpus: Corpus) -> Setup:
    """
    Return *setup* with general code among its examples and, apart from that, general code to watch.

    Code that also stands in *corpus*, whatever its split, is none: a probe may ask for it. What the base writes itself
    is written once and kept: a resumed run learns from the same answers.
    """
    base, family, plan = setup.base, setup.family, setup.plan
    if not setup.recipe.replay:
        return setup
    tokens = setup.recipe.replay * sum(len(example.answer) for example in plan.examples)
    own_tokens = int(tokens * setup.recipe.replay_own)
    longest = min(setup.recipe.max_tokens, setup.context_length)
    # some in any case: a base may end none of its own answers
    a_turn = max(1, int(tokens) - own_tokens)
    files = list(general_files(base))
    leaks = LeakFinder([replace(pair, split="test") for split in SPLITS for pair in corpus.pairs(split)])
    most_turns = math.ceil(setup.recipe.epochs)
    turns = general_turns(files, family, leaks, answer_tokens=a_turn, max_tokens=longest, most=most_turns)
    own: list[Example] = []
    if own_tokens:
        prompts = chain.from_iterable(draw_examples(files, family, leaks, max_tokens=longest, watched=False))
        own = own_examples(setup, prompts, own_tokens, out / CHECKPOINTS / REPLAY)
    watched = ()
    if most := setup.recipe.watched_tokens:
        watched = general_examples(files, family, leaks, watched=True, max_tokens=longest, answer_tokens=most)
    mixed_plan = plan_training(
        [*plan.examples, *own],
        pack_tokens=plan.pack_tokens,
        step_tokens=plan.step_tokens,
        share=plan.share,
        seed=plan.seed,
        turns=turns,
    )
    return replace(setup, plan=mixed_plan, general=watched)


def announce_idle(setup: Setup) -> None:
    """Say where most steps have fewer packs than there are processes: the others wait for them."""
    processes, packs = setup.accelerator.num_processes, median_low(map(len, setup.plan.epoch(0)))
    if packs < processes:
        idle = processes - packs
        waiting = "1 of these waits" if idle == 1 else f"{idle} of these wait"
        told = f"a step has {counted(packs, 'pack')} for {processes} processes, and {waiting}"
        setup.report(f"plan: {told}; raise step_tokens, lower max_tokens, or start {packs}", 1, 1)


def own_examples(setup: Setup, prompts: Iterable[Example], tokens: int, file: Path) -> list[Example]:
    """Return the base's own answers to *prompts*, *tokens* together, written by one process and kept in *file*."""
    if setup.accelerator.is_main_process and not file.is_file():
        setup.report("replay", 0, 1)
        loaded = LoadedModel(setup.model, setup.family, setup.base, setup.context_length, setup.device, mode=setup.mode)
        own = write_own(ModelGenerator(loaded), prompts, answer_tokens=tokens, seed=setup.recipe.seed)
        write_json(file, pack_examples(own))
        set_mode(setup.model, setup.mode)
        setup.report("replay", 1, 1)
    setup.accelerator.wait_for_everyone()
    return unpack_examples(json.loads(file.read_text("utf-8")))


def read_form(folder: Path) -> dict[str, Any]:
    """Return what of a recipe the finished adapter in *folder* has decided."""
    recipe = read_record(folder)["recipe"]
    with expect_form(f"The adapter in {str(folder)!r}", ". Train it again."):
        config = parse_json((folder / CONFIG).read_text("utf-8"))
        # the recipe alone still tells alpha and stabilization apart; full tuning's layers have scales of their own
        scale = {"alpha": float(config["lora_alpha"]), "rank_stabilized": config["use_rslora"]}
        if recipe["method"] != "full":
            scale = {key: convert(key, recipe[key]) for key in scale}
        form = {"method": "dora" if config["use_dora"] else "lora", "rank": config["r"], **scale, "contrast": False}
    return form if config.get("trainable_token_indices") else {**form, "embedding_rate": 0.0}


def continue_adapter(model: Any, material: Material, folder: Path) -> PeftModel:
    """Return *model* with the finished adapter in *folder*, ready to learn more."""
    require_own(material.order.base, material.family, read_record(folder))
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


def prepare_model(model: PeftModel, recipe: Recipe, mode: str, device: torch.device) -> None:
    """Put *model* into training form: attention, fused layers, recomputation, compiled layers."""
    set_mode(model, mode)
    # asked here, once: lanes would ask it at the same time
    has_plain_head(plain_model(model))
    # a compiler fuses by itself, and sees more of a layer than its matrices
    if recipe.fuse_layers and not recipe.compile:
        if recipe.fuse_siblings and device.type == "cuda":
            fuse_gates(model)
            fuse_siblings(model)
        fuse_adapter(model)
        if recipe.fuse_pointwise and device.type == "cuda":
            fuse_pointwise(model)
    # some bases name a dropout (StarCoder2, Granite): it would make every run another one, and no packed kernel has it
    model.eval()
    if recipe.checkpointing:
        base: Any = model.get_base_model()
        # newer transformers call it by the first name
        names = ("activation_checkpointing_enable", "gradient_checkpointing_enable")
        try:
            next(getattr(base, name) for name in names if hasattr(base, name))({"use_reentrant": False})
        except ValueError as error:
            raise InputError(f"This base recomputes nothing: {error} Set checkpointing=false.") from error
        drop_nothing(model)
    if recipe.compile:
        for layer in decoder_layers(model):
            # what a layer that is recomputed calls is left as it is, but for modules that are compiled themselves
            for module in layer.children() if recipe.checkpointing else [layer]:
                module.compile(dynamic=True)


def drop_nothing(model: PeftModel) -> None:
    """Let layers that are recomputed drop nothing: they are told that they are trained, and OPT's go by that."""
    for layer in model.modules():
        if isinstance(layer, GradientCheckpointingLayer):
            shares = [name for name, value in vars(layer).items() if "dropout" in name and isinstance(value, float)]
            vars(layer).update(dict.fromkeys(shares, 0.0))
