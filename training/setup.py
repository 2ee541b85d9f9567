"""
What a run holds still. In: its material. Out: the model adapted, general code beside the pairs, the steps planned.
"""

from __future__ import annotations

import gc
import json
import math
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path
from statistics import median_low
from typing import Any

import torch
from accelerate import Accelerator
from peft import PeftModel
from transformers.modeling_layers import GradientCheckpointingLayer

from ..mining.artefacts import write_json
from ..mining.corpus import Corpus
from ..mining.errors import InputError
from ..mining.split import SPLITS, LeakFinder
from ..mining.wording import counted
from ..mining.workers import Progress as Report
from .adapter import attach_adapter, load_adapter, read_record
from .bases import Base
from .checkpoints import CHECKPOINTS
from .draws import draw_answers
from .encode import Example
from .families import Family
from .forward import decoder_layers, plain_model, set_mode
from .fused import fuse_adapter, has_plain_head, keep_memory
from .gated import fuse_gates
from .generation import LoadedModel, ModelGenerator
from .lanes import choose_lanes
from .material import Material
from .models import load_base_model, quantised
from .modes import choose_mode
from .own import require_own
from .packing import Plan, plan_training
from .pointwise import fuse_pointwise
from .recipe import SMALL_MODEL, Recipe
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
from .vocabulary import house_tokens

REPLAY = "replay.json"


@dataclass(frozen=True)
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
    if setup.recipe.replay_draws:
        drawn = iter(draw_answers(setup, [*own, *chain.from_iterable(turns)]))
        own, turns = list(islice(drawn, len(own))), [tuple(islice(drawn, len(turn))) for turn in turns]
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


def continue_adapter(model: Any, material: Material, folder: Path) -> PeftModel:
    """Return *model* with the finished adapter in *folder*, ready to learn more."""
    require_own(material.order.base, material.family, read_record(folder))
    return load_adapter(model, folder, trainable=True)


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
