"""Makes sure that several servers on one database have the same settings, as far as these affect the data.

While a server runs, it holds a shared lock on a file beside the database that contains the settings. The
kernel releases the lock when a server dies, so that a dead server blocks nobody.
"""
import fcntl
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from ..base.settings import Settings
from ..store.locks import lock_file, locked

SHARED = ("seed", "scenario", "strict", "timezone", "notify_timezone", "notify_retries", "notify_timeout",
          "notify_allow", "notify_ca",
          "notify_insecure", "settlement_time", "settlement_days", "refund_period", "autopilot",
          "contactless_limit", "amount_triggers", "keep", "keep_entries", "rate_limit")
SECRET = ("seed",)
LONGEST = 65_536


class Different(Exception):
    """Another server serves the database with other settings; the message says which."""


def agree(path: Path, settings: Settings) -> int:
    """Compare the settings with those of the servers that serve the database already, or write them as the
    first.

    Returns the file descriptor of the lock, which must stay open while the database is served. Raises
    Different, OSError, and `store.Unusable` when another process holds the database.
    """
    with locked(path, "writing"):
        file = lock_file(path, "serving")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            differences = _differences(json.loads(os.pread(file, LONGEST, 0)), _written(settings))
            if differences:
                os.close(file)
                raise Different(
                    f"another server serves {path} with other settings: {'; '.join(differences)}") from None
        else:
            os.ftruncate(file, 0)
            os.pwrite(file, json.dumps(_written(settings)).encode(), 0)
        fcntl.flock(file, fcntl.LOCK_SH)
    return file


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
        return f"{name} is another there"
    return f"{name} is {there or 'not set'} there and {here or 'not set'} here"
