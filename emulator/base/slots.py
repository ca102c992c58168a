"""Who may work and who may wait: what is worked on shares a number of slots, what waits has places.

A task begins when there is a slot for it. While it only waits, for its client or for something to happen,
another task has the slot: there are as many threads as tasks that wait, and some more, but only few that want
the processor at once.
"""
import queue
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

IDLE_S = 20
Task = Callable[[], None]


class Slots:
    """Does tasks in threads, which are made when they are needed and end when they are not.

    They are daemons: the end of the process does not wait for one that hangs.
    """

    def __init__(self, number: int) -> None:
        self._lock = threading.Lock()
        self._free = number
        self._tasks: deque[Task] = deque()
        self._returning: deque[threading.Lock] = deque()  # of threads that have waited and want a slot again
        self._idle: list[queue.SimpleQueue[Task]] = []
        self._threads = 0
        self._mine = threading.local()

    def submit(self, task: Task) -> None:
        """Have a task done, which raises nothing, as soon as there is a slot for it."""
        with self._lock:
            if not self._free:
                self._tasks.append(task)
                return
            self._free -= 1
            idle = self._idle.pop() if self._idle else None
        self._begin(task, idle)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """While the block only waits, another task has the slot of this thread, if it has one."""
        held = getattr(self._mine, "held", False)
        if held:
            self._mine.held = False
            self._pass_on()
        try:
            yield
        finally:
            if held:
                self._return()
                self._mine.held = True

    def _begin(self, task: Task, idle: "queue.SimpleQueue[Task] | None") -> None:
        """Do a task that has a slot, in an idle thread or a new one."""
        if idle is not None:
            idle.put(task)
            return
        try:
            threading.Thread(target=self._work, args=(task,), daemon=True).start()
        except RuntimeError:  # the system has no more threads: one of those that there are does it later
            with self._lock:
                self._free += 1
                self._tasks.appendleft(task)
                if not self._threads:
                    raise

    def _work(self, first: Task) -> None:
        """The body of a thread."""
        own: queue.SimpleQueue[Task] = queue.SimpleQueue()
        with self._lock:
            self._threads += 1
        task: Task | None = first
        while task is not None:
            self._mine.held = True
            task()
            task = None  # what it was about need not be kept until the next one
            task = self._next(own)

    def _next(self, own: "queue.SimpleQueue[Task]") -> Task | None:
        """The next task; None when there has been none for a while, and the thread ends."""
        with self._lock:
            if self._tasks and not self._returning:
                return self._tasks.popleft()
            if self._returning:
                self._returning.popleft().release()
            else:
                self._free += 1
            self._idle.append(own)
        try:
            return own.get(timeout=IDLE_S)
        except queue.Empty:
            with self._lock:
                if own in self._idle:
                    self._idle.remove(own)
                    self._threads -= 1
                    return None
            return own.get()  # it was given one in the last moment

    def _pass_on(self) -> None:
        """Let another have the slot: one that has waited, or the next task."""
        with self._lock:
            if self._returning:
                self._returning.popleft().release()
                return
            if not self._tasks:
                self._free += 1
                return
            task = self._tasks.popleft()
            idle = self._idle.pop() if self._idle else None
        self._begin(task, idle)

    def _return(self) -> None:
        """Wait for a slot."""
        with self._lock:
            if self._free:
                self._free -= 1
                return
            turn = threading.Lock()
            turn.acquire()
            self._returning.append(turn)
        turn.acquire()


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
    """How many requests may wait at once in this process: `most` of each merchant, or of another kind, and so many `in_all`."""

    def __init__(self, most: int, in_all: int) -> None:
        self._most = most
        self._in_all = in_all
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, whose: str) -> Place:
        """A place among those of `whose`. Raises Full."""
        with self._lock:
            if self._taken[whose] >= self._most:
                raise Full(f"{self._most} requests of {whose} wait already, as many as may (--waiting-limit)")
            if self._taken.total() >= self._in_all:
                raise Full(f"{self._in_all} requests wait already, as many as there are connections for (--connections)")
            self._taken[whose] += 1
        return Place(self, whose)

    def give_back(self, whose: str) -> None:
        """What `Place.leave` does."""
        with self._lock:
            self._taken[whose] -= 1
            if not self._taken[whose]:
                del self._taken[whose]
