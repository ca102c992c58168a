"""Checks the host of a URL and returns it as it is looked up in the DNS."""
import ipaddress
import re
from urllib.parse import unquote

MOST_IN_HOST, MOST_IN_LABEL = 253, 63  # characters (RFC 1035)
_LABEL = re.compile(rf"[A-Za-z0-9_-]{{1,{MOST_IN_LABEL}}}", re.ASCII)
_PUNYCODE = "xn--"


def host_and_port(authority: str) -> tuple[str, str]:
    """Host and port of an authority (`user:password@host:port`) as they are written; the port is empty
    without one.

    Raises ValueError when a bracket is not that of an IPv6 address.
    """
    written = authority.rpartition("@")[2]
    if not written.startswith("["):
        host, _, port = written.partition(":")
        return host, port
    host, bracket, rest = written.partition("]")
    if not bracket or rest[:1] not in ("", ":"):
        raise ValueError("its host begins with a bracket, but is not an IPv6 address in brackets")
    return host + bracket, rest[1:]


def looked_up(written: str) -> str:
    """The host as it is looked up: a name in IDNA, or an IPv6 address in brackets. Raises ValueError."""
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
        raise ValueError("its host has characters that are not allowed")
    for label in labels:
        if label.lower().startswith(_PUNYCODE):
            _check_punycode(label)
    return name


def _in_idna(written: str) -> str:
    try:
        name = unquote(written, errors="strict")
        # A longer name is refused later. The codec's time grows with the square of the length.
        return name if name.isascii() or len(name) > MOST_IN_HOST else name.encode("idna").decode()
    except UnicodeError:
        raise ValueError("its host is not an internationalised name, or has an empty or long label") from None


def _ipv6(written: str) -> str:
    try:
        if "%" in written:  # a zone names an interface of the sender's machine
            raise ValueError
        return f"[{ipaddress.IPv6Address(written[1:-1])}]"
    except ValueError:
        raise ValueError("its host is not an IPv6 address in brackets") from None


def _check_punycode(label: str) -> None:
    """Refuse a label that begins like an internationalised one and is none. Raises ValueError."""
    try:
        is_plain = label[len(_PUNYCODE):].encode().decode("punycode").isascii()
    except UnicodeError:
        is_plain = True
    if is_plain:
        raise ValueError("its host is not an internationalised name, though it begins like one")
