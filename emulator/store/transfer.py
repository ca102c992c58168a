"""The rows of a merchant, to be carried to another emulator: which they are, how they are read and added.

Rows keep their ids where the other database has given none as high; otherwise all ids of a table are shifted
past the last one, and references with them. So imported rows are new to whoever reads after an id.
"""
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from . import schema, walking
from .connection import Connection

# In the order in which they are added.
TABLES = ("merchants", "users", "terminals", "orders", "history", "refunds", "ledger", "notifications",
          "attempts", "journal", "transactions", "scenarios", "counts", "notebook", "inboxes")
NUMBERED = ("orders", "history", "refunds", "ledger", "notifications", "attempts", "journal", "notebook")
REFERENCES = {"attempts": {"notification_id": "notifications"}, "terminals": {"order_id": "orders"}}
# What the importing database decides anew: whose it is, what derives from its clock, places among others.
_LEFT_OUT = {"merchants": ("owner",), "terminals": ("number",), "orders": ("shared_due_at",),
             "notifications": ("shared_due_at",), "scenarios": ("digest",)}
SORTED = ("history", "refunds", "ledger", "transactions")  # their index of merchants has another order
BATCH, MANY = 200, 2_000
NO_ID = 0
IN_FORCE = ("SELECT merchants_id FROM scenarios WHERE merchants_id IN (:mid, '') "
            "ORDER BY merchants_id DESC LIMIT 1")
_TABLE = re.compile(r"CREATE TABLE (\w+) \(\n(.*?)\n\);", re.DOTALL)
_COLUMN = re.compile(r"^    (\w+) (TEXT|INTEGER|BIGINT)\b(.*)$", re.MULTILINE)
Ids = tuple[int, int]  # the lowest and the highest id of a table's rows


@cache
def columns_of(table: str) -> Mapping[str, tuple[type, bool]]:
    """The columns of a table that are carried, by name: the type of the values, and whether NULL is one.

    Without the merchant's number, which is the same in all rows.
    """
    described = dict(_TABLE.findall(schema.text()))[table]
    left_out = ("merchants_id", *_LEFT_OUT.get(table, ()))
    found = {name: (str if kind == "TEXT" else int, "NOT NULL" not in rest and "PRIMARY KEY" not in rest)
             for name, kind, rest in _COLUMN.findall(described)}
    return {name: found[name] for name in sorted(found) if name not in left_out}


class Content:
    """Reads the rows of merchants that are carried."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def measure(self, table: str, merchants_id: str) -> tuple[int, Ids | None]:
        """The number of a merchant's rows in a table, and their lowest and highest id if they have ids."""
        numbers = "min(id), max(id)" if table in NUMBERED else "NULL, NULL"
        row = self._connection.execute(f"SELECT count(*), {numbers} FROM {table} WHERE merchants_id = :mid",
                                       {"mid": self._whose(table, merchants_id)}).fetchone()
        return int(row[0]), None if row[1] is None else (int(row[1]), int(row[2]))

    def rows(self, table: str, merchants_id: str) -> Iterator[list[list[object]]]:
        """The rows of a merchant in a table with the columns of `columns_of`, a batch at a time.

        The scenario is that in force for the merchant, also if it is everybody's.
        """
        whose = self._whose(table, merchants_id)
        are_many = table in SORTED and self.measure(table, merchants_id)[0] > MANY
        yield from walking.batches(self._connection, table, list(columns_of(table)), whose, BATCH, are_many)

    def _whose(self, table: str, merchants_id: str) -> str:
        """Whose rows of a table apply to a merchant."""
        if table != "scenarios":
            return merchants_id
        row = self._connection.execute(IN_FORCE, {"mid": merchants_id}).fetchone()
        return str(row[0]) if row else merchants_id


class Addition:
    """Adds rows of merchants within a transaction; `ids` are the ids of the rows that come, by table."""

    def __init__(self, connection: Connection, ids: Mapping[str, Ids]) -> None:
        self._connection = connection
        self._ids = ids
        last = connection.last_numbers()
        self._shifts = {table: max(0, last.get(table, 0) - low + 1) for table, (low, _) in ids.items()}
        newest = connection.execute("SELECT coalesce(max(number), 0) FROM terminals").fetchone()
        self._terminals = int(newest[0])
        # The numbers are taken before the rows are there, so that nobody else gets them.
        connection.go_on_from({table: high + self._shifts[table] for table, (_, high) in ids.items()})

    def taken_by(self, table: str, key: str, value: object) -> str | None:
        """Whose row of a table has a value already; None if there is none."""
        row = self._connection.execute(f"SELECT merchants_id FROM {table} WHERE {key} = :value",
                                       {"value": value}).fetchone()
        return str(row[0]) if row else None

    def add(self, table: str, merchants_id: str, names: Sequence[str],
            rows: Sequence[Sequence[Any]]) -> None:
        """Add rows of a merchant with these columns. Raises a database error if they cannot be."""
        made = [{**dict(zip(names, row)), "merchants_id": merchants_id} for row in rows]
        for row in made:
            self._shift(table, row)
            self._complete(table, row)
        self._connection.executemany(walking.insertion(table, list(made[0])), made)

    def _shift(self, table: str, row: dict[str, Any]) -> None:
        """Give a row its id here, and its references those of the rows that they mean."""
        if table in self._shifts:
            row["id"] += self._shifts[table]
        for column, other in REFERENCES.get(table, {}).items():
            low, high = self._ids.get(other, (0, -1))
            meant = row[column]
            if meant is not None:
                nothing = None if columns_of(table)[column][1] else NO_ID
                row[column] = meant + self._shifts[other] if low <= meant <= high else nothing

    def _complete(self, table: str, row: dict[str, Any]) -> None:
        """Give a row the columns that are not carried."""
        if table == "scenarios":
            row["digest"] = hashlib.sha256(row["document"].encode()).hexdigest()
        if table == "terminals":
            self._terminals += 1
            row["number"] = self._terminals

    def hold_back(self, merchants_id: str, now: int) -> None:
        """Let the notifications of a merchant that are due up to an instant be due right after it."""
        self._connection.execute("UPDATE notifications SET due_at = :now + 1 WHERE merchants_id = :mid "
                                 "AND due_at <= :now", {"mid": merchants_id, "now": now})

    def overdue(self, merchants_id: str, now: int) -> list[int]:
        """The ids of a merchant's orders that time changes up to an instant."""
        rows = self._connection.execute("SELECT id FROM orders WHERE merchants_id = :mid AND due_at <= :now "
                                        "ORDER BY due_at, id", {"mid": merchants_id, "now": now})
        return [int(row[0]) for row in rows]


def is_refusal(error: Exception) -> bool:
    """Whether a database has refused a row: all modules call such errors the same (PEP 249)."""
    return any(kind.__name__ in ("IntegrityError", "DataError") for kind in type(error).__mro__)
