"""Between the server and the application: who works has a slot, and slow clients have none.

A request takes a slot when its body is there, and gives it back when its answer is sent. An answer that announces its length is made
before it is sent; one that does not is made piece by piece, with a slot for each.
"""
import io
from collections.abc import Iterable, Iterator
from typing import Any

from werkzeug.exceptions import BadRequest

from ..connections import Late
from . import Emulator

AHEAD = 256 * 1024
LATE = b"The body did not come in time.\n"
LATE_HEADERS = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(LATE)))]


class _Rest(io.RawIOBase):
    """A body whose beginning has been read; the rest is read as it is asked for, and what went wrong is raised there."""

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
        try:
            if self._failure:
                raise self._failure
            return bytes(self._body.read(size))
        except Exception as failure:
            self._failure = failure
            raise BadRequest("the body is broken off, or not as its headers say") from failure


def _read_ahead(body: Any) -> Any:
    """The body, read as far as bodies mostly go. Raises Late."""
    try:
        begun = body.read(AHEAD)
    except Late:
        raise
    except Exception as failure:
        return io.BufferedReader(_Rest(b"", body, failure))
    return io.BytesIO(begun) if len(begun) < AHEAD else io.BufferedReader(_Rest(begun, body))


class _Answer:
    """The pieces of an answer, which is sent without a slot; `made` when it was made as a whole."""

    def __init__(self, here: Emulator, pieces: Iterable[bytes], made: bool) -> None:
        self._here = here
        self._pieces = pieces
        self._made = made

    def __iter__(self) -> Iterator[bytes]:
        slots, pieces = self._here.slots, iter(self._pieces)
        while (piece := next(pieces, None)) is not None:
            slots.give_back()
            yield piece
            if not self._made:
                slots.take()

    def close(self) -> None:
        """The request is over."""
        try:
            if hasattr(self._pieces, "close"):
                self._pieces.close()
        finally:
            self._here.store.leave()
            self._here.slots.give_back()


class Served:
    """The application, as the server calls it."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self._here: Emulator = application.extensions["emulator"]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request."""
        made = False

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal made
            made = any(name.lower() == "content-length" for name, _ in headers)
            return start_response(status, headers, exc_info)

        if environ.get("CONTENT_LENGTH", "0") != "0" or "HTTP_TRANSFER_ENCODING" in environ:
            try:
                environ["wsgi.input"] = _read_ahead(environ["wsgi.input"])
            except Late:
                start_response("408 Request Timeout", LATE_HEADERS)
                return [LATE]
        self._here.slots.take()
        try:
            return _Answer(self._here, self.application(environ, start), made)
        except BaseException:
            self._here.store.leave()
            self._here.slots.give_back()
            raise
