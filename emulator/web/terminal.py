"""The screen of a card terminal (section 8): its state, live; its keys; its receipt.

Every visitor of the page may use the terminal as at the counter. The switches change the emulator. While a
control token is in force, the page does not show them, and their addresses require the token.
"""
import re
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from .. import terminal
from ..base import money
from ..base.clock import Clock
from ..domain.errors import NotFound, OperationError
from ..domain.orders import Order
from ..operations import terminals
from ..operations.payments import BY_PAYER
from ..operations.timers import written_of
from ..operations.unit import terminal_of
from ..store import Reader
from ..terminal import Act, State, Terminal
from . import refusals
from .control.problems import Problem, of_error
from .control.terminals import terminal_json
from .current import emulator, is_locked
from .emulator import Emulator
from .happenings import event
from .pages import BY_OWN_PAGES, page, secure, state_response, texts
from .receipt import receipt
from .streams import stream
from .texts import Texts, messages

blueprint = Blueprint("terminal", __name__, url_prefix="/terminal")
SWITCHES: Mapping[str, dict[str, Any]] = {
    "attended": {"attended": True}, "unattended": {"attended": False},
    "online": {"online": True}, "offline": {"online": False}}
OFFLINE = "OFFLINE"
LOOK_S = 0.1  # the screen also changes with time alone, and no log records that
JSON = "application/json"
SCREEN_TEXTS = (*State, OFFLINE, *terminal.OPERATIONS, "of_requested", "seconds", "pin_short", "pin_hint",
                "disconnected")


@blueprint.errorhandler(OperationError)
def failed(error: OperationError) -> Response:
    """The response to an error of an operation."""
    return impossible(of_error(error))


@blueprint.errorhandler(Problem)
def impossible(problem: Problem) -> Response:
    """The response for an unknown terminal, or for an act that its state does not allow.

    The page's script gets the problem as JSON. A form gets the screen as it is now, or the page not found.
    """
    if _by_script():
        answer = state_response(problem.document())
        answer.status_code = problem.status
        return answer
    serial = (request.view_args or {}).get("serial", "")
    return (_screen(serial, problem.status) if problem.status == 409
            else page("not_found.html", problem.status))


@blueprint.get("/<serial>")
def screen(serial: str) -> Response:
    """The page of a terminal."""
    return _screen(serial)


@blueprint.get("/<serial>/state")
def state(serial: str) -> Response:
    """What the screen shows now, as JSON."""
    return state_response(_shown(emulator(), serial)[0])


@blueprint.get("/<serial>/events")
def events(serial: str) -> Response:
    """A stream of what the screen shows: an event immediately, and one for each change."""
    here = emulator()
    terminal_of(here.store.read(), serial)
    return stream(here, request, _changes(here, serial), "screens of terminals", lambda changed: True, LOOK_S)


@blueprint.get("/<serial>/receipt.txt")
def receipt_text(serial: str) -> Response:
    """The receipt of the last transaction, until the next one begins."""
    tables = emulator().store.read()
    order, printed = _printed(tables, terminal_of(tables, serial))
    if order is None or not printed:
        raise Problem(404, "Not Found", f"the terminal {serial} has printed no receipt")
    answer = secure(Response(printed, content_type="text/plain; charset=utf-8"))
    name = re.sub(r"[^\w.-]", "_", order.result_id)
    answer.headers["Content-Disposition"] = f"attachment; filename=receipt-{name}.txt"
    return answer


@blueprint.post("/<serial>/<act>")
def do(serial: str, act: str) -> Response:
    """Perform an act at the terminal, or change one of the switches beside it."""
    refused = refusals.of_other_sites() or (refusals.of_strangers() if act in SWITCHES else None)
    if refused:
        return refused
    if act in SWITCHES:
        terminal_of(emulator().store.read(), serial)
        terminals.put(emulator().units, serial, SWITCHES[act])
    elif act in list(Act):
        terminals.act(emulator().units, serial, Act(act), BY_PAYER)
    else:
        raise Problem(404, "Not Found", f"{act} is nothing that can be done at a terminal")
    return (state(serial) if _by_script()
            else redirect(url_for("terminal.screen", serial=serial, lang=request.args.get("lang")), 303))


def _by_script() -> bool:
    return bool(request.accept_mimetypes.best == JSON)


def _shown(here: Emulator, serial: str) -> tuple[dict[str, Any], Clock]:
    """What the screen shows, and the clock.

    It is the terminal as in the control interface, with `left_ms`: the milliseconds for which the terminal
    still waits for a person, or None.
    """
    seen = terminals.view(here.units, serial)
    time = here.store.read().clock.get(seen.device.merchants_id)
    left = (terminal.patience_left(seen.order.transaction, seen.now) if seen.order
            and seen.device.online else None)
    return {**terminal_json(seen, here.prefix), "left_ms": left, "frozen": time.frozen is not None}, time


def _changes(here: Emulator, serial: str) -> Iterator[list[str]]:
    """An event for each change of the screen, in batches for `stream`.

    The remaining time counts as changed only when the clock was moved or stopped.
    """
    before: Any = None
    while True:
        try:
            shown, time = _shown(here, serial)
        except NotFound:
            return  # the terminal was removed
        compared = {**shown, "left_ms": time}
        yield [event(shown)] if compared != before else []
        before = compared


def _screen(serial: str, status: int = 200) -> Response:
    """The page of a terminal, as of now."""
    shown, _ = _shown(emulator(), serial)
    tables = emulator().store.read()
    device = terminal_of(tables, serial)
    order, printed = _printed(tables, device)
    merchant = tables.merchants.find(device.merchants_id)
    language = texts(order)
    words = {**{name: language[str(name)] for name in SCREEN_TEXTS},
             "repeats": list(terminal.MESSAGES.values()),
             "messages": _messages(language)}
    return page(
        "terminal.html", status, framed_by=BY_OWN_PAGES, order=order, shown=shown, receipt=printed,
        view=OFFLINE if not device.online else shown["state"],
        merchant=merchant.name if merchant else device.merchants_id,
        transaction=order.transaction if order else None,
        amounts=_amounts(order), words=words, switches=not is_locked(), patience=terminal.PATIENCE)


def _messages(language: Texts) -> dict[str, str]:
    """The translations of the terminal's messages into the page's language; empty in English."""
    of_terminals = [sentence for sentence, (kind, _) in messages().items() if kind == "terminal"]
    translations = {sentence: language.message(sentence) for sentence in of_terminals}
    return {sentence: text for sentence, text in translations.items() if text != sentence}


def _amounts(order: Order | None) -> tuple[str, str]:
    """The requested and the approved amount with their currency, as the screen shows them."""
    transaction = order.transaction if order else None
    if order is None or transaction is None:
        return "", ""
    amounts = transaction.requested, transaction.approved
    return f"{order.currency} {money.text(amounts[0])}", f"{order.currency} {money.text(amounts[1])}"


def _printed(tables: Reader, device: Terminal) -> tuple[Order | None, str]:
    """The order of the last transaction, and its receipt in the page's language; empty if there is none."""
    order, merchant = written_of(tables, device), tables.merchants.find(device.merchants_id)
    transaction = order.transaction if order else None
    if order is None or transaction is None or merchant is None or transaction.in_progress:
        return order, ""
    return order, receipt(order, transaction, merchant.name, emulator().settings.timezone, texts(order))
