"""How the values of settings and of some parameters are written: each function returns the value of a text.

They raise ValueError with a sentence that says what is allowed; those of settings name the text too.
"""
import ipaddress
from collections.abc import Callable
from typing import TypeVar

from . import clock, durations

Value = TypeVar("Value")
TEXT, JSON = "text", "json"  # formats of the log
SELF_SIGNED = "self-signed"


def switch(written: str) -> bool:
    """Whether something is on."""
    if written.lower() in ("1", "true", "yes", "on"):
        return True
    if written.lower() in ("", "0", "false", "no", "off"):
        return False
    raise ValueError(f"{written!r} is neither on nor off")


def number(least: int, most: int) -> Callable[[str], int]:
    """A function that reads whole numbers from `least` to `most`."""
    def parse(written: str) -> int:
        is_number = written.isascii() and written.isdecimal() and len(written) <= len(str(most))
        if not is_number or not least <= int(written) <= most:
            raise ValueError(f"{written!r} is not a whole number from {least} to {most}")
        return int(written)
    return parse


def whole(written: str, most: int) -> int:
    """A whole number from 0 to `most`, for a message that has named the parameter already."""
    is_number = written.isascii() and written.isdecimal() and len(written) <= len(str(most))
    if not is_number or int(written) > most:
        raise ValueError(f"must be a whole number from 0 to {most}")
    return int(written)


def or_off(parse: Callable[[str], Value]) -> Callable[[str], Value | None]:
    """The same format, where `off` is allowed too and gives None."""
    return lambda written: None if written.lower() == "off" else parse(written)


def zone(written: str) -> str:
    """The IANA name of a time zone."""
    clock.zone(written)
    return written


def time_of_day(written: str) -> int:
    """Milliseconds since midnight."""
    hours, colon, minutes = written.partition(":")
    is_short = colon and written.isascii() and len(written) <= len("15:00")
    is_numeric = is_short and hours.isdecimal() and minutes.isdecimal()
    if not (is_numeric and int(hours) < 24 and int(minutes) < 60):
        raise ValueError(f"{written!r} is not a time of day; write 15:00")
    return int(hours) * durations.HOUR + int(minutes) * durations.MINUTE


def schedule(written: str) -> tuple[int, ...]:
    """Durations separated by commas, in milliseconds."""
    return tuple(durations.parse(part) for part in written.split(",") if part.strip())


def paces(written: str) -> tuple[int, ...]:
    """Four durations, in milliseconds."""
    paces = schedule(written)
    if len(paces) != 4:
        raise ValueError(f"{written!r} is not four durations; write 1s,500ms,1s,500ms")
    return paces


def patience(written: str) -> int:
    """A duration that is not zero, in milliseconds."""
    patience = durations.parse(written)
    if not patience:
        raise ValueError(f"{written!r} leaves no time at all")
    return patience


def places(written: str) -> tuple[str, ...]:
    """Hosts, origins and networks, separated by commas."""
    places = tuple(part.strip().lower() for part in written.split(",") if part.strip())
    for place in places:
        if "/" in place:
            ipaddress.ip_network(place, strict=False)
    return places


def hosts(written: str) -> tuple[str, ...]:
    """Host names, separated by commas."""
    hosts = tuple(part.strip().lower().removesuffix(".") for part in written.split(",") if part.strip())
    for host in hosts:
        if not host.strip("[]").replace(":", "").replace(".", "").replace("-", "").replace("_", "").isalnum():
            raise ValueError(f"{host!r} is not a host name; write the names alone, without scheme and port")
    return tuple(host.strip("[]") for host in hosts)


def self_signed(written: str) -> str:
    """The word for a certificate that the server makes."""
    if written.lower() != SELF_SIGNED:
        raise ValueError(f"{written!r} is neither {SELF_SIGNED} nor off")
    return SELF_SIGNED


def log_level(written: str) -> str:
    """The name of a level."""
    if written.lower() not in ("debug", "info", "warning", "error", "critical"):
        raise ValueError(f"{written!r} is none of debug, info, warning, error, critical")
    return written.lower()


def log_format(written: str) -> str:
    """The name of a format."""
    if written.lower() not in (TEXT, JSON):
        raise ValueError(f"{written!r} is neither {TEXT} nor {JSON}")
    return written.lower()
