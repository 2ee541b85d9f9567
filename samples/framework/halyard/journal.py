'''
The journal: what every module logs through. A module's name in, a logger out that knows which ask it works for.
'''

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_ask: ContextVar[str] = ContextVar('ask', default='-')


class AskFilter(logging.Filter):
    '''
    Puts the name of the ask into every line.
    '''

    def filter(self, record: logging.LogRecord) -> bool:
        '''
        Let every line through, marked.
        '''
        record.ask = _ask.get()
        return True


def get_logger(name: str) -> logging.Logger:
    '''
    Return the logger of a module.
    '''
    logger = logging.getLogger(name)
    if not any(isinstance(known, AskFilter) for known in logger.filters):
        logger.addFilter(AskFilter())
    return logger


@contextmanager
def working_on(ask: str) -> Iterator[None]:
    '''
    Mark the lines of the block with the name of an ask.
    '''
    token = _ask.set(ask)
    try:
        yield
    finally:
        _ask.reset(token)
