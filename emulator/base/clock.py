"""The emulator's clocks, and how instants are printed.

An instant is an `int` of milliseconds since 1970-01-01 UTC. Only `host_now` reads the machine's clock; all
other code gets the time as an argument. The emulator's time is the real time plus an offset, or a fixed
instant while the clock is frozen. It is stored in the database, so that all processes agree and a restart
keeps it. The real time is that of the machine, or of a database server that several machines share.
"""
import time
from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec import Struct

COMPACT = "%Y%m%d%H%M%S"
SPACED = "%Y-%m-%d %H:%M:%S"


class Clock(Struct, frozen=True):
    """The state of a clock in the database.

    `offset` is added to the real time, in milliseconds. `frozen` is the instant at which the clock
    stands still, None while it runs.
    """

    offset: int = 0
    frozen: int | None = None

    def now(self, real: int) -> int:
        """The emulator's instant at the real time `real`."""
        return real + self.offset if self.frozen is None else self.frozen


# What the clock of an imported merchant does: it stands still at the instant of the export, goes on from
# there, or is the shared one.
FROZEN, RUNNING, SHARED = CLOCKS = ("frozen", "running", "shared")
NEVER = 10**15  # the due instant on the shared clock of what waits for a clock that does not reach it


class OwnClock(Struct, frozen=True):
    """The clock of one merchant: its `distance` from the shared clock in milliseconds.

    While it is `frozen` it stands still at this instant instead. While a command `moves` it, only that
    command does what falls due.
    """

    distance: int = 0
    frozen: int | None = None
    moves: bool = False

    def beside(self, shared: Clock) -> Clock:
        """This clock, while the shared one is in this state."""
        if self.frozen is not None:
            return Clock(shared.offset, self.frozen)
        return Clock(shared.offset + self.distance,
                     None if shared.frozen is None else shared.frozen + self.distance)

    def at(self, shared: int) -> int:
        """The instant that it shows when the shared clock shows the instant `shared`."""
        return shared + self.distance if self.frozen is None else self.frozen

    def shared_due(self, due: int) -> int:
        """Its instant `due` on the shared clock: 0 for what it has reached standing still, `NEVER` for what
        it does not reach by itself.
        """
        if self.moves:
            return NEVER
        if self.frozen is None:
            return due - self.distance
        return 0 if due <= self.frozen else NEVER


SMALLEST_CORRECTION = 20  # milliseconds; less may come from the way to the server
_correction = 0


def host_now() -> int:
    """The machine's time in milliseconds since 1970-01-01 UTC. Nothing else reads the machine's clock."""
    return time.time_ns() // 1_000_000


def real_now() -> int:
    """The real time in milliseconds since 1970-01-01 UTC: the machine's, corrected by `follow`."""
    return host_now() + _correction


def follow(correction: int) -> None:
    """Take the real time from elsewhere: from now on the machine's time is corrected by milliseconds."""
    global _correction
    if abs(correction - _correction) >= SMALLEST_CORRECTION:
        _correction = correction


@lru_cache(maxsize=32)
def zone(name: str) -> tzinfo:
    """The time zone of an IANA name, such as `Asia/Shanghai`. Raises ValueError for an unknown name."""
    try:
        return ZoneInfo(name)
    except (KeyError, OSError) as error:
        raise ValueError(f"{name!r} is not a time zone; write one such as Asia/Shanghai") from error


def moment(instant: int, zone_name: str) -> datetime:
    """The date and time in a time zone, to the second."""
    return datetime.fromtimestamp(instant // 1_000, zone(zone_name))


@lru_cache(maxsize=4096)
def _printed(second: int, zone_name: str, style: str) -> str:
    return datetime.fromtimestamp(second, zone(zone_name)).strftime(style)


def compact(instant: int, zone_name: str) -> str:
    """`20210607180228`, as `pay_time` is printed."""
    return _printed(instant // 1_000, zone_name, COMPACT)


def spaced(instant: int, zone_name: str) -> str:
    """`2018-03-25 12:11:52`, as `notify_time` is printed."""
    return _printed(instant // 1_000, zone_name, SPACED)


def zoned(instant: int, zone_name: str) -> str:
    """`2018-03-25 12:11:52 +01:00`, as the console and the command line print every time."""
    offset = _printed(instant // 1_000, zone_name, "%z")
    return f"{spaced(instant, zone_name)} {offset[:3]}:{offset[3:5]}"


def iso(instant: int) -> str:
    """`2026-01-02T03:04:05.678Z`, as the control interface prints it."""
    return datetime.fromtimestamp(instant / 1_000,
                                  timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_iso(written: str) -> int:
    """The instant of an ISO 8601 text, taken as UTC when it has no zone.

    Raises ValueError with a sentence.
    """
    try:
        parsed = datetime.fromisoformat(written)
    except ValueError:
        raise ValueError(f"{written!r} is not a time; write 2026-01-31T12:00:00Z") from None
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=timezone.utc)
    return (parsed - datetime(1970, 1, 1, tzinfo=timezone.utc)) // timedelta(milliseconds=1)


@lru_cache(maxsize=512)
def on_day(day: date, time_of_day: int, zone_name: str) -> int:
    """The instant of a day and a time of day in a time zone; `time_of_day` is in milliseconds since 00:00."""
    shown = datetime(day.year, day.month, day.day) + timedelta(milliseconds=time_of_day)
    return int(shown.replace(tzinfo=zone(zone_name)).timestamp()) * 1_000


def day_start(day: date, zone_name: str) -> int:
    """The instant of 00:00 on a day in a zone."""
    return on_day(day, 0, zone_name)


def next_midnight(instant: int, zone_name: str) -> int:
    """The instant of the next 00:00 in a zone. An order with `it_b_pay=1c` closes then (section 2)."""
    return day_start(moment(instant, zone_name).date() + timedelta(days=1), zone_name)
