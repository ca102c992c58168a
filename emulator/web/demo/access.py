"""Who may drive the demo: anybody, or, while a control token is in force, browsers in which it was typed."""
import hashlib
import hmac

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as Answered

from ... import durations
from ...clock import real_now
from .. import base_url
from ..control import refuse_other_sites, token_in_force
from ..pages import page

SESSION, PATH = "tgpay_demo", "/demo"
GOOD_FOR = 30 * durations.DAY
UNGUARDED = ("demo.sign_in", "demo.notify")  # the shop's notify_url: notices know no token, and are believed for their signature


def admit() -> Response | None:
    """None for whoever may go on; else the refusal, or the page that asks for the token."""
    refused = refuse_other_sites()
    if refused or not token_in_force() or request.endpoint in UNGUARDED or _is_known():
        return refused
    return page("demo_token.html", 401)


def sign_in() -> Answered:
    """Take the token once, and let the browser in from now on."""
    token, given = token_in_force(), request.form.get("token", "").strip()
    if token and not hmac.compare_digest(given.encode(), token.encode()):
        return page("demo_token.html", 401, wrong=True)
    onwards = redirect(url_for("demo.show", lang=request.args.get("lang")), 303)
    onwards.set_cookie(SESSION, session(token, real_now() + GOOD_FOR), max_age=GOOD_FOR // durations.SECOND, path=PATH,
                       secure=base_url().startswith("https:"), httponly=True, samesite="Strict")
    return onwards


def session(token: str, until: int) -> str:
    """What a browser keeps instead of the token: until when (milliseconds of the machine's time), and that instant under the token."""
    return f"{until}.{hmac.new(token.encode(), f'tgpay-emulator demo {until}'.encode(), hashlib.sha256).hexdigest()}"


def _is_known() -> bool:
    """Whether the token was typed in this browser, and not too long ago."""
    given = request.cookies.get(SESSION, "")
    until = given.partition(".")[0]
    return until.isascii() and until.isdecimal() and len(until) < 16 and real_now() < int(until) \
        and hmac.compare_digest(given.encode(), session(token_in_force(), int(until)).encode())
