'''
Handlers: a name in the registry, a function behind it. An ask's name and payload in, an answer out.
'''

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from halyard.asks import Ask
from halyard.deck import Deck, atomic
from halyard.errors import HalyardError, MissingRefused, RightsRefused
from halyard.journal import get_logger, working_on

log = get_logger(__name__)
A = TypeVar('A', bound=Ask)


@dataclass(frozen=True)
class Answer:
    '''
    What a handler found out or did.
    '''

    facts: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        return self.facts[name]


@dataclass(frozen=True)
class Entry:
    '''
    One handler in the registry.
    '''

    name: str
    ask: type[Ask]
    roles: tuple[str, ...]
    function: Callable[[Deck, Any], Answer]


REGISTRY: dict[str, Entry] = dict()


def answer(**facts: Any) -> Answer:
    '''
    Return an answer with these facts.
    '''
    return Answer(facts)


def handles(
    name: str, ask: type[A], *roles: str
) -> Callable[[Callable[[Deck, A], Answer]], Callable[[Deck, A], Answer]]:
    '''
    Enter the function below as the handler of *name*; without roles, everybody may ask.
    '''

    def enter(function: Callable[[Deck, A], Answer]) -> Callable[[Deck, A], Answer]:
        if name in REGISTRY:
            raise HalyardError(f'{name} has a handler: choose another name')
        REGISTRY[name] = Entry(name, ask, roles, function)
        return function

    return enter


def dispatch(deck: Deck, name: str, payload: Mapping[str, Any]) -> Answer:
    '''
    Check the ask and the rights, run the handler, and keep all of what it did or nothing.
    '''
    entry = REGISTRY.get(name)
    if entry is None:
        raise MissingRefused(f'no handler {name!r}: see the registry')
    if entry.roles and deck.role not in (*entry.roles, 'master'):
        raise RightsRefused(f'a {deck.role} may not ask {name}: ask the {entry.roles[0]}')
    with working_on(name):
        try:
            with atomic(deck):
                return entry.function(deck, entry.ask(payload))
        except HalyardError as refusal:
            log.warning('refused %s to %s: %s', name, deck.who, refusal.code)
            raise


def load_handlers(package: str) -> int:
    '''
    Import every module of a package, so that its handlers are entered; return how many there are.
    '''
    found = importlib.import_module(package)
    for module in pkgutil.walk_packages(found.__path__, f'{package}.'):
        importlib.import_module(module.name)
    return len(REGISTRY)
