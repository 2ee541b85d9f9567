'''
Keeping the tugs warm, fuelled and manned.
'''

from __future__ import annotations

from app.tugs.records import Tow, Tug, TugAsk
from halyard.asks import Ask, Measure
from halyard.clock import DAY, HOUR, now
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.holds import holding
from halyard.journal import get_logger
from halyard.settings import settings
from halyard.wire import fetch

log = get_logger(__name__)


class TugRefused(HalyardError):
    '''
    A tug cannot do this now.
    '''


class BuyAsk(TugAsk):
    '''
    A tug as the yard delivers it.
    '''

    pull = Measure(least=5, most=120)
    tank = Measure(least=5, most=400)


class FuelAsk(TugAsk):
    '''
    Tonnes that go into the tank.
    '''

    tonnes = Measure(least=0.1, most=400)


@handles('tug.enter', BuyAsk, 'dispatcher')
def enter_tug(deck: Deck, ask: BuyAsk) -> Answer:
    '''
    Enter a tug with an empty tank; the name of one that is in service cannot be used again.
    '''
    if ask.tug in deck.shelf(Tug):
        raise TugRefused(f'{ask.tug} is in service: give the new one another name')
    tug = deck.shelf(Tug).keep(Tug(ask.tug, ask.pull, ask.tank, 0.0, since=now()))
    fleet = sum(other.pull for other in deck.shelf(Tug))
    return answer(tug=tug.key, fleet=fleet)


@handles('tug.fuel', FuelAsk)
def fuel_tug(deck: Deck, ask: FuelAsk) -> Answer:
    '''
    Fill the tank; what does not fit stays in the hose and is not billed.
    '''
    tug = deck.shelf(Tug).need(ask.tug)
    taken = min(ask.tonnes, tug.tank - tug.fuel)
    if taken <= 0:
        raise TugRefused(f'{tug.key} is full: fuel another one')
    with holding(deck, tug.key):
        deck.shelf(Tug).change(tug.key, fuel=round(tug.fuel + taken, 3))
    deck.tell('money.bunker', tug=tug.key, tonnes=taken)
    return answer(taken=taken, left_in_hose=round(ask.tonnes - taken, 3))


@handles('tug.warm-up', TugAsk, 'dispatcher')
def warm_up(deck: Deck, ask: TugAsk) -> Answer:
    '''
    Start the engines of a tug that has fuel beyond its reserve.
    '''
    tug = deck.shelf(Tug).need(ask.tug)
    if tug.state != 'cold':
        raise TugRefused(f'{tug.key} is {tug.state}: its engines run')
    if tug.fuel < settings.TUG_RESERVE * tug.tank:
        raise TugRefused(f'{tug.key} has {tug.fuel:.1f} t left: fuel it first')
    with holding(deck, tug.key):
        deck.shelf(Tug).change(tug.key, state='warming', since=now())
    return answer(ready_at=now() + settings.TUG_WARM_UP)


@handles('tug.tick', Ask)
def advance_engines(deck: Deck, ask: Ask) -> Answer:
    '''
    Turn warm tugs ready, let idle ones go cold after two hours, and burn their fuel.
    '''
    became: dict[str, str] = dict()
    for tug in deck.shelf(Tug):
        age = now() - tug.since
        if tug.state == 'warming' and age >= settings.TUG_WARM_UP:
            became[tug.key] = 'ready'
        elif tug.state == 'ready' and age >= 2 * HOUR:
            became[tug.key] = 'cold'
        if tug.key in became:
            burnt = min(tug.fuel, 0.1 * age / HOUR)
            deck.shelf(Tug).change(tug.key, state=became[tug.key], since=now(), fuel=tug.fuel - burnt)
    log.debug('%d engines changed state', len(became))
    return answer(became=became)


@handles('tug.use', TugAsk)
def measure_use(deck: Deck, ask: TugAsk) -> Answer:
    '''
    Return the share of the last week that a tug spent towing.
    '''
    tug = deck.shelf(Tug).need(ask.tug)
    first = now() - 7 * DAY
    towed = 0
    for tow in deck.shelf(Tow).where(lambda tow: tug.key in tow.tugs and tow.begun is not None):
        end = tow.ended if tow.ended is not None else now()
        towed += max(0, end - max(first, tow.begun or end))
    return answer(tug=tug.key, share=round(towed / (7 * DAY), 3))


@handles('tug.prices', Ask, 'dispatcher')
def compare_fuel_prices(deck: Deck, ask: Ask) -> Answer:
    '''
    Fetch the prices of the fuel barges, and say what filling every tug would cost at the cheapest.
    '''
    offers = {row['barge']: row['cents'] for row in fetch('bunkers', 'prices') if row['tonnes'] > 0}
    if not offers:
        raise TugRefused('no barge has fuel: wait for tomorrow')
    needed = sum(tug.tank - tug.fuel for tug in deck.shelf(Tug))
    barge = min(offers, key=lambda name: (offers[name], name))
    spread = max(offers.values()) - offers[barge]
    return answer(barge=barge, cents=round(needed * offers[barge]), saved=round(needed * spread))
