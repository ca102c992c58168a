"""Copies all data of one database into another, empty one, of the same kind or not."""
import hashlib
from collections.abc import Callable, Sequence

from . import walking
from .access import OF_ALL
from .connection import NUL, SHOWN_NUL, Connection
from .database import Place
from .facts import SERVED
from .troubles import Unusable

TABLES = (*OF_ALL, "commands", "facts")
_OF_ONE_SERVER = f"DELETE FROM facts WHERE name = '{SERVED}'"
Progress = Callable[[int], None]  # called with the number of rows that were done since


class Unequal(Unusable):
    """The copy is not what was copied."""


def number_of_rows(place: Place) -> int:
    """How many rows a database has, which is brought up to date. Raises Unusable if a server uses it."""
    _make_ready(place)
    with place.alone() as connection:
        return sum(_count(connection, table) for table in TABLES)


def copy(source: Place, target: Place, progress: Progress) -> dict[str, int]:
    """Copy everything, and compare both afterwards; return the number of rows of each table.

    `progress` hears of each row twice: when it is copied, and when it is compared. Either all is copied or
    nothing. Raises Unusable if a server uses one of them, or if the target has data already.
    """
    for place in (source, target):
        _make_ready(place)
    with source.alone() as here, target.alone() as there:
        _refuse_data(there, target)
        for table in TABLES:
            _copy(here, there, table, progress)
        there.go_on_from(here.last_numbers())
        there.execute(_OF_ONE_SERVER)
        here.execute(_OF_ONE_SERVER)
        return {table: _compared(here, there, table, progress) for table in TABLES}


def _make_ready(place: Place) -> None:
    """Bring a database up to date, or make it. Raises Unusable if a server uses it, before it is changed."""
    if place.is_served():
        raise Unusable(f"a server uses {place.shown}; stop it before")
    place.prepare()


def _refuse_data(connection: Connection, place: Place) -> None:
    """Raise Unusable if a database has data."""
    full = [table for table in TABLES if _count(connection, table)]
    if full:
        raise Unusable(f"{place.shown} has data already ({', '.join(full)}); copy to an empty database")


def _count(connection: Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def _copy(here: Connection, there: Connection, table: str, progress: Progress) -> None:
    columns = walking.columns(there, table)
    statement = walking.insertion(table, columns)
    for rows in walking.batches(here, table, columns):
        there.executemany(statement, [dict(zip(columns, row)) for row in rows])
        progress(len(rows))


def _compared(here: Connection, there: Connection, table: str, progress: Progress) -> int:
    """The number of a table's rows, which are the same in both. Raises Unequal."""
    columns = walking.columns(there, table)
    ours, theirs = (_digest(connection, table, columns, progress) for connection in (here, there))
    if ours != theirs:
        raise Unequal(f"the copy of {table} is not the same: there were {ours[0]} rows, there are "
                      f"{theirs[0]}; nothing was copied")
    return ours[0]


def _digest(connection: Connection, table: str, columns: Sequence[str],
            progress: Progress) -> tuple[int, str]:
    """The number of a table's rows, and a checksum of all their values."""
    number, checksum = 0, hashlib.blake2b(digest_size=16)
    for rows in walking.batches(connection, table, columns):
        for row in rows:
            checksum.update(repr(row).replace(repr(NUL)[1:-1], SHOWN_NUL).encode(errors="replace"))
        number += len(rows)
        progress(len(rows))
    return number, checksum.hexdigest()
