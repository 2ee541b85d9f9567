'''
What is kept of pilots.
'''

from __future__ import annotations

from dataclasses import dataclass

from halyard.asks import Ask, Text
from halyard.shelves import Record


@dataclass(frozen=True)
class Pilot(Record):
    '''
    A pilot and the longest hull of the licence.
    '''

    name: str
    licence: float
    rested_since: int
    on_board: str = ''
    jobs: int = 0
    sick: bool = False


@dataclass(frozen=True)
class Job(Record):
    '''
    A pilot's trip with one call.
    '''

    call: str
    pilot: str
    begun: int
    ended: int | None = None
    exempt: bool = False


class PilotAsk(Ask):
    '''
    Anything about one pilot.
    '''

    pilot = Text(most=6)
