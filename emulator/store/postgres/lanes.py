"""Transactions of the threads of one process, one after the other, that are committed together.

Only one transaction can change a merchant's rows at a time, and each commit waits for the disk. So a thread
that finds others waiting for the same merchant leaves the commit to them: their changes become parts of one
transaction.
"""
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from weakref import WeakValueDictionary

from ..troubles import HELD, Unusable
from .session import PATIENCE_S
from .sessions import Opened
from .statements import NOTHING, Question

MOST_PARTS = 8  # then other processes have their turn
BEGIN_PART: Question = ("SAVEPOINT lane", NOTHING)
UNDO_PART = "ROLLBACK TO lane"


class Group:
    """Parts that are committed at once, on the session of the thread that began."""

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self.parts = 0
        self.leaves_work = False
        self.failure: BaseException | None = None
        self.is_over = threading.Event()

    def wait(self) -> None:
        """Wait until the parts are committed. Raises what the commit raised."""
        self.is_over.wait()
        if self.failure:
            raise self.failure


class Lane:
    """The transactions of one merchant in this process."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting = 0
        self._is_taken = False
        self._group: Group | None = None

    @contextmanager
    def part(self, begin: Callable[[], Opened], ahead: Sequence[Question],
             committed: Callable[[bool], None]) -> Iterator[Group]:
        """A part of a transaction: it is committed after the block, and undone if the block raises.

        `begin` begins a transaction; `ahead` is what a part asks first; `committed` is called after a commit
        with whether it leaves work for the scheduler. Raises Unusable; psycopg.Error.
        """
        self._take_turn()
        try:
            group = self._joined(begin, ahead)
            yield group
            is_last = not self._waiting  # who comes later begins another group
            if group.parts or not is_last:  # so that only this part fails if one of its statements does
                group.opened.connection.send()
            group.parts += 1
        except BaseException as failure:
            self._undo(failure)
            self._pass_on(committed)
            raise
        self._pass_on(committed, is_last)
        group.wait()

    def _take_turn(self) -> None:
        with self._changed:
            self._waiting += 1
            is_free = self._changed.wait_for(lambda: not self._is_taken, PATIENCE_S)
            self._waiting -= 1
            if not is_free:
                raise Unusable(HELD)
            self._is_taken = True

    def _joined(self, begin: Callable[[], Opened], ahead: Sequence[Question]) -> Group:
        """The group with one more part begun, or another one if its session is lost."""
        if self._group is not None:
            try:
                self._group.opened.connection.begin([BEGIN_PART], ahead)
                return self._group
            except Exception as failure:
                self._end(self._group, failure)
        self._group = Group(begin())
        return self._group

    def _undo(self, failure: BaseException) -> None:
        """Undo the last part, and with it the group if it is the only one or the session is lost."""
        group = self._group
        if group and group.parts:
            try:
                group.opened.connection.undo(UNDO_PART)
                group.parts += 1  # it has had its turn, and those before it wait
            except BaseException as lost:
                self._end(group, lost)
        elif group:
            self._end(group, failure)

    def _pass_on(self, committed: Callable[[bool], None], is_last: bool = False) -> None:
        """Let the next thread have its turn, and leave the commit to it; without one, commit.

        The commit is left only if all statements of the group have been sent: not if its part `is_last`.
        """
        group = self._group
        with self._changed:
            is_complete = group is not None and (is_last or not self._waiting or group.parts >= MOST_PARTS)
            if not is_complete:
                self._free()
        if group is not None and is_complete:
            self._commit(group)
            with self._changed:
                self._free()
            if group.failure is None:
                committed(group.leaves_work)

    def _free(self) -> None:
        self._is_taken = False
        self._changed.notify()

    def _commit(self, group: Group) -> None:
        try:
            group.opened.connection.commit()
        except BaseException as failure:
            self._end(group, failure)
        else:
            self._end(group)

    def _end(self, group: Group, failure: BaseException | None = None) -> None:
        """End a group; if there was a failure, nothing of it is committed."""
        if failure:
            group.opened.connection.roll_back()
        group.failure = failure
        self._group = None
        group.is_over.set()


class Lanes:
    """The lanes of all merchants."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used: WeakValueDictionary[str, Lane] = WeakValueDictionary()

    def of(self, merchants_id: str) -> Lane:
        """The lane of a merchant; it lives as long as somebody uses it."""
        with self._lock:
            lane = self._used.get(merchants_id)
            if lane is None:
                lane = self._used[merchants_id] = Lane()
            return lane
