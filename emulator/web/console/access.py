"""Who may use the console: where a control token is in force, browsers in which it was typed, and pages of the console itself."""
import hashlib
import hmac

from flask import Response, request

from ... import durations
from ...clock import real_now
from .. import base_url
from ..control import refuse_other_sites, token_in_force
from .frame import blueprint, go_on, led_to, show, texts, to

SESSION = "tgpay_console"
GOOD_FOR = 30 * durations.DAY
UNGUARDED = ("console.sign_in",)


@blueprint.before_request
def admit() -> Response | None:
    """Only browsers that know the control token, where there is one, and no change by a page of another site."""
    refused = refuse_other_sites()
    if refused or not token_in_force() or request.endpoint in UNGUARDED or _is_known():
        return refused
    return show("token", "", 401, onwards=request.full_path if request.method == "GET" else to("console"))


def session(token: str, until: int) -> str:
    """What a browser keeps instead of the token: until when (milliseconds of the machine's time), and that instant under the token."""
    derived = hmac.new(token.encode(), f"tgpay-emulator console {until}".encode(), hashlib.sha256).hexdigest()
    return f"{until}.{derived}"


def _is_known() -> bool:
    """Whether the browser has typed the token before, and not too long ago."""
    given = request.cookies.get(SESSION, "")
    until = given.partition(".")[0]
    if not (until.isascii() and until.isdecimal() and len(until) < 16):
        return False
    expected = session(token_in_force(), int(until))
    return hmac.compare_digest(given.encode(), expected.encode()) and real_now() < int(until)


@blueprint.post("/session")
def sign_in() -> Response:
    """Take the token once, and let the browser in from now on."""
    token, given = token_in_force(), request.form.get("token", "").strip()
    onwards = _own(request.form.get("onwards", ""))
    if not token:
        return led_to(onwards)
    if not hmac.compare_digest(given.encode(), token.encode()):
        return show("token", "", 401, onwards=onwards, wrong=True)
    response = led_to(onwards)
    response.set_cookie(SESSION, session(token, real_now() + GOOD_FOR), max_age=GOOD_FOR // durations.SECOND, path="/console",
                        secure=base_url().startswith("https:"), httponly=True, samesite="Strict")
    return response


def _own(address: str) -> str:
    """The address to go on to, when it is one of the console's own."""
    place = address.partition("?")[0]
    own = place == "/console" or place.startswith("/console/")
    return address if own and ".." not in place and address.isprintable() and "\\" not in address else to("console")


@blueprint.post("/session/end")
def sign_out() -> Response:
    """Forget the browser."""
    response = go_on(to("console"), texts().signed_out)
    response.delete_cookie(SESSION, path="/console")
    return response
