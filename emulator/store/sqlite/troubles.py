"""Errors of SQLite that make the database unusable."""
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..troubles import HELD, Unusable


IN_USE = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
# What to do about an error, by its code.
ADVICE = {**dict.fromkeys(IN_USE, " by another program; end that one, or wait until it has finished"),
          sqlite3.SQLITE_NOTADB: "; name a database of the emulator, or a new file",
          sqlite3.SQLITE_FULL: "; make room for it", sqlite3.SQLITE_READONLY: "; make it writable"}


def _code(error: sqlite3.Error | OSError) -> int:
    """The primary code of an error of SQLite; 0 for other errors."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def is_trouble(error: sqlite3.Error) -> bool:
    """Whether an error concerns the file, the disk or a lock, and not a statement."""
    return isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError


def sentence(error: sqlite3.Error | OSError) -> str:
    """The sentence that explains an error to the user."""
    if isinstance(error, sqlite3.Error) and _code(error) in IN_USE:
        return HELD
    return f"the database cannot be used: {getattr(error, 'strerror', None) or error}"


@contextmanager
def told_of(path: Path) -> Iterator[None]:
    """A block whose errors of the file are told in one sentence. Raises Unusable."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        reason = f"{error}{ADVICE.get(_code(error), '')}"
        raise Unusable(f"{path} cannot be used as the database: {reason}") from error
