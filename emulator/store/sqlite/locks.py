"""Locks between processes: files beside the database that serve only as locks.

The kernel releases a lock when its holder dies. A stopped process keeps its locks, so every wait for one has
a limit.
"""
import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from .. import database
from ..together import AWAKE_S
from ..troubles import HELD, Unusable

PATIENCE_S = 5.0
BRIEF_S = 0.1  # after a wait that was in vain
SHORTEST_S, LONGEST_S = 0.000_05, 0.002
LONGEST_NOTE = 200
BUSY_TIMEOUT_MS = 5_000  # how long to wait for other programs that lock the file without our lock
DEAD_S = 5.0


def lock_file(path: Path, purpose: str) -> int:
    """The descriptor of a lock file beside the database, created if necessary. Raises OSError."""
    return os.open(f"{path}-{purpose}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _lock_file(path: Path, purpose: str) -> int:
    """The descriptor of a lock file beside the database. Raises Unusable."""
    try:
        return lock_file(path, purpose)
    except OSError as error:
        raise Unusable(f"the database cannot be locked: {error.strerror}") from error


def take(file: int, end: float) -> bool:
    """Lock a file, waiting until `end` on the monotonic clock (seconds); return whether it was locked."""
    pause = SHORTEST_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
        time.sleep(pause)
        pause = min(pause * 1.2, LONGEST_S)


@contextmanager
def locked(path: Path, purpose: str) -> Iterator[None]:
    """Hold a lock during a block. Raises OSError, and Unusable if another process does not release it."""
    file = lock_file(path, purpose)
    try:
        if not take(file, time.monotonic() + PATIENCE_S):
            raise Unusable(HELD)
        yield
    finally:
        os.close(file)


class WriteLock:
    """The lock for writing, held by one thread of one process."""

    def __init__(self, path: Path, pause: Callable[[], AbstractContextManager[None]]) -> None:
        self._path = path
        self._pause = pause  # makes a context in which a waiting thread gives its slot away
        self._thread = threading.Lock()
        self._file: int | None = None
        self.is_held = False  # whether the last wait for it was in vain

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold the lock during a block. Raises Unusable if it is not free within some seconds."""
        self._acquire()
        try:
            yield
        finally:
            self._release()

    def _acquire(self) -> None:
        begun = time.monotonic()
        end = begun + (BRIEF_S if self.is_held else PATIENCE_S)
        while not self._try(min(end, time.monotonic() + AWAKE_S)):
            if time.monotonic() >= end:
                self.is_held = True
                raise Unusable(HELD)
            with self._pause():  # get the slot back without the lock: its holder may wait for the lock
                if self._try(end):
                    self._release()

    def _try(self, end: float) -> bool:
        """Try until `end` to take both locks, that of the threads and that of the processes.

        Returns whether it has them.
        """
        if not self._thread.acquire(timeout=max(0.0, end - time.monotonic())):
            return False
        try:
            if self._file is None:
                self._file = _lock_file(self._path, "writing")
            has_it = take(self._file, end)
        except BaseException:
            self._thread.release()
            raise
        if not has_it:
            self._thread.release()
        return has_it

    def _release(self) -> None:
        assert self._file is not None
        fcntl.flock(self._file, fcntl.LOCK_UN)
        self._thread.release()

    def noted(self) -> str:
        """The note of an earlier holder."""
        assert self._file is not None
        return os.pread(self._file, LONGEST_NOTE, 0).decode("ascii", "replace")

    def note(self, text: str) -> None:
        """Store a note for the next holders, in all processes."""
        assert self._file is not None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, text.encode(), 0)

    def close(self) -> None:
        """Close the lock file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class Leadership(database.Leadership):
    """The lock for running the scheduler of a database: one holder among all processes.

    The kernel releases it when the holder dies. The holder reports every second that it is alive. Raises
    Unusable if the lock file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._file = _lock_file(path, "leading")

    def acquire(self, wait: bool, wake: Callable[[], None] = lambda: None) -> bool:
        """Take the lock; return whether it was taken. With `wait`, wait for as long as necessary."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        self._beat()
        return True

    def keep(self, seconds: float, wake: Callable[[], None]) -> None:
        """Write down that the holder is alive. Other processes of this machine wake it themselves."""
        self._beat()
        time.sleep(seconds)

    def _beat(self) -> None:
        os.pwrite(self._file, f"{time.monotonic():020.3f}".encode(), 0)

    def stands_still(self) -> bool:
        """Whether the holder has not reported for some seconds."""
        try:
            return time.monotonic() - float(os.pread(self._file, 20, 0)) > DEAD_S
        except ValueError:
            return False

    def close(self) -> None:
        """Release the lock."""
        os.close(self._file)
