'''
Trains: boxes on wagons, brakes tested, away on time.
'''

from __future__ import annotations

from app.dangerous.records import Danger
from app.rail.records import Train
from app.yard.records import Box
from halyard.asks import Ask, Count, Text
from halyard.clock import HOUR, now, time_of_day
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.holds import holding
from halyard.journal import get_logger
from halyard.settings import settings
from halyard.wire import fetch

log = get_logger(__name__)
WAGON = 20


class TrainRefused(HalyardError):
    '''
    A train cannot be loaded, or may not leave.
    '''


class TrainAsk(Ask):
    '''
    Anything about one train.
    '''

    train = Text(most=8)


class PlanAsk(TrainAsk):
    '''
    A train that the railway promised.
    '''

    in_hours = Count(least=1, most=240)


class LoadAsk(TrainAsk):
    '''
    A box for a train.
    '''

    box = Text(most=11)


class BrakeAsk(TrainAsk):
    '''
    The brakes as they were tested.
    '''

    percent = Count(least=0, most=150)


@handles('rail.plan', PlanAsk, 'dispatcher')
def plan_train(deck: Deck, ask: PlanAsk) -> Answer:
    '''
    Plan a train, never two within an hour on the one track there is.
    '''
    leaves = now() + ask.in_hours * HOUR
    near = deck.shelf(Train).where(lambda train: train.state != 'gone' and abs(train.leaves - leaves) < HOUR)
    if near and near[0].key != ask.train:
        raise TrainRefused(f'{near[0].key} leaves at {time_of_day(near[0].leaves)}: choose another hour')
    deck.shelf(Train).keep(Train(ask.train, leaves))
    return answer(leaves=time_of_day(leaves))


@handles('rail.load', LoadAsk)
def load_box(deck: Deck, ask: LoadAsk) -> Answer:
    '''
    Put a box on a wagon while the train is neither too long nor too heavy.
    '''
    train = deck.shelf(Train).need(ask.train)
    box = deck.shelf(Box).need(ask.box)
    if train.state != 'loading' or box.leaves_by != 'rail' or box.gone is not None:
        raise TrainRefused(f'{box.key} cannot go on {train.key}: look at where it should go')
    if train.metres + WAGON > settings.TRAIN_METRES or train.tonnes + box.tonnes > 1800:
        raise TrainRefused(f'{train.key} is full with {len(train.boxes)} boxes: use the next train')
    with holding(deck, train.key):
        deck.shelf(Train).change(
            train.key,
            metres=train.metres + WAGON,
            tonnes=round(train.tonnes + box.tonnes, 1),
            boxes=(*train.boxes, box.key),
        )
        deck.shelf(Box).change(box.key, row='', tier=0)
    return answer(wagon=len(train.boxes) + 1, tonnes=round(train.tonnes + box.tonnes, 1))


@handles('rail.order', TrainAsk)
def order_wagons(deck: Deck, ask: TrainAsk) -> Answer:
    '''
    Order the boxes of a train: dangerous ones apart from the engine and from each other, the rest by weight.
    '''
    train = deck.shelf(Train).need(ask.train)
    risky = [key for key in train.boxes if key in deck.shelf(Danger)]
    plain = sorted((key for key in train.boxes if key not in risky), key=lambda key: -deck.shelf(Box).need(key).tonnes)
    if len(plain) < len(risky):
        raise TrainRefused(f'{len(risky)} dangerous boxes need as many others between: load more')
    order: list[str] = list()
    for key in plain:
        order.append(key)
        if risky:
            order.append(risky.pop(0))
    with holding(deck, train.key):
        deck.shelf(Train).change(train.key, boxes=tuple(order))
    return answer(order=order)


@handles('rail.brakes', BrakeAsk, 'inspector')
def test_brakes(deck: Deck, ask: BrakeAsk) -> Answer:
    '''
    Note a brake test: how fast the train may go, or that it stays.
    '''
    train = deck.shelf(Train).need(ask.train)
    needed = 55 if train.tonnes > 1200 else 45
    if ask.percent < needed:
        deck.shelf(Train).change(train.key, state='stopped')
        log.error('%s brakes with %d percent only', train.key, ask.percent)
        return answer(speed=0, stays=True)
    speed = 100 if ask.percent >= needed + 20 else 80
    deck.shelf(Train).change(train.key, state='tested')
    return answer(speed=speed, stays=False)


@handles('rail.leave', TrainAsk, 'dispatcher')
def let_leave(deck: Deck, ask: TrainAsk) -> Answer:
    '''
    Ask the railway for the track, and let a tested train go with its boxes.
    '''
    train = deck.shelf(Train).need(ask.train)
    if train.state != 'tested':
        raise TrainRefused(f'{train.key} is {train.state}: test its brakes')
    held = [key for key in train.boxes if deck.shelf(Box).need(key).blocked_by]
    if held:
        raise TrainRefused(f'{", ".join(held)} may not leave: take them off {train.key}')
    track = fetch('railway', 'paths', {'train': train.key, 'metres': train.metres})
    if not track['free']:
        raise TrainRefused(f'the track is taken until {time_of_day(track["until"])}: ask again then')
    for key in train.boxes:
        deck.shelf(Box).change(key, gone=now())
    deck.shelf(Train).change(train.key, state='gone')
    log.info('%s left with %d boxes', train.key, len(train.boxes))
    return answer(boxes=len(train.boxes), late=max(0, now() - train.leaves))


@handles('rail.delay', TrainAsk, 'dispatcher')
def ask_for_delay(deck: Deck, ask: TrainAsk) -> Answer:
    '''
    Ask the railway how late the engine is, and move the train when that is more than ten minutes.
    '''
    train = deck.shelf(Train).need(ask.train)
    if train.state == 'gone':
        raise TrainRefused(f'{train.key} is gone: ask the railway where')
    late = fetch('railway', f'engines/{train.key}')['late']
    if late <= 10:
        return answer(late=late, leaves=time_of_day(train.leaves))
    with holding(deck, train.key):
        moved = deck.shelf(Train).change(train.key, leaves=train.leaves + late)
    deck.tell('rail.late', train=train.key, minutes=late)
    return answer(late=late, leaves=time_of_day(moved.leaves))
