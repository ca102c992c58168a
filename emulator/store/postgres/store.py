"""The database of a PostgreSQL server: reading, and transactions that write.

A thread keeps a session of the pool until `leave`. Sessions read only, until a transaction begins; it takes
the lock of its merchant, or runs alone.
"""
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from ...base import clock
from .. import database
from ..access import Reader, Writer
from ..troubles import Unusable
from ..upkeep import BATCH
from .connection import PATIENCE_S, Connection, Session
from .locks import BEGIN_SHARED, Leadership, begin
from .nodes import LISTEN, Teller
from .troubles import is_trouble, sentence

MOST_SESSIONS = 20
READ_ONLY = "SET default_transaction_read_only = on"
TIME_EVERY_S = 10.0
TIDY_PAUSE_S = 0.02
IDLE_S = 60.0
UNCHECKED_S = 1.0  # a session that was used so lately is taken as it is
AWAY_S = 0.2  # how long to wait for a session after a wait that was in vain
logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)  # the store says it once a minute


class OwnReader(database.OwnReader):
    """A reader with a session of its own, which listens to what other nodes commit."""

    def __init__(self, session: Session) -> None:
        super().__init__(Connection(session))
        self._session = session
        session.execute(LISTEN)

    def close(self) -> None:
        """End the session."""
        self._session.close()


@dataclass
class Opened:
    """A session of the pool and the tables on it, in the process `pid`."""

    session: Session
    reader: Reader
    writer: Writer
    pid: int


class Store(database.Store):
    """A database of a PostgreSQL server. `address` has its password, and must not be shown."""

    def __init__(self, address: str, wake: Callable[[], None] = lambda: None) -> None:
        super().__init__(wake)
        self._address = address
        self._local = threading.local()
        self._lock = threading.Lock()
        self._pool: tuple[int, Any] | None = None
        self._teller = Teller(self._connected)
        self._measured = -TIME_EVERY_S
        self._is_away = False
        self._generation = 0

    def _connected(self) -> Session:
        return Session.connect(self._address)

    def _sessions(self) -> Any:
        """The pool of this process, opened at the first use after a fork."""
        pid = os.getpid()
        if self._pool is None or self._pool[0] != pid:
            with self._lock:
                if self._pool is None or self._pool[0] != pid:
                    pool: Any = ConnectionPool(
                        self._address, connection_class=Session, min_size=0, max_size=MOST_SESSIONS,
                        open=True, timeout=PATIENCE_S, max_idle=IDLE_S, name="tgpay",
                        configure=self._configure, check=self._check, reconnect_timeout=PATIENCE_S)
                    self._pool = pid, pool
        return self._pool[1]

    @staticmethod
    def _configure(session: Session) -> None:
        session.execute(READ_ONLY)

    @staticmethod
    def _check(session: Session) -> None:
        """Make sure that a session that was not used for a while is still there. Raises psycopg.Error."""
        if time.monotonic() > session.used_at + UNCHECKED_S:
            ConnectionPool.check_connection(session)

    def _own(self) -> Opened:
        """This thread's session, taken from the pool if necessary."""
        opened: Opened | None = getattr(self._local, "opened", None)
        if opened is None or opened.pid != os.getpid() or opened.session.closed:
            self.leave()
            session = self._sessions().getconn(AWAY_S if self._is_away else PATIENCE_S)
            self._is_away = False
            connection = Connection(session)
            opened = Opened(session, Reader(connection), Writer(connection), os.getpid())
            self._local.opened = opened
        if time.monotonic() > self._measured + TIME_EVERY_S:
            self._measure(opened.session)
        return opened

    def _measure(self, session: Session) -> None:
        """Follow the time of the database, so that all nodes have the same, whatever their own clocks say."""
        before = clock.host_now()
        row = session.execute("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)"
                              ).fetchone()
        assert row is not None
        clock.follow(row[0] - (before + clock.host_now()) // 2)
        self._measured = time.monotonic()

    def read(self) -> Reader:
        """The tables for reading; each statement sees what is committed when it begins."""
        with self.reported():
            return self._own().reader

    def opened(self) -> OwnReader:
        """The tables for reading, on a session that is told of what other nodes commit."""
        with self.reported():
            return OwnReader(self._connected())

    @property
    def generation(self) -> int:
        """The number of troubles so far: each may have ended the sessions that were opened before."""
        return self._generation

    def look(self) -> None:
        """Do nothing: a database that was lost shows itself at the next statement."""

    @contextmanager
    def reported(self) -> Iterator[None]:
        """Log database errors of a block. Raises Unusable for errors of the database and its connection."""
        try:
            yield
        except Unusable as trouble:
            self.troubles.begin(str(trouble))
            raise
        except Exception as error:
            if not is_trouble(error):
                raise
            self._is_away = isinstance(error, PoolTimeout)
            self._generation += 1
            self._drop()
            self.troubles.begin(sentence(error))
            raise Unusable(sentence(error)) from error

    def write(self, merchants_id: str | None = None) -> AbstractContextManager[Writer]:
        """A write transaction, which holds the lock of its merchant or that of all."""
        return self._transaction(begin(merchants_id))

    def _write_together(self) -> AbstractContextManager[Writer]:
        return self._transaction(BEGIN_SHARED)

    @contextmanager
    def _transaction(self, statements: str) -> Iterator[Writer]:
        with self.reported():
            opened = self._begun(statements)
            session, writer = opened.session, opened.writer
            writer.wakes_scheduler = False
            try:
                yield writer
                session.execute("COMMIT")
            except BaseException:
                with suppress(psycopg.Error):
                    session.execute("ROLLBACK")
                raise
            leaves_work = writer.wakes_scheduler
        self.troubles.end()
        self._teller.tell(leaves_work)
        if leaves_work:
            self.wake()

    def _begun(self, statements: str) -> Opened:
        """This thread's session with a transaction begun; a session that was lost meanwhile is replaced."""
        opened = self._own()
        try:
            opened.session.execute(statements)
        except psycopg.OperationalError:
            if not opened.session.closed:
                opened.session.execute("ROLLBACK")
                raise
            self._drop()
            opened = self._own()
            opened.session.execute(statements)
        return opened

    def leadership(self) -> Leadership:
        """The leadership, as a lock of a session."""
        with self.reported():
            return Leadership(self._connected)

    def checkpoint(self) -> None:
        """Do nothing: PostgreSQL does it by itself."""

    def tidy(self, real: int, keep: int | None, most: int | None) -> None:
        """Delete old entries; PostgreSQL uses their room again by itself."""
        with self.write() as writer:
            writer.upkeep.mark(real)
            deleted = writer.upkeep.delete_some(real, keep, most)
        while deleted >= BATCH:
            time.sleep(TIDY_PAUSE_S)
            with self.write() as writer:
                deleted = writer.upkeep.delete_some(real, keep, most)

    def leave(self) -> None:
        """Give this thread's session back to the pool."""
        opened: Opened | None = getattr(self._local, "opened", None)
        self._local.opened = None
        if opened is not None and opened.pid == os.getpid():
            opened.session.used_at = time.monotonic()
            self._sessions().putconn(opened.session)

    def _drop(self) -> None:
        """Give this thread's session up, and have the pool look at the others."""
        self.leave()
        if self._pool is not None and self._pool[0] == os.getpid():
            with suppress(Exception):
                self._pool[1].check()

    def close(self) -> None:
        """End the sessions of this process."""
        self.leave()
        if self._pool is not None and self._pool[0] == os.getpid():
            self._pool[1].close()
        self._pool = None
        self._teller.end()
        self._teller = Teller(self._connected)
