"""Lengths of time as people write them: `500ms`, `5s`, `15m`, `2h`, `1d`, or seconds as a number.

Inside the emulator every length of time and every instant is a whole number of milliseconds.
"""
import re

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

UNITS = {"ms": 1, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY}
LONGEST = 3_660 * DAY

_WRITTEN = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s*(ms|s|m|h|d)?", re.ASCII)


def parse(written: object) -> int:
    """Milliseconds of a duration; a bare number is seconds.

    Raises ValueError, in a sentence for the person who wrote it, for anything else and for more than ten
    years.
    """
    match = _WRITTEN.fullmatch(str(written).strip()) if not isinstance(written, bool) else None
    if not match:
        raise ValueError(f"{written!r} is not a duration; write 500ms, 5s, 15m, 2h or 1d, or seconds as a "
                         f"number")
    number, unit = match.groups()
    milliseconds = round(float(number) * UNITS[unit or "s"])
    if milliseconds > LONGEST:
        raise ValueError(f"{written!r} is longer than ten years")
    return milliseconds


def in_units(milliseconds: int) -> list[tuple[int, str]]:
    """The whole days, hours, minutes and seconds of a duration: `(2, "d"), (0, "h"), (0, "m"), (5, "s")`."""
    found, left = [], milliseconds
    for unit in ("d", "h", "m", "s"):
        number, left = divmod(left, UNITS[unit])
        found.append((number, unit))
    return found


def offset_text(seconds: float) -> str:
    """How far a clock is ahead of the system time or behind it, in words: `2d 3h ahead of system time`."""
    units = in_units(round(abs(seconds)) * SECOND)
    parts = [f"{number}{unit}" for number, unit in units if number]
    if not parts:
        return "none: system time"
    return f"{' '.join(parts[:2])} {'ahead of' if seconds > 0 else 'behind'} system time"


def text(milliseconds: int) -> str:
    """The shortest way to write a duration exactly: 900000 is `15m`."""
    for unit in ("d", "h", "m", "s"):
        if milliseconds and milliseconds % UNITS[unit] == 0:
            return f"{milliseconds // UNITS[unit]}{unit}"
    return f"{milliseconds}ms"
