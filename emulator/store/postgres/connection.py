"""A connection to PostgreSQL with what the tables need."""
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.adapt import AdaptersMap, Loader
from psycopg.pq import TransactionStatus
from psycopg.types.numeric import Int8Dumper
from psycopg.types.string import StrDumperUnknown

from ..connection import NUL, SHOWN_NUL
from ..troubles import HELD, Unusable
from .dialect import translated
from .locks import WORLD, writers
from .troubles import is_trouble, sentence

PATIENCE_S = 5
OF_IDS = "_id_seq"  # the end of the name of the sequence that numbers a table
LONGEST_WAIT_S, LOOK_S = 5.0, 0.001
# The session ends soon when the other side is gone without a word, and so do its locks.
OPTIONS = {"connect_timeout": 5, "keepalives_idle": 2, "keepalives_interval": 1, "keepalives_count": 3,
           "application_name": "tgpay-emulator"}
SESSION = (f"SET lock_timeout = '{PATIENCE_S}s'; SET tcp_keepalives_idle = 2; "
           "SET tcp_keepalives_interval = 1; "
           "SET tcp_keepalives_count = 3; SET timezone = 'UTC'; SET client_min_messages = warning")


class Row(tuple[Any, ...]):
    """A row: values by place and by name."""

    __slots__ = ()
    names: Sequence[str] = ()
    places: Mapping[str, int] = {}

    def keys(self) -> Sequence[str]:
        """The names of the columns."""
        return self.names

    def __getitem__(self, key: Any) -> Any:
        """A value by its place or its name."""
        return tuple.__getitem__(self, self.places[key] if isinstance(key, str) else key)


@lru_cache(maxsize=512)
def _row_of(names: tuple[str, ...]) -> type[Row]:
    """The class of the rows with these columns."""
    places = {name: place for place, name in enumerate(names)}
    return type("Row", (Row,), {"__slots__": (), "names": names, "places": places})


def _rows(cursor: Any) -> Callable[[Sequence[Any]], Row]:
    """Makes the rows of a cursor, for psycopg."""
    if cursor.description is None:
        return Row
    return _row_of(tuple(column.name for column in cursor.description))


class _Flag(Int8Dumper):
    """A truth value as 0 or 1: the schema has numbers for them."""

    def dump(self, obj: Any) -> Any:
        return super().dump(int(obj))


class _Text(StrDumperUnknown):
    """A text; characters that PostgreSQL cannot store are replaced by the sign for them."""

    def dump(self, obj: str) -> Any:
        return super().dump(obj.replace(NUL, SHOWN_NUL) if NUL in obj else obj)


class _Whole(Loader):
    """A sum of whole numbers, which PostgreSQL gives as numeric."""

    def load(self, data: Any) -> int:
        return int(bytes(data))


class _Context:
    """How values are written and read, for psycopg."""

    connection = None

    def __init__(self) -> None:
        self.adapters = AdaptersMap(psycopg.adapters)
        self.adapters.register_dumper(int, Int8Dumper)
        self.adapters.register_dumper(bool, _Flag)
        self.adapters.register_dumper(str, _Text)
        self.adapters.register_loader("numeric", _Whole)


CONTEXT = _Context()


class Session(psycopg.Connection[Row]):
    """A session of psycopg that commits each statement by itself and gives our rows.

    `used_at` is the instant of its last use on the monotonic clock, in seconds; `opened` keeps the tables on
    it, which are made once.
    """

    used_at = 0.0
    opened: Any = None

    @classmethod
    def connect(cls, conninfo: str = "", **options: Any) -> "Session":
        """Connect. Raises psycopg.Error."""
        made = super().connect(conninfo, **{"autocommit": True, "row_factory": _rows, "context": CONTEXT,
                                            **OPTIONS, **options})
        assert isinstance(made, Session)
        made.execute(SESSION)
        return made


class Connection:
    """A session with what the tables need besides SQL."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._notified = 0

    def execute(self, sql: str, params: Any = None, /) -> Any:
        """Execute a statement in the SQL that both databases share. Raises Unusable."""
        try:
            return self.session.execute(translated(sql), params)
        except psycopg.Error as error:
            if not is_trouble(error):
                raise
            raise Unusable(sentence(error)) from error

    def executemany(self, sql: str, rows: Any, /) -> None:
        """Execute a statement once for each mapping of values."""
        self.session.cursor().executemany(translated(sql), rows)

    def commits(self) -> int:
        """A number that changes when somebody has told this session of a commit, and once a second.

        The session must listen. A node may have died between a commit and its telling.
        """
        self._notified += sum(1 for _ in self.session.notifies(timeout=0))
        return self._notified + int(time.monotonic())

    def last_numbers(self) -> Mapping[str, int]:
        """The last number given to a row of each numbered table, as far as there was one."""
        rows = self.session.execute("SELECT sequencename, last_value FROM pg_sequences "
                                    "WHERE schemaname = current_schema AND last_value IS NOT NULL")
        return {row[0].removesuffix(OF_IDS): row[1] for row in rows if row[0].endswith(OF_IDS)}

    def go_on_from(self, numbers: Mapping[str, int]) -> None:
        """Have the numbering of tables go on after these numbers."""
        for table, number in numbers.items():
            self.session.execute("SELECT setval(%s, %s)", [f"{table}{OF_IDS}", number])

    def complete_up_to(self, table: str) -> int:
        """The id up to which no further row of a table can appear.

        A transaction gets its ids while it holds the lock of writers. So those that hold it after the last id
        was read are waited for: then every id up to that one is committed, or will never be. A transaction
        does not wait, because others may wait for it.
        """
        last = self.session.execute("SELECT last_value - CASE WHEN is_called THEN 0 ELSE 1 END "
                                    f"FROM {table}{OF_IDS}").fetchone()
        assert last is not None
        waits = self.session.info.transaction_status == TransactionStatus.IDLE
        before, end = self._writers() if waits else set(), time.monotonic() + LONGEST_WAIT_S
        while before:
            if time.monotonic() > end:
                raise Unusable(HELD)
            time.sleep(LOOK_S)
            before &= self._writers()
        return int(last[0])

    def _writers(self) -> set[str]:
        return {row[0] for row in self.session.execute(writers(WORLD))}

    def touch(self, version: int) -> None:
        """Write the schema's version."""
        self.session.execute("UPDATE schema_version SET version = %s", [version])

    def erase(self, tables: Iterable[str], counting_on: Iterable[str]) -> None:
        """Delete all rows of tables and restart their numbering, but for those `counting_on`."""
        kept = [table for table in tables if table in counting_on]
        others = [table for table in tables if table not in counting_on]
        self.session.execute(f"TRUNCATE {', '.join(others)} RESTART IDENTITY")
        self.session.execute(f"TRUNCATE {', '.join(kept)}")
