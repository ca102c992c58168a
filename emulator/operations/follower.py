"""Makes attempts in a process that does not lead, where the database lets every process do so."""
import logging
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ..store import Store, Unusable
from .dispatcher import Dispatcher
from .waking import Signal

# How often to look without being called; the leader looks when something falls due.
LOOK_S = (1.5, 2.5)
log = logging.getLogger(__name__)


class Follower:
    """Makes attempts of notifications that this process has written, and of others when it is called.

    It ends when `stopping` is set.
    """

    def __init__(self, store: Store, dispatcher: Dispatcher, signal: Signal,
                 stopping: threading.Event) -> None:
        self._store = store
        self._dispatcher = dispatcher
        self._signal = signal
        self._stopping = stopping

    @contextmanager
    def following(self) -> Iterator[None]:
        """A block during which another process leads and this one makes attempts, in a thread of its own."""
        if not self._store.claims.are_shared:
            yield
            return
        ended = threading.Event()
        thread = threading.Thread(target=self._run, args=(ended,), name="follower", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            self._signal.ring_here()
            thread.join()

    def _run(self, ended: threading.Event) -> None:
        """The body of the thread."""
        while not (ended.is_set() or self._stopping.is_set()):
            try:
                with self._store.reported():
                    self._dispatcher.launch_due(self._store.read().clock.now())
            except Unusable:  # the store has logged it
                pass
            except Exception:
                log.exception("notifications could not be sent; trying again")
            self._store.leave()
            self._signal.wait_here(random.uniform(*LOOK_S))
