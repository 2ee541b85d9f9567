'''
Letting vessels go: what must be settled before, and what is noted after.
'''

from __future__ import annotations

from app.calls.records import Call, CallAsk, Vessel
from app.quay.records import Berth
from halyard.asks import Ask, Count, Text
from halyard.clock import DAY, HOUR, now
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.holds import holding
from halyard.journal import get_logger

log = get_logger(__name__)


class SailingRefused(HalyardError):
    '''
    A vessel may not leave yet.
    '''


class ShiftAsk(CallAsk):
    '''
    A moored vessel moves to another berth.
    '''

    berth = Text(most=8)


class StatisticsAsk(Ask):
    '''
    The last so many days.
    '''

    days = Count(30, least=1, most=366)


@handles('call.clear', CallAsk, 'watch')
def clear_to_sail(deck: Deck, ask: CallAsk) -> Answer:
    '''
    Clear a vessel to sail when nobody in the house objects any more.
    '''
    call = deck.shelf(Call).need(ask.call)
    if call.state != 'moored':
        raise SailingRefused(f'{call.key} is {call.state}: only moored vessels are cleared')
    raised = [event.facts['desk'] for event in deck.heard('call.objection', call=call.key)]
    lifted = [event.facts['desk'] for event in deck.heard('call.objection-lifted', call=call.key)]
    open_desks = sorted(set(raised) - set(lifted))
    if open_desks:
        raise SailingRefused(f'{" and ".join(open_desks)} object to {call.key}: settle it with them')
    deck.shelf(Call).change(call.key, state='cleared')
    return answer(call=call.key, settled=len(raised))


@handles('call.object', CallAsk)
def raise_objection(deck: Deck, ask: CallAsk) -> Answer:
    '''
    Object to the sailing of a call in the name of the desk that asks.
    '''
    call = deck.shelf(Call).need(ask.call)
    if call.state == 'cleared':
        deck.shelf(Call).change(call.key, state='moored')
        log.warning('%s took back the clearance of %s', deck.role, call.key)
    deck.tell('call.objection', call=call.key, desk=deck.role)
    return answer(desk=deck.role, revoked=call.state == 'cleared')


@handles('call.lift-objection', CallAsk)
def lift_objection(deck: Deck, ask: CallAsk) -> Answer:
    '''
    Lift the objection that the same desk raised before.
    '''
    if not deck.heard('call.objection', call=ask.call, desk=deck.role):
        raise SailingRefused(f'the {deck.role} never objected to {ask.call}: nothing to lift')
    deck.tell('call.objection-lifted', call=ask.call, desk=deck.role)
    return answer(desk=deck.role)


@handles('call.sail', CallAsk, 'watch')
def note_sailed(deck: Deck, ask: CallAsk) -> Answer:
    '''
    Note that the last line is gone: the berth is free and the stay is billed.
    '''
    call = deck.shelf(Call).need(ask.call)
    if call.state != 'cleared':
        raise SailingRefused(f'{call.key} is not cleared: ask for clearance')
    with holding(deck, call.berth):
        berth = deck.shelf(Berth).change(call.berth, call='', since=None)
        deck.shelf(Call).change(call.key, state='sailed', sailed=now())
    stay = now() - (call.arrived or call.due)
    deck.tell('money.stay', call=call.key, agent=call.agent, berth=berth.key, hours=-(-stay // HOUR))
    log.info('%s sailed after %d minutes', call.key, stay)
    return answer(stay=stay, days=-(-stay // DAY))


@handles('call.shift', ShiftAsk, 'watch')
def shift_berth(deck: Deck, ask: ShiftAsk) -> Answer:
    '''
    Move a moored vessel to another berth that is free and long enough.
    '''
    call = deck.shelf(Call).need(ask.call)
    vessel = deck.shelf(Vessel).need(call.vessel)
    target = deck.shelf(Berth).need(ask.berth)
    if call.state != 'moored' or target.key == call.berth:
        raise SailingRefused(f'{call.key} has no reason to shift: it is {call.state} at {call.berth or "no berth"}')
    if target.call or target.closed_for:
        raise SailingRefused(f'{target.key} is {target.closed_for or "taken"}: choose a free berth')
    if vessel.length > target.length:
        raise SailingRefused(f'{vessel.name} is {vessel.length - target.length:.0f} m too long: choose a longer berth')
    with holding(deck, target.key), holding(deck, call.berth):
        deck.shelf(Berth).change(call.berth, call='', since=None)
        deck.shelf(Berth).change(target.key, call=call.key, since=now())
        deck.shelf(Call).change(call.key, berth=target.key)
    return answer(left=call.berth, berth=target.key)


@handles('call.statistics', StatisticsAsk)
def summarize_stays(deck: Deck, ask: StatisticsAsk) -> Answer:
    '''
    Return the number and the median stay of the calls that sailed lately, by kind of vessel.
    '''
    since = now() - ask.days * DAY
    stays: dict[str, list[int]] = dict()
    for call in deck.shelf(Call).where(lambda call: call.sailed is not None and call.sailed >= since):
        kind = deck.shelf(Vessel).need(call.vessel).kind
        stays.setdefault(kind, list()).append(call.sailed - (call.arrived or call.due))
    medians = {kind: sorted(found)[len(found) // 2] for kind, found in stays.items()}
    return answer(calls=sum(map(len, stays.values())), medians=medians)
