'''
The roster: licences, rest and sickness.
'''

from __future__ import annotations

from app.pilots.records import Job, Pilot, PilotAsk
from halyard.asks import Ask, Count, Flag, Measure, Text
from halyard.clock import DAY, HOUR, now
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.journal import get_logger
from halyard.settings import settings
from halyard.wire import fetch

log = get_logger(__name__)


class RosterRefused(HalyardError):
    '''
    The roster does not allow this.
    '''


class EnrolAsk(PilotAsk):
    '''
    A new pilot.
    '''

    name = Text()
    licence = Measure(least=30, most=450)


class SickAsk(PilotAsk):
    '''
    A pilot falls ill or is well again.
    '''

    sick = Flag()


class LookAheadAsk(Ask):
    '''
    How many pilots will be needed.
    '''

    hours = Count(12, least=1, most=72)
    needed = Count(least=1, most=40)


def is_rested(pilot: Pilot, minute: int) -> bool:
    '''
    Claim that a pilot will have rested long enough at a minute.
    '''
    return minute - pilot.rested_since >= settings.PILOT_REST_HOURS * HOUR


@handles('pilot.enrol', EnrolAsk, 'dispatcher')
def enrol_pilot(deck: Deck, ask: EnrolAsk) -> Answer:
    '''
    Enrol a pilot whose licence the bureau confirms.
    '''
    if ask.pilot in deck.shelf(Pilot):
        raise RosterRefused(f'{ask.pilot} is enrolled: choose another sign')
    confirmed = fetch('bureau', 'licences', sign=ask.pilot).get('metres', 0)
    if confirmed < ask.licence:
        raise RosterRefused(f'the bureau confirms {confirmed} m, not {ask.licence:.0f}: ask {ask.name} for the letter')
    rested = now() - settings.PILOT_REST_HOURS * HOUR
    deck.shelf(Pilot).keep(Pilot(ask.pilot, ask.name, ask.licence, rested))
    return answer(pilot=ask.pilot, spare=confirmed - ask.licence)


@handles('pilot.sick', SickAsk, 'dispatcher')
def note_sickness(deck: Deck, ask: SickAsk) -> Answer:
    '''
    Take a pilot off the roster, or back on it after a full rest.
    '''
    pilot = deck.shelf(Pilot).need(ask.pilot)
    if pilot.on_board and ask.sick:
        raise RosterRefused(f'{pilot.name} is on board of {pilot.on_board}: send a relief first')
    rested = pilot.rested_since if ask.sick else now()
    deck.shelf(Pilot).change(pilot.key, sick=ask.sick, rested_since=rested)
    fit = deck.shelf(Pilot).where(sick=False)
    if len(fit) < 2:
        log.error('only %d pilots are fit', len(fit))
    return answer(fit=len(fit))


@handles('pilot.available', Ask)
def list_available(deck: Deck, ask: Ask) -> Answer:
    '''
    List who could go now, the least busy first.
    '''
    ready = deck.shelf(Pilot).where(lambda pilot: is_rested(pilot, now()), sick=False, on_board='')
    ready.sort(key=lambda pilot: (pilot.jobs, -pilot.licence))
    return answer(pilots=[pilot.key for pilot in ready], longest=max((p.licence for p in ready), default=0.0))


@handles('pilot.shortage', LookAheadAsk, 'dispatcher')
def foresee_shortage(deck: Deck, ask: LookAheadAsk) -> Answer:
    '''
    Say in which hours ahead there will be fewer rested pilots than are needed.
    '''
    fit = deck.shelf(Pilot).where(sick=False)
    short: list[int] = list()
    for hour in range(ask.hours):
        minute = now() + hour * HOUR
        if sum(is_rested(pilot, minute) and not pilot.on_board for pilot in fit) < ask.needed:
            short.append(hour)
    if short:
        deck.tell('pilot.shortage', first=short[0], hours=len(short))
    return answer(short=short, worst=ask.needed - len(fit))


@handles('pilot.month', PilotAsk)
def sum_up_month(deck: Deck, ask: PilotAsk) -> Answer:
    '''
    Sum up a pilot's hours on board in the last thirty days, and the longest trip.
    '''
    pilot = deck.shelf(Pilot).need(ask.pilot)
    trips = [
        job.ended - job.begun
        for job in deck.shelf(Job).where(pilot=pilot.key)
        if job.ended is not None and job.ended > now() - 30 * DAY
    ]
    return answer(name=pilot.name, hours=round(sum(trips) / HOUR, 1), longest=max(trips, default=0))
