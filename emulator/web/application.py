"""The emulator as a WSGI application: it passes each request to the gateway, the control interface or the
pages.
"""
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from ..base.settings import Settings
from ..gateway.handling import Gateway
from ..gateway.measuring import Measurements
from ..operations.commands import Commands
from ..operations.limits import Limiter
from ..operations.scheduler import Scheduler
from ..operations.unit import Units
from ..operations.watching import Waiting
from ..store import Store
from . import bodies
from .api import Api, is_below
from .control import PROBES, Control
from .emulator import Emulator
from .happenings import Happenings
from .prefix import Prefix
from .site import Site

SPARE_ROWS = 16  # for workers that begin before those end that they replace


class Application:
    """The emulator on an open store. The caller runs the scheduler's thread."""

    def __init__(self, settings: Settings, store: Store, scheduler: Scheduler) -> None:
        self.emulator = _made(settings, store, scheduler)
        self.control = Control(self.emulator)
        self.site = Site(self.emulator, self)
        self._api = Api(self.emulator, self.site)
        prefix = self.emulator.prefix
        self._prefix = Prefix(prefix, self._finds) if prefix else None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        if self._prefix is not None:
            self._prefix.remove(environ)
        bodies.check(environ)
        return self._part(environ.get("PATH_INFO", ""))(environ, start_response)

    def _part(self, path: str) -> WSGIApplication:
        """The part that answers requests with a path."""
        if is_below(path):
            return self._api
        return self.control if bodies.is_control(path) or path in PROBES else self.site

    def _finds(self, path: str, method: str) -> bool:
        """Whether a path is one of the emulator's, and takes the method."""
        return is_below(path) or self.control.finds(path, method) or self.site.finds(path, method)


def _made(settings: Settings, store: Store, scheduler: Scheduler) -> Emulator:
    waiting = Waiting(store, settings)
    store.pause = waiting.slots.waiting
    units, commands = Units(store, settings), Commands(store, scheduler, waiting)
    limiter = Limiter(store, settings.rate_limit) if settings.rate_limit else None
    measurements = Measurements(2 * settings.workers + SPARE_ROWS)
    gateway = Gateway(units, waiting, limiter, measurements)
    return Emulator(settings, store, units, gateway, scheduler, commands, waiting, measurements,
                    Happenings(store), limiter)
