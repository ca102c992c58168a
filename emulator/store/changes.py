"""What other connections have written: the merchants and orders that it concerns."""
from msgspec import Struct

from .connection import Connection

MOST_AT_ONCE = 2_000
Cursor = tuple[int, int, int]
_FROM = "FROM {0} WHERE id > :after AND id <= :last ORDER BY id LIMIT :limit"
_LATER = {
    "history": f"SELECT id, merchants_id, out_trade_no {_FROM.format('history')}",
    "journal": f"SELECT id, merchants_id, out_trade_no {_FROM.format('journal')}",
    "attempts": "SELECT a.id, a.merchants_id, n.out_trade_no FROM attempts AS a "
                "JOIN notifications AS n ON n.id = a.notification_id WHERE a.id > :after AND a.id <= :last "
                "ORDER BY a.id LIMIT :limit"}


class Changed(Struct):
    """The merchants with changes, and the orders (merchants_id, out_trade_no) with changes.

    It is empty if something was written that is in none of the logs.
    """

    merchants: set[str] = set()
    orders: set[tuple[str, str]] = set()


class Changes:
    """Reads the three logs (history, journal, attempts) from the place where the last reading ended."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._execute = connection.execute

    def version(self) -> int:
        """A number that changes when another connection commits; each connection has its own."""
        return self._connection.commits()

    def newest(self) -> Cursor:
        """The cursor behind everything that is committed."""
        history, journal, attempts = (
            int(self._execute(f"SELECT coalesce(max(id), 0) FROM {table} WHERE id <= :last",
                              {"last": self._connection.complete_up_to(table)}).fetchone()[0])
            for table in _LATER)
        return history, journal, attempts

    def count(self, merchants_id: str, after: int) -> int:
        """The number of lines in the history of a merchant's orders after an id."""
        # Few lines are newer, and a merchant may have many: the expression keeps its index from being used.
        return int(self._execute("SELECT count(*) FROM history WHERE id > :after "
                                 "AND merchants_id || '' = :mid",
                                 {"mid": merchants_id, "after": after}).fetchone()[0])

    def valid(self, cursor: Cursor) -> Cursor:
        """The cursor, at the beginning of each log whose numbering a reset has restarted since."""
        last = self._connection.last_numbers()
        history, journal, attempts = (place if place <= last.get(table, 0) else 0
                                      for place, table in zip(cursor, _LATER))
        return history, journal, attempts

    def since(self, cursor: Cursor) -> tuple[Changed, Cursor]:
        """The changes after a cursor, and the next cursor; after a reset both begin anew."""
        changed, places = Changed(), list(self.valid(cursor))
        for place, (table, later) in enumerate(_LATER.items()):
            rows = self._execute(later, {"after": places[place], "limit": MOST_AT_ONCE,
                                         "last": self._connection.complete_up_to(table)}).fetchall()
            changed.merchants.update(row[1] for row in rows)
            changed.orders.update((row[1], row[2]) for row in rows)
            places[place] = rows[-1][0] if rows else places[place]
        return changed, (places[0], places[1], places[2])
