'''
Boxes that burn, poison or rust: declared before they come, and kept apart.
'''

from __future__ import annotations

from app.dangerous.records import Danger
from app.yard.records import Box, BoxAsk
from halyard.asks import Ask, Count, Measure, OneOf, Text
from halyard.clock import DAY, HOUR, now
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.holds import holding
from halyard.journal import get_logger
from halyard.settings import settings
from halyard.wire import fetch

log = get_logger(__name__)
GROUPS = ('gas', 'flammable', 'oxidizing', 'toxic', 'corrosive')
APART = {
    frozenset({'flammable', 'oxidizing'}): 3,
    frozenset({'gas', 'oxidizing'}): 2,
    frozenset({'corrosive', 'flammable'}): 1,
    frozenset({'corrosive', 'toxic'}): 1,
}


class DangerRefused(HalyardError):
    '''
    Dangerous goods may not come, stand or leave like this.
    '''


class DeclareAsk(BoxAsk):
    '''
    What is in a box.
    '''

    number = Count(least=4, most=3600)
    group = OneOf(*GROUPS)
    kilos = Measure(least=0.1, most=30_000)


class RowAsk(BoxAsk):
    '''
    A box that shall go into a row.
    '''

    row = Text(most=4)


def rows_between(first: str, second: str) -> int:
    '''
    Return how many rows lie between two, named by letters.
    '''
    return max(0, abs(ord(first[0]) - ord(second[0])) - 1)


@handles('danger.declare', DeclareAsk, 'agent')
def declare_danger(deck: Deck, ask: DeclareAsk) -> Answer:
    '''
    Declare what is in a box; explosive numbers are not taken at all.
    '''
    if ask.number < 1000:
        raise DangerRefused(f'UN {ask.number:04} explodes: the harbour does not take it, call the navy')
    known = deck.shelf(Danger).find(ask.box)
    if known is not None and known.approved_by and known.kilos < ask.kilos:
        raise DangerRefused(f'{known.approved_by} approved {known.kilos} kg: declare more in a second box')
    approved = known.approved_by if known is not None and known.number == ask.number else ''
    deck.shelf(Danger).keep(Danger(ask.box, ask.number, ask.group, ask.kilos, now(), approved))
    return answer(un=f'UN {ask.number:04}', approved=bool(approved))


@handles('danger.approve', BoxAsk, 'fire officer')
def approve_danger(deck: Deck, ask: BoxAsk) -> Answer:
    '''
    Approve a declaration, as long as the group does not pass ten tonnes in the yard.
    '''
    danger = deck.shelf(Danger).need(ask.box)
    stored = sum(
        other.kilos
        for other in deck.shelf(Danger).where(group=danger.group)
        if other.approved_by and other.key != danger.key
    )
    if stored + danger.kilos > 10_000:
        raise DangerRefused(f'{stored:.0f} kg of {danger.group} goods are here: wait until some leave')
    deck.shelf(Danger).change(danger.key, approved_by=deck.who)
    log.info('%s approved UN %04d', deck.who, danger.number)
    return answer(group=danger.group, stored=stored + danger.kilos)


@handles('danger.may-stand', RowAsk)
def check_segregation(deck: Deck, ask: RowAsk) -> Answer:
    '''
    Name the boxes that are too near a row for what is in this one.
    '''
    danger = deck.shelf(Danger).need(ask.box)
    if not danger.approved_by:
        raise DangerRefused(f'{danger.key} is not approved: ask the fire officer')
    near: list[str] = list()
    for other in deck.shelf(Danger):
        needed = APART.get(frozenset({danger.group, other.group}), 0)
        box = deck.shelf(Box).find(other.key)
        if needed and box is not None and box.row and rows_between(box.row, ask.row) < needed:
            near.append(box.key)
    return answer(may=not near, near=near)


@handles('danger.plan', Ask, 'fire officer')
def list_for_brigade(deck: Deck, ask: Ask) -> Answer:
    '''
    List for the fire brigade what burns where, by row, with what must not be used on it.
    '''
    lines: dict[str, list[str]] = dict()
    for danger in deck.shelf(Danger):
        box = deck.shelf(Box).find(danger.key)
        if box is None or box.gone is not None:
            continue
        warning = 'no water' if danger.group == 'corrosive' else 'keep cool' if danger.group == 'gas' else ''
        line = f'UN {danger.number:04} {danger.kilos:g} kg {warning}'.rstrip()
        lines.setdefault(box.row or 'quay', list()).append(line)
    return answer(rows=dict(sorted(lines.items())))


@handles('danger.overdue', Ask, 'fire officer')
def chase_overdue(deck: Deck, ask: Ask) -> Answer:
    '''
    Block the boxes whose declaration waits for approval for two days, and forget those that left.
    '''
    blocked: list[str] = list()
    for danger in list(deck.shelf(Danger)):
        box = deck.shelf(Box).find(danger.key)
        if box is not None and box.gone is not None:
            deck.shelf(Danger).drop(danger.key)
        elif box is not None and not danger.approved_by and now() - danger.declared > 2 * DAY:
            deck.shelf(Box).change(box.key, blocked_by=tuple(sorted({*box.blocked_by, 'fire officer'})))
            blocked.append(box.key)
    log.info('%d boxes wait for the fire officer', len(blocked))
    return answer(blocked=blocked, again_in=settings.NOTICE_HOURS * HOUR)


@handles('danger.sheet', BoxAsk)
def fetch_safety_sheet(deck: Deck, ask: BoxAsk) -> Answer:
    '''
    Fetch the safety sheet of what is in a box, and correct the group that was declared.
    '''
    danger = deck.shelf(Danger).need(ask.box)
    sheet = fetch('sheets', f'un/{danger.number:04}')
    if sheet['group'] not in GROUPS:
        raise DangerRefused(f'UN {danger.number:04} is {sheet["group"]}: the harbour has no place for it')
    wrong = sheet['group'] != danger.group
    if wrong:
        with holding(deck, danger.key):
            deck.shelf(Danger).change(danger.key, group=sheet['group'], approved_by='')
        log.warning('%s was declared as %s, is %s', danger.key, danger.group, sheet['group'])
    return answer(group=sheet['group'], corrected=wrong, extinguish_with=sheet.get('agent', 'foam'))
