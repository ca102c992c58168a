"""Attempts under way: each in its own thread, a few at once per merchant, so that none delays another."""
import itertools
import logging
import os
import select
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property

from msgspec import Struct

from ..base import durations, urls
from ..base.settings import Settings
from ..store import Store, Unusable
from ..store.notifications import StoredNotification
from .outbox import DeliveryResult, after_failure, deliver, is_lost, skip
from .patience import FEW, Patience

LOOK_AROUND_S = 0.05
PAUSE_S = 5
log = logging.getLogger(__name__)


class Signal:
    """Wakes the scheduler from any process, through a pipe that is made before the processes fork."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)

    def ring(self) -> None:
        """Wake the process that waits, or the next one that waits."""
        try:
            os.write(self._writer, b"!")
        except BlockingIOError:  # the pipe is full: the signal is set already
            pass

    def wait(self, seconds: float) -> None:
        """Wait for the signal, at most `seconds`."""
        if select.select([self._reader], [], [], seconds)[0]:
            try:
                os.read(self._reader, 65536)
            except BlockingIOError:
                pass


Post = Callable[[StoredNotification, float | None], DeliveryResult]


class Delivery(Struct, frozen=True, dict=True):
    """An attempt under way, begun at the emulator's instant `at` (milliseconds).

    If it is a replay, it may have a `command` that is finished together with it.
    """

    notification: StoredNotification
    at: int
    replay: bool = False
    command: int | None = None
    patiences: list[Patience] = []  # of the moves of the clock that it may delay

    @cached_property
    def receiver(self) -> str:
        """The origin of the receiver's URL."""
        return urls.origin(self.notification.url)


class Dispatcher:
    """The attempts under way: each in a thread of its own, a few at once per merchant."""

    def __init__(self, store: Store, settings: Settings, post: Post, signal: Signal) -> None:
        self._store = store
        self._settings = settings
        self._post = post
        self._signal = signal
        self._changed = threading.Condition()
        self._numbers = itertools.count()
        self._deliveries: dict[int, Delivery] = {}
        self._patience: Patience | None = None

    @contextmanager
    def patient(self) -> Iterator[Patience]:
        """A block in which attempts get the time that its patience allows, and not their whole timeout."""
        outer, patience = self._patience, Patience(self._settings.notify_timeout / durations.SECOND)
        with self._changed:
            for delivery in self._deliveries.values():
                self._watch(delivery, patience)
        self._patience = patience
        try:
            yield patience
        finally:
            self._patience = outer

    def _watch(self, delivery: Delivery, patience: Patience) -> None:
        if not delivery.replay:
            patience.launched(delivery.receiver)
            delivery.patiences.append(patience)

    def launch(self, notification: StoredNotification, at: int, replay: bool = False,
               command: int | None = None) -> None:
        """Begin an attempt; `command` is finished together with it."""
        delivery, number = Delivery(notification, at, replay, command), next(self._numbers)
        seconds = None
        with self._changed:
            if self._patience and not replay:
                seconds = self._patience.allowance(delivery.receiver)
                self._watch(delivery, self._patience)
            self._deliveries[number] = delivery
        threading.Thread(target=self._fly, args=(number, delivery, seconds), daemon=True).start()

    def _fly(self, number: int, delivery: Delivery, seconds: float | None) -> None:
        begun, timed_out = time.monotonic(), False
        try:
            sent = deliver(self._store, delivery.notification, delivery.at,
                           lambda notification: self._post(notification, seconds),
                           self._settings.notify_retries, delivery.replay)
            timed_out = sent.timed_out
            if delivery.command is not None:
                with self._store.write() as tables:
                    result = {"delivered": sent.delivered(delivery.notification.notify_type),
                              "error": sent.error,
                              "status_code": sent.status_code}
                    tables.commands.finish(delivery.command, result)
        except Unusable:  # the store has logged it
            time.sleep(PAUSE_S)
        except Exception:
            log.exception("an attempt of notification %s was not written down", delivery.notification.id)
            # It is still due; without a pause, a full disk would cause a storm of repetitions.
            time.sleep(PAUSE_S)
        finally:
            self._store.leave()
            with self._changed:
                del self._deliveries[number]
                for patience in delivery.patiences:
                    patience.landed(delivery.receiver, time.monotonic() - begun, timed_out)
                self._changed.notify_all()
            self._signal.ring()

    def launch_due(self, now: int, since: int | None = None) -> bool:
        """Begin an attempt for every due notification whose merchant has room; return whether any waits.

        During a move of the clock that began at the instant `since`, each attempt has its own instant. Those
        of one order follow one another, and those to receivers that are ruled out are skipped.
        """
        notifications = self._store.read().notifications
        while True:
            # Read before the outbox: an attempt that ends in between may still be due in the outbox.
            under_way, full = self.under_way(), self._full()
            fresh = notifications.due(now, full, under_way, 4 * FEW)
            if self._patience is None or since is None:
                begun = self._begin(fresh, now)
            else:
                begun = self._begin_patiently(self._patience, fresh, since)
            if not begun:
                return bool(fresh or (full and notifications.due(now, (), under_way, 1)))

    def _begin(self, notifications: list[StoredNotification], now: int) -> bool:
        """Launch notifications as far as there is room; return whether any was launched."""
        full, begun = self._full(), False
        for notification in notifications:
            if notification.merchants_id not in full:
                self.launch(notification, now)
                full, begun = self._full(), True
        return begun

    def _begin_patiently(self, patience: Patience, notifications: list[StoredNotification],
                         since: int) -> bool:
        """Launch or skip notifications during a move of the clock; return whether there was one."""
        skipped = [(notification, max(notification.due_at or since, since)) for notification in notifications
                   if patience.is_out(urls.origin(notification.url)) and not is_lost(notification)]
        if skipped:
            skip(self._store, skipped, self._settings.notify_retries)
            return True
        full, begun = self._full(), False
        orders = {(delivery.notification.merchants_id, delivery.notification.out_trade_no)
                  for delivery in self.scheduled()}
        for notification in notifications:
            order = notification.merchants_id, notification.out_trade_no
            if notification.merchants_id not in full and order not in orders:
                self.launch(notification, max(notification.due_at or since, since))
                full, begun = self._full(), True
                orders.add(order)
        return begun

    def _full(self) -> set[str]:
        """The merchants whose attempts under way have reached the limit.

        During a move of the clock the limit depends on how many attempts their receivers can handle.
        """
        deliveries = self.scheduled()
        number = Counter(delivery.notification.merchants_id for delivery in deliveries)
        room = dict.fromkeys(number, FEW)
        if self._patience:
            for merchant, receiver in {(delivery.notification.merchants_id, delivery.receiver)
                                       for delivery in deliveries}:
                room[merchant] = max(room[merchant], self._patience.room(receiver))
        return {merchant for merchant in number if number[merchant] >= room[merchant]}

    def scheduled(self) -> list[Delivery]:
        """The attempts under way, without replays."""
        with self._changed:
            return [delivery for delivery in self._deliveries.values() if not delivery.replay]

    def horizon(self) -> int | None:
        """The first instant at which the outcome of an attempt under way may matter, or None.

        A moving clock stays before this instant (milliseconds).
        """
        with self._changed:
            deliveries = list(self._deliveries.values())
        schedule = self._settings.notify_retries
        instants = [
            delivery.notification.due_at if delivery.replay
            else after_failure(delivery.notification, delivery.at, schedule)
            for delivery in deliveries]
        return min((instant for instant in instants if instant is not None), default=None)

    def under_way(self) -> set[int]:
        """The ids of the notifications that are being sent."""
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
        return time.monotonic() - begun

    def land(self, meanwhile: Callable[[], object]) -> None:
        """Wait for the attempts that are under way now, and call `meanwhile` again and again."""
        with self._changed:
            waited_for = set(self._deliveries)
        while waited_for & set(self._deliveries):
            self.wait()
            meanwhile()

    def end(self, seconds: float) -> None:
        """Wait until no attempt is under way, at most `seconds`."""
        with self._changed:
            self._changed.wait_for(lambda: not self._deliveries, seconds)
