"""Protects the control interface, the console and the demo from requests that foreign pages send.

Any page can make a browser send requests. Two checks tell such a request from a wanted one: its host (a name
that an attacker points to this machine is not a name of the emulator), and the page that it comes from.
`/v2`, pictures and the payers' pages check neither: payers come from shops, which may use any name for the
emulator.
"""
import ipaddress
from urllib.parse import urlsplit

from msgspec import Struct
from werkzeug.wrappers import Request

from ..base.settings import Settings, is_loopback
from ..operations.outbox import MARK

SAFE = ("GET", "HEAD", "OPTIONS")
LONGEST_LOOK = 1024 * 1024
SAME_SITE = ("same-origin", "none")
SENT_BY_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")


class Refusal(Struct, frozen=True):
    """Why a request is refused: an HTTP status, its title, and a sentence."""

    status: int
    title: str
    detail: str


def refusal(asked: Request, settings: Settings, takes_json: bool = False) -> Refusal | None:
    """Why a request is refused, or None when it is allowed.

    `takes_json` also allows JSON that is sent with the content type of a form.
    """
    return (_of_the_sender(asked) or _of_the_host(asked, settings) or foreign_page(asked, settings)
            or _of_a_form(asked, takes_json))


def _of_the_sender(asked: Request) -> Refusal | None:
    if MARK not in asked.headers:
        return None
    return Refusal(403, "Forbidden",
                   "a notification of an emulator must not control one; its notify_url leads here")


def _of_the_host(asked: Request, settings: Settings) -> Refusal | None:
    host = host_in(asked.headers.get("Host", ""))
    if _is_meant(host, asked, settings):
        return None
    if not host:
        return Refusal(421, "Misdirected Request", "the request's Host header names no host")
    return Refusal(421, "Misdirected Request", f"{host} is not a name of this emulator; "
                   "start it with --public-url or --allowed-hosts to use it under this name")


def host_in(header: str) -> str:
    """The host of a Host header, in lower case, without port and brackets; empty when there is none."""
    try:
        parts = urlsplit(f"//{header}")
        well_formed = not (parts.path or parts.query or parts.fragment or "@" in header
                           or header != header.strip())
        return (parts.hostname or "").removesuffix(".") if well_formed and (parts.port or True) else ""
    except ValueError:
        return ""


def _is_meant(host: str, asked: Request, settings: Settings) -> bool:
    """Whether a host is a name of this emulator.

    Its names are loopback names, the host of `public_url`, and `allowed_hosts`. Unless the emulator listens
    on loopback only, the addresses of this machine are names too.
    """
    if not host:
        return False
    if is_loopback(host) or host in settings.allowed_hosts or host == urlsplit(settings.public_url).hostname:
        return True
    return not is_loopback(settings.host) and (host == settings.host or host in _addresses(host, asked))


def _addresses(host: str, asked: Request) -> list[str]:
    """This machine's addresses, if the host is an IP address; otherwise none.

    They are read each time, because they may change while the emulator runs.
    """
    from ..base import lan  # imported late, because most requests use a loopback name

    try:
        ipaddress.ip_address(host)
        return [*lan.own_addresses(), _reached_at(asked)]
    except ValueError:
        return []


def _reached_at(asked: Request) -> str:
    """The local address of a request's connection; empty when it is unknown."""
    line = asked.environ.get("gunicorn.socket")
    return str(line.getsockname()[0]).removeprefix("::ffff:") if line is not None else ""


def foreign_page(asked: Request, settings: Settings) -> Refusal | None:
    """Why a change that a page of another site asks for is refused, or None.

    Browsers name the origin of a request in `Origin` or `Sec-Fetch-Site`.
    """
    if asked.method in SAFE:
        return None
    origin = asked.headers.get("Origin")
    if origin is not None:
        own = _site_of(origin) in {asked.host, urlsplit(settings.public_url).netloc} - {""}
        return None if own else Refusal(403, "Forbidden", f"a page of {origin} must not change the emulator")
    if asked.headers.get("Sec-Fetch-Site", SAME_SITE[0]) not in SAME_SITE:
        return Refusal(403, "Forbidden", "a page of another site must not change the emulator")
    return None


def _site_of(origin: str) -> str:
    """The host and port of an Origin header; empty when it is not a URL."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _of_a_form(asked: Request, takes_json: bool) -> Refusal | None:
    """Why a POST without an origin is refused when its body is one that a web page's form can send, or None.

    Such a request must send JSON, or nothing.
    """
    is_named = "Origin" in asked.headers or "Sec-Fetch-Site" in asked.headers
    if asked.method != "POST" or is_named or not _is_what_pages_send(asked):
        return None
    if takes_json and _is_an_object(asked):
        return None
    what = (f"{asked.mimetype} is what a form" if asked.mimetype
            else "a body without Content-Type is what a script")
    return Refusal(415, "Unsupported Media Type", f"{what} of any web page can send; "
                   "send Content-Type: application/json (curl: -H 'Content-Type: application/json')")


def _is_what_pages_send(asked: Request) -> bool:
    """Whether a page may send this content type to other sites: the type of a form, or none.

    A body without a type that is longer than `LONGEST_LOOK` bytes is not read here. Raises BadRequest when
    the body is incomplete.
    """
    if asked.mimetype:
        return asked.mimetype in SENT_BY_FORMS
    has_body = 0 < (asked.content_length or 0) <= LONGEST_LOOK or "Transfer-Encoding" in asked.headers
    return has_body and bool(_looked_at(asked))


def _is_an_object(asked: Request) -> bool:
    """Whether a body with the content type of a form is a JSON object.

    curl and Python's urllib send this content type by default. A browser's form cannot begin with a brace:
    it is sent as %7B. In text/plain and multipart forms it is not escaped, so these are not looked at.
    """
    if asked.mimetype != SENT_BY_FORMS[0] or (asked.content_length or 0) > LONGEST_LOOK:
        return False
    return _looked_at(asked).lstrip(b" \t\r\n\xef\xbb\xbf").startswith(b"{")


def _looked_at(asked: Request) -> bytes:
    """The body, which stays readable for the view. Raises BadRequest."""
    asked.max_content_length = LONGEST_LOOK
    return asked.get_data()
