"""A worker process that is not blocked by slow clients, slow receivers or a lack of files."""
import errno
import os
import signal
import time
from collections.abc import Callable
from concurrent.futures import Future
from http import HTTPStatus
from typing import Any

from gunicorn.http.errors import ExpectationFailed, LimitRequestHeaders, ParseException
from gunicorn.workers.gthread import TConn, ThreadWorker

from ..base.settings import Settings
from ..base.slots import Slots
from ..gateway.measuring import InUse
from ..web.bodies import turned_away
from ..web.emulator import Emulator
from .connections import Line
from .listeners import refuse_new, take_leave

ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
# Seconds after the signal to end: until then new connections may begin a request, requests are finished,
# attempts of notifications are finished, and the worker is killed.
SILENT_S, REQUESTS_S, ATTEMPTS_S, WORKERS_S = 2, 4, 5, 6
SPARE_FILES = 200
BREATH_S = 0.05
REPORT_EVERY_S = 0.2
OUT_OF_FILES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
STATUSES = {LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
            ExpectationFailed: HTTPStatus.EXPECTATION_FAILED}
NOT_THERE = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED)


class Pool:
    """An executor as gunicorn needs it, which runs calls in slots."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots

    def submit(self, act: Callable[[Any], Any], argument: Any) -> Future[Any]:
        """Call `act` with the argument in a slot; the future gets its result or exception."""
        future: Future[Any] = Future()

        def task() -> None:
            try:
                result = act(argument)
            except BaseException as failure:
                future.set_exception(failure)
            else:
                future.set_result(result)

        self._slots.submit(task)
        return future

    def shutdown(self, wait: bool = True) -> None:
        """Do nothing: the threads end with the process."""


class Connection(TConn):  # type: ignore[misc]  # gunicorn is not typed
    """A connection that is closed by its own thread, because closing takes time that the accepting thread
    must not lose.
    """

    def close(self, graceful: bool = False) -> None:
        """Close the connection, if it is still open."""
        self.sock.close()


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn is not typed
    """A gunicorn worker that serves requests in slots; requests that wait take none."""

    alive: bool
    sockets: list[Any]

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._here: Emulator = self.app.application.emulator
        self._settings: Settings = self._here.settings
        # the rest is for new connections
        self._most_kept = self.worker_connections - self.worker_connections // 4
        self._is_ending = False
        self._asked_to_end = time.monotonic()
        self.row = 0  # of the measurements
        self._reported = 0.0

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        """Do nothing: the number of threads does not limit that of connections here."""

    def get_thread_pool(self) -> Pool:
        """The executor that serves connections."""
        return Pool(self._here.waiting.slots)

    def init_signals(self) -> None:
        """Install the signal handlers, then unblock the signals that were blocked since the fork."""
        super().init_signals()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)

    def notify(self) -> None:
        """Tell the master that this process lives, and now and then the measurements what it has in use.

        The loop of the worker calls this for every event, and at least once a second.
        """
        super().notify()
        now = time.monotonic()
        if now < self._reported + REPORT_EVERY_S:
            return
        self._reported, waiting = now, self._here.waiting
        self._here.measurements.report(InUse(
            waiting.slots.used, waiting.slots.queued, waiting.places.taken, self.nr_conns,
            self._here.store.opened_connections))

    def accept(self, listener: Any) -> bool:
        """Accept a connection; return whether there was one. If no file descriptor is free, wait a moment."""
        try:
            accepted, address = listener.accept()
        except OSError as error:
            if error.errno in OUT_OF_FILES:
                time.sleep(BREATH_S)
            elif error.errno not in NOT_THERE:
                raise
            return False
        self.nr_conns += 1
        patience_s = self._settings.client_timeout / 1_000
        line: Line = self.app.line(accepted, patience_s, self._here.waiting.slots.waiting, self._is_too_late)
        self.enqueue_req(Connection(self.cfg, line, address, listener.getsockname()))
        return True

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept connections or not. When the worker ends, those in the queue are the last ones."""
        super().set_accept_enabled(enabled)
        if not (enabled or self.alive):
            listeners, self.sockets = self.sockets, []
            take_leave(listeners, self.accept)

    def murder_keepalived(self, force: bool = False) -> None:
        """Close kept connections whose time is over, but serve a request that has come meanwhile."""
        now, kept = time.monotonic(), self.keepalived_conns
        while not force and kept and kept[0].timeout <= now:
            conn = kept[0]
            if conn.sock.is_readable():
                self.on_client_socket_readable(conn, conn.sock)
                continue
            kept.popleft()
            self.poller.unregister(conn.sock)
            self.nr_conns -= 1
            conn.close()
        super().murder_keepalived(force)

    def is_parent_alive(self) -> bool:
        """Whether the master lives. If not, the worker ends as it does after a signal."""
        if super().is_parent_alive():
            return True
        for listener in self.sockets:
            refuse_new(listener.sock)
        self._begin_to_end()
        self.alive = False
        return False

    def handle(self, conn: Connection) -> Any:
        """Serve one request of a connection, in a thread that has a slot."""
        conn.data_ready = True  # reading gives the slot away while it waits
        conn.sock.expect_headers()
        goes_on = super().handle(conn)
        self._here.store.leave()
        if not goes_on:
            conn.sock.farewell()
        elif rest := conn.sock.rest():  # a request that has come together with this one
            unreader = conn.parser.unreader
            unreader.unread(unreader.take_buffered() + rest)
        return goes_on

    def handle_request(self, req: Any, conn: Connection) -> Any:
        """Serve a request whose headers were read.

        Connections are kept alive while there is room for new ones.
        """
        conn.sock.expect_body()
        self.max_keepalived = max(0, self._most_kept - (self.nr_conns - len(self.keepalived_conns)))
        return super().handle_request(req, conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Refuse an invalid request in the format of its address (XML, JSON or a page), with one line in the
        log.

        A request that was answered already, without reading its body, is not answered again.
        """
        if not isinstance(exc, ParseException):
            super().handle_error(req, client, addr, exc)
            return
        self.log.warning("Invalid request from ip=%s: %s", (addr or ("",))[0], exc)
        if req is not None:
            return
        status = STATUSES.get(type(exc), HTTPStatus.BAD_REQUEST)
        try:
            client.sendall(turned_away(getattr(exc, "uri", ""), status, str(exc)))
        except OSError:
            self.log.debug("the client of an invalid request has left")

    def handle_exit(self, sig: Any, frame: Any) -> None:
        """Handle SIGTERM: answer requests that wait at once, and finish all others if there is time."""
        self._begin_to_end()
        super().handle_exit(sig, frame)

    def handle_quit(self, sig: Any, frame: Any) -> None:
        """Handle SIGINT and SIGQUIT in the same way."""
        self.handle_exit(sig, frame)

    def _is_too_late(self) -> bool:
        """Whether a client that has not begun a request yet is not waited for any more."""
        return self._here.waiting.closing.is_set() and time.monotonic() > self._asked_to_end + SILENT_S

    def _begin_to_end(self) -> None:
        """Note the instant, and wake requests that wait. A further signal may come in the midst of it."""
        if not self._is_ending:
            self._is_ending = True  # first, because setting the event twice at a time would hang
            self._asked_to_end = time.monotonic()
            self._here.waiting.closing.set()

    def run(self) -> None:
        """Serve until a signal comes. Threads that hang do not keep the process from ending."""
        self.cfg.set("graceful_timeout", REQUESTS_S)
        try:
            super().run()
        finally:
            self._begin_to_end()
            self._here.scheduler.stop(max(0.0, self._asked_to_end + ATTEMPTS_S - time.monotonic()))
            self._here.store.part()
        self.log.debug("Worker exiting (pid: %s)", self.pid)
        os._exit(0)


def most_connections(wanted: int, files: int) -> int:
    """The number of connections that a process serves at once: `wanted`, or fewer if `files` may not be
    opened.
    """
    return max(1, min(wanted, files - SPARE_FILES))
