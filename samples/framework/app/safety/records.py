'''
What is kept of accidents and of those that nearly were.
'''

from __future__ import annotations

from dataclasses import dataclass

from halyard.shelves import Record


@dataclass(frozen=True)
class Incident(Record):
    '''
    Something happened, or nearly.
    '''

    place: str
    kind: str
    minute: int
    grade: int
    by: str
    litres: int = 0
    cause: str = ''
    closed: int | None = None


@dataclass(frozen=True)
class Boom(Record):
    '''
    A floating barrier in its store.
    '''

    metres: int
    laid_at: str = ''
    rinsed: bool = True
