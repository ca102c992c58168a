"""Signatures, the wait for an order, the event stream and the OpenAPI document."""
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from heapq import merge
from typing import Any

from flask import Response, jsonify, request

from ...base import durations
from ...domain.orders import Status
from ...domain.transitions import at
from ...gateway import endpoints
from ...operations.outbox import DELIVERED
from ...operations.unit import merchant_of
from ...operations.watching import Concerns
from ...protocol.response_codes import CardStatus
from ...signing import signature
from ...store import Reader, Store
from ..current import base_url, emulator
from ..streams import AT_LEAST_S, event, has_left, stream, take
from .documents import instant, notifications_json, order_json
from .interface import MERCHANT, OPERATIONS, Problem, Query, body, duration, operation, text_of, wrong_value
from .queries import choice, span

LONGEST_WAIT = durations.MINUTE
STREAM_PAGE = 500
LONGEST_ID = 18
SIGNED_BODY = {"required": ["params"], "properties": {
    "params": {"type": "object", "additionalProperties": {"type": "string"}},
    "merchants_id": {"type": "string"}, "token": {"type": "string"}}}


@operation("GET", "/openapi.json", "this interface, and /v2, as OpenAPI 3.1")
def openapi() -> Response:
    """The OpenAPI document, made from the tables."""
    from ...gateway import openapi as document

    return jsonify(document.openapi(OPERATIONS, base_url()))


@operation("POST", "/sign", "the canonical text of parameters and their signature", body=SIGNED_BODY)
def sign() -> Response:
    """Sign parameters with a merchant's token."""
    params, token = _signing(body())
    return jsonify({"canonical": signature.canonical(params), "sign": signature.sign(params, token)})


@operation("POST", "/sign/explain", "which mistake reproduces the wrong sign of parameters", body=SIGNED_BODY)
def explain() -> Response:
    """Explain what is wrong with a signature, or that it is right."""
    from ...diagnosis import explanation, search
    from ...signing.arrivals import Arrival

    params, token = _signing(body(), lambda params: explanation.intended(Arrival(params, endpoints.NAMES)))
    arrival = Arrival(params, endpoints.NAMES)
    if not params.get("sign") and not explanation.misplaced_sign(arrival):
        raise wrong_value("params must have the sign that is to be explained")
    merchants = emulator().store.read().merchants
    others = merchants.tokens(token, search.MOST_TOKENS)
    count = max(merchants.count() - 1, len(others))
    return jsonify(explanation.explain(params, token, others, arrival=arrival, merchants=count).as_json())


def _signing(given: dict[str, Any], meant: Callable[[dict[str, str]], Mapping[str, str]] = dict
             ) -> tuple[dict[str, str], str]:
    """The parameters and the token of a body. Raises Problem or NotFound.

    `meant` returns the parameters that the client intended, to find their merchant.
    """
    params = given.get("params")
    if not isinstance(params, dict) or not all(isinstance(value, str) for value in params.values()):
        raise wrong_value("params must be an object of texts")
    if "token" in given:
        if "merchants_id" in given:
            merchant_of(emulator().store.read(), text_of(given, "merchants_id"))
        return params, text_of(given, "token")
    if "merchants_id" not in given and (merchants_id := meant(params).get("merchants_id")):
        return params, merchant_of(emulator().store.read(), merchants_id).token
    named = {**params, **given}
    if "merchants_id" not in named:
        raise wrong_value("send merchants_id or token")
    return params, merchant_of(emulator().store.read(), text_of(named, "merchants_id")).token


@operation("GET", "/wait", "answer when an order is in a state and its notifications are delivered, or 408 "
                           "with how far it got",
           (Query("merchants_id", "whose order it is", needed=True),
            Query("out_trade_no", "the order, which need not exist yet", needed=True),
            choice("status", "the state to wait for", *Status, *CardStatus),
            choice("notification", "wait until every notification of the order is delivered", DELIVERED),
            span("timeout", "a duration, 10s unless told, at most 1m")))
def wait() -> Response:
    """A long poll, until the order is in the wanted state or the timeout ends. Raises Problem (408)."""
    merchants_id, out_trade_no, status = (request.args.get(name, "")
                                          for name in ("merchants_id", "out_trade_no", "status"))
    delivered_too = "notification" in request.args
    end = time.monotonic() + duration("timeout", "10s", LONGEST_WAIT) / durations.SECOND
    here, order = emulator(), (merchants_id, out_trade_no)
    waiting = here.waiting.watcher.waiter(lambda changed: order in changed.orders, has_left())
    with take(merchants_id), waiting as waiter:
        while True:
            reached, story = _reached(here.store.read(), merchants_id, out_trade_no, status, delivered_too)
            if reached:
                return jsonify(story)
            left = end - time.monotonic()
            if left <= 0 or waiter.is_over:
                raise Problem(408, "Request Timeout", f"order {out_trade_no} did not get so far", **story)
            with here.waiting.pause():
                waiter.wait(min(left, AT_LEAST_S))


def _reached(tables: Reader, merchants_id: str, out_trade_no: str, status: str,
             notifications_too: bool) -> tuple[bool, dict[str, Any]]:
    found = tables.orders.find(merchants_id, out_trade_no)
    if found is None:
        return False, {"order": None, "notifications": []}
    order = at(found, tables.clock.now())
    delivered = not notifications_too or tables.notifications.are_delivered(merchants_id, out_trade_no)
    reached = (not status or status in order.states) and delivered
    notifications, left_out = notifications_json(tables, merchants_id, out_trade_no)
    story = {"order": order_json(order), "notifications": notifications}
    return reached, {**story, "left_out": {"notifications": left_out}} if left_out else story


@operation("GET", "/events", "server-sent events of orders, notifications and requests, resumable by "
                             "Last-Event-ID", (MERCHANT,))
def events() -> Response:
    """A stream of the events from now on, or since the event that Last-Event-ID names."""
    merchants_id = request.args.get("merchants_id")
    return stream(happenings(merchants_id), merchants_id or "every merchant", of_merchant(merchants_id))


def of_merchant(merchants_id: str | None) -> Concerns:
    """A function that returns whether a change concerns a merchant, or any merchant for None."""
    if merchants_id is None:
        return lambda changed: bool(changed.merchants)
    return lambda changed: merchants_id in changed.merchants


def happenings(merchants_id: str | None) -> Iterator[list[str]]:
    """The events of a merchant, or of all for None, in batches for `stream`.

    They begin after the event that Last-Event-ID names, or now.
    """
    store = emulator().store
    return _happenings(store, _cursor(request.headers.get("Last-Event-ID", ""), store.read()), merchants_id)


Cursor = tuple[int, int, int]


def _cursor(written: str, tables: Reader) -> Cursor:
    newest = tables.newest()
    parts = written.split("-")
    if len(parts) != 3 or not all(map(_is_number, parts)):
        return newest
    history, journal, attempts = (min(int(part), last) for part, last in zip(parts, newest))
    return history, journal, attempts


def _is_number(part: str) -> bool:
    return part.isascii() and part.isdecimal() and len(part) <= LONGEST_ID


def _happenings(store: Store, cursor: Cursor, merchants_id: str | None) -> Iterator[list[str]]:
    """Batches of events after a cursor, of a merchant or of all."""
    while True:
        happened = _happened(store.read(), cursor)
        cursor = happened[-1][1] if happened else cursor
        yield [event(row, id="-".join(map(str, place)), event=kind) for kind, place, row in happened
               if merchants_id in (None, row["merchants_id"])]


def _happened(tables: Reader, cursor: Cursor) -> list[tuple[str, Cursor, dict[str, Any]]]:
    """The rows of the three logs after a cursor, in the order of time.

    Each has its kind of event, and the cursor that follows it.
    """
    history, journal, attempts = cursor
    streams = (
        [("order", 0, {**dict(row), "detail": json.loads(row["detail"])})
         for row in tables.orders.history_after(history, STREAM_PAGE)],
        [("request", 1, dict(row)) for row in tables.journal.after(journal, STREAM_PAGE)],
        [("notification", 2, {**dict(row), "delivered": bool(row["delivered"])})
         for row in tables.notifications.attempts_after(attempts, STREAM_PAGE)])
    places, found = list(cursor), []
    for _, kind, which, row in merge(*map(_never_back, streams), key=lambda entry: entry[0]):
        places[which] = row["id"]
        found.append((kind, (places[0], places[1], places[2]), {**row, "at": instant(row["at"])}))
    return found


def _never_back(rows: Iterable[tuple[str, int, dict[str, Any]]]) -> Iterator[
        tuple[int, str, int, dict[str, Any]]]:
    """The rows of one log, each after an instant that never decreases.

    So the rows stay in the order of their ids when the clock was set back.
    """
    latest = 0
    for kind, which, row in rows:
        latest = max(latest, row["at"])
        yield latest, kind, which, row
