"""Errors that make the database unusable: a sentence for the answer, and lines in the log."""
import logging
import sqlite3
import time

QUIET_S = 60
HELD = "another process holds the database and does not let go of it"
log = logging.getLogger(__name__)


class Unusable(Exception):
    """The database cannot be used; the message says why."""


def is_trouble(error: sqlite3.Error) -> bool:
    """Whether an error concerns the file, the disk or a lock, and not a statement."""
    return isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError


def sentence(error: sqlite3.Error | OSError) -> str:
    """The sentence that explains an error to the user."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if isinstance(error, sqlite3.Error) and code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return HELD
    return f"the database cannot be used: {getattr(error, 'strerror', None) or error}"


class Log:
    """Logs when a trouble begins and ends, at most one trouble a minute.

    While a database cannot be reached, each call may fail for another reason.
    """

    def __init__(self) -> None:
        self._present = ""
        self._is_said = False
        self._said_at = -float(QUIET_S)

    def begin(self, trouble: str) -> None:
        """Report that the database could not be used."""
        now = time.monotonic()
        is_new, self._present = self._present != trouble, trouble
        if is_new and now - self._said_at >= QUIET_S:
            self._is_said, self._said_at = True, now
            log.error("requests are refused: %s", trouble)

    def end(self) -> None:
        """Report that the database could be used."""
        is_over, self._present, self._is_said = self._is_said, "", False
        if is_over:
            log.warning("the database can be used again")
