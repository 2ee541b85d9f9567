'''
What is kept of the quay.
'''

from __future__ import annotations

from dataclasses import dataclass

from halyard.asks import Ask, Text
from halyard.shelves import Record


@dataclass(frozen=True)
class Berth(Record):
    '''
    A stretch of quay where one vessel lies.
    '''

    length: float
    depth: float
    call: str = ''
    since: int | None = None
    closed_for: str = ''
    bollards: int = 8
    volts: int = 0


@dataclass(frozen=True)
class Line(Record):
    '''
    A mooring line on a bollard; its key is `berth/bollard`.
    '''

    call: str
    kind: str
    tension: float = 0.0
    tended: int = 0


@dataclass(frozen=True)
class Plug(Record):
    '''
    A vessel on power from the shore; its key is the berth.
    '''

    call: str
    kilowatts: int
    begun: int
    meter: int


@dataclass(frozen=True)
class Defect(Record):
    '''
    Something on the quay that is broken.
    '''

    berth: str
    part: str
    grade: int
    found: int
    mended: int | None = None


class BerthAsk(Ask):
    '''
    Anything about one berth.
    '''

    berth = Text(most=8)
