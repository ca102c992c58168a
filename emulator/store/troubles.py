"""When the database cannot be used: the sentence that is answered, and one line in the log for each change."""
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
    if isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return HELD
    return f"the database cannot be used: {getattr(error, 'strerror', None) or error}"


class Log:
    """Says in the log when a trouble begins, changes and ends, and repeats none within a minute."""

    def __init__(self) -> None:
        self._present = ""
        self._said = ("", -float(QUIET_S))

    @property
    def is_quiet(self) -> bool:
        """Whether there is no trouble at present."""
        return not self._present

    def begin(self, trouble: str) -> None:
        """The database could not be used."""
        now = time.monotonic()
        is_new = self._present != trouble
        self._present = trouble
        if is_new and (self._said[0] != trouble or now - self._said[1] >= QUIET_S):
            self._said = (trouble, now)
            log.error("requests are refused: %s", trouble)

    def end(self) -> None:
        """It can be used."""
        ended, self._present = self._present, ""
        if ended and ended == self._said[0]:
            log.warning("the database can be used again")
