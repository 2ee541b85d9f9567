'''
From the pilot station to the berth: the watch on the radio.
'''

from __future__ import annotations

from app.calls.records import Call, CallAsk, Vessel
from app.quay.records import Berth
from halyard.asks import Ask, Count, Measure, Text
from halyard.clock import HOUR, now
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.holds import holding
from halyard.journal import get_logger
from halyard.settings import settings
from halyard.wire import fetch

log = get_logger(__name__)


class ArrivalRefused(HalyardError):
    '''
    A vessel may not come in as things are.
    '''


class ArrivalAsk(CallAsk):
    '''
    A vessel reports at the pilot station.
    '''

    draught = Measure(least=0.5, most=26)
    persons = Count(least=1, most=6000)


class RemarkAsk(CallAsk):
    '''
    Something worth remembering of a call.
    '''

    text = Text(most=200)


class PositionAsk(Ask):
    '''
    Where a hull is.
    '''

    vessel = Text(most=7)


@handles('call.arrive', ArrivalAsk, 'watch')
def note_arrival(deck: Deck, ask: ArrivalAsk) -> Answer:
    '''
    Note that a vessel is at the pilot station, and send it to its berth or to the anchorage.
    '''
    call = deck.shelf(Call).need(ask.call)
    vessel = deck.shelf(Vessel).need(call.vessel)
    if call.arrived is not None:
        raise ArrivalRefused(f'{vessel.name} arrived before: check the call sign')
    if ask.draught > vessel.draught:
        raise ArrivalRefused(f'{vessel.name} lies {ask.draught} m deep, not {vessel.draught}: correct the hull first')
    state = 'inbound' if call.berth else 'anchored'
    waiting = deck.shelf(Call).where(state='anchored')
    if state == 'anchored' and len(waiting) >= settings.ANCHORAGE_ROOM:
        raise ArrivalRefused('the anchorage is full: slow down and report again in two hours')
    with holding(deck, call.key):
        deck.shelf(Call).change(call.key, state=state, arrived=now(), crew=ask.persons)
    if ask.persons != call.crew:
        deck.tell('people.count-differs', call=call.key, told=call.crew, found=ask.persons)
    return answer(state=state, waiting=len(waiting))


@handles('call.next-from-anchorage', Ask, 'watch')
def call_next_from_anchorage(deck: Deck, ask: Ask) -> Answer:
    '''
    Choose who leaves the anchorage next: passengers first, then whoever has waited longest for a free berth.
    '''
    free = {berth.key for berth in deck.shelf(Berth).where(call='', closed_for='')}
    ready = [call for call in deck.shelf(Call).where(state='anchored') if call.berth in free]
    if not ready:
        raise ArrivalRefused('nobody at anchor has a free berth: assign one first')
    kinds = {vessel.key: vessel.kind for vessel in deck.shelf(Vessel)}
    chosen = min(ready, key=lambda call: (kinds[call.vessel] != 'passenger', call.arrived, call.key))
    deck.shelf(Call).change(chosen.key, state='inbound')
    deck.tell('call.inbound', call=chosen.key, berth=chosen.berth)
    return answer(call=chosen.key, waited=now() - (chosen.arrived or now()))


@handles('call.moor', CallAsk, 'watch')
def note_moored(deck: Deck, ask: CallAsk) -> Answer:
    '''
    Note that a vessel lies alongside; its berth is taken from now on.
    '''
    call = deck.shelf(Call).need(ask.call)
    if call.state != 'inbound':
        raise ArrivalRefused(f'{call.key} is {call.state}: it must come in first')
    with holding(deck, call.berth):
        berth = deck.shelf(Berth).need(call.berth)
        if berth.call:
            raise ArrivalRefused(f'{berth.key} is taken by {berth.call}: shift one of the two')
        deck.shelf(Berth).change(berth.key, call=call.key, since=now())
        deck.shelf(Call).change(call.key, state='moored')
    log.info('%s lies at %s', call.key, berth.key)
    return answer(berth=berth.key, late=max(0, now() - call.due))


@handles('call.position', PositionAsk)
def find_position(deck: Deck, ask: PositionAsk) -> Answer:
    '''
    Ask the beacons where a hull was last seen, and how many minutes ago.
    '''
    vessel = deck.shelf(Vessel).need(ask.vessel)
    seen = fetch('beacons', 'last', hull=vessel.key)
    if not seen:
        raise ArrivalRefused(f'no beacon has seen {vessel.name}: call it on the radio')
    age = now() - seen['minute']
    miles = round(seen['metres'] / 1852, 1)
    return answer(miles=miles, age=age, stale=age > 2 * HOUR)


@handles('call.remark', RemarkAsk)
def add_remark(deck: Deck, ask: RemarkAsk) -> Answer:
    '''
    Add a remark to a call, once.
    '''
    call = deck.shelf(Call).need(ask.call)
    if ask.text in call.remarks:
        return answer(remarks=len(call.remarks))
    changed = deck.shelf(Call).change(call.key, remarks=(*call.remarks, ask.text))
    return answer(remarks=len(changed.remarks))
