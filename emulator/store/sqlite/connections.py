"""The connections of one process to its database: one reading for each active thread, and one writing.

A reading connection refuses every change. The writing connection is used only under the write lock. Both
belong to the files that were opened; this module notices when these files are removed or replaced.
"""
import os
import threading
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Generic, TypeVar

from msgspec import Struct

from ..access import Reader, Writer
from ..troubles import Unusable
from .connection import Connection, connect, lacks_log, wait_for_log
from .files import GONE, LOG_GONE, Files, Replaced, inode
from .locks import BUSY_TIMEOUT_MS, WriteLock

MOST_IDLE = 16
Access = TypeVar("Access", bound=Reader)


class Opened(Struct, Generic[Access], eq=False):
    """A connection and its tables."""

    connection: Connection
    tables: Access
    patience_ms: int = BUSY_TIMEOUT_MS

    def tables_of(self, owner: str | None) -> Access:
        """The tables of one owner of merchants, or of everybody for None."""
        return self.tables if owner is None else type(self.tables)(self.connection, owner)

    def be_patient(self, patience_ms: int) -> None:
        """Set how long to wait for programs that lock the database without our lock, in milliseconds."""
        if self.patience_ms != patience_ms:
            self.connection.execute(f"PRAGMA busy_timeout = {patience_ms}")
            self.patience_ms = patience_ms


class Connections:
    """The connections that a process has to a database. Methods raise Unusable if the files cannot be used.

    `generation` counts the logs: the log of a connection of an earlier generation was removed. No connection
    to the next log is opened before those are closed: SQLite would have all of this process share their index
    of the log, and if that was removed too, other processes would have another one for the same log.
    Only a database that `is_lasting` must be whole after the machine has lost its power.
    """

    def __init__(self, path: Path, lock: WriteLock, is_lasting: bool) -> None:
        self.path = path
        self.lock = lock
        self._is_lasting = is_lasting
        self.generation = 0
        self.files = Files(path)
        self._has_left = False  # whether the log of a replaced file was emptied
        self._local = threading.local()
        self._idle: deque[Opened[Reader]] = deque()  # connections of threads that ended or wait
        self._writing: Opened[Writer] | None = None
        self._opened: weakref.WeakSet[Connection] = weakref.WeakSet()
        self._counting = threading.Lock()
        # whether the database has all that is in the removed log, and its connections are to be closed
        self._is_parting = False

    @property
    def number(self) -> int:
        """The number of open connections."""
        with self._counting:
            return len(self._open_ones())

    def present(self) -> Opened[Reader] | None:
        """This thread's reading connection if it has a usable one, else None."""
        opened: Opened[Reader] | None = getattr(self._local, "opened", None)
        return opened if opened and self._is_current(opened) else None

    def own(self) -> Opened[Reader]:
        """This thread's reading connection, opened if necessary.

        Raises Unusable once if its log was removed: what was read from it is not used any further.
        """
        opened = self.present()
        if opened is None:
            if self._close_own():
                raise Unusable(LOG_GONE)
            opened = self._local.opened = self._left_over() or self.opened(Reader)
        return opened

    def _close_own(self) -> bool:
        """Close this thread's reading connection; return whether there was one."""
        opened: Opened[Reader] | None = getattr(self._local, "opened", None)
        self._local.opened = None
        if opened is not None:
            opened.connection.close()
        return opened is not None

    def opened(self, kind: type[Access]) -> Opened[Access]:
        """A new connection with tables of this class."""
        self.files.check()
        if self._log_is_gone():
            raise Unusable(LOG_GONE)
        wait_for_log(self._lacks_log)
        return self._open(kind)

    def _lacks_log(self) -> bool:
        """Whether others have a removed log open. A process with a connection knows by `_log_is_gone`."""
        with self._counting:
            return self.files.are_known and not self._open_ones() and lacks_log(self.path)

    def _open(self, kind: type[Access]) -> Opened[Access]:
        connection = self._connected()
        if not self._is_lasting:
            connection.execute("PRAGMA synchronous = OFF")  # waiting for the disk would be in vain
        if not issubclass(kind, Writer):
            connection.execute("PRAGMA query_only = ON")
        if not self.is_in_place():
            connection.close()
            raise Unusable(GONE)
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()  # opens the log
        if self.files.logs is None:
            self.files.logs = self.files.present_logs()
        return Opened(connection, kind(connection))

    def _connected(self) -> Connection:
        """A new connection. Raises Unusable while one to a removed log is open."""
        with self._counting:
            origin = os.getpid(), self.generation
            if any(each.origin != origin for each in self._open_ones()):
                raise Unusable(LOG_GONE)
            connection = connect(self.path, "rw" if self.files.are_known else "rwc")
            connection.origin = origin
            self._opened.add(connection)
            return connection

    def _open_ones(self) -> list[Connection]:
        """The open connections of this process. The caller holds the lock `_counting`."""
        return [each for each in self._opened if each.is_open and each.origin[0] == os.getpid()]

    def _is_current(self, opened: Opened[Access]) -> bool:
        return opened.connection.origin == (os.getpid(), self.generation)

    def _left_over(self) -> Opened[Reader] | None:
        with suppress(IndexError):
            while True:
                opened = self._idle.pop()
                if self._is_current(opened):
                    return opened
                opened.connection.close()
        return None

    def _written_by(self) -> Opened[Writer] | None:
        """The writing connection if there is a usable one, else None."""
        return self._writing if self._writing and self._is_current(self._writing) else None

    @contextmanager
    def exclusive(self) -> Iterator[Opened[Writer]]:
        """The writing connection, under the write lock and with the files that were opened."""
        if self._written_by() is None:
            wait_for_log(self._lacks_log)
        with self.lock.hold():
            try:
                self.files.check()
            except Replaced:
                self._leave_behind()
                raise
            self._renew()
            writing = self._written_by()
            if writing is None:
                writing = self._writing = self.opened(Writer)
            yield writing

    def keep_to(self, identity: str) -> None:
        """Accept only the database that is at the path now; any file that replaces it is refused."""
        if self.files.begin() != identity:  # it is still in the log, because others have the file open
            self.own().connection.execute("PRAGMA wal_checkpoint(FULL)")
            self.files.begin()

    def is_in_place(self) -> bool:
        """Whether the file at the path is the one that was opened."""
        return not self.files.are_known or inode(self.path) is not None and not self.files.is_replaced

    def look(self) -> None:
        """Check that the files are those that were opened. Raises Unusable."""
        try:
            self.files.check()
        except Replaced:
            with self.lock.hold():
                self._leave_behind()
            raise
        if self._log_is_gone():
            with self.lock.hold():
                self._renew()

    def _log_is_gone(self) -> bool:
        """Whether the log was removed, and this process has not opened the next one yet.

        Once this process has closed the removed log, the next one may get its inode.
        """
        return self._is_parting or self.files.logs not in (None, self.files.present_logs())

    def _renew(self) -> None:
        """If the log was removed, take it over into the database and begin another one.

        The removed log is still open, so nothing is lost. The first process that sees it does this and notes
        the new log; the others then only open the new one. Raises Unusable while other threads of this
        process use the removed log.
        """
        if not self._log_is_gone():
            return
        present = self.files.present_logs()
        if not self._is_parting and self.lock.noted() != str(present):
            last = self._any()
            if (last is None or present[0]
                    or last.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]):
                raise Unusable(LOG_GONE)
        self._is_parting = True
        with self._counting:
            self.generation += 1
        self._close_all()
        self._idle.append(self._open(Reader))
        self.files.logs = self.files.present_logs()
        self.lock.note(str(self.files.logs))
        self._is_parting = False

    def _any(self) -> Opened[Any] | None:
        """A usable connection that is open and that no other thread uses."""
        opened: Opened[Any] | None = self._written_by() or self.present()
        if opened is None and (opened := self._left_over()):
            self._idle.append(opened)
        return opened

    def _close_all(self) -> None:
        """Close the connections of earlier generations.

        Raises Unusable if one is in use by another thread, or if this thread had one.
        """
        if self._writing:
            self._writing.connection.close()
        self._writing = None
        self._left_over()  # all are of an earlier generation now
        if self._close_own() or self.number:
            raise Unusable(LOG_GONE)

    def _leave_behind(self) -> None:
        """Empty the log of a database file that was replaced, so that it is not applied to the new file."""
        opened = self._written_by() or getattr(self._local, "opened", None) or self._left_over()
        if opened is not None and not self._has_left:  # a new connection would open the new file
            self._has_left = not opened.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            if opened is not self._writing:
                self._local.opened = opened

    def part(self) -> None:
        """Prepare for the end of the process: if the database file was replaced, empty its log."""
        if self.files.are_known and self.files.is_replaced:
            with suppress(Unusable), self.lock.hold():
                self._leave_behind()

    def leave(self) -> None:
        """Give this thread's connection back, for use by other threads."""
        opened = self.present()
        if opened is not None and len(self._idle) < MOST_IDLE:
            self._local.opened = None
            self._idle.append(opened)
        else:
            self._close_own()

    def close(self) -> None:
        """Close this thread's connection, the unused ones, and the writing one."""
        self.leave()
        while opened := self._left_over():
            opened.connection.close()
        if writing := self._written_by():
            writing.connection.close()
        self._writing = None
        self.files.logs = None
