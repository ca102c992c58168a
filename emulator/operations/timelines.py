"""Whose time passes: that of the shared clock and all merchants, or that of one merchant alone."""
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from contextlib import AbstractContextManager

from ..base.clock import Clock, OwnClock
from ..store import Reader, Store, Writer
from ..store.notifications import StoredNotification


class Abandoned(Exception):
    """A merchant's clock is not moved any more: the merchant was reset or removed, or this process ends."""


class Timeline:
    """The time of the merchant with a number, or without one the time of the shared clock.

    Instants are milliseconds of that clock. On the shared timeline every merchant's orders and notifications
    fall due, each at the instant of the shared clock at which its merchant's clock gets there.
    """

    def __init__(self, store: Store, merchants_id: str = "") -> None:
        self._store = store
        self.merchants_id = merchants_id

    def now(self) -> int:
        """The present instant."""
        return self._store.read().clock.now(self.merchants_id)

    def clocks(self, merchants: Iterable[str]) -> Mapping[str, OwnClock]:
        """The clocks of merchants as they stand to this timeline's, by number."""
        own = {} if self.merchants_id else self._store.read().clock.own_ones(merchants)
        return defaultdict(OwnClock, own)

    def clock_of(self, tables: Reader, merchants_id: str) -> OwnClock:
        """The clock of one merchant as it stands to this timeline's."""
        return (None if self.merchants_id else tables.clock.own(merchants_id)) or OwnClock()

    def due_at(self, notification: StoredNotification) -> int | None:
        """When a notification is due."""
        return notification.due_at if self.merchants_id else notification.shared_due_at

    def next_due(self, but: Collection[int]) -> int | None:
        """When the next order or notification is due that is not among `but`."""
        return self._store.read().next_due(but, self.merchants_id)

    def notifications(self, now: int, but: Iterable[str], under_way: Collection[int],
                      limit: int) -> list[StoredNotification]:
        """The notifications to send at the instant `now`, without the merchants `but` and `under_way`."""
        return self._store.read().notifications.due(now, but, under_way, limit, self.merchants_id)

    def are_due(self, until: int, last: int) -> bool:
        """Whether a notification up to the id `last` is due at the instant `until`."""
        return self._store.read().notifications.are_due(until, last, self.merchants_id)

    def last_notification(self) -> int:
        """The id of the newest notification."""
        return self._store.read().notifications.last()

    def has_orders(self, until: int) -> bool:
        """Whether an order is due up to an instant."""
        first = self._store.read().orders.next_due(self.merchants_id)
        return first is not None and first <= until

    def orders(self, tables: Reader, until: int, limit: int) -> list[tuple[int, int]]:
        """The instants and ids of the orders that are due up to an instant."""
        return tables.orders.due(until, limit, self.merchants_id)

    def next_notification(self, tables: Reader, but: Collection[int]) -> int | None:
        """When the next notification is due that is not among `but`."""
        return tables.notifications.next_due(but, self.merchants_id)

    def present(self, tables: Reader) -> int:
        """The instant at which the clock, which is being moved, stands."""
        return tables.clock.now(self.merchants_id)

    def write(self) -> AbstractContextManager[Writer]:
        """A transaction that may change everything whose time this is."""
        return self._store.write(self.merchants_id or None)

    def stand_at(self, tables: Writer, instant: int) -> None:
        """Let the clock, which is being moved, show an instant. Raises Abandoned."""
        if self.merchants_id:
            self.check(tables)
            tables.clock.stand(self.merchants_id, instant)
        else:
            tables.clock.set(Clock(tables.clock.get().offset, instant))

    def check(self, tables: Reader) -> None:
        """Raise Abandoned if this is a merchant's clock that is not moved any more."""
        if self.merchants_id:
            own = tables.clock.own(self.merchants_id)
            if own is None or not own.moves:
                raise Abandoned
