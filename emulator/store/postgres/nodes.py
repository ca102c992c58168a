"""What the nodes tell each other by NOTIFY: that something was committed, and that there is work to do.

The leader is told of all work. The other nodes are told of notifications only when there are more than one
can send, so that a single one does not wake them all.
"""
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import psycopg

CHANGED, WORK, OUTBOX = "tgpay_changed", "tgpay_work", "tgpay_outbox"
BETWEEN_S = 0.01  # commits in so short a time are told at once
LISTEN = f"LISTEN {CHANGED}"


class Teller:
    """Tells the other nodes of commits, in a thread of its own: NOTIFY in a transaction would let only one
    transaction commit at a time, in all of PostgreSQL.

    A node that dies before it has told of a commit does no harm: leader and streams also look by themselves.
    """

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect
        self._news = threading.Event()
        self._channels: deque[str] = deque()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._is_over = False

    def tell(self, *channels: str) -> None:
        """Tell those who listen to the channels."""
        self._channels.extend(channels)
        self._news.set()
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="teller", daemon=True)
                    self._thread.start()

    def end(self) -> None:
        """End the thread, before the process forks or ends."""
        self._is_over = True
        self._news.set()

    def _opened(self) -> Any:
        """A session whose commits do not wait for the disk: there is nothing to lose."""
        session = self._connect()
        session.execute("SET synchronous_commit = off")
        return session

    def _run(self) -> None:
        session: Any = None
        while True:
            self._news.wait()
            self._news.clear()
            if self._is_over:
                break
            channels = {self._channels.popleft() for _ in range(len(self._channels))}
            try:
                session = session or self._opened()
                session.execute("; ".join(f"NOTIFY {channel}" for channel in channels))
            except psycopg.Error:
                session = None
            time.sleep(BETWEEN_S)
        if session:
            session.close()
