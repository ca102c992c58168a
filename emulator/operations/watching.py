"""Lets requests wait for changes: one thread of each process looks for changes and wakes the waiters."""
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..base.settings import Settings
from ..base.slots import Places, Slots
from ..store import OwnReader, Store, Unusable
from ..store.changes import Changed, Cursor

LOOK_S = 0.02
LEFT_S = 0.1
LINGER_S = 5.0
AGAIN_S = 0.5
Concerns = Callable[[Changed], bool]


def never() -> bool:
    """False: for waiters without a client that could leave."""
    return False


class Waiter:
    """A waiting request.

    `concerns` returns whether a change is relevant to it, `has_left` whether its client is gone.
    """

    def __init__(self, concerns: Concerns, has_left: Callable[[], bool]) -> None:
        self.concerns = concerns
        self.has_left = has_left
        self.is_over = False  # the client is gone, or the server ends
        self._woken = threading.Event()

    def wake(self) -> None:
        """Wake the waiter, so that it looks for changes."""
        self._woken.set()

    def end(self) -> None:
        """Wake the waiter, so that it stops waiting."""
        self.is_over = True
        self._woken.set()

    def wait(self, seconds: float) -> None:
        """Wait until it is woken, at most `seconds`."""
        self._woken.wait(seconds)
        self._woken.clear()


class Watcher:
    """Wakes waiters; its thread runs while there are any, and a bit longer.

    `closing` is set when the server ends.
    """

    def __init__(self, store: Store, closing: threading.Event) -> None:
        self._store = store
        self._closing = closing
        self._lock = threading.Lock()
        self._waiters: set[Waiter] = set()
        self._is_watching = False  # whether the thread runs
        self._tables: OwnReader | None = None
        self._version = 0
        self._generation = 0
        self._cursor: Cursor = (0, 0, 0)

    @contextmanager
    def waiter(self, concerns: Concerns, has_left: Callable[[], bool] = never) -> Iterator[Waiter]:
        """A waiter, woken for every relevant change that is committed from now on."""
        waiter = Waiter(concerns, has_left)
        with self._lock:
            if not self._is_watching:
                self._begin()
                self._is_watching = True
                threading.Thread(target=self._watch, name="watcher", daemon=True).start()
            self._waiters.add(waiter)
        if self._closing.is_set():
            waiter.end()
        try:
            yield waiter
        finally:
            with self._lock:
                self._waiters.discard(waiter)

    def _begin(self) -> None:
        """Open a connection of its own, needed to see commits of others, and note the state of the logs."""
        self._generation = self._store.generation
        self._tables = self._store.opened()
        try:
            self._version, self._cursor = self._tables.changes.version(), self._tables.newest()
        except BaseException:
            self._end()
            raise

    def _watch(self) -> None:
        """The body of the thread."""
        needed = looked_for_left = time.monotonic()
        while True:
            self._closing.wait(LOOK_S)
            if self._generation != self._store.generation:
                self._end()  # the log that it reads was removed
            with self._lock:
                waiters = list(self._waiters)
                if not waiters and (self._closing.is_set() or time.monotonic() > needed + LINGER_S):
                    self._end()
                    self._is_watching = False
                    return
            if waiters:
                needed = time.monotonic()
                self._look(waiters)
            if needed > looked_for_left + LEFT_S:
                looked_for_left = needed
                self._see_who_left(waiters)
            if self._closing.is_set():
                for waiter in waiters:
                    waiter.end()
                time.sleep(LOOK_S)

    def _end(self) -> None:
        if self._tables:
            self._tables.close()
        self._tables = None

    def _look(self, waiters: list[Waiter]) -> None:
        """Wake the waiters for which a change is relevant."""
        try:
            changed = self._changed()
        except Unusable:  # the waiters meet the same error and report it
            for waiter in waiters:
                waiter.wake()
            self._end()  # if the log was removed, no next one is opened before this connection is closed
            time.sleep(AGAIN_S)
            return
        for waiter in waiters if changed else ():
            assert changed is not None
            if waiter.concerns(changed):
                waiter.wake()

    def _changed(self) -> Changed | None:
        """The changes since the last look; None if there are none."""
        self._store.look()
        with self._store.reported():
            tables = self._tables or self._begun_again()
            version = tables.changes.version()
            if version == self._version:
                return None
            changed, self._cursor = tables.changes.since(self._cursor)
            self._version = version
            return changed

    def _begun_again(self) -> OwnReader:
        """A new connection after the end of the previous one; the changes in between were not seen yet."""
        self._generation, self._version = self._store.generation, -1
        self._tables = self._store.opened()
        return self._tables

    @staticmethod
    def _see_who_left(waiters: list[Waiter]) -> None:
        for waiter in waiters:
            if waiter.has_left():
                waiter.end()


class Waiting:
    """Everything that requests need to wait: slots, places, a watcher, and the event `closing`."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self.closing = threading.Event()
        self.slots = Slots(settings.threads)
        # A quarter of the connections is for requests that do not wait.
        self.places = Places(settings.waiting_limit, max(1, settings.connections - settings.connections // 4))
        self.watcher = Watcher(store, self.closing)

    @contextmanager
    def pause(self) -> Iterator[None]:
        """A block that only waits; other requests use this one's slot and database connection meanwhile."""
        self._store.leave()
        with self.slots.waiting():
            yield
