'''
Depths: measured by the survey boat, lost to the mud.
'''

from __future__ import annotations

from statistics import median

from app.quay.records import Berth
from app.water.records import Sounding
from halyard.asks import Ask, Count, Measure, Text
from halyard.clock import day_of, now
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.journal import get_logger

log = get_logger(__name__)


class SoundingRefused(HalyardError):
    '''
    A depth cannot be right, or there are too few of them.
    '''


class SoundingAsk(Ask):
    '''
    One depth at one place.
    '''

    place = Text(most=8)
    metres = Measure(least=0.2, most=60)


class TrendAsk(Ask):
    '''
    A place, and a depth that must not be lost.
    '''

    place = Text(most=8)
    least = Measure(least=0.2, most=60)


class DredgeAsk(Ask):
    '''
    What the dredger can carry away in one campaign.
    '''

    cubic_metres = Count(least=100, most=10_000_000)


@handles('water.sound', SoundingAsk, 'surveyor')
def note_sounding(deck: Deck, ask: SoundingAsk) -> Answer:
    '''
    Keep a depth that does not differ wildly from what was measured there before.
    '''
    earlier = [sounding.metres for sounding in deck.shelf(Sounding).where(place=ask.place)]
    if len(earlier) >= 3 and abs(ask.metres - median(earlier[-5:])) > 1.5:
        raise SoundingRefused(f'{ask.metres} m at {ask.place} is far off {median(earlier[-5:])} m: sound it again')
    today = day_of(now())
    deck.shelf(Sounding).keep(Sounding(f'{ask.place}/{today}', ask.place, today, ask.metres, deck.who))
    berth = deck.shelf(Berth).find(ask.place)
    if berth is not None and ask.metres < berth.depth:
        deck.shelf(Berth).change(berth.key, depth=ask.metres)
        log.info('%s is now %.1f m deep', berth.key, ask.metres)
    return answer(soundings=len(earlier) + 1, berth_corrected=berth is not None and ask.metres < berth.depth)


@handles('water.trend', TrendAsk)
def estimate_trend(deck: Deck, ask: TrendAsk) -> Answer:
    '''
    Fit a line through the depths of a place, and say in how many days it will be too shallow.
    '''
    points = [(sounding.day, sounding.metres) for sounding in deck.shelf(Sounding).where(place=ask.place)]
    if len(points) < 3:
        raise SoundingRefused(f'{len(points)} depths show no trend at {ask.place}: measure at least three')
    mean_day = sum(day for day, _ in points) / len(points)
    mean_depth = sum(metres for _, metres in points) / len(points)
    spread = sum((day - mean_day) ** 2 for day, _ in points)
    slope = sum((day - mean_day) * (metres - mean_depth) for day, metres in points) / spread
    if slope >= 0:
        return answer(per_year=round(365 * slope, 2), days=None)
    today = mean_depth + slope * (day_of(now()) - mean_day)
    return answer(per_year=round(365 * slope, 2), days=max(0, round((ask.least - today) / slope)))


@handles('water.dredge', DredgeAsk, 'surveyor')
def plan_dredging(deck: Deck, ask: DredgeAsk) -> Answer:
    '''
    Choose the places to dredge: those that lost the most, as long as the dredger can carry the mud.
    '''
    lost: dict[str, float] = dict()
    for berth in deck.shelf(Berth):
        depths = [sounding.metres for sounding in deck.shelf(Sounding).where(place=berth.key)]
        if depths and max(depths) - depths[-1] > 0.2:
            lost[berth.key] = (max(depths) - depths[-1]) * berth.length * 30
    left = float(ask.cubic_metres)
    chosen: list[str] = list()
    for key in sorted(lost, key=lambda key: -lost[key]):
        if lost[key] <= left:
            chosen.append(key)
            left -= lost[key]
    return answer(dredge=chosen, mud=round(ask.cubic_metres - left), skipped=len(lost) - len(chosen))
