'''
Holds: work on one thing alone. A deck and a key in, a block in which nobody else touches it.
'''

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from halyard.clock import now
from halyard.deck import Deck
from halyard.errors import HeldRefused
from halyard.settings import settings


@contextmanager
def holding(deck: Deck, key: str) -> Iterator[None]:
    '''
    Work on one thing alone; a hold that somebody forgot runs out by itself.
    '''
    owner, until = deck.holds.get(key, ('', 0))
    if until > now():
        raise HeldRefused(f'{owner} is working on {key}: try again in {until - now()} minutes')
    deck.holds[key] = (deck.who, now() + settings.HOLD_MINUTES)
    try:
        yield
    finally:
        deck.holds.pop(key, None)
