'''
What is kept of boxes.
'''

from __future__ import annotations

from dataclasses import dataclass

from halyard.asks import Ask, Text
from halyard.shelves import Record


@dataclass(frozen=True)
class Box(Record):
    '''
    A container in the yard.
    '''

    tonnes: float
    came: int
    row: str = ''
    tier: int = 0
    kind: str = 'dry'
    leaves_by: str = 'road'
    seal: str = ''
    blocked_by: tuple[str, ...] = ()
    gone: int | None = None


@dataclass(frozen=True)
class Reefer(Record):
    '''
    A cold box on its socket; its key is the box.
    '''

    wanted: float
    measured: float
    checked: int
    alarms: int = 0


@dataclass(frozen=True)
class Slot(Record):
    '''
    A lorry's time at the gate; its key is its plate.
    '''

    box: str
    begins: int
    lane: int = 0
    passed: int | None = None


@dataclass(frozen=True)
class Scar(Record):
    '''
    Damage on a box.
    '''

    box: str
    side: str
    millimetres: int
    noted_by: str
    old: bool = False


class BoxAsk(Ask):
    '''
    Anything about one box.
    '''

    box = Text(most=11)
