"""`/demo`: a small shop, its buyer and the gateway side by side, in stories that a person tells step by step.

The shop is an honest merchant: it signs and calls `/v2` over HTTP at the address that this server listens on,
hears notifications at `/demo/notify`, and believes nothing but what is rightly signed. Whoever reaches the
page drives it; while a control token is in force, it is asked for.
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
    """The stage; the first visit begins the first story."""
    from . import scene, stage, stories, telling

    here = emulator()
    if stage.position(here.store.read()) is None:
        telling.begin(here, _address(), stories.STORIES[0])
    return page("demo.html", frames="'self'", **scene.shown(here, texts().language))


@blueprint.post("/tell/<name>")
def tell(name: str) -> Response | Any:
    """Begin a story, or begin it again: the shop, its orders and its notebook are as new."""
    from . import stories, telling

    story = stories.named(name)
    if story is None:
        return page("not_found.html", 404)
    telling.begin(emulator(), _address(), story)
    return _onwards()


@blueprint.post("/<move>")
def go(move: str) -> Response | Any:
    """One step on or back; `seen` is the step that the page showed, so that a key pressed twice goes one
    step.
    """
    from . import stage, stories, telling

    if move not in stage.MOVES:
        return page("not_found.html", 404)
    here, seen = emulator(), request.form.get("seen", "")
    with take("the demo"):  # taken first: a step that cannot be taken is not shown either
        entered = stage.go(here, stage.MOVES[move], seen)
        if entered is not None:
            story, step = stories.told(entered)
            entering = stage.Stage(here, _address(), entered, story.goods, texts().language)
            with here.waiting.pause():  # the shop's own requests are worked on meanwhile
                telling.act(entering, step)
    return _onwards()


@blueprint.route("/notify", methods=["GET", "POST"])
def notify() -> tuple[str, int]:
    """The shop's notify_url: it keeps what it hears of its orders, and says `success`."""
    from . import clerk

    body = request.stream.read(MOST_BYTES).decode("utf-8", "replace")
    understood = clerk.hear(emulator().units, request.query_string.decode("latin-1"), body,
                            request.content_type or "")
    return ("success", 200) if understood else ("this is no notification", 400)


def _address() -> str:
    """Where this server listens, as the machine itself reaches it: what visitors call it may lead elsewhere,
    or nowhere from here.
    """
    return reachable(url_of(request.environ["SERVER_NAME"], request.environ["SERVER_PORT"]))


def _onwards() -> Any:
    return redirect(url_for("demo.show", lang=request.args.get("lang")), 303)
