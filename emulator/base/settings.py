"""Every setting of the emulator: its name, default, format and purpose.

The environment variables (`TGPAY_<NAME>`), the flags of `tgpay-emulator serve`, `--help` and the table in the
README are all made from `SETTINGS`.
"""
import ipaddress
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from . import clock, durations, money, public_url


class Setting(Struct, frozen=True):
    """One setting. `parse` returns the value of a text, or raises ValueError with a sentence."""

    name: str
    default: str
    help: str
    parse: Callable[[str], Any] = str

    @property
    def is_switch(self) -> bool:
        """Whether the flag needs no value; without one it switches the setting on."""
        return self.parse is _switch


def _switch(written: str) -> bool:
    if written.lower() in ("1", "true", "yes", "on"):
        return True
    if written.lower() in ("", "0", "false", "no", "off"):
        return False
    raise ValueError(f"{written!r} is neither on nor off")


def _number(least: int, most: int) -> Callable[[str], int]:
    def parse(written: str) -> int:
        is_number = written.isascii() and written.isdecimal() and len(written) <= len(str(most))
        if not is_number or not least <= int(written) <= most:
            raise ValueError(f"{written!r} is not a whole number from {least} to {most}")
        return int(written)
    return parse


def _or_off(parse: Callable[[str], int]) -> Callable[[str], int | None]:
    """The same format, where `off` is allowed too and gives None."""
    return lambda written: None if written.lower() == "off" else parse(written)


def _zone(written: str) -> str:
    clock.zone(written)
    return written


def _time_of_day(written: str) -> int:
    hours, colon, minutes = written.partition(":")
    is_short = colon and written.isascii() and len(written) <= len("15:00")
    is_numeric = is_short and hours.isdecimal() and minutes.isdecimal()
    if not (is_numeric and int(hours) < 24 and int(minutes) < 60):
        raise ValueError(f"{written!r} is not a time of day; write 15:00")
    return int(hours) * durations.HOUR + int(minutes) * durations.MINUTE


def _schedule(written: str) -> tuple[int, ...]:
    return tuple(durations.parse(part) for part in written.split(",") if part.strip())


def _paces(written: str) -> tuple[int, ...]:
    paces = _schedule(written)
    if len(paces) != 4:
        raise ValueError(f"{written!r} is not four durations; write 1s,500ms,1s,500ms")
    return paces


def _patience(written: str) -> int:
    patience = durations.parse(written)
    if not patience:
        raise ValueError(f"{written!r} leaves no time at all")
    return patience


def _places(written: str) -> tuple[str, ...]:
    places = tuple(part.strip().lower() for part in written.split(",") if part.strip())
    for place in places:
        if "/" in place:
            ipaddress.ip_network(place, strict=False)
    return places


def _hosts(written: str) -> tuple[str, ...]:
    hosts = tuple(part.strip().lower().removesuffix(".") for part in written.split(",") if part.strip())
    for host in hosts:
        if not host.strip("[]").replace(":", "").replace(".", "").replace("-", "").replace("_", "").isalnum():
            raise ValueError(f"{host!r} is not a host name; write the names alone, without scheme and port")
    return tuple(host.strip("[]") for host in hosts)


def _log_level(written: str) -> str:
    if written.lower() not in ("debug", "info", "warning", "error", "critical"):
        raise ValueError(f"{written!r} is none of debug, info, warning, error, critical")
    return written.lower()


DEFAULT_SEED = "tgpay"
PRIVATE, MERCHANTS = "private", "merchants"  # words that notify_allow may contain
SETTINGS = (
    Setting("host", "127.0.0.1", "address to listen on"),
    Setting("port", "8472", "port to listen on; 0 takes a free one", _number(0, 65535)),
    Setting("database", "", "SQLite file; empty is tgpay-emulator/emulator.db in the user's data directory, "
                            ":temporary: a throw-away one"),
    Setting("lan", "off", "for phones on the same Wi-Fi: listens on all interfaces, public_url has this "
                          "machine's address there, and a QR code of it is printed; host and public_url win",
            _switch),
    Setting("public_url", "",
            "address under which payers and merchants reach the emulator, with its path where "
            "a reverse proxy shows it under one; empty: the request's own",
            public_url.parse),
    Setting("allowed_hosts", "", "host names, separated by commas, under which the control interface, the "
                                 "console and the demo answer besides loopback names, the host of public_url "
                                 "and this machine's addresses", _hosts),
    Setting("workers", "2", "server processes", _number(1, 64)),
    Setting("threads", "4", "requests that each process works on at once; those that wait are not counted",
            _number(1, 256)),
    Setting("connections", "1000",
            "connections that each process serves at once, as far as the system gives it files",
            _number(8, 65535)),
    Setting("waiting_limit", "200",
            "requests of one merchant that may wait at once in each process: wait, event streams, delays of "
            "scenarios; as many windows of the console, and screens of terminals",
            _number(1, 65535)),
    Setting("client_timeout", "10s",
            "time for the headers of a request, and for the longest silence while a client sends a body or "
            "is sent an answer; a body may take six times as long", _patience),
    Setting("seed", DEFAULT_SEED,
            "everything that looks random derives from it: tokens, numbers, buyers; where others reach the "
            "emulator, one is drawn and printed unless it is given"),
    Setting("scenario", "",
            "scenario in force from the start: the name of one that comes along, or a TOML file"),
    Setting("strict", "off", "breaking a rule of the document is refused (ILLEGAL_ARGUMENT) instead of noted "
                             "as a finding", _switch),
    Setting("control_token", "", "bearer token of /_emulator; empty: none on loopback, one made and printed "
                                 "elsewhere; off: none anywhere"),
    Setting("timezone", "Asia/Shanghai", "zone of pay_time, gmt_payment, the settlement day and 1c", _zone),
    Setting("notify_timezone", "Europe/London", "zone of notify_time", _zone),
    Setting("notify_retries", "4m,10m,10m,1h,2h,6h,15h",
            "waits before a notification that was not delivered is repeated", _schedule),
    Setting("notify_timeout", "10s",
            "time for one attempt of a notification, from name lookup to the last byte", durations.parse),
    Setting("notify_allow", "", "hosts and networks that notifications may go to, separated by commas; "
                                "private: all private networks, merchants: the hosts of the merchants' own "
                                "notify_url settings. Empty: all on loopback, private,merchants where others "
                                "reach the emulator. Link-local and cloud metadata addresses never",
            _places),
    Setting("notify_ca", "", "PEM file of certificate authorities that are trusted beside the system's, for "
                             "receivers with https"),
    Setting("notify_insecure", "off", "certificates of receivers are not checked", _switch),
    Setting("settlement_time", "15:00", "time of day, in timezone, at which a day is settled", _time_of_day),
    Setting("settlement_days", "1", "days between a payment and its settlement", _number(0, 30)),
    Setting("refund_period", "90d", "after it a paid order is TRADE_FINISHED", durations.parse),
    Setting("autopilot", "1s,500ms,1s,500ms",
            "how long an unattended terminal takes to be shown a card, to read it, to be typed a PIN and "
            "to hear from the host", _paces),
    Setting("contactless_limit", "100.00", "up to this amount a tapped card needs no PIN at a terminal",
            money.minor),
    Setting("amount_triggers", "on",
            "some amounts make a terminal's host decline, fail or approve a part, as 37.79 does", _switch),
    Setting("keep", "30d", "how long requests in the journal and ended notifications are kept, in real time; "
                           "off: for ever",
            _or_off(durations.parse)),
    Setting("keep_entries", "100000",
            "how many of the newest requests, and how many notifications, are kept; off: any number",
            _or_off(_number(100, 10**9))),
    Setting("address_file", "",
            "file into which serve writes its address once it answers: for port 0, and for healthcheck"),
    Setting("log_level", "info", "debug, info, warning, error or critical", _log_level),
)
NO_TOKEN = "off"
TEMPORARY = ":temporary:"
EVERYWHERE = "0.0.0.0"


class Settings(Mapping[str, Any]):
    """The values in force, by name and as attributes.

    `written` are the texts that were given; all other settings take their default. A wrong value raises
    ValueError with the setting's name.
    """

    def __init__(self, written: Mapping[str, str] | None = None) -> None:
        given = written or {}
        self.given = frozenset(given)  # the names that were not left to their default
        self._values: dict[str, Any] = {}
        self._texts: dict[str, str] = {}
        for setting in SETTINGS:
            text = given.get(setting.name, setting.default)
            try:
                value = setting.parse(text)
            except ValueError as error:
                raise ValueError(f"{setting.name}: {error}") from error
            if setting.is_switch:
                text = "on" if value else "off"
            self._values[setting.name], self._texts[setting.name] = value, text
        if self._values["lan"] and "host" not in given:
            self._values["host"] = EVERYWHERE
        self.__dict__.update(self._values)  # plain attributes are quick, and each request reads many

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)

    def __iter__(self) -> Any:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def text(self, name: str) -> str:
        """The text of a value, as it was given or as its default is written."""
        return self._texts[name]

    def replaced(self, **values: Any) -> "Settings":
        """A copy with other values for some settings. They are values, not texts: nothing is parsed."""
        copy = Settings()
        copy.given = self.given | frozenset(values)
        copy._values = {**self._values, **values}
        texts = {name: ",".join(value) if isinstance(value, tuple) else str(value) for name,
                 value in values.items()}
        copy._texts = {**self._texts, **texts}
        copy.__dict__.update(copy._values)
        return copy


def variable(setting: Setting) -> str:
    """The name of the environment variable of a setting."""
    return f"TGPAY_{setting.name.upper()}"


def from_environment(environ: Mapping[str, str], **flags: str | None) -> Settings:
    """The settings from flags and the environment; a flag wins over the environment variable.

    Raises ValueError.
    """
    written = {setting.name: environ[variable(setting)]
               for setting in SETTINGS if variable(setting) in environ}
    written.update({name: flag for name, flag in flags.items() if flag is not None})
    return Settings(written)


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's loopback."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_reachable(settings: Settings) -> bool:
    """Whether other machines can reach the emulator, directly or through a reverse proxy or tunnel."""
    if not is_loopback(settings.host):
        return True
    return bool(settings.public_url) and not is_loopback(_host(settings.public_url))


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
