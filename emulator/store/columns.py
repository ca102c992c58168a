"""How structures stand in a column, as JSON text; and how a list is narrowed to values of columns."""
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..base import portions
from ..protocol.findings import Breaches

OVERHEAD = 200  # names of members, tags and the like around a row that is shown
# One encoder for all: `json.dumps` with options makes a new one each time.
to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def narrowing(wanted: Mapping[str, Any], **instead: str) -> str:
    """The conditions that columns, or what is named `instead` of one, have the values that are wanted; None
    does not narrow.

    Only what is asked stands in the statement, so that each finds its index.
    """
    asked = (name for name, value in wanted.items() if value is not None)
    return "".join(f" AND {instead.get(name, name)} = :{name}" for name in asked)


@dataclass(frozen=True)
class Newest:
    """The newest of some rows, oldest first, as many as their size allows; `left_out` are the older ones."""

    rows: list[sqlite3.Row]
    left_out: int


def size_of(row: sqlite3.Row) -> int:
    """About how many characters a row has where it is shown: its texts, and what is around them."""
    return OVERHEAD + sum(len(value) for value in row if isinstance(value, str))


def newest(execute: Callable[..., sqlite3.Cursor], wanted: str, values: Mapping[str, Any],
           most: int = portions.PART) -> Newest:
    """The newest rows of `wanted`, a table with a condition, with at most so many characters."""
    found = execute(f"SELECT * FROM {wanted} ORDER BY id DESC", values)
    rows, complete = portions.taken(found, size_of, most)
    number = len(rows) if complete else int(execute(f"SELECT count(*) FROM {wanted}", values).fetchone()[0])
    return Newest(rows[::-1], number - len(rows))


def breaches_of(execute: Callable[..., sqlite3.Cursor], table: str,
                merchants_id: str | None) -> Iterator[Breaches]:
    """The rows of a table that have findings, of a merchant or all, those with the same findings together.

    Grouped as they stand in the table's index of findings, so that neither rows are read nor texts sorted.
    """
    rows = execute("SELECT findings, count(*) AS times, min(at) AS first, max(at) AS last, max(id) AS "
                   f"newest FROM {table} WHERE findings <> '[]' "
                   f"{'AND merchants_id = :mid' if merchants_id else ''} GROUP BY merchants_id, findings",
                   {"mid": merchants_id})
    for row in rows:
        yield Breaches(json.loads(row["findings"]), row["times"], row["first"], row["last"], row["newest"])
