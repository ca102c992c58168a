"""The terminal of a request: the one that it names, or the merchant's first (section 8)."""
from ...domain.orders import Order
from ...terminal import Terminal, is_busy
from ._common import Call

OFFLINE, BUSY = "offline", "busy"


def device(call: Call, serial: str) -> Terminal | None:
    """The merchant's terminal with this serial number, or its first one when `serial` is empty; None without
    one.
    """
    if not serial:
        return next(iter(call.tables.terminals.of_merchant(call.merchant.merchants_id)), None)
    found = call.tables.terminals.find(serial)
    return found if found and found.merchants_id == call.merchant.merchants_id else None


def at_work(call: Call, terminal: Terminal) -> Order | None:
    """The order whose transaction is running on the terminal, None when it is free."""
    order = call.unit.last_order(terminal)
    return order if order and is_busy(order.transaction, call.now) else None


def unavailable(call: Call, terminal: Terminal) -> str:
    """Why the terminal cannot start a transaction: `offline` or `busy`, in fact or by a scenario; empty when
    it can.
    """
    scripted = call.script.then.terminal if call.script else None
    if not terminal.online or (scripted and scripted.offline):
        return OFFLINE
    return BUSY if (scripted and scripted.busy) or at_work(call, terminal) else ""
