'''
Stories of those who bring vessels in.
'''

from __future__ import annotations

from openings import CALL, HULL, IN_PORT

COMING = IN_PORT[:2]


def test_pilots(story, answers):
    answers['licences'] = {'metres': 160}
    story(
        *COMING,
        ('pilot.enrol', {'pilot': 'KN', 'name': 'Knut', 'licence': 170.0}, 'roster-refused'),
        ('pilot.enrol', {'pilot': 'KN', 'name': 'Knut', 'licence': 150.0}, {'spare': 10.0}),
        ('pilot.enrol', {'pilot': 'KN', 'name': 'Knut', 'licence': 150.0}, 'roster-refused'),
        ('pilot.enrol', {'pilot': 'LI', 'name': 'Liv', 'licence': 100.0}, {'spare': 60.0}),
        ('pilot.available', {}, {'pilots': ['KN', 'LI'], 'longest': 150.0}),
        ('pilot.send', CALL, {'pilot': 'KN', 'job': 'JOB-0001'}),
        ('pilot.send', CALL, 'pilot-refused'),
        ('pilot.sick', {'pilot': 'KN', 'sick': True}, 'roster-refused'),
        ('pilot.relieve', {'pilot': 'KN', 'relief': 'LI'}, 'pilot-refused'),
        ('pilot.enrol', {'pilot': 'MO', 'name': 'Mona', 'licence': 140.0}, {}),
        (60,),
        ('pilot.relieve', {'pilot': 'KN', 'relief': 'MO'}, {'job': 'JOB-0001', 'after': 60}),
        (30,),
        ('pilot.return', {'pilot': 'MO'}, {'call': 'CALL-0001', 'minutes': 90}),
        ('pilot.return', {'pilot': 'MO'}, 'pilot-refused'),
        ('pilot.month', {'pilot': 'MO'}, {'name': 'Mona', 'hours': 1.5, 'longest': 90}),
        ('pilot.sick', {'pilot': 'LI', 'sick': True}, {'fit': 2}),
        ('pilot.shortage', {'hours': 11, 'needed': 1}, {'short': list(range(10)), 'worst': -1}),
        ('pilot.exempt', {**CALL, 'captain': 'Ada', 'visits': 17}, 'pilot-refused'),
        ('pilot.exempt', {**CALL, 'captain': 'Ada', 'visits': 20}, {'job': 'JOB-0002', 'spare': 2}),
        ('pilot.boat', {**CALL, 'miles': 6.0, 'sea': 5}, {'minutes': 50, 'meet': 'inside the mole'}),
        ('pilot.boat', {**CALL, 'miles': 6.0, 'sea': 7}, 'pilot-refused'),
    )


def test_tugs(story):
    order = {**CALL, 'knots': 20.0}
    tow = {'tow': 'TOW-0001'}
    story(
        *COMING,
        ('tow.order', order, 'tow-refused'),
        ('tug.enter', {'tug': 'Bull', 'pull': 60.0, 'tank': 50.0}, {'fleet': 60.0}),
        ('tug.enter', {'tug': 'Bull', 'pull': 60.0, 'tank': 50.0}, 'tug-refused'),
        ('tug.enter', {'tug': 'Calf', 'pull': 30.0, 'tank': 20.0}, {'fleet': 90.0}),
        ('tug.warm-up', {'tug': 'Bull'}, 'tug-refused'),
        ('tug.fuel', {'tug': 'Bull', 'tonnes': 60.0}, {'taken': 50.0, 'left_in_hose': 10.0}),
        ('tug.fuel', {'tug': 'Bull', 'tonnes': 1.0}, 'tug-refused'),
        ('tug.fuel', {'tug': 'Calf', 'tonnes': 5.0}, {'taken': 5.0}),
        ('tug.warm-up', {'tug': 'Bull'}, {}),
        ('tug.warm-up', {'tug': 'Calf'}, {}),
        ('tug.warm-up', {'tug': 'Calf'}, 'tug-refused'),
        (25,),
        ('tug.tick', {}, {'became': {'Bull': 'ready', 'Calf': 'ready'}}),
        ('tow.order', order, {'tow': 'TOW-0001', 'tugs': ['Bull', 'Calf'], 'needed': 75.6}),
        (40,),
        ('tow.cancel', tow, {'freed': 2, 'costs': True}),
        ('tow.order', order, {'tow': 'TOW-0001'}),
        ('tow.end', tow, 'tow-refused'),
        ('tow.begin', tow, {'waited': 0}),
        ('tow.begin', tow, 'tow-refused'),
        ('tow.cancel', tow, 'tow-refused'),
        (90,),
        ('tow.end', {**tow, 'snapped': 1}, {'minutes': 90, 'tugs': 2}),
        ('tug.use', {'tug': 'Bull'}, {'share': 0.009}),
        (120,),
        ('tug.tick', {}, {'became': {'Bull': 'cold', 'Calf': 'cold'}}),
        ('tow.escort', CALL, {'escort': False}),
        ('call.enter-vessel', {**HULL, 'kind': 'tanker'}, {}),
        ('tow.escort', CALL, {'escort': True, 'pull': 41.7}),
    )
