'''
Certificates: shown by the agent, read by the watch, run out on their own.
'''

from __future__ import annotations

from app.calls.records import Call, CallAsk, Paper, Vessel
from halyard.asks import Ask, Count, Names, OneOf, Text
from halyard.clock import DAY, now
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.holds import holding
from halyard.journal import get_logger
from halyard.settings import settings
from halyard.wire import fetch

log = get_logger(__name__)
ALWAYS = ('class', 'insurance', 'tonnage')
ALSO = {'tanker': ('oil pollution', 'gas free'), 'passenger': ('passenger safety',), 'barge': ('towing',)}


class PaperRefused(HalyardError):
    '''
    A certificate is missing, unknown or too old.
    '''


class PaperAsk(Ask):
    '''
    A certificate as it lies on the table.
    '''

    vessel = Text(most=7)
    title = Text(most=30)
    days_left = Count(least=-3650, most=3650)


class SeenAsk(CallAsk):
    '''
    Titles that the watch has read on board.
    '''

    titles = Names()


class ExpiringAsk(Ask):
    '''
    How far to look ahead.
    '''

    days = Count(30, least=1, most=400)
    order = OneOf('date', 'vessel', default='date')


def titles_for(vessel: Vessel) -> list[str]:
    '''
    Return the certificates that a vessel of this kind must carry.
    '''
    return [*ALWAYS, *ALSO.get(vessel.kind, ())]


@handles('paper.show', PaperAsk, 'agent')
def show_paper(deck: Deck, ask: PaperAsk) -> Answer:
    '''
    Keep a certificate; a newer one takes the place of the older.
    '''
    vessel = deck.shelf(Vessel).need(ask.vessel)
    if ask.title not in titles_for(vessel):
        raise PaperRefused(f'a {vessel.kind} needs no {ask.title!r}: show one of {", ".join(titles_for(vessel))}')
    if ask.days_left < -settings.PAPER_GRACE_DAYS:
        raise PaperRefused(f'{ask.title} ran out {-ask.days_left} days ago: renew it before you call')
    key = f'{vessel.key}/{ask.title}'
    expires = now() + ask.days_left * DAY
    known = deck.shelf(Paper).find(key)
    if known is not None and known.expires >= expires:
        return answer(paper=key, kept=False)
    deck.shelf(Paper).keep(Paper(key, vessel.key, ask.title, expires))
    return answer(paper=key, kept=True)


@handles('paper.missing', CallAsk)
def list_missing_papers(deck: Deck, ask: CallAsk) -> Answer:
    '''
    List the certificates that a call lacks, or that run out before it is due.
    '''
    call = deck.shelf(Call).need(ask.call)
    vessel = deck.shelf(Vessel).need(call.vessel)
    missing: list[str] = list()
    expired: list[str] = list()
    for title in titles_for(vessel):
        paper = deck.shelf(Paper).find(f'{vessel.key}/{title}')
        if paper is None:
            missing.append(title)
        elif paper.expires < call.due:
            expired.append(title)
    return answer(missing=missing, expired=expired, complete=not missing and not expired)


@handles('paper.see', SeenAsk, 'watch')
def note_seen(deck: Deck, ask: SeenAsk) -> Answer:
    '''
    Note who read which certificates on board.
    '''
    vessel = deck.shelf(Call).need(ask.call).vessel
    papers = [deck.shelf(Paper).need(f'{vessel}/{title}') for title in ask.titles]
    fresh = [paper for paper in papers if paper.seen_by != deck.who]
    for paper in fresh:
        deck.shelf(Paper).change(paper.key, seen_by=deck.who)
    log.info('%s read %d papers of %s', deck.who, len(fresh), vessel)
    return answer(seen=[paper.title for paper in fresh])


@handles('paper.expiring', ExpiringAsk)
def list_expiring(deck: Deck, ask: ExpiringAsk) -> Answer:
    '''
    List what runs out soon, with the days that are left.
    '''
    until = now() + ask.days * DAY
    soon = deck.shelf(Paper).where(lambda paper: paper.expires <= until)
    if ask.order == 'date':
        soon.sort(key=lambda paper: paper.expires)
    return answer(papers=[(paper.key, (paper.expires - now()) // DAY) for paper in soon])


@handles('paper.ban', Ask, 'master')
def ban_offenders(deck: Deck, ask: Ask) -> Answer:
    '''
    Ban every vessel in port whose insurance ran out, and pardon those who renewed it.
    '''
    banned: list[str] = list()
    pardoned: list[str] = list()
    for vessel in deck.shelf(Vessel):
        paper = deck.shelf(Paper).find(f'{vessel.key}/insurance')
        is_lapsed = paper is not None and paper.expires < now()
        if is_lapsed and not vessel.banned_for:
            deck.shelf(Vessel).change(vessel.key, banned_for='lapsed insurance')
            banned.append(vessel.name)
        elif not is_lapsed and vessel.banned_for == 'lapsed insurance':
            deck.shelf(Vessel).change(vessel.key, banned_for='')
            pardoned.append(vessel.name)
    return answer(banned=banned, pardoned=pardoned)


@handles('paper.verify', CallAsk, 'watch')
def verify_papers(deck: Deck, ask: CallAsk) -> Answer:
    '''
    Compare the papers of a call with what their issuers say, and drop the forged ones.
    '''
    vessel = deck.shelf(Vessel).need(deck.shelf(Call).need(ask.call).vessel)
    issued = {row['title']: row['until'] for row in fetch('register', f'papers/{vessel.key}')}
    forged = deck.shelf(Paper).where(lambda paper: paper.title not in issued, vessel=vessel.key)
    with holding(deck, vessel.key):
        for paper in forged:
            deck.shelf(Paper).drop(paper.key)
        for paper in deck.shelf(Paper).where(vessel=vessel.key):
            deck.shelf(Paper).change(paper.key, expires=issued[paper.title])
    if forged:
        deck.tell('police.forgery', vessel=vessel.name, titles=[paper.title for paper in forged])
    return answer(forged=[paper.title for paper in forged], genuine=len(issued))
