"""Access to the demo: while control tokens are in force, only for browsers in which an admin's was typed.

The demo has one shop for all, so it is nothing for the token of a team.
"""
from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from .. import entrance, sessions
from ..current import is_locked, may_everything
from ..pages import page

NOTIFY_URL = "demo.notify"  # notifications carry no token; their signature is checked instead
UNGUARDED = ("demo.sign_in", NOTIFY_URL)


def admit() -> Response | None:
    """The refusal of the current request, or the page that asks for the token; None when it is allowed."""
    refused = None if request.endpoint == NOTIFY_URL else entrance.refuse()
    if refused or request.endpoint in UNGUARDED:
        return refused
    if not sessions.is_known():
        return page("demo_token.html", 401)
    return None if may_everything() else page("demo_token.html", 403, for_admins=True)


def sign_in() -> Response:
    """Check the typed token, and remember the browser."""
    holder = sessions.typed(request.form.get("token", ""))
    if is_locked() and holder is None:
        return page("demo_token.html", 401, wrong=True)
    onwards = redirect(url_for("demo.show", lang=request.args.get("lang")), 303)
    if holder:
        sessions.let_in(onwards, holder)
    return onwards
