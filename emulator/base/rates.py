"""Rates of requests as people write them: `20/s`, `600/min`, `1000/h`, with a burst as `20/s:50`.

A rate is kept by a bucket that holds `burst` requests and is filled evenly at the rate: a client that was
silent may send `burst` requests at once. Its state is one number, the instant at which it is full again (the
generic cell rate algorithm). All numbers are whole, so that nothing is lost by rounding.
"""
import re

from msgspec import Struct

from . import durations

UNITS = {"s": durations.SECOND, "sec": durations.SECOND, "second": durations.SECOND,
         "m": durations.MINUTE, "min": durations.MINUTE, "minute": durations.MINUTE,
         "h": durations.HOUR, "hour": durations.HOUR}
MOST = 100_000
APART = durations.MINUTE
_WRITTEN = re.compile(r"(\d{1,6})\s*/\s*([a-z]+)(?:\s*:\s*(\d{1,6}))?", re.ASCII)


class Rate(Struct, frozen=True):
    """`number` requests in `period` milliseconds, at most `burst` of them at once.

    Instants of the bucket are in ticks: a tick is a millisecond divided by `number`, so that one request
    takes exactly `period` ticks.
    """

    number: int
    period: int
    burst: int
    written: str

    def ticks(self, instant: int) -> int:
        """An instant in milliseconds in ticks."""
        return instant * self.number

    @property
    def ahead(self) -> int:
        """How far ahead of now, in ticks, the bucket may be full again while it has room for a request."""
        return (self.burst - 1) * self.period

    @property
    def furthest(self) -> int:
        """How far ahead of now an empty bucket may be full again, in ticks.

        What is further ahead was left by another rate, or by a clock that was set back. Clocks of machines,
        and requests that waited for a lock, may differ by `APART`.
        """
        return self.burst * self.period + self.ticks(APART)

    def wait(self, full_at: int, now: int) -> int:
        """How many milliseconds (rounded up) until there is room for a request; 0 when there is.

        `full_at` is the instant in ticks at which the bucket is full again, `now` the present one in ms.
        """
        ahead = full_at - self.ticks(now)
        if ahead <= self.ahead or ahead > self.furthest:
            return 0
        return -(-(ahead - self.ahead) // self.number)


def parse(written: str) -> Rate:
    """The rate of a text. Raises ValueError with a sentence."""
    match = _WRITTEN.fullmatch(written.strip().lower())
    if not match or match[2] not in UNITS:
        raise ValueError(f"{written!r} is not a rate; write 20/s, 600/min or 1000/h, with a burst 20/s:50")
    number, burst = int(match[1]), int(match[3] or match[1])
    if not (0 < number <= MOST and 0 < burst <= MOST):
        raise ValueError(f"{written!r} must have numbers from 1 to {MOST}")
    return Rate(number, UNITS[match[2]], burst, written.strip())
