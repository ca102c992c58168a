"""The server process: gunicorn with the application, and in each worker a scheduler that leads or waits to lead."""
import gc
import logging
import os
import re
import secrets
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn import glogging
from gunicorn.app.base import BaseApplication
from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser
from gunicorn.workers.gthread import ThreadWorker

from . import __version__, cards, merchants, scenarios, seeding
from .flights import Signal
from .scheduler import Scheduler
from .settings import DEFAULT_SEED, EVERYWHERE, MERCHANTS, PRIVATE, TEMPORARY, Settings, is_reachable
from .store import Store, Tables, prepare
from .store.post import Posted
from .urls import reachable, url_of
from .web import create_app

GRACE_S = 15
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
BACKLOG = 512
ALL_INTERFACES = (EVERYWHERE, "::")
log = logging.getLogger(__name__)


class Unstartable(Exception):
    """The server cannot start, and a sentence says why."""


def database_path(settings: Settings) -> Path:
    """The database file: the setting's, or one in the user's data directory."""
    if settings.database:
        return Path(settings.database)
    from platformdirs import user_data_path

    return user_data_path("tgpay-emulator", appauthor=False) / "emulator.db"


class LateSender:
    """A sender that is loaded with the first notice: a command line that sends none need not wait for its libraries."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._sender: Callable[[Posted], Any] | None = None

    def __call__(self, notice: Posted) -> Any:
        """Make one attempt."""
        return self.load()(notice)

    def load(self) -> Callable[[Posted], Any]:
        """The sender, ready to send."""
        if self._sender is None:
            from .sender import Sender

            self._sender = Sender(self._settings.notify_allow, self._settings.notify_timeout, f"tgpay-emulator/{__version__}",
                                  self._notify_url)
        return self._sender

    def _notify_url(self, merchants_id: str) -> str:
        merchant = self._store.read().merchants.find(merchants_id)
        return merchant.notify_url if merchant else ""


def build(settings: Settings, path: Path) -> tuple[Flask, Scheduler, LateSender]:
    """The application on a database that is made and seeded when it is new. Raises `store.Unusable`."""
    prepare(path)
    bell = Signal()
    store = Store(path, bell.ring)
    with store.write() as tables:
        seeding.seed(tables, settings.seed)
        if is_reachable(settings):
            _warn_of_known_tokens(tables)
        _begin_scenario(tables, settings.scenario)
    store.close()
    sender = LateSender(settings, store)
    scheduler = Scheduler(store, settings, sender, bell)
    return create_app(settings, store, scheduler), scheduler, sender


def _begin_scenario(tables: Tables, written: str) -> None:
    """Put the scenario of the setting in force. Raises Unstartable with everything that is wrong with it."""
    try:
        seeding.begin(tables, written)
    except scenarios.Invalid as invalid:
        raise Unstartable(f"scenario: {invalid}") from invalid


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises Unstartable when the address is taken or not this machine's."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, socket.gaierror) as error:
        listener.close()
        raise Unstartable(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    listener.listen(BACKLOG)
    listener.set_inheritable(True)
    return listener


def guarded(settings: Settings) -> Settings:
    """The settings as they are safe: where others can reach the emulator, with a control token (unless it is switched off), a seed that
    nobody can guess, and notifications that go to private networks and the merchants' own hosts; each unless it is given."""
    if not is_reachable(settings):
        return settings
    drawn: dict[str, Any] = {}
    if not settings.control_token:
        drawn["control_token"] = secrets.token_urlsafe(18)
    if "seed" not in settings.given:
        drawn["seed"] = secrets.token_urlsafe(9)
    if not settings.notify_allow:
        drawn["notify_allow"] = (PRIVATE, MERCHANTS)
    return settings.replaced(**drawn)


def with_its_seed(settings: Settings, path: Path) -> Settings:
    """The settings with the seed that was drawn for this database before, if one was: it stays when the server starts again.

    Raises `store.Unusable`.
    """
    prepare(path)
    store = Store(path)
    with store.write() as tables:
        seed = tables.facts.remember("seed", settings.seed)
    store.close()
    return settings.replaced(seed=seed)


def _warn_of_known_tokens(tables: Tables) -> None:
    """Say so when the database was made where only this machine could reach it, with the seed that everybody knows."""
    if any((known := tables.merchants.find(merchants_id)) and known.token == settings["token"]
           for merchants_id, settings in merchants.seeded(DEFAULT_SEED).items() if merchants_id not in merchants.SEEDED_USERS):
        log.warning("the seeded merchants' tokens in this database derive from the default seed, so that anybody can compute them; "
                    "reset it, or serve another one")


def on_the_lan(settings: Settings, port: int) -> Settings:
    """The settings with the address that phones on the same network open, where `lan` asks for it. Raises Unstartable."""
    if not settings.lan or settings.public_url:
        return settings
    host = settings.host if settings.host not in ALL_INTERFACES else _lan_address()
    return settings.replaced(public_url=url_of(host, port))


def _lan_address() -> str:
    from . import lan  # most emulators serve their own machine

    try:
        return lan.addresses()[0]
    except lan.NoNetwork as alone:
        raise Unstartable(str(alone)) from alone


class LenientRequest(Request):  # type: ignore[misc]  # gunicorn is not typed
    """An HTTP request whose URL may have bytes that should have been percent-encoded: PHP clients send them, and nginx takes them."""

    def parse_request_line(self, line_bytes: bytes) -> None:
        """Encode them, and go on."""
        super().parse_request_line(re.sub(rb"[\x80-\xff]", lambda byte: b"%%%02X" % byte[0][0], line_bytes))


class Discreet(logging.Formatter):
    """Writes no card number into the log, wherever it came from."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, and the traceback below it."""
        return cards.without_numbers(super().format(record))


class Logger(glogging.Logger):  # type: ignore[misc]  # gunicorn is not typed
    """gunicorn's log, written discreetly."""

    def setup(self, cfg: Any) -> None:
        """Set the handlers up as gunicorn does, with our formatter."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(Discreet(self.error_fmt, self.datefmt))


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn is not typed
    """A gunicorn worker that tells waiting requests when it is asked to end, and hears it from its first moment."""

    def init_signals(self) -> None:
        """From here on it knows what to do with the signals that were held since it was forked."""
        super().init_signals()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)

    def handle_exit(self, sig: Any, frame: Any) -> None:
        """SIGTERM: long polls and event streams end at once, everything else is finished."""
        self.app.application.extensions["emulator"].closing.set()
        super().handle_exit(sig, frame)


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn is not typed
    """The gunicorn application of one `serve`."""

    def __init__(self, settings: Settings, listener: socket.socket, path: Path, ready: Callable[[], None]) -> None:
        self._settings = settings
        self._listener = listener
        self._ready = ready
        self.application, self._scheduler, self._sender = build(settings, path)
        super().__init__()

    def load_config(self) -> None:
        """Hand our settings to gunicorn."""
        options = {
            "bind": f"fd://{self._listener.fileno()}", "workers": self._settings.workers, "threads": self._settings.threads,
            "worker_class": Worker, "preload_app": True, "logger_class": Logger, "loglevel": self._log_level(), "keepalive": 75,
            "timeout": 60, "graceful_timeout": GRACE_S, "limit_request_line": 0, "control_socket_disable": True, "http_parser": "python",
            "proc_name": "tgpay-emulator",
            "when_ready": lambda arbiter: self._ready(), "post_worker_init": self._lead, "worker_exit": self._leave}
        assert self.cfg is not None
        RequestParser.mesg_class = LenientRequest
        for name, value in options.items():
            self.cfg.set(name, value)

    def _log_level(self) -> str:
        """Ours, but gunicorn's own announcements are for those who ask for everything."""
        return "warning" if self._settings.log_level == "info" else str(self._settings.log_level)

    def load(self) -> Flask:
        """The WSGI application."""
        return self.application

    def _lead(self, worker: Any) -> None:
        threading.Thread(target=self._scheduler.run, args=(self._sender.load,), name="scheduler", daemon=True).start()

    def _leave(self, arbiter: Any, worker: Any) -> None:
        self._scheduler.stop(GRACE_S)


def serve(settings: Settings, announce: Callable[[Settings, str], None]) -> None:
    """Serve until SIGTERM or SIGINT. `announce` is told the settings in force and the address once requests are taken.

    Raises Unstartable or `store.Unusable` with a sentence.
    """
    # A signal between the fork and the worker's own handlers would be lost: it is held back until they are there.
    os.register_at_fork(before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, ENDING),
                        after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING))
    temporary = Path(tempfile.mkdtemp(prefix="tgpay-emulator-")) if settings.database == TEMPORARY else None
    process = os.getpid()
    try:
        listener = listen(settings.host, settings.port)
        host, port = listener.getsockname()[:2]
        in_force = on_the_lan(guarded(settings), port)
        handler = logging.StreamHandler()
        handler.setFormatter(Discreet("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        logging.basicConfig(level=settings.log_level.upper(), handlers=[handler])
        address = url_of(host, port)
        path = temporary / "emulator.db" if temporary else database_path(settings)
        if in_force.seed != settings.seed:
            in_force = with_its_seed(in_force, path)

        def ready() -> None:
            gc.freeze()  # the workers share what the master made, as long as their collectors leave it alone
            gc.enable()
            if in_force.address_file:
                Path(in_force.address_file).write_text(reachable(address), encoding="utf-8")
            announce(in_force, address)

        Server(in_force, listener, path, ready).run()
    finally:
        if temporary and os.getpid() == process:
            shutil.rmtree(temporary, ignore_errors=True)
