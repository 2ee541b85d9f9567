'''
How stories open: a hull, its call, and the way to its berth.
'''

from __future__ import annotations

SHIP, BOAT = '9074729', '9321483'
HULL = {'number': SHIP, 'name': 'Anna', 'length': 140.0, 'draught': 7.5}
CALL = {'call': 'CALL-0001'}
NOTICE = {'vessel': SHIP, 'agent': 'Brandt', 'in_hours': 30, 'crew': 18}
BERTH = {'berth': 'N1', 'length': 180.0, 'depth': 9.0}
IN_PORT = [
    ('call.enter-vessel', HULL, {'vessel': SHIP, 'corrected': False}),
    ('call.announce', NOTICE, CALL),
    ('berth.build', BERTH, {'silted': 0.0}),
    ('berth.assign', CALL, {'berth': 'N1', 'choices': 1}),
    (30 * 60,),
    ('call.arrive', {**CALL, 'draught': 7.0, 'persons': 18}, {'state': 'inbound', 'waiting': 0}),
    ('call.moor', CALL, {'berth': 'N1', 'late': 0}),
]
