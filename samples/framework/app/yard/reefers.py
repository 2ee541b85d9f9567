'''
Cold boxes: kept cold, watched, and thrown off as late as possible.
'''

from __future__ import annotations

from app.yard.records import Box, BoxAsk, Reefer
from halyard.asks import Ask, Count, Measure
from halyard.clock import HOUR, now
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.holds import holding
from halyard.journal import get_logger
from halyard.settings import settings
from halyard.wire import fetch

log = get_logger(__name__)


class ColdRefused(HalyardError):
    '''
    A box cannot be cooled as asked.
    '''


class ColdAsk(BoxAsk):
    '''
    A temperature, wanted or measured.
    '''

    degrees = Measure(least=-70, most=30)


class CircuitAsk(Ask):
    '''
    How many sockets of a circuit are left.
    '''

    sockets = Count(least=0, most=500)


@handles('reefer.connect', ColdAsk, 'electrician')
def connect_reefer(deck: Deck, ask: ColdAsk) -> Answer:
    '''
    Put a cold box on its socket; only those that stand low can be reached.
    '''
    box = deck.shelf(Box).need(ask.box)
    if box.kind != 'reefer':
        raise ColdRefused(f'{box.key} is {box.kind}: it has no plug')
    if not 1 <= box.tier <= 3:
        raise ColdRefused(f'tier {box.tier} is out of reach: place {box.key} in tier 1 to 3')
    deck.shelf(Reefer).keep(Reefer(box.key, ask.degrees, ask.degrees, now()))
    connected = len(deck.shelf(Reefer))
    return answer(connected=connected, at=f'{box.row}{box.tier}')


@handles('reefer.measure', ColdAsk)
def note_temperature(deck: Deck, ask: ColdAsk) -> Answer:
    '''
    Keep a temperature; the third alarm in a row goes to the owner.
    '''
    reefer = deck.shelf(Reefer).need(ask.box)
    drift = ask.degrees - reefer.wanted
    alarms = reefer.alarms + 1 if abs(drift) > settings.REEFER_DRIFT else 0
    with holding(deck, reefer.key):
        deck.shelf(Reefer).change(reefer.key, measured=ask.degrees, checked=now(), alarms=alarms)
    if alarms == 3:
        deck.tell('reefer.owner', box=reefer.key, drift=round(drift, 1))
        log.error('%s is %.1f degrees off', reefer.key, drift)
    return answer(drift=round(drift, 1), alarms=alarms)


@handles('reefer.round', Ask, 'electrician')
def plan_round(deck: Deck, ask: Ask) -> Answer:
    '''
    Plan the electrician's round: alarms first, then boxes unseen for six hours, along the rows.
    '''
    alarmed: list[Box] = list()
    unseen: list[Box] = list()
    for reefer in deck.shelf(Reefer):
        box = deck.shelf(Box).need(reefer.key)
        if reefer.alarms:
            alarmed.append(box)
        elif now() - reefer.checked >= 6 * HOUR:
            unseen.append(box)
    walk = sorted(alarmed, key=lambda box: box.row) + sorted(unseen, key=lambda box: (box.row, -box.tier))
    return answer(walk=[f'{box.row}{box.tier} {box.key}' for box in walk], alarms=len(alarmed))


@handles('reefer.outage', CircuitAsk, 'electrician')
def ration_sockets(deck: Deck, ask: CircuitAsk) -> Answer:
    '''
    Choose who stays on when sockets fail: frozen goods hold out longest and go off first.
    '''
    by_need = sorted(deck.shelf(Reefer), key=lambda reefer: (reefer.wanted < -10, -reefer.wanted, reefer.key))
    keep, off = by_need[: ask.sockets], by_need[ask.sockets :]
    hours = {reefer.key: 12 if reefer.wanted < -10 else 3 for reefer in off}
    for reefer in off:
        deck.tell('reefer.off', box=reefer.key, back_within=hours[reefer.key])
    return answer(keep=[reefer.key for reefer in keep], off=hours)


@handles('reefer.disconnect', BoxAsk, 'electrician')
def disconnect_reefer(deck: Deck, ask: BoxAsk) -> Answer:
    '''
    Take a box off its socket just before it leaves, never while it is in alarm.
    '''
    reefer = deck.shelf(Reefer).need(ask.box)
    if reefer.alarms:
        raise ColdRefused(f'{reefer.key} is in alarm: cool it down before it leaves')
    deck.shelf(Reefer).drop(reefer.key)
    drift = abs(reefer.measured - reefer.wanted)
    return answer(drift=round(drift, 1), unseen=now() - reefer.checked)


@handles('reefer.poll', Ask)
def poll_loggers(deck: Deck, ask: Ask) -> Answer:
    '''
    Read the loggers of all cold boxes from their maker, and name those that stay silent.
    '''
    readings = fetch('coldchain', 'readings')
    silent: list[str] = list()
    for reefer in deck.shelf(Reefer):
        if reefer.key not in readings:
            silent.append(reefer.key)
            continue
        with holding(deck, reefer.key):
            deck.shelf(Reefer).change(reefer.key, measured=readings[reefer.key], checked=now())
    strangers = sorted(readings.keys() - {reefer.key for reefer in deck.shelf(Reefer)})
    return answer(silent=silent, strangers=strangers)
