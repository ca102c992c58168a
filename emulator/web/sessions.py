"""The control token, typed once in a browser: what opens the console and the demo there while a token is in
force.
"""
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
    """Whether nobody needs to type a token, or it was typed in this browser, and not too long ago."""
    token, given = token_in_force(), request.cookies.get(COOKIE, "")
    until = given.partition(".")[0]
    if not token or not (until.isascii() and until.isdecimal() and len(until) < 16):
        return not token
    return (hmac.compare_digest(given.encode(), session(token, int(until)).encode())
            and real_now() < int(until))


def is_right(given: str) -> bool:
    """Whether this is the token in force."""
    return hmac.compare_digest(given.strip().encode(), token_in_force().encode())


def let_in(response: Response) -> None:
    """Let the browser in from now on; it keeps no token, only what follows from one."""
    value = session(token_in_force(), real_now() + GOOD_FOR)
    response.set_cookie(COOKIE, value, max_age=GOOD_FOR // durations.SECOND, path=under_prefix("/"),
                        secure=base_url().startswith("https:"), httponly=True, samesite="Strict")


def forget(response: Response) -> None:
    """Let the browser in no more."""
    response.delete_cookie(COOKIE, path=under_prefix("/"))


def session(token: str, until: int) -> str:
    """What a browser keeps: until when (milliseconds of the machine's time), and that instant under the
    token.
    """
    return (
        f"{until}.{hmac.new(token.encode(), f'tgpay-emulator {until}'.encode(), hashlib.sha256).hexdigest()}")
