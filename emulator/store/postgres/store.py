"""The database of a PostgreSQL server: reading, and transactions that write.

A thread keeps a session of the pool until `leave`. Sessions read only, until a transaction begins; it takes
the lock of its merchant, or runs alone.
"""
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

import psycopg

from .. import database
from ..access import Reader, Writer
from ..database import OwnReader
from ..tidying import Tidying
from ..troubles import Unusable
from .claims import Claims
from .connection import Connection
from .locks import BEGIN_SHARED, Leadership, begin
from .nodes import CHANGED, LISTEN, WORK, Teller
from .sessions import Opened, Sessions
from .troubles import is_trouble, sentence


class Store(database.Store):
    """A database of a PostgreSQL server. `address` has its password, and must not be shown."""

    def __init__(self, address: str, wake: Callable[[], None] = lambda: None) -> None:
        super().__init__(wake)
        self._sessions = Sessions(address)
        self._teller = Teller(self._sessions.connect)
        self._delete = Tidying(self.read, self.write, self.checkpoint)
        self._claims = Claims(self._present, self._changing, self._teller.tell)
        self.claims = self._claims

    def read(self) -> Reader:
        """The tables for reading; each statement sees what is committed when it begins."""
        with self.reported():
            return self._sessions.own().reader_of(self.owner)

    def opened(self) -> OwnReader:
        """The tables for reading, on a session that is told of what other nodes commit."""
        with self.reported():
            session = self._sessions.connect()
            session.execute(LISTEN)
            return OwnReader(Connection(session), session.close)

    @property
    def generation(self) -> int:
        """The number of troubles so far: each may have ended the sessions that were opened before."""
        return self._sessions.generation

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
            self._sessions.failed(error)
            self.troubles.begin(sentence(error))
            raise Unusable(sentence(error)) from error

    def write(self, merchants_id: str | None = None) -> AbstractContextManager[Writer]:
        """A write transaction, which holds the lock of its merchant or that of all."""
        return self._transaction(begin(merchants_id))

    def _write_together(self) -> AbstractContextManager[Writer]:
        return self._transaction(BEGIN_SHARED)

    @contextmanager
    def _transaction(self, statements: str) -> Iterator[Writer]:
        with self._in_session(statements) as opened:
            writer = opened.writer_of(self.owner)
            writer.wakes_scheduler = False
            yield writer
            leaves_work = writer.wakes_scheduler
        self._teller.tell(CHANGED, *([WORK] if leaves_work else []))
        if leaves_work:
            self.wake()

    @contextmanager
    def _in_session(self, statements: str) -> Iterator[Opened]:
        """A transaction on this thread's session, committed after the block."""
        with self.reported():
            opened = self._begun(statements)
            try:
                yield opened
                opened.session.execute("COMMIT")
            except BaseException:
                with suppress(psycopg.Error):
                    opened.session.execute("ROLLBACK")
                raise
        self.troubles.end()

    @contextmanager
    def _changing(self, statements: str) -> Iterator[Connection]:
        """A transaction that changes nothing that other nodes are told of."""
        with self._in_session(statements) as opened:
            yield Connection(opened.session)

    def _present(self) -> Connection:
        """This thread's connection, within its transaction if it has one."""
        with self.reported():
            return Connection(self._sessions.own().session)

    def _begun(self, statements: str) -> Opened:
        """This thread's session with a transaction begun; a session that was lost meanwhile is replaced."""
        opened = self._sessions.own()
        try:
            opened.session.execute(statements)
        except psycopg.OperationalError as error:
            if not opened.session.closed:
                opened.session.execute("ROLLBACK")
                raise
            self._sessions.failed(error)
            opened = self._sessions.own()
            opened.session.execute(statements)
        return opened

    def leadership(self) -> Leadership:
        """The leadership, as a lock of a session."""
        with self.reported():
            return Leadership(self._sessions.connect, self._claims.holder())

    def checkpoint(self) -> None:
        """Do nothing: PostgreSQL does it by itself."""

    def tidy(self, real: int, keep: int | None, most: int | None) -> None:
        """Delete old entries and orders that have ended; PostgreSQL uses their room again by itself."""
        self._delete(real, keep, most)
        self._claims.forget()

    @property
    def opened_connections(self) -> int:
        """The number of sessions that this process has in its pool."""
        return self._sessions.number

    def leave(self) -> None:
        """Give this thread's session back to the pool."""
        self._sessions.leave()

    def close(self) -> None:
        """End the sessions of this process."""
        self._sessions.close()
        self._teller.end()
        self._teller = Teller(self._sessions.connect)
