"""Attempts of notices under way: each in a thread of its own, a few at once for each merchant, so that none holds up another."""
import logging
import os
import select
import threading
import time
from collections.abc import Callable

from .outbox import Post, deliver
from .settings import Settings
from .store import Store, Tables, Unusable
from .store.post import Posted

IN_FLIGHT_PER_MERCHANT = 8
LOOK_AROUND_S = 0.05
PAUSE_S = 5
log = logging.getLogger(__name__)


class Signal:
    """Wakes the scheduler from any process: a pipe made before the processes part."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)

    def ring(self) -> None:
        """Wake whoever waits, or who waits next."""
        try:
            os.write(self._writer, b"!")
        except BlockingIOError:  # nobody has listened for a long time, and it has been said often enough
            pass

    def wait(self, seconds: float) -> None:
        """Sleep until it rings, at most so long."""
        if select.select([self._reader], [], [], seconds)[0]:
            try:
                os.read(self._reader, 65536)
            except BlockingIOError:
                pass


class Flights:
    """The attempts under way, each in a thread of its own, at most a few of one merchant so that none holds up another."""

    def __init__(self, store: Store, settings: Settings, post: Post, signal: Signal) -> None:
        self._store = store
        self._settings = settings
        self._post = post
        self._signal = signal
        self._changed = threading.Condition()
        self._merchants: dict[int, str] = {}

    def launch(self, notice: Posted, now: int, replay: bool = False, command: int | None = None) -> None:
        """Begin an attempt of a notice that is not under way; `command` is finished with it."""
        with self._changed:
            self._merchants[notice.id] = notice.merchants_id
        threading.Thread(target=self._fly, args=(notice, now, replay, command), daemon=True).start()

    def _fly(self, notice: Posted, now: int, replay: bool, command: int | None) -> None:
        try:
            sent = deliver(self._store, notice, now, self._post, self._settings.notify_retries, replay)
            if command is not None:
                with self._store.write() as tables:
                    told = {"taken": sent.taken(notice.notify_type), "error": sent.error, "status_code": sent.status_code}
                    tables.commands.finish(command, told)
        except Unusable:  # the store has said so
            time.sleep(PAUSE_S)
        except Exception:
            log.exception("an attempt of notice %s was not written down", notice.id)
            time.sleep(PAUSE_S)  # it is still due: without a pause a full disk would make a storm of repetitions
        finally:
            self._store.leave()
            with self._changed:
                del self._merchants[notice.id]
                self._changed.notify_all()
            self._signal.ring()

    def launch_due(self, tables: Tables, now: int) -> None:
        """Begin the attempt of every notice that is due, as far as its merchant has room."""
        full = self._full()
        while True:
            # Taken before the look into the outbox: an attempt that ends in between is still written there as due.
            under_way = self.under_way()
            waiting = [notice for notice in tables.notices.due(now, full, 4 * IN_FLIGHT_PER_MERCHANT + len(under_way))
                       if notice.id not in under_way]
            for notice in waiting:
                if notice.merchants_id not in full:
                    self.launch(notice, now)
                    full = self._full()
            if not waiting:
                return

    def _full(self) -> set[str]:
        with self._changed:
            merchants = list(self._merchants.values())
        return {merchant for merchant in merchants if merchants.count(merchant) >= IN_FLIGHT_PER_MERCHANT}

    def under_way(self) -> set[int]:
        """The ids of the notices that are being sent."""
        with self._changed:
            return set(self._merchants)

    def land(self, meanwhile: Callable[[], object]) -> None:
        """Wait for the attempts that are under way now; whenever something happens, `meanwhile` sees to others."""
        waited_for = self.under_way()
        while waited_for & self.under_way():
            self._signal.wait(LOOK_AROUND_S)
            meanwhile()

    def end(self, seconds: float) -> None:
        """Wait until no attempt is under way, at most so long."""
        with self._changed:
            self._changed.wait_for(lambda: not self._merchants, seconds)
