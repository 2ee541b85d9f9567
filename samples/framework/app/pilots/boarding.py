'''
Sending pilots out, and fetching them back.
'''

from __future__ import annotations

from app.calls.records import Call, CallAsk, Vessel
from app.pilots.records import Job, Pilot, PilotAsk
from app.pilots.roster import is_rested
from halyard.asks import Count, Measure, Text
from halyard.clock import HOUR, now
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.holds import holding
from halyard.journal import get_logger
from halyard.settings import settings
from halyard.wire import fetch

log = get_logger(__name__)


class PilotRefused(HalyardError):
    '''
    No pilot can go, or this one may not.
    '''


class BoatAsk(CallAsk):
    '''
    Where a vessel waits for its pilot.
    '''

    miles = Measure(least=0, most=40)
    sea = Count(least=0, most=9)


class ReliefAsk(PilotAsk):
    '''
    One pilot takes over from another.
    '''

    relief = Text(most=6)


class ExemptAsk(CallAsk):
    '''
    A captain who knows the harbour.
    '''

    captain = Text()
    visits = Count(least=0, most=9999)


@handles('pilot.send', CallAsk, 'dispatcher')
def send_pilot(deck: Deck, ask: CallAsk) -> Answer:
    '''
    Send the rested pilot with the smallest licence that covers the vessel.
    '''
    call = deck.shelf(Call).need(ask.call)
    vessel = deck.shelf(Vessel).need(call.vessel)
    if deck.shelf(Job).where(call=call.key, ended=None):
        raise PilotRefused(f'{vessel.name} has a pilot: wait until the trip ends')
    able = deck.shelf(Pilot).where(
        lambda pilot: pilot.licence >= vessel.length and is_rested(pilot, now()),
        sick=False,
        on_board='',
    )
    if not able:
        raise PilotRefused(f'no rested pilot may bring {vessel.length:.0f} m: ask again in an hour')
    pilot = min(able, key=lambda pilot: (pilot.licence, pilot.jobs, pilot.key))
    with holding(deck, pilot.key):
        deck.shelf(Pilot).change(pilot.key, on_board=call.key, jobs=pilot.jobs + 1)
        job = deck.shelf(Job).keep(Job(deck.shelf(Job).next_key('JOB'), call.key, pilot.key, now()))
    log.info('%s goes out to %s', pilot.name, vessel.name)
    return answer(pilot=pilot.key, job=job.key)


@handles('pilot.return', PilotAsk, 'dispatcher')
def note_return(deck: Deck, ask: PilotAsk) -> Answer:
    '''
    Note that a pilot is ashore: the trip ends and the rest begins.
    '''
    pilot = deck.shelf(Pilot).need(ask.pilot)
    job = deck.shelf(Job).first(pilot=pilot.key, ended=None)
    if job is None:
        raise PilotRefused(f'{pilot.name} is on no trip: check the sign')
    deck.shelf(Job).change(job.key, ended=now())
    deck.shelf(Pilot).change(pilot.key, on_board='', rested_since=now())
    deck.tell('money.pilot', call=job.call, minutes=now() - job.begun)
    return answer(call=job.call, minutes=now() - job.begun, next_at=now() + settings.PILOT_REST_HOURS * HOUR)


@handles('pilot.relieve', ReliefAsk, 'dispatcher')
def relieve_pilot(deck: Deck, ask: ReliefAsk) -> Answer:
    '''
    Let one pilot take over a trip from another who may not go on.
    '''
    tired = deck.shelf(Pilot).need(ask.pilot)
    fresh = deck.shelf(Pilot).need(ask.relief)
    if not tired.on_board or fresh.on_board or fresh.sick:
        raise PilotRefused(f'{fresh.name} cannot relieve {tired.name}: look at who is on board')
    if fresh.licence < tired.licence and fresh.licence < _vessel_length(deck, tired.on_board):
        raise PilotRefused(f'the licence of {fresh.name} ends at {fresh.licence:.0f} m: send somebody else')
    job = deck.shelf(Job).where(pilot=tired.key, ended=None)[0]
    with holding(deck, tired.key), holding(deck, fresh.key):
        deck.shelf(Job).change(job.key, pilot=fresh.key)
        deck.shelf(Pilot).change(fresh.key, on_board=tired.on_board, jobs=fresh.jobs + 1)
        deck.shelf(Pilot).change(tired.key, on_board='', rested_since=now())
    log.info('%s took over %s from %s', fresh.name, job.call, tired.name)
    return answer(job=job.key, after=now() - job.begun)


def _vessel_length(deck: Deck, call: str) -> float:
    '''
    Return the length of the vessel of a call.
    '''
    return deck.shelf(Vessel).need(deck.shelf(Call).need(call).vessel).length


@handles('pilot.boat', BoatAsk)
def plan_boat(deck: Deck, ask: BoatAsk) -> Answer:
    '''
    Say when the pilot boat must leave; in heavy seas the vessel comes to meet it.
    '''
    call = deck.shelf(Call).need(ask.call)
    if ask.sea >= 7:
        raise PilotRefused(f'no boat goes out at sea state {ask.sea}: wait for the next bulletin')
    speed = settings.PILOT_SPEED * (1 - 0.08 * ask.sea)
    minutes = round(ask.miles / speed * HOUR)
    leave = max(now(), call.due - minutes - 10)
    meet = 'inside the mole' if ask.sea >= 5 else 'at the station'
    return answer(leave=leave, minutes=minutes, meet=meet)


@handles('pilot.exempt', ExemptAsk, 'dispatcher')
def exempt_captain(deck: Deck, ask: ExemptAsk) -> Answer:
    '''
    Let a captain with enough visits come in without a pilot, on a hull that is not too long.
    '''
    call = deck.shelf(Call).need(ask.call)
    length = _vessel_length(deck, call.key)
    needed = 6 if length < 100 else 18 if length < 160 else 10_000
    if ask.visits < needed:
        raise PilotRefused(f'{ask.captain} has {ask.visits} of {needed} visits: take a pilot')
    job = Job(deck.shelf(Job).next_key('JOB'), call.key, ask.captain, now(), ended=now(), exempt=True)
    deck.shelf(Job).keep(job)
    return answer(job=job.key, spare=ask.visits - needed)


@handles('pilot.tariff', CallAsk)
def fetch_tariff(deck: Deck, ask: CallAsk) -> Answer:
    '''
    Fetch the tariff of the bureau, and say what the trips of a call cost by it.
    '''
    steps = fetch('bureau', 'tariff', length=round(_vessel_length(deck, ask.call)))
    minutes = [job.ended - job.begun for job in deck.shelf(Job).where(call=ask.call) if job.ended is not None]
    if not minutes:
        raise PilotRefused(f'no trip of {ask.call} has ended: ask again later')
    cents = sum(steps['base'] + steps['minute'] * max(0, spent - steps['free']) for spent in minutes)
    return answer(trips=len(minutes), cents=cents)
