"""Attempts under way: each in its own thread, a few at once per merchant, so that none delays another."""
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from copy import copy

from ..base import durations, urls
from ..base.clock import OwnClock
from ..base.settings import Settings
from ..store import Store, Unusable
from ..store.notifications import StoredNotification
from .deliveries import Delivery, Elsewhere, Room, UnderWay
from .outbox import DeliveryResult, after_failure, deliver, is_lost, skip
from .patience import FEW, Patience
from .timelines import Timeline
from .waking import Signal, Waker

LOOK_AROUND_S = 0.05
PAUSE_S = 5
MOST = 4 * FEW
log = logging.getLogger(__name__)
Post = Callable[[StoredNotification, float | None], DeliveryResult]


class Dispatcher:
    """Makes attempts on a timeline: each in a thread of its own, a few at once per merchant."""

    def __init__(self, store: Store, settings: Settings, post: Post, signal: Signal) -> None:
        self._store = store
        self._claims = store.claims
        self._settings = settings
        self._post = post
        self._waker: Waker = signal
        self._attempts = UnderWay(signal)
        self._timeout_s = settings.notify_timeout / durations.SECOND
        self._begin_on(Timeline(store))

    def _begin_on(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self._elsewhere = Elsewhere(self._store, self._timeout_s, timeline.merchants_id)
        self._patience: Patience | None = None

    @contextmanager
    def of_merchant(self, merchants_id: str) -> "Iterator[Dispatcher]":
        """A block in which a merchant's clock may be moved, with a dispatcher for it."""
        made = copy(self)
        made._begin_on(Timeline(self._store, merchants_id))
        made._waker = self._attempts.landing(merchants_id)
        try:
            yield made
        finally:
            self._attempts.forget_landing(merchants_id)

    @contextmanager
    def settled(self) -> Iterator[None]:
        """A block in which no dispatcher of this process chooses what to send, for changes of what is due."""
        with self._attempts.settled:
            yield

    @contextmanager
    def patient(self) -> Iterator[Patience]:
        """A block in which attempts get the time that its patience allows, and not their whole timeout.

        It also waits for attempts that other processes have begun before it.
        """
        outer, patience = self._patience, Patience(self._timeout_s)
        if outer is None:
            self._elsewhere.look(self._own())
        with self._attempts.changed:
            for delivery in self._all():
                delivery.delays(patience)
        self._patience = patience
        try:
            yield patience
        finally:
            self._patience = outer
            if outer is None:
                self._elsewhere.forget()

    def _all(self) -> list[Delivery]:
        """The attempts of the timeline, those of other processes included, as far as this one waits for them.
        """
        return [*self._attempts.of(self.timeline.merchants_id), *self._elsewhere.deliveries]

    def replay(self, notification: StoredNotification, at: int, command: int) -> None:
        """Begin an attempt besides those of the schedule; `command` is finished together with it."""
        claimed = self._claims.take([(notification, at)], self._elsewhere.claim_s, None, moving=True)
        self._launch(Delivery(notification, at, True, command, is_claimed=bool(claimed)))

    def _launch(self, delivery: Delivery) -> None:
        """Begin an attempt."""
        patience, seconds = None if delivery.replay else self._patience, None
        with self._attempts.changed:
            if patience:
                seconds = patience.allowance(delivery.receiver)
            number = self._attempts.begin(delivery, patience)
        threading.Thread(target=self._fly, args=(number, delivery, seconds), daemon=True).start()

    def _fly(self, number: int, delivery: Delivery, seconds: float | None) -> None:
        timed_out = False
        try:
            sent = deliver(self._store, delivery,
                           lambda notification: self._post(notification, seconds),
                           self._settings.notify_retries)
            timed_out = sent.timed_out
            if delivery.command is not None:
                with self._store.write() as tables:
                    result = {"delivered": sent.delivered(delivery.notification.notify_type),
                              "error": sent.error,
                              "status_code": sent.status_code}
                    tables.commands.finish(delivery.command, result)
        except Unusable:  # the store has logged it
            self._set_back(delivery)
        except Exception:
            log.exception("an attempt of notification %s was not stored", delivery.notification.id)
            # It is still due; without a pause, a full disk would cause a storm of repetitions.
            self._set_back(delivery)
        finally:
            self._store.leave()
            self._attempts.end(number, timed_out)

    def _set_back(self, delivery: Delivery) -> None:
        """Have the notification of an attempt that was not stored be due again, after a pause."""
        time.sleep(PAUSE_S)
        if delivery.is_claimed:
            with suppress(Unusable):  # the claim ends by itself too
                self._claims.give_up(delivery.notification.id)

    def launch_due(self, now: int, since: int | None = None) -> bool:
        """Begin an attempt for every due notification whose merchant has room; return whether any waits.

        During a move of the clock that began at the instant `since`, each attempt has its own instant. Those
        of one order follow one another, and those to receivers that are ruled out are skipped.
        """
        while True:
            with self.settled():
                waits = self._launch_some(now, since)
            if waits is not None:
                return waits

    def _launch_some(self, now: int, since: int | None) -> bool | None:
        """Begin some attempts; return whether notifications wait for room, or None if there may be more."""
        # Read before the outbox: an attempt that ends in between may still be due in the outbox.
        under_way, full = self.under_way() | self._claims.numbers(), self._room().full()
        fresh = self.timeline.notifications(now, full, under_way, MOST)
        if self._patience is None or since is None:
            begun = self._begin(fresh, now)
            if begun == len(fresh) < MOST and not full:
                return False
            if begun and len(fresh) == MOST:
                self._claims.call()
        else:
            begun = self._begin_patiently(self._patience, fresh, now, since)
        if begun:
            return None
        return bool(fresh or (full and self.timeline.notifications(now, (), under_way, 1)))

    def _begin(self, notifications: list[StoredNotification], now: int) -> int:
        """Launch notifications as far as there is room; return how many were launched."""
        room, wanted = self._room(), []
        clocks = self._clocks(notifications)
        for notification in notifications:
            if room.has(notification.merchants_id):
                room.add(notification)
                wanted.append((notification, clocks[notification.merchants_id].at(now)))
        return self._launch_claimed(wanted, now, moving=False)

    def _begin_patiently(self, patience: Patience, notifications: list[StoredNotification], now: int,
                         since: int) -> int:
        """Launch or skip notifications during a move of the clock; return how many there were."""
        clocks = self._clocks(notifications)

        def instant(notification: StoredNotification) -> int:
            due = max(self.timeline.due_at(notification) or since, since)
            return clocks[notification.merchants_id].at(due)

        skipped = [(notification, instant(notification)) for notification in notifications
                   if patience.is_out(urls.origin(notification.url)) and not is_lost(notification)]
        if skipped:
            skip(self._store, skipped, self._settings.notify_retries)
            return len(skipped)
        room, wanted = self._room(), []
        orders = {delivery.order for delivery in self.scheduled()}
        for notification in notifications:
            order = notification.merchants_id, notification.out_trade_no
            if room.has(notification.merchants_id) and order not in orders:
                room.add(notification)
                orders.add(order)
                wanted.append((notification, instant(notification)))
        return self._launch_claimed(wanted, now, moving=True)

    def _launch_claimed(self, wanted: list[tuple[StoredNotification, int]], now: int, moving: bool) -> int:
        """Launch those notifications that no other process has claimed; return how many there were."""
        due = None if self.timeline.merchants_id else now
        claimed = self._claims.take(wanted, self._elsewhere.claim_s, due, moving)
        for notification, at in claimed:
            self._launch(Delivery(notification, at, is_claimed=True))
        return len(claimed)

    def _clocks(self, notifications: Iterable[StoredNotification]) -> Mapping[str, OwnClock]:
        """The clocks of the notifications' merchants as they stand to the timeline's, by number."""
        return self.timeline.clocks({notification.merchants_id for notification in notifications})

    def _room(self) -> Room:
        """The room that the attempts under way leave."""
        return Room(self.scheduled(), self._patience)

    def scheduled(self) -> list[Delivery]:
        """The attempts under way, without replays."""
        return [delivery for delivery in self._all() if not delivery.replay]

    def horizon(self) -> int | None:
        """The first instant at which the outcome of an attempt under way may matter, or None.

        A moving clock stays before this instant (milliseconds).
        """
        deliveries = self._all()
        schedule = self._settings.notify_retries
        clocks = self._clocks(delivery.notification for delivery in deliveries)
        instants = []
        for delivery in deliveries:
            instant = (delivery.notification.due_at if delivery.replay
                       else after_failure(delivery.notification, delivery.at, schedule))
            if instant is not None:
                instants.append(clocks[delivery.notification.merchants_id].shared_due(instant))
        return min(instants, default=None)

    def under_way(self) -> set[int]:
        """The ids of the notifications that are being sent, as far as this process knows."""
        return {delivery.notification.id for delivery in [*self._attempts.all(), *self._elsewhere.deliveries]}

    def _own(self) -> set[int]:
        return {delivery.notification.id for delivery in self._attempts.all()}

    def commands(self) -> set[int]:
        """The ids of the commands whose attempts are under way."""
        return {delivery.command for delivery in self._attempts.all() if delivery.command is not None}

    def wait(self) -> float:
        """Wait for the waker, but only a moment; return for how many seconds."""
        begun = time.monotonic()
        if self.timeline.merchants_id:  # there may be more of these threads than sessions
            self._store.leave()
        self._waker.wait(LOOK_AROUND_S)
        self._elsewhere.look_again()
        return time.monotonic() - begun

    def land(self, meanwhile: Callable[[], object]) -> None:
        """Wait for the attempts that are under way now, and call `meanwhile` again and again."""
        waited_for = self._attempts.numbers()
        while waited_for & self._attempts.numbers():
            self.wait()
            meanwhile()

    def end(self, seconds: float) -> None:
        """Wait until no attempt is under way, at most `seconds`; others may repeat those that still are."""
        if not self._attempts.wait_until_none(seconds):
            with suppress(Unusable):
                self._claims.give_up_all()
