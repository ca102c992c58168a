"""Which server and database."""
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from .. import database
from ..troubles import Unusable
from . import schema
from .connection import Connection, Session
from .locks import CLASS, SERVING, begin, is_free
from .store import Store
from .troubles import reason

ADDRESS = ("the address of the database cannot be read; write postgresql://user:password@host:port/name, "
           "with %40 for @ in a password, and so on")
SERVED = "served_with"  # the fact with the settings of the servers that serve the database


class Place(database.Place):
    """A database of a PostgreSQL server, by its address. Raises Unusable for an address that is none."""

    def __init__(self, address: str) -> None:
        try:
            self._parts = conninfo_to_dict(address)
        except psycopg.Error:  # what it says may have the password in it
            raise Unusable(ADDRESS) from None
        self._address = address
        self._serving: Any = None
        host, port = self._parts.get("host") or "localhost", self._parts.get("port") or 5432
        name = self._parts.get("dbname") or self._parts.get("user") or ""
        self.shown = f"postgresql://{host}:{port}/{name}"

    def _connect(self) -> Session:
        try:
            return Session.connect(self._address)
        except psycopg.Error as error:
            raise Unusable(f"{self.shown} cannot be used as the database: {self._discreet(error)}") from error

    def _discreet(self, error: Exception) -> str:
        """What PostgreSQL says, without the password."""
        said, password = reason(error), str(self._parts.get("password") or "")
        return said.replace(password, "…") if password else said

    def prepare(self) -> None:
        """Create the schema or update an older one; several processes may do so at once. Raises Unusable."""
        with self._connect() as session:
            try:
                schema.prepare(session, self.shown)
            except psycopg.Error as error:
                raise Unusable(f"{self.shown} cannot be used as the database: {self._discreet(error)}"
                               ) from error

    def open(self, wake: Callable[[], None] = lambda: None) -> Store:
        """A store on the database, which is prepared."""
        return Store(self._address, wake)

    def serve(self, settings: str) -> str | None:
        """Hold the lock of servers in a session of its own. Returns the settings of those that hold it."""
        self.prepare()
        session = self._serving = self._connect()
        theirs = None
        if is_free(session, SERVING):
            session.execute("INSERT INTO facts (name, value) VALUES (%s, %s) ON CONFLICT (name) "
                            "DO UPDATE SET value = excluded.value", [SERVED, settings])
            session.execute(f"SELECT pg_advisory_lock_shared({CLASS}, {SERVING}), "
                            f"pg_advisory_unlock({CLASS}, {SERVING})")
        else:
            session.execute(f"SELECT pg_advisory_lock_shared({CLASS}, {SERVING})")
            row = session.execute("SELECT value FROM facts WHERE name = %s", [SERVED]).fetchone()
            theirs = str(row[0]) if row else None
        return theirs

    def must_exist(self) -> None:
        """Raise Unusable if the database cannot be reached."""
        self._connect().close()

    @contextmanager
    def alone(self) -> Iterator[Connection]:
        """A connection in one transaction on everything, committed after the block. Raises Unusable."""
        with self._connect() as session:
            try:
                session.execute(begin(None))
                yield Connection(session)
                session.execute("COMMIT")
            except psycopg.Error as error:
                raise Unusable(f"{self.shown} cannot be used as the database: {self._discreet(error)}"
                               ) from error

    def is_served(self) -> bool:
        """Whether a server holds the lock. Raises Unusable."""
        with self._connect() as session:
            return not is_free(session, SERVING)
