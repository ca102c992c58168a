"""Attempts under way: each in its own thread, a few at once per merchant, so that none delays another."""
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from ..base import durations, urls
from ..base.settings import Settings
from ..store import Store, Unusable
from ..store.notifications import StoredNotification
from .deliveries import Delivery, Elsewhere, Room
from .outbox import DeliveryResult, after_failure, deliver, is_lost, skip
from .patience import FEW, Patience
from .waking import Signal

LOOK_AROUND_S = 0.05
PAUSE_S = 5
MOST = 4 * FEW
log = logging.getLogger(__name__)
Post = Callable[[StoredNotification, float | None], DeliveryResult]


class Dispatcher:
    """The attempts under way: each in a thread of its own, a few at once per merchant."""

    def __init__(self, store: Store, settings: Settings, post: Post, signal: Signal) -> None:
        self._store = store
        self._claims = store.claims
        self._settings = settings
        self._post = post
        self._signal = signal
        self._changed = threading.Condition()
        self._numbers = itertools.count()
        self._deliveries: dict[int, Delivery] = {}
        self._timeout_s = settings.notify_timeout / durations.SECOND
        self._elsewhere = Elsewhere(store, self._timeout_s)
        self._patience: Patience | None = None

    @contextmanager
    def patient(self) -> Iterator[Patience]:
        """A block in which attempts get the time that its patience allows, and not their whole timeout.

        It also waits for attempts that other processes have begun before it.
        """
        outer, patience = self._patience, Patience(self._timeout_s)
        if outer is None:
            self._elsewhere.look(self._own())
        with self._changed:
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
        """The attempts under way, those of other processes included, as far as this one waits for them."""
        return [*self._deliveries.values(), *self._elsewhere.deliveries]

    def replay(self, notification: StoredNotification, at: int, command: int) -> None:
        """Begin an attempt besides those of the schedule; `command` is finished together with it."""
        claimed = self._claims.take([(notification, at)], self._elsewhere.claim_s, None, moving=True)
        self._launch(Delivery(notification, at, True, command, is_claimed=bool(claimed)))

    def _launch(self, delivery: Delivery) -> None:
        """Begin an attempt."""
        number, seconds = next(self._numbers), None
        with self._changed:
            if self._patience and not delivery.replay:
                seconds = self._patience.allowance(delivery.receiver)
                delivery.delays(self._patience)
            self._deliveries[number] = delivery
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
            log.exception("an attempt of notification %s was not written down", delivery.notification.id)
            # It is still due; without a pause, a full disk would cause a storm of repetitions.
            self._set_back(delivery)
        finally:
            self._store.leave()
            with self._changed:
                del self._deliveries[number]
                delivery.landed(timed_out)
                self._changed.notify_all()
            self._signal.ring()

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
        notifications = self._store.read().notifications
        while True:
            # Read before the outbox: an attempt that ends in between may still be due in the outbox.
            under_way, full = self.under_way() | self._claims.numbers(), self._room().full()
            fresh = notifications.due(now, full, under_way, MOST)
            if self._patience is None or since is None:
                begun = self._begin(fresh, now)
                if begun == len(fresh) < MOST and not full:
                    return False
                if begun and len(fresh) == MOST:
                    self._claims.call()
            else:
                begun = self._begin_patiently(self._patience, fresh, now, since)
            if not begun:
                return bool(fresh or (full and notifications.due(now, (), under_way, 1)))

    def _begin(self, notifications: list[StoredNotification], now: int) -> int:
        """Launch notifications as far as there is room; return how many were launched."""
        room, wanted = self._room(), []
        for notification in notifications:
            if room.has(notification.merchants_id):
                room.add(notification)
                wanted.append((notification, now))
        return self._launch_claimed(wanted, now, moving=False)

    def _begin_patiently(self, patience: Patience, notifications: list[StoredNotification], now: int,
                         since: int) -> int:
        """Launch or skip notifications during a move of the clock; return how many there were."""
        skipped = [(notification, max(notification.due_at or since, since)) for notification in notifications
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
                wanted.append((notification, max(notification.due_at or since, since)))
        return self._launch_claimed(wanted, now, moving=True)

    def _launch_claimed(self, wanted: list[tuple[StoredNotification, int]], now: int, moving: bool) -> int:
        """Launch those notifications that no other process has claimed; return how many there were."""
        claimed = self._claims.take(wanted, self._elsewhere.claim_s, now, moving)
        for notification, at in claimed:
            self._launch(Delivery(notification, at, is_claimed=True))
        return len(claimed)

    def _room(self) -> Room:
        """The room that the attempts under way leave."""
        return Room(self.scheduled(), self._patience)

    def scheduled(self) -> list[Delivery]:
        """The attempts under way, without replays."""
        with self._changed:
            return [delivery for delivery in self._all() if not delivery.replay]

    def horizon(self) -> int | None:
        """The first instant at which the outcome of an attempt under way may matter, or None.

        A moving clock stays before this instant (milliseconds).
        """
        with self._changed:
            deliveries = self._all()
        schedule = self._settings.notify_retries
        instants = [
            delivery.notification.due_at if delivery.replay
            else after_failure(delivery.notification, delivery.at, schedule)
            for delivery in deliveries]
        return min((instant for instant in instants if instant is not None), default=None)

    def under_way(self) -> set[int]:
        """The ids of the notifications that are being sent, as far as this process knows."""
        with self._changed:
            return {delivery.notification.id for delivery in self._all()}

    def _own(self) -> set[int]:
        with self._changed:
            return {delivery.notification.id for delivery in self._deliveries.values()}

    def commands(self) -> set[int]:
        """The ids of the commands whose attempts are under way."""
        with self._changed:
            return {delivery.command for delivery in self._deliveries.values()
                    if delivery.command is not None}

    def wait(self) -> float:
        """Wait for the signal, but only a moment; return for how many seconds."""
        begun = time.monotonic()
        self._signal.wait(LOOK_AROUND_S)
        self._elsewhere.look_again()
        return time.monotonic() - begun

    def land(self, meanwhile: Callable[[], object]) -> None:
        """Wait for the attempts that are under way now, and call `meanwhile` again and again."""
        with self._changed:
            waited_for = set(self._deliveries)
        while waited_for & set(self._deliveries):
            self.wait()
            meanwhile()

    def end(self, seconds: float) -> None:
        """Wait until no attempt is under way, at most `seconds`; others may repeat those that still are."""
        with self._changed:
            self._changed.wait_for(lambda: not self._deliveries, seconds)
            left = bool(self._deliveries)
        if left:
            with suppress(Unusable):
                self._claims.give_up_all()
