"""Card terminals: the devices, their states, and the acts of people at them (section 8)."""
from typing import Any

from werkzeug.wrappers import Response

from ... import terminal
from ...operations import terminals
from ...operations.payments import BY_CONTROL
from ...operations.terminals import View
from ...terminal import Act, State
from .answers import as_json, listed
from .calls import Call
from .documents import TERMINAL_STATE, TRANSACTION
from .interface import operation
from .problems import Problem
from .queries import DEFAULT_ROWS, MERCHANT, paged_by
from .schemas import BY_TEXT, component, flag, listing, many, nullable, text, words

SCHEMA = {"properties": {
    "merchants_id": {"type": "string", "description": "needed to create one"},
    "terminal_type": {"type": "string", "description": "its model"},
    "online": {"type": "boolean", "description": "whether it is connected to the gateway"},
    "attended": {"type": "boolean",
                 "description": "manual mode, operated on its page or by calls; otherwise automatic mode. "
                                "Applies from the next transaction"}}}
TERMINAL = component("Terminal", "A card terminal.", {
    "terminal_sn": text("its serial number"), "merchants_id": text("the merchant"),
    "terminal_type": text("its model"), "online": flag("whether it is connected to the gateway"),
    "attended": flag("manual mode"), "state": TERMINAL_STATE,
    "possible": many(words("TerminalAct", "An action of a person or the host.", Act),
                     "the actions that are possible now"),
    "page": text("the path of its page"), "transaction": nullable(TRANSACTION)})


def terminal_json(view: View, prefix: str) -> dict[str, Any]:
    """A terminal as JSON: its state, the acts possible in it, and its current or last transaction.

    `prefix` is `Emulator.prefix`.
    """
    device, order = view.device, view.order
    transaction = order.transaction if order else None
    state = terminal.state(transaction, view.now) if device.online else State.IDLE
    return {
        "terminal_sn": device.serial, "merchants_id": device.merchants_id,
        "terminal_type": device.terminal_type, "online": device.online,
        "attended": device.attended, "state": str(state),
        "possible": list(map(str, terminal.POSSIBLE.get(state, ()))),
        "page": f"{prefix}/terminal/{device.serial}",
        "transaction": order.transaction_json(view.now) if order else None}


def _as_json(call: Call, view: View, status: int = 200) -> Response:
    return as_json(terminal_json(view, call.emulator.prefix), status)


@operation("GET", "/terminals", "the card terminals with their state", (MERCHANT, *paged_by("terminal_sn")),
           returns=listing("TerminalList", TERMINAL, BY_TEXT))
def list_terminals(call: Call) -> Response:
    """A page of terminals; `after` is a serial number."""
    limit = call.number("limit", DEFAULT_ROWS)
    wanted = call.asked("merchants_id", "after")
    views = terminals.views(call.emulator.units, wanted["merchants_id"], wanted["after"] or "", limit)
    return listed((terminal_json(view, call.emulator.prefix) for view in views), limit, "terminal_sn")


@operation("GET", "/terminals/<terminal_sn>", "one terminal with its state and the possible actions",
           returns=TERMINAL)
def get_terminal(call: Call, terminal_sn: str) -> Response:
    """One terminal with its transaction."""
    return _as_json(call, terminals.view(call.emulator.units, terminal_sn))


@operation("PUT", "/terminals/<terminal_sn>",
           "create a terminal, or change one: take it offline, or switch it to manual mode", body=SCHEMA,
           returns=TERMINAL, statuses=(200, 201), problems=(409,))
def put_terminal(call: Call, terminal_sn: str) -> Response:
    """Make or change a terminal and return it; the status is 201 when it is new."""
    view, is_new = terminals.put(call.emulator.units, terminal_sn, call.body())
    return _as_json(call, view, 201 if is_new else 200)


@operation("POST", "/terminals/<terminal_sn>/<event>", f"operate a terminal: {', '.join(Act)}",
           words={"event": tuple(map(str, Act))}, returns=TERMINAL, problems=(409,))
def trigger_terminal_event(call: Call, terminal_sn: str, event: str) -> Response:
    """Perform an act at a terminal and return it; 409 with the possible acts if its state forbids it."""
    if event not in list(Act):
        raise Problem(404, "Not Found", f"{event} is not an action; there are {', '.join(Act)}")
    return _as_json(call, terminals.act(call.emulator.units, terminal_sn, Act(event), BY_CONTROL))
