"""The server process: gunicorn with the application, and in each worker a scheduler that leads or waits to lead."""
import gc
import logging
import os
import re
import resource
import secrets
import shutil
import signal
import socket
import ssl
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from gunicorn import glogging
from gunicorn.app.base import BaseApplication
from gunicorn.http.errors import ParseException
from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser

from .. import __version__, scenarios
from ..base.settings import (
    DEFAULT_SEED, EVERYWHERE, MERCHANTS, PRIVATE, TEMPORARY, Settings, is_loopback, is_reachable)
from ..base.urls import discreet, reachable, url_of
from ..domain import merchants
from ..operations import seeding
from ..operations.dispatcher import Signal
from ..operations.scheduler import Scheduler
from ..protocol import card_numbers
from ..store import IDENTITY, Reader, Store, Unusable, Writer, conclude, prepare
from ..store.notifications import StoredNotification
from ..web import create_app
from .serving import Served
from .shared_settings import Different, agree
from .worker import ENDING, WORKERS_S, Worker, most_connections

BACKLOG = 512
ALL_INTERFACES = (EVERYWHERE, "::")
IN_MEMORY = "/dev/shm"
log = logging.getLogger(__name__)


class Unstartable(Exception):
    """The server cannot start, and a sentence says why."""


def database_path(settings: Settings) -> Path:
    """The database file: the setting's, or one in the user's data directory. Raises Unstartable."""
    if settings.database:
        return Path(settings.database)
    from platformdirs import user_data_path

    try:
        place = user_data_path("tgpay-emulator", appauthor=False)
    except (OSError, RuntimeError, KeyError):
        place = Path()
    if not place.is_absolute():  # a user without an entry and without HOME has no home
        raise Unstartable("there is no home directory for the database; "
                          f"name a file with --database, or {TEMPORARY}")
    return place / "emulator.db"


class LateSender:
    """A sender that is loaded with the first notification: a command line that sends none need not wait for its libraries."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._sender: Callable[[StoredNotification, float | None], Any] | None = None

    def __call__(self, notification: StoredNotification, seconds: float | None = None) -> Any:
        """Make one attempt, which may take so long."""
        return self.load()(notification, seconds)

    def load(self) -> Callable[[StoredNotification, float | None], Any]:
        """The sender, ready to send."""
        if self._sender is None:
            from ..operations.sender import Sender

            self._sender = Sender(self._settings, f"tgpay-emulator/{__version__}", self._notify_url)
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
        identity = tables.facts.remember(IDENTITY, secrets.token_hex(16))
    store.close()
    store.keep_to(identity)
    store.close()
    sender = LateSender(settings, store)
    scheduler = Scheduler(store, settings, sender, bell)
    return create_app(settings, store, scheduler), scheduler, sender


def _begin_scenario(tables: Writer, written: str) -> None:
    """Put the scenario of the setting in force. Raises Unstartable with everything that is wrong with it."""
    try:
        seeding.begin(tables, written)
    except scenarios.Invalid as invalid:
        raise Unstartable(f"scenario: {invalid}") from invalid


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises Unstartable when the address is taken or not this machine's."""
    listener = None
    try:
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except (OSError, UnicodeError) as error:
        if listener:
            listener.close()
        reason = getattr(error, "strerror", None) or error
        raise Unstartable(f"cannot listen on {host}:{port}: {reason}") from error
    listener.set_inheritable(True)
    return listener


def check_authorities(path: str) -> None:
    """See that the file of `notify_ca` has certificates. Raises Unstartable."""
    try:
        Path(path).read_bytes()
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        raise Unstartable(f"notify_ca: {path} has no certificates in PEM") from None
    except OSError as error:
        raise Unstartable(f"notify_ca: {path} cannot be read: {error.strerror}") from None


def guarded(settings: Settings) -> Settings:
    """The settings as they are safe: where others can reach the emulator, with a control token (unless it is switched off) and a seed
    that nobody can guess; where it listens for others, with notifications that go to private networks and the merchants' own hosts only.
    Each unless it is given."""
    if not is_reachable(settings):
        return settings
    drawn: dict[str, Any] = {}
    if not settings.control_token:
        drawn["control_token"] = secrets.token_urlsafe(18)
    if "seed" not in settings.given:
        drawn["seed"] = secrets.token_urlsafe(9)
    if not settings.notify_allow and not is_loopback(settings.host):  # behind a tunnel to a laptop the shop is on the laptop
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


def _warn_of_known_tokens(tables: Reader) -> None:
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
    from ..base import lan  # most emulators serve their own machine

    try:
        return lan.addresses()[0]
    except lan.NoNetwork as alone:
        raise Unstartable(str(alone)) from alone


class LenientRequest(Request):  # type: ignore[misc]  # gunicorn is not typed
    """An HTTP request whose URL may have bytes that should have been percent-encoded: PHP clients send them, and nginx takes them."""

    def __init__(self, *parts: Any) -> None:
        """Read the head. An error knows the address that was asked for as `uri`, where it can be told."""
        self.asked = b""
        try:
            super().__init__(*parts)
        except ParseException as error:
            error.uri = self.asked.decode("latin-1")
            raise

    def parse_request_line(self, line_bytes: bytes) -> None:
        """Encode them, and go on."""
        self.asked = b"".join(line_bytes.split(b" ")[1:2])
        super().parse_request_line(re.sub(rb"[\x80-\xff]", lambda byte: b"%%%02X" % byte[0][0], line_bytes))


class Discreet(logging.Formatter):
    """Writes no card number and no password of a URL into the log, wherever it came from."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, and the traceback below it."""
        return discreet(card_numbers.hidden(super().format(record)))


class Logger(glogging.Logger):  # type: ignore[misc]  # gunicorn is not typed
    """gunicorn's log, written discreetly."""

    def setup(self, cfg: Any) -> None:
        """Set the handlers up as gunicorn does, with our formatter."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(Discreet(self.error_fmt, self.datefmt))


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn is not typed
    """The gunicorn application of one `serve`."""

    def __init__(self, settings: Settings, listener: socket.socket, path: Path, ready: Callable[[], None]) -> None:
        self._settings = settings.replaced(connections=most_connections(settings.connections, _files()))
        self._listener = listener
        self._path = path
        self._ready = ready
        self.application, self._scheduler, self._sender = build(self._settings, path)
        self.store: Store = self.application.extensions["emulator"].store
        super().__init__()

    def load_config(self) -> None:
        """Hand our settings to gunicorn."""
        options = {
            "bind": f"fd://{self._listener.fileno()}", "workers": self._settings.workers, "worker_class": Worker, "preload_app": True,
            "worker_connections": self._settings.connections,
            "worker_tmp_dir": _place_for_heartbeats(self._path),
            "logger_class": Logger, "loglevel": self._log_level(), "keepalive": 75, "timeout": 60, "graceful_timeout": WORKERS_S,
            "limit_request_line": 0, "control_socket_disable": True, "http_parser": "python",
            "forwarder_headers": "",  # a header may not say what the path is: public_url does
            "proc_name": "tgpay-emulator",
            "when_ready": lambda arbiter: self._ready(), "post_worker_init": self._lead}
        assert self.cfg is not None
        RequestParser.mesg_class = LenientRequest
        for name, value in options.items():
            self.cfg.set(name, value)

    def _log_level(self) -> str:
        """Ours, but gunicorn's own announcements are for those who ask for everything."""
        return "warning" if self._settings.log_level == "info" else str(self._settings.log_level)

    def load(self) -> Served:
        """The WSGI application."""
        return Served(self.application)

    def _lead(self, worker: Any) -> None:
        threading.Thread(target=self._scheduler.run, args=(self._sender.load,), name="scheduler", daemon=True).start()


def _files() -> int:
    """How many files a process may have open, after asking for as many as it may."""
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        return _counted(most)
    except (OSError, ValueError):  # not every system gives what it says
        return _counted(allowed)


def _counted(limit: int) -> int:
    return sys.maxsize if limit == resource.RLIM_INFINITY else limit


def _place_for_heartbeats(database: Path) -> str:
    """Where workers' heartbeats are: in memory, else where temporary files are, else beside the database."""
    if os.access(IN_MEMORY, os.W_OK | os.X_OK):
        return IN_MEMORY
    try:
        return tempfile.gettempdir()
    except OSError:
        return str(database.parent)


def serve(settings: Settings, announce: Callable[[Settings, str], None]) -> None:
    """Serve until SIGTERM or SIGINT. `announce` is told the settings in force and the address once requests are taken.

    Raises Unstartable or `store.Unusable` with a sentence.
    """
    if settings.notify_ca:
        check_authorities(settings.notify_ca)
    # A signal between the fork and the worker's own handlers would be lost: it is held back until they are there.
    os.register_at_fork(before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, ENDING),
                        after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING))
    temporary = _temporary_directory() if settings.database == TEMPORARY else None
    path = temporary / "emulator.db" if temporary else database_path(settings)
    process = os.getpid()
    try:
        listener = listen(settings.host, settings.port)
        host, port = listener.getsockname()[:2]
        in_force = on_the_lan(guarded(settings), port)
        handler = logging.StreamHandler()
        handler.setFormatter(Discreet("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        logging.basicConfig(level=settings.log_level.upper(), handlers=[handler])
        address = url_of(host, port)
        if in_force.seed != settings.seed:
            in_force = with_its_seed(in_force, path)
        if not temporary:
            _agree(path, in_force)
        if in_force.notify_allow != settings.notify_allow:
            in_force = in_force.replaced(notify_allow=(*in_force.notify_allow, urlsplit(reachable(address)).netloc))

        def ready() -> None:
            gc.freeze()  # the workers share what the master made, as long as their collectors leave it alone
            gc.enable()
            _write_address(in_force.address_file, reachable(address))
            announce(in_force, address)

        server = Server(in_force, listener, path, ready)
        try:
            server.run()
        finally:
            if os.getpid() == process and not temporary and server.store.is_in_place():
                _conclude(path)
    finally:
        if temporary and os.getpid() == process:
            shutil.rmtree(temporary, ignore_errors=True)


def _agree(path: Path, settings: Settings) -> None:
    """See that servers of this database have the same settings where it matters, for as long as this process and its workers run.

    Raises Unstartable, `store.Unusable`.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        agree(path, settings)
    except Different as different:
        raise Unstartable(str(different)) from different
    except OSError as error:
        raise Unusable(f"{path} cannot be used as the database: {error}") from error


def _temporary_directory() -> Path:
    """A directory for a database that is thrown away. Raises Unstartable."""
    try:
        return Path(tempfile.mkdtemp(prefix="tgpay-emulator-"))
    except OSError as error:
        raise Unstartable(f"no place for the {TEMPORARY} database: {error.strerror or error}; "
                          "mount a writable one, as docker run --tmpfs /tmp does, or use --database FILE") from error


def _write_address(file: str, address: str) -> None:
    """Write the address down where that is wanted and possible: to serve is more important."""
    if not file:
        return
    try:
        Path(file).write_text(address, encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        log.warning("the address %s was not written into %s: %s", address, file, reason)


def _conclude(path: Path) -> None:
    """What the last process does: the database file has everything in it."""
    try:
        conclude(path)
    except Unusable as problem:
        log.warning("%s", problem)
