"""The layer between server and application: it reads the body of a request before the application is called.

So a client that sends slowly blocks nothing that others need, such as the lock for writing into the database.
"""
import io
from collections.abc import Iterable
from time import perf_counter
from typing import Any

from werkzeug.wsgi import ClosingIterator

from ..base import traffic
from ..gateway.incoming import MOST_BYTES
from ..store import Store
from ..web.api import LOGGED
from ..web.application import Application
from .connections import Late
from .logs import masked

AHEAD = 256 * 1024
LATE = b"The body did not come in time.\n"
LATE_HEADERS = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(LATE)))]


class _Rest(io.RawIOBase):
    """A body of which the beginning has been read. The rest is read on demand; so is a failure raised.

    The application reads it through a `bodies.CheckedInput`, which handles a failure.
    """

    def __init__(self, begun: bytes, body: Any, failure: Exception | None = None) -> None:
        self._begun = io.BytesIO(begun)
        self._body = body
        self._failure = failure

    def readable(self) -> bool:
        return True

    def readinto(self, room: Any) -> int:
        piece = self._begun.read(len(room)) or self._next(len(room))
        room[:len(piece)] = piece
        return len(piece)

    def _next(self, size: int) -> bytes:
        if self._failure:
            raise self._failure
        return bytes(self._body.read(size))


def _read_ahead(body: Any) -> Any:
    """Read the first `AHEAD` bytes of a body, which are nearly always all of it. Raises Late."""
    try:
        begun = body.read(AHEAD)
    except Late:
        raise
    except Exception as failure:
        return io.BufferedReader(_Rest(b"", body, failure))
    return io.BytesIO(begun) if len(begun) < AHEAD else io.BufferedReader(_Rest(begun, body))


def _has_body(environ: dict[str, Any]) -> bool:
    """Whether there is a body to read.

    A body that is announced as too large is not read, because it is refused.
    """
    length = environ.get("CONTENT_LENGTH") or "0"
    if length.isdecimal() and int(length) > MOST_BYTES:
        return False
    return length != "0" or "HTTP_TRANSFER_ENCODING" in environ


def _has_length(headers: list[tuple[str, str]]) -> bool:
    return any(name == "Content-Length" for name, _ in headers)


def _path(environ: dict[str, Any]) -> str:
    """The path of a request as it was sent, without its query."""
    return str(environ.get("RAW_URI") or environ.get("PATH_INFO", "")).partition("?")[0]


class Served:
    """The WSGI application that the server calls, for requests that come by `scheme`."""

    def __init__(self, application: Application, scheme: str) -> None:
        self._application = application
        self._is_https = scheme == "https"
        self._store: Store = application.emulator.store

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request."""
        if self._is_https:
            environ["wsgi.url_scheme"] = "https"
        if not traffic.is_wanted():
            return self._answered(environ, start_response)
        return self._logged(environ, start_response)

    def _logged(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request and log it, unless the gateway has done so; a stream is logged at its end."""
        begun, status, is_complete = perf_counter(), 0, False

        def start(line: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal status, is_complete
            status, is_complete = int(line[:3]), _has_length(headers)
            return start_response(line, headers, exc_info)

        answer = self._answered(environ, start)
        if LOGGED in environ:
            return answer

        def log() -> None:
            words = masked(f"{environ['REQUEST_METHOD']} {_path(environ)}").split(" ", 1)
            traffic.page(words[0], words[-1], status, perf_counter() - begun)
        if not is_complete:
            return ClosingIterator(answer, log)
        log()
        return answer

    def _answered(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if _has_body(environ):
            try:
                environ["wsgi.input"] = _read_ahead(environ["wsgi.input"])
            except Late:
                start_response("408 Request Timeout", LATE_HEADERS)
                return [LATE]
        announced: list[bool] = []

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            announced.append(_has_length(headers))
            return start_response(status, headers, exc_info)

        answer: Iterable[bytes] = self._application(environ, start)
        if announced == [True]:  # the answer is complete and only has to be sent
            self._store.leave()
        return answer
