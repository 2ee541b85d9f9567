'''
The deck: what a handler works on. It knows who asks, holds the shelves, and remembers what was told to others.
'''

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from halyard.clock import now
from halyard.shelves import Record, Shelf

R = TypeVar('R', bound=Record)


@dataclass(frozen=True)
class Event:
    '''
    Something that others want to know.
    '''

    topic: str
    minute: int
    facts: dict[str, Any]


@dataclass
class Deck:
    '''
    One desk's view of the house.
    '''

    who: str = 'night watch'
    role: str = 'master'
    shelves: dict[type[Record], Shelf[Any]] = field(default_factory=dict)
    told: list[Event] = field(default_factory=list)
    holds: dict[str, tuple[str, int]] = field(default_factory=dict)

    def shelf(self, kind: type[R]) -> Shelf[R]:
        '''
        Return the shelf of one kind of record.
        '''
        if kind not in self.shelves:
            self.shelves[kind] = Shelf(kind)
        return self.shelves[kind]

    def tell(self, topic: str, **facts: Any) -> Event:
        '''
        Tell the rest of the house.
        '''
        event = Event(topic, now(), facts)
        self.told.append(event)
        return event

    def heard(self, topic: str, **facts: Any) -> list[Event]:
        '''
        Return what was told on a topic with these facts, oldest first.
        '''
        return [event for event in self.told if event.topic == topic and facts.items() <= event.facts.items()]


@contextmanager
def atomic(deck: Deck) -> Iterator[None]:
    '''
    Keep everything that the block does, or nothing of it.
    '''
    before = {kind: dict(shelf.records) for kind, shelf in deck.shelves.items()}
    told = len(deck.told)
    try:
        yield
    except BaseException:
        for kind, shelf in deck.shelves.items():
            shelf.records = before.get(kind, dict())
        del deck.told[told:]
        raise
