'''
Shifts and courses: who works when, and with what training.
'''

from __future__ import annotations

from app.people.records import Person, PersonAsk, Shift
from halyard.asks import Ask, Count, Names, OneOf, Text
from halyard.clock import DAY, HOUR, now
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.holds import holding
from halyard.journal import get_logger
from halyard.settings import settings

log = get_logger(__name__)
NEEDS = {'twistlocks': 'crane', 'lashing': 'safety', 'bombs': 'dangerous', 'forklift': 'forklift'}


class ShiftRefused(HalyardError):
    '''
    A shift cannot be planned or changed like this.
    '''


class OpenShiftAsk(Ask):
    '''
    A shift that needs a gang.
    '''

    in_hours = Count(least=0, most=240)
    gang = Count(least=1, most=40)


class JoinAsk(PersonAsk):
    '''
    Somebody joins a shift.
    '''

    shift = Text(most=12)


class SwapAsk(JoinAsk):
    '''
    Somebody gives a place to somebody else.
    '''

    other = Text(most=6)


class CourseAsk(Ask):
    '''
    A course, and who passed it.
    '''

    course = OneOf('safety', 'crane', 'forklift', 'dangerous')
    people = Names()


class TaskAsk(Ask):
    '''
    A task for which hands are looked for.
    '''

    task = OneOf(*NEEDS)


def overlaps(first: Shift, second: Shift) -> bool:
    '''
    Claim that nobody can work both shifts: they overlap, or leave no night between them.
    '''
    return abs(first.begins - second.begins) < (settings.SHIFT_HOURS + 11) * HOUR


@handles('shift.open', OpenShiftAsk, 'foreman')
def open_shift(deck: Deck, ask: OpenShiftAsk) -> Answer:
    '''
    Open a shift at the next full hour after the time asked for.
    '''
    begins = -(-(now() + ask.in_hours * HOUR) // HOUR) * HOUR
    key = deck.shelf(Shift).next_key('SHIFT')
    deck.shelf(Shift).keep(Shift(key, begins, ask.gang))
    night = not 6 <= begins % DAY // HOUR < 22
    return answer(shift=key, night=night)


@handles('shift.join', JoinAsk)
def join_shift(deck: Deck, ask: JoinAsk) -> Answer:
    '''
    Put somebody into a gang that has room, when no other shift is too near.
    '''
    shift = deck.shelf(Shift).need(ask.shift)
    person = deck.shelf(Person).need(ask.person)
    if len(shift.people) >= shift.gang:
        raise ShiftRefused(f'{shift.key} is full: join another')
    for other in deck.shelf(Shift):
        if person.key in other.people and overlaps(other, shift):
            raise ShiftRefused(f'{person.name} works {other.key}: leave eleven hours of rest between')
    with holding(deck, shift.key):
        deck.shelf(Shift).change(shift.key, people=(*shift.people, person.key))
    return answer(missing=shift.gang - len(shift.people) - 1)


@handles('shift.swap', SwapAsk)
def swap_places(deck: Deck, ask: SwapAsk) -> Answer:
    '''
    Let one person take the place of another, with at least the same courses.
    '''
    shift = deck.shelf(Shift).need(ask.shift)
    leaves, comes = deck.shelf(Person).need(ask.person), deck.shelf(Person).need(ask.other)
    if leaves.key not in shift.people or comes.key in shift.people:
        raise ShiftRefused(f'{leaves.name} and {comes.name} cannot swap in {shift.key}: look at the gang')
    lacking = sorted(set(leaves.courses) - set(comes.courses))
    if lacking:
        raise ShiftRefused(f'{comes.name} lacks {" and ".join(lacking)}: find somebody else')
    people = tuple(comes.key if key == leaves.key else key for key in shift.people)
    with holding(deck, shift.key):
        deck.shelf(Shift).change(shift.key, people=people)
    return answer(people=list(people))


@handles('shift.unfilled', Ask, 'foreman')
def list_unfilled(deck: Deck, ask: Ask) -> Answer:
    '''
    List the shifts that lack hands, the most urgent first, and call a labour agency for the next day's.
    '''
    open_ones = deck.shelf(Shift).where(lambda shift: shift.begins > now() and len(shift.people) < shift.gang)
    open_ones.sort(key=lambda shift: shift.begins)
    called = 0
    for shift in open_ones:
        if shift.begins - now() < DAY:
            deck.tell('people.agency', shift=shift.key, hands=shift.gang - len(shift.people))
            called += shift.gang - len(shift.people)
    return answer(shifts=[shift.key for shift in open_ones], called=called)


@handles('course.pass', CourseAsk, 'trainer')
def note_course(deck: Deck, ask: CourseAsk) -> Answer:
    '''
    Note who passed a course; everything but safety needs the safety course first.
    '''
    people = [deck.shelf(Person).need(key) for key in ask.people]
    if ask.course != 'safety':
        early = [person.name for person in people if 'safety' not in person.courses]
        if early:
            raise ShiftRefused(f'{" and ".join(early)} need the safety course first: book it')
    for person in people:
        courses = tuple(sorted({*person.courses, ask.course}))
        deck.shelf(Person).change(person.key, courses=courses)
    log.info('%d people passed %s', len(people), ask.course)
    return answer(passed=len(people))


@handles('course.able', TaskAsk)
def find_able(deck: Deck, ask: TaskAsk) -> Answer:
    '''
    Find the people inside who are trained for a task, those with the fewest points first.
    '''
    course = NEEDS[ask.task]
    able = deck.shelf(Person).where(lambda person: course in person.courses and person.inside_since is not None)
    able.sort(key=lambda person: (person.points, person.inside_since, person.key))
    if not able:
        log.warning('nobody inside may do %s', ask.task)
    return answer(people=[person.name for person in able])
