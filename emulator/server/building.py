"""Builds the application, its scheduler and its sender on a database."""
import logging
import secrets
from collections.abc import Callable
from typing import Any

from .. import __version__, scenarios
from ..base.settings import DEFAULT_SEED, Settings, is_shared
from ..domain import destinations, merchants
from ..operations import seeding
from ..operations.forwarding import Forwarder
from ..operations.inbox import Inbox
from ..operations.scheduler import Scheduler
from ..operations.waking import Signal
from ..store import IDENTITY, Place, Reader, Store, Writer
from ..store.notifications import StoredNotification
from ..web.application import Application
from . import state
from .resources import Unstartable

log = logging.getLogger(__name__)


class LateSender:
    """Makes attempts: over HTTP, through a listener, or to the merchant's inbox.

    The libraries of HTTP are loaded with the first notification, so that commands without one start sooner.
    """

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self.forwarder = Forwarder(store, settings)
        self._others: dict[str, Callable[[StoredNotification, float | None], Any]] = {
            destinations.INBOX: Inbox(store, settings), destinations.LISTEN: self.forwarder}
        self._sender: Callable[[StoredNotification, float | None], Any] | None = None

    def __call__(self, notification: StoredNotification, seconds: float | None = None) -> Any:
        """Make one attempt to send a notification, which may take `seconds`."""
        other = self._others.get(destinations.word(notification.url))
        return other(notification, seconds) if other else self.load()(notification, seconds)

    def load(self) -> Callable[[StoredNotification, float | None], Any]:
        """Load the sender, if it is not loaded yet, and return it."""
        if self._sender is None:
            from ..operations.sender import Sender

            self._sender = Sender(self._settings, f"tgpay-emulator/{__version__}", self._notify_url)
        return self._sender

    def _notify_url(self, merchants_id: str) -> str:
        merchant = self._store.read().merchants.find(merchants_id)
        self._store.leave()  # the attempt may take long
        return "" if merchant is None or destinations.is_word(merchant.notify_url) else merchant.notify_url


def build(settings: Settings, place: Place) -> tuple[Application, Scheduler, LateSender, list[str]]:
    """The application, its scheduler and its sender on a database, which is created and seeded when it is
    new; and sentences about what is unusual in it.

    Raises `store.Unusable`, and Unstartable when the setting `scenario` is wrong.
    """
    place.prepare()
    bell = Signal()
    store = place.open(bell.ring)
    with store.write() as tables:
        seeding.seed(tables, settings.seed)
        if is_shared(settings):
            _warn_of_known_tokens(tables)
        _begin_scenario(tables, settings.scenario)
        unusual = state.unusual(tables, settings.timezone)
        identity = tables.facts.remember(IDENTITY, secrets.token_hex(16))
    store.close()  # the processes that are started next must not share the connections
    store.keep_to(identity)
    store.close()
    sender = LateSender(settings, store)
    scheduler = Scheduler(store, settings, sender, bell)
    app = Application(settings, store, scheduler)
    sender.forwarder.closing = app.emulator.waiting.closing
    return app, scheduler, sender, unusual


def _begin_scenario(tables: Writer, written: str) -> None:
    """Put the scenario of the setting in force. Raises Unstartable with all its problems."""
    try:
        seeding.begin(tables, written)
    except scenarios.Invalid as invalid:
        raise Unstartable(f"scenario: {invalid}") from invalid


def _warn_of_known_tokens(tables: Reader) -> None:
    """Log a warning when tokens in the database derive from the default seed, which everybody knows.

    That happens when the database was created while only this machine could reach the emulator, and there
    were no teams.
    """
    for merchants_id, settings in merchants.seeded(DEFAULT_SEED).items():
        if merchants_id in merchants.SEEDED_USERS:
            continue  # this token is in the document itself
        known = tables.merchants.find(merchants_id)
        if known and known.token == settings["token"]:
            log.warning("the seeded merchants' tokens in this database derive from the default seed, so that "
                        "anybody can compute them; reset it, or serve another one")
            return
