'''
Entries: what is declared, how risky that is, and whether the box may go.
'''

from __future__ import annotations

from app.customs.records import Entry, Look
from app.yard.records import Box, BoxAsk
from halyard.asks import Ask, Count, Measure, Text
from halyard.clock import DAY, HOUR, now
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.holds import holding
from halyard.journal import get_logger
from halyard.settings import settings
from halyard.wire import fetch

log = get_logger(__name__)


class EntryRefused(HalyardError):
    '''
    Customs do not agree.
    '''


class LodgeAsk(BoxAsk):
    '''
    What an importer declares.
    '''

    goods = Text(most=60)
    value = Measure(least=0, most=50_000_000)
    origin = Text(most=2)


class FindAsk(BoxAsk):
    '''
    What an officer found, if anything.
    '''

    found = Text('', most=120)


class SampleAsk(Ask):
    '''
    How many boxes the officers can open today.
    '''

    looks = Count(least=1, most=60)


def _block(deck: Deck, box: Box, blocked: bool) -> None:
    '''
    Add customs to those who hold a box, or take them away.
    '''
    others = {who for who in box.blocked_by if who != 'customs'}
    holders = others | {'customs'} if blocked else others
    deck.shelf(Box).change(box.key, blocked_by=tuple(sorted(holders)))


@handles('customs.lodge', LodgeAsk, 'agent')
def lodge_entry(deck: Deck, ask: LodgeAsk) -> Answer:
    '''
    Lodge an entry, rate its risk, and hold the box when that is high.
    '''
    box = deck.shelf(Box).need(ask.box)
    vague = {'parts', 'samples', 'various', 'goods'} & set(ask.goods.lower().split())
    if vague:
        raise EntryRefused(f'{" and ".join(sorted(vague))} says nothing: name the goods')
    risk = fetch('customs', 'risk', origin=ask.origin.upper())['points']
    risk += 25 if ask.value / box.tonnes < 100 else 0
    risk += 15 * len(deck.shelf(Look).where(lambda look: look.found != '', box=box.key))
    deck.shelf(Entry).keep(Entry(box.key, ask.goods, ask.value, ask.origin.upper(), now(), risk))
    if risk >= settings.RISK_LOOK:
        _block(deck, box, True)
    return answer(risk=risk, held=risk >= settings.RISK_LOOK)


@handles('customs.sample', SampleAsk, 'customs')
def choose_looks(deck: Deck, ask: SampleAsk) -> Answer:
    '''
    Choose the boxes to open: the riskiest, and at least one origin that was never looked at.
    '''
    waiting = deck.shelf(Entry).where(state='lodged')
    waiting.sort(key=lambda entry: (-entry.risk, entry.lodged))
    chosen = waiting[: ask.looks]
    seen = {deck.shelf(Entry).need(look.box).origin for look in deck.shelf(Look) if look.box in deck.shelf(Entry)}
    fresh = next((entry for entry in waiting if entry.origin not in seen), None)
    if fresh is not None and fresh not in chosen:
        chosen[-1] = fresh
    return answer(boxes=[entry.key for entry in chosen], new_origin=fresh.origin if fresh else None)


@handles('customs.look', FindAsk, 'customs')
def note_look(deck: Deck, ask: FindAsk) -> Answer:
    '''
    Note what an officer found; nothing found releases the box, something seizes it.
    '''
    entry = deck.shelf(Entry).need(ask.box)
    box = deck.shelf(Box).need(ask.box)
    if box.tier > 1:
        raise EntryRefused(f'{box.key} stands in tier {box.tier}: have it lifted down')
    with holding(deck, box.key):
        look = Look(deck.shelf(Look).next_key('LOOK'), box.key, deck.who, now(), ask.found)
        deck.shelf(Look).keep(look)
        deck.shelf(Entry).change(entry.key, state='seized' if ask.found else 'released')
        _block(deck, box, bool(ask.found))
    if ask.found:
        deck.tell('police.seizure', box=box.key, found=ask.found)
    log.info('%s looked into %s', deck.who, box.key)
    return answer(look=look.key, seized=bool(ask.found))


@handles('customs.release', BoxAsk, 'customs')
def release_box(deck: Deck, ask: BoxAsk) -> Answer:
    '''
    Release a box unseen when its risk is low, or when it was held beyond the days that the law allows.
    '''
    entry = deck.shelf(Entry).need(ask.box)
    days = (now() - entry.lodged) // DAY
    if entry.state != 'lodged':
        raise EntryRefused(f'{entry.key} is {entry.state}: nothing to decide')
    if entry.risk >= settings.RISK_LOOK and days < settings.HOLD_DAYS:
        left = settings.HOLD_DAYS - days
        raise EntryRefused(f'{entry.key} has {entry.risk} points: look into it, or wait {left} days')
    deck.shelf(Entry).change(entry.key, state='released')
    _block(deck, deck.shelf(Box).need(entry.key), False)
    return answer(days=days, by_law=entry.risk >= settings.RISK_LOOK)


@handles('customs.duty', BoxAsk)
def compute_duty(deck: Deck, ask: BoxAsk) -> Answer:
    '''
    Compute duty and tax: small values are free, the tax comes on top of the duty.
    '''
    entry = deck.shelf(Entry).need(ask.box)
    rate = fetch('customs', 'rates', goods=entry.goods, origin=entry.origin)['percent'] / 100
    duty = 0.0 if entry.value <= 150 else round(entry.value * rate, 2)
    tax = round((entry.value + duty) * settings.VAT, 2)
    return answer(duty=duty, tax=tax, total=round(duty + tax, 2))


@handles('customs.silent', Ask, 'customs')
def find_undeclared(deck: Deck, ask: Ask) -> Answer:
    '''
    Hold every box that stands here for a day without an entry.
    '''
    silent = [
        box
        for box in deck.shelf(Box).where(lambda box: now() - box.came >= 24 * HOUR, gone=None)
        if box.kind != 'empty' and box.key not in deck.shelf(Entry) and 'customs' not in box.blocked_by
    ]
    for box in silent:
        _block(deck, box, True)
        log.info('held %s, undeclared for %d hours', box.key, (now() - box.came) // HOUR)
    return answer(held=[box.key for box in silent])
