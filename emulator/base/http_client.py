"""The HTTP client of the command line, the health check and the demo's shop.

Notifications are not sent with it: they go to addresses that strangers chose, and `operations/sender.py`
looks at each of them first.
"""
from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from email.message import Message
    from urllib.request import OpenerDirector

from msgspec import Struct

PATIENCE_S = 20


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


@functools.cache
def _opener() -> OpenerDirector:
    from urllib import request

    class NoRedirect(request.HTTPRedirectHandler):
        def redirect_request(self, *args: Any, **named: Any) -> None:
            """Follow no redirect; the answer itself is returned."""
            return None

    return request.build_opener(request.ProxyHandler({}), NoRedirect)


@contextmanager
def exchanged(url: str, method: str, body: IO[bytes] | bytes | None, headers: Mapping[str, str],
              patience: float) -> Iterator[tuple[int, Message, IO[bytes]]]:
    """Send a request, and give status, headers and body of the answer, which is read from the connection.

    A body from a file needs the header Content-Length. Raises what `fetch` raises; reading the answer raises
    OSError or http.client.HTTPException.
    """
    if not url.lower().startswith(("http://", "https://")):
        raise ValueError(f"{url!r} is no http or https address")
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
