"""Who may work and who may wait: requests that are worked on share a number of slots, requests that wait have places."""
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager


class Slots:
    """The requests that may be worked on at once. A thread holds one slot or none."""

    def __init__(self, number: int) -> None:
        self._free = threading.Semaphore(number)
        self._mine = threading.local()

    def take(self) -> None:
        """Wait for a slot, for the request of this thread."""
        self._free.acquire()
        self._mine.held = True

    def give_back(self) -> None:
        """Let another request have the slot of this thread, if it has one."""
        if self.held():
            self._mine.held = False
            self._free.release()

    def held(self) -> bool:
        """Whether this thread has a slot."""
        return getattr(self._mine, "held", False)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """While the block only waits, another request has the slot."""
        held = self.held()
        self.give_back()
        try:
            yield
        finally:
            if held:
                self.take()


class Full(Exception):
    """Nobody else may wait there; `args[0]` is a sentence."""


class Place:
    """A place to wait in, until `leave`."""

    def __init__(self, places: "Places", whose: str) -> None:
        self._places: Places | None = places
        self._whose = whose

    def leave(self) -> None:
        """Make room for another request; once is enough."""
        places, self._places = self._places, None
        if places:
            places.give_back(self._whose)

    def __enter__(self) -> "Place":
        return self

    def __exit__(self, *failure: object) -> None:
        self.leave()


class Places:
    """How many requests may wait at once in this process: so many of each merchant, or of whatever else they are counted by."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, whose: str) -> Place:
        """A place among those of `whose`. Raises Full."""
        with self._lock:
            if self._taken[whose] >= self._most:
                raise Full(f"{self._most} requests of {whose} are waiting already, which is as many as may (--waiting-limit)")
            self._taken[whose] += 1
        return Place(self, whose)

    def give_back(self, whose: str) -> None:
        """What `Place.leave` does."""
        with self._lock:
            self._taken[whose] -= 1
            if not self._taken[whose]:
                del self._taken[whose]
