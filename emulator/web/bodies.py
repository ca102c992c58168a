"""Incomplete bodies and requests that are not valid HTTP: the response has status 400."""
import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from wsgiref.types import WSGIEnvironment

from werkzeug.exceptions import BadRequest

from .. import __version__
from ..protocol import card_numbers, envelope
from ..protocol.codes import Refused
from .control.access import PREFIX
from .control.problems import CONTENT_TYPE, Problem

GATEWAY = ("/v2", "/api")  # the gateway's paths; some older clients use the second one


def is_control(path: str) -> bool:
    """Whether a path is the control interface's."""
    return f"/{path.lstrip('/')}/".startswith(f"{PREFIX}/")


class BrokenBody(BadRequest):
    """The body is incomplete, or its chunks are malformed."""

    description = "the body breaks off or is malformed"


class CheckedInput:
    """The body of one request; `length` is its Content-Length in bytes.

    Any error that the server raises while it reads becomes a `BrokenBody`.
    """

    def __init__(self, raw: Any, length: int) -> None:
        self._raw = raw
        self._left = length

    def read(self, size: int = -1) -> bytes:
        """Read `size` bytes, or the rest when it is negative. Raises BrokenBody."""
        piece = self._checked(self._raw.read, size)
        if self._left > 0 and (size < 0 or len(piece) < size):
            raise BrokenBody
        return piece

    def readline(self, size: int = -1) -> bytes:
        """Read a line of at most `size` bytes. Raises BrokenBody."""
        line = self._checked(self._raw.readline, size)
        if self._left > 0 and not line and size != 0:
            raise BrokenBody
        return line

    def _checked(self, read: Callable[[int], bytes], size: int) -> bytes:
        try:
            piece = read(size)
        except Exception as error:
            raise BrokenBody from error
        self._left -= len(piece)
        return piece


def check(environ: WSGIEnvironment) -> None:
    """Let the body of a request be read through a `CheckedInput`."""
    length = environ.get("CONTENT_LENGTH") or "0"
    environ["wsgi.input"] = CheckedInput(environ["wsgi.input"], int(length) if length.isdecimal() else 0)


def turned_away(uri: str, status: HTTPStatus, why: str) -> bytes:
    """The raw HTTP response to a request that cannot be parsed, after which the connection is closed.

    It is XML under the gateway's paths, a problem document under `/_emulator/`, and plain text elsewhere.
    """
    path, why = f"{uri.partition('?')[0]}/", card_numbers.hidden(why)
    headers = [f"HTTP/1.1 {status.value} {status.phrase}", "Connection: close",
               f"X-TGPay-Emulator: {__version__}"]
    if path.startswith(tuple(f"{place}/" for place in GATEWAY)):
        content_type = envelope.CONTENT_TYPE
        body = envelope.refusal(Refused("BAD_REQUEST", why), {}, None, None)
        headers.append("Access-Control-Allow-Origin: *")
    elif is_control(path):
        content_type, body = CONTENT_TYPE, json.dumps(Problem(status.value, status.phrase, why).document())
    else:
        content_type, body = "text/plain; charset=utf-8", f"{why}\n"
    raw = body.encode()
    headers += [f"Content-Type: {content_type}", f"Content-Length: {len(raw)}", "", ""]
    return "\r\n".join(headers).encode() + raw
