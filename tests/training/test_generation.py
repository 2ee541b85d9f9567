"""
Stopping early: what the asker does not want is not written, and what is written stays the same.
"""

from __future__ import annotations

import pytest
from idiolect.training.generation import load_model

from .conftest import make_pairs


@pytest.fixture(scope="module")
def generator(tiny_base):
    """Return a tiny model's generator."""
    return load_model(tiny_base).generator


def write(generator, **more):
    """Return the tiny model's answers to six asks, in order."""
    pairs = make_pairs(6)
    return [g for _, g in sorted(generator.generate(pairs, adapted=False, max_tokens=[40] * 6, **more))]


def test_an_answer_that_is_over_is_not_continued(generator):
    """It ends once the asker has enough; its text is the beginning of what it would have been, to a rounding."""
    whole = write(generator)
    stopped = write(generator, is_over=[lambda text: len(text) > 8] * 6)

    ended = [g for g in stopped if g.finish_reason == "over"]

    assert ended
    assert all(g.output_tokens < 40 for g in ended)
    assert whole[0].text.startswith(stopped[0].text)


def test_the_asker_that_never_has_enough_changes_nothing(generator):
    """The same texts and reasons."""
    assert [g[:4] for g in write(generator)] == [g[:4] for g in write(generator, is_over=[lambda text: False] * 6)]


def test_the_first_token_comes_before_the_last(generator):
    """Both times are of the batch, divided by its size."""
    assert all(0 < g.first_seconds <= g.seconds for g in write(generator))
