"""A server that is started for the tests, or one that is running already."""
import os
from functools import cached_property
from pathlib import Path

from . import launch
from .calls import JSON
from .client import Client
from .clock import Clock
from .errors import EmulatorError, ServerError
from .merchant import Merchant


class Server:
    """An emulator for tests.

    With `settings`, which are those of `tgpay-emulator serve` by their names (`strict=True`,
    `notify_retries="1s,2s"`), it is a server of its own: on a free port, with a temporary database. It ends
    with `stop`, and also when this process ends, in whatever way.

    With a `url` it is the one that runs there, with its control `token` if it has one. Without either it is
    the one at `TGPAY_URL`, with `TGPAY_CONTROL_TOKEN`, if that is set, else one of its own.

    Processes that name the same folder in `shared`, and the same settings, use one server: the first starts
    it, and it ends with the last. A server that is started ends with the process `owner` too.
    """

    def __init__(self, url: str | None = None, token: str | None = None, *, shared: Path | str | None = None,
                 owner: int | None = None, **settings: object) -> None:
        if url and settings:
            raise ValueError(f"the server at {url} has its settings already: {', '.join(settings)}")
        if not settings and not url:
            url = os.environ.get("TGPAY_URL")
        if url and token is None:
            token = os.environ.get("TGPAY_CONTROL_TOKEN")
        self.settings = settings
        self.is_own = not url
        self.token = token or str(settings.get("control_token") or "")
        self._url = (url or "").rstrip("/")
        self._shared = Path(shared) if shared is not None else None
        self._owner = owner
        self._line: launch.Line | None = None
        self._is_kept = False

    def start(self) -> "Server":
        """Start the server, or see that it is there. Raises ServerError."""
        if not self.is_own:
            self._see()
        elif self._line is None:
            self._line = self._launched()
            self._url = self._line.url
        return self

    def _launched(self) -> launch.Line:
        if self._shared is None:
            return launch.own(self.settings, self._owner)
        return launch.shared(self._shared, self.settings, self._owner)

    def _see(self) -> None:
        try:
            self.client.health()
        except EmulatorError as problem:
            raise ServerError(str(problem)) from problem

    def stop(self) -> None:
        """Stop the server, unless others use it or it ran already."""
        if self._line is not None:
            self._line.close(self._is_kept)
            self._line = None

    def keep(self) -> None:
        """Keep the server running when this process, and the others that use it, have ended."""
        if self._line is not None and not self._is_kept:
            self._line.keep()
            self._is_kept = True

    @property
    def url(self) -> str:
        """The address, without a path."""
        if not self._url:
            raise ServerError("the server is not started: call start(), or use it in a with statement")
        return self._url

    @property
    def process_number(self) -> int:
        """The number of the server's process; 0 when it was running already."""
        return self._line.number if self._line is not None else 0

    @property
    def printed(self) -> str:
        """What the server printed; empty where another process has started it."""
        return self._line.printed() if self._line is not None else ""

    @cached_property
    def client(self) -> Client:
        """The control interface."""
        return Client(self.url, "" if self.token == "off" else self.token)

    @property
    def clock(self) -> Clock:
        """The shared clock; that of one merchant is `merchant.clock`."""
        return Clock(self.client)

    def merchant(self, **settings: object) -> Merchant:
        """Create a merchant, isolated from all others, with a clock of its own."""
        return Merchant.create(self.client, **settings)

    def existing_merchant(self, number: str) -> Merchant:
        """An existing merchant. Raises ControlError when there is none."""
        return Merchant.existing(self.client, number)

    def health(self) -> JSON:
        """Version and time of the emulator."""
        return self.client.health()

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(self, *failure: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<Server {self._url or 'not started'}>"
