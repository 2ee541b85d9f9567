'''
Stories of the quay.
'''

from __future__ import annotations

import pytest
from openings import BERTH, CALL, HULL, IN_PORT, NOTICE


def test_berths(story):
    story(
        *IN_PORT,
        ('berth.map', {}, {'map': 'V', 'share': 1.0}),
        ('berth.close', {'berth': 'N1', 'why': 'dredging'}, 'berth-refused'),
        ('berth.build', {**BERTH, 'berth': 'N2', 'length': 150.0}, {}),
        ('call.shift', {**CALL, 'berth': 'N2'}, {'left': 'N1', 'berth': 'N2'}),
        ('call.shift', {**CALL, 'berth': 'N2'}, 'sailing-refused'),
        ('berth.build', {**BERTH, 'depth': 8.0}, {'silted': 1.0}),
        ('berth.close', {'berth': 'N1', 'why': 'dredging'}, {'stranded': []}),
        ('berth.candidates', CALL, {'berths': [], 'free': []}),
        ('berth.open', {'berth': 'N1'}, {'was_closed_for': 'dredging'}),
        ('berth.candidates', {**CALL, 'tide': 1.0}, {'berths': ['N1'], 'free': ['N1']}),
        ('berth.overstayed', {}, {'pairs': []}),
    )


def test_a_hurried_vessel(story):
    other = {'call': 'CALL-0002'}
    story(
        *IN_PORT,
        ('call.enter-vessel', {**HULL, 'number': '9321483'}, {}),
        ('call.announce', {**NOTICE, 'vessel': '9321483'}, other),
        ('berth.assign', other, 'berth-refused'),
        ('berth.build', {**BERTH, 'berth': 'N0'}, {}),
        ('berth.assign', other, {'berth': 'N0'}),
        ('call.shift', {**CALL, 'berth': 'N0'}, {'left': 'N1'}),
        (25 * 60,),
        ('berth.overstayed', {}, {'pairs': [('CALL-0001', 'CALL-0002')]}),
    )


def test_lines(story):
    line = {**CALL, 'bollard': 2, 'kind': 'head'}
    story(
        *IN_PORT,
        ('line.make-fast', {**line, 'bollard': 9}, 'line-refused'),
        ('line.make-fast', line, {'kind': 'head'}),
        ('line.make-fast', {**line, 'kind': 'breast'}, {'kind': 'head+breast'}),
        ('line.make-fast', line, 'line-refused'),
        ('line.make-fast', {**line, 'bollard': 3, 'kind': 'breast'}, {}),
        ('line.tension', {'berth': 'N1', 'bollard': 2, 'tonnes': 60.0}, {'alarm': False, 'share': 0.5}),
        ('line.tension', {'berth': 'N1', 'bollard': 2, 'tonnes': 100.0}, {'alarm': True}),
        ('line.holding-power', {**CALL, 'knots': 40.0}, {'holds': True, 'push': 46.4, 'hold': 78.0}),
        ('line.holding-power', {**CALL, 'knots': 60.0}, {'holds': False}),
        ('line.untended', {'berth': 'N1'}, 'line-refused'),
        (300,),
        ('line.untended', {'berth': 'N1'}, {'tended': 2, 'oldest': 300}),
        ('line.let-go', CALL, 'line-refused'),
        ('call.clear', CALL, {}),
        ('line.let-go', CALL, {'order': ['N1/2', 'N1/3']}),
    )


def test_shore_power(story):
    plug = {**CALL, 'kilowatts': 8500, 'meter': 999_900}
    story(
        *IN_PORT,
        ('power.plug-in', plug, 'power-refused'),
        ('power.fit-socket', {'berth': 'N1', 'level': 'medium'}, {'volts': 6600}),
        ('power.plug-in', {**plug, 'kilowatts': 9001}, 'power-refused'),
        ('power.plug-in', plug, {'room': 500, 'volts': 6600}),
        ('power.fit-socket', {'berth': 'N1', 'level': 'low'}, 'power-refused'),
        (60,),
        ('power.unplug', {**CALL, 'meter': 999_000}, 'power-refused'),
        ('power.unplug', {**CALL, 'meter': 100}, {'used': 200, 'berth': 'N1'}),
        ('power.unplug', {**CALL, 'meter': 100}, 'power-refused'),
        ('power.plug-in', plug, {}),
        ('power.shed', {}, {'thrown': ['CALL-0001'], 'load': 0}),
    )


@pytest.mark.parametrize('part', ['ladder', 'fender'])
def test_upkeep(story, part):
    defect = {'berth': 'N1', 'part': part, 'grade': 2}
    story(
        *IN_PORT,
        ('upkeep.report', defect, {'defect': 'DEF-0001', 'known': False}),
        ('upkeep.report', {**defect, 'grade': 3}, {'defect': 'DEF-0001', 'grade': 3, 'known': True}),
        ('upkeep.report', {**defect, 'part': 'light', 'grade': 4}, {'defect': 'DEF-0002'}),
        ('berth.map', {}, {'map': 'x'}),
        ('upkeep.worst-berths', {}, {'ranking': [('N1', 7)], 'renew_fenders': []}),
        (2 * 1440,),
        ('upkeep.overdue', {}, {'defects': ['DEF-0002 light at N1']}),
        ('upkeep.mend', {'defect': 'DEF-0002'}, {'opened': True, 'took': 2880}),
        ('upkeep.mend', {'defect': 'DEF-0002'}, 'upkeep-refused'),
    )
