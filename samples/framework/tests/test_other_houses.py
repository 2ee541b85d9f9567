'''
Stories in which other houses have their say.
'''

from __future__ import annotations

from openings import CALL, IN_PORT, SHIP

BOX, COLD = 'CSQU3054383', 'MSKU1234565'
START = 20_000 * 1440 + 8 * 60


def test_issuers_and_lines(story, answers):
    answers[f'papers/{SHIP}'] = [{'title': 'insurance', 'until': START + 9}]
    answers[f'plans/{SHIP}'] = {'boxes': [BOX, COLD]}
    answers[f'boxes/{BOX}'] = {'way': 'rail', 'tonnes': 20.5}
    paper = {'vessel': SHIP, 'title': 'insurance', 'days_left': 3}
    story(
        *IN_PORT[:2],
        ('paper.show', paper, {}),
        ('paper.show', {**paper, 'title': 'class'}, {}),
        ('paper.verify', CALL, {'forged': ['class'], 'genuine': 1}),
        ('yard.receive', {'box': BOX, 'tonnes': 20.0}, {}),
        ('crane.plan-from-line', CALL, {'ready': 1, 'absent': [COLD], 'held': []}),
        ('yard.pre-advice', {'box': BOX}, {'way': 'rail', 'changed': True}),
        ('yard.pre-advice', {'box': BOX}, {'way': 'rail', 'changed': False}),
    )
    answers[f'plans/{SHIP}'] = {'boxes': [BOX, BOX]}
    answers[f'boxes/{BOX}'] = {'way': 'rail', 'tonnes': 26.0}
    story(
        ('crane.plan-from-line', CALL, 'crane-refused'),
        ('yard.pre-advice', {'box': BOX}, 'stack-refused'),
    )


def test_the_railway_is_late(story, answers):
    answers['engines/T1'] = {'late': 25}
    story(
        ('rail.plan', {'train': 'T1', 'in_hours': 2}, {}),
        ('rail.delay', {'train': 'T1'}, {'late': 25, 'leaves': '10:25'}),
    )
    answers['engines/T1'] = {'late': 5}
    story(('rail.delay', {'train': 'T1'}, {'late': 5, 'leaves': '10:25'}))


def test_permits_and_prices(story, answers):
    answers['permits/CD4'] = {'sorts': ['sewage'], 'quota': 2500}
    answers['prices'] = [{'barge': 'A', 'cents': 70, 'tonnes': 0}, {'barge': 'B', 'cents': 80, 'tonnes': 9},
                         {'barge': 'C', 'cents': 90, 'tonnes': 9}]
    lorry = {'plate': 'CD 4', 'sort': 'sewage', 'tank': 1000}
    story(
        ('slop.permit', {**lorry, 'sort': 'garbage'}, 'slop-refused'),
        ('slop.permit', lorry, {'left': 2500, 'full_loads': 2}),
        ('tug.enter', {'tug': 'Bull', 'pull': 60.0, 'tank': 50.0}, {}),
        ('tug.prices', {}, {'barge': 'B', 'cents': 4000, 'saved': 500}),
    )
    answers['prices'] = list()
    story(('tug.prices', {}, 'tug-refused'))


def test_sheets_and_loggers(story, answers):
    answers['un/1203'] = {'group': 'flammable'}
    answers['un/2910'] = {'group': 'radioactive'}
    answers['readings'] = {'TGHU0000013': 3.0}
    danger = {'box': BOX, 'number': 1203, 'group': 'toxic', 'kilos': 80.0}
    story(
        ('danger.declare', danger, {}),
        ('danger.sheet', {'box': BOX}, {'group': 'flammable', 'corrected': True, 'extinguish_with': 'foam'}),
        ('danger.sheet', {'box': BOX}, {'corrected': False}),
        ('danger.declare', {**danger, 'number': 2910}, {}),
        ('danger.sheet', {'box': BOX}, 'danger-refused'),
        ('yard.receive', {'box': COLD, 'tonnes': 20.0, 'kind': 'reefer'}, {}),
        ('yard.place', {'box': COLD, 'row': 'A'}, {}),
        ('reefer.connect', {'box': COLD, 'degrees': 4.0}, {}),
        ('reefer.poll', {}, {'silent': [COLD], 'strangers': ['TGHU0000013']}),
    )


def test_the_bureau_has_a_tariff(story, answers):
    answers['licences'] = {'metres': 160}
    answers['tariff'] = {'base': 20_000, 'minute': 100, 'free': 30}
    story(
        *IN_PORT[:2],
        ('pilot.enrol', {'pilot': 'KN', 'name': 'Knut', 'licence': 150.0}, {}),
        ('pilot.send', CALL, {}),
        ('pilot.tariff', CALL, 'pilot-refused'),
        (90,),
        ('pilot.return', {'pilot': 'KN'}, {}),
        ('pilot.tariff', CALL, {'trips': 1, 'cents': 26_000}),
    )
