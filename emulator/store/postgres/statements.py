"""Statements with their values, and their answers."""
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from psycopg.errors import InFailedSqlTransaction

from .dialect import translated
from .values import Row

NOTHING: Mapping[str, Any] = {}
Question = tuple[str, Mapping[str, Any]]  # a statement in the SQL of both databases, and its values by name


class Statement(NamedTuple):
    """A statement with numbered parameters, and the names of the parameters in the order of numbers."""

    sql: bytes
    names: tuple[str, ...]


@lru_cache(maxsize=2_048)
def statement_of(sql: str) -> Statement:
    """A statement in the SQL that both databases share, as PostgreSQL takes it."""
    text, names = translated(sql)
    return Statement(text.encode(), names)


class Call:
    """A statement with its values, in the order of their numbers, and its answer.

    `send` is called when somebody looks at the answer before the statement was sent.
    """

    __slots__ = ("sql", "values", "_send", "_rows", "_names", "_changed", "_place")

    def __init__(self, sql: str, values: Mapping[str, Any], send: Callable[[], None]) -> None:
        self.sql, names = statement_of(sql)
        self.values = [values[name] for name in names]
        self._send = send
        self._rows: Sequence[Row] | None = None
        self._names: Sequence[str] = ()
        self._changed = 0
        self._place = 0

    def answer(self, rows: Sequence[Row], names: Sequence[str], changed: int) -> None:
        """Set the answer: rows, the names of their columns, and the number of rows that were changed."""
        self._rows, self._names, self._changed = rows, names, changed

    def _answered(self) -> Sequence[Row]:
        if self._rows is None:
            self._send()
        if self._rows is None:
            raise InFailedSqlTransaction(f"an earlier statement failed before {self.sql.decode()}")
        return self._rows

    @property
    def description(self) -> list[tuple[str]]:
        """The columns of the rows, each a sequence that begins with its name."""
        self._answered()
        return [(name,) for name in self._names]

    @property
    def rowcount(self) -> int:
        """The number of rows that the statement changed."""
        self._answered()
        return self._changed

    def fetchone(self) -> Row | None:
        """The next row, or None."""
        rows = self._answered()
        if self._place >= len(rows):
            return None
        self._place += 1
        return rows[self._place - 1]

    def fetchall(self) -> list[Row]:
        """All further rows."""
        rows, place = self._answered(), self._place
        self._place = len(rows)
        return list(rows[place:])

    def __iter__(self) -> Iterator[Row]:
        """The further rows."""
        return iter(self.fetchall())
