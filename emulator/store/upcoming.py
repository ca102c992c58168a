"""What time alone will do next: orders and notifications in the order in which they fall due."""
import sqlite3
from collections.abc import Mapping

from ..domain.orders import Order
from .notifications import StoredNotification
from .orders import read_order

FEW = 1_000  # rows of a merchant: so many are sorted sooner than they are looked for among those of others


class Upcoming:
    """The next orders and notifications to fall due: of a merchant, or of all."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def orders(self, merchants_id: str | None, limit: int) -> list[Order]:
        """Orders, as they are written down."""
        return [read_order(row) for row in self._next("orders", merchants_id, limit)]

    def notifications(self, merchants_id: str | None, limit: int) -> list[StoredNotification]:
        """Notifications whose next attempt is waited for."""
        return [StoredNotification(**row) for row in self._next("notifications", merchants_id, limit)]

    def _next(self, table: str, merchants_id: str | None, limit: int) -> list[sqlite3.Row]:
        """Read along the index of what is due, also where most of it is another merchant's; all of a
        merchant's where that is little."""
        asked = {"mid": merchants_id, "limit": limit, "few": FEW}
        index = "" if merchants_id and self._has_few(table, asked) else "+"  # + keeps from their index
        own = f"AND {index}merchants_id = :mid" if merchants_id else ""
        return self._execute(f"SELECT * FROM {table} WHERE due_at IS NOT NULL {own} ORDER BY due_at, id "
                             "LIMIT :limit", asked).fetchall()

    def _has_few(self, table: str, asked: Mapping[str, str | int | None]) -> bool:
        counted = self._execute(f"SELECT count(*) AS number FROM (SELECT 1 FROM {table} "
                                "WHERE merchants_id = :mid LIMIT :few) AS own",
                                asked).fetchone()
        return int(counted["number"]) < FEW
