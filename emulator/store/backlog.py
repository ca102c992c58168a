"""What is left to do: notifications that are not delivered, orders that fall due, open commands."""
from msgspec import Struct

from .connection import Connection


class Counts(Struct, frozen=True):
    """The work that is left at an instant.

    `pending` are the notifications that are not delivered and not given up, `due` those among all that are to
    be sent now; the oldest of these has been due for `lag_ms` milliseconds.
    """

    pending: int
    due: int
    lag_ms: int
    orders_due: int
    commands_open: int


class Backlog:
    """Counts the work that is left."""

    def __init__(self, connection: Connection) -> None:
        self._execute = connection.execute

    def at(self, now: int) -> Counts:
        """The work that is left at an instant of the shared clock (milliseconds)."""
        row = self._execute(
            """SELECT (SELECT count(*) FROM notifications
                       WHERE due_at IS NOT NULL AND status = 'pending') AS pending,
                      (SELECT count(*) FROM notifications WHERE shared_due_at <= :now) AS due,
                      (SELECT coalesce(min(shared_due_at), :now) FROM notifications
                       WHERE shared_due_at BETWEEN 1 AND :now) AS oldest,
                      (SELECT count(*) FROM orders WHERE shared_due_at <= :now) AS orders_due,
                      (SELECT count(*) FROM commands WHERE result IS NULL) AS commands_open""",
            {"now": now}).fetchone()
        return Counts(row["pending"], row["due"], now - row["oldest"], row["orders_due"],
                      row["commands_open"])
