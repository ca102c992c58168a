"""Who may ask the control interface, the console and the demo: which hosts are meant, and which pages and
programs may change something.

A browser can be made to send requests by any page that it shows. Two things tell such a request from a wanted
one: the host that it names (a name that an attacker points to this machine is not one of ours), and the page
that it comes from. `/v2`, pictures and the payers' pages ask neither: browsers of payers come from shops,
under whatever name the emulator has there.
"""
import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import request

from ..base.settings import Settings, is_loopback
from ..operations.outbox import MARK
from .current import emulator

SAFE = ("GET", "HEAD", "OPTIONS")
LONGEST_LOOK = 1024 * 1024
SAME_SITE = ("same-origin", "none")
SENT_BY_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")


@dataclass(frozen=True)
class Refusal:
    """Why a request is not let in: an HTTP status, its title, and a sentence."""

    status: int
    title: str
    detail: str


def refusal(takes_json: bool = False) -> Refusal | None:
    """Why the present request is not let in, or None; `takes_json` where programs send JSON, whatever they
    call it.
    """
    return _of_the_sender() or _of_the_host() or foreign_page() or _of_a_form(takes_json)


def _of_the_sender() -> Refusal | None:
    if MARK not in request.headers:
        return None
    return Refusal(403, "Forbidden",
                   "a notification of an emulator must not control one; its notify_url leads here")


def _of_the_host() -> Refusal | None:
    host = host_in(request.headers.get("Host", ""))
    if is_meant(host, emulator().settings):
        return None
    if not host:
        return Refusal(421, "Misdirected Request", "the request's Host header names no host")
    return Refusal(421, "Misdirected Request", f"{host} is not a name of this emulator; "
                   "start it with --public-url or --allowed-hosts to use it under this name")


def host_in(header: str) -> str:
    """The host that a Host header names, in lower case, without port and brackets; empty when it names none.
    """
    try:
        parts = urlsplit(f"//{header}")
        well_formed = not (parts.path or parts.query or parts.fragment or "@" in header
                           or header != header.strip())
        return (parts.hostname or "").removesuffix(".") if well_formed and (parts.port or True) else ""
    except ValueError:
        return ""


def is_meant(host: str, settings: Settings) -> bool:
    """Whether the emulator is meant by a host: a loopback name, that of `public_url`, one of `allowed_hosts`,
    or, where it listens for others, an address of this machine.
    """
    if not host:
        return False
    if is_loopback(host) or host in settings.allowed_hosts or host == urlsplit(settings.public_url).hostname:
        return True
    return not is_loopback(settings.host) and (host == settings.host or host in _addresses(host))


def _addresses(host: str) -> list[str]:
    """This machine's addresses, where the host is an address at all: they may change while the emulator runs.
    """
    from ..base import lan  # most emulators are asked under a loopback name only

    try:
        ipaddress.ip_address(host)
        return [*lan.own_addresses(), _reached_at()]
    except ValueError:
        return []


def _reached_at() -> str:
    """The address on which the present request came in."""
    line = request.environ.get("gunicorn.socket")
    return str(line.getsockname()[0]).removeprefix("::ffff:") if line is not None else ""


def foreign_page() -> Refusal | None:
    """Why a change is refused when a page of another site asks for it: a browser says where a request comes
    from.
    """
    if request.method in SAFE:
        return None
    origin = request.headers.get("Origin")
    if origin is not None:
        own = _site_of(origin) in {request.host, urlsplit(emulator().settings.public_url).netloc} - {""}
        return None if own else Refusal(403, "Forbidden", f"a page of {origin} must not change the emulator")
    if request.headers.get("Sec-Fetch-Site", SAME_SITE[0]) not in SAME_SITE:
        return Refusal(403, "Forbidden", "a page of another site must not change the emulator")
    return None


def _site_of(origin: str) -> str:
    """Host and port of an Origin header; empty when it is no address."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _of_a_form(takes_json: bool) -> Refusal | None:
    """Whoever does not say where a request comes from must send what no form of a web page can: JSON or
    nothing.
    """
    told = "Origin" in request.headers or "Sec-Fetch-Site" in request.headers
    if request.method != "POST" or told or not _is_what_pages_send() or (takes_json and _is_an_object()):
        return None
    what = (f"{request.mimetype} is what a form" if request.mimetype
            else "a body without Content-Type is what a script")
    return Refusal(415, "Unsupported Media Type", f"{what} of any web page can send; "
                   "send Content-Type: application/json (curl: -H 'Content-Type: application/json')")


def _is_what_pages_send() -> bool:
    """Whether the type of the body is one that a page may send to other sites: that of a form, or none.

    A body that is too large, or that breaks off, is refused for that, whatever it is. Raises BadRequest.
    """
    if request.mimetype:
        return request.mimetype in SENT_BY_FORMS
    has_body = 0 < (request.content_length or 0) <= LONGEST_LOOK or "Transfer-Encoding" in request.headers
    return has_body and bool(_looked_at())


def _is_an_object() -> bool:
    """Whether a body that is called a form, as curl and Python's urllib call everything, is a JSON object.

    Browsers write the brace of a form's field as %7B; in text/plain and multipart they would not.
    """
    if request.mimetype != SENT_BY_FORMS[0] or (request.content_length or 0) > LONGEST_LOOK:
        return False
    return _looked_at().lstrip(b" \t\r\n\xef\xbb\xbf").startswith(b"{")


def _looked_at() -> bytes:
    """The body, which is kept for whoever reads it later. Raises BadRequest."""
    request.max_content_length = LONGEST_LOOK
    return request.get_data()
