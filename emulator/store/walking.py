"""Walks through the rows of a table, a batch at a time, in the order of its key."""
from collections.abc import Iterator, Sequence

from .connection import Connection

BATCH = 1_000
EXPRESSION = " || ''"  # no database uses an index of the column for the value of an expression
# What the rows of a table are ordered by; of all others it is `id`.
_KEYS = {"clock": ("id",), "merchant_clocks": ("merchants_id",), "merchants": ("merchants_id",),
         "removed_merchants": ("merchants_id",),
         "users": ("login_key",), "rate_limits": ("merchants_id",), "terminals": ("rowid",),
         "transactions": ("rowid",), "scenarios": ("merchants_id",), "upkeep_marks": ("at",),
         "counts": ("merchants_id", "kind", "name"), "idempotency_keys": ("key",), "facts": ("name",),
         "inboxes": ("merchants_id",), "listeners": ("merchants_id",)}


def columns(connection: Connection, table: str) -> Sequence[str]:
    """The names of a table's columns, but for that which only PostgreSQL needs."""
    described = connection.execute(f"SELECT * FROM {table} LIMIT 0").description
    return [column[0] for column in described if column[0] != "rowid"]


def batches(connection: Connection, table: str, names: Sequence[str], merchants_id: str | None = None,
            size: int = BATCH, are_many: bool = False) -> Iterator[list[list[object]]]:
    """The values of some columns in all rows, or in those of a merchant, `size` rows at a time.

    If a merchant's rows `are_many`, the table is read once in its order; an index of merchants would have
    them sorted anew for each batch.
    """
    keys = _KEYS.get(table, ("id",))
    owner = f"merchants_id{EXPRESSION}" if are_many else "merchants_id"
    wanted = "" if merchants_id is None else f"{owner} = :mid"
    after, named = f"WHERE {wanted}" if wanted else "", {f"k{place}": key for place, key in enumerate(keys)}
    last: dict[str, object] = {"mid": merchants_id}
    chosen = ", ".join([*names, *(f"{key} AS {name}" for name, key in named.items())])
    while True:
        rows = connection.execute(f"SELECT {chosen} FROM {table} {after} ORDER BY {', '.join(keys)} "
                                  f"LIMIT {size}", last).fetchall()
        if not rows:
            return
        last.update({name: rows[-1][name] for name in named})
        later = f"({', '.join(keys)}) > ({', '.join(':' + name for name in named)})"
        after = f"WHERE {later}{f' AND {wanted}' if wanted else ''}"
        yield [list(row)[:len(names)] for row in rows]


def insertion(table: str, names: Sequence[str]) -> str:
    """The SQL that inserts a row with values of these columns, which are parameters."""
    return (f"INSERT INTO {table} ({', '.join(names)}) "
            f"VALUES ({', '.join(':' + name for name in names)})")
