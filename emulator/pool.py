"""Threads for connections: made when they are needed, ended when they are not, and none holds up the end of the process."""
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

IDLE_S = 20
Task = tuple[Future[Any], Callable[..., Any], tuple[Any, ...]]


class Pool:
    """What gunicorn needs of an executor. Its threads are daemons: the end of the process does not wait for one that hangs."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)  # threads that wait for a task and are not counted on yet
        self._lock = threading.Lock()
        self._number = 0

    def submit(self, act: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Have a call made by a thread: one that is idle, a new one, or the first that has done what it is doing."""
        future: Future[Any] = Future()
        self._tasks.put((future, act, arguments))
        if not self._idle.acquire(blocking=False):
            self._grow()
        return future

    def shutdown(self, wait: bool = True) -> None:
        """Nothing: the threads end with the process."""

    def _grow(self) -> None:
        with self._lock:
            if self._number >= self._most:
                return
            self._number += 1
        try:
            threading.Thread(target=self._work, name="connection", daemon=True).start()
        except RuntimeError:  # the system has no more threads: one of those that there are will do it
            with self._lock:
                self._number -= 1
                if not self._number:
                    raise

    def _work(self) -> None:
        while (task := self._next()) is not None:
            future, act, arguments = task
            try:
                future.set_result(act(*arguments))
            except BaseException as failure:
                future.set_exception(failure)
            del task, future, arguments

    def _next(self) -> Task | None:
        """The next task; None when there has been none for a while, and the thread ends."""
        try:
            return self._tasks.get_nowait()
        except queue.Empty:
            self._idle.release()
        try:
            return self._tasks.get(timeout=IDLE_S)
        except queue.Empty:
            if not self._idle.acquire(blocking=False):  # a task has counted on this thread in the meantime
                return self._tasks.get()
        with self._lock:
            self._number -= 1
        return None
