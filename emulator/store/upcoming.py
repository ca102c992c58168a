"""What time alone will do next: orders and notifications in the order in which they fall due."""
from ..domain.orders import Order
from .clock import due_column
from .columns import Owned, narrowing, of_merchant
from .connection import Row
from .notifications import StoredNotification
from .orders import read_order


class Upcoming(Owned):
    """Reads the next orders and notifications to fall due, of one merchant or of all."""

    def orders(self, merchants_id: str | None, limit: int) -> list[Order]:
        """The next orders that time changes, as last stored."""
        return [read_order(row) for row in self._next("orders", merchants_id, limit)]

    def notifications(self, merchants_id: str | None, limit: int) -> list[StoredNotification]:
        """The next notifications to be sent."""
        return [StoredNotification(**row) for row in self._next("notifications", merchants_id, limit)]

    def count(self, until: int, merchants_id: str = "") -> int:
        """How many orders and notifications fall due up to an instant (milliseconds).

        With a number they are this merchant's, by its clock, else those of all, by the shared clock.
        """
        wanted = of_merchant(merchants_id)
        due = f"{due_column(merchants_id)} <= :until{narrowing(wanted)}"
        return int(self._execute(f"SELECT (SELECT count(*) FROM orders WHERE {due}) + "
                                 f"(SELECT count(*) FROM notifications WHERE {due})",
                                 {**wanted, "until": until}).fetchone()[0])

    def _next(self, table: str, merchants_id: str | None, limit: int) -> list[Row]:
        """The first rows to fall due, in the order of the shared clock, or of a merchant's own."""
        column, wanted = due_column(merchants_id or ""), of_merchant(merchants_id or "")
        asked = f"{column} IS NOT NULL{narrowing(wanted)}{self._own}"
        return self._execute(f"SELECT * FROM {table} WHERE {asked} ORDER BY {column}, id LIMIT :limit",
                             {**wanted, "limit": limit, **self._owners}).fetchall()
