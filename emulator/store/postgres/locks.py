"""Advisory locks. They belong to one database, and PostgreSQL releases them when their session ends."""
import random
import time
import zlib
from collections.abc import Callable
from typing import Any

import psycopg

from .. import database
from .nodes import OUTBOX, WORK
from .statements import NOTHING, Question

CLASS = int.from_bytes(b"TGPY", "big")
MERCHANTS, LIVING = CLASS + 1, CLASS + 2
# The numbers of the locks. A transaction that writes shares WORLD, or has it alone.
WORLD, LEADING, SERVING, PREPARING = range(4)
AGAIN_S, SPREAD_S = 0.5, 0.05
DEAD_S = 5


def lock_of_merchant(merchants_id: str) -> int:
    """The number of a merchant's lock; that two merchants have the same one does no harm."""
    return zlib.crc32(merchants_id.encode(errors="replace")) - 2**31


def begin(merchants_id: str | None) -> list[Question]:
    """The statements that begin a transaction on a merchant's rows, or without one on all."""
    if merchants_id is None:
        return [BEGIN, (f"SELECT pg_advisory_xact_lock({CLASS}, {WORLD})", NOTHING)]
    return [BEGIN, (LOCK_MERCHANT, {"number": lock_of_merchant(merchants_id)})]


BEGIN: Question = ("BEGIN READ WRITE", NOTHING)
SHARE_WORLD = f"SELECT pg_advisory_xact_lock_shared({CLASS}, {WORLD})"
LOCK_MERCHANT = f"{SHARE_WORLD}, pg_advisory_xact_lock({MERCHANTS}, CAST(:number AS integer))"
BEGIN_SHARED = [BEGIN, (SHARE_WORLD, NOTHING)]


def _held(column: str, of_class: int) -> str:
    """The statement that reads a column of the locks of a class that are held in this database."""
    return (f"SELECT {column} FROM pg_locks WHERE locktype = 'advisory' AND granted AND classid = {of_class} "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")


def writers(lock: int) -> str:
    """The statement that lists the other transactions that hold a lock."""
    return f"{_held('virtualtransaction', CLASS)} AND pid <> pg_backend_pid() AND objid = {lock}"


def living() -> str:
    """The statement that lists the numbers of the processes that live."""
    return _held("CAST(objid AS bigint)", LIVING)


def is_free(session: Any, lock: int) -> bool:
    """Whether the lock was free: then the session holds it now."""
    return bool(session.execute(f"SELECT pg_try_advisory_lock({CLASS}, {lock})").fetchone()[0])


class Leadership(database.Leadership):
    """The lock of the leader, held by a session of its own. `connect` makes the session.

    The session also holds the lock of its `process`, which shows the other nodes that the process lives.
    """

    def __init__(self, connect: Callable[[], Any], process: int) -> None:
        self._connect = connect
        self._process = process
        self._session: Any = self._connected()
        self._is_lost = False

    def _connected(self) -> Any:
        session = self._connect()
        session.execute(f"SELECT pg_advisory_lock_shared({LIVING}, {self._process}); LISTEN {OUTBOX}")
        return session

    def acquire(self, wait: bool, wake: Callable[[], None] = lambda: None) -> bool:
        """Take the lock; return whether it was taken. With `wait`, wait for as long as necessary.

        `wake` is called meanwhile when other nodes have more notifications than they can send.
        """
        while True:
            try:
                if is_free(self._session, LEADING):
                    self._session.execute(f"UNLISTEN *; LISTEN {WORK}")
                    self._is_lost = False
                    return True
                if not wait:
                    return False
                self._listen(wake)
            except psycopg.Error:
                if not wait:
                    raise
                self._reconnect()

    def _listen(self, wake: Callable[[], None]) -> None:
        """Wait a moment, and call `wake` when other nodes call; not all that are called do so at once."""
        for _ in self._session.notifies(timeout=AGAIN_S):
            time.sleep(random.uniform(0, SPREAD_S))
            wake()

    def _reconnect(self) -> None:
        time.sleep(AGAIN_S)
        self._session.close()
        try:
            self._session = self._connected()
        except psycopg.Error:  # it is tried again
            pass

    def keep(self, seconds: float, wake: Callable[[], None]) -> None:
        """Listen for some seconds to nodes that leave work, and see whether the session still is there."""
        try:
            for _ in self._session.notifies(timeout=seconds):
                wake()
            self._session.execute("SELECT 1")
        except psycopg.Error:
            self._is_lost = True

    @property
    def is_lost(self) -> bool:
        """Whether the session has ended, and with it the lock."""
        return self._is_lost

    def stands_still(self) -> bool:
        """Whether the leader's session has asked nothing for some seconds."""
        row = self._session.execute(
            "SELECT max(clock_timestamp() - state_change) > %s * interval '1 second' FROM pg_locks "
            "JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND granted "
            f"AND classid = {CLASS} AND objid = {LEADING} AND datname = current_database()",
            [DEAD_S]).fetchone()
        return bool(row and row[0])

    def close(self) -> None:
        """End the session."""
        self._session.close()
