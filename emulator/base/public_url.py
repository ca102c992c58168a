"""Checks and normalises the setting `public_url`, the address under which payers and merchants reach the
emulator.
"""
import ipaddress
import re
from urllib.parse import SplitResult, quote, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST_NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?\Z")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
# These characters have no special meaning in a shell or a cookie. All others but letters and digits are
# escaped.
_PLAIN_IN_PATHS = "/%:@+,="
_NO_HOST = "its host is neither a host name nor an IP address"
_NO_PORT = "its port is not a number from 1 to 65535"


def parse(written: str) -> str:
    """The normalised address: scheme and host in lower case, no default port, the path escaped, no slash at
    its end.

    An empty text stays empty. Raises ValueError with a sentence that does not repeat the address, because it
    may contain a password.
    """
    if not written:
        return ""
    if any(character.isspace() or not character.isprintable() or character == "\\" for character in written):
        raise ValueError("it has a blank, a backslash or a control character; write a blank as %20")
    parts = _split(written)
    return f"{parts.scheme}://{_netloc(parts)}{_path(parts.path)}"


def path_of(public_url: str) -> str:
    """The escaped path of a parsed address, empty when it has none."""
    return urlsplit(public_url).path


def _split(written: str) -> SplitResult:
    """Split the address into its parts. Raises ValueError when one is missing or must not be there."""
    try:
        parts = urlsplit(written)
    except ValueError as error:
        raise ValueError(_NO_HOST) from error
    if parts.scheme not in _DEFAULT_PORTS or not written[len(parts.scheme):].startswith("://"):
        raise ValueError("it must begin with http:// or https://")
    if "@" in parts.netloc:
        raise ValueError("it must have no user name and no password")
    if "?" in written or "#" in written:
        raise ValueError("it must end with its path: no ? and no #")
    return parts


def _netloc(parts: SplitResult) -> str:
    """Host and port. An international host is written in IDNA; the scheme's default port is left out."""
    host = parts.hostname or ""
    if not host:
        raise ValueError("it names no host")
    try:
        port = parts.port
    except ValueError as error:
        raise ValueError(_NO_PORT) from error
    if port == 0:
        raise ValueError(_NO_PORT)
    named = _ascii(host)
    return named if port in (None, _DEFAULT_PORTS[parts.scheme]) else f"{named}:{port}"


def _ascii(host: str) -> str:
    """The host in ASCII, as URLs have it. A host that ends in digits must be an IP address."""
    try:
        if ":" in host:
            return f"[{ipaddress.IPv6Address(host)}]"
        named = host.encode("idna").decode()
        if named.rstrip(".").rpartition(".")[2].isdecimal():
            return str(ipaddress.IPv4Address(named))
    except ValueError:
        named = ""
    if not _HOST_NAME.match(named):
        raise ValueError(_NO_HOST)
    return named


def _path(path: str) -> str:
    """The escaped path. Dot segments and // are refused: browsers resolve dots, and // would begin a host."""
    trimmed = path.rstrip("/")
    if _BAD_ESCAPE.search(trimmed):
        raise ValueError("a % in its path is not followed by two hexadecimal digits")
    segments = trimmed.lower().replace("%2e", ".").split("/")[1:]
    if "" in segments or "." in segments or ".." in segments:
        raise ValueError("its path must have no //, no /./ and no /../")
    return quote(trimmed, safe=_PLAIN_IN_PATHS)
