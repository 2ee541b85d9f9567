'''
Power from the shore, so that engines can be silent at the quay.
'''

from __future__ import annotations

from app.calls.records import Call, CallAsk
from app.quay.records import Berth, BerthAsk, Plug
from halyard.asks import Ask, Count, OneOf
from halyard.clock import HOUR, now
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.holds import holding
from halyard.journal import get_logger
from halyard.settings import settings

log = get_logger(__name__)
VOLTS = {'low': 400, 'medium': 6600, 'high': 11000}


class PowerRefused(HalyardError):
    '''
    A vessel cannot be plugged in, or out.
    '''


class SocketAsk(BerthAsk):
    '''
    A berth is fitted with a socket.
    '''

    level = OneOf('low', 'medium', 'high')


class PlugAsk(CallAsk):
    '''
    A vessel wants power.
    '''

    kilowatts = Count(least=1, most=20000)
    meter = Count()


class MeterAsk(CallAsk):
    '''
    The meter when the plug is pulled.
    '''

    meter = Count()


@handles('power.fit-socket', SocketAsk, 'electrician')
def fit_socket(deck: Deck, ask: SocketAsk) -> Answer:
    '''
    Fit a berth with a socket; never while a vessel hangs on the old one.
    '''
    if ask.berth in deck.shelf(Plug):
        raise PowerRefused(f'{ask.berth} is under load: pull the plug first')
    berth = deck.shelf(Berth).change(ask.berth, volts=VOLTS[ask.level])
    return answer(berth=berth.key, volts=berth.volts)


@handles('power.plug-in', PlugAsk, 'electrician')
def plug_in(deck: Deck, ask: PlugAsk) -> Answer:
    '''
    Plug a moored vessel in while the substation can carry it.
    '''
    call = deck.shelf(Call).need(ask.call)
    if call.state != 'moored':
        raise PowerRefused(f'{call.key} is {call.state}: moor it first')
    berth = deck.shelf(Berth).need(call.berth)
    if not berth.volts:
        raise PowerRefused(f'{berth.key} has no socket: shift to one of the fitted berths')
    load = sum(plug.kilowatts for plug in deck.shelf(Plug))
    room = settings.SHORE_POWER_LIMIT - load
    if ask.kilowatts > room:
        raise PowerRefused(f'{room} kW are left: ask for less, or wait')
    with holding(deck, berth.key):
        deck.shelf(Plug).keep(Plug(berth.key, call.key, ask.kilowatts, now(), ask.meter))
    log.info('%s draws %d kW at %s', call.key, ask.kilowatts, berth.key)
    return answer(room=room - ask.kilowatts, volts=berth.volts)


@handles('power.unplug', MeterAsk, 'electrician')
def unplug(deck: Deck, ask: MeterAsk) -> Answer:
    '''
    Pull the plug and bill what the meter says; the meter turns over at a million.
    '''
    plug = deck.shelf(Plug).first(call=ask.call)
    if plug is None:
        raise PowerRefused(f'{ask.call} hangs on no socket: check the call')
    used = (ask.meter - plug.meter) % 1_000_000
    possible = plug.kilowatts * (now() - plug.begun) / HOUR
    if used > 1.1 * possible + 1:
        raise PowerRefused(f'{used} kWh cannot be drawn in that time: read the meter again')
    deck.shelf(Plug).drop(plug.key)
    deck.tell('money.power', call=ask.call, kilowatt_hours=used)
    return answer(used=used, berth=plug.key)


@handles('power.shed', Ask, 'electrician')
def shed_load(deck: Deck, ask: Ask) -> Answer:
    '''
    Throw off the newest vessels until the substation runs at nine tenths or less.
    '''
    plugs = sorted(deck.shelf(Plug), key=lambda plug: plug.begun)
    load = sum(plug.kilowatts for plug in plugs)
    thrown: list[str] = list()
    while plugs and load > 0.9 * settings.SHORE_POWER_LIMIT:
        plug = plugs.pop()
        load -= deck.shelf(Plug).drop(plug.key).kilowatts
        thrown.append(plug.call)
        deck.tell('power.thrown-off', call=plug.call, berth=plug.key)
    return answer(thrown=thrown, load=load)
