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
settings.declare(
    PILOT_REST_HOURS=10,
    PILOT_SPEED=12.0,
    TUG_RESERVE=0.15,
    TUG_WARM_UP=25,
    GALE_KNOTS=34,
    FOG_METRES=900,
    STACK_TIERS=5,
    BOX_TONNES=30.5,
    REEFER_DRIFT=2.0,
    GATE_LANES=3,
    FREE_DAYS=5,
)
settings.declare(
    TIDES_URL='http://tides.invalid',
    METOFFICE_URL='http://metoffice.invalid',
    BUREAU_URL='http://bureau.invalid',
    HAULAGE_URL='http://haulage.invalid',
)
settings.declare(
    CRANE_GUST_LIMIT=38,
    MOVES_AN_HOUR=28,
    RISK_LOOK=60,
    HOLD_DAYS=10,
    VAT=0.19,
    DUE_DAYS=21,
    REMINDER_FEE=15.0,
    CREDIT_SHARE=0.8,
    PASS_DAYS=365,
    SHIFT_HOURS=8,
    SPILL_LITRES=50,
    TRAIN_METRES=620,
    FERRY_SEATS=240,
    LANE_METRES=310.0,
)
settings.declare(
    CUSTOMS_URL='http://customs.invalid',
    BANK_URL='http://bank.invalid',
    POLICE_URL='http://police.invalid',
    RAILWAY_URL='http://railway.invalid',
)
