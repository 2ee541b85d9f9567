'''
The one place that reads the environment. Names in, values of the declared type out.
'''

from __future__ import annotations

import os
from typing import Any

from halyard.errors import HalyardError

PREFIX = 'HALYARD_'


class SettingsRefused(HalyardError):
    '''
    A setting is unknown, or its value in the environment cannot be read.
    '''


class Settings:
    '''
    Declared settings, each with a default; `HALYARD_NAME` in the environment wins.
    '''

    def __init__(self) -> None:
        self._defaults: dict[str, Any] = dict()

    def declare(self, **defaults: Any) -> None:
        '''
        Make settings known, with the value that holds where nobody says otherwise.
        '''
        self._defaults.update(defaults)

    def __getattr__(self, name: str) -> Any:
        if name.startswith('_') or name not in self._defaults:
            raise SettingsRefused(f'no setting {name}: declare it in app/settings.py')
        default = self._defaults[name]
        given = os.environ.get(PREFIX + name)
        if given is None:
            return default
        try:
            return given == 'yes' if isinstance(default, bool) else type(default)(given)
        except ValueError as cause:
            raise SettingsRefused(f'{PREFIX}{name} is {given!r}: write it like {default!r}') from cause


settings = Settings()
settings.declare(WIRE_TIMEOUT=5.0, WIRE_TRIES=3, WIRE_PAUSE=0.05, HOLD_MINUTES=15)
