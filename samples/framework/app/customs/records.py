'''
What is kept for customs.
'''

from __future__ import annotations

from dataclasses import dataclass

from halyard.shelves import Record


@dataclass(frozen=True)
class Entry(Record):
    '''
    The customs entry of a box; its key is the box.
    '''

    goods: str
    value: float
    origin: str
    lodged: int
    risk: int = 0
    state: str = 'lodged'


@dataclass(frozen=True)
class Look(Record):
    '''
    An officer looked into a box.
    '''

    box: str
    officer: str
    minute: int
    found: str = ''
