"""Signing, waiting, the event stream and the OpenAPI document."""
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from heapq import merge
from typing import Any

from flask import Response, jsonify, request

from ... import durations, endpoints, signature
from ...clock import real_now
from ...moves import at
from ...orders import Status
from ...outbox import TAKEN
from ...response_codes import CardStatus
from ...store import Store, Tables
from .. import base_url, emulator
from ..streams import event, has_left, stream, take
from . import MERCHANT, OPERATIONS, Problem, body, duration, operation, text_of
from .documents import instant, notice_json, order_json
from .state import known

LONGEST_WAIT = durations.MINUTE
POLL_S = 0.02
STREAM_PAGE = 500
JOURNAL_TOLD = ("id", "at", "merchants_id", "endpoint", "out_trade_no", "status", "verdict")
SIGNED_BODY = {"type": "object", "required": ["params"], "properties": {
    "params": {"type": "object", "additionalProperties": {"type": "string"}}, "merchants_id": {"type": "string"},
    "token": {"type": "string"}}}


@operation("GET", "/openapi.json", "this interface, and /v2, as OpenAPI 3.1")
def openapi() -> Response:
    """The document, made from the tables."""
    from ... import reference

    return jsonify(reference.openapi(OPERATIONS, base_url()))


@operation("POST", "/sign", "the canonical text of parameters and their signature", body=SIGNED_BODY)
def sign() -> Response:
    """Sign as the merchant would."""
    params, token = _signing(body())
    return jsonify({"canonical": signature.canonical(params), "sign": signature.sign(params, token)})


@operation("POST", "/sign/explain", "which mistake reproduces the wrong sign of parameters", body=SIGNED_BODY)
def explain() -> Response:
    """Say what is wrong with a signature, or that it is right."""
    from ... import doctor, signature_search
    from ...arrivals import Arrival

    params, token = _signing(body(), lambda params: doctor.meant(Arrival(params, endpoints.NAMES)))
    arrival = Arrival(params, endpoints.NAMES)
    if not params.get("sign") and not doctor.misplaced_sign(arrival):
        raise Problem(422, "Unprocessable", "params must have the sign that is to be explained")
    merchants = emulator().store.read().merchants
    others = merchants.tokens(token, signature_search.MOST_TOKENS)
    count = max(merchants.count() - 1, len(others))
    return jsonify(doctor.explain(params, token, others, arrival=arrival, merchants=count).as_json())


def _signing(given: dict[str, Any], meant: Callable[[dict[str, str]], Mapping[str, str]] = dict
             ) -> tuple[dict[str, str], str]:
    """The parameters and the token; `meant` may know better which merchant the parameters were to name."""
    params = given.get("params")
    if not isinstance(params, dict) or not all(isinstance(value, str) for value in params.values()):
        raise Problem(422, "Unprocessable", "params must be an object of texts")
    if "token" in given:
        return params, text_of(given, "token")
    merchants_id = given.get("merchants_id", meant(params).get("merchants_id", params.get("merchants_id")))
    if not isinstance(merchants_id, str) or not merchants_id:
        raise Problem(422, "Unprocessable", "send merchants_id or token")
    return params, known(emulator().store.read(), merchants_id).token


@operation("GET", "/wait", "answer when an order is in a state and its notices are taken, or 408 with how far it got",
           (MERCHANT, ("out_trade_no", "the order, which need not exist yet"), ("status", "the state to wait for"),
            ("notice", "taken: wait until every notice of the order is"), ("timeout", "a duration, 10s unless told, at most 1m")))
def wait() -> Response:
    """Long poll for a test."""
    merchants_id, out_trade_no, status = (request.args.get(name, "") for name in ("merchants_id", "out_trade_no", "status"))
    if status and status not in (*Status, *CardStatus):
        raise Problem(400, "Bad Request", f"status must be one of {', '.join(Status)}; of card orders also {', '.join(CardStatus)}")
    if request.args.get("notice", TAKEN) != TAKEN:
        raise Problem(400, "Bad Request", "notice must be taken")
    known(emulator().store.read(), merchants_id)
    end = time.monotonic() + duration("timeout", "10s", LONGEST_WAIT) / durations.SECOND
    take(emulator().patience)
    try:
        while True:
            reached, story = _reached(emulator().store.read(), merchants_id, out_trade_no, status, "notice" in request.args)
            if reached:
                return jsonify(story)
            if time.monotonic() >= end or has_left() or emulator().closing.wait(POLL_S):
                raise Problem(408, "Request Timeout", f"order {out_trade_no} did not get so far", **story)
    finally:
        emulator().patience.release()


def _reached(tables: Tables, merchants_id: str, out_trade_no: str, status: str, notices_too: bool) -> tuple[bool, dict[str, Any]]:
    found = tables.orders.find(merchants_id, out_trade_no)
    if found is None:
        return False, {"order": None, "notices": []}
    order = at(found, tables.clock.get().now(real_now()))
    notices = tables.notices.of_order(merchants_id, out_trade_no)
    taken = all(notice.status == TAKEN for notice in notices)
    states = (order.status, order.card.status) if order.card else (order.status,)
    reached = (not status or status in states) and (taken or not notices_too)
    return reached, {"order": order_json(order), "notices": [notice_json(tables, notice) for notice in notices]}


@operation("GET", "/events", "server-sent events of orders, notices and requests, resumable by Last-Event-ID", (MERCHANT,))
def events() -> Response:
    """A stream of everything that happens from now on, or since the event that Last-Event-ID names."""
    return stream(happenings(request.args.get("merchants_id")))


def happenings(merchants_id: str | None) -> Iterator[list[str]]:
    """The events of a merchant, or of all, in batches: those since the one that Last-Event-ID names, or from now on."""
    store = emulator().store
    return _happenings(store, _cursor(request.headers.get("Last-Event-ID", ""), store.read()), merchants_id)


Cursor = tuple[int, int, int]


def _cursor(written: str, tables: Tables) -> Cursor:
    newest = tables.newest()
    parts = written.split("-")
    if len(parts) != 3 or not all(part.isdecimal() for part in parts):
        return newest
    history, journal, attempts = (min(int(part), last) for part, last in zip(parts, newest))
    return history, journal, attempts


def _happenings(store: Store, cursor: Cursor, merchants_id: str | None) -> Iterator[list[str]]:
    """What has happened to a merchant, or to all, since the batch before."""
    while True:
        happened = _happened(store.read(), cursor)
        cursor = happened[-1][1] if happened else cursor
        yield [event(row, id="-".join(map(str, place)), event=kind) for kind, place, row in happened
               if merchants_id in (None, row["merchants_id"])]


def _happened(tables: Tables, cursor: Cursor) -> list[tuple[str, Cursor, dict[str, Any]]]:
    """What the three logs have beyond the cursor, in the order of time; each with the cursor that is past it."""
    history, journal, attempts = cursor
    streams = (
        [("order", 0, {**dict(row), "detail": json.loads(row["detail"])}) for row in tables.orders.history_after(history, STREAM_PAGE)],
        [("request", 1, {name: row[name] for name in JOURNAL_TOLD}) for row in tables.journal.after(journal, STREAM_PAGE)],
        [("notice", 2, {**dict(row), "taken": bool(row["taken"])}) for row in tables.notices.attempts_after(attempts, STREAM_PAGE)])
    places, told = list(cursor), []
    for _, kind, which, row in merge(*map(_never_back, streams), key=lambda entry: entry[0]):
        places[which] = row["id"]
        told.append((kind, (places[0], places[1], places[2]), {**row, "at": instant(row["at"])}))
    return told


def _never_back(rows: Iterable[tuple[str, int, dict[str, Any]]]) -> Iterator[tuple[int, str, int, dict[str, Any]]]:
    """The rows of one log with an instant that only grows, so that a clock set back does not put ids out of order."""
    latest = 0
    for kind, which, row in rows:
        latest = max(latest, row["at"])
        yield latest, kind, which, row
