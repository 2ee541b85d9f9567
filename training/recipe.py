"""
Every knob of training, with its default, unit and reason. In: a TOML file, `KEY=VALUE` words. Out: a `Recipe`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from ..mining.artefacts import expect_form, parse_toml
from ..mining.errors import InputError, SettingsError
from ..mining.wording import ask_if_meant

WHOLE_BITS = 63
"""Of the largest whole number that TOML has."""
METHODS = ("lora", "dora", "qlora", "full")
SMALL_MODEL = 50_000_000
"""Below this many parameters a base is treated as the embedded one: an epoch of minutes on a laptop."""
FEW_PAIRS = 500
"""A corpus of fewer pairs can spare none: `infill` is 1 by default, and `data` thins nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """
    One way to train. With corpus and base it decides the adapter, bit for bit on one machine's processor.
    """

    method: str = "lora"
    """
    `lora`; `dora` (26 % slower, no gain in PEFT's own benchmark); `qlora` (the base in 4 bits, where memory is short
    and bitsandbytes is installed); `full` (every linear layer whole, the embedded base only). In 40 steps of 1,024
    tokens of Python `full` cost general code 0.28 nats at a rate of 1e-3 and 0.04 at 1e-4; held-out answers came from
    2.15 to 2.09 and 2.07, and to 2.04 and 2.07 once the first was reined in.
    """
    rank: int = 32
    """Width of the adapter. Hardly matters; the learning rate does."""
    alpha: float = 32.0
    """Scale of the adapter before the rank divides it."""
    rank_stabilized: bool = True
    """Divide by the root of the rank (rsLoRA), which keeps the best learning rate independent of the rank."""

    contrast: bool = False
    """
    Begin with the directions in which the pairs differ most from the general code that is repeated (`replay`), instead
    of random ones: a small base gains as much and forgets less. Takes some passes over the layers' widths cubed.
    """

    learning_rate: float = 2e-4
    """Peak rate. About 10 times that of full tuning; smaller bases take more."""
    embedding_rate: float = 0.0
    """
    Rate of the embedding's rows, in the input and in the head, of tokens that the pairs hold, as a share of
    `learning_rate`; 0 leaves them as they are. For small bases: large ones have met most words. A head with a bias
    keeps its rows.
    """
    warm_up: int = 20
    """Steps of linear warm-up; at most a tenth of the run."""
    floor: float = 0.1
    """Last rate of the cosine as a share of the peak."""
    betas: tuple[float, float] = (0.9, 0.99)
    """AdamW's averages: 0.99 forgets faster than the usual 0.999, and the runs are short."""
    weight_decay: float = 0.0
    """Decay of adapter weights."""
    clip: float = 1.0
    """Largest norm of a step's gradient."""
    average: float = 0.0
    """
    Share of the steps so far, the latest, that what is looked at and kept is about the mean of (`average.py`); 0 takes
    the weights as they stand. The steps themselves go on from those.
    """

    epochs: float = 3.0
    """Most passes over the pairs; the early stop may end before."""
    steps: int | None = None
    """Optimizer steps. Unset, they follow from `epochs`, or from `minutes` if that is less."""
    minutes: float | None = None
    """Most minutes of training, all it does included. Becomes a number of steps once, by a timed probe, and is
    recorded as such."""
    step_tokens: int = 32_768
    """Tokens in an optimizer step: about 32 pairs. Adapters pay for larger batches."""
    pack_tokens: int = 16_384
    """Tokens computed together. Sets memory; below 8,192 a GPU waits for its launches. Several processes take
    fewer, down to the longest pair, so that each has a pack of a step."""
    max_tokens: int = 4096
    """Longest pair, prompt and answer together; longer ones are left out and counted, never cut."""
    share: int = 8
    """Most answers behind one shared prefix. More is cheaper, and a step sees fewer files."""

    extra: float = 0.25
    """
    Pairs of other kinds than `implement` and `infill` (`use`, `declare`, `restyle`, `edit`, `document`, `recall`) for
    each of those two, equally many of each kind. More teaches more of the house, and costs a short run some of its own
    code.
    """
    infill: float = 0.5
    """
    Most `infill` pairs as a share of those and `implement`; what is beyond is left out and counted, with 1 nothing.
    They keep the base's gift of filling in, and hold few answer tokens for what they cost.
    """

    data: float = 1.0
    """
    Pairs of data and prose for each of code, where a corpus is not about them. No test asks for one, and a folder of
    parameters in YAML gave 98 of 100 pairs.
    """

    bare: float = 0.0
    """Share of the pairs that are asked without their file's context: cheaper to read, and people ask so too."""

    rate_probe: int = 0
    """Steps that a third, one and three times the rate are each tried for, the best of them kept; 0: none are."""
    replay: float = 0.0
    """Answer tokens that are repeated from elsewhere, for each one of the pairs: 0.4 is 29 % of all. 0 repeats nothing,
    and watches nothing either."""
    replay_own: float = 0.5
    """How much of what is repeated the base writes itself before it learns, the rest being general code. 0 saves the
    writing."""
    replay_draws: int = 0
    """
    Tokens, drawn from the base's own chances, that are asked for in place of each one that is repeated: what the base
    makes of that code is kept, and the code itself not learned. 0 asks for the token that stands there.
    """
    forgetting: float = 1.0
    """What a nat lost on general code beyond `allowance` weighs against a nat gained when the best weights are chosen.
    0 looks at the gain alone."""
    allowance: float = 0.06
    """Nats a token that general code may lose at no cost."""
    ceiling: float = 0.06
    """
    Nats a token beyond which less of the change is kept, whatever it gained: the verdict wants it shown, on other code,
    that 0.1 is not lost. 0 sets none. Nothing is taken back where no general code is watched (`forgetting=0`), from an
    adapter that goes on with another, or where `probes` choose.
    """

    validate_every: int = 0
    """Steps between looks at held-out loss; 0 means two looks a pass, and at most ten."""
    validation_tokens: int = 16_384
    """Tokens of held-out pairs in each look."""
    probes: int = 0
    """Held-out tasks of the validation split that the model answers at every look: the weights that answer them best
    are kept, the loss deciding between equals. 0 goes by the loss alone; writing answers takes far longer than reading
    them."""
    patience: int = 5
    """Looks without improvement after which the run stops, once every pair has been seen."""

    precision: str = "auto"
    """
    `auto`, `fp32` or `bf16`. `auto` is bf16 on accelerators, and for bases of 50 million parameters and more on
    processors that multiply in it; fp32 otherwise.
    """
    checkpointing: bool = False
    """Recompute activations instead of keeping them. Costs a third more compute."""
    answer_head: bool = True
    """Score only the positions that answers are predicted from. Off only to measure what it saves."""
    uncast_inputs: bool = True
    """Keep PEFT from casting inputs to the adapters' precision: fewer bytes saved, equal gradients under autocast.
    Those of `dora` would not be equal, and are cast."""
    fuse_layers: bool = True
    """Compute a layer and its adapter in one hand-written piece: fewer passes over memory, equal gradients."""
    fuse_pointwise: bool = True
    """With `fuse_layers` and on a GPU, compute norms, gates and rotary positions in one kernel each."""
    fuse_siblings: bool = False
    """With `fuse_layers` and on a GPU, compute layers that read the same rows in one product, and what a gate lets
    through beside it. Off until it is measured there."""
    fuse_loss: bool = True
    """Take the head's gradient with its logits, a few rows at a time, so that no logits are kept."""
    prompts_first: bool = True
    """On a processor, read the prompts of a pack before its answers, and no further than their last keys and values,
    which is all that answers see of them: equal gradients, and a prompt's last layer is not computed."""
    skim: bool = False
    """
    Read prompts without a gradient: the answers see them, and only what is computed at answers teaches. On a processor
    it takes 1.4 times the tokens a second; each teaches a little less. Bases that take no packs read as ever.
    """
    skim_below: float = 2.3
    """
    Nats a token that the base may lose on held-out answers for prompts to be skimmed: beyond, it has not met what is
    taught, and learns it from prompts too. The embedded base loses 1.7 to 1.9 on Python that it has never read, 2.6 on
    the sample framework and 3.6 on the sample language. In four minutes it came to 1.73 instead of 1.75 nats on the
    framework's held-out answers, and unread general code got 0.12 instead of 0.15 nats worse; on the language an
    earlier base came to 1.64 instead of 1.78.
    """
    lanes: bool = True
    """Compute a step's packs side by side on a processor, one core each: no core waits for another within a kernel."""
    shard: bool = False
    """Spread the base's layers over the processes (FSDP2): each holds its part of every layer and borrows the rest. For
    a base that one card cannot hold; what the base would write itself (`replay_own`) is general code then."""
    compile: bool = False
    """Compile each layer, all but its attention, which takes minutes, so only for long runs. What it gains is not
    measured: 15 % on a GPU, with attention compiled for every pack anew. DoRA's layers are seldom kept compiled."""
    fused: bool = True
    """One kernel for the optimizer's update."""
    seed: int = 0
    """Decides the adapter's first weights and the order of the data."""
    checkpoint_every: int = 25
    """Steps between checkpoints."""

    @property
    def plain_layers(self) -> bool:
        """
        Whether layers compute as they are.

        Recomputed and compiled ones keep state of their own between forward and backward; spread ones are borrowed one
        at a time.
        """
        return not (self.checkpointing or self.compile or self.shard)

    @property
    def watched_tokens(self) -> int:
        """How many tokens of general code a run looks at, to tell what was forgotten."""
        return self.validation_tokens // 4 if self.replay and self.forgetting else 0

    def rate(self, step: int, steps: int) -> float:
        """Return the learning rate of *step* (from 0) in a run of *steps*: linear warm-up, cosine to the floor."""
        warm_up = max(1, min(self.warm_up, steps // 10))
        if step < warm_up:
            return self.learning_rate * (step + 1) / warm_up
        done = (step - warm_up) / max(1, steps - warm_up)
        return self.learning_rate * (self.floor + (1 - self.floor) * 0.5 * (1 + math.cos(math.pi * done)))

    def as_json(self) -> dict[str, Any]:
        """Return the values as JSON has them."""
        return {**dataclasses.asdict(self), "betas": list(self.betas)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Recipe:
        """Return the recipe whose values JSON has; raises `MismatchError` where they are none of this version."""
        with expect_form("The recipe of the adapter", ". Train it again."):
            return cls(**{key: convert(key, value) for key, value in values.items()})


def change_recipe(recipe: Recipe, file: Path | None, words: Sequence[str]) -> Recipe:
    """
    Return *recipe* with the values of the TOML *file* and then those of *words* (`KEY=VALUE`) put in.

    Raises `SettingsError` with every fault at once.
    """
    changes: dict[str, Any] = {}
    faults: list[str] = []
    if file is not None:
        changes.update(read_recipe_file(file))
    for word in words:
        key, equals, text = word.partition("=")
        if not equals:
            faults.append(f"{word!r} is not KEY=VALUE")
            continue
        changes[key.strip()] = parse_word(text.strip())
    values: dict[str, Any] = {}
    for key, value in changes.items():
        try:
            values[key] = convert(key, value)
        except ValueError as fault:
            faults.append(str(fault))
    faults.extend(check_ranges(values))
    kinds = get_type_hints(Recipe)
    if any(key not in kinds and not ask_if_meant(key, kinds) for key in changes):
        faults.append(f"a recipe has {', '.join(kinds)}")
    if faults:
        raise SettingsError(str(file) if file is not None else "recipe", faults)
    return dataclasses.replace(recipe, **values)


def read_recipe_file(file: Path) -> Mapping[str, Any]:
    """Return the table of a recipe file."""
    try:
        return parse_toml(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise InputError(f"The recipe {str(file)!r} cannot be read: {why}") from error


def parse_word(text: str) -> Any:
    """Return *text* as a TOML value, or as the plain string it is."""
    try:
        table = parse_toml(f"value = {text}")
    except ValueError:
        return text
    # what follows a line break may be a value of its own
    return table["value"] if len(table) == 1 else text


def convert(key: str, value: Any) -> Any:
    """
    Return *value* as the type of the recipe's field *key*.

    Raises `ValueError` with what is wrong.
    """
    kinds = get_type_hints(Recipe)
    if key not in kinds:
        raise ValueError(f"no value {key!r}" + ask_if_meant(key, kinds))
    kind = kinds[key]
    if get_origin(kind) is tuple:
        numbers = isinstance(value, list) and all(isinstance(v, int | float) for v in value)
        if not numbers or len(value) != 2 or not all(0 <= v < 1 for v in value):
            raise ValueError(f"{key} must be two numbers from 0 to below 1, got {value!r}")
        return tuple(float(v) for v in value)
    if isinstance(value, int) and value.bit_length() > WHOLE_BITS:
        raise ValueError(f"{key} is beyond the whole numbers of TOML")
    choices = get_args(kind) or (kind,)
    if isinstance(value, bool) is not (bool in choices):
        raise ValueError(f"{key} must be {name_of(choices)}, got {value!r}")
    if float in choices and isinstance(value, int):
        return float(value)
    if not isinstance(value, choices):
        raise ValueError(f"{key} must be {name_of(choices)}, got {value!r}")
    return value


def name_of(choices: Sequence[type]) -> str:
    """Return the types of *choices* in words."""
    words = {int: "a whole number", float: "a number", bool: "true or false", str: "a word"}
    return next(words[choice] for choice in choices if choice in words)


RANGES: Mapping[str, tuple[float, float]] = {
    "rank": (1, 4096),
    "alpha": (1e-6, 1e6),
    "learning_rate": (1e-8, 1.0),
    "embedding_rate": (0, 10),
    "warm_up": (0, 1e6),
    "floor": (0, 1),
    "weight_decay": (0, 1),
    "clip": (1e-6, 1e6),
    "epochs": (1e-3, 1e4),
    "steps": (1, 1e9),
    "minutes": (1e-2, 1e6),
    "step_tokens": (1, 1e8),
    "pack_tokens": (1, 1e7),
    "max_tokens": (8, 1e7),
    "share": (1, 1e6),
    "infill": (0, 1),
    "extra": (0, 1e6),
    "data": (0, 1e6),
    "bare": (0, 1),
    "rate_probe": (0, 1e6),
    "replay": (0, 0.9),
    "replay_own": (0, 1),
    "replay_draws": (0, 4096),
    "forgetting": (0, 1e3),
    "allowance": (0, 1e3),
    "ceiling": (0, 1e3),
    "validate_every": (0, 1e9),
    "validation_tokens": (1, 1e9),
    "probes": (0, 1e6),
    "average": (0, 1),
    "patience": (1, 1e6),
    "skim_below": (0, 1e3),
    "checkpoint_every": (1, 1e9),
    "seed": (0, 2**63 - 1),
}
WORDS: Mapping[str, tuple[str, ...]] = {
    "method": METHODS,
    "precision": ("auto", "fp32", "bf16"),
}


def check_ranges(values: Mapping[str, Any]) -> list[str]:
    """Return one fault per value that is outside what can work."""
    faults = [
        f"{key} must be from {least:g} to {most:g}, got {values[key]!r}"
        for key, (least, most) in RANGES.items()
        if values.get(key) is not None and not least <= values[key] <= most
    ]
    faults += [
        f"{key} must be one of {', '.join(words)}, got {values[key]!r}"
        for key, words in WORDS.items()
        if key in values and values[key] not in words
    ]
    return faults
