"""Errors of PostgreSQL and of the connection to it, as sentences without a password."""
import psycopg
from psycopg import errors
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests

from ..troubles import HELD

ADVICE = "Is the server running"
AWAY = "the database cannot be reached"
# what is wrong with the database or the way to it, and not with a statement
_OF_THE_DATABASE = (psycopg.OperationalError, psycopg.InterfaceError, errors.InsufficientPrivilege,
                    errors.ReadOnlySqlTransaction, errors.UndefinedTable, PoolTimeout, PoolClosed,
                    TooManyRequests)
# a transaction stood still or took too long, so its session was ended; something in the server is broken
_STATES = ("25P03", "25P04", "XX")


def is_trouble(error: Exception) -> bool:
    """Whether an error concerns the database or the connection to it, and not a statement."""
    state = error.sqlstate if isinstance(error, psycopg.Error) else None
    return isinstance(error, _OF_THE_DATABASE) or bool(state and state.startswith(_STATES))


def sentence(error: Exception) -> str:
    """The sentence that explains an error to the user."""
    if isinstance(error, errors.LockNotAvailable):
        return HELD
    if isinstance(error, PoolTimeout):
        return AWAY
    return f"{AWAY}: {reason(error)}" if _is_of_the_way(error) else f"the database refuses: {reason(error)}"


def _is_of_the_way(error: Exception) -> bool:
    return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) and not error.sqlstate


def reason(error: Exception) -> str:
    """What PostgreSQL says, on one line."""
    said = getattr(getattr(error, "diag", None), "message_primary", None) or str(error)
    lines = [line.strip() for line in said.splitlines() if line.strip() and ADVICE not in line]
    return "; ".join(lines) or type(error).__name__
