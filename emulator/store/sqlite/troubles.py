"""Errors of SQLite that make the database unusable."""
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..troubles import HELD, Unusable


def is_trouble(error: sqlite3.Error) -> bool:
    """Whether an error concerns the file, the disk or a lock, and not a statement."""
    return isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError


def sentence(error: sqlite3.Error | OSError) -> str:
    """The sentence that explains an error to the user."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if isinstance(error, sqlite3.Error) and code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return HELD
    return f"the database cannot be used: {getattr(error, 'strerror', None) or error}"


@contextmanager
def told_of(path: Path) -> Iterator[None]:
    """A block whose errors of the file are told in one sentence. Raises Unusable."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise Unusable(f"{path} cannot be used as the database: {error}") from error
