"""The files of a served database, and the check whether they are still those that were opened.

A process goes on writing into an open file that was deleted or moved away, and what it has confirmed is lost.
So the file at the path is compared with the opened one. If it has changed, the identity stored in it is read.
"""
import os
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from ..facts import IDENTITY
from ..troubles import Unusable

GONE = "the database file is gone; put it back, or start the emulator again"
OTHER = ("another file is in the place of the database; put the one back that was there, "
         "or start the emulator again")
DAMAGED = "the database file was overwritten or cut off; put it back as it was, or start the emulator again"
LOG_GONE = "the log of the database (its file ends in -wal) was removed or replaced; start the emulator again"
SETTLES_S, AGAIN_S, LONGEST_LOOK_S = 0.5, 0.05, 5.0  # waits during a checkpoint
GROWS_S = 1.0  # how long a checkpoint may take to make a file as long as its header says
# SQLite's format of a log: sizes in bytes, and the places of the salts. The salts distinguish present frames
# from older ones.
LOG_HEAD, FRAME_HEAD, SALTS_LENGTH = 32, 24, 8
SALTS_OF_LOG, SALTS_OF_FRAME = slice(16, 24), slice(8, 16)
Inode = tuple[int, int]
Logs = tuple[Inode | None, Inode | None]


class Replaced(Unusable):
    """Another file is at the path."""


def inode(path: str | Path) -> Inode | None:
    """The device and inode of the file at a path; None if there is no file."""
    try:
        return _inode_of(os.stat(path))
    except OSError:
        return None


def _inode_of(status: os.stat_result) -> Inode:
    return status.st_dev, status.st_ino


def _stamp_of(status: os.stat_result) -> tuple[int, int]:
    """Size and modification time, which change when the file is written."""
    return status.st_size, status.st_mtime_ns


def identity_in(path: Path, is_whole: bool = True) -> str:
    """The identity stored in a database file without its log; empty if there is none.

    A file with fewer pages than its header says has none, if it must be `is_whole`. SQLite reads the file: if
    this process opened and closed it directly, SQLite's locks on it would be released.
    """
    try:
        with closing(_as_it_is(path)) as connection:
            return _identity(connection) if is_whole else _identity_of_short(connection)
    except sqlite3.Error:
        return ""


def has_rest_in_log(path: Path, identity: str) -> bool:
    """Whether a too short file has this identity, and its log has all the missing pages.

    This is normal while a reader still uses an older state: then only a part of the log can be taken over.
    """
    try:
        with closing(_as_it_is(path)) as connection:
            if _identity_of_short(connection) != identity:
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


def _identity_of_short(connection: sqlite3.Connection) -> str:
    connection.execute("PRAGMA writable_schema = ON")  # makes SQLite accept a short file
    return _identity(connection)


def _pages_in_log(path: Path, size: int) -> set[int]:
    """The numbers of the pages in a log; `size` is that of a page in bytes. Raises OSError."""
    with path.open("rb") as log:  # the log has no locks that closing would release
        salts = log.read(LOG_HEAD)[SALTS_OF_LOG]
        found = set[int]()
        while (head := log.read(FRAME_HEAD))[SALTS_OF_FRAME] == salts and len(salts) == SALTS_LENGTH:
            found.add(int.from_bytes(head[:4], "big"))
            log.seek(size, os.SEEK_CUR)
        return found


class Files:
    """The database at a path.

    `logs` are the log and its index at the time of opening, None while nothing is open.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.logs: Logs | None = None
        self._main: Inode | None = None
        self._identity = ""
        self._seen: tuple[int, int] | None = None
        self._is_sound = True
        self._sound_size = 0
        self._growing_since: float | None = None

    @property
    def are_known(self) -> bool:
        """Whether `begin` was called."""
        return self._main is not None

    def begin(self) -> str:
        """Remember the file that is at the path now; it must stay there. Returns the identity in it.

        Raises Unusable.
        """
        status = self._status()  # before the look inside, so that a change in the meantime is noticed
        self._identity = identity_in(self.path)
        self._main, self._sound_size = _inode_of(status), status.st_size
        self._seen = _stamp_of(status)
        return self._identity

    @property
    def is_replaced(self) -> bool:
        """Whether another file is at the path."""
        return inode(self.path) not in (None, self._main)

    def check(self) -> None:
        """Raise Unusable unless the database at the path is the one of `begin`."""
        status = self._status()
        if self._main is None:
            return
        if _inode_of(status) != self._main:
            raise Replaced(OTHER)
        seen = _stamp_of(status)
        if seen != self._seen or self._growing_since is not None:
            self._is_sound = self._look_inside(status.st_size)
            self._seen = seen
            if self._is_sound:
                self._sound_size = status.st_size
        if not self._is_sound:
            raise Unusable(DAMAGED)

    def _status(self) -> os.stat_result:
        try:
            return os.stat(self.path)
        except OSError:
            raise Unusable(GONE) from None

    def _look_inside(self, size: int) -> bool:
        """Whether the file of this size is the database."""
        if not self._identity:
            return True
        is_whole = identity_in(self.path) == self._identity
        if not is_whole and self._grows(size):
            return True
        self._growing_since = None
        return is_whole or self._settles()

    def _grows(self, size: int) -> bool:
        """Whether a file of this size, too short for its header, probably grows.

        A checkpoint writes the new number of pages first. To look for the missing pages in the log would take
        long, and writers would wait, so a file that has not shrunk since it was sound gets some time first.
        """
        now = time.monotonic()
        since = now if self._growing_since is None else self._growing_since
        if size < self._sound_size or now > since + GROWS_S:
            return False
        if identity_in(self.path, is_whole=False) != self._identity:
            return False
        self._growing_since = since
        return True

    def _settles(self) -> bool:
        """Whether the file and its log are the database; during a change this may take several looks."""
        end = time.monotonic() + SETTLES_S
        while True:
            before = self._stamps()
            if identity_in(self.path) == self._identity or has_rest_in_log(self.path, self._identity):
                return True
            late = time.monotonic() - end  # a look may take longer than a change on a busy machine
            if late > LONGEST_LOOK_S or (late > 0 and before == self._stamps()):
                return False
            time.sleep(AGAIN_S)

    def _stamps(self) -> list[tuple[int, int]]:
        """The stamps of the file and its log, as far as they are there."""
        found = []
        for path in (str(self.path), f"{self.path}-wal"):
            with suppress(OSError):
                found.append(_stamp_of(os.stat(path)))
        return found

    def present_logs(self) -> Logs:
        """The log and its index that are at the path now."""
        return inode(f"{self.path}-wal"), inode(f"{self.path}-shm")
