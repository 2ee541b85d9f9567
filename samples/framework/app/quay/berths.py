'''
The plan of the quay: who lies where, and who could.
'''

from __future__ import annotations

from app.calls.records import Call, CallAsk, Vessel
from app.quay.records import Berth, BerthAsk
from halyard.asks import Ask, Count, Measure, Text
from halyard.clock import HOUR, now
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.holds import holding
from halyard.journal import get_logger
from halyard.settings import settings

log = get_logger(__name__)


class BerthRefused(HalyardError):
    '''
    No berth can be had in this way.
    '''


class NewBerthAsk(BerthAsk):
    '''
    A berth as the surveyors measured it.
    '''

    length = Measure(least=10, most=500)
    depth = Measure(least=1, most=30)
    bollards = Count(8, least=2, most=60)


class CloseAsk(BerthAsk):
    '''
    Why nobody may lie there.
    '''

    why = Text(most=100)


class FitAsk(CallAsk):
    '''
    A call and the tide that it will meet.
    '''

    tide = Measure(0.0, least=-2, most=9)


@handles('berth.build', NewBerthAsk, 'planner')
def build_berth(deck: Deck, ask: NewBerthAsk) -> Answer:
    '''
    Enter a berth; a new survey of a known one keeps who lies there.
    '''
    old = deck.shelf(Berth).find(ask.berth)
    if old is None:
        deck.shelf(Berth).keep(Berth(ask.berth, ask.length, ask.depth, bollards=ask.bollards))
        return answer(berth=ask.berth, silted=0.0)
    silted = round(old.depth - ask.depth, 2)
    deck.shelf(Berth).change(old.key, length=ask.length, depth=ask.depth, bollards=ask.bollards)
    if silted > 0.3:
        deck.tell('water.silted', berth=old.key, metres=silted)
    return answer(berth=old.key, silted=silted)


@handles('berth.candidates', FitAsk)
def find_candidates(deck: Deck, ask: FitAsk) -> Answer:
    '''
    List the berths that a vessel fits, the tightest fit first.
    '''
    vessel = deck.shelf(Vessel).need(deck.shelf(Call).need(ask.call).vessel)
    needed = vessel.length + settings.BERTH_MARGIN
    water = vessel.draught + settings.KEEL_CLEARANCE - ask.tide
    fits = deck.shelf(Berth).where(lambda berth: berth.length >= needed and berth.depth >= water, closed_for='')
    fits.sort(key=lambda berth: (berth.length - needed, berth.key))
    return answer(berths=[berth.key for berth in fits], free=[berth.key for berth in fits if not berth.call])


@handles('berth.assign', CallAsk, 'planner')
def assign_berth(deck: Deck, ask: CallAsk) -> Answer:
    '''
    Give a call the tightest berth that nobody else is promised.
    '''
    call = deck.shelf(Call).need(ask.call)
    if call.berth:
        raise BerthRefused(f'{call.key} is promised {call.berth}: release that first')
    fits = find_candidates(deck, FitAsk({'call': call.key}))['berths']
    promised = {other.berth for other in deck.shelf(Call).where(lambda other: other.sailed is None)}
    left = [key for key in fits if key not in promised]
    if not left:
        raise BerthRefused(f'all {len(fits)} berths that fit {call.key} are promised: send it to the anchorage')
    with holding(deck, left[0]):
        deck.shelf(Call).change(call.key, berth=left[0])
    deck.tell('berth.assigned', call=call.key, berth=left[0])
    log.info('%s is promised to %s', left[0], call.key)
    return answer(berth=left[0], choices=len(left))


@handles('berth.release', CallAsk, 'planner')
def release_berth(deck: Deck, ask: CallAsk) -> Answer:
    '''
    Take the promise of a berth back while the vessel is still at sea.
    '''
    call = deck.shelf(Call).need(ask.call)
    if not call.berth or call.state not in ('announced', 'anchored'):
        raise BerthRefused(f'{call.key} is {call.state} with {call.berth or "no berth"}: there is nothing to release')
    with holding(deck, call.berth):
        deck.shelf(Call).change(call.key, berth='')
    next_up = min(
        deck.shelf(Call).where(lambda other: other.key != call.key, state='anchored', berth=''),
        key=lambda other: other.due,
        default=None,
    )
    return answer(released=call.berth, offer_to=next_up.key if next_up else None)


@handles('berth.close', CloseAsk, 'planner')
def close_berth(deck: Deck, ask: CloseAsk) -> Answer:
    '''
    Close a berth, and name the calls that must be planned again.
    '''
    berth = deck.shelf(Berth).need(ask.berth)
    if berth.call:
        raise BerthRefused(f'{berth.call} lies at {berth.key}: shift it first')
    stranded = [call.key for call in deck.shelf(Call).where(berth=berth.key, sailed=None)]
    with holding(deck, berth.key):
        deck.shelf(Berth).change(berth.key, closed_for=ask.why)
        for key in stranded:
            deck.shelf(Call).change(key, berth='')
            deck.tell('call.plan-again', call=key, berth=berth.key)
    log.warning('closed %s for %s, %d calls stranded', berth.key, ask.why, len(stranded))
    return answer(stranded=stranded)


@handles('berth.open', BerthAsk, 'planner')
def open_berth(deck: Deck, ask: BerthAsk) -> Answer:
    '''
    Open a closed berth again.
    '''
    berth = deck.shelf(Berth).need(ask.berth)
    if not berth.closed_for:
        raise BerthRefused(f'{berth.key} is open: nothing to do')
    with holding(deck, berth.key):
        deck.shelf(Berth).change(berth.key, closed_for='')
    return answer(berth=berth.key, was_closed_for=berth.closed_for)


@handles('berth.map', Ask)
def draw_map(deck: Deck, ask: Ask) -> Answer:
    '''
    Draw the quay as one line: a letter for each berth, and how much of it is in use.
    '''
    marks: list[str] = list()
    used = total = 0.0
    for berth in deck.shelf(Berth):
        marks.append('x' if berth.closed_for else 'V' if berth.call else '.')
        total += berth.length
        used += berth.length if berth.call else 0.0
    share = round(used / total, 2) if total else 0.0
    return answer(map=''.join(marks), share=share)


@handles('berth.overstayed', Ask, 'planner')
def find_overstayed(deck: Deck, ask: Ask) -> Answer:
    '''
    Find the vessels that still lie where another is due within six hours.
    '''
    soon = {
        call.berth: call.key
        for call in deck.shelf(Call).where(state='announced')
        if call.berth and call.due - now() <= 6 * HOUR
    }
    pairs = [(berth.call, soon[berth.key]) for berth in deck.shelf(Berth) if berth.call and berth.key in soon]
    for lying, coming in pairs:
        deck.tell('call.hurry', call=lying, because_of=coming)
    return answer(pairs=pairs)
