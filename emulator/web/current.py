"""The emulator of the current request, and its addresses."""

from flask import current_app, g, request
from msgspec import Struct
from msgspec.structs import replace
from werkzeug.wrappers import Request

from ..base.settings import Settings
from ..gateway.handling import Gateway
from ..gateway.measuring import Measurements
from ..operations.commands import Commands
from ..operations.limits import Limiter
from ..operations.scheduler import Scheduler
from ..operations.unit import Units
from ..operations.watching import Waiting
from ..store import Store

NARROWED = "emulator_of_a_team"


class Emulator(Struct):
    """The objects that every request uses: `current_app.extensions["emulator"]`."""

    settings: Settings
    store: Store
    units: Units
    gateway: Gateway
    scheduler: Scheduler
    commands: Commands
    waiting: Waiting
    measurements: Measurements
    limiter: Limiter | None = None

    def of(self, owner: str) -> "Emulator":
        """The emulator as one team sees and changes it: its own merchants and nothing else."""
        store = self.store.of(owner)
        return replace(self, store=store, units=Units(store, self.settings),
                       commands=Commands(store, self.scheduler, self.waiting))


def emulator() -> Emulator:
    """The emulator of the current request, as its sender may use it (see `roles`)."""
    found: Emulator = g.get(NARROWED) or current_app.extensions["emulator"]
    return found


def narrow_to(owner: str) -> None:
    """Let the rest of the current request use the emulator as one team does."""
    setattr(g, NARROWED, current_app.extensions["emulator"].of(owner))


def base_url() -> str:
    """The URL at which payers and merchants reach the emulator, without a slash at its end.

    It is the setting `public_url`, otherwise the scheme and host of the current request.
    """
    return address(emulator().settings, request)


def address(settings: Settings, asked: Request) -> str:
    """The URL at which the sender of a request reaches the emulator, without a slash at its end."""
    return settings.public_url or f"{asked.scheme}://{asked.host}"


def under_prefix(path: str) -> str:
    """A path as browsers see it: prefixed with the path of public_url, as `url_for` does."""
    return f"{request.script_root}{path}"
