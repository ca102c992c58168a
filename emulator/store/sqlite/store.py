"""The database in a file: reading, and transactions that write.

A write transaction is `BEGIN IMMEDIATE` under a lock that all threads and processes of this database share.
Waiting for a lock of the kernel is fair and quick; SQLite's busy handler sleeps, and some writers starve. The
busy timeout is for other programs that have the file open.
"""
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from .. import database
from ..access import Reader, Writer
from ..database import OwnReader, Snapshot
from ..troubles import HELD, Unusable
from .connections import Connections
from .locks import BUSY_TIMEOUT_MS, Leadership, WriteLock
from .maintenance import Maintenance
from .troubles import is_trouble, sentence

BRIEF_MS = 100  # after a wait that was in vain
LONG_S = 1.0
LOOK_S = 0.05


class Store(database.Store):
    """A database in a file."""

    def __init__(self, path: str | Path, wake: Callable[[], None] = lambda: None,
                 is_lasting: bool = True) -> None:
        super().__init__(wake)
        self.path = Path(path)
        self.lock = WriteLock(self.path, self._paused)
        self._connections = Connections(self.path, self.lock, is_lasting)
        self._maintenance = Maintenance(self._connections, self.write)
        self._looked = 0.0

    def keep_to(self, identity: str) -> None:
        """Accept only the database that is at the path now; `identity` is the one stored in it."""
        with self.reported():
            self._connections.keep_to(identity)

    def is_in_place(self) -> bool:
        """Whether the file at the path is the one that was opened."""
        return self._connections.is_in_place()

    @property
    def opened_connections(self) -> int:
        """The number of connections to the database that this process has open."""
        return self._connections.number

    @property
    def generation(self) -> int:
        """The number of the database's log; the log of an earlier generation was removed."""
        return self._connections.generation

    def read(self) -> Reader:
        """The tables for reading; each statement sees what is committed when it begins."""
        now = time.monotonic()
        if now - self._looked > LOOK_S:
            self.look()
            self._looked = now
        opened = self._connections.present()
        if opened is None:
            with self.reported():
                opened = self._connections.own()
        return opened.tables_of(self.owner)

    def opened(self) -> OwnReader:
        """The tables for reading, on a new connection that the caller closes."""
        with self.reported():
            connection = self._connections.opened(Reader).connection
            return OwnReader(connection, connection.close)

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """The tables as they are now, in a transaction that reads only."""
        with self.reported(), closing(self._connections.opened(Reader).connection) as connection:
            connection.execute("BEGIN")
            yield Snapshot(connection, self.owner)

    def look(self) -> None:
        """Check that the files are those that were opened. Raises Unusable."""
        with self.reported():
            self._connections.look()

    @contextmanager
    def reported(self) -> Iterator[None]:
        """Log database errors of a block. Raises Unusable for errors of the file, the disk and locks."""
        try:
            yield
        except Unusable as trouble:
            self._looked = 0.0
            self.troubles.begin(str(trouble))
            raise
        except sqlite3.Error as error:
            if not is_trouble(error):
                raise
            reason = sentence(error)
            self.lock.is_held = self.lock.is_held or reason == HELD
            self.troubles.begin(reason)
            raise Unusable(reason) from error

    @contextmanager
    def write(self, merchants_id: str | None = None) -> Iterator[Writer]:
        """A write transaction, which runs alone whichever merchant it is about."""
        begun = time.monotonic()
        with self.reported(), self._connections.exclusive() as opened:
            has_waited = self.lock.is_held or time.monotonic() > begun + LONG_S
            opened.be_patient(BRIEF_MS if has_waited else BUSY_TIMEOUT_MS)
            connection, writer = opened.connection, opened.tables_of(self.owner)
            connection.execute("BEGIN IMMEDIATE")
            self.lock.is_held = False
            writer.wakes_scheduler = False
            try:
                yield writer
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            leaves_work = writer.wakes_scheduler
        self.troubles.end()
        if leaves_work:
            self.wake()

    def leadership(self) -> Leadership:
        """The leadership, as a lock on a file beside the database."""
        return Leadership(self.path)

    def checkpoint(self) -> None:
        """Copy committed changes from the log into the database; writers wait only if the log is long."""
        self.look()
        self._maintenance.checkpoint()

    def tidy(self, real: int, keep: int | None, most: int | None) -> None:
        """Delete old entries and return free pages to the disk, with pauses for other writers.

        Old are entries of more than `keep` milliseconds of real time, and those beyond the newest `most`;
        None means no limit. `real` is the present instant in real time.
        """
        self._maintenance.tidy(real, keep, most)

    def leave(self) -> None:
        """Give this thread's connection back, for use by other threads; call it before waiting or ending."""
        self._connections.leave()

    def part(self) -> None:
        """Prepare for the end of the process: if the database file was replaced, empty its log."""
        self._connections.part()

    def close(self) -> None:
        """Close this thread's connection, the unused ones, the writing one, and the lock."""
        self._connections.close()
        self.lock.close()
