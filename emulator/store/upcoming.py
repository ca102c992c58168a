"""What time alone will do next: orders and notifications in the order in which they fall due."""
from collections.abc import Mapping

from ..domain.orders import Order
from .columns import Owned
from .connection import Row
from .notifications import StoredNotification
from .orders import read_order

FEW = 1_000  # rows of a merchant; sorting fewer is faster than searching them in the index of all


class Upcoming(Owned):
    """Reads the next orders and notifications to fall due, of one merchant or of all."""

    def orders(self, merchants_id: str | None, limit: int) -> list[Order]:
        """The next orders that time changes, as last stored."""
        return [read_order(row) for row in self._next("orders", merchants_id, limit)]

    def notifications(self, merchants_id: str | None, limit: int) -> list[StoredNotification]:
        """The next notifications to be sent."""
        return [StoredNotification(**row) for row in self._next("notifications", merchants_id, limit)]

    def count(self, until: int) -> int:
        """How many orders and notifications fall due up to an instant (milliseconds)."""
        return int(self._execute(
            "SELECT (SELECT count(*) FROM orders WHERE due_at <= :until) + "
            "(SELECT count(*) FROM notifications WHERE due_at <= :until)", {"until": until}).fetchone()[0])

    def _next(self, table: str, merchants_id: str | None, limit: int) -> list[Row]:
        """The first rows to fall due.

        The index of due rows is read in order. The rows of a merchant with few of them are sorted instead,
        because the index may have many rows of other merchants before its first one.
        """
        asked = {"mid": merchants_id, "limit": limit, "few": FEW, **self._owners}
        own = self._own
        if merchants_id:
            # no index is used for an expression
            compared = "merchants_id" if self._has_few(table, asked) else "(merchants_id || '')"
            own += f" AND {compared} = :mid"
        return self._execute(f"SELECT * FROM {table} WHERE due_at IS NOT NULL{own} ORDER BY due_at, id "
                             "LIMIT :limit", asked).fetchall()

    def _has_few(self, table: str, asked: Mapping[str, str | int | None]) -> bool:
        counted = self._execute(f"SELECT count(*) AS number FROM (SELECT 1 FROM {table} "
                                "WHERE merchants_id = :mid LIMIT :few) AS own",
                                asked).fetchone()
        return int(counted["number"]) < FEW
