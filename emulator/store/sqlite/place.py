"""Where a database file is."""
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from .. import database
from ..troubles import Unusable
from .connection import Connection, connect, locked_for_opening
from .locks import lock_file, locked
from .maintenance import conclude
from .schema import prepare
from .store import Store
from .troubles import told_of

LONGEST = 65_536


class Place(database.Place):
    """A database file.

    While a server runs, it holds a shared lock on a file beside the database that contains its settings. The
    kernel releases the lock when the server dies.
    """

    def __init__(self, path: Path, is_lasting: bool = True) -> None:
        self.path = path
        self.is_lasting = is_lasting
        self.shown = str(path)
        self._serving: int | None = None

    def prepare(self) -> None:
        """Create the schema or update an older one; several processes may do so at once. Raises Unusable."""
        prepare(self.path)

    def open(self, wake: Callable[[], None] = lambda: None) -> Store:
        """A store on the database, which is prepared."""
        return Store(self.path, wake, self.is_lasting)

    def serve(self, settings: str) -> str | None:
        """Hold the lock of servers. Returns the settings of those that hold it already. Raises Unusable."""
        with told_of(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with locked(self.path, "writing"):
                self._serving = lock_file(self.path, "serving")
                theirs = _written(self._serving)
                if theirs is None:
                    os.ftruncate(self._serving, 0)
                    os.pwrite(self._serving, settings.encode(), 0)
                fcntl.flock(self._serving, fcntl.LOCK_SH)
            return theirs

    def is_served(self) -> bool:
        """Whether a server holds the lock; nobody serves a file that is not there. Raises Unusable."""
        if not self.path.exists():
            return False
        with told_of(self.path):
            file = lock_file(self.path, "serving")
            try:
                return _written(file) is not None
            finally:
                os.close(file)

    def must_exist(self) -> None:
        """Raise Unusable if there is no file."""
        if not self.path.is_file():
            raise Unusable(f"there is no database {self.path}")

    @contextmanager
    def alone(self) -> Iterator[Connection]:
        """A connection in one transaction on everything, committed after the block. Raises Unusable."""
        with (told_of(self.path), locked_for_opening(self.path),
              closing(connect(self.path, "rw")) as connection):
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def conclude(self) -> None:
        """Copy the whole log into the database file, unless another file has taken its place."""
        conclude(self.path)

    @property
    def directory(self) -> Path:
        """The directory of the file."""
        return self.path.parent


def _written(file: int) -> str | None:
    """What the servers that hold the lock have written; None if no server holds it: then it is held now."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(file, LONGEST, 0).decode()
    return None
