'''
What is kept of a vessel and of its calls.
'''

from __future__ import annotations

from dataclasses import dataclass, field

from halyard.asks import Ask, Text
from halyard.shelves import Record


@dataclass(frozen=True)
class Vessel(Record):
    '''
    A hull, by its number in the register.
    '''

    name: str
    length: float
    draught: float
    kind: str = 'cargo'
    flag: str = ''
    banned_for: str = ''


@dataclass(frozen=True)
class Call(Record):
    '''
    One visit of one vessel.
    '''

    vessel: str
    due: int
    state: str = 'announced'
    berth: str = ''
    agent: str = ''
    arrived: int | None = None
    sailed: int | None = None
    crew: int = 0
    remarks: tuple[str, ...] = field(default_factory=tuple)


@dataclass(frozen=True)
class Paper(Record):
    '''
    A certificate of a vessel; its key is `vessel/title`.
    '''

    vessel: str
    title: str
    expires: int
    seen_by: str = ''


class CallAsk(Ask):
    '''
    Anything about one call.
    '''

    call = Text()
