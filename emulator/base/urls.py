"""URLs of merchants: one rule for which are taken, how they are escaped for use, and how they are shown.

Real clients send URLs with spaces, quotes and non-ASCII letters in them. Such a URL is signed and stored as
it was sent, escaped (RFC 3986) where it is used, and shown without its user and password.
"""
import ipaddress
import re
import unicodedata
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote, unquote, unquote_to_bytes, urlencode

WEB = ("http", "https")
DEFAULT_PORTS = {"http": 80, "https": 443}
# Schemes whose URLs run a program or read the payer's own files.
NEVER = ("javascript", "data", "vbscript", "file", "blob", "about")
HIDDEN = "***"  # shown in place of a user and password
MOST_IN_HOST, MOST_IN_LABEL, MOST_PORT = 253, 63, 65_535
_SHAPE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)
_LABEL = re.compile(rf"[A-Za-z0-9_-]{{1,{MOST_IN_LABEL}}}", re.ASCII)
_PORT = re.compile("0*[1-9][0-9]{0,4}", re.ASCII)
_PUNYCODE = "xn--"
# What each part of a URL may have beside letters, digits and percent signs with two hexadecimal digits.
_PLAIN = "-._~!$&'()*+,;="
_IN_USER, _IN_PATH, _IN_QUERY = _PLAIN + ":", _PLAIN + ":@/", _PLAIN + ":@/?"
# A user and password within a longer text: `//user:password@`, its slashes perhaps escaped as in JSON, or all
# of it as in a query.
_IN_TEXT = re.compile(
    r"(:\\?/\\?/)[^/?#\\\s\"'<>]+@|(%3A%2F%2F)(?:(?!%2F|%3F|%23)[^/?#\s\"'<>&])+%40", re.IGNORECASE)


@dataclass(frozen=True)
class Url:
    """The parts of a URL as they were written: `query` begins with `?`, `fragment` with `#`, or is empty."""

    scheme: str
    authority: str
    path: str
    query: str
    fragment: str

    @property
    def is_web(self) -> bool:
        """Whether it is an http or https URL; others are an app's own."""
        return self.scheme in WEB

    @cached_property
    def userinfo(self) -> str:
        """User and password, empty where there are none."""
        return self.authority.rpartition("@")[0]

    @cached_property
    def host(self) -> str:
        """The host as it is looked up: in IDNA, an IPv6 address in brackets. Raises ValueError."""
        return _looked_up(_host_and_port(self.authority)[0])

    @property
    def port(self) -> int | None:
        """The port, None where none is named. Raises ValueError."""
        written = _host_and_port(self.authority)[1]
        if not written:
            return None
        if not _PORT.fullmatch(written) or int(written.lstrip("0")) > MOST_PORT:
            raise ValueError(f"its port is no number from 1 to {MOST_PORT}")
        return int(written.lstrip("0"))

    @property
    def target(self) -> str:
        """What stands in a request line: path and query, escaped."""
        return (_escaped(self.path, _IN_PATH) or "/") + _escaped(self.query, _IN_QUERY)

    @property
    def authorization(self) -> str:
        """The header Authorization that sends user and password as HTTP Basic; empty where there are none."""
        if not self.userinfo:
            return ""
        user, _, password = self.userinfo.partition(":")
        return f"Basic {b64encode(unquote_to_bytes(user) + b':' + unquote_to_bytes(password)).decode()}"


def split(url: str) -> Url:
    """The parts of an absolute URL, its scheme in lower case. Raises ValueError without `scheme://`."""
    found = _SHAPE.fullmatch(url)
    if found is None:
        raise ValueError("it does not begin with http:// or https://")
    scheme, *others = found.groups("")
    return Url(scheme.lower(), *others)


def problem(url: str, own_schemes: bool = False) -> str | None:
    """What is wrong with a merchant's URL, without repeating any of it; None when it is taken.

    With `own_schemes` it may be one of an app, such as `myapp://paid`.
    """
    try:
        _check(url, own_schemes)
    except ValueError as error:
        return str(error)
    return None


def _check(url: str, own_schemes: bool) -> None:
    if not url.isprintable() and any(unicodedata.category(letter) in ("Cc", "Cs") for letter in url):
        raise ValueError("it has a control character")
    parts = split(url)
    if not parts.is_web:
        if not own_schemes or parts.scheme in NEVER:
            raise ValueError(f"its scheme is {parts.scheme[:32]}")
        return
    if "\\" in parts.authority:
        raise ValueError("its host has a backslash")
    assert parts.host
    assert parts.port is None or parts.port


def scheme(url: str) -> str:
    """The scheme of a URL that was taken, in lower case."""
    return url.partition(":")[0].lower()


def origin(url: str) -> str:
    """Scheme, host and port of a web URL: what is one server. Of another URL the whole, discreetly."""
    try:
        parts = split(url)
        usual = DEFAULT_PORTS[parts.scheme]
        port = "" if parts.port in (None, usual) else f":{parts.port}"
        return f"{parts.scheme}://{parts.host.lower()}{port}"
    except (ValueError, KeyError):
        return discreet(url)


def is_own_scheme(url: str) -> bool:
    """Whether it is a URL that is taken, with a scheme of an app."""
    return problem(url, own_schemes=True) is None and not split(url).is_web


def _host_and_port(authority: str) -> tuple[str, str]:
    written = authority.rpartition("@")[2]
    if not written.startswith("["):
        host, _, port = written.partition(":")
        return host, port
    host, bracket, rest = written.partition("]")
    if not bracket or rest[:1] not in ("", ":"):
        raise ValueError("its host begins with a bracket and is no IPv6 address in brackets")
    return host + bracket, rest[1:]


def _looked_up(written: str) -> str:
    if written.startswith("["):
        return _ipv6(written)
    name = _in_idna(written)
    labels = name.removesuffix(".").split(".")
    if labels == [""]:
        raise ValueError("it has no host")
    if "" in labels:
        raise ValueError("its host has an empty label")
    if len(name.removesuffix(".")) > MOST_IN_HOST or max(map(len, labels)) > MOST_IN_LABEL:
        raise ValueError(f"its host has over {MOST_IN_HOST} characters, or {MOST_IN_LABEL} between two dots")
    if not all(map(_LABEL.fullmatch, labels)):
        raise ValueError("its host has characters that no host has")
    for label in labels:
        if label.lower().startswith(_PUNYCODE):
            _check_punycode(label)
    return name


def _in_idna(written: str) -> str:
    try:
        name = unquote(written, errors="strict")
        # The time that the codec needs grows with the square of the length.
        return name if name.isascii() or len(name) > MOST_IN_HOST else name.encode("idna").decode()
    except UnicodeError:
        raise ValueError("its host is no internationalised name, or has an empty or too long label") from None


def _ipv6(written: str) -> str:
    try:
        if "%" in written:  # a zone is this machine's own name of an interface
            raise ValueError
        return f"[{ipaddress.IPv6Address(written[1:-1])}]"
    except ValueError:
        raise ValueError("its host is no IPv6 address in brackets") from None


def _check_punycode(label: str) -> None:
    try:
        is_plain = label[len(_PUNYCODE):].encode().decode("punycode").isascii()
    except UnicodeError:
        is_plain = True
    if is_plain:
        raise ValueError("its host is no internationalised name, though it begins like one")


def escaped(url: str) -> str:
    """The URL as it is used in a header, a link or a script; what is escaped already stays as it is.

    It never raises: a URL that was taken under an older rule is escaped as far as that is possible.
    """
    try:
        parts = split(url)
    except ValueError:
        return _escaped(url, _IN_QUERY + "#")
    tail = f"{_escaped(parts.path, _IN_PATH)}{_escaped(parts.query, _IN_QUERY)}"
    fragment = f"#{_escaped(parts.fragment[1:], _IN_QUERY)}" if parts.fragment else ""
    return f"{parts.scheme}://{_authority(parts)}{tail}{fragment}"


def _authority(parts: Url) -> str:
    if not parts.is_web:
        return _escaped(parts.authority, _IN_USER + "@")
    user = f"{_escaped(parts.userinfo, _IN_USER)}@" if parts.userinfo else ""
    try:
        return f"{user}{parts.host}{f':{parts.port}' if parts.port else ''}"
    except ValueError:
        return _escaped(parts.authority, _IN_USER + "@")


def _escaped(text: str, kept: str) -> str:
    """The text, percent-encoded but for letters, digits, what is in `kept` and what is escaped already."""
    inside = rf"%(?![0-9A-Fa-f]{{2}})|[^A-Za-z0-9%{re.escape(kept)}]+"
    return re.sub(inside, lambda found: quote(found[0], safe="", errors="replace"), text)


def with_query(url: str, params: Mapping[str, object]) -> str:
    """The URL, or path, with parameters added to whatever query it has; its fragment stays behind them.

    A parameter that is None is left out.
    """
    query = urlencode({name: value for name, value in params.items() if value is not None})
    if not query:
        return url
    bare, hash_mark, fragment = url.partition("#")
    beginning, _, before = bare.partition("?")
    joint = "&" if before and not before.endswith("&") else ""
    return f"{beginning}?{before}{joint}{query}{hash_mark}{fragment}"


def discreet(text: str) -> str:
    """A URL, or a text with URLs in it, as it may be shown: with `***` in place of users and passwords."""
    if "@" not in text and "%40" not in text:
        return text
    return _IN_TEXT.sub(lambda found: f"{found[1] or found[2]}{HIDDEN}{'@' if found[1] else '%40'}",
                        _without_user(text))


def discreet_values(texts: Mapping[str, str]) -> dict[str, str]:
    """The texts, by their names, as they may be shown."""
    return {name: discreet(text) for name, text in texts.items()}


def _without_user(url: str) -> str:
    """A URL with `***` in place of userinfo, whatever characters they have; other texts unchanged."""
    try:
        parts = split(url)
    except ValueError:
        return url
    beginning = f"{url.partition(':')[0]}://"
    if "@" in parts.authority:
        hidden = f"{HIDDEN}@" if parts.userinfo else ""
        return f"{beginning}{hidden}{url[len(beginning) + parts.authority.rindex('@') + 1:]}"
    # A `/`, `?` or `#` in the password may have ended the authority too early.
    if "@" in url and problem(url, own_schemes=True):
        return f"{beginning}{HIDDEN}@{url.rpartition('@')[2]}"
    return url


def is_shown(url: str) -> bool:
    """Whether a URL has `***` in place of its user and password, like one copied from where it was shown."""
    return f"//{HIDDEN}@" in url


def url_of(host: str, port: int | str) -> str:
    """The URL of a listening address."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def reachable(address: str) -> str:
    """The address as this machine reaches it: a server that listens everywhere is found on loopback."""
    return address.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
