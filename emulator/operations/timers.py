"""Changes of orders by time alone, each stored at its own instant."""
from msgspec.structs import replace

from ..base.settings import Settings
from ..domain import transitions
from ..domain.orders import Order
from ..protocol.findings import Finding
from ..store import Reader, Writer
from ..terminal import Terminal
from . import kinds
from .payments import BY_CLOCK, QUERIES, Payments


def caught_up(tables: Writer, settings: Settings, order: Order, now: int) -> Order:
    """The order after all changes by time up to `now` (milliseconds)."""
    while (due := transitions.falls_due(order)) is not None and due[0] <= now:
        order = fall_due(tables, settings, order)
    return order


def written_of(tables: Reader, device: Terminal) -> Order | None:
    """The order of a terminal's present or last transaction, as last stored."""
    order = tables.orders.by_id(device.order_id) if device.order_id else None
    return order if order and order.is_on(device.serial) else None


def fall_due(tables: Writer, settings: Settings, order: Order) -> Order:
    """Carry out the next change by time of an order, at its due instant."""
    due = transitions.falls_due(order)
    merchant = tables.merchants.find(order.merchants_id)
    if due is None or merchant is None:
        return order
    instant, event = due
    payments = Payments(tables, settings, merchant, instant, BY_CLOCK)
    return _looked_at(payments, order) if event is None else kinds.fall_due(payments, order, event)


def _looked_at(payments: Payments, order: Order) -> Order:
    """Check a QR order after 15 minutes (QR note 2): neither paid, queried nor cancelled is a finding."""
    journal, number = payments.tables.journal, (order.merchants_id, order.out_trade_no)
    if not any(journal.asked(*number, query, payments.now) for query in QUERIES):
        finding = Finding("QR_ORDER_LEFT_OPEN", "neither paid nor queried nor cancelled within 15 minutes")
        journal.add_finding(*number, "tgpayqrcode", finding.as_json())
    looked_at = replace(order, watched=False)
    payments.tables.orders.save(looked_at)
    return looked_at
