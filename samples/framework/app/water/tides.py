'''
The tide table: fetched once a day, asked all day.
'''

from __future__ import annotations

from math import cos, pi

from app.calls.records import Call, CallAsk, Vessel
from app.water.records import Tide
from halyard.asks import Ask, Count, Measure
from halyard.clock import DAY, now, time_of_day
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.journal import get_logger
from halyard.settings import settings
from halyard.wire import fetch

log = get_logger(__name__)


class TideRefused(HalyardError):
    '''
    The table does not reach that far, or makes no sense.
    '''


class MinuteAsk(Ask):
    '''
    A time from now.
    '''

    in_minutes = Count(0, most=7 * DAY)


class WindowAsk(CallAsk):
    '''
    A call that must pass a bar.
    '''

    bar = Measure(least=1, most=30)


def _height_at(deck: Deck, minute: int) -> float:
    '''
    Return the height of the tide at a minute, between the turns around it.
    '''
    before = [tide for tide in deck.shelf(Tide) if tide.minute <= minute]
    after = [tide for tide in deck.shelf(Tide) if tide.minute > minute]
    if not before or not after:
        raise TideRefused(f'the table does not hold {time_of_day(minute)}: fetch it again')
    first, last = before[-1], after[0]
    share = (minute - first.minute) / (last.minute - first.minute)
    return round(first.height + (last.height - first.height) * (1 - cos(pi * share)) / 2, 2)


@handles('tide.refresh', Ask)
def refresh_table(deck: Deck, ask: Ask) -> Answer:
    '''
    Fetch the turns of the next days, and forget those older than a day.
    '''
    turns = fetch('tides', 'turns', since=now() - DAY)
    for number, turn in enumerate(turns):
        if number and turn['high'] == turns[number - 1]['high']:
            raise TideRefused(f'two turns in a row are {"high" if turn["high"] else "low"}: call the tide office')
        minute = turn['minute']
        deck.shelf(Tide).keep(Tide(f'{minute:010}', minute, turn['height'], turn['high']))
    old = deck.shelf(Tide).where(lambda tide: tide.minute < now() - DAY)
    for tide in old:
        deck.shelf(Tide).drop(tide.key)
    log.info('fetched %d turns, forgot %d', len(turns), len(old))
    return answer(turns=len(turns), forgotten=len(old))


@handles('tide.height', MinuteAsk)
def tell_height(deck: Deck, ask: MinuteAsk) -> Answer:
    '''
    Tell the height of the tide, and whether it rises.
    '''
    minute = now() + ask.in_minutes
    height = _height_at(deck, minute)
    return answer(height=height, rises=_height_at(deck, minute + 10) > height)


@handles('tide.next-high', Ask)
def find_next_high(deck: Deck, ask: Ask) -> Answer:
    '''
    Find the next high water, and say if it is a spring tide: the highest of the table, or nearly.
    '''
    highs = deck.shelf(Tide).where(is_high=True)
    coming = [tide for tide in highs if tide.minute > now()]
    if not coming:
        raise TideRefused('no high water is in the table: fetch it again')
    top = max(tide.height for tide in highs)
    return answer(at=time_of_day(coming[0].minute), height=coming[0].height, spring=coming[0].height >= 0.95 * top)


@handles('tide.window', WindowAsk)
def find_window(deck: Deck, ask: WindowAsk) -> Answer:
    '''
    Find the first stretch of the next day in which a vessel can pass a bar.
    '''
    vessel = deck.shelf(Vessel).need(deck.shelf(Call).need(ask.call).vessel)
    needed = vessel.draught + settings.KEEL_CLEARANCE - ask.bar
    opens = closes = None
    for minute in range(now(), now() + DAY, 10):
        is_enough = _height_at(deck, minute) >= needed
        if is_enough and opens is None:
            opens = minute
        if opens is not None and not is_enough:
            closes = minute
            break
    if opens is None:
        raise TideRefused(f'{vessel.name} cannot pass within a day: lighten it by some decimetres')
    return answer(opens=opens - now(), closes=None if closes is None else closes - now())
