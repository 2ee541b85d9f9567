'''
What is kept of tugs.
'''

from __future__ import annotations

from dataclasses import dataclass

from halyard.asks import Ask, Text
from halyard.shelves import Record


@dataclass(frozen=True)
class Tug(Record):
    '''
    A tug: how hard it pulls, and how much fuel is left.
    '''

    pull: float
    tank: float
    fuel: float
    state: str = 'cold'
    since: int = 0
    tow: str = ''


@dataclass(frozen=True)
class Tow(Record):
    '''
    The tugs of one manoeuvre.
    '''

    call: str
    tugs: tuple[str, ...]
    ordered: int
    begun: int | None = None
    ended: int | None = None
    snapped: int = 0


class TugAsk(Ask):
    '''
    Anything about one tug.
    '''

    tug = Text(most=20)


class TowAsk(Ask):
    '''
    Anything about one tow.
    '''

    tow = Text(most=12)
