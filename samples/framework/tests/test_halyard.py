'''
The framework: asks, shelves, settings, the deck, the registry, and the wire against a house on the loopback.
'''

from __future__ import annotations

from dataclasses import dataclass

import pytest
from halyard.asks import Ask, Count, Flag, Names, OneOf, Text
from halyard.clock import DAY, day_of, now, time_of_day
from halyard.deck import Deck, atomic
from halyard.errors import AskRefused, HalyardError, HeldRefused, MissingRefused, RightsRefused, WireRefused
from halyard.handlers import dispatch
from halyard.holds import holding
from halyard.settings import Settings, SettingsRefused, settings
from halyard.shelves import Record
from halyard.wire import fetch


@dataclass(frozen=True)
class Buoy(Record):
    '''
    A record for the tests.
    '''

    colour: str = 'red'


class BuoyAsk(Ask):
    '''
    An ask for the tests.
    '''

    buoy = Text(most=5)
    colour = OneOf('red', 'green', default='red')
    number = Count(1, most=9)
    lit = Flag(False)
    near = Names(list())


def test_an_ask_reads_its_fields_and_fills_in_the_rest():
    ask = BuoyAsk({'buoy': ' B1 ', 'near': ['a', 'b', 'a']})

    assert ('B1', 'red', 1, False, ['a', 'b']) == (ask.buoy, ask.colour, ask.number, ask.lit, ask.near)


def test_a_refused_ask_names_every_fault():
    with pytest.raises(AskRefused) as caught:
        BuoyAsk({'colour': 'blue', 'number': True, 'lit': 1, 'depth': 3})

    message = str(caught.value)
    assert 'ask-refused' == caught.value.code
    assert all(fault in message for fault in ('depth is unknown', 'buoy is missing', "'blue'", 'number', 'lit'))


def test_shelves_keep_change_and_drop():
    shelf = Deck().shelf(Buoy)
    shelf.keep(Buoy('B-0002'))
    shelf.keep(Buoy('B-0001', 'green'))
    shelf.change('B-0002', colour='green')

    assert ['B-0001', 'B-0002'] == [buoy.key for buoy in shelf.where(colour='green')]
    assert 'B-0003' == shelf.next_key('B')
    assert Buoy('B-0001', 'green') == shelf.drop('B-0001')
    with pytest.raises(MissingRefused, match="no buoy 'B-0001'"):
        shelf.need('B-0001')


def test_what_a_refused_block_did_is_undone():
    deck = Deck()
    deck.shelf(Buoy).keep(Buoy('B1'))
    with pytest.raises(HalyardError), atomic(deck):
        deck.shelf(Buoy).change('B1', colour='green')
        deck.shelf(Buoy).keep(Buoy('B2'))
        deck.tell('buoy.lost', buoy='B1')
        raise HalyardError('no: stop')

    assert [Buoy('B1')] == list(deck.shelf(Buoy))
    assert list() == deck.told


def test_a_thing_in_work_is_held():
    deck = Deck('Ines')
    with holding(deck, 'B1'):
        with pytest.raises(HeldRefused, match='Ines is working on B1'), holding(deck, 'B1'):
            pass
    with holding(deck, 'B1'):
        pass


def test_settings_come_from_the_environment_or_the_declaration(monkeypatch: pytest.MonkeyPatch):
    own = Settings()
    own.declare(DEPTH=3, OPEN=False)
    monkeypatch.setenv('HALYARD_DEPTH', '5')
    monkeypatch.setenv('HALYARD_OPEN', 'yes')

    assert (5, True) == (own.DEPTH, own.OPEN)
    monkeypatch.setenv('HALYARD_DEPTH', 'deep')
    with pytest.raises(SettingsRefused, match="'deep'"):
        _ = own.DEPTH
    with pytest.raises(SettingsRefused, match='no setting HEIGHT'):
        _ = own.HEIGHT


def test_minutes_read_as_people_do():
    assert '06:45' == time_of_day(3 * DAY + 6 * 60 + 45)
    assert 3 == day_of(3 * DAY + 6 * 60)
    assert now() > 20_000 * DAY


def test_dispatch_refuses_strangers():
    with pytest.raises(RightsRefused):
        dispatch(Deck(role='cook'), 'call.sail', {'call': 'CALL-0001'})
    with pytest.raises(MissingRefused):
        dispatch(Deck(), 'call.sink', {})


def test_the_wire_fetches_posts_and_refuses(answers):
    answers['hulls/1'] = {'flag': 'NO'}
    answers['nonsense'] = b'<html>'

    assert {'flag': 'NO'} == fetch('register', 'hulls/1', {'a': 1}, page=2)
    assert ({'a': 1}, 'page=2') == (answers['last body'], answers['last query'])
    with pytest.raises(WireRefused, match='said 404'):
        fetch('register', 'hulls/2')
    with pytest.raises(WireRefused, match='no JSON'):
        fetch('register', 'nonsense')


def test_a_silent_house_is_tried_again_and_then_refused(monkeypatch: pytest.MonkeyPatch, caplog):
    monkeypatch.setenv('HALYARD_REGISTER_URL', 'http://127.0.0.1:9')
    monkeypatch.setenv('HALYARD_WIRE_PAUSE', '0.001')

    with pytest.raises(WireRefused, match='does not answer'):
        fetch('register', 'hulls/1')
    assert settings.WIRE_TRIES == sum('is silent' in line for line in caplog.messages)
