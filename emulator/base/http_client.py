"""The HTTP client of the command line, the health check and the demo's shop.

Notifications are not sent with it: they go to addresses that strangers chose, and `operations/sender.py`
looks at each of them first.
"""
from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from email.message import Message
    from ssl import SSLContext
    from urllib.request import OpenerDirector

from msgspec import Struct

PATIENCE_S = 20
EVERYBODY = "*"
REFUSED_CONNECTION = "nothing listens there"
NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")  # of OpenSSL: what came is no TLS
LONGEST_QUOTED = 100
OTHER_NAMES = (62, 64)  # of OpenSSL: the host name, or the address, is not in the certificate


def xml_fields(document: bytes) -> dict[str, str]:
    """The fields of an answer or a notification in XML. Raises SyntaxError when it is no XML."""
    from xml.etree import ElementTree

    return {element.tag: element.text or "" for element in ElementTree.fromstring(document)}


class Answer(Struct, frozen=True):
    """An HTTP answer.

    `answer["trade_status"]` is a field of its XML, empty when the answer has no such field.
    """

    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        """The body decoded as UTF-8."""
        return self.body.decode("utf-8", "replace")

    @property
    def fields(self) -> dict[str, str]:
        """The fields of the XML in the body."""
        return xml_fields(self.body)

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")


_trusted: list[str] = []


@functools.cache
def _opener() -> OpenerDirector:
    from urllib import request

    class NoRedirect(request.HTTPRedirectHandler):
        def redirect_request(self, *args: Any, **named: Any) -> None:
            """Follow no redirect; the answer itself is returned."""
            return None

    handlers: list[Any] = [request.ProxyHandler({}), NoRedirect]
    if _trusted:
        handlers.append(request.HTTPSHandler(context=_context(_trusted)))
    return request.build_opener(*handlers)


def _context(files: Iterable[str]) -> SSLContext:
    """A context that trusts the certificates in these files too. Raises OSError."""
    import ssl

    made = ssl.create_default_context()
    if EVERYBODY in files:
        made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
        return made
    made.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # a file may have a server's own certificate
    for file in files:
        made.load_verify_locations(file)
    return made


def failure_of(problem: object) -> str:
    """Why a call has failed, a failure of `fetch`, and what to do about a certificate or a scheme."""
    import socket
    import ssl

    reason = getattr(problem, "reason", problem)
    if isinstance(reason, ssl.SSLError) and reason.reason in NO_TLS:
        return f"it does not speak https ({reason.reason}); use its http address"
    if isinstance(reason, ConnectionRefusedError):
        return REFUSED_CONNECTION
    if isinstance(reason, TimeoutError):
        return "it does not answer in time"
    if isinstance(reason, socket.gaierror):
        return f"its host name has no address: {reason.strerror}"
    if isinstance(reason, OSError) and not isinstance(reason, ssl.SSLError) and reason.strerror:
        return reason.strerror
    return untrusted(problem) or str(reason)


def not_json(status: int, text: str) -> str:
    """What a server answers that is no emulator. A short sentence is quoted: it may say what to do."""
    said = " ".join(text.split())
    is_sentence = 0 < len(said) <= LONGEST_QUOTED and said.isprintable() and "<" not in said
    return f"it answers {status} without JSON" + (f": {said}" if is_sentence else "")


def trust(file: str) -> None:
    """Trust the certificates in a file in PEM beside those of the system, in this process from now on.

    With EVERYBODY any certificate is trusted, for calls that send no secret and believe no answer.
    `fetch` raises OSError when the file cannot be used.
    """
    if file not in _trusted:
        _trusted.append(file)
        _opener.cache_clear()


def untrusted(problem: object) -> str | None:
    """What to do about the certificate of a server if it is why a call failed, a failure of `fetch`; else
    None.
    """
    import ssl

    reason = getattr(problem, "reason", problem)
    if not isinstance(reason, ssl.SSLCertVerificationError):
        return None
    if reason.verify_code in OTHER_NAMES:
        return f"its certificate is for another name ({reason.verify_message}): use an address that it has"
    return (f"its certificate is not trusted here ({reason.verify_message}): give the file of the "
            "certificate or of its authority, with --ca FILE or in SSL_CERT_FILE; serve prints at its "
            "start where its own certificate is")


@contextmanager
def exchanged(url: str, method: str, body: IO[bytes] | bytes | None, headers: Mapping[str, str],
              patience: float) -> Iterator[tuple[int, Message, IO[bytes]]]:
    """Send a request, and give status, headers and body of the answer, which is read from the connection.

    A body from a file needs the header Content-Length. Raises what `fetch` raises; reading the answer raises
    OSError or http.client.HTTPException.
    """
    if not url.lower().startswith(("http://", "https://")):
        raise ValueError(f"{url!r} is not an http or https address")
    from urllib import error, request  # imported late: a server starts without them

    outgoing = request.Request(url, body, dict(headers), method=method)
    try:
        answer = _opener().open(outgoing, timeout=patience)
    except error.HTTPError as failure:
        answer = failure
    with answer:
        yield answer.status, answer.headers, answer


def fetch(url: str, method: str = "GET", body: bytes | None = None, headers: Mapping[str, str] | None = None,
          patience: float = PATIENCE_S) -> Answer:
    """Send one request and return the answer, whatever its status. `patience` is the time-out in seconds.

    Redirects are not followed, and proxies of the environment are not used. Raises OSError when there is no
    answer (TimeoutError, or with it as `reason`, when there is none in time), and ValueError when the URL is
    no http or https address.
    """
    from http.client import HTTPException  # imported late: a server starts without it

    try:
        with exchanged(url, method, body, headers or {}, patience) as (status, told, answer):
            return Answer(status, told, answer.read())
    except HTTPException as problem:
        raise ConnectionError(f"{type(problem).__name__}: {problem}") from problem
