"""
Which size learns most from the compute there is? In: shapes and processor minutes. Out: bits per byte, as a table.

Run: python -m benchmarks.base_sizes [--cache DIR] [--minutes M,…]. Each shape is trained from chance by the base's own
recipe for as many steps as fit the same processor time on one core, the decay included, and scored on the same held-out
bytes. A run that was stopped goes on; one that is done is scored from its last checkpoint.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from pathlib import Path
from typing import Any

from .base import first_bytes, load, model_bits, read_held_out
from .results import write_results

SHAPES: dict[str, dict[str, int]] = {
    "128 wide, 4 layers": {"hidden": 128, "layers": 4, "heads": 2, "mlp": 352},
    "192 wide, 6 layers": {"hidden": 192, "layers": 6, "heads": 3, "mlp": 512},
    "256 wide, 8 layers": {"hidden": 256, "layers": 8, "heads": 4, "mlp": 704},
}
MINUTES = "4,12"
"""Processor minutes of one core, one after the other: two, to see where the best size moves."""
COMMON = {
    "step_tokens": 4096, "sequence": 512, "decay_sequence": 512, "decay_from": 0.75, "warm_up": 20, "pack_tokens": 1024,
    "checkpoint_every": 50,
}  # fmt: skip
"""Shorter steps and rows than the shipped recipe's, so that the shortest run has a hundred steps."""
TRIED_STEPS = 30
"""The cost of a step is that of the last ten, when all is compiled."""
TEXT_BYTES = 150_000


def main() -> None:
    """Train and score every shape at every budget."""
    from idiolect.training.base import usual_cache

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, default=usual_cache(), help="where the recipe keeps its data")
    parser.add_argument("--minutes", default=MINUTES, help="processor minutes a run (default: %(default)s)")
    asked = parser.parse_args()
    import torch

    torch.set_num_threads(1)
    rows = [
        train_shape(name, shape, float(minutes), asked.cache)
        for minutes in asked.minutes.split(",")
        for name, shape in SHAPES.items()
    ]
    write_results("base_sizes", rows, [])


def train_shape(name: str, shape: dict[str, int], minutes: float, cache: Path) -> dict[str, Any]:
    """Return what one shape comes to in *minutes* of processor time."""
    from idiolect.training.base.__main__ import prepare_data
    from idiolect.training.base.recipe import BaseRecipe
    from idiolect.training.base.train import save_weights, train_base

    recipe = dataclasses.replace(BaseRecipe(), **shape, **COMMON)  # type: ignore[arg-type]
    streams, tokenizer, _, _ = prepare_data(recipe, cache)
    runs = cache / "sizes" / f"{recipe.hidden}-{recipe.layers}"

    def note(text: str) -> None:
        print(f"{name}, {minutes:g} min: {text}", file=sys.stderr)

    seconds_file = runs / "step-seconds"
    if not seconds_file.is_file():
        told: list[float] = []
        tried = dataclasses.replace(recipe, steps=TRIED_STEPS)
        # it tells of every tenth step
        train_base(streams, tokenizer, tried, runs / "tried", lambda _: told.append(time.process_time()))
        seconds_file.write_text(str((told[-1] - told[-2]) / 10), "utf-8")
    steps = int(minutes * 60 / float(seconds_file.read_text("utf-8")))
    recipe = dataclasses.replace(recipe, steps=steps)
    model = train_base(streams, tokenizer, recipe, runs / f"{minutes:g}-minutes", note)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    weights = runs / f"{minutes:g}-weights"
    save_weights(model, tokenizer, weights)
    held_out, _ = read_held_out(cache)
    bits = model_bits(load(weights), first_bytes(held_out, TEXT_BYTES))
    note(f"{bits:.3f} bits per byte")
    return {"shape": name, "parameters": parameters, "processor minutes": minutes, "steps": steps,
            "tokens": steps * recipe.step_tokens, "bits per byte": round(bits, 4)}  # fmt: skip


if __name__ == "__main__":
    main()
