"""Locks between processes: files beside the database that are there only to be locked.

The kernel gives them up when their holder dies. A holder that is stopped keeps them: nobody waits for it for
ever.
"""
import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from .troubles import HELD, Unusable

PATIENCE_S = 5.0
BRIEF_S = 0.1  # once a holder has been waited for in vain
AWAKE_S = 0.05  # so long a thread waits that keeps its slot
SHORTEST_S, LONGEST_S = 0.000_05, 0.002
LONGEST_NOTE = 200
BEAT_S = 1.0
DEAD_S = 5.0


def lock_file(path: Path, purpose: str) -> int:
    """The descriptor of a file beside the database that is there only to be locked. Raises OSError."""
    return os.open(f"{path}-{purpose}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _lock_file(path: Path, purpose: str) -> int:
    """The same. Raises Unusable."""
    try:
        return lock_file(path, purpose)
    except OSError as error:
        raise Unusable(f"the database cannot be locked: {error.strerror}") from error


def take(file: int, end: float) -> bool:
    """Lock a file, waiting up to an instant of the monotonic clock; answers whether it was locked."""
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
    """Hold a lock once. Raises OSError, and Unusable when another process does not let go of it."""
    file = lock_file(path, purpose)
    try:
        if not take(file, time.monotonic() + PATIENCE_S):
            raise Unusable(HELD)
        yield
    finally:
        os.close(file)


class WriteLock:
    """The right to write, which one thread of one process has."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = threading.Lock()
        self._file: int | None = None
        self.is_held = False  # by somebody who has been waited for in vain
        # What a thread waits in that need not hold a slot.
        self.pause: Callable[[], AbstractContextManager[None]] = nullcontext

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Have it. Raises Unusable when it is not to be had within some seconds."""
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
            with self.pause():  # the slot is got back without the lock: who has a slot may be waiting for it
                if self._try(end):
                    self._release()

    def _try(self, end: float) -> bool:
        """Whether both locks, that of the threads and that of the processes, could be had up to an
        instant."""
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
        """What a holder has noted for the next ones."""
        assert self._file is not None
        return os.pread(self._file, LONGEST_NOTE, 0).decode("ascii", "replace")

    def note(self, text: str) -> None:
        """Note something for the next holders, in all processes."""
        assert self._file is not None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, text.encode(), 0)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class Leadership:
    """The right to run the scheduler of a database: one holder among all processes, given up by the kernel
    when it dies.

    The holder says every second that it is not stopped. Raises Unusable where the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._file = _lock_file(path, "leading")

    def acquire(self, wait: bool) -> bool:
        """Take it, waiting for as long as another has it, or answer at once whether it could be taken."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        self.beat()
        return True

    def beat(self) -> None:
        """Say that the holder is not stopped."""
        os.pwrite(self._file, f"{time.monotonic():020.3f}".encode(), 0)

    def stands_still(self) -> bool:
        """Whether the holder has not said so for some seconds."""
        try:
            return time.monotonic() - float(os.pread(self._file, 20, 0)) > DEAD_S
        except ValueError:
            return False

    def close(self) -> None:
        """Give it up."""
        os.close(self._file)
