"""The terminal that a request is for: named, or the merchant's first (contract 4)."""
from ..due import last_of
from ..orders import Order
from ..terminal import Terminal, is_busy
from ._common import Call


def device(call: Call, serial: str) -> Terminal | None:
    """The terminal of this serial number, or the merchant's first when none is named; None when the merchant has no such terminal."""
    if not serial:
        return next(iter(call.tables.terminals.of_merchant(call.merchant.merchants_id)), None)
    found = call.tables.terminals.find(serial)
    return found if found and found.merchants_id == call.merchant.merchants_id else None


def at_work(call: Call, terminal: Terminal) -> Order | None:
    """The order whose transaction the terminal is busy with."""
    order = last_of(call.tables, call.settings, terminal, call.now)
    return order if order and is_busy(order.terminal, call.now) else None
