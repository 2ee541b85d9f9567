'''
Passes: who may come in, who is in, and who has been in too long.
'''

from __future__ import annotations

from app.people.records import Person, PersonAsk
from halyard.asks import Ask, Count, OneOf, Text
from halyard.clock import DAY, HOUR, now
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.holds import holding
from halyard.journal import get_logger
from halyard.settings import settings
from halyard.wire import fetch

log = get_logger(__name__)


class PassRefused(HalyardError):
    '''
    Somebody may not come in.
    '''


class IssueAsk(PersonAsk):
    '''
    Who wants a pass.
    '''

    name = Text()
    firm = Text()


class PenaltyAsk(PersonAsk):
    '''
    What somebody did.
    '''

    deed = OneOf('no helmet', 'speeding', 'smoking', 'under a load')
    points = Count(1, least=1, most=8)


@handles('pass.issue', IssueAsk, 'guard')
def issue_pass(deck: Deck, ask: IssueAsk) -> Answer:
    '''
    Issue a pass after the police were asked; a firm with many offenders gets short ones.
    '''
    record = fetch('police', 'checks', {'name': ask.name, 'firm': ask.firm})
    if record['hit']:
        log.warning('the police know %s', ask.name)
        raise PassRefused(f'{ask.name} cannot have a pass: ask the security officer')
    colleagues = deck.shelf(Person).where(firm=ask.firm)
    offenders = sum(person.points >= 4 for person in colleagues)
    days = 90 if colleagues and 5 * offenders > len(colleagues) else settings.PASS_DAYS
    known = deck.shelf(Person).find(ask.person) or Person(ask.person, ask.name, ask.firm)
    deck.shelf(Person).keep(known.changed(name=ask.name, firm=ask.firm, pass_until=now() + days * DAY))
    return answer(days=days)


@handles('pass.enter', PersonAsk, 'guard')
def let_in(deck: Deck, ask: PersonAsk) -> Answer:
    '''
    Let somebody in whose pass holds, who took the safety course, and who is not inside already.
    '''
    person = deck.shelf(Person).need(ask.person)
    if person.pass_until < now():
        raise PassRefused(f'the pass of {person.name} has run out: renew it at the office')
    if 'safety' not in person.courses:
        raise PassRefused(f'{person.name} did not take the safety course: book one')
    if person.inside_since is not None:
        raise PassRefused(f'{person.name} is inside: somebody else uses the pass, call security')
    with holding(deck, person.key):
        deck.shelf(Person).change(person.key, inside_since=now())
    inside = len(deck.shelf(Person).where(lambda other: other.inside_since is not None))
    return answer(inside=inside, days_left=(person.pass_until - now()) // DAY)


@handles('pass.leave', PersonAsk, 'guard')
def let_out(deck: Deck, ask: PersonAsk) -> Answer:
    '''
    Let somebody out, and note a stay that was longer than the law allows.
    '''
    person = deck.shelf(Person).need(ask.person)
    since = person.inside_since
    if since is None:
        raise PassRefused(f'{person.name} never came in: check how')
    deck.shelf(Person).change(person.key, inside_since=None)
    over = now() - since - 10 * HOUR
    if over > 0:
        deck.tell('people.overtime', person=person.key, firm=person.firm, minutes=over)
    return answer(minutes=now() - since, over=max(0, over))


@handles('pass.penalty', PenaltyAsk, 'guard')
def give_points(deck: Deck, ask: PenaltyAsk) -> Answer:
    '''
    Give points for a deed: double under a load, and at eight the pass is gone.
    '''
    person = deck.shelf(Person).need(ask.person)
    given = 2 * ask.points if ask.deed == 'under a load' else ask.points
    points = person.points + given
    lost = points >= 8
    with holding(deck, person.key):
        deck.shelf(Person).change(person.key, points=points, pass_until=0 if lost else person.pass_until)
    log.info('%s has %d points for %s', person.name, points, ask.deed)
    return answer(points=points, lost=lost)


@handles('pass.muster', Ask)
def call_muster(deck: Deck, ask: Ask) -> Answer:
    '''
    List everybody who is inside, by firm, for the count at the assembly point.
    '''
    firms: dict[str, list[str]] = dict()
    for person in deck.shelf(Person).where(lambda person: person.inside_since is not None):
        firms.setdefault(person.firm, list()).append(person.name)
    return answer(firms={firm: sorted(names) for firm, names in sorted(firms.items())})
