'''
What is kept of dangerous goods.
'''

from __future__ import annotations

from dataclasses import dataclass

from halyard.shelves import Record


@dataclass(frozen=True)
class Danger(Record):
    '''
    What is dangerous in a box; its key is the box.
    '''

    number: int
    group: str
    kilos: float
    declared: int
    approved_by: str = ''


@dataclass(frozen=True)
class Slop(Record):
    '''
    Waste that a vessel hands over.
    '''

    call: str
    sort: str
    litres: int
    taken: int | None = None
    lorry: str = ''
