"""Which server and database."""
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
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

OLDEST_SERVER = 140_000
ADDRESS = ("the address of the database cannot be read; write postgresql://user:password@host:port/name, "
           "with %40 for @ in a password, and so on")


class Place(database.Place):
    """A database of a PostgreSQL server, by its address. Raises Unusable for an address that is none."""

    is_for_nodes = True

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
        with self._reported(), closing(self._connected()) as session:
            yield session

    def _connected(self) -> Session:
        """A session on a server that is new enough. Raises Unusable and psycopg.Error."""
        session = Session.connect(self._address)
        version = session.info.server_version
        if version < OLDEST_SERVER:
            session.close()
            raise Unusable(f"{self.shown} is PostgreSQL {version // 10_000}; "
                           f"the emulator needs {OLDEST_SERVER // 10_000} or newer")
        return session

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
        with self._reported(), ExitStack() as failed:
            session = failed.enter_context(closing(self._connected()))
            theirs = self._served_by(session, settings)
            failed.pop_all()
        self._serving = session
        return theirs

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

    def is_noted(self, seconds: float) -> bool:
        """Whether the session with the lock is still there: it ends when PostgreSQL does.

        Looks for some seconds, or until it has ended.
        """
        if self._serving is None:
            return False
        try:
            for _ in self._serving.notifies(timeout=seconds):
                continue
            self._serving.execute("SELECT 1")
        except psycopg.Error:
            self.take_back()
        return self._serving is not None

    def take_back(self) -> None:
        """End the session with the lock."""
        if self._serving is not None:
            self._serving.close()
        self._serving = None

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
