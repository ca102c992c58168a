"""`/v2`, and `/api` for older clients: sends the gateway's answer to an HTTP request (section 1).

It is a WSGI application without Flask. There is nothing to route, because each path below these two is the
gateway's, and routing and contexts would take about as long as a query.
"""
import errno
import socket
import struct
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.wrappers import Request

from .. import __version__
from ..base import durations
from ..protocol.replies import Response, Wire
from .bodies import GATEWAY
from .emulator import Emulator
from .received import read
from .routing import Onward
from .site import Site

PRINTED = " !#$&'()*+,-./:;<=>?@[]^_`{|}~"
DRIPS, BETWEEN_DRIPS_S = 20, 0.2
LOGGED = "emulator.logged"  # in the environment of a request that the gateway logs itself
_BELOW = tuple(f"{place}/" for place in GATEWAY)


class Api:
    """Answers requests to the gateway. The page that posts a form comes from the `site`."""

    def __init__(self, here: Emulator, site: Site) -> None:
        self._here = here
        self._site = site

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request: with XML, unless the endpoint answers with another type."""
        asked = Request(environ)
        environ[LOGGED] = True
        answered = self._here.gateway.answer(read(asked, self._here.address(asked)))
        try:
            response = self._on_time(answered, environ)
        except BaseException:
            _leave(answered)
            raise
        if answered.place:
            response.call_on_close(lambda: _leave(answered))
        return response(environ, start_response)

    def _on_time(self, answered: Response, environ: WSGIEnvironment) -> Onward:
        """The response, after the delay of a scenario rule, if there is one."""
        if answered.delay:
            with self._here.waiting.pause():
                self._here.waiting.closing.wait(answered.delay / durations.SECOND)
        response = self._made(answered, environ)
        if answered.wire is Wire.WHOLE:
            return response
        return _broken(response, answered.wire, environ, self._here)

    def _made(self, answered: Response, environ: WSGIEnvironment) -> Onward:
        """The complete response."""
        body: Any = _encoded(answered.pieces) if answered.pieces is not None else answered.body
        response = Onward(body, answered.status, _headers(answered), content_type=answered.content_type)
        if answered.form:
            self._site.show_form(response, answered.form, environ)
        root = f"{environ.get('SCRIPT_NAME', '')}/"
        for name, value in answered.cookies.items():
            response.set_cookie(name, value, max_age=10 * 365 * 86400, path=root,
                                httponly=True, samesite="Lax")
        return response


def is_below(path: str) -> bool:
    """Whether a path is one of the gateway's."""
    return f"{path}/".startswith(_BELOW)


def _leave(answered: Response) -> None:
    if answered.place:
        answered.place.leave()


def _headers(answered: Response) -> dict[str, str]:
    headers = {"Access-Control-Allow-Origin": "*", "X-TGPay-Request": str(answered.journal_id),
               "Cache-Control": "no-store", "X-TGPay-Emulator": __version__, **answered.headers}
    # A rule may have any name; a header is ASCII.
    return {**headers, "X-TGPay-Rule": quote(answered.rule, safe=PRINTED)} if answered.rule else headers


def _broken(response: Onward, wire: Wire, environ: WSGIEnvironment, here: Emulator) -> Onward:
    """The response with the connection fault of a scenario rule: reset, cut off, empty or slow.

    The body raises EPIPE while it is sent. The server then closes the connection and serves the next one.
    """
    whole = response.get_data()
    if wire is Wire.RESET and "gunicorn.socket" in environ:
        connection = environ["gunicorn.socket"]
        # close the connection immediately, with RST
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    pieces = {Wire.TRUNCATED: _cut(whole), Wire.SLOW: _dripping(whole, here)}
    response.response = pieces.get(wire, _cut(b""))
    response.headers["Content-Length"] = str(len(whole))
    return response


def _cut(whole: bytes) -> Iterator[bytes]:
    if whole:
        yield whole[:len(whole) // 2]
    raise BrokenPipeError(errno.EPIPE, "the line breaks as the scenario says")


def _dripping(whole: bytes, here: Emulator) -> Iterator[bytes]:
    size = max(1, -(-len(whole) // DRIPS))
    for place in range(0, len(whole), size):
        with here.waiting.pause():
            here.waiting.closing.wait(BETWEEN_DRIPS_S)
        yield whole[place:place + size]


def _encoded(pieces: Iterable[str]) -> Iterator[bytes]:
    for piece in pieces:
        yield piece.encode()
