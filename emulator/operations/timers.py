"""What time alone does to orders, written down at its own instants."""
from dataclasses import replace

from ..base.settings import Settings
from ..domain import transitions
from ..domain.orders import Order
from ..protocol.findings import Finding
from ..store import Reader, Writer
from ..terminal import Terminal
from . import kinds
from .payments import BY_CLOCK, QUERIES, Payments


def caught_up(tables: Writer, settings: Settings, order: Order, now: int) -> Order:
    """The order after everything that time has done to it up to `now`."""
    while (due := transitions.falls_due(order)) is not None and due[0] <= now:
        order = fall_due(tables, settings, order)
    return order


def written_of(tables: Reader, device: Terminal) -> Order | None:
    """The order whose transaction a terminal has, or had last, as it was last written down."""
    order = tables.orders.by_id(device.order_id) if device.order_id else None
    return order if order and order.is_on(device.serial) else None


def fall_due(tables: Writer, settings: Settings, order: Order) -> Order:
    """Do to an order what its next due instant does, at that instant."""
    due = transitions.falls_due(order)
    merchant = tables.merchants.find(order.merchants_id)
    if due is None or merchant is None:
        return order
    instant, event = due
    payments = Payments(tables, settings, merchant, instant, BY_CLOCK)
    return _looked_at(payments, order) if event is None else kinds.fall_due(payments, order, event)


def _looked_at(payments: Payments, order: Order) -> Order:
    """The 15 minutes of QR note 2 are over: an order neither paid nor queried nor cancelled is a finding."""
    journal, number = payments.tables.journal, (order.merchants_id, order.out_trade_no)
    if not any(journal.asked(*number, query, payments.now) for query in QUERIES):
        finding = Finding("QR_ORDER_LEFT_OPEN", "neither paid nor queried nor cancelled within 15 minutes")
        journal.add_finding(*number, "tgpayqrcode", finding.as_json())
    looked_at = replace(order, watched=False)
    payments.tables.orders.save(looked_at)
    return looked_at
