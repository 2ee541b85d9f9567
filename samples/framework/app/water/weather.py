'''
Wind and sight: what the masts say, and what it means for the work outside.
'''

from __future__ import annotations

from app.water.records import Bulletin, last_bulletin
from halyard.asks import Ask, Count
from halyard.clock import DAY, HOUR, now
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.journal import get_logger
from halyard.settings import settings
from halyard.wire import fetch

log = get_logger(__name__)
POINTS = ('N', 'NE', 'E', 'SE', 'S', 'SW', 'W', 'NW')


class WeatherRefused(HalyardError):
    '''
    There is no weather to speak of.
    '''


class WeatherAsk(Ask):
    '''
    What a mast measured.
    '''

    knots = Count(most=150)
    direction = Count(most=359)
    sight = Count(most=50_000)
    gusts = Count(0, most=200)


@handles('weather.note', WeatherAsk)
def note_weather(deck: Deck, ask: WeatherAsk) -> Answer:
    '''
    Keep a bulletin, and sound the gale or fog warning when it is new.
    '''
    gusts = max(ask.gusts, ask.knots)
    key = f'{now():010}'
    last = last_bulletin(deck)
    deck.shelf(Bulletin).keep(Bulletin(key, now(), ask.knots, ask.direction, ask.sight, gusts))
    warnings: list[str] = list()
    if gusts >= settings.GALE_KNOTS and (last is None or last.gusts < settings.GALE_KNOTS):
        warnings.append('gale')
    if ask.sight < settings.FOG_METRES and (last is None or last.sight >= settings.FOG_METRES):
        warnings.append('fog')
    for warning in warnings:
        deck.tell(f'weather.{warning}', knots=gusts, sight=ask.sight)
    return answer(warnings=warnings, from_the=POINTS[round(ask.direction / 45) % 8])


@handles('weather.fetch', Ask)
def fetch_forecast(deck: Deck, ask: Ask) -> Answer:
    '''
    Fetch the forecast and find the calmest six hours of it.
    '''
    hours = fetch('metoffice', 'harbour', hours=48)['knots']
    if len(hours) < 6:
        raise WeatherRefused(f'a forecast of {len(hours)} hours is too short: fetch it later')
    sums = [sum(hours[start : start + 6]) for start in range(len(hours) - 5)]
    start = sums.index(min(sums))
    return answer(calm_in=start, knots=round(sums[start] / 6, 1), gale=max(hours) >= settings.GALE_KNOTS)


@handles('weather.work', Ask)
def say_what_works(deck: Deck, ask: Ask) -> Answer:
    '''
    Say which work the last bulletin allows: boats, cranes, pilots, bunkering.
    '''
    last = last_bulletin(deck)
    if last is None or now() - last.minute > 3 * HOUR:
        raise WeatherRefused('the last bulletin is too old: look out of the window and note one')
    limits = {'boats': (28, 200), 'cranes': (38, 0), 'pilots': (45, settings.FOG_METRES), 'bunkering': (25, 500)}
    allowed = [work for work, (knots, sight) in limits.items() if last.gusts < knots and last.sight >= sight]
    return answer(allowed=allowed, stopped=sorted(limits.keys() - set(allowed)))


@handles('weather.trend', Ask)
def describe_trend(deck: Deck, ask: Ask) -> Answer:
    '''
    Describe in words how the wind changed over the last three hours.
    '''
    recent = deck.shelf(Bulletin).where(lambda bulletin: now() - bulletin.minute <= 3 * HOUR)
    if len(recent) < 2:
        raise WeatherRefused('one bulletin is no trend: wait for the next')
    change = recent[-1].knots - recent[0].knots
    turn = (recent[-1].direction - recent[0].direction + 180) % 360 - 180
    words = 'freshens' if change > 4 else 'drops' if change < -4 else 'holds'
    if abs(turn) > 20:
        words += ' and veers' if turn > 0 else ' and backs'
    return answer(words=words, change=change, turn=turn)


@handles('weather.log', Ask)
def thin_out_log(deck: Deck, ask: Ask) -> Answer:
    '''
    Keep one bulletin an hour of everything older than a day: the one with the strongest gust.
    '''
    best: dict[int, Bulletin] = dict()
    old = deck.shelf(Bulletin).where(lambda bulletin: now() - bulletin.minute > DAY)
    for bulletin in old:
        hour = bulletin.minute // HOUR
        if hour not in best or bulletin.gusts > best[hour].gusts:
            best[hour] = bulletin
    for bulletin in old:
        if bulletin is not best[bulletin.minute // HOUR]:
            deck.shelf(Bulletin).drop(bulletin.key)
    log.info('thinned out %d bulletins to %d', len(old), len(best))
    return answer(dropped=len(old) - len(best), kept=len(best))
