"""Long polls and event streams. They hold no slot while they wait."""
import time
from collections.abc import Callable, Iterator

from werkzeug.exceptions import ServiceUnavailable
from werkzeug.wrappers import Request, Response

from ..base.slots import Full, Place
from ..operations.watching import Concerns, Waiter, never
from ..store import Unusable
from .emulator import Emulator
from .happenings import BETWEEN_BATCHES_S

# How often a stream, and a request that waits for an order, looks without a change: the logs do not record
# a reset, and an order may be due while no process leads.
AT_LEAST_S, ORDER_AT_LEAST_S = 1.0, 5.0
HEARTBEAT_S = 15


def take(here: Emulator, whose: str) -> Place:
    """Take a waiting place of the owner `whose`, such as a merchant. Raises ServiceUnavailable."""
    try:
        return here.waiting.places.take(whose)
    except Full as full:
        raise ServiceUnavailable(str(full)) from full


def has_left(asked: Request) -> Callable[[], bool]:
    """A function that returns whether the client of a request has closed its connection."""
    line = asked.environ.get("gunicorn.socket")
    return line.has_left if line is not None else never


def stream(here: Emulator, asked: Request, batches: Iterator[list[str]], whose: str, concerns: Concerns,
           every_s: float = AT_LEAST_S) -> Response:
    """A response that streams server-sent events.

    Each batch has the events since the previous batch, and may be empty. The next batch is taken when a
    change `concerns` the stream, and at least every `every_s` seconds. The stream takes a waiting place of
    the owner `whose`. Raises ServiceUnavailable.
    """
    place = take(here, whose)
    lines = _followed(here, batches, concerns, has_left(asked), every_s)
    response = Response(lines, content_type="text/event-stream")
    response.headers.update({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
    response.call_on_close(place.leave)
    return response


def _followed(here: Emulator, batches: Iterator[list[str]], concerns: Concerns, is_gone: Callable[[], bool],
              every_s: float) -> Iterator[str]:
    try:
        with here.store.reported(), here.waiting.watcher.waiter(concerns, is_gone) as waiter:
            yield from _lines(here, batches, waiter, every_s)
    except Unusable:  # the client connects again, and gets the error then
        return


def _lines(here: Emulator, batches: Iterator[list[str]], waiter: Waiter, every_s: float) -> Iterator[str]:
    """The batches, until they end, the client has left or the server is closing.

    The events of a batch are sent together: each piece costs a system call and a switch of threads. A
    comment is sent every `HEARTBEAT_S` seconds without an event, so that proxies keep the connection open.
    """
    yield "retry: 1000\n\n"
    silent_since = time.monotonic()
    while not waiter.is_over and (batch := next(batches, None)) is not None:
        if batch:
            silent_since = time.monotonic()
            yield "".join(batch)
        elif time.monotonic() - silent_since > HEARTBEAT_S:
            silent_since = time.monotonic()
            yield ": still here\n\n"
        with here.waiting.pause():
            here.waiting.closing.wait(BETWEEN_BATCHES_S)
            if not (batch or waiter.is_over):  # after a batch there may be more
                waiter.wait(max(0.0, every_s - BETWEEN_BATCHES_S))
