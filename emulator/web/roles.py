"""Control tokens: whose token a request brings, and the emulator as that one may use it.

The control interface finds the token in a header, the console and the demo in a browser's session. The
holder of a token with the role admin may do everything. A team has the emulator of the team: its store has
the team's merchants and their rows only, so that all else does not exist, and what concerns everybody raises
Forbidden.
"""
import hmac
from collections.abc import Callable, Iterable

from ..base.tokens import TEAM, ControlToken
from .emulator import Emulator


def find(tokens: Iterable[ControlToken], fits: Callable[[ControlToken], bool]) -> ControlToken | None:
    """The token that fits, or None; all are tried, so that the time tells nothing."""
    found = [row for row in tokens if fits(row)]
    return found[0] if found else None


def is_same(given: str, token: str) -> bool:
    """Whether two secrets are equal; the time that it takes tells nothing about where they differ."""
    return hmac.compare_digest(given.encode(), token.encode())


def as_for(holder: ControlToken, emulator: Emulator) -> Emulator:
    """The emulator as the holder of a token may use it."""
    return emulator.of(holder.name) if holder.role == TEAM else emulator
