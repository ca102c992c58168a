"""Remembers browsers in which a control token was typed, for the console and the demo."""
import hashlib
import hmac
from collections.abc import Callable

from flask import request
from werkzeug.wrappers import Response

from ..base import durations
from ..base.clock import real_now
from ..base.tokens import ControlToken
from . import roles
from .current import base_url, emulator, enter, is_locked, under_prefix

COOKIE = "tgpay_control"
GOOD_FOR = 30 * durations.DAY


def is_known() -> bool:
    """Whether the browser may enter: no token is in force, or one was typed here in the last 30 days.

    From then on the request does what the token's holder may do.
    """
    if not is_locked():
        return True
    given = request.cookies.get(COOKIE, "")
    until = given.partition(".")[0]
    if not (until.isascii() and until.isdecimal() and len(until) < 16 and real_now() < int(until)):
        return False
    holder = _found(lambda token: roles.is_same(given, session(token, int(until))))
    if holder:
        enter(holder)
    return holder is not None


def typed(given: str) -> ControlToken | None:
    """The control token in force that was typed, or None."""
    return _found(lambda token: roles.is_same(given.strip(), token))


def _found(fits: Callable[[str], bool]) -> ControlToken | None:
    return roles.find(emulator().settings.control_tokens, lambda row: fits(row.token))


def let_in(response: Response, holder: ControlToken) -> None:
    """Set the session cookie, which lets the browser in. It does not contain the token itself."""
    value = session(holder.token, real_now() + GOOD_FOR)
    response.set_cookie(COOKIE, value, max_age=GOOD_FOR // durations.SECOND, path=under_prefix("/"),
                        secure=base_url().startswith("https:"), httponly=True, samesite="Strict")


def forget(response: Response) -> None:
    """Delete the session cookie."""
    response.delete_cookie(COOKIE, path=under_prefix("/"))


def session(token: str, until: int) -> str:
    """The value of the session cookie: when it expires, and an HMAC of that with the token as the key.

    `until` is in milliseconds of the machine's time.
    """
    return (
        f"{until}.{hmac.new(token.encode(), f'tgpay-emulator {until}'.encode(), hashlib.sha256).hexdigest()}")
