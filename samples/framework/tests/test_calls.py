'''
Stories of vessels that come, lie and go.
'''

from __future__ import annotations

from openings import BERTH, BOAT, CALL, HULL, IN_PORT, NOTICE, SHIP


def test_a_call_from_notice_to_sailing(story):
    story(
        *IN_PORT,
        ('call.remark', {**CALL, 'text': 'clean'}, {'remarks': 1}),
        ('call.remark', {**CALL, 'text': 'clean'}, {'remarks': 1}),
        ('call.sail', CALL, 'sailing-refused'),
        ('customs',),
        ('call.object', CALL, {'desk': 'customs', 'revoked': False}),
        ('watch',),
        ('call.clear', CALL, 'sailing-refused'),
        ('call.lift-objection', CALL, 'sailing-refused'),
        ('customs',),
        ('call.lift-objection', CALL, {'desk': 'customs'}),
        ('watch',),
        ('call.clear', CALL, {'settled': 1}),
        (90,),
        ('call.sail', CALL, {'stay': 90, 'days': 1}),
        ('call.statistics', {}, {'calls': 1, 'medians': {'cargo': 90}}),
    )


def test_notices_that_are_not_accepted(story):
    story(
        ('call.enter-vessel', {**HULL, 'number': '9074728'}, 'notice-refused'),
        ('call.enter-vessel', HULL, {'corrected': False}),
        ('call.enter-vessel', HULL, {'corrected': True}),
        ('call.announce', {**NOTICE, 'in_hours': 2}, 'notice-refused'),
        ('call.announce', NOTICE, CALL),
        ('call.announce', NOTICE, 'notice-refused'),
        ('call.delay', {**CALL, 'hours': -40, 'why': 'fast'}, 'notice-refused'),
        ('call.delay', {**CALL, 'hours': 12, 'why': 'fog'}, {'moved': 1}),
        ('call.expected', {}, {'days': [0, 0, 1, 0, 0, 0, 0], 'busiest': 2}),
        ('call.list-of-agent', {'agent': 'Brandt'}, {'lines': ['02:00 Anna (announced)']}),
        ('call.withdraw', CALL, {'fee': False}),
        ('call.withdraw', CALL, 'missing-refused'),
    )


def test_other_houses_know_flags_and_positions(story, answers):
    answers[f'hulls/{SHIP}'] = {'flag': 'NO', 'ban': 'oil'}
    answers['last'] = {'minute': 20_000 * 1440 + 8 * 60 - 130, 'metres': 3704}
    story(
        *IN_PORT[:2],
        ('call.position', {'vessel': SHIP}, {'miles': 2.0, 'age': 130, 'stale': True}),
        ('call.look-up-flag', CALL, {'flag': 'NO', 'banned': True}),
        ('call.withdraw', CALL, {'fee': False}),
        ('call.announce', NOTICE, 'notice-refused'),
    )


def test_the_anchorage_empties_in_order(story):
    other = {'call': 'CALL-0002'}
    story(
        ('call.enter-vessel', HULL, {}),
        ('call.enter-vessel', {**HULL, 'number': BOAT, 'name': 'Bo', 'kind': 'passenger'}, {}),
        ('call.announce', NOTICE, CALL),
        ('call.announce', {**NOTICE, 'vessel': BOAT}, other),
        ('call.arrive', {**CALL, 'draught': 7.0, 'persons': 18}, {'state': 'anchored', 'waiting': 0}),
        ('call.arrive', {**other, 'draught': 9.0, 'persons': 18}, 'arrival-refused'),
        ('call.arrive', {**other, 'draught': 7.0, 'persons': 19}, {'state': 'anchored', 'waiting': 1}),
        ('call.next-from-anchorage', {}, 'arrival-refused'),
        ('berth.build', BERTH, {}),
        ('berth.build', {**BERTH, 'berth': 'N2'}, {}),
        ('berth.assign', CALL, {'berth': 'N1'}),
        ('berth.assign', other, {'berth': 'N2'}),
        ('berth.assign', other, 'berth-refused'),
        (45,),
        ('call.next-from-anchorage', {}, {**other, 'waited': 45}),
        ('berth.release', CALL, {'released': 'N1', 'offer_to': None}),
        ('berth.release', CALL, 'berth-refused'),
    )


def test_papers(story):
    paper = {'vessel': SHIP, 'title': 'insurance', 'days_left': 3}
    story(
        *IN_PORT[:2],
        ('paper.show', {**paper, 'title': 'gas free'}, 'paper-refused'),
        ('paper.show', {**paper, 'days_left': -8}, 'paper-refused'),
        ('paper.show', paper, {'kept': True}),
        ('paper.show', {**paper, 'days_left': 2}, {'kept': False}),
        ('paper.show', {**paper, 'title': 'class', 'days_left': 1}, {'kept': True}),
        ('paper.missing', CALL, {'missing': ['tonnage'], 'expired': ['class'], 'complete': False}),
        ('paper.see', {**CALL, 'titles': ['insurance']}, {'seen': ['insurance']}),
        ('paper.see', {**CALL, 'titles': ['insurance']}, {'seen': []}),
        ('paper.expiring', {'days': 2}, {'papers': [(f'{SHIP}/class', 1)]}),
        (4 * 1440,),
        ('paper.ban', {}, {'banned': ['Anna'], 'pardoned': []}),
        ('paper.show', paper, {'kept': True}),
        ('paper.ban', {}, {'banned': [], 'pardoned': ['Anna']}),
    )
