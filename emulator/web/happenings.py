"""What happened to orders, requests and notifications, as server-sent events."""
import threading
import time
from collections.abc import Iterable, Iterator
from heapq import merge
from typing import Any

import msgspec
from msgspec import Struct

from ..base.clock import iso
from ..operations.watching import Concerns
from ..store import Reader, Store

STREAM_PAGE = 500
LONGEST_ID = 18
BETWEEN_BATCHES_S = 0.2  # between two batches of a stream
Cursor = tuple[int, int, int]


def event(data: Any, **fields: str) -> str:
    """The text of a server-sent event with JSON data; `fields` may be `id` and `event`."""
    named = "".join(f"{name}: {value}\n" for name, value in fields.items())
    return f"{named}data: {msgspec.json.encode(data).decode()}\n\n"


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

    def batches(self, merchants_id: str | None, store: Store, last_event_id: str) -> Iterator[list[str]]:
        """The events of a merchant, or of all for None, in batches for `streams.stream`.

        They begin after the event `last_event_id`, or now. They are those of the merchants that the store
        has: for a team, its own.
        """
        return self._after(_cursor(last_event_id, store.read()), merchants_id, store)

    def _after(self, cursor: Cursor, merchants_id: str | None, store: Store) -> Iterator[list[str]]:
        while True:
            batch: list[str] = []
            while not batch and (happened := self._all_after(cursor)):
                cursor = happened[-1].cursor
                wanted = [one for one in happened if merchants_id in (None, one.merchants_id)]
                batch = [one.text for one in _visible(wanted, store)]
            yield batch

    def _all_after(self, cursor: Cursor) -> list[Happening]:
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


def of_merchant(merchants_id: str | None) -> Concerns:
    """A function that returns whether a change concerns a merchant, or any merchant for None."""
    if merchants_id is None:
        return lambda changed: bool(changed.merchants)
    return lambda changed: merchants_id in changed.merchants


def _cursor(written: str, tables: Reader) -> Cursor:
    newest = tables.newest()
    parts = written.split("-")
    if len(parts) != 3 or not all(map(_is_number, parts)):
        return newest
    history, journal, attempts = (min(int(part), last) for part, last in zip(parts, newest))
    return history, journal, attempts


def _is_number(part: str) -> bool:
    return part.isascii() and part.isdecimal() and len(part) <= LONGEST_ID


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
        text = event({**row, "at": iso(row["at"])}, id="-".join(map(str, places)), event=kind)
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
