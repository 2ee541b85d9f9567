'''
What can be set without touching code, each with the value that holds at home.
'''

from __future__ import annotations

from halyard.settings import settings

settings.declare(
    NOTICE_HOURS=24,
    KEEL_CLEARANCE=0.8,
    BERTH_MARGIN=12.0,
    SHORE_POWER_LIMIT=9000,
    PAPER_GRACE_DAYS=7,
    ANCHORAGE_ROOM=14,
    BREAST_LINES=2,
    FENDER_LIMIT=3,
)
settings.declare(
    REGISTER_URL='http://register.invalid',
    BEACONS_URL='http://beacons.invalid',
)
