"""The page of card terminals: the live state of each, its switches, and the possible acts."""
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from flask import Response, request
from msgspec import Struct

from ...domain.errors import OperationError
from ...domain.merchants import TERMINAL_TYPE
from ...domain.orders import Order
from ...operations.payments import BY_CONTROL
from ...operations.terminals import View, act, put
from ...operations.timers import written_of
from ...store import Reader
from ...terminal import STOPPABLE, Act, Result, State, Terminal
from ..control.terminals import terminal_json
from ..current import emulator
from .frame import Page, blueprint, chosen, go_back, go_on, present, show, texts, to

PAGE = Page("terminals", "M6 3h12v18H6zM9 6h6v4H9zM9 14h.01M12 14h.01M15 14h.01M9 17h.01M12 17h.01M15 17h.01")
OFFLINE = "OFFLINE"
COLOURS: Mapping[str, str] = {
    State.IDLE: "off", OFFLINE: "off", **dict.fromkeys(STOPPABLE, "wait"), State.READING_CARD: "info",
    State.AUTHORISING: "info", State.APPROVED: "good", State.DECLINED: "bad", State.CANCELLED: "bad",
    State.FAILED: "bad"}
RESULTS: Mapping[str, str] = {
    **dict.fromkeys((Result.AUTHORISED, Result.SUCCESS), "good"),
    **dict.fromkeys((Result.DECLINED, Result.FAILED), "bad"), Result.CANCELLED: "off"}
SWITCHES = ("online", "attended")
PAGE_OF_DEVICES = 50  # each has its screen, its switches and its buttons


class Seen(Struct, frozen=True):
    """A terminal as JSON of the control interface, its view and colour, and its last transaction's order."""

    terminal: dict[str, Any]
    view: str
    colour: str
    order: Order | None

    @property
    def moves(self) -> bool:
        """Whether the terminal is busy, so that what it shows will change soon."""
        return self.view not in (State.IDLE, OFFLINE)


@blueprint.get("/terminals")
def terminals() -> Response:
    """A page of the list of terminals."""
    tables = emulator().store.read()
    devices = tables.terminals.page(chosen(), request.args.get("after", ""), PAGE_OF_DEVICES)
    return show("terminals", "terminals", follows="order",
                rows=[_seen(tables, device) for device in devices], results=RESULTS,
                rest=devices[-1].serial if len(devices) == PAGE_OF_DEVICES else None, type=TERMINAL_TYPE)


def _seen(tables: Reader, device: Terminal) -> Seen:
    order = written_of(tables, device)
    terminal = terminal_json(View(device, order, present(device.merchants_id)), emulator().prefix)
    view = terminal["state"] if device.online else OFFLINE
    return Seen(terminal, view, COLOURS[view], order)


@blueprint.post("/terminals")
def make_terminal() -> Response:
    """Make a terminal."""
    serial = request.form.get("serial", "").strip()
    given = {"merchants_id": request.form.get("merchants_id", "").strip(),
             "terminal_type": request.form.get("terminal_type", "").strip() or TERMINAL_TYPE}
    return _done(partial(put, emulator().units, serial, given), f"{texts().term_made} {serial}")


@blueprint.post("/terminals/<serial>/switch")
def switch_terminal(serial: str) -> Response:
    """Take a terminal offline or online, or switch between attended and unattended."""
    given = {name: request.form[name] == "on" for name in SWITCHES if name in request.form}
    return _done(partial(put, emulator().units, serial, given), f"{texts().term_changed} {serial}")


@blueprint.post("/terminals/<serial>/<any(tap, insert, swipe, pin, approve, decline, cancel):done>")
def act_at_terminal(serial: str, done: str) -> Response:
    """Perform an act at a terminal."""
    return _done(partial(act, emulator().units, serial, Act(done), BY_CONTROL),
                 f"{serial}: {texts()[f'term_{done}']}")


def _done(change: Callable[[], object], sentence: str) -> Response:
    """Make a change, and redirect to the terminals with the sentence, or with the error."""
    try:
        change()
    except OperationError as error:
        return go_back(to("terminals"), error)
    return go_on(to("terminals"), sentence)
