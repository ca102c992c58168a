"""Who sends the current request, and what that one may do: decided here for every face of the emulator.

A face finds the token of a request (a header, or a browser's session) and calls `enter` with its holder. A
holder with the role admin may do everything. For a team, `emulator()` is from then on the emulator of that
team: its store has the team's merchants and their rows only, so that all else does not exist, and what
concerns everybody raises Forbidden.
"""
import hmac
from collections.abc import Callable

from flask import g

from ..base.tokens import TEAM, ControlToken
from .current import emulator, narrow_to

HOLDER = "holder"


def tokens() -> tuple[ControlToken, ...]:
    """The control tokens in force; empty when none is required."""
    return emulator().settings.control_tokens


def are_needed() -> bool:
    """Whether requests must come with a control token."""
    return bool(tokens())


def find(fits: Callable[[ControlToken], bool]) -> ControlToken | None:
    """The token in force that fits, or None; all are tried, so that the time tells nothing."""
    found = [row for row in tokens() if fits(row)]
    return found[0] if found else None


def is_same(given: str, token: str) -> bool:
    """Whether two secrets are equal; the time that it takes tells nothing about where they differ."""
    return hmac.compare_digest(given.encode(), token.encode())


def enter(holder: ControlToken) -> None:
    """Let the rest of the current request do what the holder of a token may do, and no more."""
    setattr(g, HOLDER, holder)
    if holder.role == TEAM:
        narrow_to(holder.name)


def holder() -> ControlToken | None:
    """The holder of the current request's token; None where none is required."""
    found: ControlToken | None = g.get(HOLDER)
    return found


def may_everything() -> bool:
    """Whether the current request may do what concerns everybody."""
    return emulator().store.owner is None
