"""
`python -m idiolect.training.base`: make the embedded base, from reading list to weights.

In: the recipe's values as options. Out: weights and manifest in this folder. `--path` prints where the weights lie.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from ...mining.artefacts import sha256_file
from ...mining.errors import IdiolectError, InputError
from . import MANIFEST, WEIGHTS, embedded_path, read_manifest, usual_cache
from .recipe import BaseRecipe

if TYPE_CHECKING:
    from .train import Streams


@click.command()
@click.option("--path", is_flag=True, help="Print the folder of the embedded weights, and stop.")
@click.option("--steps", type=int, default=BaseRecipe().steps, show_default=True, help="Optimizer steps in all.")
@click.option("--set", "values", multiple=True, metavar="KEY=VALUE", help="Another value of the recipe.")
@click.option("--from", "start", type=click.Path(path_type=Path), help="Weights of an earlier base to learn on from.")
@click.option("--cache", type=click.Path(path_type=Path), default=None, help="Where data and checkpoints are kept.")
@click.option("--out", type=click.Path(path_type=Path), default=WEIGHTS, help="Where the weights go.")
def command(path: bool, steps: int, values: tuple[str, ...], start: Path | None, cache: Path | None, out: Path) -> None:
    """Train the embedded base. Stopped at any moment, it goes on from its last checkpoint when called again."""
    if path:
        click.echo(embedded_path())
        return
    recipe = read_recipe(steps, values)
    make_base(recipe, cache or usual_cache(), out, start)


def make_base(recipe: BaseRecipe, cache: Path, out: Path, start: Path | None = None) -> None:
    """
    Run the whole recipe: data, tokenizer, tokens, steps, weights.

    Raises `InputError` when the weights in *start* were made with another tokenizer than the data gives, and when the
    manifest, which goes beside the folder *out*, would replace another file.
    """
    from .train import save_weights, train_base

    beside = out.parent / MANIFEST
    if beside.exists() and read_manifest(out) is None:
        raise InputError(f"{str(beside)!r} is not of a base, and the base's manifest goes there. Name another --out.")
    streams, tokenizer, manifest, fingerprint = prepare_data(recipe, cache)
    if start is not None:
        require_same_tokenizer(start, streams.folder / "tokenizer")
        fingerprint += sha256_file(start / "model.safetensors")
    run = cache / f"run-{run_name(recipe, fingerprint)}"
    model = train_base(streams, tokenizer, recipe, run, note, start)
    save_weights(model, tokenizer, out)
    beside.write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", "utf-8")
    note(f"weights in {out}")


def require_same_tokenizer(start: Path, made: Path) -> None:
    """Raise `InputError` unless the weights in *start* read the tokens that the data was written in."""
    if sha256_file(start / "tokenizer.json") != sha256_file(made / "tokenizer.json"):
        raise InputError(f"The weights in {str(start)!r} read another tokenizer's tokens than this data has.")


def prepare_data(recipe: BaseRecipe, cache: Path) -> tuple[Streams, Any, dict[str, Any], str]:
    """Return token streams, tokenizer, manifest and the data's fingerprint, made once and kept in *cache*."""
    from transformers import AutoTokenizer

    from ..families import probe_family
    from .data import PACKAGES, read_corpus_files
    from .samples import ASKED_INFILL, FIM_WINDOW, asked_examples, save_examples, whole_tokens
    from .tokenizer import train_tokenizer
    from .train import Streams

    shape = [recipe.vocabulary, recipe.infill_share, recipe.context, FIM_WINDOW, ASKED_INFILL]
    key = f"{PACKAGES.read_text('utf-8')}{shape}{sys.version}"
    fingerprint = hashlib.sha256(key.encode()).hexdigest()[:12]
    folder = cache / f"data-{fingerprint}"
    if not (folder / "manifest.json").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        reading = read_corpus_files(cache, note)
        train = [file for file in reading.files if not file.held_out]
        note(f"{len(train)} files to train on, {len(reading.files) - len(train)} held out")
        tokenizer = train_tokenizer((file.text for file in train), recipe.vocabulary, recipe.context)
        tokenizer.save_pretrained(folder / "tokenizer")
        family = probe_family(tokenizer)
        np.save(folder / "whole.npy", whole_tokens(train, family, recipe.infill_share))
        save_examples(asked_examples(train, family, recipe.context), folder / "asked.npz")
        with (folder / "held_out.jsonl").open("w", encoding="utf-8") as rows:
            rows.writelines(json.dumps(dataclasses.asdict(file)) + "\n" for file in reading.files if file.held_out)
        (folder / "manifest.json").write_text(json.dumps(reading.manifest), "utf-8")
    streams = Streams(folder)
    learned = sum(len(example.answer) for example in streams.asked)
    note(
        f"{len(streams.whole):,} tokens of whole files, {len(streams.asked):,} pairs with {learned:,} tokens of answers"
    )
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    return streams, AutoTokenizer.from_pretrained(folder / "tokenizer"), manifest, fingerprint


def read_recipe(steps: int, values: tuple[str, ...]) -> BaseRecipe:
    """Return the recipe with *values* put in, each read as its field's own type."""
    defaults = dataclasses.asdict(BaseRecipe())
    changed: dict[str, Any] = {"steps": steps}
    for value in values:
        key, _, text = value.partition("=")
        if key not in defaults:
            raise click.UsageError(f"The recipe has no value {key!r}. It has: {', '.join(defaults)}.")
        try:
            changed[key] = type(defaults[key])(text)
        except ValueError:
            raise click.UsageError(f"{key} is a number such as {defaults[key]}, got {text!r}.") from None
    return dataclasses.replace(BaseRecipe(), **changed)


def run_name(recipe: BaseRecipe, data: str) -> str:
    """Return a name that two runs share exactly when one can go on from the other: the length may differ."""
    values = {
        key: value for key, value in dataclasses.asdict(recipe).items() if key not in ("steps", "checkpoint_every")
    }
    return hashlib.sha256(json.dumps([values, data], sort_keys=True).encode()).hexdigest()[:12]


def note(text: str) -> None:
    """Print one line of progress."""
    click.echo(text, err=True)


if __name__ == "__main__":
    try:
        command(standalone_mode=True)
    except IdiolectError as error:
        click.echo(f"idiolect: {error}", err=True)
        raise SystemExit(error.exit_code) from None
