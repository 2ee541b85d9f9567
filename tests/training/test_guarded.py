"""
A guard sees every token before it is written, and changes nothing where it has nothing to say.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from idiolect.training.generation import load_model
from idiolect.training.guarded import MOST_TRIED, choose_allowed, offer_tokens
from idiolect.training.prompts import ask_for

ASK = ask_for("def total(values):", None)


class Rule:
    """
    Lets pass what a function of the text lets pass.
    """

    def __init__(self, allows, completes=lambda text: True):
        self.allows, self.completes = allows, completes


@pytest.fixture(name="generator", scope="module")
def _generator(tiny_base):
    return load_model(tiny_base, None).generator


def write(generator, temperature, guard=None, count=3):
    answers = generator.generate(
        [ASK] * count,
        adapted=False,
        max_tokens=[24] * count,
        temperature=temperature,
        seed=5,
        guards=None if guard is None else [guard] * count,
    )
    return [answer for _, answer in sorted(answers)]


@pytest.mark.parametrize("temperature", [0.0, 0.9])
def test_a_guard_that_allows_all_changes_nothing(generator, temperature):
    """The same tokens are drawn with the same random numbers."""
    free, guarded = write(generator, temperature), write(generator, temperature, Rule(lambda text: True))

    assert [a.text for a in free] == [a.text for a in guarded]


@pytest.mark.parametrize("temperature", [0.0, 0.9])
def test_what_a_guard_refuses_is_never_written(generator, temperature):
    """Another token stands in its place."""
    letters = sorted({mark for a in write(generator, temperature) for mark in a.text if mark.isalpha()})
    banned = letters[0]
    answers = write(generator, temperature, Rule(lambda text: banned not in text))

    assert letters and all(banned not in answer.text for answer in answers)
    assert any(answer.text for answer in answers)


def test_an_answer_cannot_stop_where_the_guard_forbids_it(generator):
    """The stop token is asked for like any other."""
    answers = write(generator, 0.9, Rule(lambda text: True, completes=lambda text: False))

    assert {"length"} == {answer.finish_reason for answer in answers}


def test_a_dead_end_ends_the_answer(generator):
    """Where none of the likely tokens passes, the row is given up and the others go on."""
    (stuck,) = write(generator, 0.0, Rule(lambda text: False, completes=lambda text: False), count=1)

    assert ("", "length", 0) == (stuck.text, stuck.finish_reason, stuck.output_tokens)


def test_tokens_are_offered_once_each():
    """Drawn without return, all of a small vocabulary comes, and of a large one no more than is worth a try."""
    small = list(offer_tokens(torch.zeros(7), 1.0, np.random.default_rng(0)))
    large = list(offer_tokens(torch.arange(3000.0), 0.0, np.random.default_rng(0)))

    assert list(range(7)) == sorted(small)
    assert list(range(2999, 2999 - MOST_TRIED, -1)) == large


def test_refused_tokens_leave_the_others_in_their_proportions():
    """Of what is allowed, each is drawn as often as the model would draw it."""
    logits = torch.log(torch.tensor([0.6, 0.3, 0.1]))
    guard = Rule(lambda text: text != "0")
    random = np.random.default_rng(1)
    drawn = [choose_allowed(logits, guard, [], lambda ids: str(ids[-1]), (), 1.0, random) for _ in range(4000)]

    assert 0 == drawn.count(0)
    assert 0.75 == pytest.approx(drawn.count(1) / 4000, abs=0.03)
