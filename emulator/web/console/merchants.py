"""The pages of merchants, which make, change, reset and remove them, and show a token and first programs."""
from collections.abc import Mapping
from typing import Any

from flask import Response, request

from ...base import portions, urls
from ...domain.destinations import INBOX
from ...domain.errors import Invalid, OperationError
from ...domain.merchants import NOTIFY_METHODS, PRODUCTS
from ...operations import merchants as operations
from ...operations.unit import merchant_of
from ...protocol.card_numbers import hidden
from ..current import base_url, emulator
from .frame import MOST_LISTED, Page, blueprint, go_back, go_on, show, texts, to
from .snippets import snippets

PAGE = Page("merchants", "M4 10l1.5-6h13L20 10M4 10v10h16V10"
            "M4 10c0 2 3 2 4 0c1 2 3 2 4 0c1 2 3 2 4 0c1 2 4 2 4 0M9 20v-6h6v6")
TYPED = ("name", "notify_url", "notify_method", "currency", "rate", "fee_rate")


@blueprint.get("/merchants")
def merchants() -> Response:
    """A page of the list of merchants."""
    page = emulator().store.read().merchants.page(request.args.get("after", ""), MOST_LISTED)
    settings = ((each.merchants_id, each.shown_settings()) for each in page)
    rows, complete = portions.taken(settings, lambda row: len(str(row[1])))
    is_last = complete and len(rows) < MOST_LISTED
    return show("merchants", "merchants", rows=rows, rest=None if is_last else rows[-1][0])


@blueprint.post("/merchants")
def make_merchant() -> Response:
    """Make a merchant."""
    number, name = (request.form.get(field, "").strip() for field in ("merchants_id", "name"))
    settings = {"notify_url": request.form.get("notify_url", INBOX).strip()}
    if name:
        settings["name"] = name
    try:
        made = operations.create(emulator().units, number or None, settings)
    except OperationError as error:
        return go_back(to("merchants"), error)
    return go_on(to("merchant", number=made.merchants_id), f"{texts().mer_made} {made.merchants_id}")


@blueprint.get("/merchants/<number>")
def merchant(number: str) -> Response:
    """The page of one merchant with its settings."""
    return _shown(number, merchant_of(emulator().store.read(), number).shown_settings())


def _shown(number: str, settings: Mapping[str, Any], wrong: Mapping[str, str] | None = None) -> Response:
    """A merchant's page with these settings in its form, and with the errors in `wrong` by their names."""
    found = merchant_of(emulator().store.read(), number)
    shows_token = "token" in request.args
    token = found.token if shows_token else texts().mer_token_here
    return show("merchant", "merchants", 422 if wrong else 200, merchant=found, settings=settings,
                wrong=wrong or {}, products=PRODUCTS,
                methods=NOTIFY_METHODS, shows_token=shows_token, programs=snippets(number, token, base_url()))


@blueprint.post("/merchants/<number>")
def change_merchant(number: str) -> Response:
    """Change the settings of a merchant; if any is wrong, change none and show the errors."""
    typed = {name: request.form.get(name, "").strip() for name in TYPED}
    given = {**typed, "products": request.form.getlist("products"), "strict": "strict" in request.form}
    try:
        operations.change(emulator().units, number, given)
    except Invalid as invalid:
        shown_url = urls.discreet(typed["notify_url"])
        wrong = {name: hidden(problem) for name, problem in invalid.problems.items()}
        if shown_url != typed["notify_url"]:
            wrong = {"notify_url": texts().mer_password_again, **wrong}
        return _shown(number, {**given, "notify_url": shown_url}, wrong)
    return go_on(to("merchant", number=number), texts().mer_saved)


@blueprint.post("/merchants/<number>/reset")
def reset_merchant(number: str) -> Response:
    """Delete everything that a merchant did, and restore its seeded state."""
    operations.reset(emulator().units, number)
    return go_on(to("merchant", number=number), texts().mer_was_reset)


@blueprint.post("/merchants/<number>/remove")
def remove_merchant(number: str) -> Response:
    """Remove a merchant with all its data, and clear the merchant filter."""
    operations.remove(emulator().units, number)
    return go_on(to("merchants", merchants_id=""), f"{texts().mer_removed} {number}")
