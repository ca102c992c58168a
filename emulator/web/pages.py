"""The wallet pages, the QR pictures, and the emulator's front page."""
import io
import json
from functools import partial
from typing import Any, TypeVar

import werkzeug.wrappers
from flask import Blueprint, Response, redirect, render_template, request, url_for

from ..base import clock, money
from ..base.urls import escaped, scheme
from ..domain import wallets
from ..domain.kinds import of_kind
from ..domain.orders import Order, Status
from ..domain.transitions import at
from ..domain.wallet_orders import WalletOrder
from ..gateway.endpoints import ENDPOINTS
from ..gateway.endpoints.tgpayh5 import WEBSITE
from ..operations import payers, wallet_payments
from ..operations.payers import PayersAct
from . import refusals
from .current import base_url, emulator
from .texts import Texts

blueprint = Blueprint("pages", __name__)
PIXELS = {"L": 430, "M": 230, "S": 130}
FAILURES = {"decline": "", "balance": "BUYER_BALANCE_NOT_ENOUGH"}
ACTS: dict[str, PayersAct[WalletOrder]] = {
    "pay": wallet_payments.pay_on_page,
    **{name: partial(wallet_payments.decline, failure=why) for name, why in FAILURES.items()}}
BY_OWN_PAGES = "'self'"  # the demo shows the buyer's pages in a frame
TERMINALS_ON_THE_FRONT_PAGE = 5
Answer = TypeVar("Answer", bound=werkzeug.wrappers.Response)
PHONES = ("Mobile", "Android", "iPhone", "MicroMessenger", "AlipayClient")


def texts(order: Order | None = None) -> Texts:
    """The texts in the language of the query's `lang`, otherwise the order's, otherwise the browser's."""
    ordered = {"cn": "zh", "en": "en"}.get(order.details.get("language", "")) if order else None
    return Texts(request.args.get("lang") or ordered or request.accept_languages.best_match(["en", "zh"])
                 or "en")


def secure(response: Answer, form_action: str = "", framed_by: str = "'none'",
           frames: str = "'none'") -> Answer:
    """Add security headers, so that a page can load and reach this emulator only. Returns the response.

    `form_action` are further targets of the page's forms, `framed_by` the sites that may show it in a frame,
    and `frames` the sites that it may show in a frame; all as sources of Content-Security-Policy.
    """
    response.headers["Content-Security-Policy"] = (
        (f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src "
         f"'self'; base-uri 'none'; "
         f"frame-src {frames}; frame-ancestors {framed_by}; form-action 'self' {form_action}"))
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    return response


def leads_to(url: str) -> str:
    """The sources for form-action that allow a form to redirect to a merchant's URL; empty without a URL.

    Browsers apply form-action to redirects too, and a shop may redirect the payer to another of its hosts.
    """
    own = {scheme(url), "http", "https"} if url else set()
    return " ".join(f"{name}:" for name in sorted(own))


def page(template: str, status: int = 200, form_action: str = "", framed_by: str = "'none'",
         frames: str = "'none'",
         **values: Any) -> Response:
    """The response for a page, rendered from a template; the parameters are those of `secure`."""
    html = render_template(template, texts=texts(values.get("order")), **values)
    if status == 404 and framed_by == "'none'":
        framed_by = BY_OWN_PAGES  # the demo's frame may show an order that no longer exists
    return secure(Response(html, status, content_type="text/html; charset=utf-8"), form_action, framed_by,
                  frames)


@blueprint.get("/")
def home() -> Response:
    """The front page: what the emulator is, with links."""
    from ..gateway import fidelity

    tables = emulator().store.read()
    merchants = list(tables.merchants.page("", 20))
    return page("home.html", endpoints=ENDPOINTS.values(), fidelity=fidelity.sources, merchants=merchants,
                base_url=base_url(), wallets=wallets.WALLETS, SHOWN=TERMINALS_ON_THE_FRONT_PAGE,
                names={merchant.merchants_id: merchant.name for merchant in merchants},
                terminals=[device for merchant in merchants
                           for device in tables.terminals.of_merchant(merchant.merchants_id)])


@blueprint.route("/wallet/<token>", methods=["GET", "POST"])
def wallet(token: str) -> Response:
    """The order in the payer's wallet; for an H5 order of a website on a desktop, a QR code for the phone."""
    order = _of_wallet(token)
    if order is None:
        return page("not_found.html", 404)
    if order.details.get("scene_type") == WEBSITE and "here" not in request.args and not _is_phone() \
            and order.status is Status.WAIT_BUYER_PAY:
        return page("scan.html", **shown(order))
    return page("wallet.html", form_action=leads_to(order.details.get("return_url", "")),
                framed_by=BY_OWN_PAGES, failure=request.args.get("failed"), **shown(order))


@blueprint.post("/wallet/<token>/<act>")
def act(token: str, act: str) -> Response | Any:
    """Pay or decline as the payer, and redirect to the shop or back to the wallet."""
    refused = refusals.of_other_sites()
    order = _of_wallet(token)
    if refused or order is None or act not in ACTS:
        return refused or page("not_found.html", 404)
    order = payers.act(emulator().units, WalletOrder, token, ACTS[act]) or order
    failed = None
    if order.status is Status.WAIT_BUYER_PAY:
        failed = "balance" if order.failure == FAILURES["balance"] else "decline"
    if order.was_paid and order.details.get("return_url"):
        return redirect(escaped(order.details["return_url"]), 303)
    return redirect(url_for("pages.wallet", token=token, here=1, failed=failed,
                            lang=request.args.get("lang")), 303)


@blueprint.get("/wallet/<token>/state")
def state(token: str) -> Response:
    """The state of a wallet order as JSON, for pages that poll."""
    order = _of_wallet(token)
    if order is None:
        return Response("{}", 404, content_type="application/json")
    left = seconds_left(order)
    go_on = _back(order) if order.status is Status.TRADE_SUCCESS else None
    return state_response({"status": str(order.status), "left": left, "go_on": go_on})


def state_response(state: dict[str, Any]) -> Response:
    """The response for a page that polls, from its JSON object.

    For an order, `left` is the number of seconds until it expires, and `go_on` the URL to which the browser
    goes when the state has changed.
    """
    return secure(Response(json.dumps(state), content_type="application/json"))


@blueprint.get("/qr/<token>/<size>.png")
def picture(token: str, size: str) -> Response:
    """A PNG picture of an order's QR code, in one of three sizes."""
    order = order_of(token)
    if order is None or size not in PIXELS or not order.qr_path:
        return page("not_found.html", 404)
    response = Response(png(f"{base_url()}{order.qr_path}", PIXELS[size]), content_type="image/png")
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response


def png(text: str, pixels: int) -> bytes:
    """A QR code as a square PNG, `pixels` wide. A module takes whole pixels; the rest is margin."""
    import png as png_writer
    from qrcode.constants import ERROR_CORRECT_M
    from qrcode.main import QRCode

    code = QRCode(error_correction=ERROR_CORRECT_M, border=0)
    code.add_data(text)
    modules = code.get_matrix()
    scale = max(1, pixels // (len(modules) + 8))
    before = (pixels - scale * len(modules)) // 2
    blank = [1] * pixels
    rows = [blank] * before
    for line in modules:
        row = [1] * before + [int(not dark) for dark in line for _ in range(scale)]
        rows += [row + [1] * (pixels - len(row))] * scale
    rows += [blank] * (pixels - len(rows))
    picture = io.BytesIO()
    png_writer.Writer(pixels, pixels, greyscale=True, bitdepth=1).write(picture, rows)
    return picture.getvalue()


def not_found() -> Response:
    """The response to an unknown path: a page with status 404."""
    return page("not_found.html", 404)


def seconds_left(order: Order) -> int:
    """The seconds until an order expires, rounded up."""
    return -(-max(0, order.expires_at - present_time(order.merchants_id)) // 1_000)


def present_time(merchants_id: str) -> int:
    """The time of a merchant's clock, in milliseconds since 1970."""
    return emulator().store.read().clock.now(merchants_id)


def order_of(token: str) -> Order | None:
    """The order of a page token, as of now; None when there is none."""
    order = emulator().store.read().orders.of_page(token)
    return at(order, present_time(order.merchants_id)) if order else None


def _of_wallet(token: str) -> WalletOrder | None:
    """The wallet order of a page token, as of now; None if there is none, or the order is of another kind."""
    return of_kind(WalletOrder, order_of(token))


def shown(order: Order) -> dict[str, Any]:
    """The template values for the pages of a wallet order."""
    settings, merchant = emulator().settings, emulator().store.read().merchants.find(order.merchants_id)
    return {
        "order": order, "merchant": merchant.name if merchant else order.merchants_id,
        "now": present_time(order.merchants_id),
        "back": _back(order),
        "wallet_name": getattr(texts(), order.pay_type, order.pay_type),
        "payer": wallets.name(settings.seed, order.merchants_id, order.out_trade_no),
        "goods": order.details.get("body", ""),
        "local": money.display(order.amount, order.currency), "cny": money.display(order.cny, "CNY"),
        "rate": f"1 {order.currency} = {money.rate_number(order.rate)} CNY",
        "paid_at": clock.spaced(order.paid_at, settings.timezone) if order.paid_at is not None else ""}


def _back(order: Order) -> str | None:
    """The shop's return_url, escaped for a browser; None when the order has none."""
    return escaped(order.details["return_url"]) if order.details.get("return_url") else None


def _is_phone() -> bool:
    return any(word in request.headers.get("User-Agent", "") for word in PHONES)
