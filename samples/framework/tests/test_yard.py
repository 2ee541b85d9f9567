'''
Stories of boxes.
'''

from __future__ import annotations

BOX, COLD, TANK = 'CSQU3054383', 'MSKU1234565', 'TGHU0000013'
START = 20_000 * 1440 + 8 * 60


def standing(box: str, row: str, **more) -> list:
    return [('yard.receive', {'box': box, 'tonnes': 20.0, **more}, {'box': box}),
            ('yard.place', {'box': box, 'row': row}, {'row': row})]


def test_stacks(story):
    story(
        ('yard.receive', {'box': 'CSQU305438', 'tonnes': 20.0}, 'stack-refused'),
        ('yard.receive', {'box': 'CSQU3054384', 'tonnes': 20.0}, 'stack-refused'),
        ('yard.receive', {'box': BOX, 'tonnes': 31.0}, 'stack-refused'),
        ('yard.dig', {'box': BOX}, 'missing-refused'),
        *standing(BOX, 'A'),
        ('yard.receive', {'box': BOX, 'tonnes': 20.0}, 'stack-refused'),
        ('yard.receive', {'box': COLD, 'tonnes': 26.0}, {'seen_before': False}),
        ('yard.place', {'box': COLD, 'row': 'A'}, 'stack-refused'),
        ('yard.dig', {'box': COLD}, 'stack-refused'),
        *standing(TANK, 'B', kind='tank'),
        ('yard.place', {'box': COLD, 'row': 'B'}, 'stack-refused'),
        ('yard.place', {'box': TANK, 'row': 'A'}, 'stack-refused'),
        (1440 * 7,),
        ('yard.receive', {'box': 'MSKU1234570', 'tonnes': 4.0}, {}),
        ('yard.place', {'box': 'MSKU1234570', 'row': 'A'}, {'tier': 2}),
        ('yard.dig', {'box': BOX}, {'lifts': [('MSKU1234570', 'B')]}),
        ('yard.tidy', {'lifts': 5}, {'lift': ['MSKU1234570'], 'left': 0}),
        ('yard.old', {}, {'billed': {BOX: 2, COLD: 2, TANK: 2}, 'days': 6}),
    )


def test_reefers(story):
    story(
        *standing(BOX, 'A'),
        *standing(COLD, 'C', kind='reefer'),
        ('reefer.connect', {'box': BOX, 'degrees': 4.0}, 'cold-refused'),
        ('reefer.connect', {'box': COLD, 'degrees': -18.0}, {'connected': 1, 'at': 'C1'}),
        ('reefer.round', {}, {'walk': [], 'alarms': 0}),
        (360,),
        ('reefer.round', {}, {'walk': [f'C1 {COLD}'], 'alarms': 0}),
        *[('reefer.measure', {'box': COLD, 'degrees': -15.0}, {'drift': 3.0, 'alarms': n}) for n in (1, 2, 3)],
        ('reefer.disconnect', {'box': COLD}, 'cold-refused'),
        ('reefer.outage', {'sockets': 0}, {'keep': [], 'off': {COLD: 12}}),
        ('reefer.outage', {'sockets': 1}, {'keep': [COLD], 'off': {}}),
        ('reefer.measure', {'box': COLD, 'degrees': -18.0}, {'alarms': 0}),
        (20,),
        ('reefer.disconnect', {'box': COLD}, {'drift': 0.0, 'unseen': 20}),
    )


def test_gates(story, answers):
    answers['plates/AB123'] = {'owner': 'Falk', 'tested': START - 366 * 1440}
    slot = {'box': BOX, 'plate': 'AB 123', 'in_minutes': 20}
    story(
        *standing(BOX, 'A'),
        *standing(COLD, 'C', leaves_by='rail'),
        ('gate.haulier', {'plate': 'ab 123'}, 'gate-refused'),
        ('gate.book', {**slot, 'box': COLD}, 'gate-refused'),
        ('gate.book', slot, {'at': '08:30', 'lane': 1}),
        ('gate.book', {**slot, 'plate': 'CD 4'}, 'gate-refused'),
        ('gate.rush', {}, {'rush': {}, 'booked': 1}),
        ('gate.pass', {'plate': 'AB 123'}, 'gate-refused'),
        (15,),
        ('gate.check-seal', {'box': BOX, 'seal': 'S1'}, {'first': True}),
        ('gate.check-seal', {'box': BOX, 'seal': 'S1'}, {'first': False, 'broken': False}),
        ('gate.pass', {'plate': 'AB 123'}, {'box': BOX, 'lane': 1, 'stayed': 0}),
        *standing(TANK, 'D'),
        ('gate.book', {'box': TANK, 'plate': 'CD 4', 'in_minutes': 0}, {}),
        ('gate.check-seal', {'box': TANK, 'seal': 'S1'}, {}),
        ('gate.check-seal', {'box': TANK, 'seal': 'S2'}, {'broken': True}),
        ('gate.pass', {'plate': 'CD 4'}, 'gate-refused'),
        (120,),
        ('gate.no-shows', {}, {'missed': 1, 'repeated': []}),
    )
    answers['plates/AB123'] = {'owner': 'Falk', 'tested': START}
    story(('gate.haulier', {'plate': 'ab 123'}, {'owner': 'Falk', 'days_left': 365}))


def test_damage(story):
    story(
        *standing(BOX, 'A'),
        ('damage.estimate', {'box': BOX}, 'damage-refused'),
        ('damage.note', {'box': BOX, 'side': 'door', 'millimetres': 200}, {'scar': 'SCAR-0001', 'new': True}),
        ('damage.note', {'box': BOX, 'side': 'door', 'millimetres': 210}, {'scar': 'SCAR-0001', 'new': False}),
        ('damage.note', {'box': BOX, 'side': 'frame', 'millimetres': 60}, {'scar': 'SCAR-0002', 'new': True}),
        ('damage.estimate', {'box': BOX}, {'scars': 2, 'price': 30.0, 'worst': 'door'}),
        ('damage.bill', {'box': BOX, 'party': 'night watch'}, 'damage-refused'),
        ('damage.bill', {'box': BOX, 'party': 'Falk'}, {'amount': 30.0, 'scars': 2}),
        ('damage.estimate', {'box': BOX}, 'damage-refused'),
    )
