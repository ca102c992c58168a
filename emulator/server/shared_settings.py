"""Several servers on one database: what they must agree on, because it decides what is in the database and what becomes of it.

While a server runs it has a shared lock on a file beside the database, in which the settings are. The kernel takes the lock from a
server that dies, so nobody is kept out by one that runs no longer.
"""
import fcntl
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from ..base.settings import Settings
from ..store.locks import lock_file, locked

SHARED = ("seed", "scenario", "strict", "timezone", "notify_timezone", "notify_retries", "notify_timeout", "notify_allow", "notify_ca",
          "notify_insecure", "settlement_time", "settlement_days", "refund_period", "autopilot", "contactless_limit",
          "amount_triggers", "keep", "keep_entries")
SECRET = ("seed",)
LONGEST = 65_536


class Different(Exception):
    """Another server serves the database with other settings, and a sentence says which."""


def agree(path: Path, settings: Settings) -> int:
    """Agree with the servers that serve a database already, or be the first; answers the descriptor that is open while it is served.

    Raises Different, OSError, and `store.Unusable` when another process holds the database.
    """
    with locked(path, "writing"):
        file = lock_file(path, "serving")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            differences = _differences(json.loads(os.pread(file, LONGEST, 0)), _written(settings))
            if differences:
                os.close(file)
                raise Different(f"another server serves {path} with other settings: {'; '.join(differences)}") from None
        else:
            os.ftruncate(file, 0)
            os.pwrite(file, json.dumps(_written(settings)).encode(), 0)
        fcntl.flock(file, fcntl.LOCK_SH)
    return file


def _written(settings: Settings) -> dict[str, list[str]]:
    """Of each shared setting a text that is the same for the same value, and how it was written; nothing of what is secret."""
    values = {name: [repr(settings[name]), settings.text(name)] for name in SHARED}
    return {**values, **{name: [hashlib.sha256(values[name][0].encode()).hexdigest(), ""] for name in SECRET}}


def _differences(theirs: Mapping[str, list[str]], ours: Mapping[str, list[str]]) -> list[str]:
    """What is different, in words; a setting that the other server does not know is the same."""
    return [_difference(name, theirs[name][1], ours[name][1])
            for name in SHARED if name in theirs and theirs[name][0] != ours[name][0]]


def _difference(name: str, there: str, here: str) -> str:
    if name in SECRET:
        return f"{name} is another there"
    return f"{name} is {there or 'not set'} there and {here or 'not set'} here"
