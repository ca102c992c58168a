"""Threads that wait for what nodes tell: one session listens for all of them."""
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psycopg

from ..troubles import Unusable
from .nodes import LISTEN
from .sessions import Opened, Sessions

LOOK_S = 0.25  # a node may have died between a commit and its telling
LOST = (psycopg.Error, Unusable)


class News:
    """Waits for other nodes' commits, for any number of threads of this process.

    There may be more of them than sessions. One of those that wait has the session, and wakes the others.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._changed = threading.Condition()
        self._waiters = 0
        self._opened: Opened | None = None
        self._is_heard = False  # whether a thread has the session
        self._number = 0

    @contextmanager
    def listening(self) -> Iterator[Callable[[], bool]]:
        """A function that waits for news since its last call, or for a moment; it returns whether there are.

        Raises psycopg.Error and Unusable.
        """
        with self._changed:
            if not self._waiters:
                self._begin()
            self._waiters += 1
            seen = self._number

        def wait() -> bool:
            nonlocal seen
            before, seen = seen, self._wait(seen)
            return seen != before

        try:
            yield wait
        finally:
            with self._changed:
                self._waiters -= 1
                if not self._waiters:
                    self._end()

    def _begin(self) -> None:
        opened = self._sessions.take()
        try:
            opened.connection.execute(LISTEN)
        except BaseException:
            self._sessions.give_back(opened)
            raise
        self._opened = opened

    def _end(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            with suppress(*LOST):  # the session has ended, and listens no more
                opened.connection.execute("UNLISTEN *")
            self._sessions.give_back(opened)

    def _wait(self, seen: int) -> int:
        """Wait until the number of news is another than `seen`, at most a moment; return it."""
        with self._changed:
            self._changed.wait_for(lambda: self._number != seen or not self._is_heard, LOOK_S)
            if self._number != seen or self._is_heard:
                return self._number
            self._is_heard = True
        is_new = False
        try:
            is_new = self._hear()
        finally:
            with self._changed:
                self._is_heard = False
                self._number += is_new
                self._changed.notify_all()
        return self._number

    def _hear(self) -> bool:
        """Wait for news on the session, at most a moment; one that is lost is replaced."""
        try:
            if self._opened is None:
                self._begin()
            assert self._opened is not None
            return self._opened.connection.notified(LOOK_S) > 0
        except LOST:  # who waits meets the same error when it looks at the tables, and reports it
            self._end()
            time.sleep(LOOK_S)
            return False
