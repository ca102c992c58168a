"""Does what falls due, in order: expiry, the end of refund periods, every attempt of a notification.

One thread of one process, the holder of the leadership, does all of it, in real time and when the clock is
moved. Where the database lets every process make attempts, others make some too, but not while the clock is
moved or the outbox is flushed. Other processes send the leader commands through a table. If no process leads,
as for a command line without a server, the sender of a command carries it out itself.
"""
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from ..base import durations, urls
from ..base.clock import Clock, real_now
from ..base.settings import Settings
from ..store import Leadership, Store, Unusable
from ..store.commands import Command
from .clock_walk import Walk, move_orders
from .command_plans import CLOCK, FLUSH, REPLAY, begun, clock_state, done_since, planned
from .dispatcher import Dispatcher, Post
from .follower import Follower
from .merchant_moves import MerchantMoves
from .patience import Patience
from .tidying import keep_tidy
from .waking import Signal

LONGEST_SLEEP_S = 0.25
WARM_UP_AFTER_S = 1
BEAT_S = 1.0
LOOK_FOR_LEADER_S = 0.25
LONGEST_LANDING_S = 30
AGAIN_S = 1
STILL = "the process that does what is due has stopped"
log = logging.getLogger(__name__)


class Scheduler:
    """Does what falls due while it leads, and carries out commands.

    The commands are: move the clock, flush the outbox, replay a notification.
    """

    def __init__(self, store: Store, settings: Settings, post: Post, signal: Signal) -> None:
        self._store = store
        self._settings = settings
        self._signal = signal
        self._dispatcher = Dispatcher(store, settings, post, signal)
        self._moves = MerchantMoves(store, settings, self._dispatcher, signal)
        self._stopping = threading.Event()
        self._follower = Follower(store, self._dispatcher, signal, self._stopping)
        self._leader_seen = -LOOK_FOR_LEADER_S

    def run(self, warm_up: Callable[[], object] = lambda: None) -> None:
        """Wait for the leadership and lead, until `stop`; this is the body of the scheduler's thread.

        `warm_up` is called a moment later, so that what it loads does not delay the first requests.
        """
        if self._store.claims.are_shared:
            self._soon(warm_up)
        while (leadership := self._leadership()) is not None:
            with self._follower.following():
                leadership.acquire(wait=True, wake=self._signal.ring_here)
            self._lead(leadership, warm_up)
            leadership.close()

    def _lead(self, leadership: Leadership, warm_up: Callable[[], object]) -> None:
        """Lead until `stop`, or until the leadership is lost."""
        ended = threading.Event()
        threading.Thread(target=self._beat, args=(leadership, ended), name="heartbeat", daemon=True).start()
        self._soon(warm_up)
        threading.Thread(target=keep_tidy, args=(self._store, self._settings, self._stopping, ended),
                         name="checkpoints", daemon=True).start()
        while not self._stopping.is_set() and not leadership.is_lost:
            try:
                with self._store.reported():
                    due = self.step()
            except Unusable:  # the store has logged it
                due = None
            except Exception:
                log.exception("the scheduler failed; trying again")
                due = None
            self._store.leave()
            self._signal.wait(LONGEST_SLEEP_S if due is None
                              or due <= 0 else min(LONGEST_SLEEP_S, due / durations.SECOND))
        if self._stopping.is_set():
            self._moves.finish(LONGEST_LANDING_S)
        self._moves.end(LONGEST_LANDING_S)
        if self._stopping.is_set():  # to the next leader, attempts under way would still be due
            self._dispatcher.end(LONGEST_LANDING_S)
        ended.set()

    @staticmethod
    def _soon(warm_up: Callable[[], object]) -> None:
        soon = threading.Timer(WARM_UP_AFTER_S, warm_up)
        soon.daemon = True
        soon.start()

    def _leadership(self) -> Leadership | None:
        """The lock of the leadership; None if the scheduler is stopped before the lock file can be opened."""
        while not self._stopping.is_set():
            try:
                return self._store.leadership()
            except Unusable as trouble:
                self._store.troubles.begin(str(trouble))
                self._stopping.wait(AGAIN_S)
        return None

    def _beat(self, leadership: Leadership, ended: threading.Event) -> None:
        """The body of the thread that shows other processes that this one is alive."""
        while not ended.is_set() and not leadership.is_lost:
            leadership.keep(BEAT_S, self._signal.ring)
        self._signal.ring()

    def stop(self, seconds: float) -> None:
        """Stop the thread after its present work, and wait for attempts under way, at most `seconds`."""
        self._stopping.set()
        self._signal.ring()
        self._dispatcher.end(seconds)

    def step(self) -> int | None:
        """Do what is due now; return the milliseconds until something is due again, or None."""
        self._perform_open(REPLAY, FLUSH, CLOCK)
        now = self._catch_up()
        if self._dispatcher.launch_due(now):
            self._store.claims.call()
        next_due = self._store.read().next_due()
        return None if next_due is None else next_due - now

    def _catch_up(self) -> int:
        """Change the orders that are due now; return the instant of now."""
        now = self._now()
        while move_orders(self._dispatcher.timeline, self._settings, now):
            continue
        return now

    def _now(self) -> int:
        return self._store.read().clock.now()

    def ask(self, name: str, argument: Mapping[str, Any], key: str = "", body: str = "",
            seconds: float = 3600.0) -> dict[str, Any]:
        """Add a command and wait for its result, in any process.

        Under an idempotency `key` it is carried out once, however often it is asked for. Raises TimeoutError;
        `store.KeyUsed` if the key was used with another body; and Unusable if the process that leads is
        stopped. In that case the command is withdrawn unless it was begun.
        """
        with self._store.write() as tables:
            number = tables.keys.find(key, body, real_now()) if key else None
            if number is None:
                number = tables.commands.add(name, argument)
                if key:
                    tables.keys.add(key, body, number, real_now())
            tables.wake()
        return self.wait_for(number, seconds)

    def wait_for(self, number: int, seconds: float = 3600.0) -> dict[str, Any]:
        """The result of a command, as soon as there is one. Raises TimeoutError."""
        begun, looked = time.monotonic(), -LOOK_FOR_LEADER_S
        with self._store.listening() as wait:
            while (passed := time.monotonic() - begun) < seconds:
                result = self._store.read().commands.result(number)
                if result is not None:
                    return result
                if passed - looked >= LOOK_FOR_LEADER_S:
                    self._lead_if_nobody_does(number)
                    looked = passed
                wait()
        raise TimeoutError(f"the command {number} was not finished within {seconds:g} s")

    def _lead_if_nobody_does(self, command: int) -> None:
        """Lead once if nobody does. Raises Unusable if the leader is stopped; a look serves all that wait."""
        if time.monotonic() < self._leader_seen + LOOK_FOR_LEADER_S:
            return
        leadership = self._store.leadership()
        try:
            if leadership.acquire(wait=False):
                self._lead_once()
            elif leadership.stands_still():
                with self._store.write() as tables:
                    if tables.commands.withdraw(command):
                        tables.keys.forget(command)
                raise Unusable(STILL)
            else:
                self._leader_seen = time.monotonic()
        finally:
            leadership.close()

    def _lead_once(self) -> None:
        """Do what is due now, and all open commands."""
        try:
            self.step()
            while self._moves.are_under_way:
                self._dispatcher.wait()
                self.step()
            self._dispatcher.land(lambda: self._dispatcher.launch_due(self._now()))
        finally:
            self._moves.end(LONGEST_LANDING_S)

    def _perform_open(self, *names: str) -> None:
        """Carry out the open commands with these names; commands that wait together share a patience.

        Those of merchants are only begun, if clocks may be moved now.
        """
        commands = self._store.read().commands
        while True:
            found, under_way = commands.open(), self._dispatcher.commands()
            if CLOCK in names:
                self._moves.begin(found)
            asked = [command.id for command in found
                     if command.name in names and not command.merchants_id and command.id not in under_way
                     and self._may_begin(command)]
            if not asked:
                return
            with self._dispatcher.patient() as patience:
                for number in asked:
                    for command in commands.open(number):  # it may have been carried out meanwhile
                        if self._may_begin(command):
                            self._perform(command, patience)

    def _may_begin(self, command: Command) -> bool:
        """Whether no move of a merchant's clock is in the way of a command."""
        return command.name != CLOCK or not self._moves.are_under_way

    def _perform(self, command: Command, patience: Patience) -> None:
        try:
            if command.name == REPLAY:
                self._replay(command)
            elif command.name == FLUSH:
                self._flush(command, patience)
            else:
                self._move_clock(command, patience)
        except Unusable:  # it continues when the database can be used again
            raise
        # A command that fails must not be repeated for ever while everything else waits for it.
        except Exception as failure:
            log.exception("the command %s was abandoned", command.name)
            self._finish(command, {"error": repr(failure)})

    def _replay(self, command: Command) -> None:
        tables = self._store.read()
        notification = tables.notifications.find(command.argument["id"])
        if notification is None:
            self._finish(command, {"error": "the notification no longer exists", "delivered": False,
                                   "status_code": None})
        else:
            self._dispatcher.replay(notification, tables.clock.now(notification.merchants_id), command.id)

    def _flush(self, command: Command, patience: Patience) -> None:
        """Wait until all that was due when the command began is sent; other commands go on meanwhile."""
        def attend() -> None:
            self._perform_open(REPLAY, CLOCK)
            self._finish_flushes()
            self._catch_up()

        plan = self._flush_planned(command)
        Walk(self._settings, self._dispatcher, patience, attend).stay(plan["now"], plan["last"])
        self._finish_flushes()

    def _flush_planned(self, command: Command) -> Mapping[str, Any]:
        if command.plan:
            return command.plan
        with self._store.write() as tables:
            now = tables.clock.now()
            plan = {"now": now, "last": tables.notifications.last(), **begun(tables)}
            tables.commands.begin(command.id, plan)
        return plan

    def _finish_flushes(self) -> None:
        """Finish each flush that has nothing left to wait for."""
        tables = self._store.read()
        for command in tables.commands.open():
            if command.name == FLUSH and not command.merchants_id:
                plan = self._flush_planned(command)
                if not tables.notifications.are_due(plan["now"], plan["last"]):
                    self._finish(command, done_since(tables, plan))

    def _finish(self, command: Command, result: Mapping[str, Any]) -> None:
        with self._store.write() as tables:
            tables.commands.finish(command.id, result)

    def _move_clock(self, command: Command, patience: Patience) -> None:
        def attend() -> None:
            self._perform_open(REPLAY)
            self._finish_flushes()

        plan = command.plan
        if not plan:
            with self._store.write() as tables:
                plan = {**planned(command.argument, tables.clock.get(), real_now()), **begun(tables)}
                tables.commands.begin(command.id, plan)
        patience.rule_out(map(urls.origin,
                              self._store.read().notifications.tally(plan["attempts"]).skipped_urls))
        arrived = Clock(plan["offset"], plan["frozen"])
        runs = arrived.frozen is None
        Walk(self._settings, self._dispatcher, patience, attend, runs).to(plan["target"])
        with self._store.write() as tables:
            tables.clock.set(arrived)
            tables.commands.finish(command.id,
                                   {**clock_state(arrived, real_now()), **done_since(tables, plan)})
