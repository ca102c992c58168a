"""Table `inboxes`, and the notifications that arrived in the inboxes of merchants: rows of `attempts`."""
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from ..base import portions
from ..domain.inboxes import SUCCESS, Reply
from .columns import OVERHEAD, Owned, narrowing, to_json
from .connection import Row
from .notifications import StoredNotification

PAGE = 50
MOST_CHARACTERS = 1024 * 1024  # in the rows of a page
_NEWEST = 2**62
_ARRIVED = """
SELECT n.*, a.id AS attempt_id, a.at, a.took_ms, a.status_code, a.answer, a.error, a.delivered, a.replay,
       a.received, (SELECT count(*) FROM attempts AS before WHERE before.notification_id = a.notification_id
                    AND before.id <= a.id) AS attempt
FROM (SELECT * FROM attempts WHERE received <> '' AND {wanted} ORDER BY id DESC LIMIT :limit) AS a
JOIN notifications AS n ON n.id = a.notification_id ORDER BY a.id DESC"""


class Arrival(Struct, frozen=True):
    """A notification that arrived in an inbox at an instant (milliseconds): the id of its attempt, which
    attempt of the notification it was (from 1), what the inbox found, and what it answered.
    """

    id: int
    notification: StoredNotification
    attempt: int
    at: int
    replay: bool
    found: Mapping[str, Any]
    status: int | None
    answer: str
    error: str
    delivered: bool

    @property
    def body(self) -> str:
        """The body that was sent."""
        sent = self.notification
        return sent.repeated_body if self.found["repeated"] else sent.body

    @property
    def query(self) -> str:
        """The query that was sent."""
        return self.notification.url.partition("?")[2]


class InboxReader(Owned):
    """Reads what inboxes answer, and what arrived in them."""

    def replies(self, merchants_id: str) -> list[Reply]:
        """What the inbox of a merchant answers, one after the other, and the last from then on."""
        row = self._execute("SELECT replies FROM inboxes WHERE merchants_id = :id",
                            {"id": merchants_id}).fetchone()
        return [Reply(**each) for each in json.loads(row["replies"])] if row else [SUCCESS]

    def find(self, attempt_id: int) -> Arrival | None:
        """What arrived by an attempt."""
        return next(self._arrived("id = :attempt_id", {"attempt_id": attempt_id, "limit": 1}), None)

    def page(self, merchants_id: str | None, before: int | None, limit: int) -> Iterator[Arrival]:
        """What arrived for a merchant, or for all, newest first, by attempts with an id below `before`."""
        wanted = {"merchants_id": merchants_id}
        return self._arrived(f"id < :before{narrowing(wanted)}",
                             {**wanted, "before": before or _NEWEST, "limit": limit})

    def shown(self, merchants_id: str | None, before: int | None) -> tuple[list[Arrival], int | None]:
        """A page for the console, and the id before which the next one begins, None at the end."""
        found, complete = portions.taken(self.page(merchants_id, before, PAGE + 1), _size, MOST_CHARACTERS)
        rows = found[:PAGE]
        return rows, None if complete and len(found) <= PAGE else rows[-1].id

    def _arrived(self, wanted: str, values: Mapping[str, Any]) -> Iterator[Arrival]:
        rows = self._execute(_ARRIVED.format(wanted=f"{wanted}{self._own}"), {**values, **self._owners})
        return map(_arrival, rows)


def _size(arrival: Arrival) -> int:
    """The approximate number of characters of what arrived."""
    return OVERHEAD + len(arrival.query) + len(arrival.body) + len(arrival.answer)


def _arrival(row: Row) -> Arrival:
    notification = StoredNotification(*(row[name] for name in StoredNotification.__struct_fields__))
    return Arrival(row["attempt_id"], notification, row["attempt"], row["at"], bool(row["replay"]),
                   json.loads(row["received"]), row["status_code"], row["answer"], row["error"],
                   bool(row["delivered"]))


class Inboxes(InboxReader):
    """Reads and writes what inboxes answer."""

    def put(self, merchants_id: str, replies: Sequence[Reply]) -> None:
        """Have the inbox of a merchant answer so, one after the other, and the last from then on."""
        self._execute("INSERT INTO inboxes (merchants_id, replies) VALUES (:id, :replies) "
                      "ON CONFLICT (merchants_id) DO UPDATE SET replies = excluded.replies",
                      {"id": merchants_id, "replies": to_json(list(replies))})

    def next_reply(self, merchants_id: str) -> Reply:
        """The next answer of a merchant's inbox; it is used up unless it is the last one."""
        first, *others = self.replies(merchants_id)
        if others:
            self.put(merchants_id, others)
        return first
