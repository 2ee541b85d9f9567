"""
A recipe: sized from corpus and base, read from words and files, and refused with all its faults.
"""

from __future__ import annotations

import pytest
import torch
from idiolect.mining.errors import IdiolectError, SettingsError
from idiolect.training import machine
from idiolect.training.recipe import RANGES, Recipe, change_recipe
from idiolect.training.sizing import size_recipe

from .conftest import CPU


def test_a_recipe_tells_all_its_faults(tmp_path):
    """Unknown keys, wrong types and impossible values are reported together."""
    file = tmp_path / "recipe.toml"
    file.write_text('rank = "wide"\nspeed = 9\n')
    with pytest.raises(SettingsError) as caught:
        change_recipe(Recipe(), file, ["clip=-1", "method=magic", "steps"])

    assert len(caught.value.faults) == 5


def test_a_slip_in_a_recipe_is_asked_about():
    """The nearest name is told alone; where none is near, all of them are, once for any number of slips."""
    told = []
    for keys in (("learning_rat",), ("magic", "trick")):
        with pytest.raises(SettingsError) as caught:
            change_recipe(Recipe(), None, [f"{key}=1" for key in keys])
        told += caught.value.faults

    near, *far, names = told
    assert near == "no value 'learning_rat'. Did you mean 'learning_rate'?"
    assert far == ["no value 'magic'", "no value 'trick'"]
    assert all(key in names for key in Recipe().as_json())


def test_every_number_of_a_recipe_has_its_bounds():
    """What no run can work with is told before one begins: a value without bounds would fail in the midst of it."""
    numbers = {key for key, value in Recipe(steps=1, minutes=1.0).as_json().items() if type(value) in (int, float)}

    assert numbers == RANGES.keys()
    for value in ("extra=-1", "extra=inf", "probes=-3", "skim_below=nan", "betas=[2, 2]"):
        with pytest.raises(SettingsError):
            change_recipe(Recipe(), None, [value])


def test_recipe_values_are_read_as_their_types():
    """Words become numbers, pairs and truth values."""
    recipe = change_recipe(Recipe(), None, ["alpha=8", "betas=[0.9, 0.95]", "fused=false", "steps=7", "method=dora"])

    assert (recipe.alpha, recipe.betas, recipe.fused, recipe.steps) == (8.0, (0.9, 0.95), False, 7)


@pytest.mark.parametrize(
    "word",
    [
        pytest.param("steps=5\nrank=3", id="two values"),
        pytest.param("method=lora\nrank=3", id="two values, one a word"),
        pytest.param(f"steps={'1' * 5000}", id="a number without end"),
        pytest.param(f"alpha={'1' * 400}", id="a number that is none with a point"),
        pytest.param(f"betas={'[' * 3000}", id="brackets without end"),
    ],
)
def test_what_is_no_one_value_is_refused(word, tmp_path):
    """Nothing of it is dropped in silence, and no form of it is an internal error, in a word or in a file."""
    file = tmp_path / "recipe.toml"
    file.write_text(word.replace("rank", "speed"))

    for source in ((None, [word]), (file, [])):
        with pytest.raises(IdiolectError):
            change_recipe(Recipe(), *source)


def test_sizes_follow_corpus_and_base():
    """A small base is trained for minutes; a large one by epochs with a lower rate."""
    small = size_recipe(pairs=3000, parameters=4_000_000, context_length=2048)
    large = size_recipe(pairs=40_000, parameters=7_000_000_000, context_length=32_768, accelerator=True)

    assert small.minutes == 3.8
    assert large.minutes is None
    assert large.learning_rate < small.learning_rate
    assert large.epochs < small.epochs


@pytest.mark.parametrize("parameters", [6_000_000, 7_000_000_000])
def test_a_small_corpus_spares_no_hole(parameters):
    """The recipe says so, and what is trained anew by it, on fewer pairs or more, takes the same mix."""
    few, many = (size_recipe(pairs=n, parameters=parameters, context_length=2048) for n in (499, 500))

    assert few.infill == 1.0
    assert many.infill < 1.0


@pytest.mark.parametrize("parameters", [6_000_000, 7_000_000_000])
@pytest.mark.parametrize(
    ("pairs", "whole", "holes", "spares_holes", "spares_others"),
    [
        (822, 27, 270, True, False),
        (822, 99, 0, True, False),
        (822, 100, 270, False, False),
        (167, 13, 26, True, True),
        (499, 79, 0, True, True),
        (499, 80, 0, True, False),
    ],
)
def test_a_mix_leaves_enough_to_train_on(parameters, pairs, whole, holes, spares_holes, spares_others):
    """Where few are asked for whole, no hole is left out; where even those are few, no pair of another kind."""
    recipe = size_recipe(pairs=pairs, parameters=parameters, context_length=2048, whole=whole, holes=holes)

    assert (recipe.infill == 1.0) == spares_holes
    assert (recipe.extra == 10.0) == (spares_others or parameters > 1e9)


def test_a_real_base_on_a_processor_takes_short_packs(monkeypatch):
    """Side by side on its cores, long packs took more than a machine has; bf16 is for what gains by it."""
    on_cores = size_recipe(pairs=1300, parameters=135_000_000, context_length=8192)
    on_card = size_recipe(pairs=1300, parameters=135_000_000, context_length=8192, accelerator=True)

    assert (on_cores.pack_tokens, on_cores.skim) == (2048, True)
    assert (on_card.pack_tokens, on_card.skim) == (16_384, False)
    assert on_cores.validation_tokens < on_card.validation_tokens
    monkeypatch.setattr(machine, "multiplies_in_bf16", lambda: True)
    assert machine.choose_dtype(CPU, 135_000_000) == torch.bfloat16
    assert machine.choose_dtype(CPU, 6_000_000) == torch.float32
    monkeypatch.setattr(machine, "multiplies_in_bf16", lambda: False)
    assert machine.choose_dtype(CPU, 135_000_000) == torch.float32
