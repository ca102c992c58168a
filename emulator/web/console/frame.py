"""What is around every page of the console: navigation, merchant filter, language, the emulator's time, and
what an act has led to.
"""
import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, g, render_template, request, url_for

from ...base import clock, money
from ...base.clock import real_now
from ...base.urls import with_query
from ...domain.errors import OperationError
from ..control.interface import Problem, token_in_force, wrong_request
from ..control.problems import of_error
from ..current import emulator, under_prefix
from ..pages import secure
from ..texts import CONSOLE, LANGUAGES, Texts

blueprint = Blueprint("console", __name__, url_prefix="/console")
LANGUAGE, TOLD = "tgpay_language", "tgpay_told"
A_YEAR_S, A_MOMENT_S = 365 * 86400, 60
LIVE = "X-Console-Live"  # of a window that brings itself up to date: nobody reads what it is told
MOST_LISTED = 100
KEPT, FORGOTTEN = "merchants_id", "console_forgets_merchant"


@dataclass(frozen=True)
class Page:
    """A row of the navigation: the name of its view and of its text, and the path of its drawing, 24 × 24."""

    name: str
    icon: str


NAVIGATION: list[Page] = []  # in the order in which they are shown; the package fills it


def texts() -> Texts:
    """The texts in the language that the address asks for, else the one chosen before, else the browser's."""
    chosen_before = request.args.get("lang") or request.cookies.get(LANGUAGE) or ""
    wanted = (chosen_before if chosen_before in LANGUAGES
              else request.accept_languages.best_match(["en", "zh"]))
    return Texts(wanted or "en", CONSOLE)


def chosen() -> str | None:
    """The merchant that the pages are narrowed to, or None."""
    return None if g.get(FORGOTTEN) else request.args.get(KEPT, "").strip() or None


def forget_chosen() -> None:
    """The address names a merchant that there is not: links of the page that says so lead on without it."""
    setattr(g, FORGOTTEN, True)


def to(view: str, **values: Any) -> str:
    """The address of a view of the console; the merchant filter stays, unless another is given."""
    kept = {KEPT: chosen(), **values}
    return url_for(f"console.{view}",
                   **{name: value for name, value in kept.items() if value not in (None, "")})


def narrowed(*names: str) -> dict[str, str | None]:
    """What a list is asked to be narrowed to; None for what is not asked."""
    return {name: request.args.get(name, "").strip() or None for name in names}


def one_of(asked: str | None, name: str, words: Iterable[str]) -> str | None:
    """A value of a filter, when it is one of its words, or None. Raises Problem."""
    if asked is None or asked in (known := list(words)):
        return asked
    raise wrong_request(f"{name} must be one of {', '.join(known)}")


def before() -> int | None:
    """The id below which a page of a list begins; None on the first page."""
    return number("before")


def number(name: str) -> int | None:
    """A whole number in the query that may be an id, or None."""
    written = request.args.get(name, "")
    return int(written) if written.isascii() and written.isdecimal() and len(written) < 19 else None


def here(**changes: Any) -> str:
    """The address of this page with other values in its query."""
    asked = {name: value for name, value in {**request.args.to_dict(), **changes}.items()
             if value not in (None, "")}
    return with_query(under_prefix(request.path), asked)


def present() -> int:
    """The emulator's instant."""
    return emulator().store.read().clock.now()


def show(template: str, page: str, status: int = 200, follows: str = "", **values: Any) -> Response:
    """A page: a template of `templates/console`, the name of the page that is current in the navigation, and
    the kinds of events at which it brings itself up to date (order, request, notification).
    """
    html = render_template(f"console/{template}.html", **_around(page), follows=follows, **values)
    return secure(Response(html, status, content_type="text/html; charset=utf-8"))


def _around(page: str) -> dict[str, Any]:
    """What the frame shows, and what templates work with."""
    tables = emulator().store.read()
    ticking = tables.clock.get()
    merchants = tables.merchants.names(MOST_LISTED)
    return {
        "texts": texts(), "pages": NAVIGATION, "page": page, "to": to, "here": here, "chosen": chosen(),
        "merchants": merchants, "many": len(merchants) == MOST_LISTED, "now": ticking.now(real_now()),
        "frozen": ticking.frozen is not None, "zone": emulator().settings.timezone,
        "newest": written(tables.newest()), "told": _told(), "locked": bool(token_in_force()),
        "spaced": _spaced, "iso": clock.iso, "amount": money.text}


def written(newest: tuple[int, int, int]) -> str:
    """How far the logs are, as a text that is different when something has happened."""
    return "-".join(map(str, newest))


def _spaced(instant: int) -> str:
    return clock.spaced(instant, emulator().settings.timezone)


def led_to(address: str) -> Response:
    """To another page."""
    return secure(Response(status=303, headers={"Location": address}, content_type="text/html"))


def go_on(address: str, sentence: str, good: bool = True) -> Response:
    """To another page, which says what has come of a change."""
    response = led_to(address)
    told = base64.urlsafe_b64encode(json.dumps([good, sentence]).encode()).decode()
    response.set_cookie(TOLD, told, max_age=A_MOMENT_S, path=under_prefix("/console"), httponly=True,
                        samesite="Strict")
    return response


def _told() -> tuple[bool, str] | None:
    """What the page before has left to be said: whether it is good, and a sentence."""
    try:
        good, sentence = json.loads(base64.urlsafe_b64decode(request.cookies.get(TOLD, "")))
        return None if LIVE in request.headers else (bool(good), str(sentence))
    except (TypeError, ValueError):
        return None


@blueprint.after_request
def remember(response: Response) -> Response:
    """Keep the language that was chosen, and forget what has been said."""
    if request.args.get("lang") in LANGUAGES:
        response.set_cookie(LANGUAGE, request.args["lang"], max_age=A_YEAR_S, path=under_prefix("/console"),
                            httponly=True, samesite="Lax")
    if (response.mimetype == "text/html" and "Location" not in response.headers and TOLD in request.cookies
            and LIVE not in request.headers):
        response.delete_cookie(TOLD, path=under_prefix("/console"))
    return response


@blueprint.errorhandler(OperationError)
def failed(error: OperationError) -> Response:
    """What an operation has met, as the problem that it is."""
    return nothing(of_error(error))


@blueprint.errorhandler(Problem)
def nothing(problem: Problem) -> Response:
    """What cannot be shown or done, as a sentence."""
    return show("problem", "", problem.status, sentence=problem.document["detail"])


@blueprint.get("", strict_slashes=False)
def console() -> Response:
    """The console begins with its first page."""

    return led_to(to(NAVIGATION[0].name))
