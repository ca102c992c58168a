"""Table `idempotency_keys`: the command of each key, so that a repeated call does not add another one."""
import hashlib

from ..base import durations
from .connection import Connection

KEPT = durations.DAY
MOST_KEPT = 1_000


class KeyUsed(Exception):
    """The key was used already, with another body."""


class KeyReader:
    """Reads keys: those of the last day of real time, at most the newest thousand."""

    def __init__(self, connection: Connection) -> None:
        self._execute = connection.execute

    def find(self, key: str, body: str, real: int) -> int | None:
        """The id of the command with this key, or None. Raises KeyUsed if its body was another one."""
        row = self._execute("SELECT command_id, body FROM idempotency_keys "
                            "WHERE key = :key AND at BETWEEN :since AND :real",
                            {"key": _digest(key), "since": real - KEPT, "real": real}).fetchone()
        if row is None:
            return None
        if row["body"] != _digest(body):
            raise KeyUsed
        return int(row["command_id"])


class Keys(KeyReader):
    """Reads and writes keys."""

    def add(self, key: str, body: str, command_id: int, real: int) -> None:
        """Store a new key, and delete keys that are too old or too many."""
        self._execute("INSERT INTO idempotency_keys (key, body, command_id, at) "
                      "VALUES (:key, :body, :command_id, :real) "
                      "ON CONFLICT (key) DO UPDATE SET body = :body, command_id = :command_id, at = :real",
                      {"key": _digest(key), "body": _digest(body), "command_id": command_id, "real": real})
        self._execute("DELETE FROM idempotency_keys WHERE at NOT BETWEEN :since AND :real OR command_id <= "
                      "(SELECT command_id FROM idempotency_keys "
                      "ORDER BY command_id DESC LIMIT 1 OFFSET :most)",
                      {"since": real - KEPT, "real": real, "most": MOST_KEPT})

    def forget(self, command_id: int) -> None:
        """Delete the key of a command that was withdrawn."""
        self._execute("DELETE FROM idempotency_keys WHERE command_id = :id", {"id": command_id})


def _digest(text: str) -> str:
    """The hash of a text that is only compared; the text itself may contain anything, so it is not stored."""
    return hashlib.sha256(text.encode()).hexdigest()
