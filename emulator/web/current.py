"""The emulator of the present request, and the addresses under which it is reached."""
from dataclasses import dataclass

from flask import current_app, request

from ..base.settings import Settings
from ..gateway.handling import Gateway
from ..operations.commands import Commands
from ..operations.scheduler import Scheduler
from ..operations.unit import Units
from ..operations.watching import Waiting
from ..store import Store


@dataclass
class Emulator:
    """What every request works with: `current_app.extensions["emulator"]`."""

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
    """The address under which payers and merchants reach the emulator: the setting's, else that of the
    present request.
    """
    return emulator().settings.public_url or f"{request.scheme}://{request.host}"


def under_prefix(path: str) -> str:
    """A path of the emulator as browsers have it: with that of public_url in front, as `url_for` has it."""
    return f"{request.script_root}{path}"
