"""The database as others use it: reading, and transactions that write.

A write transaction is `BEGIN IMMEDIATE` under a lock that all threads and processes of this database share:
waiting in the kernel for a lock is fair and prompt, SQLite's busy handler sleeps and starves. The busy
timeout is left for other programs that have the file open.
"""
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .access import Reader, Writer
from .connections import BUSY_TIMEOUT_MS, Connections, OwnReader
from .locks import WriteLock
from .maintenance import Maintenance
from .schema import VERSION
from .troubles import HELD, Log, Unusable, is_trouble, sentence

BRIEF_MS = 100  # once somebody has been waited for in vain
LONG_S = 1.0
LOOK_S = 0.05


class Store:
    """One database, used by any number of threads and processes.

    `wake` is called after a commit that leaves work for the scheduler. A store does not survive a fork: use
    `close` before. What needs the database raises Unusable when it cannot be used.
    """

    def __init__(self, path: str | Path, wake: Callable[[], None] = lambda: None) -> None:
        self.path = Path(path)
        self.wake = wake
        self.lock = WriteLock(self.path)
        self.troubles = Log()
        self._connections = Connections(self.path, self.lock)
        self._maintenance = Maintenance(self._connections, self.write)
        self._looked = 0.0

    def keep_to(self, identity: str) -> None:
        """Use the database that is at the path now, and no other that comes into its place; `identity` is
        what it says it is."""
        with self.reported():
            self._connections.keep_to(identity)

    def is_in_place(self) -> bool:
        """Whether the file that is at the path is the one that was opened."""
        return self._connections.is_in_place()

    @property
    def generation(self) -> int:
        """The number of the database's log: what was opened under an earlier one has a log that was
        removed."""
        return self._connections.generation

    def read(self) -> Reader:
        """The tables, for reading; each statement sees what is committed when it begins."""
        now = time.monotonic()
        if now - self._looked > LOOK_S:
            self.look()
            self._looked = now
        opened = self._connections.present()
        if opened is None:
            with self.reported():
                opened = self._connections.own()
        return opened.tables

    def opened(self) -> OwnReader:
        """The tables for reading, on a connection that belongs to whoever asks, who closes it."""
        with self.reported():
            return self._connections.opened(OwnReader).tables

    def look(self) -> None:
        """See that the files are those that were opened. Raises Unusable."""
        with self.reported():
            self._connections.look()

    @contextmanager
    def reported(self) -> Iterator[None]:
        """Say in the log what makes the database unusable. Raises Unusable for errors of the file, the disk
        and locks."""
        try:
            yield
        except Unusable as trouble:
            self._looked = 0.0
            self.troubles.begin(str(trouble))
            raise
        except sqlite3.Error as error:
            if not is_trouble(error):
                raise
            told = sentence(error)
            self.lock.is_held = self.lock.is_held or told == HELD
            self.troubles.begin(told)
            raise Unusable(told) from error

    @contextmanager
    def write(self) -> Iterator[Writer]:
        """The tables in a write transaction: committed at the end of the block, undone when it raises. Raises
        Unusable."""
        begun = time.monotonic()
        with self.reported(), self._connections.exclusive() as opened:
            has_waited = self.lock.is_held or time.monotonic() > begun + LONG_S
            opened.be_patient(BRIEF_MS if has_waited else BUSY_TIMEOUT_MS)
            connection, writer = opened.connection, opened.tables
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

    def check(self) -> Reader:
        """The tables, when the database can be written. Raises Unusable."""
        try:
            self.look()
            with self.write() as writer:
                writer.touch(VERSION)
            return self.read()
        except Unusable as error:
            raise Unusable(f"the database cannot be written: {error}") from error

    def checkpoint(self) -> None:
        """Take what was committed over from the log into the database, beside the writers, who wait only when
        the log has become long."""
        self.look()
        self._maintenance.checkpoint()

    def tidy(self, real: int, keep: int | None, most: int | None) -> None:
        """Delete what is older than `keep` milliseconds of real time or beyond the newest `most` entries, and
        give free pages back to the disk, with pauses for those who write meanwhile. None: there is no such
        limit."""
        self._maintenance.tidy(real, keep, most)

    def leave(self) -> None:
        """Leave this thread's connection to others: what a thread does that has done its work, or waits."""
        self._connections.leave()

    def part(self) -> None:
        """Called when the process is about to end: where another file is in the place of the database, its
        log stays apart."""
        self._connections.part()

    def close(self) -> None:
        """Close this thread's connection, those that nobody uses, the one that writes, and the lock."""
        self._connections.close()
        self.lock.close()
