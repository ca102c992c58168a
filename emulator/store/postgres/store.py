"""The database of a PostgreSQL server: reading, and transactions that write.

A thread keeps a session of the pool until `leave`. Sessions read only, until a transaction begins; it takes
the lock of its merchant, or runs alone.
"""
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from functools import partial

import psycopg

from .. import database
from ..access import Reader, Writer
from ..clock import SETTING
from ..database import OwnReader, Snapshot
from ..merchants import SETTINGS
from ..orders import BY_NUMBER
from ..scenarios import ACTIVE
from ..tidying import Tidying
from ..troubles import Unusable
from .claims import Claims
from .connection import Connection
from .lanes import Lane, Lanes
from .locks import BEGIN_SHARED, Leadership, begin
from .news import News
from .nodes import CHANGED, LISTEN, WORK, Teller
from .sessions import Opened, Sessions
from .statements import Question
from .troubles import is_trouble, sentence


def _clock(merchants_id: str = "") -> Question:
    """What is asked for a merchant's clock, or without a number for the shared one."""
    return SETTING, {"mid": merchants_id}


class Store(database.Store):
    """A database of a PostgreSQL server. `address` has its password, and must not be shown."""

    def __init__(self, address: str, wake: Callable[[], None] = lambda: None) -> None:
        super().__init__(wake)
        self._sessions = Sessions(address)
        self._teller = Teller(self._sessions.connect)
        self._news = News(self._sessions)
        self._lanes = Lanes()
        self._foreseen = threading.local()
        self._delete = Tidying(self.read, self.write, self.checkpoint)
        self._claims = Claims(self._present, self._claiming, self._tell)
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

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """The tables as they are now, in a transaction that reads only."""
        with self.reported(), closing(self._sessions.connect()) as session:
            connection = Connection(session)
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield Snapshot(connection, self.owner)

    @contextmanager
    def listening(self) -> Iterator[Callable[[], object]]:
        """A function that waits until others have committed something, or for a moment.

        Meanwhile other threads may use this one's session.
        """
        def wait() -> bool:
            self.leave()
            return hear()

        with ExitStack() as listening:
            self.leave()
            with self.reported():
                hear = listening.enter_context(self._news.listening())
            yield wait

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
            self._sessions.failed()
            self.troubles.begin(sentence(error))
            raise Unusable(sentence(error)) from error

    @contextmanager
    def foreseen(self, merchants_id: str, out_trade_no: str, reads: bool) -> Iterator[None]:
        """A block in which this thread asks for a merchant and one of its orders, in few trips."""
        connection = self._sessions.own().connection
        orders = [(BY_NUMBER, {"mid": merchants_id, "no": out_trade_no})] if out_trade_no else []
        connection.foresee([(SETTINGS, {"id": merchants_id}), (ACTIVE, {"mid": merchants_id}),
                            *([_clock(merchants_id), *orders] if reads else [])])
        self._foreseen.orders = orders
        try:
            yield
        finally:
            connection.forget()
            self._foreseen.orders = []

    def write(self, merchants_id: str | None = None) -> AbstractContextManager[Writer]:
        """A write transaction, which holds the lock of its merchant or that of all."""
        if merchants_id is None:
            return self._transaction(Lane(), partial(self._begun, begin(None), [_clock()]))
        ahead = [_clock(merchants_id), (ACTIVE, {"mid": merchants_id}),
                 *getattr(self._foreseen, "orders", ())]
        return self._transaction(self._lanes.of(merchants_id),
                                 partial(self._begun, begin(merchants_id), ahead), ahead)

    def _write_together(self) -> AbstractContextManager[Writer]:
        return self._transaction(Lane(), partial(self._begun_later, BEGIN_SHARED))

    @contextmanager
    def _transaction(self, lane: Lane, begin: Callable[[], Opened],
                     ahead: Sequence[Question] = ()) -> Iterator[Writer]:
        """A transaction, or a part of one that threads with the same lane commit together."""
        with self.reported(), lane.part(begin, ahead, self._committed) as group:
            writer = group.opened.writer_of(self.owner)
            writer.wakes_scheduler = False
            yield writer
            group.leaves_work |= writer.wakes_scheduler

    @contextmanager
    def _claiming(self, statements: Sequence[Question]) -> Iterator[Connection]:
        """A transaction of this thread alone, begun by statements, of which other nodes are told nothing."""
        def committed(_leaves_work: bool) -> None:
            self.troubles.end()

        with self.reported(), Lane().part(partial(self._begun_later, statements), (), committed) as group:
            yield group.opened.connection

    def _present(self) -> Connection:
        """This thread's connection."""
        with self.reported():
            return self._sessions.own().connection

    def _begun(self, statements: Sequence[Question], ahead: Sequence[Question]) -> Opened:
        """This thread's session with a transaction begun; a session that was lost meanwhile is replaced."""
        opened = self._sessions.own()
        try:
            opened.connection.begin(statements, ahead)
        except psycopg.OperationalError:
            if not opened.session.closed:
                opened.connection.roll_back()
                raise
            self._sessions.failed()
            opened = self._sessions.own()
            opened.connection.begin(statements, ahead)
        return opened

    def _begun_later(self, statements: Sequence[Question]) -> Opened:
        """This thread's session; the transaction begins with its first statement."""
        opened = self._sessions.own()
        opened.connection.begin_later(statements)
        return opened

    def _committed(self, leaves_work: bool) -> None:
        """Tell everybody of a commit."""
        self.troubles.end()
        self._tell(CHANGED, *([WORK] if leaves_work else []))
        if leaves_work:
            self.wake()

    def _tell(self, *channels: str) -> None:
        """Tell other nodes by the present teller: `close` replaces it, so nobody may keep its method."""
        self._teller.tell(*channels)

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
