"""
What a run is made of. In: a corpus, a base and a recipe. Out: the recipe sized, and the pairs encoded.

Configuration and tokenizer alone are read, so that a run can be planned and refused before a weight is.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from ..mining.artefacts import expect_form, parse_json
from ..mining.corpus import Corpus
from ..mining.errors import InputError
from ..mining.pairs.pair import Pair
from ..mining.split import aside_of
from ..mining.workers import Progress as Report
from .adapter import CONFIG, read_record
from .base_config import context_length, load_tokenizer, read_config, read_ends, read_parameters
from .bases import Base
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
from .machine import DTYPES, choose_dtype
from .mix import drop_contexts, limit_data, limit_infill, mix_kinds
from .modes import expect_mode
from .packing import Plan, plan_training
from .recipe import Recipe, convert
from .sizing import size_recipe


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
