"""The emulator of the present request, and the addresses under which it is reached."""
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app, request

from ..base.settings import Settings
from ..gateway.handling import Gateway
from ..operations.scheduler import Scheduler
from ..operations.watching import Waiting
from ..store import Store


@dataclass
class Emulator:
    """What every request works with: `current_app.extensions["emulator"]`."""

    settings: Settings
    store: Store
    gateway: Gateway
    scheduler: Scheduler
    waiting: Waiting

    def ask(self, command: str, argument: Mapping[str, Any], key: str = "", body: str = "") -> dict[str, Any]:
        """Have the scheduler carry out a command, and wait for its result.

        It is carried out once for all who ask with an idempotency key. Raises TimeoutError, and
        `store.KeyUsed` when the key was used with another body.
        """
        with self.waiting.pause():
            return self.scheduler.ask(command, argument, key, body)

    def wait_for(self, number: int) -> dict[str, Any]:
        """The result of a command that was asked for before. Raises TimeoutError."""
        with self.waiting.pause():
            return self.scheduler.wait_for(number)


def emulator() -> Emulator:
    """The emulator of the current request."""
    found: Emulator = current_app.extensions["emulator"]
    return found


def base_url() -> str:
    """The address under which payers and merchants reach the emulator: the setting's, else that of the present request."""
    return emulator().settings.public_url or f"{request.scheme}://{request.host}"


def under_prefix(path: str) -> str:
    """A path of the emulator as browsers have it: with that of public_url in front, as `url_for` has it."""
    return f"{request.script_root}{path}"
