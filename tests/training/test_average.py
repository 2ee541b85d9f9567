"""
The mean of a run's weights: what it is of, that the steps know nothing of it, and that it survives a kill.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from idiolect.mining.artefacts import read_jsonl
from idiolect.training.adapter import WEIGHTS
from idiolect.training.average import begin_average
from idiolect.training.train import train_adapter
from torch import nn

from .conftest import train_until
from .test_rein import WATCHED
from .test_train import read_all


def follow(share, steps):
    """Return a model whose one weight was the number of each step, and the mean of it."""
    model = nn.Linear(1, 1, bias=False)
    average = begin_average(share, model)
    for step in range(1, steps + 1):
        nn.init.constant_(model.weight, step)
        average.take_in(step)
    return model, average


@pytest.mark.parametrize(("share", "mean"), [(1.0, 50.5), (0.25, 80.0), (0.1, 90.9)])
def test_the_mean_is_of_the_latest_share_of_the_steps(share, mean):
    """Weighed alike, the mean of numbers to 100; leaning to the later ones, share / (1 + share) of the way back."""
    _, average = follow(share, 100)

    assert average.mean["weight"].item() == pytest.approx(mean, rel=0.01)


def test_the_model_has_the_mean_only_while_it_is_lent():
    """Also where what looks at it fails."""
    model, average = follow(1.0, 3)
    with pytest.raises(KeyError), average.lent():
        assert model.weight.item() == 2
        raise KeyError

    assert model.weight.item() == 3


def test_without_a_share_nothing_is_held():
    """What stands there is looked at as it is."""
    model, average = follow(0.0, 3)
    with average.lent():
        assert model.weight.item() == 3

    assert not average.mean


def test_looks_see_the_mean_and_steps_go_on_from_where_they_stand(tiny_base, tiny_corpus, tmp_path):
    """Equal losses in training, others on held-out answers, and other weights that are kept."""
    plain, mean = (tmp_path / name for name in ("plain", "mean"))
    for out, share in ((plain, 0.0), (mean, 1.0)):
        recipe = replace(WATCHED, average=share, forgetting=0.0, replay=0.0)
        train_adapter(tiny_corpus, out, base=tiny_base, recipe=recipe)

    assert logged(plain, "loss") == logged(mean, "loss")
    assert logged(plain, "held_out_loss")[0] == logged(mean, "held_out_loss")[0]
    assert logged(plain, "held_out_loss")[1] != logged(mean, "held_out_loss")[1]
    assert (plain / WEIGHTS).read_bytes() != (mean / WEIGHTS).read_bytes()


def logged(out, name):
    """Return the values of *name* in a run's log."""
    return [line[name] for line in read_jsonl(out / "log.jsonl") if name in line]


def test_a_run_that_was_killed_goes_on_with_its_mean(tiny_base, tiny_corpus, tmp_path):
    """It ends with the weights of a run that was not."""
    recipe = replace(WATCHED, average=0.5, checkpoint_every=2)
    whole = train_adapter(tiny_corpus, tmp_path / "whole", base=tiny_base, recipe=recipe)
    train_until(5, tiny_corpus, tmp_path / "parts", base=tiny_base, recipe=recipe)
    parts = train_adapter(tiny_corpus, tmp_path / "parts", base=tiny_base, recipe=recipe, resume=True)

    assert read_all(whole) == read_all(parts)
