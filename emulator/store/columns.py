"""Structures as JSON text in a column, and conditions that filter a list by values of columns."""
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from ..base import portions
from ..protocol.findings import Breaches
from .connection import Connection, Cursor, Row

NOTHING: Mapping[str, Any] = {}
BEYOND = 2**62  # above every id
OVERHEAD = 200  # characters around a row where it is shown: names of members, tags and the like
_encode = msgspec.json.Encoder().encode


def to_json(value: Any) -> str:
    """A structure as compact JSON."""
    return _encode(value).decode()


class Owned:
    """Reads tables for one owner of merchants, or for everybody when `owner` is None.

    `_own` is the SQL condition that rows belong to merchants of the owner, to be used with the parameters
    `_owners`; it is empty for everybody.
    """

    def __init__(self, connection: Connection, owner: str | None = None) -> None:
        self._execute = connection.execute
        self._complete_up_to = connection.complete_up_to
        self.owner = owner
        self._owners: Mapping[str, Any] = {} if owner is None else {"owner": owner}
        self._own = "" if owner is None else (
            " AND merchants_id IN (SELECT merchants_id FROM merchants WHERE owner = :owner)")


def of_merchant(merchants_id: str) -> Mapping[str, str | None]:
    """What `narrowing` takes for the rows of a merchant, or with an empty number for those of all."""
    return {"merchants_id": merchants_id or None}


def narrowing(wanted: Mapping[str, Any], **instead: str) -> str:
    """The SQL conditions that columns have the wanted values; None means any value.

    `instead` has expressions to use in place of columns. The statement has only the conditions that are asked
    for, so that SQLite finds its index.
    """
    asked = (name for name, value in wanted.items() if value is not None)
    return "".join(f" AND {instead.get(name, name)} = :{name}" for name in asked)


def beginning(after: int, newest_first: bool) -> tuple[str, str, int]:
    """Where a page of rows begins: a condition with `:after` and `:last`, the order, and the value of
    `:after`.

    `after` is the last id that was seen, or 0 for the first page.
    """
    if newest_first:
        return "id < :after AND id <= :last", "id DESC", after or BEYOND
    return "id > :after AND id <= :last", "id", after


def part(text: str) -> str:
    """A LIKE pattern that finds a text anywhere; `%` and `_` in the text have no special meaning."""
    for sign in "\\%_":
        text = text.replace(sign, f"\\{sign}")
    return f"%{text}%"


class Newest(Struct, frozen=True):
    """The newest rows within a limit of size, oldest first; `left_out` is the number of older ones."""

    rows: list[Row]
    left_out: int


def size_of(row: Row) -> int:
    """The approximate number of characters of a row where it is shown, with what surrounds its texts."""
    return OVERHEAD + sum(len(value) for value in row if isinstance(value, str))


def newest(execute: Callable[..., Cursor], wanted: str, values: Mapping[str, Any],
           most: int = portions.PART) -> Newest:
    """The newest rows of `wanted` (a table with a condition), with at most `most` characters."""
    found = execute(f"SELECT * FROM {wanted} ORDER BY id DESC LIMIT {most // OVERHEAD + 2}", values)
    rows, complete = portions.taken(found, size_of, most)
    number = len(rows) if complete else int(execute(f"SELECT count(*) FROM {wanted}", values).fetchone()[0])
    return Newest(rows[::-1], number - len(rows))


def breaches_of(execute: Callable[..., Cursor], table: str, merchants_id: str | None,
                own: str = "", owners: Mapping[str, Any] = NOTHING) -> Iterator[Breaches]:
    """The rows of a table that have findings, of one merchant or of all; equal findings are grouped.

    `own` is a further condition, with the parameters `owners`. The grouping follows the table's index of
    findings, so that SQLite neither reads rows nor sorts texts.
    """
    rows = execute("SELECT findings, count(*) AS times, min(at) AS first, max(at) AS last, max(id) AS "
                   f"newest FROM {table} WHERE findings <> '[]' "
                   f"{'AND merchants_id = :mid' if merchants_id else ''}{own} "
                   "GROUP BY merchants_id, findings", {"mid": merchants_id, **owners})
    for row in rows:
        yield Breaches(json.loads(row["findings"]), row["times"], row["first"], row["last"], row["newest"])
