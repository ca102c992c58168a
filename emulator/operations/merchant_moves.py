"""Moves the clocks of merchants, each in a thread of its own, so that none waits for another's receivers.

Only this thread does what falls due for its merchant meanwhile; for all others time goes on as usual. A flush
of one merchant's notifications is the same without a move. Moves of the shared clock and those of merchants
exclude one another, because the former move the latter's clocks too.
"""
import logging
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from ..base import urls
from ..base.clock import OwnClock, real_now
from ..base.settings import Settings
from ..store import Store, Unusable
from ..store.commands import Command
from .clock_walk import Walk, move_orders
from .command_plans import CLOCK, clock_document, done_since, own_plan
from .dispatcher import Dispatcher
from .patience import Patience
from .timelines import Abandoned
from .waking import Signal

MOST = 16  # moves at once
log = logging.getLogger(__name__)


class MerchantMoves:
    """The moves of merchants' clocks that are under way in this process, which leads."""

    def __init__(self, store: Store, settings: Settings, dispatcher: Dispatcher, signal: Signal) -> None:
        self._store = store
        self._settings = settings
        self._dispatcher = dispatcher
        self._signal = signal
        self._threads: dict[str, threading.Thread] = {}
        self._ended = threading.Event()

    @property
    def are_under_way(self) -> bool:
        """Whether there are any."""
        return bool(self._threads)

    def begin(self, commands: Iterable[Command]) -> None:
        """Begin those of these open commands that concern one merchant.

        One that moves the shared clock comes in its turn: later ones wait for it.
        """
        if self._ended.is_set():
            if self._threads:
                return
            self._ended.clear()
        for command in commands:
            merchants_id = command.merchants_id
            if not merchants_id and command.name == CLOCK:
                return
            if merchants_id and merchants_id not in self._threads and len(self._threads) < MOST:
                thread = threading.Thread(target=self._run, args=(command,), name="move", daemon=True)
                self._threads[merchants_id] = thread
                thread.start()

    def finish(self, seconds: float) -> None:
        """Wait for the moves that are under way, at most `seconds`."""
        end = time.monotonic() + seconds
        for thread in list(self._threads.values()):
            thread.join(max(0.0, end - time.monotonic()))

    def end(self, seconds: float) -> None:
        """Abandon all moves, which the next leader finishes, and wait for their threads."""
        self._ended.set()
        self.finish(seconds)

    def _run(self, command: Command) -> None:
        """The body of a thread."""
        try:
            with self._store.reported():
                self._perform(command)
        except (Unusable, Abandoned):  # the store has logged it; the command stays open
            pass
        except Exception as failure:
            log.exception("the command %s of merchant %s was abandoned", command.name, command.merchants_id)
            with suppress(Unusable):  # it is tried again then
                self._give_up(command, failure)
        finally:
            self._store.leave()
            del self._threads[command.merchants_id]
            self._signal.ring()

    def _perform(self, command: Command) -> None:
        with self._dispatcher.of_merchant(command.merchants_id) as dispatcher:
            plan = self._begun(command)
            if plan is None:
                return
            try:
                with dispatcher.patient() as patience:
                    self._move(command, plan, dispatcher, patience)
            except Abandoned:
                if self._ended.is_set():
                    raise
            self._arrive(command, plan)

    def _begun(self, command: Command) -> Mapping[str, Any] | None:
        """The plan of a command; if there is none yet, it is fixed, and the clock is given to this thread.

        None if the command was carried out since it was found.
        """
        merchants_id = command.merchants_id
        with self._dispatcher.settled(), self._store.write(merchants_id) as tables:
            found = tables.commands.open(command.id)
            if not found or found[0].plan:
                return found[0].plan if found else None
            plan = own_plan(tables, command, real_now())
            own = tables.clock.own(merchants_id) or OwnClock()
            frozen = plan["now"] if command.name == CLOCK else own.frozen
            if tables.merchants.find(merchants_id) is not None:
                tables.clock.set_own(merchants_id, OwnClock(own.distance, frozen, moves=True))
            tables.commands.begin(command.id, plan)
        return plan

    def _move(self, command: Command, plan: Mapping[str, Any], dispatcher: Dispatcher,
              patience: Patience) -> None:
        """Let the merchant's time pass, or send what is due; raises Abandoned."""
        timeline, tables = dispatcher.timeline, self._store.read()
        timeline.check(tables)
        tally = tables.notifications.tally(plan["attempts"], command.merchants_id)
        patience.rule_out(map(urls.origin, tally.skipped_urls))
        if command.name == CLOCK:
            Walk(self._settings, dispatcher, patience, self._go_on, plan["runs"]).to(plan["target"])
            return

        def attend() -> None:
            self._go_on()
            timeline.check(self._store.read())
            while move_orders(timeline, self._settings, timeline.now()):
                continue

        Walk(self._settings, dispatcher, patience, attend).stay(plan["now"], plan["last"])

    def _go_on(self) -> None:
        if self._ended.is_set():
            raise Abandoned

    def _arrive(self, command: Command, plan: Mapping[str, Any]) -> None:
        """Let the clock go on as planned, unless its merchant was reset, and finish the command."""
        merchants_id = command.merchants_id
        with self._dispatcher.settled(), self._store.write(merchants_id) as tables:
            own = tables.clock.own(merchants_id)
            if own is not None and own.moves:
                tables.clock.set_own(merchants_id, OwnClock(*plan["own"]) if plan["own"] else None)
            shown = clock_document(tables, merchants_id, real_now()) if command.name == CLOCK else {}
            tables.commands.finish(command.id, {**shown, **done_since(tables, plan, merchants_id)})
            tables.wake()

    def _give_up(self, command: Command, failure: Exception) -> None:
        """Finish a command that failed; the clock stays where it is."""
        merchants_id = command.merchants_id
        with self._dispatcher.settled(), self._store.write(merchants_id) as tables:
            own = tables.clock.own(merchants_id)
            if own is not None and own.moves:
                tables.clock.set_own(merchants_id, OwnClock(own.distance, own.frozen))
            tables.commands.finish(command.id, {"error": repr(failure)})
