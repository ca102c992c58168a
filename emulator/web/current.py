"""The emulator of the current request, and its addresses."""

from flask import current_app, request
from msgspec import Struct

from ..base.settings import Settings
from ..gateway.handling import Gateway
from ..operations.commands import Commands
from ..operations.scheduler import Scheduler
from ..operations.unit import Units
from ..operations.watching import Waiting
from ..store import Store


class Emulator(Struct):
    """The objects that every request uses: `current_app.extensions["emulator"]`."""

    settings: Settings
    store: Store
    units: Units
    gateway: Gateway
    scheduler: Scheduler
    commands: Commands
    waiting: Waiting


def emulator() -> Emulator:
    """The emulator of the current request."""
    found: Emulator = current_app.extensions["emulator"]
    return found


def base_url() -> str:
    """The URL at which payers and merchants reach the emulator, without a slash at its end.

    It is the setting `public_url`, otherwise the scheme and host of the current request.
    """
    return emulator().settings.public_url or f"{request.scheme}://{request.host}"


def under_prefix(path: str) -> str:
    """A path as browsers see it: prefixed with the path of public_url, as `url_for` does."""
    return f"{request.script_root}{path}"
