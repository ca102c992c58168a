"""Makes sure that several servers on one database have the same settings, as far as these affect the data."""
import hashlib
import json
import logging
import os
import signal
import threading
import time
from collections.abc import Mapping

from ..base.settings import Settings
from ..store import Place, Unusable
from .resources import Unstartable

LOOK_S, AGAIN_S = 5.0, 1.0
log = logging.getLogger(__name__)

SHARED = ("seed", "scenario", "strict", "timezone", "notify_timezone", "notify_retries", "notify_timeout",
          "notify_allow", "notify_ca",
          "notify_insecure", "settlement_time", "settlement_days", "refund_period", "autopilot",
          "contactless_limit", "amount_triggers", "keep", "keep_entries", "rate_limit")
SECRET = ("seed",)


def agree(place: Place, settings: Settings) -> None:
    """Compare the settings with those of the servers that serve the database already, if there are any.

    While this process lives, later ones compare theirs with these. Raises Unstartable if they differ, and
    `store.Unusable`.
    """
    written = _written(settings)
    differences = _compared(place, written)
    if differences:
        raise Unstartable(f"another server serves {place.shown} with other settings: {differences}")
    if place.is_for_nodes:
        Keeper(place, written).start()


class Keeper(threading.Thread):
    """Notes the settings again when the database has lost the note: PostgreSQL does so when it ends.

    If another server with other settings has come first, one line in the log says so. This one goes on, and
    notes its settings as soon as the other has ended.
    """

    def __init__(self, place: Place, written: Mapping[str, list[str]]) -> None:
        super().__init__(name="settings", daemon=True)
        self._place, self._written = place, written
        self._differences = ""
        # libraries may hold locks while they connect, which a process that is forked then would never get
        connecting = self._connecting = threading.Lock()
        os.register_at_fork(before=connecting.acquire, after_in_parent=connecting.release,
                            after_in_child=connecting.release)

    def run(self) -> None:
        """Look for ever."""
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # they wake the first thread
        while True:
            if not self._place.is_noted(LOOK_S):
                with self._connecting:
                    self._note_again()
                time.sleep(AGAIN_S)

    def _note_again(self) -> None:
        try:
            differences = _compared(self._place, self._written)
        except Unusable:  # it is tried again
            return
        if differences:
            self._place.take_back()
        if differences and not self._differences:
            log.error("another server serves %s with other settings since the connection to it was lost: %s; "
                      "stop one of them", self._place.shown, differences)
        elif self._differences and not differences:
            log.warning("the server with other settings has ended")
        self._differences = differences


def _compared(place: Place, written: Mapping[str, list[str]]) -> str:
    """Note the settings; return how they differ from those of the servers that are there, or nothing."""
    theirs = place.serve(json.dumps(written))
    return "; ".join(_differences(json.loads(theirs), written)) if theirs else ""


def _written(settings: Settings) -> dict[str, list[str]]:
    """For each shared setting a text for comparison and the text for people; of secrets only a hash."""
    values = {name: [repr(settings[name]), settings.text(name)] for name in SHARED}
    for name in SECRET:
        values[name] = [hashlib.sha256(values[name][0].encode()).hexdigest(), ""]
    return values


def _differences(theirs: Mapping[str, list[str]], ours: Mapping[str, list[str]]) -> list[str]:
    """The differences in words. A setting that the other server does not know counts as equal."""
    return [_difference(name, theirs[name][1], ours[name][1])
            for name in SHARED if name in theirs and theirs[name][0] != ours[name][0]]


def _difference(name: str, there: str, here: str) -> str:
    if name in SECRET:
        return f"{name} differs"
    return f"{name} is {there or 'not set'} there and {here or 'not set'} here"
