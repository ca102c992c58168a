"""URLs of merchants, as they may stand in a request line or a header; and those of listening addresses."""
from urllib.parse import quote, urlsplit, urlunsplit

_SAFE = "/%:@!$&'()*+,;=~-._?[]"


def ascii_url(url: str) -> str:
    """The URL with its host in IDNA and all else that is not ASCII in percent signs; what is escaped already stays as it is."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, _netloc(url), quote(parts.path, safe=_SAFE), quote(parts.query, safe=_SAFE),
                       quote(parts.fragment, safe=_SAFE)))


def _netloc(url: str) -> str:
    parts = urlsplit(url)
    if parts.netloc.isascii():
        return parts.netloc
    host = (parts.hostname or "").encode("idna").decode()
    return f"{host}:{parts.port}" if parts.port else host


def url_of(host: str, port: int | str) -> str:
    """The URL of a listening address."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def reachable(address: str) -> str:
    """The address as this machine reaches it: a server that listens everywhere is found on loopback."""
    return address.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")
