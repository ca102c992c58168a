"""Table `facts`: what a server remembers from one start to the next, by name."""
import sqlite3


class Facts:
    """Facts, of which the first value counts."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def remember(self, name: str, value: str) -> str:
        """The value that was remembered first: this one, when there is none."""
        self._execute("INSERT INTO facts (name, value) VALUES (:name, :value) ON CONFLICT DO NOTHING",
                      {"name": name, "value": value})
        return str(self._execute("SELECT value FROM facts WHERE name = :name", {"name": name}).fetchone()[0])
