"""Attempts under way: an attempt, how many a merchant may have, and those that other processes make."""
import time
from collections import Counter
from collections.abc import Collection, Iterable
from functools import cached_property

from msgspec import Struct, field

from ..base import urls
from ..store import Store
from ..store.notifications import StoredNotification
from .patience import FEW, Patience

GRACE_S = 3.0  # from the end of an attempt until its result is stored at the latest


class Delivery(Struct, frozen=True, dict=True):
    """An attempt under way, begun at the emulator's instant `at` (milliseconds).

    If it is a replay, it may have a `command` that is finished together with it. `is_claimed` is whether its
    notification is claimed for it. `begun` is an instant of the monotonic clock in seconds.
    """

    notification: StoredNotification
    at: int
    replay: bool = False
    command: int | None = None
    is_claimed: bool = False
    begun: float = field(default_factory=time.monotonic)
    patiences: list[Patience] = []  # of the moves of the clock that it may delay

    @cached_property
    def receiver(self) -> str:
        """The origin of the receiver's URL."""
        return urls.origin(self.notification.url)

    @property
    def order(self) -> tuple[str, str]:
        """The order that the notification is about."""
        return self.notification.merchants_id, self.notification.out_trade_no

    def delays(self, patience: Patience) -> None:
        """Have a patience count the time of this attempt, unless it is a replay."""
        if not self.replay:
            patience.launched(self.receiver)
            self.patiences.append(patience)

    @property
    def seconds(self) -> float:
        """How long it has been under way."""
        return time.monotonic() - self.begun

    def landed(self, timed_out: bool) -> None:
        """Note that it has ended."""
        for patience in self.patiences:
            patience.landed(self.receiver, self.seconds, timed_out)

    def lost(self) -> None:
        """Note that its process has ended before its result was stored."""
        for patience in self.patiences:
            patience.lost(self.receiver)


class Room:
    """How many attempts each merchant may have at once: a few.

    During a move of the clock, which has a patience, that depends on how many the receivers can handle.
    """

    def __init__(self, deliveries: Iterable[Delivery], patience: Patience | None) -> None:
        self._patience = patience
        self._numbers: Counter[str] = Counter()
        self._limits: dict[str, int] = {}
        for delivery in deliveries:
            self.add(delivery.notification)

    def add(self, notification: StoredNotification) -> None:
        """Count an attempt of a notification."""
        merchant = notification.merchants_id
        self._numbers[merchant] += 1
        if self._patience:
            limit = self._patience.room(urls.origin(notification.url))
            self._limits[merchant] = max(limit, self._limits.get(merchant, FEW))

    def has(self, merchants_id: str) -> bool:
        """Whether a merchant has room for another attempt."""
        return self._numbers[merchants_id] < self._limits.get(merchants_id, FEW)

    def full(self) -> set[str]:
        """The merchants without room."""
        return {merchant for merchant in self._numbers if not self.has(merchant)}


class Elsewhere:
    """The attempts of other processes that are under way when this one begins to move the clock.

    No others begin meanwhile, so that all further ones are made here and in order.
    """

    def __init__(self, store: Store, timeout_s: float) -> None:
        self._store = store
        self._timeout_s = timeout_s
        self._deliveries: dict[int, Delivery] = {}

    @property
    def claim_s(self) -> float:
        """How long a claim lasts, in seconds: longer than an attempt, if its process lives."""
        return self._timeout_s + GRACE_S

    @property
    def deliveries(self) -> list[Delivery]:
        """The attempts that have not ended."""
        return list(self._deliveries.values())

    def look(self, own: Collection[int]) -> None:
        """Find the attempts; those of the notifications `own` are made by this process."""
        now = time.monotonic()
        self._deliveries = {
            claimed.notification.id: Delivery(claimed.notification, claimed.at, begun=now - claimed.age_s)
            for claimed in self._store.claims.elsewhere(own)}

    def look_again(self) -> None:
        """Find out which have ended since."""
        if not self._deliveries:
            return
        for number in set(self._deliveries) - self._store.claims.numbers():
            delivery = self._deliveries.pop(number)
            if self._store.read().notifications.find(number) == delivery.notification:
                delivery.lost()
            else:
                delivery.landed(timed_out=delivery.seconds >= self._timeout_s)

    def forget(self) -> None:
        """Forget all of them."""
        self._deliveries = {}
