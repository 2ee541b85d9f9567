'''
Waste of vessels: handed over by the litre, carried away by the lorry.
'''

from __future__ import annotations

from app.calls.records import Call, CallAsk, Vessel
from app.dangerous.records import Slop
from halyard.asks import Ask, Count, OneOf, Text
from halyard.clock import HOUR, now
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.holds import holding
from halyard.journal import get_logger
from halyard.wire import fetch

log = get_logger(__name__)
SORTS = ('oily water', 'sewage', 'garbage', 'scrubber sludge')


class SlopRefused(HalyardError):
    '''
    Waste cannot be taken or carried away.
    '''


class HandOverAsk(CallAsk):
    '''
    Waste on the quay.
    '''

    sort = OneOf(*SORTS)
    litres = Count(least=1, most=500_000)


class LorryAsk(Ask):
    '''
    A tank lorry that came for one sort.
    '''

    plate = Text(most=10)
    sort = OneOf(*SORTS)
    tank = Count(least=100, most=40_000)


@handles('slop.hand-over', HandOverAsk)
def take_waste(deck: Deck, ask: HandOverAsk) -> Answer:
    '''
    Take waste from a vessel; garbage is free, the rest is billed by the started cubic metre.
    '''
    call = deck.shelf(Call).need(ask.call)
    if call.state not in ('moored', 'cleared'):
        raise SlopRefused(f'{call.key} is {call.state}: waste is taken alongside only')
    slop = Slop(deck.shelf(Slop).next_key('SLOP'), call.key, ask.sort, ask.litres)
    deck.shelf(Slop).keep(slop)
    metres = 0 if ask.sort == 'garbage' else -(-ask.litres // 1000)
    if metres:
        deck.tell('money.waste', call=call.key, cubic_metres=metres)
    return answer(slop=slop.key, cubic_metres=metres)


@handles('slop.collect', LorryAsk)
def collect_waste(deck: Deck, ask: LorryAsk) -> Answer:
    '''
    Fill a lorry with the oldest lots of one sort that fit whole.
    '''
    room = ask.tank
    with holding(deck, ask.sort):
        lots: list[str] = list()
        for slop in deck.shelf(Slop).where(sort=ask.sort, taken=None):
            if slop.litres <= room:
                room -= slop.litres
                deck.shelf(Slop).change(slop.key, taken=now(), lorry=ask.plate)
                lots.append(slop.key)
    if not lots:
        raise SlopRefused(f'no lot of {ask.sort} fits {ask.tank} litres: send another lorry')
    return answer(lots=lots, filled=round(1 - room / ask.tank, 2))


@handles('slop.owed', CallAsk)
def compute_minimum(deck: Deck, ask: CallAsk) -> Answer:
    '''
    Compute the sewage that a crew must have produced, against what was handed over.
    '''
    call = deck.shelf(Call).need(ask.call)
    if call.arrived is None:
        raise SlopRefused(f'{call.key} has not arrived: ask again when it lies here')
    kind = deck.shelf(Vessel).need(call.vessel).kind
    rate = 9.5 if kind == 'passenger' else 4.0
    produced = round(call.crew * rate * (now() - call.arrived) / HOUR)
    given = sum(slop.litres for slop in deck.shelf(Slop).where(call=call.key, sort='sewage'))
    if given < produced / 2:
        deck.tell('call.objection', call=call.key, desk='waste')
        log.warning('%s keeps %d litres of sewage', call.key, produced - given)
    return answer(produced=produced, given=given, object=given < produced / 2)


@handles('slop.lots', Ask)
def sum_up_lots(deck: Deck, ask: Ask) -> Answer:
    '''
    Sum up what stands on the quay, by sort, the fullest first.
    '''
    litres = {sort: sum(slop.litres for slop in deck.shelf(Slop).where(sort=sort, taken=None)) for sort in SORTS}
    order = sorted((sort for sort in SORTS if litres[sort]), key=lambda sort: -litres[sort])
    return answer(order=order, litres=sum(litres.values()))


@handles('slop.permit', LorryAsk)
def check_permit(deck: Deck, ask: LorryAsk) -> Answer:
    '''
    Ask the haulage office whether a lorry may carry a sort of waste, and how much is left of its quota.
    '''
    permit = fetch('haulage', f'permits/{ask.plate.replace(" ", "")}')
    if ask.sort not in permit['sorts']:
        raise SlopRefused(f'{ask.plate} may not carry {ask.sort}: send one that may')
    carried = sum(slop.litres for slop in deck.shelf(Slop).where(lorry=ask.plate, sort=ask.sort))
    left = permit['quota'] - carried
    if left < ask.tank:
        log.info('%s has a quota of %d litres left', ask.plate, left)
    return answer(left=left, full_loads=max(0, left // ask.tank))
