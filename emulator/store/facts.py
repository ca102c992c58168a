"""Table `facts`: values that a server keeps from one start to the next, by name."""
from .connection import Connection

IDENTITY = "identity"  # tells a database from every other
SERVED = "served_with"  # the settings of the servers that serve a database of PostgreSQL


class Facts:
    """Reads and writes facts; the first value of each name stays."""

    def __init__(self, connection: Connection) -> None:
        self._execute = connection.execute

    def remember(self, name: str, value: str) -> str:
        """Store the value unless the name has one already, and return the stored value."""
        self._execute("INSERT INTO facts (name, value) VALUES (:name, :value) ON CONFLICT DO NOTHING",
                      {"name": name, "value": value})
        return str(self._execute("SELECT value FROM facts WHERE name = :name", {"name": name}).fetchone()[0])
