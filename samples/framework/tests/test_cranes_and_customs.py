'''
Stories of boxes that are lifted, feared and looked into.
'''

from __future__ import annotations

from openings import CALL, IN_PORT

BOX, SECOND, THIRD = 'CSQU3054383', 'MSKU1234565', 'TGHU0000013'
CALM = {'knots': 10, 'direction': 0, 'sight': 9000}


def standing(box: str, row: str, **more) -> list:
    return [('yard.receive', {'box': box, 'tonnes': 20.0, **more}, {'box': box}),
            ('yard.place', {'box': box, 'row': row}, {'row': row})]


def test_cranes(story):
    lift = {'crane': 'K1', 'box': BOX, 'way': 'out'}
    story(
        *IN_PORT,
        *standing(BOX, 'A'),
        ('crane.assign', {**CALL, 'boxes': 300}, 'crane-refused'),
        ('crane.build', {'crane': 'K1', 'place': 100, 'reach': 18}, {'order': ['K1']}),
        ('crane.build', {'crane': 'K2', 'place': 130, 'reach': 18}, 'crane-refused'),
        ('crane.build', {'crane': 'K0', 'place': 50, 'reach': 18}, {'order': ['K0', 'K1']}),
        ('crane.lift', lift, 'crane-refused'),
        ('crane.travel', {'crane': 'K0', 'place': 90}, 'keeping-refused'),
        ('crane.travel', {'crane': 'K0', 'place': 20}, {'metres': 30}),
        ('crane.assign', {**CALL, 'boxes': 280}, {'cranes': ['K0', 'K1'], 'done_in': 300}),
        ('crane.travel', {'crane': 'K0', 'place': 30}, 'keeping-refused'),
        ('crane.grease', {'crane': 'K0'}, 'keeping-refused'),
        ('crane.lift', lift, {'lift': 'LIFT-0001', 'unknown': False}),
        ('crane.lift', lift, 'crane-refused'),
        (10,),
        ('crane.lift', {**lift, 'box': SECOND, 'way': 'in'}, {'unknown': True}),
        (10,),
        ('crane.lift', {**lift, 'box': THIRD, 'way': 'in'}, {'lift': 'LIFT-0003'}),
        ('crane.wind', {}, 'keeping-refused'),
        ('weather.note', {**CALM, 'knots': 40}, {}),
        ('crane.wind', {}, {'rough': True, 'changed': ['K0', 'K1']}),
        (10,),
        ('weather.note', CALM, {}),
        ('crane.wind', {}, {'rough': False, 'changed': []}),
        (10,),
        ('weather.note', CALM, {}),
        ('crane.wind', {}, {'rough': False, 'changed': ['K0', 'K1']}),
        ('crane.finish', CALL, {'lifts': 3, 'pace': 6.0}),
        ('crane.finish', CALL, 'crane-refused'),
        ('crane.grease', {'crane': 'K1'}, {'late': False, 'lifts': 3, 'days': 0}),
        (31 * 1440,),
        ('crane.grease', {'crane': 'K1'}, {'late': True, 'days': 31}),
    )


def test_dangerous_goods(story):
    petrol = {'box': BOX, 'number': 1203, 'group': 'flammable', 'kilos': 8000.0}
    chlorate = {'box': SECOND, 'number': 1495, 'group': 'oxidizing', 'kilos': 100.0}
    story(
        ('danger.declare', {**petrol, 'number': 81}, 'danger-refused'),
        ('danger.declare', petrol, {'un': 'UN 1203', 'approved': False}),
        ('danger.declare', chlorate, {'un': 'UN 1495'}),
        ('danger.may-stand', {'box': BOX, 'row': 'A'}, 'danger-refused'),
        *standing(BOX, 'A'),
        *standing(SECOND, 'C'),
        ('danger.approve', {'box': BOX}, {'group': 'flammable', 'stored': 8000.0}),
        ('danger.declare', {**petrol, 'kilos': 9000.0}, 'danger-refused'),
        ('danger.declare', {**petrol, 'kilos': 7000.0}, {'approved': True}),
        ('danger.declare', {**petrol, 'box': THIRD, 'kilos': 4000.0}, {}),
        ('danger.approve', {'box': THIRD}, 'danger-refused'),
        ('danger.may-stand', {'box': BOX, 'row': 'E'}, {'may': False, 'near': [SECOND]}),
        ('danger.may-stand', {'box': BOX, 'row': 'G'}, {'may': True, 'near': []}),
        ('danger.plan', {}, {'rows': {'A': ['UN 1203 7000 kg'], 'C': ['UN 1495 100 kg']}}),
        (3 * 1440,),
        ('danger.overdue', {}, {'blocked': [SECOND]}),
    )


def test_slops(story):
    story(
        *IN_PORT[:4],
        ('slop.hand-over', {**CALL, 'sort': 'sewage', 'litres': 400}, 'slop-refused'),
        ('slop.owed', CALL, 'slop-refused'),
        *IN_PORT[4:],
        ('slop.hand-over', {**CALL, 'sort': 'sewage', 'litres': 1400}, {'slop': 'SLOP-0001', 'cubic_metres': 2}),
        ('slop.hand-over', {**CALL, 'sort': 'garbage', 'litres': 300}, {'slop': 'SLOP-0002', 'cubic_metres': 0}),
        ('slop.lots', {}, {'order': ['sewage', 'garbage'], 'litres': 1700}),
        ('slop.collect', {'plate': 'CD 4', 'sort': 'sewage', 'tank': 1000}, 'slop-refused'),
        ('slop.collect', {'plate': 'CD 4', 'sort': 'sewage', 'tank': 2000}, {'lots': ['SLOP-0001'], 'filled': 0.7}),
        (20 * 60,),
        ('slop.owed', CALL, {'produced': 1440, 'given': 1400, 'object': False}),
        (40 * 60,),
        ('slop.owed', CALL, {'produced': 4320, 'object': True}),
        ('call.clear', CALL, 'sailing-refused'),
    )


def test_customs(story, answers):
    answers['risk'] = {'points': 50}
    answers['rates'] = {'percent': 12}
    lodge = {'box': BOX, 'goods': 'brass lamps', 'value': 1000.0, 'origin': 'tr'}
    story(
        *standing(BOX, 'A'),
        ('yard.receive', {'box': SECOND, 'tonnes': 15.0}, {}),
        ('yard.place', {'box': SECOND, 'row': 'A'}, {'tier': 2}),
        *standing(THIRD, 'B'),
        ('customs.lodge', {**lodge, 'goods': 'various parts'}, 'entry-refused'),
        ('customs.lodge', lodge, {'risk': 75, 'held': True}),
        ('customs.lodge', {**lodge, 'box': SECOND, 'value': 9000.0}, {'risk': 50, 'held': False}),
        ('customs.duty', {'box': BOX}, {'duty': 120.0, 'tax': 212.8, 'total': 332.8}),
        ('customs.sample', {'looks': 1}, {'boxes': [BOX], 'new_origin': 'TR'}),
        ('customs.release', {'box': BOX}, 'entry-refused'),
        ('customs.release', {'box': SECOND}, {'days': 0, 'by_law': False}),
        ('customs.look', {'box': SECOND}, 'entry-refused'),
        ('customs.look', {'box': BOX, 'found': 'cigarettes'}, {'look': 'LOOK-0001', 'seized': True}),
        ('customs.release', {'box': BOX}, 'entry-refused'),
        (1440,),
        ('customs.silent', {}, {'held': [THIRD]}),
        ('customs.silent', {}, {'held': []}),
        ('customs.lodge', {**lodge, 'box': THIRD}, {'risk': 75, 'held': True}),
        (10 * 1440,),
        ('customs.release', {'box': THIRD}, {'days': 10, 'by_law': True}),
    )


def test_trains(story, answers):
    answers['paths'] = {'free': False, 'until': 20_000 * 1440 + 600}
    train = {'train': 'T1'}
    story(
        *standing(BOX, 'A', leaves_by='rail'),
        *standing(SECOND, 'B', leaves_by='rail'),
        *standing(THIRD, 'C'),
        ('rail.plan', {**train, 'in_hours': 2}, {'leaves': '10:00'}),
        ('rail.plan', {'train': 'T2', 'in_hours': 2}, 'train-refused'),
        ('rail.load', {**train, 'box': THIRD}, 'train-refused'),
        ('rail.load', {**train, 'box': BOX}, {'wagon': 1, 'tonnes': 20.0}),
        ('danger.declare', {'box': BOX, 'number': 1203, 'group': 'flammable', 'kilos': 80.0}, {}),
        ('rail.order', train, 'train-refused'),
        ('rail.load', {**train, 'box': SECOND}, {'wagon': 2, 'tonnes': 40.0}),
        ('rail.order', train, {'order': [SECOND, BOX]}),
        ('rail.leave', train, 'train-refused'),
        ('rail.brakes', {**train, 'percent': 40}, {'speed': 0, 'stays': True}),
        ('rail.brakes', {**train, 'percent': 64}, {'speed': 80, 'stays': False}),
        ('rail.leave', train, 'train-refused'),
    )
    answers['paths'] = {'free': True}
    story((130,), ('rail.leave', train, {'boxes': 2, 'late': 10}))
