"""How structures stand in a column, as JSON text; and how a list is narrowed to values of columns."""
import json
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from ..findings import Breaches

# One encoder for all: `json.dumps` with options makes a new one each time.
to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def narrowing(wanted: Mapping[str, Any], **instead: str) -> str:
    """The conditions that columns, or what is named `instead` of one, have the values that are wanted; None does not narrow.

    Only what is asked stands in the statement, so that each finds its index.
    """
    return "".join(f" AND {instead.get(name, name)} = :{name}" for name, value in wanted.items() if value is not None)


def breaches_of(execute: Callable[..., sqlite3.Cursor], table: str, merchants_id: str | None) -> list[Breaches]:
    """The rows of a table that have findings, of a merchant or all, those with the same findings together.

    Grouped as they stand in the table's index of findings, so that neither rows are read nor texts sorted.
    """
    rows = execute(f"SELECT findings, count(*) AS times, min(at) AS first, max(at) AS last, max(id) AS newest FROM {table} "
                   f"WHERE findings <> '[]' {'AND merchants_id = :mid' if merchants_id else ''} GROUP BY merchants_id, findings",
                   {"mid": merchants_id})
    return [Breaches(json.loads(row["findings"]), row["times"], row["first"], row["last"], row["newest"]) for row in rows]
