"""The sessions of one process: one for each active thread, from a pool."""
import logging
import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from ...base import clock
from ..access import Reader, Writer
from .connection import Connection
from .session import PATIENCE_S, Session

MOST_SESSIONS = 20
READ_ONLY = "SET default_transaction_read_only = on"
TIME_EVERY_S = 10.0
IDLE_S = 60.0
UNCHECKED_S = 1.0  # a session that was used so lately is taken as it is
RECENT_S = 2 * PATIENCE_S
AWAY_S = 0.2  # how long to wait for a session after a wait that was in vain
logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)  # the store says it once a minute


@dataclass
class Opened:
    """A session of the pool and the tables on it, in the process `pid`."""

    session: Session
    connection: Connection
    reader: Reader
    writer: Writer
    pid: int

    def reader_of(self, owner: str | None) -> Reader:
        """The tables for reading, of one owner of merchants or of everybody for None."""
        return self.reader if owner is None else Reader(self.connection, owner)

    def writer_of(self, owner: str | None) -> Writer:
        """The tables for writing, of one owner of merchants or of everybody for None."""
        return self.writer if owner is None else Writer(self.connection, owner)


def _opened(session: Session) -> Opened:
    """The tables on a new session."""
    connection = Connection(session)
    return Opened(session, connection, Reader(connection), Writer(connection), os.getpid())


class Sessions:
    """The sessions that a process has on a database. Methods raise psycopg.Error.

    `generation` counts the troubles: each may have ended the sessions that were opened before.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._local = threading.local()
        self._lock = threading.Lock()
        self._pool: tuple[int, Any] | None = None
        self._measured = -TIME_EVERY_S
        self._is_away = False
        self._refused = "", 0.0  # why the pool could not connect, and when on the monotonic clock
        self.generation = 0

    def connect(self) -> Session:
        """A session that the caller closes."""
        return Session.connect(self._address)

    def own(self) -> Opened:
        """This thread's session, taken from the pool if necessary."""
        opened: Opened | None = getattr(self._local, "opened", None)
        if opened is None or opened.pid != os.getpid() or opened.session.closed:
            self.leave()
            opened = self._local.opened = self.take()
        if time.monotonic() > self._measured + TIME_EVERY_S:
            self._measure(opened.session)
        return opened

    def take(self) -> Opened:
        """A session of the pool for any thread, until it is given back.

        If there is none in time, raises what the server said lately, if it did.
        """
        try:
            session = self._opened_pool().getconn(AWAY_S if self._is_away else PATIENCE_S)
        except PoolTimeout:
            self._is_away = True
            said, at = self._refused
            if said and time.monotonic() < at + RECENT_S:
                raise psycopg.OperationalError(said) from None
            raise
        self._is_away = False
        session.opened = session.opened or _opened(session)
        taken: Opened = session.opened
        return taken

    def give_back(self, opened: Opened) -> None:
        """Give a session back to the pool."""
        opened.connection.forget()
        opened.session.used_at = time.monotonic()
        self._opened_pool().putconn(opened.session)

    def _told(self, error: psycopg.Error) -> None:
        """Remember why the pool could not connect."""
        self._refused = str(error), time.monotonic()

    def _opened_pool(self) -> Any:
        """The pool of this process, opened at the first use after a fork."""
        pool = self._present_pool()
        if pool is None:
            with self._lock:
                pool = self._present_pool()
                if pool is None:
                    pool = ConnectionPool(
                        self._address, connection_class=Session, min_size=0, max_size=MOST_SESSIONS,
                        open=True, timeout=PATIENCE_S, max_idle=IDLE_S, name="tgpay",
                        kwargs={"told": self._told},
                        configure=self._configure, check=self._check, reconnect_timeout=PATIENCE_S)
                    self._pool = os.getpid(), pool
        return pool

    def _present_pool(self) -> Any:
        return self._pool[1] if self._pool is not None and self._pool[0] == os.getpid() else None

    @staticmethod
    def _configure(session: Session) -> None:
        session.execute(READ_ONLY)

    @staticmethod
    def _check(session: Session) -> None:
        """Make sure that a session that was not used for a while is still there."""
        if time.monotonic() > session.used_at + UNCHECKED_S:
            ConnectionPool.check_connection(session)

    def _measure(self, session: Session) -> None:
        """Follow the time of the database, so that all nodes have the same, whatever their own clocks say."""
        before = clock.host_now()
        row = session.execute("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)"
                              ).fetchone()
        assert row is not None
        clock.follow(row[0] - (before + clock.host_now()) // 2)
        self._measured = time.monotonic()

    def failed(self) -> None:
        """Give this thread's session up after an error, and look at the others of the pool."""
        self.generation += 1
        self.leave()
        pool = self._present_pool()
        if pool is not None:
            with suppress(Exception):
                pool.check()

    @property
    def number(self) -> int:
        """How many sessions the pool has."""
        pool = self._present_pool()
        return int(pool.get_stats()["pool_size"]) if pool is not None else 0

    def leave(self) -> None:
        """Give this thread's session back to the pool."""
        opened: Opened | None = getattr(self._local, "opened", None)
        self._local.opened = None
        if opened is not None and opened.pid == os.getpid():
            self.give_back(opened)

    def close(self) -> None:
        """End the sessions of this process."""
        self.leave()
        pool = self._present_pool()
        if pool is not None:
            pool.close()
        self._pool = None
