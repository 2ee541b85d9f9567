'''
The gate: lorries in their slots, boxes out with the right paper.
'''

from __future__ import annotations

from app.yard.records import Box, BoxAsk, Slot
from halyard.asks import Ask, Count, Text
from halyard.clock import DAY, HOUR, now, time_of_day
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.holds import holding
from halyard.journal import get_logger
from halyard.settings import settings
from halyard.wire import fetch

log = get_logger(__name__)
QUARTER = HOUR // 4


class GateRefused(HalyardError):
    '''
    A lorry or a box does not pass.
    '''


class SlotAsk(BoxAsk):
    '''
    A haulier wants to come.
    '''

    plate = Text(most=10)
    in_minutes = Count(least=0, most=3 * DAY)


class PlateAsk(Ask):
    '''
    A lorry at the barrier.
    '''

    plate = Text(most=10)


class SealAsk(BoxAsk):
    '''
    The seal on a door.
    '''

    seal = Text(most=15)


@handles('gate.book', SlotAsk)
def book_slot(deck: Deck, ask: SlotAsk) -> Answer:
    '''
    Book the first quarter of an hour, from the one asked for, that has a lane left.
    '''
    box = deck.shelf(Box).need(ask.box)
    if box.gone is not None or box.leaves_by != 'road':
        raise GateRefused(f'{box.key} does not leave by road: change its onward way first')
    other = deck.shelf(Slot).first(lambda slot: slot.key != ask.plate, box=box.key, passed=None)
    if other is not None:
        raise GateRefused(f'{other.key} comes for {box.key}: agree with that haulier')
    quarter = -(-(now() + ask.in_minutes) // QUARTER) * QUARTER
    while len(taken := deck.shelf(Slot).where(begins=quarter)) >= settings.GATE_LANES:
        quarter += QUARTER
    lane = min(set(range(1, settings.GATE_LANES + 1)) - {slot.lane for slot in taken})
    deck.shelf(Slot).keep(Slot(ask.plate, box.key, quarter, lane))
    return answer(at=time_of_day(quarter), lane=lane)


@handles('gate.pass', PlateAsk, 'gatekeeper')
def let_pass(deck: Deck, ask: PlateAsk) -> Answer:
    '''
    Let a lorry out with its box when it is on time and nobody blocks the box.
    '''
    slot = deck.shelf(Slot).need(ask.plate)
    box = deck.shelf(Box).need(slot.box)
    early = slot.begins - now()
    if early > QUARTER or early < -HOUR:
        raise GateRefused(f'{slot.key} is {abs(early)} minutes {"early" if early > 0 else "late"}: book a new slot')
    if box.blocked_by:
        raise GateRefused(f'{" and ".join(box.blocked_by)} hold {box.key}: ask them to release it')
    with holding(deck, box.key):
        deck.shelf(Slot).change(slot.key, passed=now())
        deck.shelf(Box).change(box.key, gone=now(), row='', tier=0)
    deck.tell('gate.out', box=box.key, plate=slot.key)
    log.info('%s left with %s in lane %d', slot.key, box.key, slot.lane)
    return answer(box=box.key, lane=slot.lane, stayed=(now() - box.came) // DAY)


@handles('gate.haulier', PlateAsk, 'gatekeeper')
def look_up_haulier(deck: Deck, ask: PlateAsk) -> Answer:
    '''
    Ask who owns a lorry, and turn it away when its brakes were not tested this year.
    '''
    plate = ask.plate.replace(' ', '').upper()
    found = fetch('haulage', f'plates/{plate}')
    age = (now() - found['tested']) // DAY
    if age > 365:
        log.warning('turned %s of %s away', plate, found['owner'])
        raise GateRefused(f'the brakes of {plate} were tested {age} days ago: bring another lorry')
    return answer(owner=found['owner'], days_left=365 - age)


@handles('gate.check-seal', SealAsk, 'gatekeeper')
def check_seal(deck: Deck, ask: SealAsk) -> Answer:
    '''
    Note the first seal of a box, and compare every later one with it.
    '''
    box = deck.shelf(Box).need(ask.box)
    if not box.seal:
        deck.shelf(Box).change(box.key, seal=ask.seal)
        return answer(first=True, broken=False)
    if box.seal != ask.seal:
        deck.shelf(Box).change(box.key, blocked_by=tuple(sorted({*box.blocked_by, 'security'})))
        deck.tell('security.seal', box=box.key, expected=box.seal, found=ask.seal)
    return answer(first=False, broken=box.seal != ask.seal)


@handles('gate.rush', Ask)
def foresee_rush(deck: Deck, ask: Ask) -> Answer:
    '''
    Return the hours of the next day in which more than half of the slots are booked.
    '''
    counts: dict[int, int] = dict()
    for slot in deck.shelf(Slot).where(lambda slot: 0 <= slot.begins - now() < DAY, passed=None):
        hour = slot.begins // HOUR
        counts[hour] = counts.get(hour, 0) + 1
    full = 4 * settings.GATE_LANES
    rush = {time_of_day(hour * HOUR): round(count / full, 2) for hour, count in counts.items() if 2 * count > full}
    return answer(rush=rush, booked=sum(counts.values()))


@handles('gate.no-shows', Ask, 'gatekeeper')
def clear_no_shows(deck: Deck, ask: Ask) -> Answer:
    '''
    Drop the slots of lorries that never came, and remember their plates.
    '''
    missed = deck.shelf(Slot).where(lambda slot: now() - slot.begins > HOUR, passed=None)
    for slot in missed:
        deck.shelf(Slot).drop(slot.key)
        deck.tell('gate.no-show', plate=slot.key)
    repeated = sorted({slot.key for slot in missed if len(deck.heard('gate.no-show', plate=slot.key)) >= 3})
    return answer(missed=len(missed), repeated=repeated)
