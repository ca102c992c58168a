"""Table `clock`: how the emulator's time is set, one row."""
import sqlite3

from ..base.clock import Clock, real_now


class ClockReader:
    """The clock as it is set."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def get(self) -> Clock:
        """The clock as it is set."""
        row = self._execute("SELECT offset_ms, frozen_ms FROM clock").fetchone()
        return Clock(row[0], row[1]) if row else Clock()

    def now(self) -> int:
        """The emulator's present instant, in milliseconds."""
        return self.get().now(real_now())

    def is_there(self) -> bool:
        """Whether the database has a clock: one that nothing has been put into yet has none."""
        return self._execute("SELECT 1 FROM clock").fetchone() is not None


class ClockTable(ClockReader):
    """The same, to be set."""

    def set(self, clock: Clock) -> None:
        """Set it."""
        self._execute("INSERT INTO clock (id, offset_ms, frozen_ms) VALUES (1, :offset, :frozen) "
                      "ON CONFLICT (id) DO UPDATE SET offset_ms = :offset, frozen_ms = :frozen", vars(clock))
