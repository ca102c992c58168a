"""Table `rate_limits`: for each merchant, when its bucket of requests is full again.

The table is shared by all processes of all servers on this database, and a request is counted by one
statement, so that together they let through exactly as much as one process would.
"""
from ..base.rates import Rate
from .connection import Connection


class LimitReader:
    """Reads how far merchants have used up their rates."""

    def __init__(self, connection: Connection) -> None:
        self._execute = connection.execute

    def full_at(self, merchants_id: str) -> int:
        """When a merchant's bucket is full again, in ticks of the rate; 0 if nothing was ever taken."""
        row = self._execute("SELECT full_at FROM rate_limits WHERE merchants_id = :mid",
                            {"mid": merchants_id}).fetchone()
        return int(row["full_at"]) if row else 0


class Limits(LimitReader):
    """Reads and counts requests of merchants."""

    def take(self, merchants_id: str, rate: Rate, now: int) -> int:
        """Count a request at an instant of real time (milliseconds), if the merchant's bucket has room.

        Returns 0 if it was counted, otherwise the milliseconds until there is room. A bucket that is further
        ahead than an empty one was left by another rate, or by a clock that was set back: it begins full.
        """
        ticks = rate.ticks(now)
        counted = self._execute(
            """INSERT INTO rate_limits (merchants_id, full_at) VALUES (:mid, :now + :request)
               ON CONFLICT (merchants_id) DO UPDATE SET full_at = :request +
                   CASE WHEN rate_limits.full_at BETWEEN :now AND :furthest THEN rate_limits.full_at
                        ELSE :now END
               WHERE rate_limits.full_at <= :room OR rate_limits.full_at > :furthest
               RETURNING full_at""",
            {"mid": merchants_id, "now": ticks, "request": rate.period, "room": ticks + rate.ahead,
             "furthest": ticks + rate.furthest}).fetchall()
        return 0 if counted else rate.wait(self.full_at(merchants_id), now)
