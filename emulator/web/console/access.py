"""Access to the console: while control tokens are in force, only for browsers in which one was typed."""
from flask import request
from werkzeug.wrappers import Response

from .. import entrance, sessions
from ..current import is_locked, under_prefix
from .frame import blueprint, go_on, led_to, show, texts, to

UNGUARDED = ("console.sign_in",)


@blueprint.before_request
def admit() -> Response | None:
    """The refusal of the current request, or the page that asks for the token; None when it is allowed."""
    refused = entrance.refuse()
    if refused or request.endpoint in UNGUARDED or sessions.is_known():
        return refused
    onwards = under_prefix(request.full_path) if request.method == "GET" else to("console")
    return show("token", "", 401, onwards=onwards)


@blueprint.post("/session")
def sign_in() -> Response:
    """Check the typed token, remember the browser, and redirect to the page that was asked for."""
    onwards = _own(request.form.get("onwards", ""))
    if not is_locked():
        return led_to(onwards)
    holder = sessions.typed(request.form.get("token", ""))
    if holder is None:
        return show("token", "", 401, onwards=onwards, wrong=True)
    response = led_to(onwards)
    sessions.let_in(response, holder)
    return response


def _own(address: str) -> str:
    """The address, if it is an address of the console; otherwise the console's first page."""
    place = address.partition("?")[0]
    console = under_prefix("/console")
    own = place == console or place.startswith(f"{console}/")
    return (address if own and ".." not in place and address.isprintable()
            and "\\" not in address else to("console"))


@blueprint.post("/session/end")
def sign_out() -> Response:
    """Delete the browser's session cookie."""
    response = go_on(to("console"), texts().signed_out)
    sessions.forget(response)
    return response
