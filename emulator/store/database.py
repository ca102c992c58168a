"""What other packages use of a database, whichever it is: a place, a store on it, the leadership."""
import copy
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path

from .access import Reader, Writer
from .claims import Claims
from .connection import Connection
from .schema import VERSION
from .together import Result, Together
from .troubles import Log, Unusable

LOOK_S = 0.005


class OwnReader(Reader):
    """A reader with a connection of its own; the caller closes it with `close`."""

    def __init__(self, connection: Connection, close: Callable[[], None]) -> None:
        super().__init__(connection)
        self.close = close


class Snapshot(Reader):
    """A reader whose statements all see the same state, on a `connection` for this snapshot only."""

    def __init__(self, connection: Connection, owner: str | None) -> None:
        super().__init__(connection, owner)
        self.connection = connection


class Leadership(ABC):
    """The right to do what falls due: one thread of one process has it, of all that use a database.

    Whoever has it loses it with its process, or with its connection.
    """

    @abstractmethod
    def acquire(self, wait: bool, wake: Callable[[], None] = lambda: None) -> bool:
        """Take the leadership; return whether it was taken. With `wait`, wait for as long as necessary.

        `wake` is called meanwhile when there are more notifications than others can send.
        """

    @abstractmethod
    def keep(self, seconds: float, wake: Callable[[], None]) -> None:
        """Show for some seconds that the leader is alive, and call `wake` when other nodes leave work."""

    @property
    def is_lost(self) -> bool:
        """Whether another process may lead by now."""
        return False

    @abstractmethod
    def stands_still(self) -> bool:
        """Whether the leader has not shown for some seconds that it is alive."""

    @abstractmethod
    def close(self) -> None:
        """Give the leadership up."""


class Store(ABC):
    """One database, used by any number of threads and processes.

    `wake` is called after a commit that leaves work for the scheduler; `pause` makes a context in which a
    waiting thread gives its slot away. A store cannot be used across a fork: call `close` before. Methods
    that use the database raise Unusable if that is not possible.
    """

    def __init__(self, wake: Callable[[], None] = lambda: None) -> None:
        self.wake = wake
        self.pause: Callable[[], AbstractContextManager[None]] = nullcontext
        self.troubles = Log()
        self._together = Together(self._write_together, self._paused)
        self.owner: str | None = None
        self.claims = Claims()

    def of(self, owner: str) -> "Store":
        """The same database, with one owner's merchants and their rows only.

        A merchant that is made there belongs to the owner, who is named; see `access.Reader`.
        """
        narrowed = copy.copy(self)  # it shares connections, locks and everything else
        narrowed.owner = owner
        narrowed._together = Together(narrowed._write_together, narrowed._paused)
        return narrowed

    @abstractmethod
    def read(self) -> Reader:
        """The tables for reading; each statement sees what is committed when it begins."""

    @abstractmethod
    def opened(self) -> OwnReader:
        """The tables for reading, on a new connection that the caller closes."""

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """The tables as they are now, on a connection of its own, for as long as the block lasts."""

    @contextmanager
    def listening(self) -> Iterator[Callable[[], object]]:
        """A function that waits until others have committed something, or for a moment. Raises Unusable."""
        yield partial(time.sleep, LOOK_S)

    @abstractmethod
    def look(self) -> None:
        """Check that the database is the one that was opened. Raises Unusable."""

    @abstractmethod
    def reported(self) -> AbstractContextManager[None]:
        """Log database errors of a block. Raises Unusable for errors of the database itself and of locks."""

    def foreseen(self, merchants_id: str, out_trade_no: str, reads: bool) -> AbstractContextManager[None]:
        """A block in which this thread asks for a merchant and one of its orders.

        A database to which every question is a trip may ask for them at once. `reads` is whether the block
        only reads; otherwise the order is asked for in the block's transaction.
        """
        return nullcontext()

    @abstractmethod
    def write(self, merchants_id: str | None = None) -> AbstractContextManager[Writer]:
        """A write transaction: committed after the block, rolled back if it raises. Raises Unusable.

        With `merchants_id` it changes only what belongs to this merchant: then a database that can do so
        lets transactions of other merchants run at the same time. Without, it runs alone.
        """

    def write_together(self, act: Callable[[Writer], Result]) -> Result:
        """Carry out a small write in one transaction with those of other threads; return its result.

        It is committed then. `act` must not fail, and changes nothing that another transaction decides by.
        Raises Unusable.
        """
        return self._together(act)

    def _write_together(self) -> AbstractContextManager[Writer]:
        """The transaction for small writes."""
        return self.write()

    def _paused(self) -> AbstractContextManager[None]:
        """A context in which this thread waits; `pause` is set after the store was made."""
        return self.pause()

    def check(self) -> Reader:
        """The tables for reading, after a check that the database can be written. Raises Unusable."""
        try:
            self.look()
            with self._write_together() as writer:
                writer.touch(VERSION)
            return self.read()
        except Unusable as error:
            raise Unusable(f"the database cannot be written: {error}") from error

    @abstractmethod
    def leadership(self) -> Leadership:
        """The leadership of this database, not yet taken. Raises Unusable."""

    @abstractmethod
    def checkpoint(self) -> None:
        """Do what keeps commits short, once a second."""

    @abstractmethod
    def tidy(self, real: int, keep: int | None, most: int | None) -> None:
        """Delete old entries and orders that have ended, with pauses for other writers.

        Old are entries and orders of more than `keep` milliseconds of real time, and entries beyond the
        newest `most`; None means no limit. `real` is the present instant in real time.
        """

    @abstractmethod
    def leave(self) -> None:
        """Give this thread's connection back, for use by other threads; call it before waiting or ending."""

    @abstractmethod
    def close(self) -> None:
        """Close this thread's connection and those that nobody uses."""

    @property
    def generation(self) -> int:
        """A number that changes when connections opened before cannot be used any more."""
        return 0

    @property
    @abstractmethod
    def opened_connections(self) -> int:
        """The number of connections to the database that this process has open."""

    def keep_to(self, identity: str) -> None:
        """Accept only the database that is there now; `identity` is the one stored in it."""

    def is_in_place(self) -> bool:
        """Whether the database is where it was opened, so that it may be concluded there."""
        return True

    def part(self) -> None:
        """Prepare for the end of the process."""


class Place(ABC):
    """Where a database is. `shown` names it for people, without a password.

    `is_for_nodes` says whether processes of several machines may serve it, which a database server connects;
    `is_lasting`, whether it outlives the server.
    """

    shown: str
    is_for_nodes = False
    is_lasting = True

    @abstractmethod
    def prepare(self) -> None:
        """Create the schema or update an older one; several processes may do so at once.

        Raises Unusable if it cannot be used, or belongs to a newer version or another program.
        """

    @abstractmethod
    def open(self, wake: Callable[[], None] = lambda: None) -> Store:
        """A store on the database, which is prepared."""

    @abstractmethod
    def serve(self, settings: str) -> str | None:
        """Note that this process serves the database, with a text of its settings, for as long as it lives.

        Returns the text of those that serve it already, or None: then this process is the first. Raises
        Unusable.
        """

    def is_noted(self, seconds: float) -> bool:
        """Whether the note of `serve` stands. A database that may lose it looks for some seconds."""
        return True

    def take_back(self) -> None:
        """Take the note of `serve` back."""

    @abstractmethod
    def is_served(self) -> bool:
        """Whether a server uses the database. Raises Unusable."""

    @abstractmethod
    def must_exist(self) -> None:
        """Raise Unusable if there is no database."""

    @abstractmethod
    def alone(self) -> AbstractContextManager[Connection]:
        """A connection in one transaction on everything, committed after the block. Raises Unusable."""

    def conclude(self) -> None:
        """Complete the database, as the last process does. Raises Unusable."""

    @property
    def directory(self) -> Path | None:
        """The directory of the database, if it has one."""
        return None
