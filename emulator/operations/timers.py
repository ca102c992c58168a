"""What time alone does to orders, written down at its own instants."""
from dataclasses import replace

from ..base.settings import Settings
from ..domain import transitions
from ..domain.orders import Event, Order
from ..protocol.test_cards import Outcome
from ..store import Reader, Writer
from ..terminal import Terminal
from . import card_payments, terminal_payments
from .payments import BY_CLOCK, Payments


def caught_up(tables: Writer, settings: Settings, order: Order, now: int) -> Order:
    """The order after everything that time has done to it up to `now`."""
    while (due := transitions.falls_due(order)) is not None and due[0] <= now:
        order = fall_due(tables, settings, order)
    return order


def last_of(tables: Writer, settings: Settings, device: Terminal, now: int) -> Order | None:
    """The order whose transaction a terminal has, or had last, after all that time has done to it."""
    order = written_of(tables, device)
    return caught_up(tables, settings, order, now) if order else None


def written_of(tables: Reader, device: Terminal) -> Order | None:
    """The same order as it is written down: time may have done something to it since."""
    order = tables.orders.by_id(device.order_id) if device.order_id else None
    return order if order and order.terminal and order.terminal.serial == device.serial else None


def fall_due(tables: Writer, settings: Settings, order: Order) -> Order:
    """Do to an order what its next due instant does, at that instant."""
    due = transitions.falls_due(order)
    merchant = tables.merchants.find(order.merchants_id)
    if due is None or merchant is None:
        return order
    instant, event = due
    payments = Payments(tables, settings, merchant, instant, BY_CLOCK)
    if event is None:
        return payments.attended(order)
    if event is Event.ACT:
        return _buyer_acts(payments, order)
    if event is Event.END:
        return terminal_payments.fall_due(payments, order)
    if event is Event.FINISH:
        return payments.finish(order)
    if event is Event.CHARGEBACK:
        return card_payments.charge_back(payments, order)
    if order.card:
        return card_payments.answer(payments, order, Outcome(order.card.due_code))
    return payments.close(order, event)


def _buyer_acts(payments: Payments, order: Order) -> Order:
    """The buyer does, unasked, what a scenario's rule says."""
    assert order.script is not None
    if order.card:
        return card_payments.unasked(payments, order)
    acting = replace(order, script=order.script.done())
    return payments.decline(acting, order.script.failure) if order.script.failure else payments.pay(acting)
