'''
Accounts: limits, payments and the morning's look at the bank.
'''

from __future__ import annotations

from app.calls.records import Call
from app.money.records import Account, AccountAsk, Invoice
from halyard.asks import Ask, Count, Text
from halyard.clock import DAY, day_of, now
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.holds import holding
from halyard.journal import get_logger
from halyard.settings import settings
from halyard.wire import fetch

log = get_logger(__name__)


class AccountRefused(HalyardError):
    '''
    An account is frozen, unknown or overdrawn.
    '''


class OpenAsk(AccountAsk):
    '''
    An agent opens an account.
    '''

    limit = Count(least=0, most=10**9)
    iban = Text(most=34)


class PaymentAsk(AccountAsk):
    '''
    Cents that came in.
    '''

    cents = Count(least=1, most=10**10)


class AgeAsk(Ask):
    '''
    The steps, in days, by which debts are sorted.
    '''

    step = Count(30, least=7, most=90)


@handles('account.open', OpenAsk, 'cashier')
def open_account(deck: Deck, ask: OpenAsk) -> Answer:
    '''
    Open an account for an agent whose bank number adds up.
    '''
    number = ask.iban.replace(' ', '').upper()
    digits = ''.join(str(int(sign, 36)) for sign in number[4:] + number[:4] if sign.isalnum())
    if len(number) < 15 or int(digits) % 97 != 1:
        raise AccountRefused(f'{ask.iban} does not add up: type it again')
    twin = deck.shelf(Account).first(lambda account: account.key != ask.agent, iban=number)
    if twin is not None:
        raise AccountRefused(f'{twin.key} uses that bank number: ask whether they merged')
    deck.shelf(Account).keep(Account(ask.agent, ask.limit, iban=number))
    return answer(agent=ask.agent, country=number[:2])


@handles('account.pay', PaymentAsk, 'cashier')
def note_payment(deck: Deck, ask: PaymentAsk) -> Answer:
    '''
    Spread a payment over the open invoices, the oldest first; what is left stays on the account.
    '''
    with holding(deck, ask.agent):
        account = deck.shelf(Account).need(ask.agent)
        left = ask.cents
        settled: list[str] = list()
        for invoice in deck.shelf(Invoice).where(agent=account.key, void=False):
            part = min(left, invoice.cents - invoice.paid)
            if part > 0:
                left -= part
                paid = deck.shelf(Invoice).change(invoice.key, paid=invoice.paid + part)
                settled += [paid.key] if paid.paid == paid.cents else list()
        balance = account.balance + ask.cents
        frozen = None if balance >= 0 else account.frozen_since
        deck.shelf(Account).change(account.key, balance=balance, frozen_since=frozen)
    return answer(settled=settled, left=left, balance=balance)


@handles('account.headroom', AccountAsk)
def tell_headroom(deck: Deck, ask: AccountAsk) -> Answer:
    '''
    Tell how much an agent may still spend, counting a reserve for every vessel in port.
    '''
    account = deck.shelf(Account).need(ask.agent)
    if account.frozen_since is not None:
        days = day_of(now()) - day_of(account.frozen_since)
        raise AccountRefused(f'{account.key} is frozen since {days} days: pay first')
    in_port = deck.shelf(Call).where(lambda call: call.arrived is not None, agent=account.key, sailed=None)
    reserve = 250_000 * len(in_port)
    room = account.limit + account.balance - reserve
    if room < (1 - settings.CREDIT_SHARE) * account.limit:
        deck.tell('account.tight', agent=account.key, cents=room)
    return answer(room=room, reserve=reserve)


@handles('account.bank', Ask, 'cashier')
def match_bank(deck: Deck, ask: Ask) -> Answer:
    '''
    Fetch yesterday's transfers, and book those whose sender is known.
    '''
    known = {account.iban: account.key for account in deck.shelf(Account)}
    booked = unknown = 0
    for transfer in fetch('bank', 'transfers', day=day_of(now()) - 1):
        agent = known.get(transfer['from'])
        if agent is None:
            unknown += 1
            log.warning('%d cents from %s are a riddle', transfer['cents'], transfer['from'])
            continue
        note_payment(deck, PaymentAsk({'agent': agent, 'cents': transfer['cents']}))
        booked += transfer['cents']
    return answer(booked=booked, unknown=unknown)


@handles('account.ages', AgeAsk, 'cashier')
def sort_debts_by_age(deck: Deck, ask: AgeAsk) -> Answer:
    '''
    Sort what is owed into four steps of age, and name the agent with the oldest debt.
    '''
    steps = [0, 0, 0, 0]
    oldest: Invoice | None = None
    for invoice in deck.shelf(Invoice).where(lambda invoice: invoice.paid < invoice.cents, void=False):
        age = (now() - invoice.issued) // DAY
        steps[min(3, age // ask.step)] += invoice.cents - invoice.paid
        if oldest is None or invoice.issued < oldest.issued:
            oldest = invoice
    return answer(steps=steps, oldest=oldest.agent if oldest else None)
