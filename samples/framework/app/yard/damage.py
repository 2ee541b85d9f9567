'''
Scars: dents, holes and rust, and who was the last to sign for a box without them.
'''

from __future__ import annotations

from app.yard.records import Box, BoxAsk, Scar
from halyard.asks import Count, OneOf, Text
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.holds import holding
from halyard.journal import get_logger

log = get_logger(__name__)
PRICES = {'door': 9, 'roof': 14, 'floor': 11, 'side': 6, 'frame': 20}


class DamageRefused(HalyardError):
    '''
    Damage cannot be noted, or nobody can be billed for it.
    '''


class ScarAsk(BoxAsk):
    '''
    A dent, a hole or a crack.
    '''

    side = OneOf(*PRICES)
    millimetres = Count(least=1, most=12_000)


class BillAsk(BoxAsk):
    '''
    Who shall pay.
    '''

    party = Text(most=40)


@handles('damage.note', ScarAsk)
def note_scar(deck: Deck, ask: ScarAsk) -> Answer:
    '''
    Note a scar; one of about the same size on the same side is the old one.
    '''
    box = deck.shelf(Box).need(ask.box)
    for scar in deck.shelf(Scar).where(box=box.key, side=ask.side):
        if abs(scar.millimetres - ask.millimetres) <= 0.1 * scar.millimetres:
            return answer(scar=scar.key, new=False)
    scar = Scar(deck.shelf(Scar).next_key('SCAR'), box.key, ask.side, ask.millimetres, deck.who, old=box.tier == 0)
    deck.shelf(Scar).keep(scar)
    if ask.side == 'frame' and ask.millimetres > 50:
        deck.shelf(Box).change(box.key, blocked_by=(*box.blocked_by, 'workshop'))
    return answer(scar=scar.key, new=True)


@handles('damage.estimate', BoxAsk)
def estimate_repair(deck: Deck, ask: BoxAsk) -> Answer:
    '''
    Estimate the repair of a box: by the decimetre, with a discount for many scars on one side.
    '''
    scars = deck.shelf(Scar).where(box=ask.box, old=False)
    if not scars:
        raise DamageRefused(f'{ask.box} has no new scars: nothing to repair')
    price = 0.0
    for side, rate in PRICES.items():
        found = [scar for scar in scars if scar.side == side]
        length = sum(scar.millimetres for scar in found) / 100
        price += rate * length * (0.8 if len(found) > 2 else 1.0)
    return answer(scars=len(scars), price=round(price, 2), worst=max(scars, key=lambda scar: scar.millimetres).side)


@handles('damage.bill', BillAsk, 'foreman')
def bill_damage(deck: Deck, ask: BillAsk) -> Answer:
    '''
    Bill the new scars of a box to a party, after which they count as old.
    '''
    estimate = estimate_repair(deck, BoxAsk({'box': ask.box}))
    noted = {scar.noted_by for scar in deck.shelf(Scar).where(box=ask.box, old=False)}
    if ask.party in noted:
        raise DamageRefused(f'{ask.party} noted the damage: let somebody else look at it too')
    with holding(deck, ask.box):
        for scar in deck.shelf(Scar).where(box=ask.box, old=False):
            deck.shelf(Scar).change(scar.key, old=True)
    log.info('billed %.2f for %s to %s', estimate['price'], ask.box, ask.party)
    deck.tell('money.damage', party=ask.party, amount=estimate['price'])
    return answer(amount=estimate['price'], scars=estimate['scars'])
