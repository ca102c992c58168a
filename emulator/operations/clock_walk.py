"""Moves the emulator's time: everything that falls due is done at its own instant, before the next."""
import heapq
import time
from collections.abc import Callable

from ..base import durations
from ..base.clock import Clock
from ..base.settings import Settings
from ..domain.transitions import falls_due
from ..store import Store, Writer
from .deliveries import Delivery
from .dispatcher import LOOK_AROUND_S, Dispatcher
from .patience import Patience
from .timers import fall_due

BATCH = 100


class Walk:
    """A move of the clock to an instant, with stops at everything that falls due on the way.

    It waits for attempts of notifications as long as its patience allows. For a slow receiver it moves on
    until the outcome of the attempt matters: to the next attempt of the same notification, or to another one
    of the same order. While it waits there, `attend` handles other commands. If the clock normally `runs`,
    time goes on at its usual pace meanwhile.
    """

    def __init__(self, store: Store, settings: Settings, dispatcher: Dispatcher, patience: Patience,
                 attend: Callable[[], object], runs: bool = False) -> None:
        self._store = store
        self._settings = settings
        self._dispatcher = dispatcher
        self._patience = patience
        self._attend = attend
        self._runs = runs
        self._since = self._now()
        self._stood = time.monotonic()

    def to(self, target: int) -> None:
        """Move to the instant `target` (milliseconds), with everything that is due until then."""
        if self._since < target:
            self._stand_at(self._since)
            while self._step(target):
                continue
        self.stay(target, self._store.read().notifications.last())

    def _step(self, target: int) -> bool:
        """Do the next thing that is due, or wait a moment.

        Returns False when nothing is left but attempts under way.
        """
        now = self._now()
        blocked = self._dispatcher.launch_due(now, self._since)
        under_way, deliveries = self._dispatcher.under_way(), self._dispatcher.scheduled()
        horizon = self._dispatcher.horizon()
        holding = [delivery for delivery in deliveries if self._patience.holds(delivery.receiver)]
        limit = target if horizon is None else min(target, horizon - 1)
        due = self._store.read().next_due(under_way)
        if blocked or holding:
            self._pause(holding or deliveries, bool(holding), limit if due is None else min(limit, due))
        elif due is not None and due <= limit:
            self._move_on(max(now, due), limit)
        elif limit < target:
            self._pause(deliveries, False, limit)
        else:
            return False
        return True

    def stay(self, until: int, last: int) -> None:
        """Wait until notifications up to the id `last` that are due at the instant `until` have been sent."""
        notifications = self._store.read().notifications
        while True:
            self._dispatcher.launch_due(max(until, self._now()), self._since)
            deliveries, horizon = self._dispatcher.scheduled(), self._dispatcher.horizon()
            waited_for = [delivery for delivery in deliveries if delivery.notification.id <= last]
            if not waited_for and not notifications.are_due(until, last):
                return
            self._pause(waited_for or deliveries, False,
                        until if horizon is None else min(until, horizon - 1))

    def _pause(self, deliveries: list[Delivery], held: bool, limit: int) -> None:
        """Wait a moment for attempts under way; the clock does not pass `limit` meanwhile."""
        self._patience.waited(self._dispatcher.wait(), {delivery.receiver for delivery in deliveries}, held)
        self._attend()
        passed = time.monotonic() - self._stood
        if self._runs and passed >= LOOK_AROUND_S:
            now = self._now()
            self._stand_at(max(now, min(now + round(passed * durations.SECOND), limit)))

    def _move_on(self, due: int, limit: int) -> None:
        if not move_orders(self._store, self._settings, limit, self._dispatcher.under_way()):
            self._stand_at(due)
        self._stood = time.monotonic()

    def _now(self) -> int:
        return self._store.read().clock.now()

    def _stand_at(self, now: int) -> None:
        with self._store.write() as tables:
            tables.clock.set(Clock(tables.clock.get().offset, now))
        self._stood = time.monotonic()


def move_orders(store: Store, settings: Settings, until: int, under_way: set[int] | None = None) -> bool:
    """Change some orders that are due up to an instant, in order of time; return whether there were any.

    During a walk, with the ids of the notifications `under_way`, the clock is set to the instant of each
    change. It stops before another notification is due, and after one was put into the outbox.
    """
    first = store.read().orders.next_due()
    if first is None or first > until:
        return False
    walking = under_way is not None
    with store.write() as tables:
        heap = tables.orders.due(until, BATCH)
        horizon = until if len(heap) < BATCH else heap[-1][0]
        post_due = tables.notifications.next_due(under_way) if under_way is not None else None
        newest, reached = tables.notifications.last(), None
        while heap and (post_due is None or post_due >= heap[0][0]):
            reached, number = heapq.heappop(heap)
            due = _do_due(tables, settings, number, reached)
            if due is not None and due <= horizon:
                heapq.heappush(heap, (due, number))
            if walking and tables.notifications.last() > newest:
                break
        if walking and reached is not None:
            present = tables.clock.get()
            tables.clock.set(Clock(present.offset, max(reached, present.frozen or reached)))
    return reached is not None


def _do_due(tables: Writer, settings: Settings, order_id: int, now: int) -> int | None:
    """Do to an order what is due up to `now`; return when it is due again, or None.

    The order is read only here, because another one may have changed it before, such as a refund on a
    terminal.
    """
    order = tables.orders.by_id(order_id)
    due = falls_due(order) if order else None
    if order and due and due[0] <= now:
        due = falls_due(fall_due(tables, settings, order))
    return due[0] if due else None
