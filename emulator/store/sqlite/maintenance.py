"""Maintenance of the database file: checkpoints, deletion of old entries, and return of free pages.

It works in small steps with pauses between them, so that no payment waits for long.
"""
import sqlite3
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path

from ..access import Writer
from ..tidying import Tidying
from ..troubles import Unusable
from .connection import lacks_log
from .connections import Connections

LONG_LOG_PAGES = 16_000
PAUSE_S = 0.02
LAST_PATIENCE_S = 0.5
FREE_PAGES_KEPT = 500  # fewer than these are soon used again
PAGES_A_STEP = 2_000
INCREMENTAL = 2  # auto_vacuum of a file that can return free pages; older files cannot


class Maintenance:
    """Maintains the database of `connections`; `write` begins a transaction."""

    def __init__(self, connections: Connections, write: Callable[[], AbstractContextManager[Writer]]) -> None:
        self._connections = connections
        self._delete = Tidying(lambda: connections.own().tables, write, self.checkpoint)

    def checkpoint(self) -> None:
        """Copy the log into the database; writers wait only if the log has become long."""
        connection = self._connections.own().connection
        pages = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1]
        if pages > LONG_LOG_PAGES:
            with self._connections.exclusive():
                connection.execute("PRAGMA wal_checkpoint(RESTART)")

    def tidy(self, real: int, keep: int | None, most: int | None) -> None:
        """Delete old entries and orders that have ended, then return free pages to the disk.

        Old are entries and orders of more than `keep` milliseconds, and entries beyond the newest `most`;
        None means no limit. `real` is the present instant in real time.
        """
        self._delete(real, keep, most)
        self._give_back()

    def _give_back(self) -> None:
        """Return free pages to the disk, step by step."""
        connections, looking = self._connections, self._connections.own().connection
        left = _free_pages(looking)
        if left <= FREE_PAGES_KEPT:
            return
        with connections.exclusive() as opened:
            can_give_back = _number(opened.connection, "auto_vacuum") == INCREMENTAL
            if not can_give_back and left * 2 > _number(opened.connection, "page_count"):
                _rewrite(opened.connection)
        if not can_give_back:
            return
        while left > FREE_PAGES_KEPT:
            with connections.exclusive() as opened:
                # `execute` would run only one step of this statement, which returns a single page.
                opened.connection.executescript(f"PRAGMA incremental_vacuum({PAGES_A_STEP})")
            before, left = left, _free_pages(looking)
            if left >= before:
                return
            time.sleep(PAUSE_S)
        with connections.exclusive() as opened:  # it waits for readers, and writers wait for it
            opened.be_patient(round(PAUSE_S * 1_000))
            opened.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def _free_pages(connection: sqlite3.Connection) -> int:
    """The number of unused pages in the file."""
    return _number(connection, "freelist_count")


def _rewrite(connection: sqlite3.Connection) -> None:
    """Rewrite the file without its free pages, and so that it can return pages later."""
    connection.execute(f"PRAGMA auto_vacuum = {INCREMENTAL}")
    connection.execute("VACUUM")


def conclude(path: Path) -> None:
    """Copy the whole log into the database file; the last process does this.

    If another program has the file open, the log stays until that program ends. A log that was removed is
    left to the others that have it open. Raises Unusable.
    """
    if lacks_log(path):
        return
    try:
        with closing(sqlite3.connect(path, timeout=LAST_PATIENCE_S, isolation_level=None)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise Unusable(f"{path}: the log could not be merged into the database: {error}") from error
