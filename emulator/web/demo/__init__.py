"""The demo shop `/demo`: a shop, its buyer and the gateway side by side, in stories shown step by step.

The shop works like a real merchant. It signs its requests and sends them to `/v2` over HTTP, at the address
on which this server listens. It receives notifications at `/demo/notify`, and trusts correctly signed
messages only. Every visitor may use the page; while a control token is in force, the page requires it.
"""
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for

from ...base.urls import reachable, url_of
from ..current import emulator
from ..pages import page, texts
from ..streams import take
from .access import admit, sign_in

blueprint = Blueprint("demo", __name__, url_prefix="/demo")
MOST_BYTES = 64 * 1024
blueprint.before_request(admit)
blueprint.post("/session")(sign_in)


@blueprint.get("")
def show() -> Response:
    """The page of the demo; the first visit begins the first story."""
    from . import scene, stage, stories, telling

    here = emulator()
    if stage.position(here.store.read()) is None:
        telling.begin(here, _address(), stories.STORIES[0])
    return page("demo.html", frames="'self'", **scene.shown(here, texts().language))


@blueprint.post("/tell/<name>")
def tell(name: str) -> Response | Any:
    """Begin a story, also a second time: the shop, its orders and its notebook are reset."""
    from . import stories, telling

    story = stories.named(name)
    if story is None:
        return page("not_found.html", 404)
    telling.begin(emulator(), _address(), story)
    return _onwards()


@blueprint.post("/<move>")
def go(move: str) -> Response | Any:
    """Go one step forward or back.

    The form's `seen` is the step that the page showed, so that a key pressed twice moves one step only.
    """
    from . import stage, stories, telling

    if move not in stage.MOVES:
        return page("not_found.html", 404)
    here, seen = emulator(), request.form.get("seen", "")
    with take(here, "the demo"):  # before the step is stored: without a place it is neither shown nor done
        entered = stage.go(here, stage.MOVES[move], seen)
        if entered is not None:
            story, step = stories.current(entered)
            entering = stage.Stage(here, _address(), entered, story.goods, texts().language)
            with here.waiting.pause():  # frees the slot, because the shop's requests need one
                telling.act(entering, step)
    return _onwards()


@blueprint.route("/notify", methods=["GET", "POST"])
def notify() -> tuple[str, int]:
    """The shop's notify_url: it stores notifications of its orders, and answers `success`."""
    from . import clerk

    body = request.stream.read(MOST_BYTES).decode("utf-8", "replace")
    understood = clerk.receive(emulator().units, request.query_string.decode("latin-1"), body,
                               request.content_type or "")
    return ("success", 200) if understood else ("this is no notification", 400)


def _address() -> str:
    """The URL at which this machine reaches the server.

    The host in a visitor's request is not used, because it may not lead to this server from here. A
    certificate that was given may have no other name than that of `public_url`.
    """
    settings = emulator().settings
    if settings.tls_cert and settings.public_url and not settings.tls:
        return str(settings.public_url)
    place, port = request.environ["SERVER_NAME"], request.environ["SERVER_PORT"]
    return reachable(url_of(place, port, settings.scheme))


def _onwards() -> Any:
    return redirect(url_for("demo.show", lang=request.args.get("lang")), 303)
