"""The files of a database while it is served: whether they are still those that were opened.

A process that has a file open goes on writing into it when it was deleted or moved away, and what it answers
is lost. So the file at the path is compared with the one that was opened; and where it has changed, it is
asked what it is.
"""
import os
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from .troubles import Unusable

IDENTITY = "identity"
GONE = "the database file is gone; put it back, or start the emulator again"
OTHER = ("another file is in the place of the database; put the one back that was there, "
         "or start the emulator again")
DAMAGED = "the database file was overwritten or cut off; put it back as it was, or start the emulator again"
LOG_GONE = "the log of the database (its file ends in -wal) was removed or replaced; start the emulator again"
SETTLES_S, AGAIN_S, LONGEST_LOOK_S = 0.5, 0.05, 5.0  # of a file into which its log is being taken over
# Of a log as SQLite's file format has it: sizes in bytes, and where the salts are that tell its frames from
# older ones.
LOG_HEAD, FRAME_HEAD, SALTS_LENGTH = 32, 24, 8
SALTS_OF_LOG, SALTS_OF_FRAME = slice(16, 24), slice(8, 16)
Inode = tuple[int, int]
Logs = tuple[Inode | None, Inode | None]


class Replaced(Unusable):
    """Another file is at the path."""


def inode(path: str | Path) -> Inode | None:
    """Which file is at a path; None when there is none."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def identity_in(path: Path) -> str:
    """What a database file says that it is, without its log; empty when it does not.

    It is read by SQLite: whoever closes a file by itself gives up the locks that SQLite has on it.
    """
    try:
        with closing(_as_it_is(path)) as connection:
            return _identity(connection)
    except sqlite3.Error:
        return ""


def has_rest_in_log(path: Path, identity: str) -> bool:
    """Whether a file that is shorter than its database says who it is, and its log has all the pages that it
    lacks.

    That is so as long as somebody reads what was before: only a part of the log can be taken over then.
    """
    try:
        with closing(_as_it_is(path)) as connection:
            connection.execute("PRAGMA writable_schema = ON")  # which makes SQLite take a short file
            if _identity(connection) != identity:
                return False
            size: int = connection.execute("PRAGMA page_size").fetchone()[0]
            present: int = connection.execute("PRAGMA page_count").fetchone()[0]
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
            pages: int = connection.execute("PRAGMA page_count").fetchone()[0]
        return set(range(present + 1, pages + 1)) <= _pages_in_log(Path(f"{path}-wal"), size)
    except (sqlite3.Error, OSError):
        return False


def _as_it_is(path: Path) -> sqlite3.Connection:
    """A connection to a database file without its log."""
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)


def _identity(connection: sqlite3.Connection) -> str:
    row = connection.execute("SELECT value FROM facts WHERE name = ?", [IDENTITY]).fetchone()
    return str(row[0]) if row else ""


def _pages_in_log(path: Path, size: int) -> set[int]:
    """The numbers of the pages, each of `size` bytes, that a log has. Raises OSError."""
    with path.open("rb") as log:  # it has no locks that would be lost when it is closed
        salts = log.read(LOG_HEAD)[SALTS_OF_LOG]
        found = set[int]()
        while (head := log.read(FRAME_HEAD))[SALTS_OF_FRAME] == salts and len(salts) == SALTS_LENGTH:
            found.add(int.from_bytes(head[:4], "big"))
            log.seek(size, os.SEEK_CUR)
        return found


class Files:
    """The database at a path. `logs` are the log and its index as they were opened, None while nothing is
    open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.logs: Logs | None = None
        self._main: Inode | None = None
        self._identity = ""
        self._seen: tuple[int, int] | None = None
        self._is_sound = True

    @property
    def are_known(self) -> bool:
        """Whether `begin` was called."""
        return self._main is not None

    def begin(self, identity: str) -> None:
        """Remember what is at the path now: from here on it is to stay there."""
        self._main, self._identity = inode(self.path), identity

    @property
    def is_replaced(self) -> bool:
        """Whether another file is at the path."""
        return inode(self.path) not in (None, self._main)

    def check(self) -> None:
        """Raises Unusable unless the database at the path is the one that was there at the beginning."""
        try:
            status = os.stat(self.path)
        except OSError:
            raise Unusable(GONE) from None
        if self._main is None:
            return
        if (status.st_dev, status.st_ino) != self._main:
            raise Replaced(OTHER)
        seen = status.st_size, status.st_mtime_ns
        if seen != self._seen:
            self._is_sound = self._look_inside()
            self._seen = seen
        if not self._is_sound:
            raise Unusable(DAMAGED)

    def _look_inside(self) -> bool:
        """Whether the file is the database; it may be in the middle of a change for a moment."""
        if not self._identity:
            return True
        end = time.monotonic() + SETTLES_S
        while True:
            before = self._stamps()
            if identity_in(self.path) == self._identity or has_rest_in_log(self.path, self._identity):
                return True
            late = time.monotonic() - end  # on a busy machine a look may take longer than a change
            if late > LONGEST_LOOK_S or (late > 0 and before == self._stamps()):
                return False
            time.sleep(AGAIN_S)

    def _stamps(self) -> list[tuple[int, int]]:
        """Size and time of the file and its log, which tell whether somebody wrote meanwhile."""
        found = []
        for path in (str(self.path), f"{self.path}-wal"):
            with suppress(OSError):
                status = os.stat(path)
                found.append((status.st_size, status.st_mtime_ns))
        return found

    def present_logs(self) -> Logs:
        """The log and its index at the path."""
        return inode(f"{self.path}-wal"), inode(f"{self.path}-shm")
