"""Remembers browsers in which the control token was typed, for the console and the demo."""
import hashlib
import hmac

from flask import request
from werkzeug.wrappers import Response

from ..base import durations
from ..base.clock import real_now
from .control.interface import token_in_force
from .current import base_url, under_prefix

COOKIE = "tgpay_control"
GOOD_FOR = 30 * durations.DAY


def is_known() -> bool:
    """Whether the browser may enter: no token is in force, or it was typed here in the last 30 days."""
    token, given = token_in_force(), request.cookies.get(COOKIE, "")
    until = given.partition(".")[0]
    if not token or not (until.isascii() and until.isdecimal() and len(until) < 16):
        return not token
    return (hmac.compare_digest(given.encode(), session(token, int(until)).encode())
            and real_now() < int(until))


def is_right(given: str) -> bool:
    """Whether `given` is the token in force."""
    return hmac.compare_digest(given.strip().encode(), token_in_force().encode())


def let_in(response: Response) -> None:
    """Set the session cookie, which lets the browser in. It does not contain the token itself."""
    value = session(token_in_force(), real_now() + GOOD_FOR)
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
