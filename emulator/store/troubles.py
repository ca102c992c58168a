"""When the database cannot be used: the sentence that is answered, and one line in the log for each
change."""
import logging
import sqlite3
import time

QUIET_S = 60
HELD = "another process holds the database and does not let go of it"
log = logging.getLogger(__name__)


class Unusable(Exception):
    """The database cannot be used, and a sentence says why."""


def is_trouble(error: sqlite3.Error) -> bool:
    """Whether an error is one of the file, the disk or a lock, and not of a statement."""
    return isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError


def sentence(error: sqlite3.Error | OSError) -> str:
    """What an error means for whoever asked."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if isinstance(error, sqlite3.Error) and code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return HELD
    return f"the database cannot be used: {getattr(error, 'strerror', None) or error}"


class Log:
    """Says in the log when a trouble begins and ends, with at most one trouble a minute: while a database is
    away, what is wrong with it differs from one call to the next."""

    def __init__(self) -> None:
        self._present = ""
        self._is_said = False
        self._said_at = -float(QUIET_S)

    def begin(self, trouble: str) -> None:
        """The database could not be used."""
        now = time.monotonic()
        is_new, self._present = self._present != trouble, trouble
        if is_new and now - self._said_at >= QUIET_S:
            self._is_said, self._said_at = True, now
            log.error("requests are refused: %s", trouble)

    def end(self) -> None:
        """It can be used."""
        is_over, self._present, self._is_said = self._is_said, "", False
        if is_over:
            log.warning("the database can be used again")
