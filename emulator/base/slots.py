"""Limits how many tasks run at once (slots), and how many requests may wait at once (places).

A task starts when a slot is free. While it only waits, for its client or for an event, it gives its slot to
another task. So there can be many threads that wait, but only as many as there are slots compete for the
processor.
"""
import queue
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

IDLE_S = 20
Task = Callable[[], None]


class Slots:
    """Runs tasks in threads, at most `number` of them at once.

    Threads are started when they are needed and end when they have been idle for a while. They are daemon
    threads: a task that hangs does not keep the process from ending.
    """

    def __init__(self, number: int) -> None:
        self._lock = threading.Lock()
        self._number = number
        self._free = number
        self._tasks: deque[Task] = deque()
        self._returning: deque[threading.Lock] = deque()  # one lock of each thread that wants its slot back
        self._idle: list[queue.SimpleQueue[Task]] = []
        self._threads = 0
        self._mine = threading.local()

    @property
    def used(self) -> int:
        """The number of slots that tasks have now."""
        return self._number - self._free

    @property
    def queued(self) -> int:
        """The number of tasks that wait for a slot now."""
        return len(self._tasks) + len(self._returning)

    def submit(self, task: Task) -> None:
        """Run a task as soon as a slot is free. The task must not raise."""
        with self._lock:
            if not self._free:
                self._tasks.append(task)
                return
            self._free -= 1
            idle = self._idle.pop() if self._idle else None
        self._begin(task, idle)

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """A block that only waits: another task uses this thread's slot meanwhile, if the thread has one."""
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
        """Start a task for which a slot was taken, in an idle thread or a new one."""
        if idle is not None:
            idle.put(task)
            return
        try:
            threading.Thread(target=self._work, args=(task,), daemon=True).start()
        except RuntimeError:  # the system allows no more threads: an existing one runs the task later
            with self._lock:
                self._free += 1
                self._tasks.appendleft(task)
                if not self._threads:
                    raise

    def _work(self, first: Task) -> None:
        """The body of a thread: run the first task, then those of the queue."""
        own: queue.SimpleQueue[Task] = queue.SimpleQueue()
        with self._lock:
            self._threads += 1
        task: Task | None = first
        while task is not None:
            self._mine.held = True
            task()
            task = None  # frees its memory while the thread is idle
            task = self._next(own)

    def _next(self, own: "queue.SimpleQueue[Task]") -> Task | None:
        """Wait for the next task; None after `IDLE_S` seconds without one, and the thread ends."""
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
            return own.get()  # a task came just as the time was over

    def _pass_on(self) -> None:
        """Give this thread's slot away: first to a thread that wants its slot back, else to the next task."""
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
        """Wait until there is a slot for this thread again."""
        with self._lock:
            if self._free:
                self._free -= 1
                return
            turn = threading.Lock()
            turn.acquire()
            self._returning.append(turn)
        turn.acquire()


class Full(Exception):
    """No more requests may wait; the message says which limit is reached."""


class Place:
    """A place in which one request waits, until `leave` or the end of a `with` block."""

    def __init__(self, places: "Places", whose: str) -> None:
        self._places: Places | None = places
        self._whose = whose

    def leave(self) -> None:
        """Free the place for another request. Further calls do nothing."""
        places, self._places = self._places, None
        if places:
            places.give_back(self._whose)

    def __enter__(self) -> "Place":
        return self

    def __exit__(self, *failure: object) -> None:
        self.leave()


class Places:
    """Limits how many requests wait at once in this process.

    `most` is the limit for each merchant (or another owner, such as the console), `in_all` that of all
    together.
    """

    def __init__(self, most: int, in_all: int) -> None:
        self._most = most
        self._in_all = in_all
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def taken(self) -> int:
        """The number of requests that wait now."""
        with self._lock:
            return self._taken.total()

    def take(self, whose: str) -> Place:
        """Take a place of the owner `whose`. Raises Full."""
        with self._lock:
            if self._taken[whose] >= self._most:
                raise Full(f"{self._most} requests of {whose} are waiting already, which is the limit "
                           "(--waiting-limit)")
            if self._taken.total() >= self._in_all:
                raise Full(f"{self._in_all} requests are waiting already, which is the limit "
                           "(--connections)")
            self._taken[whose] += 1
        return Place(self, whose)

    def give_back(self, whose: str) -> None:
        """Free a place of the owner; `Place.leave` calls this."""
        with self._lock:
            self._taken[whose] -= 1
            if not self._taken[whose]:
                del self._taken[whose]
