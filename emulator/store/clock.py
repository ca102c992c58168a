"""Table `clock`: the setting of the emulator's clock, in one row."""
from msgspec.structs import asdict

from ..base.clock import Clock, real_now
from .connection import Connection

SETTING = "SELECT offset_ms, frozen_ms FROM clock"


class ClockReader:
    """Reads the clock."""

    def __init__(self, connection: Connection) -> None:
        self._execute = connection.execute

    def get(self) -> Clock:
        """The clock with its present setting."""
        row = self._execute(SETTING).fetchone()
        return Clock(row[0], row[1]) if row else Clock()

    def now(self) -> int:
        """The emulator's present instant, in milliseconds."""
        return self.get().now(real_now())

    def is_there(self) -> bool:
        """Whether the database has a clock; a new one, before the first data, has none."""
        return self._execute("SELECT 1 FROM clock").fetchone() is not None


class ClockTable(ClockReader):
    """Reads and sets the clock."""

    def set(self, clock: Clock) -> None:
        """Set the clock."""
        self._execute("INSERT INTO clock (id, offset_ms, frozen_ms) VALUES (1, :offset, :frozen) "
                      "ON CONFLICT (id) DO UPDATE SET offset_ms = :offset, frozen_ms = :frozen",
                      asdict(clock))
