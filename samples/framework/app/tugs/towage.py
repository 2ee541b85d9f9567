'''
Tows: from the order to the last line let go.
'''

from __future__ import annotations

from itertools import combinations

from app.calls.records import Call, CallAsk, Vessel
from app.tugs.records import Tow, TowAsk, Tug
from halyard.asks import Count, Measure
from halyard.clock import HOUR, now
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.holds import holding
from halyard.journal import get_logger
from halyard.settings import settings

log = get_logger(__name__)


class TowRefused(HalyardError):
    '''
    A tow cannot be ordered, begun or ended.
    '''


class OrderAsk(CallAsk):
    '''
    A vessel wants tugs in a wind.
    '''

    knots = Measure(0.0, most=80)


class EndAsk(TowAsk):
    '''
    What a tow used.
    '''

    snapped = Count(0, most=10)


def pull_needed(vessel: Vessel, knots: float) -> float:
    '''
    Return the tonnes of pull that a vessel needs: its bulk, and the wind on its side.
    '''
    return round(vessel.length * vessel.draught / 25 + 0.00005 * vessel.length * 12 * knots**2, 1)


@handles('tow.order', OrderAsk, 'dispatcher')
def order_tow(deck: Deck, ask: OrderAsk) -> Answer:
    '''
    Order the fewest ready tugs that pull enough together, with the least pull to spare.
    '''
    call = deck.shelf(Call).need(ask.call)
    needed = pull_needed(deck.shelf(Vessel).need(call.vessel), ask.knots)
    ready = deck.shelf(Tug).where(state='ready', tow='')
    for count in range(1, min(4, len(ready)) + 1):
        teams = [team for team in combinations(ready, count) if sum(tug.pull for tug in team) >= needed]
        if teams:
            team = min(teams, key=lambda team: sum(tug.pull for tug in team))
            break
    else:
        raise TowRefused(f'{len(ready)} ready tugs do not pull {needed} t: warm up more')
    tow = Tow(deck.shelf(Tow).next_key('TOW'), call.key, tuple(tug.key for tug in team), now())
    deck.shelf(Tow).keep(tow)
    for tug in team:
        with holding(deck, tug.key):
            deck.shelf(Tug).change(tug.key, tow=tow.key)
    return answer(tow=tow.key, tugs=list(tow.tugs), needed=needed)


@handles('tow.begin', TowAsk)
def begin_tow(deck: Deck, ask: TowAsk) -> Answer:
    '''
    Note that the lines are on; every tug of the tow is busy from now.
    '''
    tow = deck.shelf(Tow).need(ask.tow)
    if tow.begun is not None:
        raise TowRefused(f'{tow.key} has begun: end it instead')
    for key in tow.tugs:
        with holding(deck, key):
            deck.shelf(Tug).change(key, state='towing', since=now())
    deck.shelf(Tow).change(tow.key, begun=now())
    return answer(waited=now() - tow.ordered)


@handles('tow.end', EndAsk)
def end_tow(deck: Deck, ask: EndAsk) -> Answer:
    '''
    End a tow: burn the fuel, bill the hours begun, and report snapped lines.
    '''
    tow = deck.shelf(Tow).need(ask.tow)
    if tow.begun is None or tow.ended is not None:
        raise TowRefused(f'{tow.key} is not under way: check its number')
    hours = (now() - tow.begun) / HOUR
    for key in tow.tugs:
        tug = deck.shelf(Tug).need(key)
        fuel = max(0.0, tug.fuel - 0.012 * tug.pull * hours)
        deck.shelf(Tug).change(key, state='ready', since=now(), tow='', fuel=round(fuel, 3))
    deck.shelf(Tow).change(tow.key, ended=now(), snapped=ask.snapped)
    if ask.snapped:
        deck.tell('incident.snapped-line', tow=tow.key, lines=ask.snapped)
    deck.tell('money.tow', call=tow.call, tug_hours=len(tow.tugs) * max(1, round(hours + 0.49)))
    return answer(minutes=now() - tow.begun, tugs=len(tow.tugs))


@handles('tow.cancel', TowAsk, 'dispatcher')
def cancel_tow(deck: Deck, ask: TowAsk) -> Answer:
    '''
    Take an order back before the lines are on; after half an hour it costs.
    '''
    tow = deck.shelf(Tow).need(ask.tow)
    if tow.begun is not None:
        raise TowRefused(f'{tow.key} has begun: it cannot be cancelled')
    for tug in deck.shelf(Tug).where(tow=tow.key):
        deck.shelf(Tug).change(tug.key, tow='')
    deck.shelf(Tow).drop(tow.key)
    costs = now() - tow.ordered > HOUR // 2
    if costs:
        deck.tell('money.fee', call=tow.call, why='cancelled tow')
    return answer(freed=len(tow.tugs), costs=costs)


@handles('tow.escort', CallAsk, 'dispatcher')
def require_escort(deck: Deck, ask: CallAsk) -> Answer:
    '''
    Decide whether a laden tanker must be escorted, and by how much pull.
    '''
    call = deck.shelf(Call).need(ask.call)
    vessel = deck.shelf(Vessel).need(call.vessel)
    if vessel.kind != 'tanker' or vessel.length < 90:
        return answer(escort=False, pull=0.0)
    pull = max(30.0, 0.3 * pull_needed(vessel, settings.GALE_KNOTS))
    strongest = max((tug.pull for tug in deck.shelf(Tug)), default=0.0)
    if strongest < pull:
        log.warning('no tug pulls the %.0f t that %s needs', pull, vessel.name)
        deck.tell('tow.charter', call=call.key, pull=pull)
    return answer(escort=True, pull=round(pull, 1))
