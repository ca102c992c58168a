"""The pages for card payments: the cashier, the issuer's 3-D Secure page, and the result (section 7)."""
import json
import re
from typing import Any

from flask import Blueprint, Response, redirect, request, url_for
from msgspec.structs import replace

from .. import terminal
from ..base import clock, money
from ..base.urls import escaped
from ..domain import notifications, transitions
from ..domain.card_orders import CardOrder
from ..domain.kinds import of_kind
from ..domain.orders import Order
from ..operations import card_payments, payers, scripting
from ..operations.payments import Payments
from ..protocol import test_cards
from ..protocol.response_codes import RESPONSE_CODES, CardStatus
from . import refusals
from .current import emulator
from .pages import BY_OWN_PAGES, leads_to, order_of, page, present_time, seconds_left, state_response, texts

blueprint = Blueprint("cashier", __name__)
FIELDS = ("cardNo", "expirationMonth", "expirationYear", "cvv")
EXPIRY = re.compile(r"(\d{1,2})\s*/?\s*(?:20)?(\d\d)", re.ASCII)  # month and year
# Test cards with a button of their own: one of each brand that pays, and others by the name of their text.
# A list on the page has the rest.
PAYING = (test_cards.PLAIN[2], test_cards.PLAIN[4], *test_cards.PLAIN[5:])
FAVOURITES = {
    test_cards.number_of("3084", "00000"): "tap_money", test_cards.number_of("3100", "00000"): "tap_declined",
    test_cards.number_of("3119", "00000"): "tap_lost", test_cards.number_of("3200", "00000"): "tap_3d",
    test_cards.number_of("3200", "00001"): "tap_review", test_cards.number_of("3150", "00001"): "tap_later"}


@blueprint.route("/pay/<token>", methods=["GET", "POST"])
def pay(token: str) -> Response:
    """The cashier page: the card form while the payment waits for a card, otherwise its state or result."""
    order = card_order_of(token)
    if order is None:
        return page("not_found.html", 404)
    view = _view(order)
    shown = {**_shown(order), "view": view}
    if view == "form":
        refused = _advice(order, request.args.get("refused", ""))
        return page("cashier.html", form_action=_elsewhere(order), framed_by=BY_OWN_PAGES, brands=_brands(),
                    brand_names=[brand.name for brand in test_cards.BRANDS], refused=refused,
                    missing="missing" in request.args, **_test_cards(), **shown)
    return page("card_result.html", framed_by=BY_OWN_PAGES, **shown)


def card_order_of(token: str) -> CardOrder | None:
    """The card order of a page token, as of now; None if there is none, or the order is of another kind."""
    return of_kind(CardOrder, order_of(token))


def _view(order: CardOrder) -> str:
    """The view that the cashier shows: `terminal`, `form`, `pending`, or the status of the result."""
    card = order.card
    if order.is_for_terminal and card.status is CardStatus.RECEIVED:
        return "terminal"
    if (card.on_the_cashier
            and (card.status is CardStatus.RECEIVED or ("again" in request.args and _may_try_again(order)))):
        return "form"
    waits = card.status in (CardStatus.RECEIVED, CardStatus.PENDING_REVIEW)
    return "pending" if waits else str(card.status)


def _may_try_again(order: CardOrder) -> bool:
    """Whether the payer may present another card: after a decline, before the order expires."""
    return card_payments.takes_another(order, present_time(order.merchants_id))


@blueprint.post("/pay/<token>/card")
def present(token: str) -> Response | Any:
    """Present the typed card, and redirect to the issuer's page or to the result."""
    refused, order = refusals.of_other_sites(), card_order_of(token)
    if refused or order is None or not order.card.on_the_cashier or order.is_for_terminal:
        return refused or page("not_found.html", 404)
    given = _typed_card()
    language = request.args.get("lang")
    if not all(given.values()):
        return redirect(url_for("cashier.pay", token=token, missing=1, again=1, lang=language), 303)
    card = test_cards.present(test_cards.typed(given), present_time(order.merchants_id),
                              emulator().settings.timezone)
    if card.outcome.code in test_cards.REFUSALS:
        return redirect(url_for("cashier.pay", token=token, refused=card.outcome.code, again=1,
                                lang=language), 303)
    attempt = request.form.get("attempt")

    def act(payments: Payments, current: CardOrder) -> CardOrder:
        if attempt is not None and not _is_attempt(current, attempt):
            return current
        return _presented(payments, _open(payments, current), card, given["cardNo"])
    after = payers.act(emulator().units, CardOrder, token, act)
    if after and after.card.is_challenged:
        return redirect(url_for("cashier.issuer", token=token, attempt=after.card.attempt, lang=language),
                        303)
    return redirect(url_for("cashier.pay", token=token, lang=language), 303)


def _typed_card() -> dict[str, str]:
    """The fields of the posted form, as FIELDS names them; empty where nothing was typed.

    The page has one field for the expiry date, such as `12/49`. Month and year in fields of their own are
    accepted too.
    """
    given = {name: request.form.get(name, "").strip() for name in FIELDS}
    expiry = request.form.get("expiry", "").strip()
    if expiry:
        match = EXPIRY.fullmatch(expiry)
        month, year = match.groups() if match else (expiry, expiry)
        given |= {"expirationMonth": month, "expirationYear": year}
    return given


def _presented(payments: Payments, order: CardOrder, card: test_cards.Presented, number: str) -> CardOrder:
    """Present the card, and return the order as the issuer or a scenario rule decides. Raises Refused."""
    script = scripting.presented(payments.tables, payments.settings.seed, order, number, payments.now)
    scripted = card_payments.as_scripted(card, script)
    if scripted.outcome.code in test_cards.REFUSALS:
        raise transitions.card_refusal(scripted.outcome.code, scripted.why)
    return card_payments.present(replace(payments, script=script), order, scripted)


def _open(payments: Payments, order: CardOrder) -> CardOrder:
    """The order, reopened after a decline if the payer may try again."""
    return card_payments.retry(payments, order, order.expires_at) if _may_try_again(order) else order


@blueprint.get("/pay/<token>/state")
def state(token: str) -> Response:
    """The state of a card order as JSON, for pages that poll."""
    order = card_order_of(token)
    if order is None:
        return Response("{}", 404, content_type="application/json")
    return state_response({"status": str(order.card.status), "left": seconds_left(order), "go_on": None,
                           "shows": _at_the_terminal(order)})


@blueprint.route("/3ds/<token>/<id:attempt>", methods=["GET", "POST"])
def issuer(token: str, attempt: int) -> Response | Any:
    """The issuer's page: it asks for the one-time code of an attempt while the challenge is open."""
    order = card_order_of(token)
    if order is None:
        return page("not_found.html", 404)
    if not _is_attempt(order, attempt) or not order.card.is_challenged:
        return _onwards(order)
    wrong = f"{_advice(order, test_cards.WRONG_PIN)} ({RESPONSE_CODES[test_cards.WRONG_PIN].message})"
    # Shops show this page in a frame.
    return page("issuer.html", form_action=_elsewhere(order), framed_by="http: https:",
                code=test_cards.ONE_TIME_CODE, wrong=wrong,
                left_to_type=test_cards.MOST_WRONG_CODES - order.card.wrong_codes, **_shown(order))


@blueprint.post("/3ds/<token>/<id:attempt>/<act>")
def authenticate(token: str, attempt: int, act: str) -> Response | Any:
    """Check the typed one-time code, or cancel; then redirect to the shop, or back to the issuer's page."""
    refused, order = refusals.of_other_sites(), card_order_of(token)
    if refused or order is None or act not in ("answer", "cancel"):
        return refused or page("not_found.html", 404)
    if _is_attempt(order, attempt) and order.card.is_challenged:
        typed = request.form.get("code", "").strip() if act == "answer" else None

        def answer(payments: Payments, current: CardOrder) -> CardOrder:
            if not _is_attempt(current, attempt):
                return current
            return card_payments.authenticate(payments, current, typed)
        order = payers.act(emulator().units, CardOrder, token, answer) or order
    if order.card.is_challenged:
        return redirect(url_for("cashier.issuer", token=token, attempt=attempt,
                                lang=request.args.get("lang")), 303)
    return _onwards(order)


def _is_attempt(order: CardOrder, attempt: int | str) -> bool:
    """Whether the order is still at the attempt that the page showed.

    So a second click, or a click in an old window, has no effect.
    """
    return str(order.card.attempt) == str(attempt)


def _onwards(order: CardOrder) -> Response | Any:
    """Redirect from the issuer's page to the shop with the result.

    A payer who came from the cashier, or whose order has no shop address, goes to the cashier.
    """
    url = _shop(order)
    if url and not order.card.on_the_cashier:
        return redirect(url, 303)
    return redirect(url_for("cashier.pay", token=order.page_token, lang=request.args.get("lang")), 303)


def _shop(order: CardOrder) -> str:
    """The shop's URL for the payer, with the result in it, escaped for a browser; empty when it has none."""
    merchant = emulator().store.read().merchants.find(order.merchants_id)
    return escaped(notifications.returned(order, merchant)) if merchant else ""


def _at_the_terminal(order: CardOrder) -> str:
    """What the order's terminal shows now, in the page's language; empty for an order without a terminal."""
    shown = terminal.state(order.transaction, present_time(order.merchants_id))
    return texts(order)[str(shown)] if order.is_for_terminal else ""


def _elsewhere(order: Order) -> str:
    """The sources for form-action to which the order's forms may lead, besides the emulator."""
    return leads_to(order.details.get("redirect_url", ""))


def _shown(order: CardOrder) -> dict[str, Any]:
    """The template values for the pages of a card order."""
    card, merchant = order.card, emulator().store.read().merchants.find(order.merchants_id)
    url = _shop(order)
    given_up = escaped(order.details.get("return_url", ""))
    return {
        "order": order, "card": card, "merchant": merchant.name if merchant else order.merchants_id,
        "amount": money.display(order.amount, order.currency), "left": seconds_left(order),
        "again": _may_try_again(order), "advice": _advice(order, card.code), "message": card.message,
        "shop": url, "given_up": given_up or url, "over": url or given_up,
        "completed": clock.spaced(card.completed_at, emulator().settings.timezone)
        if card.completed_at is not None else "",
        "now": _this_month(order.merchants_id), "shows": _at_the_terminal(order),
        "goods": order.details.get("goods_name", "").replace("|", ", ")}


def _this_month(merchants_id: str) -> tuple[int, int]:
    today = clock.moment(present_time(merchants_id), emulator().settings.timezone)
    return today.month, today.year


def _advice(order: Order, code: str) -> str:
    """The document's advice to the payer for a response code, in the page's language; empty without one."""
    row = RESPONSE_CODES.get(code)
    return texts(order).told(row.advice.sentence, "advice", row.advice.name) if row else ""


def _brands() -> str:
    return json.dumps([[brand.name, brand.starts, brand.lengths, brand.cvv] for brand in test_cards.BRANDS])


def _test_cards() -> dict[str, Any]:
    """The test cards of the page: those with a button, and all."""
    every = {card.number: card for card in test_cards.test_cards()}
    return {"paying": [every[number] for number in PAYING],
            "favourites": [(every[number], name) for number, name in FAVOURITES.items()],
            "every": every.values(), "grouped": test_cards.grouped}
