'''
Lifting: cranes to vessels, boxes over the edge.
'''

from __future__ import annotations

from app.calls.records import Call, CallAsk, Vessel
from app.cranes.records import Crane, CraneAsk, Lift
from app.yard.records import Box
from halyard.asks import Count, OneOf, Text
from halyard.clock import HOUR, now
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.holds import holding
from halyard.journal import get_logger
from halyard.settings import settings
from halyard.wire import fetch

log = get_logger(__name__)


class CraneRefused(HalyardError):
    '''
    A crane cannot do this.
    '''


class BuildCraneAsk(CraneAsk):
    '''
    A crane stands on the rail.
    '''

    place = Count(least=0, most=3000)
    reach = Count(least=8, most=26)


class WorkAsk(CallAsk):
    '''
    A vessel wants so many boxes moved.
    '''

    boxes = Count(least=1, most=9000)


class LiftAsk(CraneAsk):
    '''
    A box goes over the edge.
    '''

    box = Text(most=11)
    way = OneOf('in', 'out')


@handles('crane.build', BuildCraneAsk, 'foreman')
def build_crane(deck: Deck, ask: BuildCraneAsk) -> Answer:
    '''
    Put a crane on the rail, forty metres from any other.
    '''
    for other in deck.shelf(Crane):
        if other.key != ask.crane and abs(other.place - ask.place) < 40:
            raise CraneRefused(f'{other.key} stands at {other.place} m: keep forty metres away')
    deck.shelf(Crane).keep(Crane(ask.crane, ask.place, ask.reach, greased_at=now()))
    order = sorted(deck.shelf(Crane), key=lambda crane: crane.place)
    return answer(order=[crane.key for crane in order])


@handles('crane.assign', WorkAsk, 'foreman')
def assign_cranes(deck: Deck, ask: WorkAsk) -> Answer:
    '''
    Give a vessel as many idle neighbours on the rail as its boxes are worth, four at most.
    '''
    call = deck.shelf(Call).need(ask.call)
    vessel = deck.shelf(Vessel).need(call.vessel)
    wanted = min(4, 1 + ask.boxes // 250, max(1, int(vessel.length // 60)))
    run: list[Crane] = list()
    for crane in sorted(deck.shelf(Crane), key=lambda crane: crane.place):
        run = [*run, crane] if crane.state == 'idle' else list()
        if len(run) == wanted:
            break
    if not run:
        raise CraneRefused(f'every crane is at work: {call.key} must wait for one')
    for crane in run:
        with holding(deck, crane.key):
            deck.shelf(Crane).change(crane.key, state='working', call=call.key)
    hours = ask.boxes / (settings.MOVES_AN_HOUR * len(run))
    return answer(cranes=[crane.key for crane in run], done_in=round(hours * HOUR))


@handles('crane.lift', LiftAsk)
def note_lift(deck: Deck, ask: LiftAsk) -> Answer:
    '''
    Note one lift; a box that goes out must not be blocked by anybody.
    '''
    crane = deck.shelf(Crane).need(ask.crane)
    if crane.state != 'working':
        raise CraneRefused(f'{crane.key} is {crane.state}: assign it to a vessel')
    box = deck.shelf(Box).find(ask.box)
    if ask.way == 'out':
        if box is None or box.gone is not None or box.blocked_by:
            raise CraneRefused(f'{ask.box} may not be loaded: ask the yard why')
        with holding(deck, box.key):
            deck.shelf(Box).change(box.key, gone=now(), row='', tier=0)
    key = deck.shelf(Lift).next_key('LIFT')
    deck.shelf(Lift).keep(Lift(key, crane.key, crane.call, ask.box, now(), ask.way))
    deck.shelf(Crane).change(crane.key, lifts=crane.lifts + 1)
    return answer(lift=key, unknown=box is None)


@handles('crane.finish', CallAsk, 'foreman')
def finish_work(deck: Deck, ask: CallAsk) -> Answer:
    '''
    Free the cranes of a vessel, and return the pace they kept.
    '''
    cranes = deck.shelf(Crane).where(call=ask.call)
    if not cranes:
        raise CraneRefused(f'no crane works for {ask.call}: check the call')
    minutes = [lift.minute for lift in deck.shelf(Lift).where(call=ask.call)]
    for crane in cranes:
        deck.shelf(Crane).change(crane.key, state='idle', call='')
    span = max(minutes) - min(minutes) if len(minutes) > 1 else 0
    pace = round((len(minutes) - 1) * HOUR / span, 1) if span else 0.0
    if span and pace < settings.MOVES_AN_HOUR / 2:
        log.warning('%s was worked at %.1f moves an hour', ask.call, pace)
    return answer(lifts=len(minutes), pace=pace)


@handles('crane.plan-from-line', CallAsk, 'foreman')
def fetch_load_plan(deck: Deck, ask: CallAsk) -> Answer:
    '''
    Fetch the plan of the shipping line, and say which of its boxes are not ready to be lifted.
    '''
    call = deck.shelf(Call).need(ask.call)
    planned = fetch('lines', f'plans/{call.vessel}', agent=call.agent)['boxes']
    if len(set(planned)) < len(planned):
        raise CraneRefused(f'the plan of {call.agent} names a box twice: ask for a new one')
    absent = [key for key in planned if key not in deck.shelf(Box)]
    held = [key for key in planned if key not in absent and deck.shelf(Box).need(key).blocked_by]
    return answer(ready=len(planned) - len(absent) - len(held), absent=absent, held=held)
