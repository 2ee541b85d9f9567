'''
What is kept of money, in whole cents.
'''

from __future__ import annotations

from dataclasses import dataclass

from halyard.asks import Ask, Text
from halyard.shelves import Record


@dataclass(frozen=True)
class Account(Record):
    '''
    An agent's account.
    '''

    limit: int
    balance: int = 0
    iban: str = ''
    frozen_since: int | None = None


@dataclass(frozen=True)
class Invoice(Record):
    '''
    What an agent owes for one call.
    '''

    agent: str
    call: str
    cents: int
    issued: int
    lines: tuple[tuple[str, int], ...] = ()
    paid: int = 0
    reminders: int = 0
    void: bool = False


class AccountAsk(Ask):
    '''
    Anything about one account.
    '''

    agent = Text()


class InvoiceAsk(Ask):
    '''
    Anything about one invoice.
    '''

    invoice = Text(most=12)
