'''
What is kept of the ferry.
'''

from __future__ import annotations

from dataclasses import dataclass

from halyard.asks import Ask, Text
from halyard.shelves import Record


@dataclass(frozen=True)
class Crossing(Record):
    '''
    One crossing of the ferry.
    '''

    leaves: int
    seats: int
    lane: float
    state: str = 'open'


@dataclass(frozen=True)
class Booking(Record):
    '''
    A party on a crossing.
    '''

    crossing: str
    name: str
    persons: int
    metres: float = 0.0
    cents: int = 0
    on_board: bool = False


@dataclass(frozen=True)
class LostThing(Record):
    '''
    Something that was left behind.
    '''

    what: str
    where: str
    found: int
    claimed_by: str = ''


class CrossingAsk(Ask):
    '''
    Anything about one crossing.
    '''

    crossing = Text(most=12)


class BookingAsk(Ask):
    '''
    Anything about one booking.
    '''

    booking = Text(most=12)
