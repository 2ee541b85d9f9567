'''
Rows and tiers: where boxes stand, and what must be lifted to reach them.
'''

from __future__ import annotations

from app.yard.records import Box, BoxAsk
from halyard.asks import Ask, Count, Measure, OneOf, Text
from halyard.clock import DAY, now
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.holds import holding
from halyard.journal import get_logger
from halyard.settings import settings
from halyard.wire import fetch

log = get_logger(__name__)


class StackRefused(HalyardError):
    '''
    A box cannot stand there, or cannot be moved.
    '''


class ReceiveAsk(BoxAsk):
    '''
    A box comes into the yard.
    '''

    tonnes = Measure(least=2, most=40)
    kind = OneOf('dry', 'reefer', 'tank', 'empty', default='dry')
    leaves_by = OneOf('road', 'rail', 'sea', default='road')


class PlaceAsk(BoxAsk):
    '''
    A box goes into a row.
    '''

    row = Text(most=4)


class HousekeepingAsk(Ask):
    '''
    How many lifts a quiet night allows.
    '''

    lifts = Count(least=1, most=200)


def _stack_of(deck: Deck, row: str) -> list[Box]:
    '''
    Return the boxes of a row, the lowest first.
    '''
    return sorted(deck.shelf(Box).where(row=row, gone=None), key=lambda box: box.tier)


def check_digit(number: str) -> int:
    '''
    Return the check digit of a box's first ten characters.
    '''
    values = [int(sign, 36) + (int(sign, 36) > 10) + (int(sign, 36) > 20) + (int(sign, 36) > 30) for sign in number]
    return sum(value << place for place, value in enumerate(values)) % 11 % 10


@handles('yard.receive', ReceiveAsk, 'foreman')
def receive_box(deck: Deck, ask: ReceiveAsk) -> Answer:
    '''
    Take a box in whose number is genuine and whose weight the cranes can lift.
    '''
    number = ask.box.upper()
    if len(number) != 11 or not number[:4].isalpha() or not number[4:].isdigit():
        raise StackRefused(f'{ask.box!r} is no box number: four letters, seven digits')
    if check_digit(number[:10]) != int(number[10]):
        raise StackRefused(f'the check digit of {number} should be {check_digit(number[:10])}: read the door again')
    if ask.tonnes > settings.BOX_TONNES:
        raise StackRefused(f'{ask.tonnes} t are too heavy: strip the box on the quay')
    known = deck.shelf(Box).find(number)
    if known is not None and known.gone is None:
        raise StackRefused(f'{number} stands in the yard: look for a misread twin')
    with holding(deck, number):
        deck.shelf(Box).keep(Box(number, ask.tonnes, now(), kind=ask.kind, leaves_by=ask.leaves_by))
    log.info('%s came in with %.1f t', number, ask.tonnes)
    return answer(box=number, seen_before=known is not None)


@handles('yard.place', PlaceAsk, 'foreman')
def place_box(deck: Deck, ask: PlaceAsk) -> Answer:
    '''
    Put a box on top of a row: heavy below light, and tanks on the ground only.
    '''
    box = deck.shelf(Box).need(ask.box)
    stack = [other for other in _stack_of(deck, ask.row) if other.key != box.key]
    if len(stack) >= settings.STACK_TIERS:
        raise StackRefused(f'row {ask.row} is full: choose another')
    if box.kind == 'tank' and stack:
        raise StackRefused(f'tanks stand on the ground: row {ask.row} is in use, choose an empty one')
    if stack and stack[-1].kind == 'tank':
        raise StackRefused(f'nothing stands on the tank in row {ask.row}: choose another')
    if stack and box.tonnes > stack[-1].tonnes + 5:
        raise StackRefused(f'{box.tonnes} t would crush {stack[-1].tonnes} t: dig a place lower down')
    with holding(deck, f'row {ask.row}'):
        deck.shelf(Box).change(box.key, row=ask.row, tier=len(stack) + 1)
    log.debug('%s stands in row %s, tier %d', box.key, ask.row, len(stack) + 1)
    return answer(row=ask.row, tier=len(stack) + 1)


@handles('yard.dig', BoxAsk)
def plan_dig(deck: Deck, ask: BoxAsk) -> Answer:
    '''
    List the lifts that bring a box to light, each to the lowest other row.
    '''
    box = deck.shelf(Box).need(ask.box)
    if not box.row:
        raise StackRefused(f'{box.key} has no place yet: look on the quay')
    heights = {other.row: 0 for other in deck.shelf(Box).where(gone=None) if other.row and other.row != box.row}
    for row in heights:
        heights[row] = len(_stack_of(deck, row))
    lifts: list[tuple[str, str]] = list()
    for above in reversed(_stack_of(deck, box.row)[box.tier :]):
        target = min(heights, key=lambda row: (heights[row], row), default='')
        if not target or heights[target] >= settings.STACK_TIERS:
            raise StackRefused(f'{len(lifts)} lifts in, every row is full: open a new one')
        heights[target] += 1
        lifts.append((above.key, target))
    return answer(lifts=lifts)


@handles('yard.tidy', HousekeepingAsk, 'foreman')
def suggest_housekeeping(deck: Deck, ask: HousekeepingAsk) -> Answer:
    '''
    Suggest lifts for a quiet night: boxes that stand on one which leaves before them.
    '''
    bad: list[tuple[int, str]] = list()
    for row in sorted({box.row for box in deck.shelf(Box).where(gone=None) if box.row}):
        stack = _stack_of(deck, row)
        for place, box in enumerate(stack[1:], 1):
            older = sum(below.came < box.came for below in stack[:place])
            if older:
                bad.append((-older, box.key))
    return answer(lift=[key for _, key in sorted(bad)[: ask.lifts]], left=max(0, len(bad) - ask.lifts))


@handles('yard.old', Ask)
def list_long_stayers(deck: Deck, ask: Ask) -> Answer:
    '''
    List boxes beyond their free days, with the days that will be billed.
    '''
    billed: dict[str, int] = dict()
    for box in deck.shelf(Box).where(gone=None):
        days = (now() - box.came) // DAY - settings.FREE_DAYS
        if days > 0 and box.kind != 'empty':
            billed[box.key] = days
    return answer(billed=billed, days=sum(billed.values()))


@handles('yard.pre-advice', BoxAsk)
def fetch_pre_advice(deck: Deck, ask: BoxAsk) -> Answer:
    '''
    Ask the shipping line how a box will go on, and keep that unless it stands ready for another way.
    '''
    box = deck.shelf(Box).need(ask.box)
    advice = fetch('lines', f'boxes/{box.key}')
    if advice['tonnes'] and abs(advice['tonnes'] - box.tonnes) > 0.05 * box.tonnes:
        raise StackRefused(f'{box.key} weighs {box.tonnes} t here, {advice["tonnes"]} t there: weigh it again')
    if advice['way'] == box.leaves_by or box.gone is not None:
        return answer(way=box.leaves_by, changed=False)
    with holding(deck, box.key):
        deck.shelf(Box).change(box.key, leaves_by=advice['way'])
    return answer(way=advice['way'], changed=True)
