'''
Invoices: from what the house was told, to what an agent is sent.
'''

from __future__ import annotations

from app.calls.records import Call, CallAsk, Vessel
from app.money.records import Account, Invoice, InvoiceAsk
from halyard.asks import Ask, Count, Text
from halyard.clock import DAY, now
from halyard.deck import Deck
from halyard.errors import HalyardError
from halyard.handlers import Answer, answer, handles
from halyard.holds import holding
from halyard.journal import get_logger
from halyard.settings import settings

log = get_logger(__name__)
RATES = {
    'money.stay': ('hours', 1_800),
    'money.pilot': ('minutes', 950),
    'money.tow': ('tug_hours', 61_000),
    'money.power': ('kilowatt_hours', 31),
    'money.waste': ('cubic_metres', 7_400),
}
FEE = 12_000


class InvoiceRefused(HalyardError):
    '''
    An invoice cannot be issued, paid or taken back.
    '''


class QuoteAsk(Ask):
    '''
    What a stay would cost.
    '''

    vessel = Text(most=7)
    hours = Count(least=1, most=2000)


class CreditNoteAsk(InvoiceAsk):
    '''
    Why an invoice is taken back.
    '''

    why = Text(most=200)


@handles('money.quote', QuoteAsk)
def quote_stay(deck: Deck, ask: QuoteAsk) -> Answer:
    '''
    Quote a stay: by the hour, dearer for long hulls, cheaper from the third day on.
    '''
    vessel = deck.shelf(Vessel).need(ask.vessel)
    rate = RATES['money.stay'][1] * (1.0 + max(0.0, vessel.length - 100) / 200)
    full, cheap = min(ask.hours, 48), max(0, ask.hours - 48)
    cents = round(rate * full + 0.6 * rate * cheap)
    return answer(cents=cents, with_tax=round(cents * (1 + settings.VAT)))


@handles('money.issue', CallAsk, 'cashier')
def issue_invoice(deck: Deck, ask: CallAsk) -> Answer:
    '''
    Gather all that was told of a call into one invoice, once it has sailed.
    '''
    call = deck.shelf(Call).need(ask.call)
    if call.sailed is None:
        raise InvoiceRefused(f'{call.key} has not sailed: bill it afterwards')
    if deck.shelf(Invoice).where(call=call.key, void=False):
        raise InvoiceRefused(f'{call.key} was billed: take that invoice back first')
    lines: list[tuple[str, int]] = list()
    for topic, (unit, rate) in RATES.items():
        amount = sum(event.facts[unit] for event in deck.heard(topic, call=call.key))
        if amount:
            lines.append((f'{amount} {unit.replace("_", " ")}', amount * rate))
    lines += [(event.facts['why'], FEE) for event in deck.heard('money.fee', call=call.key)]
    cents = round(sum(cost for _, cost in lines) * (1 + settings.VAT))
    invoice = Invoice(deck.shelf(Invoice).next_key('INV'), call.agent, call.key, cents, now(), tuple(lines))
    with holding(deck, call.agent):
        deck.shelf(Invoice).keep(invoice)
        account = deck.shelf(Account).need(call.agent)
        deck.shelf(Account).change(account.key, balance=account.balance - cents)
    log.info('%s over %d cents to %s', invoice.key, cents, call.agent)
    return answer(invoice=invoice.key, cents=cents, lines=len(lines))


@handles('money.explain', InvoiceAsk)
def explain_invoice(deck: Deck, ask: InvoiceAsk) -> Answer:
    '''
    Return the lines of an invoice as a person reads them, dearest first.
    '''
    invoice = deck.shelf(Invoice).need(ask.invoice)
    ordered = sorted(invoice.lines, key=lambda line: -line[1])
    width = max((len(what) for what, _ in ordered), default=0)
    text = [f'{what:<{width}} {cents / 100:>10.2f}' for what, cents in ordered]
    return answer(text=text, due_in=settings.DUE_DAYS - (now() - invoice.issued) // DAY)


@handles('money.take-back', CreditNoteAsk, 'cashier')
def void_invoice(deck: Deck, ask: CreditNoteAsk) -> Answer:
    '''
    Take an invoice back, and give the agent what was owed or paid.
    '''
    invoice = deck.shelf(Invoice).need(ask.invoice)
    if invoice.void:
        raise InvoiceRefused(f'{invoice.key} was taken back before: issue a new one')
    account = deck.shelf(Account).need(invoice.agent)
    with holding(deck, account.key):
        deck.shelf(Invoice).change(invoice.key, void=True)
        deck.shelf(Account).change(account.key, balance=account.balance + invoice.cents)
    log.warning('%s took back %s: %s', deck.who, invoice.key, ask.why)
    return answer(balance=account.balance + invoice.cents)


@handles('money.remind', Ask, 'cashier')
def remind_debtors(deck: Deck, ask: Ask) -> Answer:
    '''
    Remind everybody who is late; the second letter costs, the third freezes the account.
    '''
    letters: list[tuple[str, int]] = list()
    for invoice in deck.shelf(Invoice).where(lambda invoice: invoice.paid < invoice.cents, void=False):
        late = (now() - invoice.issued) // DAY - settings.DUE_DAYS
        if late <= 10 * invoice.reminders:
            continue
        number = invoice.reminders + 1
        fee = round(100 * settings.REMINDER_FEE) if number == 2 else 0
        with holding(deck, invoice.key):
            deck.shelf(Invoice).change(invoice.key, reminders=number, cents=invoice.cents + fee)
        if number == 3:
            deck.shelf(Account).change(invoice.agent, frozen_since=now())
        letters.append((invoice.key, number))
    return answer(letters=letters)
