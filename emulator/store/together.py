"""Small writes of several threads in one transaction, which saves most of what a transaction costs."""
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from .access import Writer

Result = TypeVar("Result")
AWAKE_S = 0.05  # a thread that waits longer gives its slot away


class _Job:
    """A write that waits for its turn, and what became of it."""

    def __init__(self, act: Callable[[Writer], Any]) -> None:
        self.act = act
        self.is_over = False
        self.result: Any = None
        self.failure: BaseException | None = None

    def end(self, failure: BaseException | None) -> None:
        self.failure = failure
        self.is_over = True


class Together:
    """Carries out writes: whoever gets the lock does it for all that wait, and commits once.

    A write must not fail for a reason of its own, because all of its transaction would fail with it.
    """

    def __init__(self, write: Callable[[], AbstractContextManager[Writer]],
                 pause: Callable[[], AbstractContextManager[None]]) -> None:
        self._write = write
        self._pause = pause
        self._turn = threading.Lock()
        self._waiting: deque[_Job] = deque()

    def __call__(self, act: Callable[[Writer], Result]) -> Result:
        """Carry out a write and return its result once it is committed. Raises Unusable."""
        job = _Job(act)
        self._waiting.append(job)
        if not self._turn.acquire(timeout=AWAKE_S):
            with self._pause():
                self._turn.acquire()
        try:
            if not job.is_over:
                self._carry_out()
        finally:
            self._turn.release()
        if job.failure:
            raise job.failure
        result: Result = job.result
        return result

    def _carry_out(self) -> None:
        """Carry out all that wait, those included that come before the last of them is done."""
        jobs: list[_Job] = []
        failure: BaseException | None = None
        try:
            with self._write() as tables:
                for job in self._queued():
                    jobs.append(job)
                    job.result = job.act(tables)
        except BaseException as raised:
            failure = raised
            jobs.extend(self._queued())
        for job in jobs:
            job.end(failure)

    def _queued(self) -> Iterator[_Job]:
        """Those that wait, until there are no more; each is taken from the queue."""
        while self._waiting:
            yield self._waiting.popleft()
