"""Card terminals: the devices, what they show, and what people do at them (contract 4 and 7)."""
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Response, jsonify

from ... import terminal
from ...domain.merchants import TERMINAL_TYPE
from ...domain.orders import Order
from ...operations import terminal_payments
from ...operations.payments import BY_CONTROL, Payments
from ...operations.timers import last_of
from ...protocol import card_numbers
from ...store import Reader, Writer
from ...terminal import Act, Impossible, State, Terminal
from ..current import emulator, under_prefix
from .documents import transaction_json
from .interface import (
    DEFAULT_ROWS, MERCHANT, Problem, asked, body, listed, number, operation, paged_by, wrong_value)
from .state import known

HAS_A_CARD_NUMBER = "has a card number in it"
LONGEST_SERIAL = 32
SWITCHES = ("online", "attended")
SCHEMA = {"properties": {
    "merchants_id": {"type": "string", "description": "needed to make one"}, "terminal_type": {"type": "string"},
    "online": {"type": "boolean"}, "attended": {"type": "boolean", "description": "people drive it, from its screen or by events; else it "
                                                                                  "moves by itself. In force from the next transaction"}}}


def terminal_json(device: Terminal, order: Order | None, now: int) -> dict[str, Any]:
    """A terminal with what it shows, what can be done at it, and the transaction that it has or had last."""
    transaction = order.terminal if order else None
    state = State.IDLE if not device.online else terminal.state(transaction, now)
    return {
        "terminal_sn": device.serial, "merchants_id": device.merchants_id, "terminal_type": device.terminal_type, "online": device.online,
        "attended": device.attended, "state": str(state), "possible": list(map(str, terminal.POSSIBLE.get(state, ()))),
        "page": under_prefix(f"/terminal/{device.serial}"),
        "transaction": transaction_json(order, now) if order else None}


def find(tables: Reader, serial: str) -> Terminal:
    """The terminal, or a problem."""
    device = tables.terminals.find(serial)
    if device is None:
        raise Problem(404, "Not Found", f"there is no terminal {serial}")
    return device


def seen(tables: Writer, device: Terminal, now: int) -> dict[str, Any]:
    """A terminal as it is now."""
    return terminal_json(device, last_of(tables, emulator().settings, device, now), now)


@operation("GET", "/terminals", "the card terminals and what they show", (MERCHANT, *paged_by("terminal_sn")))
def list_terminals() -> Response:
    """A page of terminals; `after` is a serial number."""
    limit = number("limit", DEFAULT_ROWS)
    with emulator().store.write() as tables:  # a result that is due is written down first, so that everybody tells the same
        now = tables.clock.now()
        devices = tables.terminals.page(asked("merchants_id")["merchants_id"], asked("after")["after"] or "", limit)
        return listed((seen(tables, device, now) for device in devices), limit, "terminal_sn")


@operation("GET", "/terminals/<terminal_sn>", "one terminal: what it shows, and what can be done at it")
def get_terminal(terminal_sn: str) -> Response:
    """A terminal with its transaction."""
    with emulator().store.write() as tables:
        return jsonify(seen(tables, find(tables, terminal_sn), tables.clock.now()))


@operation("PUT", "/terminals/<terminal_sn>", "make a terminal, or change one: take it offline, or let people drive it", body=SCHEMA)
def put_terminal(terminal_sn: str) -> tuple[Response, int]:
    """A terminal as it is after the change; 201 when it is new."""
    changed, is_new = put(terminal_sn, body())
    return jsonify(changed), 201 if is_new else 200


def put(serial: str, changes: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Make or change a terminal; answers it as it is then, and whether it is new. Raises Problem."""
    given = _checked(changes, serial)
    with emulator().store.write() as tables:
        before = tables.terminals.find(serial)
        if before is None and "merchants_id" not in given:
            raise wrong_value(f"there is no terminal {serial}; send merchants_id to make it")
        if "merchants_id" in given:
            known(tables, given["merchants_id"])
        device = replace(before or Terminal(serial, given["merchants_id"], TERMINAL_TYPE), **given)
        if not tables.terminals.put(device):
            raise Problem(409, "Conflict", f"the terminal {serial} belongs to another merchant")
        return seen(tables, device, tables.clock.now()), before is None


def _checked(given: Mapping[str, Any], serial: str) -> dict[str, Any]:
    """The changes, or a problem that names all that are impossible."""
    wrong = {name: "must be true or false" for name in SWITCHES
             if not isinstance(given.get(name, True), bool)}
    wrong |= {name: "must be a text of 1 to 32 printable characters" for name in ("merchants_id", "terminal_type")
              if name in given and not _is_name(given[name])}
    # Clients take . and .. out of a path, and the terminal's screen could not be reached.
    if not _is_name(serial) or not serial.isascii() or serial in (".", ".."):
        wrong["terminal_sn"] = f"must be 1 to {LONGEST_SERIAL} letters, digits and the like"
    if "terminal_type" not in wrong and card_numbers.suspects(given.get("terminal_type", "")):
        wrong["terminal_type"] = HAS_A_CARD_NUMBER
    if card_numbers.suspects_identifier(serial):
        wrong["terminal_sn"] = HAS_A_CARD_NUMBER
    if wrong:
        raise wrong_value("; ".join(f"{name} {why}" for name, why in wrong.items()), errors=wrong)
    return dict(given)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_SERIAL and value.isprintable() and value == value.strip()


@operation("POST", "/terminals/<terminal_sn>/<event>", f"do something at a terminal: {', '.join(Act)}",
           words={"event": tuple(map(str, Act))})
def act_at_terminal(terminal_sn: str, event: str) -> Response:
    """The terminal after the act; 409 with what is possible when its state does not allow it."""
    if event not in list(Act):
        raise Problem(404, "Not Found", f"{event} is no event; there are {', '.join(Act)}")
    return jsonify(act(terminal_sn, Act(event), BY_CONTROL))


def act(serial: str, done: Act, cause: str) -> dict[str, Any]:
    """Somebody does something at a terminal; answers it as it is then, or raises a problem."""
    here = emulator()
    with here.store.write() as tables:
        device, now = find(tables, serial), tables.clock.now()
        order = last_of(tables, here.settings, device, now)
        merchant = known(tables, device.merchants_id)
        try:
            if order is None or not device.online:
                raise Impossible(done, State.IDLE)
            after = terminal_payments.act(Payments(tables, here.settings, merchant, now, cause), order, done)
        except Impossible as impossible:
            possible = list(map(str, terminal.POSSIBLE.get(impossible.state, ())))
            raise Problem(409, "Conflict", f"{impossible}; possible: {', '.join(possible) or 'nothing'}", state=str(impossible.state),
                          possible=possible) from impossible
        return terminal_json(device, after, now)
