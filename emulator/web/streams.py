"""Requests that wait, long polls and event streams: each holds a thread of the server."""
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

from flask import Response, request, stream_with_context
from werkzeug.exceptions import ServiceUnavailable

from . import Emulator, emulator

POLL_S = 0.1
HEARTBEAT_S = 15


def take(*limits: threading.BoundedSemaphore) -> None:
    """Take one of each of the limits, such as the threads that may wait, until its `release`. Raises ServiceUnavailable, and takes none,
    when one of them has none left."""
    for place, limit in enumerate(limits):
        if not limit.acquire(blocking=False):
            for taken in limits[:place]:
                taken.release()
            raise ServiceUnavailable("too many requests are waiting; start the server with more --threads")


def has_left() -> bool:
    """Whether the client has closed the line: nobody then needs the thread to wait any longer."""
    line = request.environ.get("gunicorn.socket")
    try:
        return line is not None and line.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def event(data: Any, **fields: str) -> str:
    """A server-sent event with its JSON; `fields` are `id` and `event`."""
    named = "".join(f"{name}: {value}\n" for name, value in fields.items())
    return f"{named}data: {json.dumps(data, ensure_ascii=False)}\n\n"


def stream(batches: Iterator[list[str]], *limits: threading.BoundedSemaphore) -> Response:
    """A stream of events: each batch is what has happened since the one before, and may be empty. It takes one of the threads that may
    wait, and of the other `limits`. Raises ServiceUnavailable."""
    here = emulator()
    take(here.patience, *limits)
    response = Response(stream_with_context(_lines(here, batches)), content_type="text/event-stream")
    response.headers.update({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
    for limit in (here.patience, *limits):
        response.call_on_close(limit.release)
    return response


def _lines(here: Emulator, batches: Iterator[list[str]]) -> Iterator[str]:
    """The batches until they end, the client has left or the server is closing; a comment now and then, so that the line is not cut."""
    yield "retry: 1000\n\n"
    silent_since = time.monotonic()
    while not here.closing.is_set() and not has_left() and (batch := next(batches, None)) is not None:
        yield from batch
        if batch:
            silent_since = time.monotonic()
        elif time.monotonic() - silent_since > HEARTBEAT_S:
            silent_since = time.monotonic()
            yield ": still here\n\n"
        else:
            here.closing.wait(POLL_S)
