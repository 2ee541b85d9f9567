"""
What was trained, for other tools. In: an adapter. Out: merged weights, or a GGUF file.

Merging is done in full precision and cast once, and it is not called done before the merged folder, loaded afresh, has
given the live adapter's log-probabilities on prompts: merged models that are not the model that was trained are the
commonest complaint about tuning.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from ..mining.artefacts import check_place, new_artefact, sha256_file, write_json
from ..mining.errors import MismatchError
from . import gguf_file
from .adapter import RECORD, load_adapter, read_record, sample_examples
from .base_config import load_tokenizer, read_config, read_ends
from .bases import Base, find_base
from .disk import disk_faults, follow_mask
from .families import Family, Tokenizer, probe_family
from .forward import answer_losses, set_mode, to_batch
from .machine import DTYPES
from .models import load_base_model
from .own import recall_base, require_own
from .packing import build_pack

if TYPE_CHECKING:
    from torch import Tensor

MERGED_SCHEMA = "idiolect.merged/1"
GGUF_SCHEMA = "idiolect.gguf/1"
MARKER = "idiolect.json"
PROMPTS = 32
CPU = torch.device("cpu")
# Largest change of a log-probability between the live adapter and weights in full precision.
TOLERANCE = 1e-3
# Largest mean change that bf16 may make: it was 0.013 to 0.018 nats where single ones of 512 moved by up to 0.7.
ROUNDING = 0.05


class Merged(NamedTuple):
    """
    A base with an adapter merged into it, and what the live adapter said before.
    """

    base: Base
    record: dict[str, Any]
    """The adapter's."""
    model: Any
    """In fp32, on the processor."""
    tokenizer: Tokenizer
    family: Family
    live: Tensor
    """Log-probabilities of the prompts' answers."""


def merge_adapter(adapter: Path, base: str | Path | Base | None) -> Merged:
    """
    Return the adapter's base with the adapter merged into it.

    Raises `MismatchError` for another base than the adapter's own, and when the merged model does not speak as the live
    adapter does.
    """
    record = read_record(adapter)
    found = find_base(base or recall_base(record))
    tokenizer = load_tokenizer(found)
    family = probe_family(tokenizer, read_ends(found))
    require_own(found, family, record)
    model: Any = load_adapter(load_base_model(found, device=CPU, dtype=torch.float32), adapter).eval()
    live = answer_log_probabilities(model)
    merged = Merged(found, record, model.merge_and_unload(safe_merge=True), tokenizer, family, live)
    measure_change(merged, merged.model, "fp32")
    return merged


def export_merged(adapter: Path, out: Path, base: str | Path | None = None, precision: str = "bf16") -> dict[str, Any]:
    """
    Write the base with the adapter merged into it, as a folder that transformers and every server load.

    Raises `MismatchError`, and leaves nothing, when the stored weights do not speak as the live adapter does.
    """
    check_place(out, MARKER, MERGED_SCHEMA)
    merged = merge_adapter(adapter, base)
    with new_artefact(out, MARKER, MERGED_SCHEMA) as folder:
        name_end(merged.model, merged.family.stop_id)
        with disk_faults(folder):
            merged.model.to(DTYPES[precision]).save_pretrained(folder)
            merged.tokenizer.save_pretrained(folder)
        for weights in folder.glob("*.safetensors"):
            follow_mask(weights, folder / "config.json")
        stored: Any = load_base_model(Base(merged.base.name, folder, ""), device=CPU, dtype=torch.float32)
        proof = prove(merged, stored, adapter, precision)
        summary = {"schema": MERGED_SCHEMA, **proof, **describe_files(folder, "*.safetensors")}
        write_json(folder / MARKER, summary)
    return summary


def name_end(model: Any, stop_id: int) -> None:
    """Let what writes from *model* end where training put *stop_id*, whatever else the base names as the end."""
    named = model.generation_config.eos_token_id
    ends = named if isinstance(named, list) else [] if named is None else [named]
    if stop_id not in ends:
        model.generation_config.eos_token_id = [stop_id, *ends]


def export_gguf(adapter: Path, out: Path, base: str | Path | None = None, precision: str = "bf16") -> dict[str, Any]:
    """
    Write the base with the adapter merged into it, as a folder with one file that llama.cpp runs.

    Raises `InputError` where llama.cpp would read it otherwise (`gguf_file.py`), and `MismatchError` when the file,
    read back by transformers, does not speak as the live adapter does; either leaves nothing.
    """
    # a large base takes minutes to load
    check_place(out, MARKER, GGUF_SCHEMA)
    found = find_base(base or recall_base(read_record(adapter)))
    gguf_file.require_readable(read_config(found), load_tokenizer(found))
    merged = merge_adapter(adapter, found)
    with new_artefact(out, MARKER, GGUF_SCHEMA) as folder:
        file, name, stop_id = folder / gguf_file.FILE, merged.base.name, merged.family.stop_id
        gguf_file.write_gguf(merged.model, merged.tokenizer, file, name=name, stop_id=stop_id, precision=precision)
        read = Base(name, folder, sha256_file(file), gguf_file.FILE)
        stored: Any = load_base_model(read, device=CPU, dtype=torch.float32)
        proof = prove(merged, stored, adapter, precision)
        summary = {"schema": GGUF_SCHEMA, **proof, **describe_files(folder, "*.gguf")}
        write_json(folder / MARKER, summary)
    return summary


def prove(merged: Merged, stored: Any, adapter: Path, precision: str) -> dict[str, Any]:
    """
    Return what a merged export says of itself.

    Raises `MismatchError` when *stored*, the weights as they were written, does not speak as the live adapter did.
    """
    mean, largest = measure_change(merged, stored, precision)
    return {
        "adapter": sha256_file(adapter / RECORD),
        "base": merged.record["base"],
        "precision": precision,
        "prompts": PROMPTS,
        "mean_difference": mean,
        "largest_difference": largest,
        "prompt_format": merged.family.prompt_format,
    }


def measure_change(merged: Merged, model: Any, precision: str) -> tuple[float, float]:
    """
    Return by how much the log-probabilities of *model*, kept in *precision*, differ from the live adapter's.

    That is the mean, which rounding keeps small, and the largest, which it does not. Raises `MismatchError` when it is
    more than *precision* explains.
    """
    change = (answer_log_probabilities(model) - merged.live).abs()
    mean, largest = float(change.mean()), float(change.max())
    if not (largest <= TOLERANCE if precision == "fp32" else mean <= ROUNDING):
        way_out = "" if precision == "fp32" else " Export with --precision fp32."
        raise MismatchError(
            f"The merged weights are not the adapter: log-probabilities differ by {mean:.3g} nats on average, by "
            f"{largest:.3g} at most.{way_out}"
        )
    return mean, largest


def describe_files(folder: Path, pattern: str) -> dict[str, Any]:
    """Return the hashes of the files of weights."""
    return {"files": {file.name: sha256_file(file) for file in sorted(folder.glob(pattern))}}


@torch.inference_mode()
def answer_log_probabilities(model: Any) -> Tensor:
    """Return the log-probability of each answer token of the prompts that two forms of *model* are compared on."""
    set_mode(model, "single")
    pieces: list[Tensor] = []
    # one document at a time
    for example in sample_examples(model, PROMPTS):
        batch = to_batch(build_pack([[example]]), "single", CPU, torch.float32)
        pieces.append(-answer_losses(model, batch, fuse=False))
    return torch.cat(pieces)
