'''
What is kept of cranes.
'''

from __future__ import annotations

from dataclasses import dataclass

from halyard.asks import Ask, Text
from halyard.shelves import Record


@dataclass(frozen=True)
class Crane(Record):
    '''
    A crane on its rail.
    '''

    place: int
    reach: int
    state: str = 'idle'
    call: str = ''
    lifts: int = 0
    greased_at: int = 0


@dataclass(frozen=True)
class Lift(Record):
    '''
    One box over the edge of the quay.
    '''

    crane: str
    call: str
    box: str
    minute: int
    way: str


class CraneAsk(Ask):
    '''
    Anything about one crane.
    '''

    crane = Text(most=4)
