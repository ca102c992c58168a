"""The emulator's clock, or that of one merchant: tests move it instead of waiting."""
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from .calls import JSON
from .client import Client

__tracebackhide__ = True  # pytest shows the line of the test
SETTLEMENT_ZONE = "Asia/Shanghai"


class Clock:
    """The clock of the merchant `merchants_id`; the shared one when that is None.

    When a call returns, the move is finished: everything due in between has been done, each at its own
    instant. The methods return what was done.
    """

    def __init__(self, client: Client, merchants_id: str | None = None) -> None:
        self._client = client
        self._merchants_id = merchants_id

    def now(self) -> datetime:
        """The time of this clock."""
        return datetime.fromisoformat(self._client.clock(self._merchants_id)["now"])

    def today(self, zone: str = SETTLEMENT_ZONE) -> date:
        """The day of this clock in a time zone, by default that of the gateway."""
        return self.now().astimezone(ZoneInfo(zone)).date()

    def advance(self, duration: str | float | timedelta) -> JSON:
        """Advance by a duration such as `15m`, `2h` or `1d`, or by a number of seconds."""
        if isinstance(duration, timedelta):
            duration = duration.total_seconds()
        return self._client.move_clock(self._merchants_id, advance=duration)

    def set(self, instant: str | datetime) -> JSON:
        """Set the clock to an instant: ISO 8601, or a datetime with a time zone."""
        written = instant if isinstance(instant, str) else instant.isoformat()
        return self._client.move_clock(self._merchants_id, set=written)

    def freeze(self) -> JSON:
        """Stop the clock."""
        return self._client.move_clock(self._merchants_id, freeze=True)

    def unfreeze(self) -> JSON:
        """Let the clock run."""
        return self._client.move_clock(self._merchants_id, freeze=False)

    def reset(self) -> JSON:
        """Back to real time; a merchant's clock back to the shared one."""
        return self._client.move_clock(self._merchants_id, reset=True)
