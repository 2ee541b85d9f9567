"""
What follows from what: the fewest pairs that tell all of them.
"""

from __future__ import annotations

from itertools import permutations

import pytest
from idiolect.mining.conventions.implications import fewest


@pytest.mark.parametrize(
    ("pairs", "known", "left"),
    [
        ({("a", "b")}, set(), {("a", "b")}),
        ({("a", "b"), ("b", "a")}, set(), {("a", "b"), ("b", "a")}),
        ({("a", "b"), ("b", "c"), ("a", "c")}, set(), {("a", "b"), ("b", "c")}),
        # without a pair between, a way around tells it
        ({("b", "a"), ("a", "c"), ("c", "b")}, set(), {("b", "a"), ("a", "c"), ("c", "b")}),
        # told of a wider shape
        ({("a", "b"), ("a", "c")}, {("a", "b"), ("b", "c")}, set()),
        ({("a", "b")}, {("a", "b")}, set()),
    ],
)
def test_what_follows_is_left_out(pairs: set[tuple[str, str]], known: set[tuple[str, str]], left: set[tuple[str, str]]):
    """What others lead to, also known ones, is not told."""
    assert left == {*fewest(pairs, known)}


def test_names_that_bring_one_another_stand_in_a_ring():
    """Of five, whichever lacks is told by one pair."""
    left = {*fewest({*permutations("dbaec", 2)})}

    assert left == {("a", "b"), ("b", "c"), ("c", "d"), ("d", "e"), ("e", "a")}


def test_a_ring_and_what_it_brings():
    """One of the ring is enough to bring another name."""
    left = {*fewest({*permutations("abc", 2), ("a", "z"), ("b", "z"), ("c", "z")})}

    assert len(left) == 4
    assert {("a", "b"), ("b", "c"), ("c", "a")} < left
