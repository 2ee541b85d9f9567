'''
Lines and bollards: what holds a vessel to the quay.
'''

from __future__ import annotations

from app.calls.records import Call, CallAsk, Vessel
from app.quay.records import Berth, BerthAsk, Line
from halyard.asks import Count, Measure, OneOf
from halyard.clock import HOUR, now
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.holds import holding
from halyard.journal import get_logger
from halyard.settings import settings

log = get_logger(__name__)
WEIGHTS = {'head': 1.0, 'stern': 1.0, 'spring': 1.2, 'breast': 0.8}


class LineRefused(HalyardError):
    '''
    A line cannot be made fast, slackened or let go.
    '''


class LineAsk(CallAsk):
    '''
    A line goes over a bollard.
    '''

    bollard = Count(least=1, most=60)
    kind = OneOf('head', 'stern', 'spring', 'breast')


class TensionAsk(BerthAsk):
    '''
    A reading of the load cell in a bollard.
    '''

    bollard = Count(least=1, most=60)
    tonnes = Measure(most=300)


class WindAsk(CallAsk):
    '''
    The wind that a vessel should be able to lie in.
    '''

    knots = Measure(most=120)


@handles('line.make-fast', LineAsk, 'linesman')
def make_fast(deck: Deck, ask: LineAsk) -> Answer:
    '''
    Put a line over a bollard that has room: two lines at most, and never of two vessels.
    '''
    call = deck.shelf(Call).need(ask.call)
    berth = deck.shelf(Berth).need(call.berth)
    if ask.bollard > berth.bollards:
        raise LineRefused(f'{berth.key} has {berth.bollards} bollards: choose a lower number')
    key = f'{berth.key}/{ask.bollard}'
    line = deck.shelf(Line).find(key)
    if line is not None and line.call != call.key:
        raise LineRefused(f'bollard {ask.bollard} holds {line.call}: use another one')
    if line is not None and '+' in line.kind:
        raise LineRefused(f'bollard {ask.bollard} holds two lines: use another one')
    kind = ask.kind if line is None else f'{line.kind}+{ask.kind}'
    deck.shelf(Line).keep(Line(key, call.key, kind, tended=now()))
    return answer(bollard=key, kind=kind)


@handles('line.let-go', CallAsk, 'linesman')
def let_go_all(deck: Deck, ask: CallAsk) -> Answer:
    '''
    Let go all lines of a cleared vessel, springs last.
    '''
    call = deck.shelf(Call).need(ask.call)
    if call.state != 'cleared':
        raise LineRefused(f'{call.key} is {call.state}: wait for the clearance')
    lines = deck.shelf(Line).where(call=call.key)
    lines.sort(key=lambda line: ('spring' in line.kind, line.key))
    with holding(deck, call.berth):
        for line in lines:
            deck.shelf(Line).drop(line.key)
    return answer(order=[line.key for line in lines])


@handles('line.tension', TensionAsk)
def read_tension(deck: Deck, ask: TensionAsk) -> Answer:
    '''
    Keep the load on a bollard, and raise the alarm when it jumps or grows too high.
    '''
    line = deck.shelf(Line).need(f'{ask.berth}/{ask.bollard}')
    limit = 60.0 * (2 if '+' in line.kind else 1)
    jumped = line.tension > 0 and ask.tonnes > 1.5 * line.tension
    deck.shelf(Line).change(line.key, tension=ask.tonnes)
    if ask.tonnes > limit or jumped:
        deck.tell('line.alarm', line=line.key, call=line.call, tonnes=ask.tonnes)
        log.warning('%s pulls %.1f t at %s', line.call, ask.tonnes, line.key)
    return answer(alarm=ask.tonnes > limit or jumped, share=round(ask.tonnes / limit, 2))


@handles('line.holding-power', WindAsk)
def estimate_holding(deck: Deck, ask: WindAsk) -> Answer:
    '''
    Say whether the lines that are out would hold a vessel in a wind.
    '''
    call = deck.shelf(Call).need(ask.call)
    vessel = deck.shelf(Vessel).need(call.vessel)
    area = vessel.length * (4.0 + vessel.draught)
    push = 0.000_018 * area * ask.knots**2
    hold = sum(
        30.0 * sum(WEIGHTS[kind] for kind in line.kind.split('+'))
        for line in deck.shelf(Line).where(call=call.key)
    )
    breast = sum(line.kind.count('breast') for line in deck.shelf(Line).where(call=call.key))
    enough = hold >= push and breast >= settings.BREAST_LINES
    return answer(holds=enough, push=round(push, 1), hold=round(hold, 1))


@handles('line.untended', BerthAsk, 'linesman')
def tend_lines(deck: Deck, ask: BerthAsk) -> Answer:
    '''
    Tend the lines of a berth that nobody has looked at for four hours.
    '''
    old = deck.shelf(Line).where(
        lambda line: line.key.startswith(f'{ask.berth}/') and now() - line.tended >= 4 * HOUR,
    )
    if not old:
        raise LineRefused(f'all lines at {ask.berth} are tended: come back later')
    for line in old:
        deck.shelf(Line).change(line.key, tended=now(), tension=0.0)
    return answer(tended=len(old), oldest=now() - min(line.tended for line in old))
