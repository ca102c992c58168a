"""Errors that make the database unusable: a sentence for the answer, and lines in the log."""
import logging
import time

QUIET_S = 60
HELD = "another process holds the database and does not release it"
log = logging.getLogger(__name__)


class Unusable(Exception):
    """The database cannot be used; the message says why."""


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
