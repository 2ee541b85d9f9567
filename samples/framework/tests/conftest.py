'''
What the tests stand on: a stopped clock, a deck, and a teller of stories.
'''

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path[:0] = [str(Path(__file__).parent.parent), str(Path(__file__).parent)]

from halyard import clock  # noqa: E402
from halyard.deck import Deck  # noqa: E402
from halyard.errors import HalyardError  # noqa: E402
from halyard.handlers import REGISTRY, dispatch, load_handlers  # noqa: E402

load_handlers('app')
START = 20_000 * clock.DAY + 8 * clock.HOUR
TOLD: set[str] = set()
Step = tuple[Any, ...]


class Teller:
    '''
    Tells a story to a deck: each step is an ask, its payload, and the facts or the refusal that it must end in.
    '''

    def __init__(self) -> None:
        self.deck = Deck()

    def tell(self, *steps: Step) -> None:
        '''
        Take the steps in order; a number lets that many minutes pass, a role takes the desk.
        '''
        for step in steps:
            match step:
                case (int() as minutes,):
                    clock._stopped[-1] += minutes
                case (str() as role,):
                    self.deck.role = role
                case (name, payload, str() as code):
                    assert code == self.refused(name, payload), name
                case (name, payload, facts):
                    found = dispatch(self.deck, name, payload).facts
                    TOLD.add(name)
                    assert facts == {key: found.get(key) for key in facts}, name

    def refused(self, name: str, payload: dict[str, Any]) -> str:
        '''
        Return the code of the refusal that an ask ends in.
        '''
        with pytest.raises(HalyardError) as caught:
            dispatch(self.deck, name, payload)
        assert ': ' in str(caught.value)
        return caught.value.code


@pytest.fixture
def story() -> Iterator[Callable[..., None]]:
    '''
    A fresh deck, at eight in the morning of a day long ago.
    '''
    with clock.stopped_at(START):
        yield Teller().tell


@pytest.fixture
def teller() -> Iterator[Teller]:
    '''
    The same, with its deck in reach.
    '''
    with clock.stopped_at(START):
        yield Teller()


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    '''
    A house on the loopback that answers each path with what is entered here; every service leads to it.
    '''
    import json
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    from halyard.settings import settings

    known: dict[str, Any] = dict()

    class House(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get('Content-Length', 0))
            known['last body'] = json.loads(self.rfile.read(length)) if length else None
            known['last query'] = self.path.partition('?')[2]
            path = self.path.partition('?')[0].lstrip('/')
            self.send_response(200 if path in known else 404)
            self.end_headers()
            value = known.get(path)
            self.wfile.write(value if isinstance(value, bytes) else json.dumps(value).encode())

        do_POST = do_GET

        def log_message(self, *words: Any) -> None:
            pass

    server = HTTPServer(('127.0.0.1', 0), House)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    for name in list(settings._defaults):
        if name.endswith('_URL'):
            monkeypatch.setenv(f'HALYARD_{name}', f'http://127.0.0.1:{server.server_port}')
    yield known
    server.shutdown()
    server.server_close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    '''
    Ask last whether every handler was told a story.
    '''
    items.sort(key=lambda item: 'every_handler' in item.name)


@pytest.fixture
def untold() -> list[str]:
    '''
    The handlers that no story has reached.
    '''
    return sorted(REGISTRY.keys() - TOLD)
