"""
What follows from what. In: pairs of names, of which the first brings the second. Out: the fewest that tell all of them.

What a key brings with it through another key needs no rule of its own: one slip would be told several times.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set

Implication = tuple[str, str]


def fewest(implications: Set[Implication], known: Set[Implication] = frozenset()) -> Iterator[Implication]:
    """
    Yield those of *implications* that follow neither from others that are left nor from *known* ones.

    Names that bring one another are left in a ring: where one of them lacks, it is one pair that tells so.
    """
    steps: defaultdict[str, set[str]] = defaultdict(set)
    for cause, effect in implications | known:
        steps[cause].add(effect)
    ring = {(cause, next_in_ring(steps, cause)) for cause in tuple(steps)}
    for cause, effect in sorted(implications - known, key=lambda pair: (pair in ring, pair)):
        steps[cause].remove(effect)
        if effect not in reachable(cause, steps):
            steps[cause].add(effect)
            yield cause, effect


def next_in_ring(steps: Mapping[str, Set[str]], name: str) -> str:
    """Return which of the names that *name* brings and that bring it comes next in order: the first after the last."""
    equals = {other for other in steps[name] if name in steps.get(other, ())}
    return min(equals, key=lambda other: (other < name, other), default=name)


def reachable(name: str, steps: Mapping[str, Iterable[str]]) -> set[str]:
    """Return all that *steps* lead to from *name*, which is among it only where they lead back."""
    found: set[str] = set()
    waiting = list(steps.get(name, ()))
    while waiting:
        other = waiting.pop()
        if other not in found:
            found.add(other)
            waiting.extend(steps.get(other, ()))
    return found
