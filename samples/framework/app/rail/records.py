'''
What is kept of trains.
'''

from __future__ import annotations

from dataclasses import dataclass

from halyard.shelves import Record


@dataclass(frozen=True)
class Train(Record):
    '''
    A train under the cranes.
    '''

    leaves: int
    metres: int = 0
    tonnes: float = 0.0
    boxes: tuple[str, ...] = ()
    state: str = 'loading'
