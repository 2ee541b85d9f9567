'''
The wire: how the house talks to other houses. A service and a path in, decoded JSON out, or a `WireRefused`.
'''

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from halyard.clock import nap
from halyard.errors import WireRefused
from halyard.journal import get_logger
from halyard.settings import settings

log = get_logger(__name__)
Body = Mapping[str, Any]


def decoded(send: Callable[..., bytes]) -> Callable[..., Any]:
    '''
    Return *send* with its bytes decoded, lost connections tried again, and every failure turned into a refusal.
    '''

    @wraps(send)
    def fetched(service: str, path: str, body: Body | None = None, **query: str | int) -> Any:
        for attempt in range(1, settings.WIRE_TRIES + 1):
            try:
                return json.loads(send(service, path, body, **query))
            except urllib.error.HTTPError as cause:
                raise WireRefused(f'{service} said {cause.code} to {path}: check what was asked') from cause
            except ValueError as cause:
                raise WireRefused(f'{service} answered no JSON to {path}: call them') from cause
            except OSError as cause:
                log.warning('%s is silent, attempt %d', service, attempt)
                if attempt == settings.WIRE_TRIES:
                    raise WireRefused(f'{service} does not answer: try again later') from cause
                nap(settings.WIRE_PAUSE * attempt)
        raise WireRefused(f'{service} was never tried: set WIRE_TRIES to 1 or more')

    return fetched


@decoded
def fetch(service: str, path: str, body: Body | None = None, **query: str | int) -> bytes:
    '''
    Return what a service answers to a path; with a body, post it.
    '''
    with urllib.request.urlopen(make_request(service, path, body, query), timeout=settings.WIRE_TIMEOUT) as reply:
        return reply.read()


def make_request(service: str, path: str, body: Body | None, query: Mapping[str, Any]) -> urllib.request.Request:
    '''
    Return the request to a service, whose address is the setting `<SERVICE>_URL`.
    '''
    address = getattr(settings, f'{service.upper()}_URL')
    address = f'{address}/{urllib.parse.quote(path)}'
    if query:
        address += f'?{urllib.parse.urlencode(query)}'
    data = None if body is None else json.dumps(body).encode()
    return urllib.request.Request(address, data, {'Content-Type': 'application/json'})
