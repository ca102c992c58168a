"""What falls due, in order: expiry, the merchant's 15 minutes, the end of the refund period, and every attempt of a notice.

One thread of one process, the holder of the leadership, does all of it, in real time as well as when the clock is moved. Others ask
it through the table of commands; where nobody leads, as in a command line without a server, the asker does it itself.
"""
import heapq
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from . import clock, durations
from .clock import Clock, real_now
from .due import fall_due
from .flights import Flights, Signal
from .moves import falls_due
from .orders import Order
from .outbox import Post
from .settings import Settings
from .store import Leadership, Store, Unusable
from .store.locks import BEAT_S
from .store.records import Command

BATCH = 100
LONGEST_SLEEP_S = 0.25
WARM_UP_AFTER_S = 1
CHECKPOINT_EVERY_S = 1
TIDY_EVERY_S = 5
LONGEST_LANDING_S = 30
AGAIN_S = 1
STILL = "the process that does what falls due is stopped"
log = logging.getLogger(__name__)


class Scheduler:
    """Does what falls due while it leads, and what it is asked: move the clock, flush the outbox, replay a notice."""

    def __init__(self, store: Store, settings: Settings, post: Post, signal: Signal) -> None:
        self._store = store
        self._settings = settings
        self._signal = signal
        self._flights = Flights(store, settings, post, signal)
        self._stopping = threading.Event()
        self._ended = threading.Event()

    def run(self, warm_up: Callable[[], object] = lambda: None) -> None:
        """Wait for the leadership, then lead until `stop`: the body of the scheduler's thread.

        `warm_up` is called a moment after it leads: what it loads must not hold up the first requests.
        """
        leadership = self._leadership()
        if leadership is None:
            return
        leadership.acquire(wait=True)
        threading.Thread(target=self._beat, args=(leadership,), name="heartbeat", daemon=True).start()
        soon = threading.Timer(WARM_UP_AFTER_S, warm_up)
        soon.daemon = True
        soon.start()
        threading.Thread(target=self._checkpoint, name="checkpoints", daemon=True).start()
        while not self._stopping.is_set():
            try:
                with self._store.reported():
                    due = self.step()
            except Unusable:  # the store has said so
                due = None
            except Exception:
                log.exception("the scheduler failed and tries again")
                due = None
            self._signal.wait(LONGEST_SLEEP_S if due is None or due <= 0 else min(LONGEST_SLEEP_S, due / durations.SECOND))
        self._flights.end(LONGEST_LANDING_S)  # whoever leads next would take what is under way for due
        self._ended.set()
        leadership.close()

    def _leadership(self) -> Leadership | None:
        """What the leadership is taken with; None when it ends before the place of the database is there."""
        while not self._stopping.is_set():
            try:
                return Leadership(self._store.path)
            except Unusable as trouble:
                self._store.troubles.begin(str(trouble))
                self._stopping.wait(AGAIN_S)
        return None

    def _beat(self, leadership: Leadership) -> None:
        """The body of the thread that says to other processes that this one is not stopped."""
        while not self._ended.wait(BEAT_S):
            leadership.beat()

    def _checkpoint(self) -> None:
        """The body of the thread that keeps the database's log short: it may wait for the disk, which nobody else should."""
        tidied = 0.0
        while not self._stopping.wait(CHECKPOINT_EVERY_S):
            try:
                with self._store.reported():
                    self._store.checkpoint()
                    if time.monotonic() - tidied > TIDY_EVERY_S:
                        self._store.tidy(real_now(), self._settings.keep, self._settings.keep_entries)
                        tidied = time.monotonic()
            except Unusable:  # the store has said so
                continue
            except Exception:
                log.exception("the database's log was not taken over; it is tried again")

    def stop(self, seconds: float) -> None:
        """End the thread after what it is doing, and wait for attempts under way."""
        self._stopping.set()
        self._signal.ring()
        self._flights.end(seconds)

    def step(self) -> int | None:
        """Do what is due now; answers the milliseconds until the next thing is."""
        tables = self._store.read()
        for command in tables.commands.open():
            self._perform(command)
        now = tables.clock.get().now(real_now())
        while self._move_orders(now):
            continue
        self._launch_due()
        next_due = tables.next_due()
        return None if next_due is None else next_due - now

    def ask(self, name: str, argument: Mapping[str, Any], seconds: float = 3600.0) -> dict[str, Any]:
        """Have a command carried out and wait for its result, whoever leads. Raises TimeoutError; and Unusable when the process
        that leads is stopped: then it is not carried out, unless it was begun."""
        with self._store.write() as tables:
            number = tables.commands.add(name, argument)
            tables.wake()
        waited = threading.Event()
        for _ in range(int(seconds / 0.005)):
            result = self._store.read().commands.result(number)
            if result is not None:
                return result
            self._lead_if_nobody_does(number)
            waited.wait(0.005)
        raise TimeoutError(f"{name} was not done within {seconds:g} s")

    def _lead_if_nobody_does(self, command: int) -> None:
        leadership = Leadership(self._store.path)
        try:
            if leadership.acquire(wait=False):
                self.step()
                self._flights.land(self._launch_due)
            elif leadership.stands_still():
                with self._store.write() as tables:
                    tables.commands.withdraw(command)
                raise Unusable(STILL)
        finally:
            leadership.close()

    def _perform(self, command: Command) -> None:
        acts = {"clock": self._move_clock, "flush": self._flush, "replay": self._replay}
        try:
            acts[command.name](command)
        except Exception as failure:  # one that cannot be done must not be tried for ever, and everything else wait for it
            log.exception("the command %s was given up", command.name)
            self._finish(command, {"error": repr(failure)})

    def _replay(self, command: Command) -> None:
        tables = self._store.read()
        notice = tables.notices.find(command.argument["id"])
        if notice and notice.id in self._flights.under_way() or tables.commands.result(command.id) is not None:
            return  # it is being sent, or was while the list of commands was read
        if notice is None:
            self._finish(command, {"error": "there is no such notice any more", "taken": False, "status_code": None})
        else:
            self._flights.launch(notice, tables.clock.get().now(real_now()), replay=True, command=command.id)

    def _flush(self, command: Command) -> None:
        """Done when nothing is left that was due when it began; other merchants' notices go out meanwhile."""
        tables = self._store.read()
        plan = command.plan or {"now": tables.clock.get().now(real_now()), "last": tables.notices.last()}
        if not command.plan:
            with self._store.write():
                tables.commands.begin(command.id, plan)
        if not tables.notices.are_due(plan["now"], plan["last"]):
            self._finish(command, {})

    def _finish(self, command: Command, result: Mapping[str, Any]) -> None:
        with self._store.write() as tables:
            tables.commands.finish(command.id, result)

    def _move_clock(self, command: Command) -> None:
        plan = command.plan
        if not plan:
            with self._store.write() as tables:
                plan = planned(command.argument, tables.clock.get(), real_now())
                tables.commands.begin(command.id, plan)
        self._walk(plan["target"])
        with self._store.write() as tables:
            tables.clock.set(Clock(plan["offset"], plan["frozen"]))
            tables.commands.finish(command.id, {})

    def _walk(self, target: int) -> None:
        """Let time pass up to an instant: each thing that falls due is done at its own, and done before the next."""
        tables = self._store.read()
        now = tables.clock.get().now(real_now())
        while now < target:
            self._flights.land(self._launch_due)
            due = tables.next_due()
            if due is None or due > target:
                return
            moved = self._move_orders(target, walking=True)
            now = max(now, tables.clock.get().now(real_now()) if moved else min(due, target))
            if not moved:
                self._stand_at(now)
            self._launch_due()
        self._finish_instant(target)

    def _finish_instant(self, target: int) -> None:
        """Wait until everything that is due at the instant where a walk ends has been sent: a notice may have waited for one before it."""
        tables = self._store.read()
        last = tables.notices.last()
        self._flights.land(self._launch_due)
        while tables.notices.are_due(target, last):
            self._launch_due()
            self._flights.land(self._launch_due)

    def _launch_due(self) -> None:
        """Begin the attempt of every notice that is due at this instant."""
        tables = self._store.read()
        self._flights.launch_due(tables, tables.clock.get().now(real_now()))

    def _stand_at(self, now: int) -> None:
        with self._store.write() as tables:
            tables.clock.set(Clock(tables.clock.get().offset, now))

    def _move_orders(self, until: int, walking: bool = False) -> bool:
        """Do to some orders what is due up to an instant, in order; answers whether there were any.

        Walking, the clock stands at each thing's instant, and the walk pauses before and after the sending of a notice.
        """
        first = self._store.read().orders.next_due()
        if first is None or first > until:
            return False
        with self._store.write() as tables:
            orders = tables.orders.due(until, BATCH)
            horizon = until if len(orders) < BATCH else _instant(orders[-1])
            heap = [(_instant(order), order.id, order) for order in orders]
            post_due = tables.notices.next_due() if walking else None
            reached = None
            while heap and not (walking and tables.wakes) and not (post_due is not None and post_due < heap[0][0]):
                reached, _, order = heapq.heappop(heap)
                after = fall_due(tables, self._settings, order)
                due = falls_due(after)
                if due and due[0] <= horizon:
                    heapq.heappush(heap, (due[0], after.id, after))
            if walking and reached is not None:
                present = tables.clock.get()
                tables.clock.set(Clock(present.offset, max(reached, present.frozen or reached)))
        return reached is not None


def _instant(order: Order) -> int:
    due = falls_due(order)
    return due[0] if due else 0


def planned(argument: Mapping[str, Any], present: Clock, real: int) -> dict[str, Any]:
    """What a clock command means: up to which instant time passes (`target`), and the clock that is in force then.

    `argument` has one of `advance` (milliseconds), `set` (instant), `freeze` (bool) and `reset`.
    """
    now = present.now(real)
    if "advance" in argument:
        return _arrival(now + argument["advance"], present, real, argument["advance"])
    if "set" in argument:
        return _arrival(argument["set"], present, real, argument["set"] - now)
    if "freeze" in argument:
        return {"target": now, "offset": present.offset if argument["freeze"] else now - real,
                "frozen": now if argument["freeze"] else None}
    return {"target": real, "offset": 0, "frozen": None}


def _arrival(target: int, present: Clock, real: int, step: int) -> dict[str, Any]:
    if present.frozen is not None:
        return {"target": target, "offset": present.offset, "frozen": target}
    return {"target": target, "offset": present.offset + step, "frozen": None}


def state(present: Clock, real: int) -> dict[str, Any]:
    """The clock as the control interface prints it."""
    now = present.now(real)
    return {"now": clock.iso(now), "offset_s": (now - real) / durations.SECOND if present.frozen is not None
            else present.offset / durations.SECOND, "frozen": present.frozen is not None}
