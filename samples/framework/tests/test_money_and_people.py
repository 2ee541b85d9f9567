'''
Stories of those who pay, and of those who work.
'''

from __future__ import annotations

from openings import CALL, IN_PORT, SHIP

IBAN = 'DE89 3704 0044 0532 0130 00'
OPEN = {'agent': 'Brandt', 'limit': 1_000_000, 'iban': IBAN}


def test_invoices(story):
    invoice = {'invoice': 'INV-0001'}
    story(
        *IN_PORT,
        ('account.open', {**OPEN, 'iban': 'DE89 3704 0044 0532 0130 01'}, 'account-refused'),
        ('account.open', OPEN, {'country': 'DE'}),
        ('account.open', {**OPEN, 'agent': 'Falk'}, 'account-refused'),
        ('account.headroom', {'agent': 'Brandt'}, {'room': 750_000, 'reserve': 250_000}),
        ('money.quote', {'vessel': SHIP, 'hours': 50}, {'cents': 106_272, 'with_tax': 126_464}),
        ('money.issue', CALL, 'invoice-refused'),
        ('call.clear', CALL, {}),
        (600,),
        ('call.sail', CALL, {'stay': 600}),
        ('money.issue', CALL, {**invoice, 'cents': 21_420, 'lines': 1}),
        ('money.issue', CALL, 'invoice-refused'),
        ('money.explain', invoice, {'text': ['10 hours     180.00'], 'due_in': 21}),
        (22 * 1440,),
        ('money.remind', {}, {'letters': [('INV-0001', 1)]}),
        ('money.remind', {}, {'letters': []}),
        (10 * 1440,),
        ('money.remind', {}, {'letters': [('INV-0001', 2)]}),
        (10 * 1440,),
        ('money.remind', {}, {'letters': [('INV-0001', 3)]}),
        ('account.headroom', {'agent': 'Brandt'}, 'account-refused'),
        ('account.ages', {}, {'steps': [0, 22_920, 0, 0], 'oldest': 'Brandt'}),
        ('account.pay', {'agent': 'Brandt', 'cents': 25_000}, {'settled': ['INV-0001'], 'left': 2_080}),
        ('account.headroom', {'agent': 'Brandt'}, {'reserve': 0}),
        ('money.take-back', {**invoice, 'why': 'wrong call'}, {}),
        ('money.take-back', {**invoice, 'why': 'wrong call'}, 'invoice-refused'),
    )


def test_the_bank_is_matched(story, answers):
    answers['transfers'] = [{'from': IBAN.replace(' ', ''), 'cents': 500}, {'from': 'NO93', 'cents': 7}]
    story(
        ('account.open', OPEN, {}),
        ('account.bank', {}, {'booked': 500, 'unknown': 1}),
        ('account.headroom', {'agent': 'Brandt'}, {'room': 1_000_500}),
    )


def test_passes(story, answers):
    answers['checks'] = {'hit': False}
    ada, bo = {'person': '101'}, {'person': '102'}
    story(
        ('pass.issue', {**ada, 'name': 'Ada', 'firm': 'Kran'}, {'days': 365}),
        ('pass.issue', {**bo, 'name': 'Bo', 'firm': 'Kran'}, {'days': 365}),
        ('pass.enter', ada, 'pass-refused'),
        ('course.pass', {'course': 'crane', 'people': ['101']}, 'shift-refused'),
        ('course.pass', {'course': 'safety', 'people': ['101', '102']}, {'passed': 2}),
        ('course.pass', {'course': 'crane', 'people': ['101']}, {'passed': 1}),
        ('pass.enter', ada, {'inside': 1, 'days_left': 365}),
        ('pass.enter', ada, 'pass-refused'),
        ('pass.muster', {}, {'firms': {'Kran': ['Ada']}}),
        ('course.able', {'task': 'twistlocks'}, {'people': ['Ada']}),
        ('course.able', {'task': 'bombs'}, {'people': []}),
        (11 * 60,),
        ('pass.leave', ada, {'minutes': 660, 'over': 60}),
        ('pass.leave', ada, 'pass-refused'),
        ('pass.penalty', {**bo, 'deed': 'under a load', 'points': 2}, {'points': 4, 'lost': False}),
        ('pass.issue', {'person': '103', 'name': 'Cy', 'firm': 'Kran'}, {'days': 90}),
        ('pass.penalty', {**bo, 'deed': 'smoking', 'points': 4}, {'points': 8, 'lost': True}),
        ('pass.enter', bo, 'pass-refused'),
        ('shift.open', {'in_hours': 20, 'gang': 2}, {'shift': 'SHIFT-0001', 'night': False}),
        ('shift.open', {'in_hours': 36, 'gang': 1}, {'shift': 'SHIFT-0002', 'night': False}),
        ('shift.join', {**ada, 'shift': 'SHIFT-0001'}, {'missing': 1}),
        ('shift.join', {**ada, 'shift': 'SHIFT-0002'}, 'shift-refused'),
        ('shift.join', {**bo, 'shift': 'SHIFT-0002'}, {'missing': 0}),
        ('shift.join', {'person': '103', 'shift': 'SHIFT-0002'}, 'shift-refused'),
        ('shift.swap', {**ada, 'other': '102', 'shift': 'SHIFT-0001'}, 'shift-refused'),
        ('shift.swap', {**bo, 'other': '101', 'shift': 'SHIFT-0002'}, {'people': ['101']}),
        ('shift.swap', {**bo, 'other': '101', 'shift': 'SHIFT-0002'}, 'shift-refused'),
        ('shift.unfilled', {}, {'shifts': ['SHIFT-0001'], 'called': 1}),
    )
    answers['checks'] = {'hit': True}
    story(('pass.issue', {'person': '104', 'name': 'Di', 'firm': 'Kran'}, 'pass-refused'))


def test_incidents(teller):
    spill = {'place': 'N1', 'kind': 'spill', 'litres': 60}
    teller.tell(
        ('safety.days', {}, {'days': None, 'ratio': None}),
        ('safety.report', {'place': 'N2', 'kind': 'near miss'}, {'incident': 'INC-0001', 'grade': 1}),
        ('safety.report', spill, {'incident': 'INC-0002', 'twin': False, 'grade': 3}),
        ('safety.report', {**spill, 'litres': 90}, {'incident': 'INC-0002', 'twin': True}),
        ('safety.close', {'incident': 'INC-0002', 'cause': 'a hose'}, 'safety-refused'),
    )
    teller.deck.who = 'Odile'
    teller.tell(
        (30,),
        ('safety.close', {'incident': 'INC-0002', 'cause': 'a hose'}, {'open_for': 30, 'seen_before': 0}),
        ('safety.close', {'incident': 'INC-0002', 'cause': 'a hose'}, 'safety-refused'),
        ('safety.hot-spots', {}, {'worst': [('N1', 8, 0), ('N2', 2, 1)]}),
        ('safety.store-boom', {'boom': 'A', 'metres': 100}, {'metres': 100}),
        ('safety.store-boom', {'boom': 'B', 'metres': 300}, {'metres': 400}),
        ('safety.fence', {'place': 'N1', 'metres': 500}, 'safety-refused'),
        ('safety.fence', {'place': 'N1', 'metres': 350}, {'laid': ['B', 'A'], 'spare': 50}),
        (3 * 1440,),
        ('safety.days', {}, {'days': 3, 'ratio': 1.0}),
    )
    assert ['watch', 'fire officer'] == [event.facts['desk'] for event in teller.deck.heard('safety.alarm')]


def test_the_ferry(story):
    crossing, booking = {'crossing': 'X-0001'}, {'booking': 'BK-0001'}
    party = {**crossing, 'name': 'Ada', 'persons': 2}
    gale = {'knots': 40, 'direction': 0, 'sight': 9000}
    story(
        ('ferry.timetable', {'first_in': 120, 'every': 480, 'times': 4}, {'opened': 3, 'first': 'X-0001'}),
        ('ferry.book', {**party, 'persons': 60, 'metres': 12.0}, {'booking': 'BK-0001', 'cents': 59_640}),
        ('ferry.cancel', booking, {'back': 29_820, 'seats': 240}),
        ('ferry.book', {**party, 'islander': True}, {**booking, 'cents': 890}),
        ('ferry.board', booking, 'ferry-refused'),
        ('ferry.storm', {}, 'ferry-refused'),
        ('weather.note', gale, {}),
        (90,),
        ('ferry.board', booking, {'persons': 2, 'lane': 'high'}),
        ('ferry.board', booking, 'ferry-refused'),
        ('ferry.cancel', booking, 'ferry-refused'),
        ('ferry.book', {**party, 'name': 'bo', 'persons': 3}, {'booking': 'BK-0002'}),
        ('ferry.manifest', crossing, {'lines': ['Ada, 2'], 'missing': 1, 'empty': 238}),
        ('ferry.storm', {}, {'cancelled': 1, 'moved': 5, 'stranded': 0}),
        ('ferry.book', party, 'ferry-refused'),
        ('ferry.found', {'what': 'Red umbrella', 'where': 'bar'}, {'lost': 'LOST-0001', 'given_away': 0}),
        ('ferry.found', {'what': 'red scarf', 'where': 'deck'}, {'lost': 'LOST-0002'}),
        ('ferry.claim', {'words': 'a red umbrella', 'name': 'Bo'}, {'lost': 'LOST-0001', 'where': 'bar'}),
        ('ferry.claim', {'words': 'a dog', 'name': 'Bo'}, 'ferry-refused'),
        (91 * 1440,),
        ('ferry.found', {'what': 'tooth', 'where': 'bar'}, {'given_away': 1}),
    )
