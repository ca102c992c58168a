"""Access to the demo: while a control token is in force, only for browsers in which it was typed."""
from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as Answered

from .. import entrance, sessions
from ..control.interface import token_in_force
from ..pages import page

NOTIFY_URL = "demo.notify"  # notifications carry no token; their signature is checked instead
UNGUARDED = ("demo.sign_in", NOTIFY_URL)


def admit() -> Response | None:
    """The refusal of the current request, or the page that asks for the token; None when it is allowed."""
    refused = None if request.endpoint == NOTIFY_URL else entrance.refuse()
    if refused or request.endpoint in UNGUARDED or sessions.is_known():
        return refused
    return page("demo_token.html", 401)


def sign_in() -> Answered:
    """Check the typed token, and remember the browser."""
    if token_in_force() and not sessions.is_right(request.form.get("token", "")):
        return page("demo_token.html", 401, wrong=True)
    onwards = redirect(url_for("demo.show", lang=request.args.get("lang")), 303)
    if token_in_force():
        sessions.let_in(onwards)
    return onwards
