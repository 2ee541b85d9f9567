'''
What is kept of the water.
'''

from __future__ import annotations

from dataclasses import dataclass

from halyard.deck import Deck
from halyard.shelves import Record


@dataclass(frozen=True)
class Tide(Record):
    '''
    One turn of the tide; its key is the minute, written with ten digits.
    '''

    minute: int
    height: float
    is_high: bool


@dataclass(frozen=True)
class Sounding(Record):
    '''
    A depth that was measured; its key is `place/day`.
    '''

    place: str
    day: int
    metres: float
    by: str


@dataclass(frozen=True)
class Bulletin(Record):
    '''
    The weather as somebody saw it.
    '''

    minute: int
    knots: int
    direction: int
    sight: int
    gusts: int = 0


def last_bulletin(deck: Deck) -> Bulletin | None:
    '''
    Return the weather as it was seen last, or None.
    '''
    return max(deck.shelf(Bulletin), key=lambda bulletin: bulletin.minute, default=None)
