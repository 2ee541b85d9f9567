'''
What breaks on the quay, and who mends it when.
'''

from __future__ import annotations

from collections import Counter

from app.quay.records import Berth, BerthAsk, Defect
from halyard.asks import Ask, Count, OneOf, Text
from halyard.clock import DAY, now
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.holds import holding
from halyard.journal import get_logger
from halyard.settings import settings

log = get_logger(__name__)
DAYS_TO_MEND = {1: 90, 2: 30, 3: 7, 4: 1}


class UpkeepRefused(HalyardError):
    '''
    A defect cannot be noted or closed like this.
    '''


class DefectAsk(BerthAsk):
    '''
    Something is broken.
    '''

    part = OneOf('fender', 'bollard', 'ladder', 'light', 'paving')
    grade = Count(least=1, most=4)


class MendAsk(Ask):
    '''
    Something is whole again.
    '''

    defect = Text(most=12)


@handles('upkeep.report', DefectAsk)
def report_defect(deck: Deck, ask: DefectAsk) -> Answer:
    '''
    Note a defect; a graver report of the same part replaces the open one.
    '''
    berth = deck.shelf(Berth).need(ask.berth)
    for open_one in deck.shelf(Defect).where(berth=berth.key, part=ask.part, mended=None):
        grade = max(open_one.grade, ask.grade)
        deck.shelf(Defect).change(open_one.key, grade=grade)
        return answer(defect=open_one.key, grade=grade, known=True)
    key = deck.shelf(Defect).next_key('DEF')
    deck.shelf(Defect).keep(Defect(key, berth.key, ask.part, ask.grade, now()))
    if ask.grade == 4:
        deck.shelf(Berth).change(berth.key, closed_for=f'a broken {ask.part}')
        log.error('%s closes %s', key, berth.key)
    return answer(defect=key, grade=ask.grade, known=False)


@handles('upkeep.mend', MendAsk, 'foreman')
def note_mended(deck: Deck, ask: MendAsk) -> Answer:
    '''
    Note a repair; the berth opens when it was closed for this alone.
    '''
    defect = deck.shelf(Defect).need(ask.defect)
    if defect.mended is not None:
        raise UpkeepRefused(f'{defect.key} was mended before: report a new defect')
    deck.shelf(Defect).change(defect.key, mended=now())
    berth = deck.shelf(Berth).need(defect.berth)
    grave = deck.shelf(Defect).where(berth=berth.key, grade=4, mended=None)
    opened = berth.closed_for.startswith('a broken') and not grave
    if opened:
        with holding(deck, berth.key):
            deck.shelf(Berth).change(berth.key, closed_for='')
    return answer(opened=opened, took=now() - defect.found)


@handles('upkeep.overdue', Ask, 'foreman')
def list_overdue(deck: Deck, ask: Ask) -> Answer:
    '''
    List the defects that should have been mended by now, the gravest and oldest first.
    '''
    overdue = deck.shelf(Defect).where(
        lambda defect: now() > defect.found + DAYS_TO_MEND[defect.grade] * DAY,
        mended=None,
    )
    overdue.sort(key=lambda defect: (-defect.grade, defect.found))
    return answer(defects=[f'{defect.key} {defect.part} at {defect.berth}' for defect in overdue])


@handles('upkeep.worst-berths', Ask)
def rank_berths(deck: Deck, ask: Ask) -> Answer:
    '''
    Rank the berths by the grades of their open defects, and warn of worn-out fenders.
    '''
    marks: Counter[str] = Counter()
    fenders: Counter[str] = Counter()
    for defect in deck.shelf(Defect).where(mended=None):
        marks[defect.berth] += defect.grade
    for defect in deck.shelf(Defect).where(part='fender'):
        fenders[defect.berth] += 1
    worn = sorted(key for key, count in fenders.items() if count >= settings.FENDER_LIMIT)
    return answer(ranking=marks.most_common(5), renew_fenders=worn)
