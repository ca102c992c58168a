"""What the tables need of a connection to a database, whichever it is."""
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

NO_LIMIT = 2**63 - 1
NUL, SHOWN_NUL = "\0", "\u2400"  # PostgreSQL cannot store the first one


class Row(Protocol):
    """A row of an answer: values by place and by name; iteration gives the values, `dict(row)` all."""

    def keys(self) -> Iterable[str]:
        """The names of the columns."""

    def __getitem__(self, key: Any) -> Any:
        """A value by its place or its name."""

    def __iter__(self) -> Iterator[Any]:
        """The values."""

    def __len__(self) -> int:
        """The number of values."""


class Cursor(Protocol):
    """The answer to a statement."""

    @property
    def description(self) -> Any:
        """The columns of the rows, each a sequence that begins with its name."""

    @property
    def rowcount(self) -> int:
        """The number of rows that a statement changed."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> list[Any]:
        """All further rows."""

    def __iter__(self) -> Iterator[Any]:
        """The further rows."""


class Connection(Protocol):
    """A connection, in the SQL that SQLite and PostgreSQL share; parameters are named, as in `:name`.

    Where they differ, a table calls one of the methods.
    """

    def execute(self, sql: str, params: Any = ..., /) -> Cursor:
        """Execute a statement."""

    def executemany(self, sql: str, rows: Any, /) -> Any:
        """Execute a statement once for each mapping of values."""

    def commits(self) -> int:
        """A number that changes when another connection commits; each connection has its own."""

    def last_numbers(self) -> Mapping[str, int]:
        """The last number given to a row of each numbered table, as far as there was one."""

    def go_on_from(self, numbers: Mapping[str, int]) -> None:
        """Have the numbering of tables go on after these numbers."""

    def complete_up_to(self, table: str) -> int:
        """The id up to which no further row of a table can appear.

        Every row that was committed before the call has a smaller or equal id. Where several transactions
        write at once, one may get an id first and commit last.
        """

    def touch(self, version: int) -> None:
        """Write the schema's version, which is there already: only a write shows that a disk is full."""

    def erase(self, tables: Iterable[str], counting_on: Iterable[str]) -> None:
        """Delete all rows of tables and restart their numbering, but for those `counting_on`."""
