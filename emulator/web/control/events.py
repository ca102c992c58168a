"""The stream of events of orders, notifications and requests."""
import threading
import time
from collections.abc import Iterable, Iterator
from heapq import merge
from typing import Any

import msgspec
from flask import Response, current_app, request
from msgspec import Struct

from ...operations.watching import Concerns
from ...store import Reader, Store
from ..current import emulator
from ..streams import BETWEEN_BATCHES_S, event, stream
from .documents import instant
from .interface import MERCHANT, operation
from .schemas import BY_TEXT, by_name, component, flag, moment, nullable, text, whole

STREAM_PAGE = 500
LONGEST_ID = 18
HAPPENINGS = "happenings"  # where the application keeps what all its streams share
Cursor = tuple[int, int, int]
_OF_AN_ORDER = {"id": whole("its number in the log of its kind"), "at": moment("time of the event"),
                "merchants_id": text("the merchant"), "out_trade_no": text("the order")}
component("OrderEvent", "The data of an event `order`: an event of an order.", {
    **_OF_AN_ORDER, "event": text("what happened"), "cause": text("an endpoint, payer, control or clock"),
    "status": text("`trade_status` after it"), "detail": by_name(BY_TEXT, "more details")})
component("RequestEvent", "The data of an event `request`: a request to `/v2`.", {
    **_OF_AN_ORDER, "endpoint": text("as tgpayqrcode"), "status": whole("the HTTP status of the response"),
    "verdict": text("OK, or the error code")})
component("NotificationEvent", "The data of an event `notification`: an attempt to deliver one.", {
    **_OF_AN_ORDER, "notification_id": whole("the notification"), "notify_type": text("its kind"),
    "status_code": nullable(whole("the HTTP status of the receiver's response")),
    "error": text("why there was no response; empty if there was one"),
    "delivered": flag("whether the receiver acknowledged it")})
STREAM = text("server-sent events named order, request and notification; the data of each is JSON: an "
              "OrderEvent, RequestEvent or NotificationEvent")


class Happening(Struct, frozen=True):
    """An event of a merchant: the cursor that follows it, and its text in a stream."""

    cursor: Cursor
    merchants_id: str
    text: str


class Happenings:
    """Reads the events after a cursor once for all streams that stand there: most of them do, because they
    take their batches at the same moments.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._read: dict[Cursor, tuple[float, list[Happening]]] = {}

    def after(self, cursor: Cursor) -> list[Happening]:
        """The events after a cursor, in the order of time; others may have happened since they were read.

        When there are none, it is no earlier than this call that there were none.
        """
        with self._lock:
            now = time.monotonic()
            self._read = {place: read for place, read in self._read.items()
                          if now - read[0] < BETWEEN_BATCHES_S}
            if cursor in self._read:
                return self._read[cursor][1]
            found = _happened(self._store.read(), cursor)
            if found:
                self._read[cursor] = now, found
            return found


@operation("GET", "/events", "server-sent events of orders, notifications and requests, resumable by "
                             "Last-Event-ID",
           (MERCHANT,), produces="text/event-stream", returns=STREAM)
def stream_events() -> Response:
    """A stream of the events from now on, or since the event that Last-Event-ID names."""
    merchants_id = request.args.get("merchants_id")
    owner = emulator().store.owner
    everybody = "every merchant" if owner is None else f"the team {owner}"
    return stream(happenings(merchants_id), merchants_id or everybody, of_merchant(merchants_id))


def of_merchant(merchants_id: str | None) -> Concerns:
    """A function that returns whether a change concerns a merchant, or any merchant for None."""
    if merchants_id is None:
        return lambda changed: bool(changed.merchants)
    return lambda changed: merchants_id in changed.merchants


def happenings(merchants_id: str | None) -> Iterator[list[str]]:
    """The events of a merchant, or of all for None, in batches for `stream`.

    They begin after the event that Last-Event-ID names, or now. A team gets those of its own merchants.
    """
    store = emulator().store
    cursor = _cursor(request.headers.get("Last-Event-ID", ""), store.read())
    return _batches(current_app.extensions[HAPPENINGS], cursor, merchants_id, store)


def _cursor(written: str, tables: Reader) -> Cursor:
    newest = tables.newest()
    parts = written.split("-")
    if len(parts) != 3 or not all(map(_is_number, parts)):
        return newest
    history, journal, attempts = (min(int(part), last) for part, last in zip(parts, newest))
    return history, journal, attempts


def _is_number(part: str) -> bool:
    return part.isascii() and part.isdecimal() and len(part) <= LONGEST_ID


def _batches(found: Happenings, cursor: Cursor, merchants_id: str | None, store: Store
             ) -> Iterator[list[str]]:
    """Batches of events after a cursor, of a merchant or of all, as far as the store has the merchants."""
    while True:
        batch: list[str] = []
        while not batch and (happened := found.after(cursor)):
            cursor = happened[-1].cursor
            wanted = [one for one in happened if merchants_id in (None, one.merchants_id)]
            batch = [one.text for one in _visible(wanted, store)]
        yield batch


def _visible(happened: list[Happening], store: Store) -> list[Happening]:
    """Those events whose merchants the store shows: without an owner all, for a team its own."""
    if store.owner is None:
        return happened
    merchants = store.read().merchants
    own = {number for number in {one.merchants_id for one in happened} if merchants.find(number)}
    return [one for one in happened if one.merchants_id in own]


def _happened(tables: Reader, cursor: Cursor) -> list[Happening]:
    """The rows of the three logs after a cursor, in the order of time."""
    cursor = tables.changes.valid(cursor)
    history, journal, attempts = cursor
    logs = (
        [("order", 0, {**dict(row), "detail": msgspec.json.decode(row["detail"])})
         for row in tables.orders.history_after(history, STREAM_PAGE)],
        [("request", 1, dict(row)) for row in tables.journal.after(journal, STREAM_PAGE)],
        [("notification", 2, {**dict(row), "delivered": bool(row["delivered"])})
         for row in tables.notifications.attempts_after(attempts, STREAM_PAGE)])
    places, found = list(cursor), []
    for _, kind, which, row in merge(*map(_never_back, logs), key=lambda entry: entry[0]):
        places[which] = row["id"]
        text = event({**row, "at": instant(row["at"])}, id="-".join(map(str, places)), event=kind)
        found.append(Happening((places[0], places[1], places[2]), row["merchants_id"], text))
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
