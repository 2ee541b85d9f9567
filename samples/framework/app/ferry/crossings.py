'''
Crossings: sold, boarded, cancelled in a storm.
'''

from __future__ import annotations

from app.ferry.records import Booking, BookingAsk, Crossing, CrossingAsk, LostThing
from app.water.records import last_bulletin
from halyard.asks import Ask, Count, Flag, Measure, Text
from halyard.clock import DAY, HOUR, now, time_of_day
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.holds import holding
from halyard.journal import get_logger
from halyard.settings import settings

log = get_logger(__name__)


class FerryRefused(HalyardError):
    '''
    A crossing is full, gone or cancelled.
    '''


class TimetableAsk(Ask):
    '''
    When the ferry goes, and how often.
    '''

    first_in = Count(least=0, most=3 * DAY)
    every = Count(least=20, most=DAY)
    times = Count(least=1, most=40)


class BookAsk(CrossingAsk):
    '''
    Who wants to cross.
    '''

    name = Text()
    persons = Count(least=1, most=60)
    metres = Measure(0.0, most=25)
    islander = Flag(False)


class FoundAsk(Ask):
    '''
    What was found where.
    '''

    what = Text(most=60)
    where = Text(most=40)


class ClaimAsk(Ask):
    '''
    Who lost what.
    '''

    words = Text(most=60)
    name = Text()


@handles('ferry.timetable', TimetableAsk, 'planner')
def set_timetable(deck: Deck, ask: TimetableAsk) -> Answer:
    '''
    Open a row of crossings, and skip the hours in which the crew sleeps.
    '''
    opened: list[str] = list()
    for number in range(ask.times):
        leaves = now() + ask.first_in + number * ask.every
        if 1 <= leaves % DAY // HOUR < 5:
            continue
        key = deck.shelf(Crossing).next_key('X')
        deck.shelf(Crossing).keep(Crossing(key, leaves, settings.FERRY_SEATS, settings.LANE_METRES))
        opened.append(key)
    return answer(opened=len(opened), first=opened[0] if opened else None)


@handles('ferry.book', BookAsk)
def book_crossing(deck: Deck, ask: BookAsk) -> Answer:
    '''
    Book a party; islanders pay half, and lorries pay for their length squared.
    '''
    crossing = deck.shelf(Crossing).need(ask.crossing)
    if crossing.state != 'open' or crossing.leaves <= now():
        raise FerryRefused(f'{crossing.key} is {crossing.state} at {time_of_day(crossing.leaves)}: take the next')
    if ask.persons > crossing.seats or ask.metres > crossing.lane:
        raise FerryRefused(f'{crossing.seats} seats and {crossing.lane:g} m are left: take the next')
    cents = 890 * ask.persons + round(260 * ask.metres * max(1.0, ask.metres / 6))
    cents = cents // 2 if ask.islander else cents
    with holding(deck, crossing.key):
        key = deck.shelf(Booking).next_key('BK')
        deck.shelf(Booking).keep(Booking(key, crossing.key, ask.name, ask.persons, ask.metres, cents))
        deck.shelf(Crossing).change(
            crossing.key,
            seats=crossing.seats - ask.persons,
            lane=round(crossing.lane - ask.metres, 1),
        )
    log.debug('%s books %d seats on %s', ask.name, ask.persons, crossing.key)
    return answer(booking=key, cents=cents)


@handles('ferry.board', BookingAsk)
def board_party(deck: Deck, ask: BookingAsk) -> Answer:
    '''
    Let a party on board from forty minutes before the ferry leaves until five before.
    '''
    booking = deck.shelf(Booking).need(ask.booking)
    crossing = deck.shelf(Crossing).need(booking.crossing)
    left = crossing.leaves - now()
    if booking.on_board:
        raise FerryRefused(f'{booking.name} is on board: somebody shows the ticket twice')
    if not 5 <= left <= 40:
        raise FerryRefused(f'boarding of {crossing.key} is from 40 to 5 minutes before: it leaves in {left}')
    deck.shelf(Booking).change(booking.key, on_board=True)
    aboard = deck.shelf(Booking).where(crossing=crossing.key, on_board=True)
    return answer(persons=sum(party.persons for party in aboard), lane='low' if booking.metres > 7 else 'high')


@handles('ferry.cancel', BookingAsk)
def cancel_booking(deck: Deck, ask: BookingAsk) -> Answer:
    '''
    Cancel a booking: all money back a day before, half of it an hour before, then none.
    '''
    booking = deck.shelf(Booking).drop(ask.booking)
    crossing = deck.shelf(Crossing).need(booking.crossing)
    if booking.on_board:
        raise FerryRefused(f'{booking.name} is on board: nothing to cancel')
    left = crossing.leaves - now()
    back = booking.cents if left >= DAY else booking.cents // 2 if left >= HOUR else 0
    seats, lane = crossing.seats + booking.persons, round(crossing.lane + booking.metres, 1)
    with holding(deck, crossing.key):
        deck.shelf(Crossing).change(crossing.key, seats=seats, lane=lane)
    return answer(back=back, seats=seats)


@handles('ferry.storm', Ask, 'master')
def cancel_for_storm(deck: Deck, ask: Ask) -> Answer:
    '''
    Cancel the crossings of the next six hours in a gale, and move the parties to later ones with room.
    '''
    last = last_bulletin(deck)
    if last is None or last.gusts < settings.GALE_KNOTS:
        raise FerryRefused('it does not blow hard enough: let the ferry go')
    soon = deck.shelf(Crossing).where(lambda crossing: 0 < crossing.leaves - now() <= 6 * HOUR, state='open')
    later = deck.shelf(Crossing).where(lambda crossing: crossing.leaves - now() > 6 * HOUR, state='open')
    moved = stranded = 0
    for crossing in soon:
        deck.shelf(Crossing).change(crossing.key, state='cancelled')
        for party in deck.shelf(Booking).where(crossing=crossing.key):
            room = {other.key: deck.shelf(Crossing).need(other.key).seats for other in later}
            target = next((key for key, seats in room.items() if seats >= party.persons), None)
            if target is None:
                stranded += party.persons
                continue
            deck.shelf(Booking).change(party.key, crossing=target)
            deck.shelf(Crossing).change(target, seats=room[target] - party.persons)
            moved += party.persons
    log.warning('the storm cancels %d crossings', len(soon))
    return answer(cancelled=len(soon), moved=moved, stranded=stranded)


@handles('ferry.manifest', CrossingAsk)
def print_manifest(deck: Deck, ask: CrossingAsk) -> Answer:
    '''
    Print who is on board, by name, with the empty seats for the bridge.
    '''
    crossing = deck.shelf(Crossing).need(ask.crossing)
    parties = deck.shelf(Booking).where(crossing=crossing.key, on_board=True)
    lines = [f'{party.name}, {party.persons}' for party in sorted(parties, key=lambda party: party.name.lower())]
    missing = deck.shelf(Booking).where(crossing=crossing.key, on_board=False)
    return answer(lines=lines, missing=len(missing), empty=crossing.seats + sum(party.persons for party in missing))


@handles('ferry.found', FoundAsk)
def keep_lost_thing(deck: Deck, ask: FoundAsk) -> Answer:
    '''
    Keep a thing that was found, and give away what nobody claimed in a quarter.
    '''
    old = deck.shelf(LostThing).where(lambda thing: now() - thing.found > 90 * DAY, claimed_by='')
    for thing in old:
        deck.shelf(LostThing).drop(thing.key)
    key = deck.shelf(LostThing).next_key('LOST')
    deck.shelf(LostThing).keep(LostThing(key, ask.what.lower(), ask.where, now()))
    return answer(lost=key, given_away=len(old))


@handles('ferry.claim', ClaimAsk)
def claim_lost_thing(deck: Deck, ask: ClaimAsk) -> Answer:
    '''
    Find the thing that shares the most words with what somebody describes.
    '''
    words = set(ask.words.lower().split())
    best = max(
        deck.shelf(LostThing).where(claimed_by=''),
        key=lambda thing: (len(words & set(thing.what.split())), -thing.found),
        default=None,
    )
    if best is None or not words & set(best.what.split()):
        raise FerryRefused(f'nothing like {ask.words!r} was found: ask again tomorrow')
    deck.shelf(LostThing).change(best.key, claimed_by=ask.name)
    return answer(lost=best.key, what=best.what, where=best.where)
