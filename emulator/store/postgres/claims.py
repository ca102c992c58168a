"""Claims on notifications: every node makes attempts, and each attempt is made by one of them.

A claim is a row with an end, in the time of the database, so no transaction is open during an attempt. Its
end is for processes that are stopped: the claims of one that has ended are deleted soon, by any other one.
"""
import os
import secrets
import time
import zlib
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager

from .. import claims
from ..claims import Claimed, Wanted
from ..connection import Connection, Row
from ..notifications import StoredNotification
from .locks import BEGIN_SHARED, living
from .nodes import OUTBOX
from .statements import NOTHING, Question

CALL_EVERY_S, LOOK_EVERY_S = 0.1, 0.5
MISSING_S = 2.0  # a process whose session was lost has another one by then
# The ends of those that nobody gave up, such as those of deleted notifications, are long over by then.
FORGOTTEN = "interval '1 minute'"
# A claim may be lost with the database's machine: then an attempt is repeated, as after any crash.
BEGIN: Sequence[Question] = [*BEGIN_SHARED, ("SET LOCAL synchronous_commit = off", NOTHING)]
# Rows that another transaction has in hand are passed over, so that nodes neither wait for each other nor
# take the same. A row that was sent meanwhile is looked at again when its lock is free. The transaction has
# the lock of writers: after a command was added, no other node takes anything.
_TAKE = """
WITH free AS (
    SELECT n.*, w.at AS claimed_at FROM notifications AS n
    JOIN unnest(CAST(:ids AS bigint[]), CAST(:instants AS bigint[])) AS w (id, at) ON w.id = n.id
    WHERE (CAST(:due AS bigint) IS NULL OR n.shared_due_at <= CAST(:due AS bigint))
    AND (CAST(:moving AS bigint) = 1 OR NOT EXISTS (
        SELECT 1 FROM commands WHERE result IS NULL AND name IN ('clock', 'flush')
        AND CAST(argument AS json) ->> 'merchants_id' IS NULL))
    FOR UPDATE OF n SKIP LOCKED),
taken AS (
    INSERT INTO claims (notification_id, holder, at, since, until)
    SELECT id, CAST(:holder AS bigint), claimed_at, clock_timestamp(),
           clock_timestamp() + CAST(:seconds AS float8) * interval '1 second' FROM free
    ON CONFLICT (notification_id) DO UPDATE SET holder = excluded.holder, at = excluded.at,
        since = excluded.since, until = excluded.until WHERE claims.until <= clock_timestamp()
    RETURNING notification_id)
SELECT free.* FROM free JOIN taken ON notification_id = id ORDER BY due_at, id"""
_ELSEWHERE = """
SELECT n.*, c.at AS claimed_at, CAST(extract(epoch FROM clock_timestamp() - c.since) AS float8) AS age_s
FROM claims AS c JOIN notifications AS n ON n.id = c.notification_id
WHERE c.until > clock_timestamp() AND NOT n.id = ANY(CAST(:own AS bigint[]))"""


def _notification(row: Row) -> StoredNotification:
    """The notification of a row that has columns of the claim too."""
    return StoredNotification(*(row[name] for name in StoredNotification.__struct_fields__))


class Claims(claims.Claims):
    """The claims of all nodes.

    `present` is the connection of the present thread, `claiming` a transaction on it that begins with
    statements, `tell` a message to all nodes.
    """

    are_shared = True

    def __init__(self, present: Callable[[], Connection],
                 claiming: Callable[[Sequence[Question]], AbstractContextManager[Connection]],
                 tell: Callable[[str], None]) -> None:
        self._present = present
        self._claiming = claiming
        self._tell = tell
        self._server = secrets.token_hex(8)
        self._called, self._looked = 0.0, 0.0
        self._missing: dict[int, float] = {}  # processes without a session, and since when

    def holder(self) -> int:
        """The number of this process; the object is made before the process forks."""
        return zlib.crc32(f"{self._server}-{os.getpid()}".encode()) & 0x7FFF_FFFF

    def take(self, wanted: Wanted, seconds: float, due: int | None, moving: bool = False) -> Wanted:
        """Claim notifications for `seconds`; return those that were free, as they are now."""
        if not wanted:
            return []
        asked = {"ids": [notification.id for notification, _ in wanted], "instants": [at for _, at in wanted],
                 "holder": self.holder(), "seconds": seconds, "due": due, "moving": moving}
        with self._claiming(BEGIN) as connection:
            rows = connection.execute(_TAKE, asked).fetchall()
        return [(_notification(row), row["claimed_at"]) for row in rows]

    def numbers(self) -> set[int]:
        """The ids of the claimed notifications."""
        claimed = self._present().execute("SELECT notification_id, holder FROM claims "
                                          "WHERE until > clock_timestamp()").fetchall()
        now, own = time.monotonic(), self.holder()
        if now > self._looked + LOOK_EVERY_S and any(holder != own for _, holder in claimed):
            self._looked = now
            dead = self._dead(now)
            if dead:
                self._bury(dead)
                return self.numbers()
        return {number for number, _ in claimed}

    def _dead(self, now: float) -> list[int]:
        """The processes that have claims and have had no session for some time."""
        rows = self._present().execute("SELECT DISTINCT holder FROM claims WHERE holder <> :own "
                                       f"AND holder NOT IN ({living()})", {"own": self.holder()})
        self._missing = {row[0]: self._missing.get(row[0], now) for row in rows}
        return [holder for holder, since in self._missing.items() if now > since + MISSING_S]

    def _bury(self, holders: list[int]) -> None:
        """Delete the claims of processes."""
        with self._claiming(BEGIN) as connection:
            connection.execute("DELETE FROM claims WHERE holder = ANY(CAST(:holders AS bigint[]))",
                               {"holders": holders})

    def elsewhere(self, own: Collection[int]) -> list[Claimed]:
        """The claimed notifications that are not among `own`."""
        rows = self._present().execute(_ELSEWHERE, {"own": list(own)})
        return [Claimed(_notification(row), row["claimed_at"], row["age_s"]) for row in rows]

    def release(self, connection: Connection, notification_id: int) -> None:
        """End this process's claim in a transaction's connection, which may be that of another thread."""
        connection.execute("DELETE FROM claims WHERE notification_id = :id AND holder = :holder",
                           {"id": notification_id, "holder": self.holder()})

    def give_up(self, notification_id: int) -> None:
        """End this process's claim in a transaction of its own."""
        with self._claiming(BEGIN) as connection:
            self.release(connection, notification_id)

    def give_up_all(self) -> None:
        """End all claims of this process."""
        self._bury([self.holder()])

    def forget(self) -> None:
        """Delete claims that nobody has had for long."""
        with self._claiming(BEGIN) as connection:
            connection.execute(f"DELETE FROM claims WHERE until < clock_timestamp() - {FORGOTTEN}")

    def call(self) -> None:
        """Tell the processes that do not lead that there is more to send, but not all the time."""
        now = time.monotonic()
        if now > self._called + CALL_EVERY_S:
            self._called = now
            self._tell(OUTBOX)
