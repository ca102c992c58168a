"""The objects that every request uses, and the address at which its sender reaches them."""
from msgspec import Struct
from msgspec.structs import replace
from werkzeug.wrappers import Request

from ..base.public_url import path_of
from ..base.settings import Settings
from ..gateway.handling import Gateway
from ..gateway.measuring import Measurements
from ..operations.commands import Commands
from ..operations.limits import Limiter
from ..operations.scheduler import Scheduler
from ..operations.unit import Units
from ..operations.watching import Waiting
from ..store import Store
from .happenings import Happenings


class Emulator(Struct):
    """The objects that every request uses."""

    settings: Settings
    store: Store
    units: Units
    gateway: Gateway
    scheduler: Scheduler
    commands: Commands
    waiting: Waiting
    measurements: Measurements
    happenings: Happenings
    limiter: Limiter | None = None

    def of(self, owner: str) -> "Emulator":
        """The emulator as one team sees and changes it: its own merchants and nothing else."""
        store = self.store.of(owner)
        return replace(self, store=store, units=Units(store, self.settings),
                       commands=Commands(store, self.scheduler, self.waiting))

    @property
    def prefix(self) -> str:
        """The path of public_url, with which every path begins that a browser gets; empty without one."""
        return path_of(self.settings.public_url)

    def address(self, asked: Request) -> str:
        """The URL at which the sender of a request reaches the emulator, without a slash at its end.

        It is the setting `public_url`, otherwise the scheme and host of the request.
        """
        return self.settings.public_url or f"{asked.scheme}://{asked.host}"
