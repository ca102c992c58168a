"""Card terminals (section 8): create, change, show them, and carry out acts of people at them."""
from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from .. import terminal
from ..domain import transitions
from ..domain.errors import Conflict, Invalid
from ..domain.merchants import TERMINAL_TYPE
from ..domain.orders import Order
from ..protocol import card_numbers
from ..terminal import Act, Impossible, State, Terminal
from . import kinds, timers
from .payments import BY_CONTROL
from .unit import Unit, Units, terminal_of

LONGEST_SERIAL = 32
SWITCHES = ("online", "attended")


class View(Struct, frozen=True):
    """A terminal at the instant `now` (milliseconds), with the order of its present or last transaction."""

    device: Terminal
    order: Order | None
    now: int


def view(units: Units, serial: str) -> View:
    """A terminal as it is now; a result that is due is stored first. Raises NotFound."""
    tables = units.read()
    device = terminal_of(tables, serial)
    now = tables.clock.now(device.merchants_id)
    order = timers.written_of(tables, device)
    due = transitions.falls_due(order) if order else None
    if due is None or due[0] > now:
        return View(device, order, now)
    with units.begin(BY_CONTROL, device.merchants_id) as unit:
        return _view(unit, unit.terminal(serial))


def _view(unit: Unit, device: Terminal) -> View:
    return View(device, unit.last_order(device), unit.present(device.merchants_id))


def views(units: Units, merchants_id: str | None, after: str, limit: int) -> list[View]:
    """A page of the terminals of one merchant or of all, as they are now, after the serial number `after`."""
    # Results that are due are stored first, so that all views agree.
    with units.begin(BY_CONTROL) as unit:
        return [_view(unit, device) for device in unit.tables.terminals.page(merchants_id, after, limit)]


def put(units: Units, serial: str, changes: Mapping[str, Any]) -> tuple[View, bool]:
    """Create or change a terminal; return it, and whether it is new.

    Raises Invalid, NotFound for an unknown merchant, and Conflict if the terminal is another merchant's.
    """
    given = _checked(changes, serial)
    with units.begin(BY_CONTROL) as unit:
        before = unit.tables.terminals.find(serial)
        if before is None and "merchants_id" not in given:
            raise Invalid({}, f"there is no terminal {serial}; send merchants_id to create it")
        if "merchants_id" in given:
            unit.merchant(given["merchants_id"])
        device = replace(before or Terminal(serial, given["merchants_id"], TERMINAL_TYPE), **given)
        if not unit.tables.terminals.put(device):
            raise Conflict(f"the terminal {serial} belongs to another merchant")
        return _view(unit, device), before is None


def _checked(given: Mapping[str, Any], serial: str) -> dict[str, Any]:
    """The changes. Raises Invalid with all problems."""
    wrong = {name: "must be true or false" for name in SWITCHES
             if not isinstance(given.get(name, True), bool)}
    for name in ("merchants_id", "terminal_type"):
        if name in given and not _is_name(given[name]):
            wrong[name] = "must be a text of 1 to 32 printable characters"
    # Clients remove . and .. from a path, so the terminal's screen could not be opened.
    if not _is_name(serial) or not serial.isascii() or serial in (".", ".."):
        wrong["terminal_sn"] = f"must be 1 to {LONGEST_SERIAL} letters, digits and the like"
    if "terminal_type" not in wrong and card_numbers.suspects(given.get("terminal_type", "")):
        wrong["terminal_type"] = card_numbers.PROBLEM
    if card_numbers.suspects_identifier(serial):
        wrong["terminal_sn"] = card_numbers.PROBLEM
    if wrong:
        raise Invalid(wrong)
    return dict(given)


def _is_name(value: Any) -> bool:
    return (isinstance(value, str) and 0 < len(value) <= LONGEST_SERIAL and value.isprintable()
            and value == value.strip())


def act(units: Units, serial: str, act: Act, cause: str) -> View:
    """Carry out an act of a person or of the host at a terminal; return the terminal after it.

    Raises NotFound, and Conflict with the `state` and the acts that are `possible` in it.
    """
    with units.begin(cause, terminal_of(units.read(), serial).merchants_id) as unit:
        device = unit.terminal(serial)
        order, merchant = unit.last_order(device), unit.merchant(device.merchants_id)
        try:
            if order is None or not device.online:
                raise Impossible(act, State.IDLE)
            after = kinds.act_at_terminal(unit.payments(merchant), order, act)
        except Impossible as impossible:
            possible = list(map(str, terminal.POSSIBLE.get(impossible.state, ())))
            said = ", ".join(possible) or _nothing(impossible.state, device)
            raise Conflict(f"{impossible}; possible: {said}",
                           state=str(impossible.state), possible=possible) from impossible
        return View(device, after, unit.present(device.merchants_id))


def _nothing(state: State, device: Terminal) -> str:
    """That no act is possible at a terminal in a state, and what makes one possible."""
    if not device.online:
        return "nothing while it is offline"
    until = {State.IDLE: " until a transaction is sent to it",
             State.READING_CARD: " until the merchant's clock has moved on: the card is being read"}
    return "nothing" + until.get(state, "")
