'''
Keeping cranes safe: wind, grease and quarrels over the rail.
'''

from __future__ import annotations

from app.cranes.records import Crane, CraneAsk
from app.water.records import Bulletin
from halyard.asks import Ask, Count
from halyard.clock import DAY, now
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.holds import holding
from halyard.journal import get_logger
from halyard.settings import settings

log = get_logger(__name__)


class KeepingRefused(HalyardError):
    '''
    A crane cannot be moved, tied down or greased now.
    '''


class TravelAsk(CraneAsk):
    '''
    Where a crane shall go.
    '''

    place = Count(least=0, most=3000)


@handles('crane.travel', TravelAsk, 'foreman')
def travel(deck: Deck, ask: TravelAsk) -> Answer:
    '''
    Move a crane along the rail; it cannot pass another, and comes no nearer than forty metres.
    '''
    crane = deck.shelf(Crane).need(ask.crane)
    if crane.state != 'idle':
        raise KeepingRefused(f'{crane.key} is {crane.state}: let it finish first')
    low, high = sorted((crane.place, ask.place))
    for other in deck.shelf(Crane):
        if other.key != crane.key and low - 40 < other.place < high + 40:
            raise KeepingRefused(f'{other.key} is in the way at {other.place} m: move that one first')
    with holding(deck, crane.key):
        deck.shelf(Crane).change(crane.key, place=ask.place)
    log.info('%s stands at %d m', crane.key, ask.place)
    return answer(metres=high - low)


@handles('crane.wind', Ask)
def heed_wind(deck: Deck, ask: Ask) -> Answer:
    '''
    Tie all cranes down in too much wind, and free them when two bulletins in a row are calm.
    '''
    bulletins = list(deck.shelf(Bulletin))
    if not bulletins:
        raise KeepingRefused('no wind was measured: note the weather first')
    rough = bulletins[-1].gusts >= settings.CRANE_GUST_LIMIT
    calm = all(bulletin.gusts < settings.CRANE_GUST_LIMIT for bulletin in bulletins[-2:])
    changed: list[str] = list()
    for crane in deck.shelf(Crane):
        if rough and crane.state != 'tied down':
            deck.shelf(Crane).change(crane.key, state='tied down')
            changed.append(crane.key)
        elif calm and crane.state == 'tied down':
            deck.shelf(Crane).change(crane.key, state='working' if crane.call else 'idle')
            changed.append(crane.key)
    log.warning('gusts of %d knots, %d cranes changed', bulletins[-1].gusts, len(changed))
    return answer(rough=rough, changed=changed)


@handles('crane.grease', CraneAsk)
def grease(deck: Deck, ask: CraneAsk) -> Answer:
    '''
    Grease a crane, and say whether that was late: every two thousand lifts, or every thirty days.
    '''
    crane = deck.shelf(Crane).need(ask.crane)
    if crane.state == 'working':
        raise KeepingRefused(f'{crane.key} is at work: grease it in the break')
    days = (now() - crane.greased_at) // DAY
    late = crane.lifts > 2000 or days > 30
    deck.shelf(Crane).change(crane.key, lifts=0, greased_at=now())
    if late:
        deck.tell('crane.late-grease', crane=crane.key, lifts=crane.lifts, days=days)
    return answer(late=late, lifts=crane.lifts, days=days)
