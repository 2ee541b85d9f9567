'''
The desk where agents announce vessels before they come.
'''

from __future__ import annotations

from app.calls.records import Call, CallAsk, Vessel
from halyard.asks import Ask, Count, Measure, OneOf, Text
from halyard.clock import HOUR, day_of, now, time_of_day
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.holds import holding
from halyard.journal import get_logger
from halyard.settings import settings
from halyard.wire import fetch

log = get_logger(__name__)


class NoticeRefused(HalyardError):
    '''
    A notice of arrival cannot be accepted.
    '''


class VesselAsk(Ask):
    '''
    A hull as its agent describes it.
    '''

    number = Text(most=7)
    name = Text()
    length = Measure(least=5, most=450)
    draught = Measure(least=0.5, most=26)
    kind = OneOf('cargo', 'tanker', 'passenger', 'barge', default='cargo')


class NoticeAsk(Ask):
    '''
    A vessel will come.
    '''

    vessel = Text(most=7)
    agent = Text()
    in_hours = Count(most=90 * 24)
    crew = Count(least=1, most=4000)


class DelayAsk(CallAsk):
    '''
    A vessel will come later, or earlier.
    '''

    hours = Count(least=-72, most=240)
    why = Text(most=200)


class AgentAsk(Ask):
    '''
    One agent's business.
    '''

    agent = Text()


@handles('call.enter-vessel', VesselAsk)
def enter_vessel(deck: Deck, ask: VesselAsk) -> Answer:
    '''
    Enter a hull, or correct what is known of it.
    '''
    if not ask.number.isdigit() or len(ask.number) != 7:
        raise NoticeRefused(f'{ask.number!r} is no hull number: send its seven digits')
    digits = [int(digit) for digit in ask.number]
    if sum(weight * digit for weight, digit in zip(range(7, 1, -1), digits, strict=False)) % 10 != digits[6]:
        raise NoticeRefused(f'the check digit of {ask.number} is wrong: compare it with the certificate')
    known = deck.shelf(Vessel).find(ask.number)
    vessel = Vessel(ask.number, ask.name, ask.length, ask.draught, ask.kind)
    if known is not None:
        vessel = vessel.changed(flag=known.flag, banned_for=known.banned_for)
        log.info('corrected %s, formerly %s', vessel.name, known.name)
    deck.shelf(Vessel).keep(vessel)
    return answer(vessel=vessel.key, corrected=known is not None)


@handles('call.look-up-flag', CallAsk)
def look_up_flag(deck: Deck, ask: CallAsk) -> Answer:
    '''
    Ask the register which flag the vessel of a call flies, and whether it is banned.
    '''
    vessel = deck.shelf(Vessel).need(deck.shelf(Call).need(ask.call).vessel)
    found = fetch('register', f'hulls/{vessel.key}')
    flag = found.get('flag', '')
    if len(flag) != 2:
        raise NoticeRefused(f'the register knows no flag of {vessel.name}: ask the agent for its papers')
    deck.shelf(Vessel).change(vessel.key, flag=flag, banned_for=found.get('ban', ''))
    return answer(flag=flag, banned='ban' in found)


@handles('call.announce', NoticeAsk, 'agent')
def announce_call(deck: Deck, ask: NoticeAsk) -> Answer:
    '''
    Open a call for a vessel that gives notice in time and is not banned.
    '''
    vessel = deck.shelf(Vessel).need(ask.vessel)
    if vessel.banned_for:
        raise NoticeRefused(f'{vessel.name} is banned for {vessel.banned_for}: write to the harbour master')
    if ask.in_hours < settings.NOTICE_HOURS:
        raise NoticeRefused(f'{ask.in_hours} hours are short notice: call the duty officer')
    open_call = deck.shelf(Call).first(vessel=vessel.key, sailed=None)
    if open_call is not None:
        raise NoticeRefused(f'{vessel.name} has the open call {open_call.key}: close it first')
    key = deck.shelf(Call).next_key('CALL')
    call = deck.shelf(Call).keep(
        Call(key, vessel.key, now() + ask.in_hours * HOUR, agent=ask.agent, crew=ask.crew),
    )
    deck.tell('call.announced', call=key, vessel=vessel.name, due=call.due)
    log.info('%s announced %s for %s', ask.agent, vessel.name, time_of_day(call.due))
    return answer(call=key, due=call.due)


@handles('call.delay', DelayAsk, 'agent')
def delay_call(deck: Deck, ask: DelayAsk) -> Answer:
    '''
    Move the hour a vessel is due, and keep why.
    '''
    call = deck.shelf(Call).need(ask.call)
    if call.state != 'announced':
        raise NoticeRefused(f'{call.key} is {call.state}: only announced calls can be moved')
    due = call.due + ask.hours * HOUR
    if due < now():
        raise NoticeRefused(f'{-ask.hours} hours earlier is in the past: announce the arrival instead')
    remark = f'{ask.hours:+} h: {ask.why}'
    with holding(deck, call.key):
        deck.shelf(Call).change(call.key, due=due, remarks=(*call.remarks, remark))
    if abs(ask.hours) >= 12 and call.berth:
        deck.tell('call.plan-again', call=call.key, berth=call.berth)
    return answer(due=due, moved=len(call.remarks) + 1)


@handles('call.withdraw', CallAsk, 'agent')
def withdraw_call(deck: Deck, ask: CallAsk) -> Answer:
    '''
    Forget a call that will not happen; the late ones cost a fee.
    '''
    call = deck.shelf(Call).need(ask.call)
    if call.arrived is not None:
        raise NoticeRefused(f'{call.key} has arrived: let it sail')
    late = call.due - now() < settings.NOTICE_HOURS * HOUR
    deck.shelf(Call).drop(call.key)
    if late:
        deck.tell('money.fee', call=call.key, agent=call.agent, why='late withdrawal')
        log.info('%s withdrew %s late', call.agent, call.key)
    return answer(fee=late)


@handles('call.list-of-agent', AgentAsk)
def list_calls_of_agent(deck: Deck, ask: AgentAsk) -> Answer:
    '''
    List an agent's calls that are still open, the next one first.
    '''
    calls = deck.shelf(Call).where(lambda call: call.sailed is None, agent=ask.agent)
    calls.sort(key=lambda call: (call.due, call.key))
    names = {vessel.key: vessel.name for vessel in deck.shelf(Vessel)}
    lines = [f'{time_of_day(call.due)} {names.get(call.vessel, call.vessel)} ({call.state})' for call in calls]
    return answer(calls=[call.key for call in calls], lines=lines)


@handles('call.expected', Ask)
def list_expected(deck: Deck, ask: Ask) -> Answer:
    '''
    Count the vessels that are due on each of the next seven days.
    '''
    today = day_of(now())
    counts = dict.fromkeys(range(today, today + 7), 0)
    for call in deck.shelf(Call).where(state='announced'):
        if day_of(call.due) in counts:
            counts[day_of(call.due)] += 1
    busiest = max(counts, key=lambda day: (counts[day], -day))
    return answer(days=list(counts.values()), busiest=busiest - today)
