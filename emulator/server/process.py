"""The server process: gunicorn with the application, and a scheduler in each worker, one of which leads."""
import gc
import logging
import os
import shutil
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.http.parser import RequestParser

from ..base.http_client import trust
from ..base.settings import TEMPORARY, Settings
from ..base.urls import reachable, url_of
from ..store import Place, Unusable, place_of
from . import address_file
from .building import build
from .connections import Line
from .listeners import refuse_new
from .logs import logger_class, write_to_stderr
from .requests import LenientRequest
from .resources import (
    check_authorities, data_directory, database_address, heartbeat_directory, listen, open_files,
    temporary_directory)
from .safe_settings import check_token, guarded, on_the_lan, with_its_seed
from .serving import Served
from .shared_settings import agree
from .worker import ENDING, WORKERS_S, Worker, most_connections

log = logging.getLogger(__name__)


Announce = Callable[[Settings, str, Sequence[str]], None]


class Master(Arbiter):  # type: ignore[misc]  # gunicorn is not typed
    """gunicorn's process that starts the workers and tells them to end."""

    def stop(self, graceful: bool = True) -> None:
        """End the workers. They serve the connections that there are, and no further one begins."""
        for listener in self.LISTENERS:
            refuse_new(listener.sock)
        super().stop(graceful)


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn is not typed
    """The gunicorn application of one `serve`."""

    def __init__(self, settings: Settings, listener: socket.socket, place: Place,
                 ready: Callable[[], None], line: Callable[..., Line]) -> None:
        self._settings = settings.replaced(connections=most_connections(settings.connections, open_files()))
        self._listener = listener
        self._place = place
        self._ready = ready
        self.line = line  # makes a connection
        self.application, self._scheduler, self._sender, self.unusual = build(self._settings, place)
        here = self.application.emulator
        self.store, self._measurements = here.store, here.measurements
        super().__init__()

    def load_config(self) -> None:
        """Hand our settings to gunicorn."""
        options = {
            "bind": f"fd://{self._listener.fileno()}", "workers": self._settings.workers,
            "worker_class": Worker, "preload_app": True, "worker_connections": self._settings.connections,
            "worker_tmp_dir": heartbeat_directory(self._place.directory),
            "logger_class": logger_class(self._settings),
            "loglevel": self._log_level(), "keepalive": 75, "timeout": 60,
            "graceful_timeout": WORKERS_S,
            "limit_request_line": 0, "control_socket_disable": True, "http_parser": "python",
            "sendfile": self._settings.scheme == "http",  # with https the bytes must be encrypted
            "forwarder_headers": "",  # no header may change the path: public_url determines it
            "proc_name": "tgpay-emulator",
            "when_ready": lambda arbiter: self._ready(),
            "pre_fork": self._give_row, "post_worker_init": self._begin}
        RequestParser.mesg_class = LenientRequest
        config: Any = self.cfg
        for name, value in options.items():
            config.set(name, value)

    def _log_level(self) -> str:
        """The level of gunicorn's log. At `info` its own announcements are left out."""
        return "warning" if self._settings.log_level == "info" else str(self._settings.log_level)

    def load(self) -> Served:
        """The WSGI application."""
        return Served(self.application, self._settings.scheme)

    def run(self) -> None:
        """Serve until a signal comes."""
        Master(self).run()

    def _give_row(self, arbiter: Any, worker: Any) -> None:
        """Give a worker that is about to be forked a row of the measurements that no living one has."""
        used = {other.row for other in arbiter.WORKERS.values()}
        rows = self._measurements.rows
        worker.row = next((row for row in range(rows) if row not in used), rows - 1)

    def _begin(self, worker: Any) -> None:
        """Give a worker its row of the measurements, and start its scheduler."""
        self._measurements.take(worker.row)
        threading.Thread(target=self._scheduler.run, args=(self._sender.load,), name="scheduler",
                         daemon=True).start()


def serve(settings: Settings, announce: Announce) -> None:
    """Serve until SIGTERM or SIGINT.

    `announce` is called with the settings in force, the address, and sentences about what is not as in a new
    database, once requests are accepted. Raises Unstartable or `store.Unusable` with a sentence.
    """
    if settings.notify_ca:
        check_authorities(settings.notify_ca)
    # A signal that comes between the fork and the worker's own handlers would be lost, so it is blocked
    # meanwhile.
    os.register_at_fork(before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, ENDING),
                        after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING))
    if settings.database != TEMPORARY:
        _serve_on(settings, place_of(database_address(settings)), announce)
        return
    temporary, process = temporary_directory(), os.getpid()
    try:
        _serve_on(settings, place_of(str(temporary / "emulator.db"), is_lasting=False), announce)
    finally:
        if os.getpid() == process:
            shutil.rmtree(temporary, ignore_errors=True)


def _serve_on(settings: Settings, place: Place, announce: Announce) -> None:
    """Serve a database. Raises as `serve` does."""
    process = os.getpid()
    check_token(settings, place)
    listener = listen(settings.host, settings.port)
    host, port = listener.getsockname()[:2]
    address = url_of(host, port, settings.scheme)
    safe = on_the_lan(guarded(settings), port)
    write_to_stderr(settings)
    if safe.seed != settings.seed:
        safe = with_its_seed(safe, place)
    if place.is_lasting:
        agree(place, safe)
    in_force, line = _secured(_with_own_address(settings, safe, address), place, address)

    def ready() -> None:
        # the workers share the master's objects, as long as their garbage collectors do not touch them
        gc.freeze()
        gc.enable()
        address_file.write(in_force.address_file, reachable(address))
        announce(in_force, address, server.unusual)

    server = Server(in_force, listener, place, ready, line)
    try:
        server.run()
    finally:
        if os.getpid() == process:
            address_file.leave(in_force.address_file, reachable(address))
            if place.is_lasting and server.store.is_in_place():
                _conclude(place)


def _secured(settings: Settings, place: Place, address: str) -> tuple[Settings, Callable[..., Line]]:
    """The settings with the files of the certificate, if there is one, and what makes a connection of what
    `Line` takes. Raises Unstartable.
    """
    if not (settings.tls or settings.tls_cert):
        return settings, Line
    from .certificates import context, with_own  # imported late, because few servers speak https
    from .tls import TlsLine

    directory = place.directory or data_directory() if settings.tls else Path()
    secured = with_own(settings, directory, address)
    tls = context(secured)
    trust(secured.tls_cert)
    return secured, partial(TlsLine, tls)


def _with_own_address(settings: Settings, safe: Settings, address: str) -> Settings:
    """The safe settings with notifications to the server itself, whose address differs from node to node."""
    if safe.notify_allow != settings.notify_allow:
        safe = safe.replaced(notify_allow=(*safe.notify_allow, urlsplit(reachable(address)).netloc))
    return safe


def _conclude(place: Place) -> None:
    """Write everything into the database file itself, as the last process does. A failure is only logged."""
    try:
        place.conclude()
    except Unusable as problem:
        log.warning("%s", problem)
