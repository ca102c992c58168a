"""Every setting of the emulator: its name, default, format and purpose.

The environment variables (`TGPAY_<NAME>`), the flags of `tgpay-emulator serve`, `--help` and the table in the
README are all made from `SETTINGS`.
"""
import ipaddress
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from . import durations, money, public_url, rates, tokens
from .values import (
    TEXT, hosts, log_format, log_level, number, or_off, paces, patience, places, schedule, self_signed,
    switch, time_of_day, zone)


class Setting(Struct, frozen=True):
    """One setting. `parse` returns the value of a text, or raises ValueError with a sentence."""

    name: str
    default: str
    help: str
    parse: Callable[[str], Any] = str

    @property
    def is_switch(self) -> bool:
        """Whether the flag needs no value; without one it switches the setting on."""
        return self.parse is switch

    @property
    def is_repeated(self) -> bool:
        """Whether the flag may be given several times, also in the singular: `--token` for `tokens`."""
        return self.parse is tokens.parse


DEFAULT_SEED = "tgpay"
PRIVATE, MERCHANTS = "private", "merchants"  # words that notify_allow may contain
SETTINGS = (
    Setting("host", "127.0.0.1", "address to listen on"),
    Setting("port", "8472", "port to listen on; 0 takes a free one", number(0, 65535)),
    Setting("database", "",
            "SQLite file, or postgresql://user:password@host/name; empty: tgpay-emulator/emulator.db in the "
            "user's data directory; :temporary: one that is deleted at the end"),
    Setting("lan", "off",
            "for phones on the same Wi-Fi: listen on all interfaces, use this machine's address there as "
            "public_url, and print its QR code; host and public_url take precedence", switch),
    Setting("tls_cert", "", "PEM file of a certificate with its chain; the server then accepts https only"),
    Setting("tls_key", "",
            "PEM file of the certificate's private key; empty: the key is in the file tls_cert"),
    Setting("tls", "off",
            "self-signed: accept https only, with a certificate that the server creates and keeps beside the "
            "database; needs tgpay-emulator[tls]", or_off(self_signed)),
    Setting("public_url", "",
            "address under which payers and merchants reach the emulator, with its path if a reverse proxy "
            "adds one; empty: the address of each request", public_url.parse),
    Setting("allowed_hosts", "",
            "further host names, separated by commas, under which the control interface, the console and the "
            "demo answer; loopback names, the host of public_url and this machine's addresses are always "
            "allowed", hosts),
    Setting("workers", "2", "server processes", number(1, 64)),
    Setting("threads", "4",
            "requests that each process handles at once; waiting requests are not counted", number(1, 256)),
    Setting("connections", "1000",
            "connections that each process serves at once, within the system's limit of open files",
            number(8, 65535)),
    Setting("waiting_limit", "200",
            "requests of one merchant that may wait at once in each process (wait, event streams, delays of "
            "scenarios), and as many windows of the console and of terminals", number(1, 65535)),
    Setting("client_timeout", "10s",
            "time limit for the headers of a request, and for a pause while a body is received or a response "
            "is sent; a whole body may take six times as long", patience),
    Setting("seed", DEFAULT_SEED,
            "all generated values derive from it: tokens, numbers, buyers; where others can reach the "
            "emulator, or teams have tokens, a random one is used and printed unless it is given"),
    Setting("scenario", "",
            "scenario that is active from the start: the name of a bundled one, or a TOML file"),
    Setting("strict", "off",
            "refuse requests that break a rule of the document (ILLEGAL_ARGUMENT) instead of noting a "
            "finding",
            switch),
    Setting("control_token", "",
            "bearer token for /_emulator; empty: none on loopback, elsewhere a random one is printed, or "
            "with "
            "PostgreSQL one is required; off: none anywhere"),
    Setting("tokens", "",
            "more control tokens, each NAME:ROLE:TOKEN, separated by commas, or a TOML file with a table "
            "[control_tokens]; the role admin may do everything, team sees and changes only the merchants "
            "that it created", tokens.parse),
    Setting("rate_limit", "off",
            "limit of requests for each merchant, such as 20/s or 600/min, with a burst 20/s:50; requests "
            "above it are refused; off: no limit", or_off(rates.parse)),
    Setting("timezone", "Asia/Shanghai",
            "time zone of pay_time, gmt_payment, the settlement day and 1c, and of times in the console and "
            "in tables of the command line", zone),
    Setting("notify_timezone", "Europe/London", "time zone of notify_time", zone),
    Setting("notify_retries", "4m,10m,10m,1h,2h,6h,15h",
            "waits before each retry of a notification that was not delivered", schedule),
    Setting("notify_timeout", "10s",
            "time limit for one delivery attempt, from name lookup to the last byte", durations.parse),
    Setting("notify_allow", "",
            "hosts and networks that notifications may be sent to, separated by commas; private: all private "
            "networks; merchants: the hosts of the merchants' notify_url settings. Empty: all on loopback; "
            "private,merchants where others can reach the emulator. Link-local and cloud metadata addresses "
            "are never allowed", places),
    Setting("notify_ca", "",
            "PEM file of certificate authorities to trust in addition to the system's, for receivers with "
            "https"),
    Setting("notify_insecure", "off", "do not check the certificates of receivers", switch),
    Setting("settlement_time", "15:00", "time of day, in timezone, at which a day is settled", time_of_day),
    Setting("settlement_days", "1", "days between a payment and its settlement", number(0, 30)),
    Setting("refund_period", "90d", "time after which a paid order becomes TRADE_FINISHED", durations.parse),
    Setting("autopilot", "1s,500ms,1s,500ms",
            "durations of a terminal's steps in automatic mode: present the card, read it, enter the PIN, "
            "wait for the host", paces),
    Setting("contactless_limit", "100.00",
            "amount up to which a tapped card needs no PIN at a terminal", money.minor),
    Setting("amount_triggers", "on",
            "decline, fail or partially approve special amounts, such as 37.79, at a terminal", switch),
    Setting("keep", "30d",
            "how long requests in the journal, finished notifications and final orders are kept, in real "
            "time; off: forever", or_off(durations.parse)),
    Setting("keep_entries", "100000",
            "how many of the newest requests, and of the newest notifications, are kept; off: no limit",
            or_off(number(100, 10**9))),
    Setting("address_file", "",
            "file into which serve writes its address once it answers, for port 0 and for healthcheck; it is "
            "deleted at the start and at the end"),
    Setting("end_with_parent", "off",
            "end the server when the process that started it ends, even if that is killed", switch),
    Setting("log_level", "info", "debug, info, warning, error or critical", log_level),
    Setting("log_format", TEXT, "text, or json: every line that serve prints is one JSON object",
            log_format),
    Setting("log_requests", "on", "log each request and each delivery attempt, at level info", switch),
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
        if any(row.token == self._values["control_token"] for row in self._values["tokens"]):
            raise ValueError("tokens: one of them is the control_token too; each needs its own")
        _check_tls(self._values)
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

    @property
    def scheme(self) -> str:
        """The scheme of the server's own address."""
        return "https" if self._values["tls"] or self._values["tls_cert"] else "http"

    @property
    def control_tokens(self) -> tuple[tokens.ControlToken, ...]:
        """All control tokens in force, none if none is required: `tokens`, and `control_token` as an admin's.
        """
        alone = self._values["control_token"]
        first = () if alone in ("", NO_TOKEN) else (tokens.ControlToken("", tokens.ADMIN, alone),)
        named: tuple[tokens.ControlToken, ...] = self._values["tokens"]
        return (*first, *named)

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


def _check_tls(values: Mapping[str, Any]) -> None:
    """Raise ValueError when the settings of TLS contradict each other."""
    if values["tls"] and (values["tls_cert"] or values["tls_key"]):
        raise ValueError("tls: the server either makes a certificate or has that of tls_cert and tls_key")
    if values["tls_key"] and not values["tls_cert"]:
        raise ValueError("tls_key: it needs tls_cert, the certificate of this key")


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


def is_shared(settings: Settings) -> bool:
    """Whether people use the emulator who must not know each other's tokens.

    That is where other machines reach it, and where there are tokens of teams.
    """
    return is_reachable(settings) or any(row.role == tokens.TEAM for row in settings.tokens)


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
