'''
Incidents: reported by whoever saw them, closed by whoever learned from them.
'''

from __future__ import annotations

from collections import Counter

from app.safety.records import Boom, Incident
from halyard.asks import Ask, Count, OneOf, Text
from halyard.clock import DAY, HOUR, now
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.holds import holding
from halyard.journal import get_logger
from halyard.settings import settings

log = get_logger(__name__)
GRADES = {'near miss': 1, 'slip': 2, 'spill': 2, 'fire': 4, 'man overboard': 4, 'dropped load': 3}


class SafetyRefused(HalyardError):
    '''
    An incident cannot be handled like this.
    '''


class ReportAsk(Ask):
    '''
    What somebody saw.
    '''

    place = Text(most=20)
    kind = OneOf(*GRADES)
    litres = Count(0, most=10**7)


class CauseAsk(Ask):
    '''
    What was found out.
    '''

    incident = Text(most=12)
    cause = Text(most=200)


class BoomAsk(Ask):
    '''
    How far a spill must be fenced.
    '''

    place = Text(most=20)
    metres = Count(least=10, most=5000)


class StoreAsk(Ask):
    '''
    A barrier for the store.
    '''

    boom = Text(most=6)
    metres = Count(least=5, most=600)


@handles('safety.report', ReportAsk)
def report_incident(deck: Deck, ask: ReportAsk) -> Answer:
    '''
    Take a report, grade it, and wake the people that the grade asks for.
    '''
    grade = GRADES[ask.kind]
    if ask.kind == 'spill' and ask.litres >= settings.SPILL_LITRES:
        grade = 3 if ask.litres < 100 * settings.SPILL_LITRES else 4
    twins = deck.shelf(Incident).where(lambda old: now() - old.minute < HOUR, place=ask.place, kind=ask.kind)
    if twins:
        deck.shelf(Incident).change(twins[-1].key, litres=max(twins[-1].litres, ask.litres))
        return answer(incident=twins[-1].key, twin=True, grade=twins[-1].grade)
    key = deck.shelf(Incident).next_key('INC')
    deck.shelf(Incident).keep(Incident(key, ask.place, ask.kind, now(), grade, deck.who, ask.litres))
    for desk in ('watch', 'fire officer', 'master')[: max(0, grade - 1)]:
        deck.tell('safety.alarm', incident=key, desk=desk)
    log.error('%s: %s at %s', key, ask.kind, ask.place)
    return answer(incident=key, twin=False, grade=grade)


@handles('safety.close', CauseAsk, 'safety officer')
def close_incident(deck: Deck, ask: CauseAsk) -> Answer:
    '''
    Close an incident with its cause; a grave one is not closed by who reported it.
    '''
    incident = deck.shelf(Incident).need(ask.incident)
    if incident.closed is not None:
        raise SafetyRefused(f'{incident.key} is closed: open a new one')
    if incident.grade >= 3 and incident.by == deck.who:
        raise SafetyRefused(f'{incident.key} is grave and yours: let a second person close it')
    same = deck.shelf(Incident).where(cause=ask.cause)
    deck.shelf(Incident).change(incident.key, cause=ask.cause, closed=now())
    if len(same) >= 2:
        deck.tell('safety.pattern', cause=ask.cause, times=len(same) + 1)
    return answer(open_for=now() - incident.minute, seen_before=len(same))


@handles('safety.store-boom', StoreAsk)
def store_boom(deck: Deck, ask: StoreAsk) -> Answer:
    '''
    Put a barrier into the store, rinsed.
    '''
    boom = deck.shelf(Boom).find(ask.boom)
    if boom is not None and boom.laid_at:
        deck.tell('safety.boom-back', boom=boom.key, place=boom.laid_at)
    deck.shelf(Boom).keep(Boom(ask.boom, ask.metres))
    return answer(metres=sum(other.metres for other in deck.shelf(Boom).where(laid_at='')))


@handles('safety.fence', BoomAsk)
def fence_spill(deck: Deck, ask: BoomAsk) -> Answer:
    '''
    Lay the longest barriers first until a spill is fenced.
    '''
    store = sorted(deck.shelf(Boom).where(laid_at='', rinsed=True), key=lambda boom: -boom.metres)
    total = sum(boom.metres for boom in store)
    if total < ask.metres:
        raise SafetyRefused(f'{total} m of barrier are in store: borrow {ask.metres - total} m from the navy')
    left = ask.metres
    laid: list[str] = list()
    while left > 0:
        boom = store.pop(0)
        left -= boom.metres
        with holding(deck, boom.key):
            deck.shelf(Boom).change(boom.key, laid_at=ask.place, rinsed=False)
        laid.append(boom.key)
    log.info('fenced %s with %d barriers', ask.place, len(laid))
    return answer(laid=laid, spare=-left)


@handles('safety.days', Ask)
def count_quiet_days(deck: Deck, ask: Ask) -> Answer:
    '''
    Count the days since the last accident, and the near misses for each one.
    '''
    accidents = deck.shelf(Incident).where(lambda incident: incident.grade > 1)
    misses = deck.shelf(Incident).where(grade=1)
    last = max((incident.minute for incident in accidents), default=None)
    ratio = round(len(misses) / len(accidents), 1) if accidents else None
    return answer(days=None if last is None else (now() - last) // DAY, ratio=ratio)


@handles('safety.hot-spots', Ask, 'safety officer')
def find_hot_spots(deck: Deck, ask: Ask) -> Answer:
    '''
    Find the places with the most harm in a year, where every grade counts double the one below.
    '''
    harm: Counter[str] = Counter()
    for incident in deck.shelf(Incident).where(lambda incident: now() - incident.minute < 365 * DAY):
        harm[incident.place] += 2**incident.grade
    open_ones = Counter(incident.place for incident in deck.shelf(Incident).where(closed=None))
    worst = [(place, points, open_ones[place]) for place, points in harm.most_common(3)]
    return answer(worst=worst)
