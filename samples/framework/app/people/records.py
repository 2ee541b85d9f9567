'''
What is kept of people.
'''

from __future__ import annotations

from dataclasses import dataclass

from halyard.asks import Ask, Text
from halyard.shelves import Record


@dataclass(frozen=True)
class Person(Record):
    '''
    Somebody who works on the quay; the key is the number on the helmet.
    '''

    name: str
    firm: str
    pass_until: int = 0
    inside_since: int | None = None
    courses: tuple[str, ...] = ()
    points: int = 0


@dataclass(frozen=True)
class Shift(Record):
    '''
    A gang's shift.
    '''

    begins: int
    gang: int
    people: tuple[str, ...] = ()


class PersonAsk(Ask):
    '''
    Anything about one person.
    '''

    person = Text(most=6)
