"""Numbers that the processes of a server share: each process counts in a row of its own.

They are in memory that is mapped before the processes fork. So counting takes no lock that a process could
die with, what a process counted stays when it has died, and there is no file to remove.
"""
import mmap
import threading
import time
from collections.abc import Iterable, Sequence

SIZE = 8  # bytes of a number
FRESH_S = 10.0  # a process that lives reports its gauges every second


class Tallies:
    """`columns` counters and `gauges` gauges in each of `rows` rows. All numbers are floats.

    Counters only grow, and all rows count. Gauges count while their process reports them. Until `take` is
    called, a process uses the first row.
    """

    def __init__(self, columns: int, gauges: int, rows: int = 1) -> None:
        self.rows = rows
        self._columns = columns
        self._width = columns + gauges + 1  # the last number is the instant of the last report
        self._numbers = memoryview(mmap.mmap(-1, rows * self._width * SIZE)).cast("d")
        self._start = 0
        self._lock = threading.Lock()

    def take(self, row: int) -> None:
        """Use a row from now on; no other living process may use it."""
        self._start = row * self._width
        self._lock = threading.Lock()

    def add(self, *changes: tuple[int, float]) -> None:
        """Add numbers to counters; each change is a column and a number."""
        numbers, start = self._numbers, self._start
        with self._lock:  # between the threads of this process
            for column, number in changes:
                numbers[start + column] += number

    def totals(self) -> list[float]:
        """The counters, each the sum over all rows."""
        rows = [self._numbers[start:start + self._columns] for start in self._starts()]
        return [sum(values) for values in zip(*rows)]

    def report(self, gauges: Iterable[float]) -> None:
        """Store the present gauges of this process."""
        place = self._start + self._columns
        for place, number in enumerate((*gauges, time.monotonic()), place):
            self._numbers[place] = number

    def reported(self) -> list[Sequence[float]]:
        """The gauges of each process that has reported lately."""
        since = time.monotonic() - FRESH_S
        rows = [self._numbers[start + self._columns:start + self._width].tolist() for start in self._starts()]
        return [row[:-1] for row in rows if row[-1] > max(since, 0.0)]

    def _starts(self) -> range:
        return range(0, self.rows * self._width, self._width)
