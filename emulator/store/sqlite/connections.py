"""The connections of one process to its database: one reading for each active thread, and one writing.

A reading connection refuses every change. The writing connection is used only under the write lock. Both
belong to the files that were opened; this module notices when these files are removed or replaced.
"""
import os
import sqlite3
import threading
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from msgspec import Struct

from ..access import Reader, Writer
from ..connection import NO_LIMIT
from ..troubles import Unusable
from .files import GONE, LOG_GONE, Files, Replaced, inode
from .locks import BUSY_TIMEOUT_MS, WriteLock

MOST_IDLE = 16
Access = TypeVar("Access", bound=Reader)


class Connection(sqlite3.Connection):
    """A connection with what the tables need besides SQL."""

    def commits(self) -> int:
        """A number that changes when another connection commits."""
        return int(self.execute("PRAGMA data_version").fetchone()[0])

    def last_numbers(self) -> Mapping[str, int]:
        """The last number given to a row of each numbered table, as far as there was one."""
        return dict(self.execute("SELECT name, seq FROM sqlite_sequence").fetchall())

    def go_on_from(self, numbers: Mapping[str, int]) -> None:
        """Have the numbering of tables go on after these numbers."""
        for table, number in numbers.items():
            self.execute("DELETE FROM sqlite_sequence WHERE name = :table", {"table": table})
            self.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :number)",
                         {"table": table, "number": number})

    def complete_up_to(self, table: str) -> int:
        """No limit: transactions run one after the other, so their ids are committed in their order."""
        return NO_LIMIT

    def touch(self, version: int) -> None:
        """Write the schema's version; SQLite does not write a row whose values stay the same."""
        self.execute(f"PRAGMA user_version = {version}")

    def erase(self, tables: Iterable[str], counting_on: Iterable[str]) -> None:
        """Delete all rows of tables and restart their numbering, but for those `counting_on`."""
        for table in tables:
            self.execute(f"DELETE FROM {table}")
        kept = ", ".join(f"'{table}'" for table in counting_on)
        self.execute(f"DELETE FROM sqlite_sequence WHERE name NOT IN ({kept})")


def connect(path: Path, mode: str) -> Connection:
    """A connection in autocommit mode, on which readers and the writer do not block each other (WAL).

    `mode` is `rw`, or `rwc` to create the file if it does not exist.
    """
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode={mode}", timeout=BUSY_TIMEOUT_MS / 1_000,
                                 isolation_level=None, check_same_thread=False, uri=True,
                                 cached_statements=256, factory=Connection)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA wal_autocheckpoint = 0")  # `Store.checkpoint` does it, so commits stay short
    return connection


class Opened(Struct, Generic[Access], eq=False, weakref=True):
    """A connection and its tables; `origin` is the process id and the generation in which it was opened."""

    connection: Connection
    tables: Access
    origin: tuple[int, int]
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

    `generation` counts the logs: the log of a connection of an earlier generation was removed.
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
        self._opened: weakref.WeakSet[Opened[Any]] = weakref.WeakSet()

    @property
    def number(self) -> int:
        """The number of open connections."""
        return len(self._opened)

    def present(self) -> Opened[Reader] | None:
        """This thread's reading connection if it has a usable one, else None."""
        opened: Opened[Reader] | None = getattr(self._local, "opened", None)
        return opened if opened and self._is_current(opened) else None

    def own(self) -> Opened[Reader]:
        """This thread's reading connection, opened if necessary."""
        opened = self.present()
        if opened is None:
            opened = self._local.opened = self._left_over() or self.opened(Reader)
        return opened

    def opened(self, kind: type[Access]) -> Opened[Access]:
        """A new connection with tables of this class."""
        self.files.check()
        log, index = self.files.present_logs()
        if self.files.are_known and index and not log:  # other processes use a removed log
            raise Unusable(LOG_GONE)
        return self._open(kind)

    def _open(self, kind: type[Access]) -> Opened[Access]:
        connection = connect(self.path, "rw" if self.files.are_known else "rwc")
        if not self._is_lasting:
            connection.execute("PRAGMA synchronous = OFF")  # waiting for the disk would be in vain
        if not issubclass(kind, Writer):
            connection.execute("PRAGMA query_only = ON")
        if not self.is_in_place():
            raise Unusable(GONE)
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()  # opens the log
        if self.files.logs is None:
            self.files.logs = self.files.present_logs()
        opened = Opened(connection, kind(connection), (os.getpid(), self.generation))
        self._opened.add(opened)
        return opened

    def _is_current(self, opened: Opened[Access]) -> bool:
        return opened.origin == (os.getpid(), self.generation)

    def _left_over(self) -> Opened[Reader] | None:
        with suppress(IndexError):
            while True:
                opened = self._idle.pop()
                if self._is_current(opened):
                    return opened
        return None

    def _written_by(self) -> Opened[Writer] | None:
        """The writing connection if there is a usable one, else None."""
        return self._writing if self._writing and self._is_current(self._writing) else None

    @contextmanager
    def exclusive(self) -> Iterator[Opened[Writer]]:
        """The writing connection, under the write lock and with the files that were opened."""
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
        return self.files.logs not in (None, self.files.present_logs())

    def _renew(self) -> None:
        """If the log was removed, take it over into the database and begin another one.

        The removed log is still open, so nothing is lost. The first process that sees it does this and notes
        the new log; the others then only open the new one.
        """
        if not self._log_is_gone():
            return
        present = self.files.present_logs()
        if self.lock.noted() != str(present):
            last = (self._written_by() or self.own()).connection
            if present[0] or last.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                raise Unusable(LOG_GONE)
        self.generation += 1
        self._idle.clear()
        self.files.logs = None
        self._idle.append(self._open(Reader))
        self.lock.note(str(self.files.logs))

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
        self._local.opened = None
        if opened is None:
            return
        if len(self._idle) < MOST_IDLE:
            self._idle.append(opened)
        else:
            opened.connection.close()

    def close(self) -> None:
        """Close this thread's connection, the unused ones, and the writing one."""
        self.leave()
        while opened := self._left_over():
            opened.connection.close()
        if writing := self._written_by():
            writing.connection.close()
        self._writing = None
        self.files.logs = None
