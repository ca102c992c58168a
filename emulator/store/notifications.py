"""Tables `notifications` and `attempts`: the outbox."""
import json
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from ..base import urls
from ..domain.notifications import Notification
from ..protocol.findings import Breaches
from .clock import due_column, shared_due
from .columns import (
    Newest, Owned, beginning, breaches_of, narrowing, newest, of_merchant, to_json)
from .connection import Row
from .shortening import shortened

_DUE = """SELECT * FROM notifications AS n WHERE {due} <= :now {others}
          AND id NOT IN (SELECT value FROM json_each(:under_way)) AND (attempts > 0 OR NOT EXISTS (
              SELECT 1 FROM notifications AS earlier WHERE earlier.merchants_id = n.merchants_id
              AND earlier.out_trade_no = n.out_trade_no AND earlier.id < n.id AND earlier.attempts = 0
              AND earlier.{due} <= :now))
          ORDER BY {due}, id LIMIT :limit"""


class DeliveryPlan(Struct, frozen=True):
    """How a scenario rule changes the sending of a notification.

    The first `drop` attempts are lost. Each other attempt is made `duplicate` times at once. The notification
    is sent `times` times, whether it is delivered or not, and then once more after `again_after`
    milliseconds, unless that is 0. `forged` says why a receiver must not trust it, in a sentence; it is empty
    if the notification is genuine.
    """

    drop: int = 0
    times: int = 1
    duplicate: int = 1
    again_after: int = 0
    forged: str = ""

    @property
    def sendings(self) -> int:
        """How many of the attempts after the lost ones are made whatever the receiver answers."""
        return self.times + (1 if self.again_after else 0)

    def wait_before(self, place: int) -> int:
        """The wait before an injected repetition, in milliseconds; `place` counts the attempts before it."""
        return self.again_after if self.again_after and place == self.drop + self.times else 0

    def copies(self, place: int) -> int:
        """How many requests the attempt makes at once; `place` counts the attempts before it."""
        is_alone = place < self.drop or (self.again_after > 0 and place == self.drop + self.times)
        return 1 if is_alone else self.duplicate

    def is_repetition(self, place: int) -> bool:
        """Whether the scenario asks for the attempt, and not the schedule of retries."""
        return self.drop < place < self.drop + self.sendings


PLAIN = DeliveryPlan()


class StoredNotification(Struct, frozen=True):
    """A notification in the outbox.

    `status` is pending, delivered or failed; `attempts` counts those of the schedule. A delivered
    notification may still be due if a scenario rule asks for copies. Instants are milliseconds of the
    merchant's clock; `shared_due_at` is `due_at` on the shared one.
    """

    id: int
    merchants_id: str
    out_trade_no: str
    notify_type: str
    method: str
    url: str
    content_type: str
    body: str
    repeated_body: str
    altered: str
    created_at: int
    status: str
    attempts: int
    due_at: int | None
    shared_due_at: int | None

    @property
    def shown_url(self) -> str:
        """The address for display, without user and password."""
        return urls.discreet(self.url)

    @property
    def shown_bodies(self) -> tuple[str, str]:
        """The body and the repeated body for display; URLs in them are without user and password."""
        return urls.discreet(self.body), urls.discreet(self.repeated_body)

    @property
    def how(self) -> DeliveryPlan:
        """The delivery plan of a scenario rule, or the plain one."""
        return DeliveryPlan(**json.loads(self.altered)) if self.altered else PLAIN

    @property
    def sent_body(self) -> str:
        """The body of the next attempt."""
        return self.repeated_body if self.attempts and self.repeated_body else self.body


class Attempt(Struct, frozen=True):
    """An attempt to deliver a notification: its instant and duration in milliseconds, and its result."""

    notification_id: int
    merchants_id: str
    at: int
    took_ms: int
    status_code: int | None
    answer: str
    error: str
    delivered: bool
    replay: bool
    findings: list[dict[str, str]]
    skipped: bool = False  # nothing was sent, because the receiver had not answered before
    received: str = ""  # JSON, what the merchant's inbox found


class Tally(Struct, frozen=True):
    """The results of the attempts of the schedule after a certain one; `skipped` ones are not in `made`."""

    made: int
    delivered: int
    skipped: int
    skipped_urls: list[str]


class NotificationReader(Owned):
    """Reads notifications and their attempts."""

    def find(self, notification_id: int) -> StoredNotification | None:
        """A notification by its id."""
        row = self._execute(f"SELECT * FROM notifications WHERE id = :id{self._own}",
                            {"id": notification_id, **self._owners}).fetchone()
        return StoredNotification(**row) if row else None

    def next_due(self, but: Collection[int] = (), merchants_id: str = "") -> int | None:
        """When the next notification that is not among `but` is due, in milliseconds, or None.

        With a number it is of this merchant and on its clock, else of all and on the shared clock.
        """
        column, wanted = due_column(merchants_id), of_merchant(merchants_id)
        row = self._execute(f"SELECT {column} AS due FROM notifications WHERE {column} IS NOT NULL"
                            f"{narrowing(wanted)} AND id NOT IN (SELECT value FROM json_each(:but)) "
                            f"ORDER BY {column} LIMIT 1",
                            {**wanted, "but": json.dumps(list(but))}).fetchone()
        return row["due"] if row else None

    def due(self, now: int, but: Iterable[str], under_way: Collection[int], limit: int,
            merchants_id: str = "") -> list[StoredNotification]:
        """The notifications to send now, oldest first, without the merchants `but` and without `under_way`.

        The first attempts of one order's notifications go out in the order of their causes: each waits for
        those before it. With a number they are this merchant's, by its clock, else those of all, by the
        shared clock.
        """
        wanted = of_merchant(merchants_id)
        saturated = {f"but{number}": merchant for number, merchant in enumerate(but)}
        names = ", ".join(f":{name}" for name in saturated)
        others = narrowing(wanted) + (f" AND merchants_id NOT IN ({names})" if saturated else "")
        rows = self._execute(_DUE.format(others=others, due=due_column(merchants_id)), {
            **wanted, "now": now, "limit": limit, "under_way": json.dumps(list(under_way)), **saturated})
        return [StoredNotification(**row) for row in rows]

    def unsent(self, merchants_id: str, out_trade_no: str) -> bool:
        """Whether an order has pending notifications without an attempt."""
        return self._execute("SELECT 1 FROM notifications WHERE merchants_id = :mid AND out_trade_no = :no "
                             "AND attempts = 0 AND status = 'pending' LIMIT 1",
                             {"mid": merchants_id, "no": out_trade_no}).fetchone() is not None

    def last(self) -> int:
        """The id of the newest notification; 0 if there is none."""
        return int(self._execute("SELECT coalesce(max(id), 0) AS last FROM notifications").fetchone()["last"])

    def are_due(self, now: int, last: int, merchants_id: str = "") -> bool:
        """Whether a notification up to the id `last` is due at an instant (milliseconds).

        With a number it is one of this merchant, by its clock, else any, by the shared clock.
        """
        wanted = of_merchant(merchants_id)
        return self._execute(f"SELECT 1 FROM notifications WHERE {due_column(merchants_id)} <= :now "
                             f"AND id <= :last{narrowing(wanted)} LIMIT 1",
                             {**wanted, "now": now, "last": last}).fetchone() is not None

    def page(self, wanted: dict[str, Any], after: int, limit: int,
             newest_first: bool = False) -> Iterator[StoredNotification]:
        """Notifications in the order of ids, after the id `after`.

        `wanted` filters by merchants_id, out_trade_no, status or notify_type; each may be None.
        """
        place, order, begin = beginning(after, newest_first)
        rows = self._execute(
            f"SELECT * FROM notifications WHERE {place}{narrowing(wanted)}{self._own} "
            f"ORDER BY {order} LIMIT :limit", {**wanted, **self._owners, "after": begin, "limit": limit,
                                               "last": self._complete_up_to("notifications")})
        return (StoredNotification(**row) for row in rows)

    def of_order(self, merchants_id: str, out_trade_no: str) -> tuple[list[StoredNotification], int]:
        """The newest notifications of an order in the order of their causes, and the number of older ones."""
        found = newest(self._execute, "notifications WHERE merchants_id = :mid AND out_trade_no = :no",
                       {"mid": merchants_id, "no": out_trade_no})
        return [StoredNotification(**row) for row in found.rows], found.left_out

    def are_delivered(self, merchants_id: str, out_trade_no: str) -> bool:
        """Whether every notification of an order is delivered; true if it has none."""
        return self._execute("SELECT 1 FROM notifications WHERE merchants_id = :mid AND out_trade_no = :no "
                             "AND status <> 'delivered' LIMIT 1",
                             {"mid": merchants_id, "no": out_trade_no}).fetchone() is None

    def attempts(self, notification_id: int) -> Newest:
        """The newest attempts of a notification."""
        return newest(self._execute, "attempts WHERE notification_id = :id", {"id": notification_id})

    def tally(self, after: int, merchants_id: str = "") -> Tally:
        """The results of the attempts after an attempt's id, without replays; of one merchant or of all."""
        wanted = of_merchant(merchants_id)
        row = self._execute("SELECT count(*) AS number, coalesce(sum(delivered), 0) AS delivered, "
                            "coalesce(sum(skipped), 0) AS skipped FROM attempts "
                            f"WHERE id > :after AND replay = 0{narrowing(wanted)}",
                            {**wanted, "after": after}).fetchone()
        skipped = int(row["skipped"])
        urls_of = self._execute("SELECT DISTINCT n.url FROM attempts AS a "
                                "JOIN notifications AS n ON n.id = a.notification_id WHERE a.id > :after "
                                f"AND a.skipped = 1{narrowing(wanted, merchants_id='a.merchants_id')}",
                                {**wanted, "after": after}) if skipped else ()
        return Tally(row["number"] - skipped, int(row["delivered"]), skipped,
                     [each["url"] for each in urls_of])

    def attempts_after(self, after: int, limit: int) -> list[Row]:
        """The attempts after an id, each with its order."""
        return self._execute(
            """SELECT a.id, a.notification_id, a.merchants_id, a.at, a.status_code, a.error, a.delivered,
                      n.out_trade_no, n.notify_type
               FROM attempts AS a JOIN notifications AS n ON n.id = a.notification_id
               WHERE a.id > :after AND a.id <= :last ORDER BY a.id LIMIT :limit""",
            {"after": after, "last": self._complete_up_to("attempts"), "limit": limit}).fetchall()

    def breaches(self, merchants_id: str | None) -> Iterator[Breaches]:
        """The findings about receivers of one merchant or of all; equal findings are grouped."""
        return breaches_of(self._execute, "attempts", merchants_id, self._own, self._owners)

    def place(self, attempt_id: int) -> tuple[int, int]:
        """The notification of an attempt, and the attempt's place among those of the notification, from 1."""
        row = self._execute("SELECT notification_id, (SELECT count(*) FROM attempts AS before "
                            "WHERE before.notification_id = a.notification_id "
                            "AND before.id <= a.id) AS place FROM attempts AS a WHERE id = :id",
                            {"id": attempt_id}).fetchone()
        return row["notification_id"], row["place"]


class Notifications(NotificationReader):
    """Reads and writes notifications."""

    def add(self, merchants_id: str, out_trade_no: str, notification: Notification, now: int, due_at: int,
            how: DeliveryPlan = PLAIN) -> None:
        """Put a notification into the outbox."""
        self._execute("INSERT INTO notifications (merchants_id, out_trade_no, notify_type, method, url, "
                      "content_type, body, repeated_body, altered, created_at, status, attempts, due_at, "
                      "shared_due_at) VALUES (:mid, :no, :notify_type, :method, :url, :content_type, :body, "
                      f":repeated_body, :altered, :now, 'pending', 0, :due_at, {shared_due(':mid')})",
                      {"mid": merchants_id, "no": out_trade_no, "now": now, "due_at": due_at,
                       "altered": "" if how == PLAIN else to_json(asdict(how)), **asdict(notification)})

    def hold_back(self, merchants_id: str, out_trade_no: str, due_at: int) -> None:
        """Send those notifications of an order that have no attempt yet at another instant (milliseconds)."""
        self._execute("UPDATE notifications SET due_at = :due_at, "
                      f"shared_due_at = {shared_due(':mid')} WHERE merchants_id = :mid "
                      "AND out_trade_no = :no AND attempts = 0 AND status = 'pending'",
                      {"mid": merchants_id, "no": out_trade_no, "due_at": due_at})

    def record(self, attempt: Attempt, status: str, attempts: int, due_at: int | None) -> None:
        """Store an attempt, and the new state of its notification."""
        self._execute("INSERT INTO attempts (notification_id, merchants_id, at, took_ms, status_code, "
                      "answer, error, delivered, replay, findings, skipped, received) "
                      "VALUES (:notification_id, :merchants_id, :at, :took_ms, :status_code, :answer, "
                      ":error, :delivered, :replay, :found, :skipped, :received)",
                      {**asdict(attempt), "answer": shortened(attempt.answer),
                       "error": shortened(attempt.error),
                       "delivered": int(attempt.delivered), "replay": int(attempt.replay),
                       "skipped": int(attempt.skipped), "found": to_json(attempt.findings)})
        self._execute("UPDATE notifications SET status = :status, attempts = :attempts, due_at = :due_at, "
                      f"shared_due_at = {shared_due(':mid')} WHERE id = :id",
                      {"status": status, "attempts": attempts, "due_at": due_at,
                       "mid": attempt.merchants_id, "id": attempt.notification_id})
