"""A connection to a database file."""
import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from ..connection import NO_LIMIT
from ..troubles import Unusable
from .files import LOG_GONE
from .locks import BUSY_TIMEOUT_MS, locked

RENEWED_S, AGAIN_S = 1.5, 0.005  # the process that leads looks for its log once a second
SHARED_FIRST, SHARED_SIZE = 0x4000_0002, 510  # the bytes that SQLite locks while a file is open


class Connection(sqlite3.Connection):
    """A connection with what the tables need besides SQL.

    `origin` is the process id and the generation in which it was opened.
    """

    origin = (0, 0)
    is_open = True

    def close(self) -> None:
        """Close the connection."""
        super().close()
        self.is_open = False

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


def lacks_log(path: Path) -> bool:
    """Whether other processes have a database open, and its log or the index of that is missing.

    Only for a process without a connection to the file, whose locks would be released. Both are missing for
    a moment when another process opens the database or closes it, too.
    """
    return (not all(os.path.exists(f"{path}{ending}") for ending in ("-wal", "-shm"))
            and _is_open_elsewhere(path))


def wait_for_log(lacks: Callable[[], bool]) -> None:
    """Wait until the processes that have a removed log open have taken it over, and begun the next one.

    `lacks` is whether there is no log yet. The caller does not hold the lock for writing, which they need.
    Raises Unusable.
    """
    end = time.monotonic() + RENEWED_S
    while lacks():
        if time.monotonic() > end:
            raise Unusable(LOG_GONE)
        time.sleep(AGAIN_S)


@contextmanager
def locked_for_opening(path: Path) -> Iterator[None]:
    """Hold the lock for writing during a block that may open a database's log.

    Waits until others have taken a removed log over. Raises OSError and Unusable.
    """
    wait_for_log(lambda: lacks_log(path))
    with locked(path, "writing"):
        if lacks_log(path):  # it was removed while this process waited for the lock
            raise Unusable(LOG_GONE)
        yield


def _is_open_elsewhere(path: Path) -> bool:
    """Whether another process has a connection to a file: SQLite then holds a shared lock on it."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False  # opening it by SQLite will tell why
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, SHARED_SIZE, SHARED_FIRST)
        return False
    except (BlockingIOError, PermissionError):
        return True
    finally:
        os.close(file)
