"""URLs of merchants: which are accepted, how they are escaped for use, and how they are shown.

Real clients send URLs with spaces, quotes and non-ASCII letters in them. Such a URL is signed and stored as
it was sent, escaped (RFC 3986) where it is used, and shown without its user and password.
"""
import re
import unicodedata
from base64 import b64encode
from collections.abc import Mapping
from functools import cached_property
from urllib.parse import quote, unquote_to_bytes, urlencode

from msgspec import Struct

from . import hosts

WEB = ("http", "https")
DEFAULT_PORTS = {"http": 80, "https": 443}
# Schemes that are never accepted: their URLs run a program or read the payer's files.
NEVER = ("javascript", "data", "vbscript", "file", "blob", "about")
HIDDEN = "***"  # shown in place of a user and password
MOST_PORT = 65_535
_SHAPE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)
_PORT = re.compile("0*[1-9][0-9]{0,4}", re.ASCII)
# The characters that each part of a URL may have besides letters, digits and percent escapes.
_PLAIN = "-._~!$&'()*+,;="
_IN_USER, _IN_PATH, _IN_QUERY = _PLAIN + ":", _PLAIN + ":@/", _PLAIN + ":@/?"
# User and password within a longer text: `//user:password@`. The slashes may be escaped as in JSON, or the
# whole may be escaped as in a query.
_IN_TEXT = re.compile(
    r"(:\\?/\\?/)[^/?#\\\s\"'<>]+@|(%3A%2F%2F)(?:(?!%2F|%3F|%23)[^/?#\s\"'<>&])+%40", re.IGNORECASE)


class Url(Struct, frozen=True, dict=True):
    """The parts of a URL as they were written.

    A `query` begins with `?` and a `fragment` with `#`; both may be empty.
    """

    scheme: str
    authority: str
    path: str
    query: str
    fragment: str

    @property
    def is_web(self) -> bool:
        """Whether it is an http or https URL, not one with the scheme of an app."""
        return self.scheme in WEB

    @cached_property
    def userinfo(self) -> str:
        """User and password as they are written, empty when there are none."""
        return self.authority.rpartition("@")[0]

    @cached_property
    def host(self) -> str:
        """The host as it is looked up: a name in IDNA, or an IPv6 address in brackets. Raises ValueError."""
        return hosts.looked_up(hosts.host_and_port(self.authority)[0])

    @property
    def port(self) -> int | None:
        """The port, None when the URL names none. Raises ValueError."""
        written = hosts.host_and_port(self.authority)[1]
        if not written:
            return None
        if not _PORT.fullmatch(written) or int(written.lstrip("0")) > MOST_PORT:
            raise ValueError(f"its port is not a number from 1 to {MOST_PORT}")
        return int(written.lstrip("0"))

    @property
    def target(self) -> str:
        """The target of the HTTP request line: path and query, escaped."""
        return (_escaped(self.path, _IN_PATH) or "/") + _escaped(self.query, _IN_QUERY)

    @property
    def authorization(self) -> str:
        """The value of the header Authorization (HTTP Basic), empty when the URL has no user."""
        if not self.userinfo:
            return ""
        user, _, password = self.userinfo.partition(":")
        return f"Basic {b64encode(unquote_to_bytes(user) + b':' + unquote_to_bytes(password)).decode()}"


def split(url: str) -> Url:
    """Split an absolute URL; the scheme is returned in lower case. Raises ValueError without `scheme://`."""
    found = _SHAPE.fullmatch(url)
    if found is None:
        raise ValueError("it does not begin with http:// or https://")
    scheme, *others = found.groups("")
    return Url(scheme.lower(), *others)


def problem(url: str, own_schemes: bool = False) -> str | None:
    """The reason why a merchant's URL is refused, or None. The sentence does not repeat any part of the URL.

    With `own_schemes`, the scheme may be one of an app, such as `myapp://paid`.
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
    hosts.looked_up(hosts.host_and_port(parts.authority)[0])
    _ = parts.port  # raises ValueError when it is no port number


def scheme(url: str) -> str:
    """The scheme of an accepted URL, in lower case."""
    return url.partition(":")[0].lower()


def origin(url: str) -> str:
    """The origin (scheme, host and port) of a web URL; any other URL without query, user and password."""
    try:
        parts = split(url)
        usual = DEFAULT_PORTS[parts.scheme]
        port = "" if parts.port in (None, usual) else f":{parts.port}"
        return f"{parts.scheme}://{parts.host.lower()}{port}"
    except (ValueError, KeyError):
        return discreet(url).partition("?")[0]


def is_own_scheme(url: str) -> bool:
    """Whether a URL is accepted and has the scheme of an app."""
    return problem(url, own_schemes=True) is None and not split(url).is_web


def escaped(url: str) -> str:
    """The URL escaped for use in a header, a link or a script. Escapes that it already has stay as they are.

    It never raises: a URL that was accepted under an older rule is escaped as far as possible.
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
    """The text percent-encoded, except letters, digits, the characters in `kept` and existing escapes."""
    inside = rf"%(?![0-9A-Fa-f]{{2}})|[^A-Za-z0-9%{re.escape(kept)}]+"
    return re.sub(inside, lambda found: quote(found[0], safe="", errors="replace"), text)


def with_query(url: str, params: Mapping[str, object]) -> str:
    """The URL, or path, with parameters added to whatever query it has; its fragment stays behind them.

    A parameter that is None is left out, one whose value is a list is there several times.
    """
    query = urlencode({name: value for name, value in params.items() if value is not None}, doseq=True)
    if not query:
        return url
    bare, hash_mark, fragment = url.partition("#")
    beginning, _, before = bare.partition("?")
    joint = "&" if before and not before.endswith("&") else ""
    return f"{beginning}?{before}{joint}{query}{hash_mark}{fragment}"


def discreet(text: str) -> str:
    """A URL, or a text that contains URLs, with `***` in place of each user and password."""
    if "@" not in text and "%40" not in text:
        return text
    return _IN_TEXT.sub(_hidden, _without_user(text))


def _hidden(found: re.Match[str]) -> str:
    """What replaces a user and password: the second form is that of an escaped URL."""
    return f"{found[1]}{HIDDEN}@" if found[1] else f"{found[2]}{HIDDEN}%40"


def discreet_values(texts: Mapping[str, str]) -> dict[str, str]:
    """The texts with `***` in place of users and passwords, by their names."""
    return {name: discreet(text) for name, text in texts.items()}


def _without_user(url: str) -> str:
    """A URL with `***` in place of user and password, whatever characters they have.

    Other texts stay unchanged.
    """
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
    """Whether a URL has `***` in place of its user and password, because it was copied from a page that shows
    it.
    """
    return f"//{HIDDEN}@" in url


def url_of(host: str, port: int | str, scheme: str = "http") -> str:
    """The URL of a listening address; an IPv6 address is put in brackets."""
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def reachable(address: str) -> str:
    """The address as this machine reaches it: a server that listens on all interfaces is reached on loopback.
    """
    return address.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
