"""Attempts under way: an attempt, how many a merchant may have, and those that other processes make."""
import itertools
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterable
from functools import cached_property

from msgspec import Struct, field

from ..base import urls
from ..store import Store
from ..store.notifications import StoredNotification
from .patience import FEW, Patience
from .waking import Landing, Signal

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


class UnderWay:
    """The attempts that this process makes, also those during moves of merchants' clocks.

    `settled` is held while attempts are chosen and begun, and while a merchant's clock begins or ends to be
    moved: a notification is then due for one of both only.
    """

    def __init__(self, signal: Signal) -> None:
        self.settled = threading.RLock()
        self.changed = threading.Condition()
        self._signal = signal
        self._numbers = itertools.count()
        self._deliveries: dict[int, Delivery] = {}
        self._landings: dict[str, Landing] = {}

    def begin(self, delivery: Delivery, patience: Patience | None) -> int:
        """Note that an attempt begins, and that it delays a patience if there is one; return its number."""
        with self.changed:
            number = next(self._numbers)
            self._deliveries[number] = delivery
            if patience:
                delivery.delays(patience)
            return number

    def end(self, number: int, timed_out: bool) -> None:
        """Note that an attempt has ended, and wake those that wait for it."""
        with self.changed:
            delivery = self._deliveries.pop(number)
            delivery.landed(timed_out)
            landing = self._landings.get(delivery.notification.merchants_id)
            self.changed.notify_all()
        if landing:
            landing.ring()
        self._signal.ring()

    def landing(self, merchants_id: str) -> Landing:
        """What wakes the thread that moves a merchant's clock from now on."""
        with self.changed:
            return self._landings.setdefault(merchants_id, Landing())

    def forget_landing(self, merchants_id: str) -> None:
        """The merchant's clock is not moved any more."""
        with self.changed:
            self._landings.pop(merchants_id, None)

    def of(self, merchants_id: str) -> list[Delivery]:
        """The attempts of a merchant, or with an empty number those of all whose clocks are not being moved.
        """
        with self.changed:
            found = [(delivery.notification.merchants_id, delivery) for delivery in self._deliveries.values()]
            return [delivery for whose, delivery in found
                    if (whose == merchants_id if merchants_id else whose not in self._landings)]

    def all(self) -> list[Delivery]:
        """All attempts."""
        with self.changed:
            return list(self._deliveries.values())

    def numbers(self) -> set[int]:
        """The numbers of all attempts."""
        with self.changed:
            return set(self._deliveries)

    def wait_until_none(self, seconds: float) -> bool:
        """Wait until there are none, at most `seconds`; return whether there are none."""
        with self.changed:
            return self.changed.wait_for(lambda: not self._deliveries, seconds)


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
    """The attempts of other processes that are under way when this one begins to move a clock.

    It is the clock of the merchant with a number, or the shared one. No others begin meanwhile, so that all
    further ones are made here and in order.
    """

    def __init__(self, store: Store, timeout_s: float, merchants_id: str) -> None:
        self._store = store
        self._merchants_id = merchants_id
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
            for claimed in self._store.claims.elsewhere(own)
            if self._merchants_id in ("", claimed.notification.merchants_id)}

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
