"""
The adapter on disk. In: an adapted model and the record of its run. Out: PEFT's own files, `idiolect.json`, a card.

The files are PEFT's, so every server that knows PEFT loads them with nothing of ours. `idiolect.json` is written last:
an adapter without it is not complete. Every adapter carries the proof that it changes what the base says.
"""

from __future__ import annotations

import inspect
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from safetensors import safe_open
from safetensors.torch import save_file

from ..mining.artefacts import parse_json, sha256_file, write_json, write_text
from ..mining.errors import InputError, MismatchError, lacks_memory
from ..mining.instead import tell_instead
from ..mining.taught import TAUGHT
from ..mining.wording import counted
from .disk import disk_faults, follow_mask
from .encode import Example
from .forward import answer_losses, plain_model, text_part, to_batch
from .full import attach_full
from .models import is_finite
from .packing import build_pack
from .recipe import Recipe
from .trust import check_adapter
from .vocabulary import rows_by_module

if TYPE_CHECKING:
    from transformers import PreTrainedModel

SCHEMA = "idiolect.adapter/1"
RECORD = "idiolect.json"
WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
CARD = "README.md"
HANDED = re.compile(r"self\.(\w+)\.weight\b(?!\[|\.[ds])")
"""A layer's weight in a module's code, where it is not asked for its device, type or shape, nor for a part."""
EXPERTS = frozenset({"gate", "gate_proj", "up_proj", "down_proj", "w1", "w2", "w3"})
"""By what names PEFT (0.21) means experts that one tensor holds, also where a layer beside them has one."""
# Log-probabilities that differ by less than this are the same model: an adapter of zeros differs by nothing at all.
APPLIED = 1e-4
PROVED = 8
"""Answers that a new adapter is proved on."""


@dataclass(frozen=True, slots=True)
class AppliedCheck:
    """
    Whether an adapter changes what its base says.
    """

    applied: bool
    tensors: int
    """Weight tensors of the adapter."""
    zero_tensors: int
    """How many of them are all zero. A fresh adapter's second factors are."""
    difference: float
    """Largest change of an answer token's log-probability on the prompts looked at, in nats."""
    prompts: int


def attach_adapter(model: PreTrainedModel, recipe: Recipe, tokens: Sequence[int] = ()) -> PeftModel:
    """
    Return *model* with a fresh adapter whose weights follow from the recipe's seed, the rows of *tokens* among them.

    Raises `InputError` when PEFT finds no layer that it can adapt, and for a rank that no layer has.
    """
    torch.manual_seed(recipe.seed)
    rows: Any = rows_by_module(model, tokens)
    if recipe.method == "full":
        return attach_full(model, rows)
    if recipe.rank > (most := count_ranks(model)):
        raise InputError(f"rank={recipe.rank} is more than any layer of this base has: {most}. Set a lower rank.")
    config = LoraConfig(
        task_type="CAUSAL_LM",
        r=recipe.rank,
        lora_alpha=recipe.alpha,  # pyright: ignore - a float is fine, and the scale of a small rank needs one
        use_rslora=recipe.rank_stabilized,
        use_dora=recipe.method == "dora",
        target_modules=choose_targets(model),
        exclude_modules=name_spared(model) or None,
        lora_dropout=0.0,
        bias="none",
        trainable_token_indices=rows,
    )
    try:
        return get_peft_model(model, config)  # pyright: ignore
    except ValueError as error:
        raise InputError(f"This base takes no adapter: {str(error)[:300]}") from error


def count_ranks(model: PreTrainedModel) -> int:
    """Return the most ranks that a layer of *model* has: as many as its narrower side is wide."""
    return max(min(weight.shape) for weight in model.parameters() if weight.ndim > 1)


def choose_targets(model: PreTrainedModel) -> str | list[str]:
    """
    Return what is adapted: every linear layer but the head, for attention alone learns less at equal size.

    Experts that one tensor holds stay as they are, and so does what is called as they are. PEFT would give each of them
    a whole rank, copy all of them at every pass, and change layers while they compute, which lanes share.
    """
    names = [name for name, weight in model.named_parameters() if weight.ndim == 3]
    if not any(name.endswith((".gate_up_proj", ".down_proj")) for name in names):
        return "all-linear"
    head = model.get_output_embeddings()
    layers = [name for name, layer in model.named_modules() if isinstance(layer, torch.nn.Linear) and layer is not head]
    return [name for name in layers if name.rpartition(".")[2] not in EXPERTS]


def name_spared(model: PreTrainedModel) -> list[str]:
    """
    Return the names of linear layers that take no adapter.

    Those that choose experts return a choice, to which nothing could be added; what no text passes learns nothing; of
    layers that are not called, but hand on their weights, an adapter would be passed over; and where one weight stands
    in several layers, each would learn a change of its own, and no merged weight could hold them (Zamba2).
    """
    handed = {getattr(module, name, None) for module in model.modules() for name in find_handed(type(module))}
    passed = set(text_part(model).modules()) - handed
    layers = [(name, module) for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)]
    places = Counter(id(layer.weight) for _, layer in layers)
    return [
        name
        for name, layer in layers
        if type(layer).__name__.endswith("Router") or layer not in passed or places[id(layer.weight)] > 1
    ]


@cache
def find_handed(kind: type) -> frozenset[str]:
    """
    Return the names of the layers whose weights a module of *kind* hands to a kernel.

    State-space layers do (Mamba's `out_proj`), most of them only where a GPU's kernels are installed: it stands in
    their code alone.
    """
    sources: list[str] = []
    for method in filter(inspect.isfunction, vars(kind).values()):
        with suppress(OSError):
            sources.append(inspect.getsource(method))
    return frozenset(HANDED.findall("".join(sources)))


def load_adapter(model: PreTrainedModel, folder: Path, *, trainable: bool = False) -> PeftModel:
    """Return *model* with the adapter in *folder*."""
    check_adapter(folder, count_ranks(model))
    try:
        loaded = PeftModel.from_pretrained(
            model, folder, is_trainable=trainable, local_files_only=True, low_cpu_mem_usage=False
        )
        with safe_open(folder / WEIGHTS, "pt") as stored:
            names = set(stored.keys())
    except Exception as error:
        if lacks_memory(error):
            raise
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"The adapter in {str(folder)!r} does not fit its base: {reason}") from error
    for name, tensor in get_peft_model_state_dict(loaded, save_embedding_layers=False).items():
        if name not in names:
            # the library would go on with a fresh one
            raise InputError(f"The adapter in {str(folder)!r} lacks {name!r} of its weights.")
        if not is_finite(tensor):
            raise InputError(f"The weights of the adapter in {str(folder)!r} hold what is not a number, in {name!r}.")
    return loaded


def adapter_tensors(model: PeftModel) -> dict[str, torch.Tensor]:
    """Return the adapter's weights under the names that PEFT stores."""
    state = get_peft_model_state_dict(model, save_embedding_layers=False)
    return {name: tensor.detach().to("cpu", torch.float32).contiguous() for name, tensor in state.items()}


def prove_on(held_out: Sequence[Example], learned: Sequence[Example]) -> Sequence[Example]:
    """Return the few examples on whose answers an adapter is proved: of what was *held_out* where that is anything."""
    return (held_out or learned)[:PROVED]


def check_applied(model: PeftModel, examples: Sequence[Example], mode: str) -> AppliedCheck:
    """
    Compare the model with its adapter on and off, on the answers of *examples*.
    """
    tensors = adapter_tensors(model)
    difference = max((log_probability_change(model, example, mode) for example in examples), default=0.0)
    zero = sum(not bool(tensor.any()) for tensor in tensors.values())
    return AppliedCheck(
        # rows of zeros would change much, and were never trained
        applied=difference > APPLIED and zero < len(tensors),
        tensors=len(tensors),
        zero_tensors=zero,
        difference=difference,
        prompts=len(examples),
    )


@torch.no_grad()
def log_probability_change(model: PeftModel, example: Example, mode: str) -> float:
    """Return the largest change that the adapter makes to the log-probabilities of one answer's tokens."""
    parameter = next(model.parameters())
    batch = to_batch(build_pack([[example]]), mode, parameter.device, parameter.dtype)
    tuned = answer_losses(model, batch, fuse=False)
    with model.disable_adapter():
        base = answer_losses(model, batch, fuse=False)
    return float((tuned - base).abs().max())


def sample_examples(model: PreTrainedModel | PeftModel, count: int = 4) -> list[Example]:
    """Return random documents that *model* reads: enough to see what an adapter does, with no corpus at hand."""
    random = np.random.default_rng(0)
    plain: Any = plain_model(model)
    # some embeddings have a row more than the head, for padding (Moshi)
    vocabulary = min(len(part.weight) for part in (plain.get_input_embeddings(), plain.get_output_embeddings()))
    draw = lambda size: random.integers(0, vocabulary, size).astype(np.int32)  # noqa: E731 - one line, used below
    return [Example("", "", draw(8), draw(8), draw(16)) for _ in range(count)]


def write_adapter(model: PeftModel, out: Path, base_name: str, record: Mapping[str, Any]) -> None:
    """Write the adapter's files into *out*, `idiolect.json` last."""
    (out / RECORD).unlink(missing_ok=True)
    with disk_faults(out / WEIGHTS):
        save_file(adapter_tensors(model), out / WEIGHTS, metadata={"format": "pt"})
    write_json(out / CONFIG, plain_config(model, base_name))
    follow_mask(out / WEIGHTS, out / CONFIG)
    write_text(out / CARD, render_card(record))
    names = [WEIGHTS, CONFIG, CARD, *(name for name in ("log.jsonl", TAUGHT) if (out / name).is_file())]
    files = {name: sha256_file(out / name) for name in names}
    write_json(out / RECORD, {"schema": SCHEMA, **record, "files": files})


def plain_config(model: PeftModel, base_name: str) -> dict[str, Any]:
    """
    Return PEFT's configuration with its sets in order, so that equal adapters have equal bytes.

    Its alpha holds what rank stabilization makes of it: SGLang and llama.cpp's converter divide alpha by the rank and
    do not look for more. Layers have ranks of their own in full tuning alone, which is not stabilized.
    """
    config = dict(model.peft_config["default"].to_dict())
    config.update(base_model_name_or_path=base_name, inference_mode=True)
    if config["use_rslora"]:
        config.update(lora_alpha=config["lora_alpha"] * config["r"] ** 0.5, use_rslora=False)
    return {key: sorted(value) if isinstance(value, set) else value for key, value in sorted(config.items())}


def read_record(folder: Path) -> dict[str, Any]:
    """
    Return the `idiolect.json` of *folder*, its files verified.

    Raises `InputError` when there is no complete adapter, `MismatchError` when its bytes are not those recorded.
    """
    try:
        record = parse_json((folder / RECORD).read_text("utf-8"))
    except OSError:
        way_out = "Make one with `idiolect train`, or finish it with --resume."
        told = tell_instead(folder, "adapter", f"it has no {RECORD}", way_out)
        raise InputError(f"{str(folder)!r} is no finished adapter: {told}") from None
    except ValueError as error:
        raise MismatchError(f"{str(folder / RECORD)!r} is not JSON: {error}.") from error
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        found = record.get("schema") if isinstance(record, dict) else type(record).__name__
        raise InputError(f"{str(folder)!r} holds {found!r}, and this version reads {SCHEMA!r}. Train it again.")
    if not is_record(record):
        raise MismatchError(f"{str(folder / RECORD)!r} lacks what every adapter's record holds. Train it again.")
    for name in (WEIGHTS, CONFIG):
        if not (folder / name).is_file() or sha256_file(folder / name) != record["files"].get(name):
            raise MismatchError(f"{name!r} in {str(folder)!r} is not the file that was trained. Train it again.")
    return record


def is_record(record: Mapping[str, Any]) -> bool:
    """Claim that *record* says of its base, corpus, recipe, prompts and files what is read of it."""
    tables = ("base", "corpus", "recipe", "prompt_format", "counts", "files")
    if not all(isinstance(record.get(name), dict) for name in tables):
        return False
    languages = record["counts"].get("languages", {})
    if not isinstance(languages, dict) or not all(isinstance(pairs, int) for pairs in languages.values()):
        return False
    words = (record["base"].get("name"), record["base"].get("weights_sha256"), record["corpus"].get("sha256"))
    return all(isinstance(word, str) for word in words)


def load_block(base: Mapping[str, Any]) -> str:
    """Return the Python that loads *base* and the adapter on it; a base that was a folder or file is where it was."""
    name, imports, place = base["name"], "", '"path/of/the/base"'
    if name.startswith("idiolect/embedded-"):
        imports, place = "from idiolect.training.base import embedded_path\n", "embedded_path()"
    elif "/" in name:
        place = json.dumps(name)
    elif base.get("file"):
        place = f'"path/of/its/folder", gguf_file={json.dumps(base["file"])}'
    return f"""```python
{imports}from peft import PeftModel
from transformers import AutoModelForCausalLM

base = AutoModelForCausalLM.from_pretrained({place})
model = PeftModel.from_pretrained(base, "path/of/this/folder")
```"""


def render_card(record: Mapping[str, Any]) -> str:
    """Return the model card: what it is, what it learned from, what it gained, how to load it."""
    base, corpus, losses = record["base"], record["corpus"], record["losses"]
    held_out = losses["validation"]
    gain = (
        "No held-out pairs were there to measure a gain."
        if held_out["base"] is None
        else f"Loss on held-out answers: {held_out['base']:.4f} nats a token before, {held_out['tuned']:.4f} after "
        f"({counted(held_out['pairs'], 'pair')})."
    )
    applied = record["applied"]
    return f"""---
base_model: {json.dumps(base["name"])}
library_name: peft
pipeline_tag: text-generation
tags: [idiolect, lora, code]
---

# An adapter that writes like {corpus["repository"]}

Trained by idiolect {record["tool_version"]} on {record["counts"]["pairs"]:,} pairs of `{corpus["repository"]}` at
commit `{corpus["commit"]}`, for {counted(record["counts"]["steps"], "step")} and
{record["counts"]["answer_tokens"]:,} answer tokens. {gain}

- Base: `{base["name"]}`, weights sha256 `{base["weights_sha256"]}`
- Corpus: sha256 `{corpus["sha256"]}`
- Prompt format: `{record["prompt_format"]["name"]}`; ids that end an answer: {record["prompt_format"]["stop_ids"]}
- Applied: {"yes" if applied["applied"] else "NO"}; the largest change of a log-probability is
  {applied["difference"]:.4g} nats

## Load

{load_block(base)}

`idiolect generate` and `idiolect serve` render the prompts it was trained on. Whether it is worth using is a question
for `idiolect evaluate`: a lower loss alone is no verdict.
"""
