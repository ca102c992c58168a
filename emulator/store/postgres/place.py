"""Which server and database."""
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from .. import database
from ..facts import SERVED
from ..troubles import Unusable
from . import schema
from .connection import Connection
from .locks import CLASS, SERVING, begin, is_free
from .session import Session
from .store import Store
from .troubles import reason

ADDRESS = ("the address of the database cannot be read; write postgresql://user:password@host:port/name, "
           "with %40 for @ in a password, and so on")


class Place(database.Place):
    """A database of a PostgreSQL server, by its address. Raises Unusable for an address that is none."""

    def __init__(self, address: str) -> None:
        try:
            self._parts = conninfo_to_dict(address)
        except psycopg.Error:  # what it says may have the password in it
            raise Unusable(ADDRESS) from None
        self._address = address
        self._serving: Any = None
        self._is_prepared = False
        host, port = self._parts.get("host") or "localhost", self._parts.get("port") or 5432
        name = self._parts.get("dbname") or self._parts.get("user") or ""
        self.shown = f"postgresql://{host}:{port}/{name}"

    @contextmanager
    def _reported(self) -> Iterator[None]:
        """A block whose errors are told in one sentence, without the password. Raises Unusable."""
        try:
            yield
        except psycopg.Error as error:
            said, password = reason(error), str(self._parts.get("password") or "")
            shown = said.replace(password, "…") if password else said
            raise Unusable(f"{self.shown} cannot be used as the database: {shown}") from error

    @contextmanager
    def _session(self) -> Iterator[Session]:
        """A session for a block. Raises Unusable."""
        with self._reported(), Session.connect(self._address) as session:
            yield session

    def prepare(self) -> None:
        """Create the schema or update an older one, once; several processes may do so. Raises Unusable."""
        if not self._is_prepared:
            with self._session() as session:
                schema.prepare(session, self.shown)
            self._is_prepared = True

    def open(self, wake: Callable[[], None] = lambda: None) -> Store:
        """A store on the database, which is prepared."""
        return Store(self._address, wake)

    def serve(self, settings: str) -> str | None:
        """Hold the lock of servers in a session of its own. Returns the settings of those that hold it."""
        self.prepare()
        with self._reported():
            self._serving = Session.connect(self._address)
            return self._served_by(self._serving, settings)

    @staticmethod
    def _served_by(session: Session, settings: str) -> str | None:
        """Share the lock of servers in a session, and write the settings down if nobody else has it."""
        is_first = is_free(session, SERVING)
        session.execute(f"SELECT pg_advisory_lock_shared({CLASS}, {SERVING})")
        if is_first:
            session.execute("INSERT INTO facts (name, value) VALUES (%s, %s) ON CONFLICT (name) "
                            "DO UPDATE SET value = excluded.value", [SERVED, settings])
            session.execute(f"SELECT pg_advisory_unlock({CLASS}, {SERVING})")
            return None
        row = session.execute("SELECT value FROM facts WHERE name = %s", [SERVED]).fetchone()
        return str(row[0]) if row else None

    def must_exist(self) -> None:
        """Raise Unusable if the database cannot be reached."""
        with self._session():
            pass

    @contextmanager
    def alone(self) -> Iterator[Connection]:
        """A connection in one transaction on everything, committed after the block. Raises Unusable."""
        with self._session() as session:
            connection = Connection(session)
            connection.begin(begin(None))
            yield connection
            connection.commit()

    def is_served(self) -> bool:
        """Whether a server holds the lock. Raises Unusable."""
        with self._session() as session:
            return not is_free(session, SERVING)
