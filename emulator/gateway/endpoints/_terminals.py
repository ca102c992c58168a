"""The terminal that a request is for: named, or the merchant's first (section 8)."""
from ...domain.orders import Order
from ...operations.timers import last_of
from ...terminal import Terminal, is_busy
from ._common import Call

OFFLINE, BUSY = "offline", "busy"


def device(call: Call, serial: str) -> Terminal | None:
    """The terminal of this serial number, or the merchant's first when none is named; None when the merchant has no such terminal."""
    if not serial:
        return next(iter(call.tables.terminals.of_merchant(call.merchant.merchants_id)), None)
    found = call.tables.terminals.find(serial)
    return found if found and found.merchants_id == call.merchant.merchants_id else None


def at_work(call: Call, terminal: Terminal) -> Order | None:
    """The order whose transaction the terminal is busy with."""
    order = last_of(call.tables, call.settings, terminal, call.now)
    return order if order and is_busy(order.transaction, call.now) else None


def unavailable(call: Call, terminal: Terminal) -> str:
    """Why the terminal cannot take a transaction now, `offline` or `busy`, be it that a scenario's rule says so; empty when it can."""
    said = call.script.then.terminal if call.script else None
    if not terminal.online or (said and said.offline):
        return OFFLINE
    return BUSY if (said and said.busy) or at_work(call, terminal) else ""
