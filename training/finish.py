"""
The end of a run. In: the trained model and what happened to it. Out: the adapter's folder, complete.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from .. import __version__
from ..mining.artefacts import write_jsonl
from ..mining.pairs.pair import Pair
from ..mining.taught import read_taught, write_taught
from .adapter import RECORD, adapter_tensors, check_applied, prove_on, write_adapter
from .base_config import read_parameters
from .checkpoints import CHECKPOINTS, Progress
from .full import fold_full
from .material import Material
from .replay import origin
from .run import RUN, files_begun
from .setup import Setup

Losses = tuple[float | None, float | None]
"""Nats per held-out token; None where nothing is held out."""


def finish(
    setup: Setup, material: Material, out: Path, run: Mapping[str, Any], state: Progress, losses: Losses
) -> None:
    """
    Prove that the adapter is applied, write it, and clear away the run; *losses* are those before and after.

    Every process proves, because a spread base computes with all of them; the main one writes.
    """
    setup.report("save", 0, 1)
    fold_full(setup.model)
    applied = check_applied(setup.model, prove_on(setup.validation, setup.plan.examples), setup.mode)
    if not setup.accelerator.is_main_process:
        return
    (out / RECORD).unlink(missing_ok=True)
    # a resumed run has read its first lines back from JSON, in another order of keys
    write_jsonl(out / "log.jsonl", (dict(sorted(line.items())) for line in state.log))
    start_from = material.order.start_from
    begun = files_begun(material.order)
    earlier = frozenset() if start_from is None or begun is None else read_taught(start_from, begun)
    write_taught(out, learned_pairs(material), earlier)
    told = {"applied": asdict(applied), "from": begun}
    record = make_record(setup, material, run, state, losses) | told
    write_adapter(setup.model, out, setup.base.name, record)
    timings = out / CHECKPOINTS / "timings.jsonl"
    if timings.is_file():
        timings.replace(out / "timings.jsonl")
    # not there where somebody took the folder away meanwhile: the adapter is whole all the same
    (out / CHECKPOINTS / RUN).unlink(missing_ok=True)
    shutil.rmtree(out / CHECKPOINTS, ignore_errors=True)
    setup.report("save", 1, 1)


def make_record(
    setup: Setup, material: Material, run: Mapping[str, Any], state: Progress, losses: Losses
) -> dict[str, Any]:
    """Return what `idiolect.json` says of the run."""
    corpus, encoded = material.order.corpus, material.encoded
    before, after = losses
    epochs = state.epoch + state.cursor / len(setup.plan.epoch(state.epoch))
    return {
        "tool_version": __version__,
        "base": {
            "name": setup.base.name,
            "weights_sha256": setup.base.weights_sha256,
            "revision": setup.base.revision,
            "parameters": read_parameters(setup.base),
            "context_length": setup.context_length,
            **({"file": setup.base.file} if setup.base.file else {}),
        },
        "corpus": {
            "sha256": corpus.sha256,
            "repository": corpus.manifest.get("repository", ""),
            "commit": corpus.manifest.get("commit", ""),
        },
        "recipe": replace(setup.recipe, steps=run["steps"], minutes=None).as_json(),
        "prompt_format": setup.family.prompt_format,
        "packing": setup.mode,
        "counts": {
            "pairs": len(encoded.examples),
            "replayed": dict(sorted(Counter(replayed(setup, state)).items())),
            "refused": encoded.refused,
            "kinds": dict(sorted(Counter(pair.kind for pair in learned_pairs(material)).items())),
            "languages": dict(sorted(Counter(pair.language for pair in learned_pairs(material)).items())),
            "steps": state.step,
            "epochs": round(epochs, 6),
            "answer_tokens": state.answer_tokens,
            "passes": count_passes(setup, epochs),
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
        "kept_of_change": state.kept,
    }


def count_passes(setup: Setup, epochs: float) -> int:
    """
    Return what *epochs* of steps took, in passes of one token through the model: looks are left out.

    A token that is read costs one, and one that is learned from two more: the backward is twice as dear as the forward.
    """
    packs = [setup.plan.build(pack) for step in setup.plan.epoch(0) for pack in step]
    tokens = sum(pack.tokens for pack in packs)
    learned = sum(len(pack.keep) for pack in packs) if setup.recipe.skim else tokens
    return round(epochs * (tokens + 2 * learned))


def replayed(setup: Setup, state: Progress) -> Iterator[str]:
    """Yield where each example comes from that was repeated: `general` code, or the base's `own` answers."""
    return filter(None, map(origin, setup.plan.seen(state.epoch + (state.cursor > 0))))


def learned_pairs(material: Material) -> list[Pair]:
    """Return the pairs that were learned from, each as it was offered."""
    learned = {example.id for example in material.encoded.examples}
    return [pair for pair in material.order.offered if pair.id in learned]
