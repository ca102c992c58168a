"""The frame of every page of the console, and helpers for its views.

The frame has the navigation, the merchant filter, the language, the emulator's time, and the result of the
last action.
"""
import base64
import json
from collections.abc import Iterable
from typing import Any

from flask import Blueprint, Response, g, render_template, request, url_for
from msgspec import Struct

from ...base import clock, money
from ...base.clock import real_now
from ...base.urls import with_query
from ...domain.errors import Forbidden, OperationError
from ...protocol.card_numbers import hidden
from ...store import Reader
from ..control.problems import Problem, of_error, wrong_request
from ..current import emulator, holder, is_locked, may_everything, under_prefix
from ..pages import secure
from ..texts import CONSOLE, LANGUAGES, Texts
from .banners import banners
from .subjects import subject_of

blueprint = Blueprint("console", __name__, url_prefix="/console")
LANGUAGE, MESSAGE = "tgpay_language", "tgpay_told"  # names of cookies
A_YEAR_S, A_MOMENT_S = 365 * 86400, 60
LIVE = "X-Console-Live"  # the header of a request by which a window updates itself, without a message
MOST_LISTED = 100
SPOKEN_IN = ("/console", "/docs")  # the parts of the emulator that share the chosen language
KEPT, FORGOTTEN = "merchants_id", "console_forgets_merchant"


class Page(Struct, frozen=True):
    """A row of the navigation: the name of its view and text, and the SVG path of its icon (24 × 24)."""

    name: str
    icon: str


NAVIGATION: list[Page] = []  # in the order in which the pages are shown; filled by the package


def texts() -> Texts:
    """The texts in the language of the query's `lang`, otherwise the one chosen before or the browser's."""
    chosen_before = request.args.get("lang") or request.cookies.get(LANGUAGE) or ""
    wanted = (chosen_before if chosen_before in LANGUAGES
              else request.accept_languages.best_match(["en", "zh"]))
    return Texts(wanted or "en", CONSOLE)


def chosen() -> str | None:
    """The merchants_id of the merchant filter, or None."""
    return None if g.get(FORGOTTEN) else request.args.get(KEPT, "").strip() or None


def forget_chosen() -> None:
    """Ignore the merchant filter for the rest of the request, so that an error page's links drop it."""
    setattr(g, FORGOTTEN, True)


def to(view: str, **values: Any) -> str:
    """The URL of a view of the console, with the current merchant filter unless `values` has another."""
    kept = {KEPT: chosen(), **values}
    return url_for(f"console.{view}",
                   **{name: value for name, value in kept.items() if value not in (None, "")})


def narrowed(*names: str) -> dict[str, str | None]:
    """The values of filters in the query; None for those that are missing or empty."""
    return {name: request.args.get(name, "").strip() or None for name in names}


def one_of(asked: str | None, name: str, words: Iterable[str]) -> str | None:
    """Check that the value of a filter is one of its words or None, and return it. Raises Problem."""
    if asked is None or asked in (known := list(words)):
        return asked
    raise wrong_request(f"{name} must be one of {', '.join(known)}")


def before() -> int | None:
    """The id in the query's `before`: a page of a list begins below it. None on the first page."""
    return number("before")


def number(name: str) -> int | None:
    """A whole number in the query that may be an id; None if it is missing or not a number."""
    return as_number(request.args.get(name, ""))


def as_number(written: str) -> int | None:
    """A whole number of at most 18 digits; None if the text is none."""
    return int(written) if written.isascii() and written.isdecimal() and len(written) < 19 else None


def here(**changes: Any) -> str:
    """The URL of the current page with some values of its query changed."""
    asked = {name: value for name, value in {**request.args.to_dict(), **changes}.items()
             if value not in (None, "")}
    return with_query(under_prefix(request.path), asked)


def present(merchants_id: str = "") -> int:
    """The time of a merchant's clock, or of the shared one, in milliseconds since 1970."""
    return emulator().store.read().clock.now(merchants_id)


def show(template: str, page: str, status: int = 200, follows: str = "", **values: Any) -> Response:
    """The response for a page, rendered from a template in `templates/console`.

    `page` is the page that is current in the navigation. `follows` are the kinds of events at which the page
    updates itself (order, request, notification), separated by spaces.
    """
    html = render_template(f"console/{template}.html", **_around(page), follows=follows, **values)
    return secure(Response(html, status, content_type="text/html; charset=utf-8"))


def _around(page: str) -> dict[str, Any]:
    """The template values that the frame and all pages use."""
    tables = emulator().store.read()
    whose = clocked(tables)
    ticking = tables.clock.get(whose)
    merchants, real = tables.merchants.names(MOST_LISTED), real_now()
    return {
        "texts": texts(), "pages": NAVIGATION, "page": page, "to": to, "here": here, "chosen": chosen(),
        "merchants": merchants, "many": len(merchants) == MOST_LISTED, "now": ticking.now(real),
        "banners": banners(tables, whose, ticking, real),
        "frozen": ticking.frozen is not None,
        "has_own_clock": bool(whose) and tables.clock.own(whose) is not None,
        "zone": emulator().settings.timezone, "subject": subject_of(page),
        "newest": written(tables.newest()), "told": _message(), "locked": is_locked(),
        "holder": holder(), "everybody": may_everything(), "zoned": _zoned, "iso": clock.iso,
        "amount": money.text, "money": money.display, "money_of": money.display_of}


def clocked(tables: Reader) -> str:
    """The merchant in the filter, whose time the page shows; empty if it shows that of the shared clock."""
    merchants_id = chosen()
    return merchants_id if merchants_id and tables.merchants.find(merchants_id) is not None else ""


def written(newest: tuple[int, int, int]) -> str:
    """The newest ids of the three logs as text, which changes with every new entry."""
    return "-".join(map(str, newest))


def _zoned(instant: int) -> str:
    return clock.zoned(instant, emulator().settings.timezone)


def led_to(address: str) -> Response:
    """A redirect (303) to another page."""
    return secure(Response(status=303, headers={"Location": address}, content_type="text/html"))


def go_on(address: str, sentence: str, good: bool = True) -> Response:
    """A redirect (303) to another page, which shows the result of a change: a sentence, good or bad."""
    response = led_to(address)
    message = base64.urlsafe_b64encode(json.dumps([good, sentence]).encode()).decode()
    response.set_cookie(MESSAGE, message, max_age=A_MOMENT_S, path=under_prefix("/console"), httponly=True,
                        samesite="Strict")
    return response


def go_back(address: str, error: OperationError) -> Response:
    """A redirect to another page, which shows why an operation was not done; card numbers are hidden."""
    return go_on(address, hidden(str(error)), good=False)


def _message() -> tuple[bool, str] | None:
    """The message that the previous page has left for this one: whether it is good, and a sentence."""
    try:
        good, sentence = json.loads(base64.urlsafe_b64decode(request.cookies.get(MESSAGE, "")))
        return None if LIVE in request.headers else (bool(good), str(sentence))
    except (TypeError, ValueError):
        return None


@blueprint.after_request
def remember_language(response: Response) -> Response:
    """Store the language that the query chooses in cookies."""
    if request.args.get("lang") in LANGUAGES:
        for path in SPOKEN_IN:
            response.set_cookie(LANGUAGE, request.args["lang"], max_age=A_YEAR_S, path=under_prefix(path),
                                httponly=True, samesite="Lax")
    return response


@blueprint.after_request
def forget_message(response: Response) -> Response:
    """Delete the message that was shown."""
    if (response.mimetype == "text/html" and "Location" not in response.headers
            and MESSAGE in request.cookies and LIVE not in request.headers):
        response.delete_cookie(MESSAGE, path=under_prefix("/console"))
    return response


@blueprint.errorhandler(OperationError)
def failed(error: OperationError) -> Response:
    """The page for an error of an operation."""
    return nothing(of_error(error))


@blueprint.errorhandler(Forbidden)
def forbidden(error: Forbidden) -> Response:
    """The page for what concerns everybody, where the token is a team's."""
    return show("problem", "", 403, is_missing=False, sentence=texts().for_admins)


@blueprint.errorhandler(Problem)
def nothing(problem: Problem) -> Response:
    """The page for a problem, with its sentence."""
    return show("problem", "", problem.status, sentence=problem.document()["detail"],
                is_missing=problem.status == 404)


@blueprint.get("/<path:place>")
def unknown_page(place: str) -> Response:
    """The page for an address of the console at which there is nothing."""
    return show("problem", "", 404, is_missing=True,
                sentence=texts().numbered(texts().no_page_at, hidden(f"/console/{place}")))


@blueprint.get("", strict_slashes=False)
def console() -> Response:
    """Redirect to the first page of the navigation."""

    return led_to(to(NAVIGATION[0].name))
