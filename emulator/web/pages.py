"""What the payer sees: the wallet, the QR pictures, and the emulator's front page."""
import io
import json
from functools import partial
from typing import Any

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
from .control.interface import refuse_other_sites
from .current import base_url, emulator
from .texts import Texts

blueprint = Blueprint("pages", __name__)
PIXELS = {"L": 430, "M": 230, "S": 130}
FAILURES = {"decline": "", "balance": "BUYER_BALANCE_NOT_ENOUGH"}
ACTS: dict[str, PayersAct[WalletOrder]] = {
    "pay": wallet_payments.pay_on_page,
    **{name: partial(wallet_payments.decline, failure=why) for name, why in FAILURES.items()}}
BY_OWN_PAGES = "'self'"  # the demo shows what the buyer sees
PHONES = ("Mobile", "Android", "iPhone", "MicroMessenger", "AlipayClient")


def texts(order: Order | None = None) -> Texts:
    """The texts in the language that the address asks for, else the order's, else the browser's."""
    ordered = {"cn": "zh", "en": "en"}.get(order.details.get("language", "")) if order else None
    return Texts(request.args.get("lang") or ordered or request.accept_languages.best_match(["en", "zh"])
                 or "en")


def secure(response: Response, form_action: str = "", framed_by: str = "'none'",
           frames: str = "'none'") -> Response:
    """A policy under which a page can load and reach nothing but this emulator; `form_action` is where else
    its forms may lead, `framed_by` are the sites that may show it inside of theirs, `frames` those that it
    shows inside of itself.
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
    """Where forms may lead that go on to a merchant's URL, beside the emulator.

    Browsers hold redirects to the policy too, and a shop may send the payer on to another of its hosts.
    """
    own = {scheme(url), "http", "https"} if url else set()
    return " ".join(f"{name}:" for name in sorted(own))


def page(template: str, status: int = 200, form_action: str = "", framed_by: str = "'none'",
         frames: str = "'none'",
         **values: Any) -> Response:
    """A page made of a template."""
    html = render_template(template, texts=texts(values.get("order")), **values)
    if status == 404 and framed_by == "'none'":
        framed_by = BY_OWN_PAGES  # the order that the demo shows may be gone
    return secure(Response(html, status, content_type="text/html; charset=utf-8"), form_action, framed_by,
                  frames)


@blueprint.get("/")
def home() -> Response:
    """What this is, and where to go."""
    from ..gateway import reference

    tables = emulator().store.read()
    merchants = list(tables.merchants.page("", 20))
    return page("home.html", endpoints=ENDPOINTS.values(), fidelity=reference.fidelity, merchants=merchants,
                base_url=base_url(),
                wallets=wallets.WALLETS,
                names={merchant.merchants_id: merchant.name for merchant in merchants},
                terminals=[device for merchant in merchants
                           for device in tables.terminals.of_merchant(merchant.merchants_id)])


@blueprint.route("/wallet/<token>", methods=["GET", "POST"])
def wallet(token: str) -> Response:
    """The order in the payer's wallet; on a desktop an H5 order of a website shows the code for the phone."""
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
    """The payer pays, or fails to; afterwards the browser goes on to the shop or back to the wallet."""
    refused = refuse_other_sites()
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
    """What a page that waits asks for: the state of the order and the seconds that are left."""
    order = _of_wallet(token)
    if order is None:
        return Response("{}", 404, content_type="application/json")
    left = seconds_left(order)
    go_on = _back(order) if order.status is Status.TRADE_SUCCESS else None
    return told({"status": str(order.status), "left": left, "go_on": go_on})


def told(state: dict[str, Any]) -> Response:
    """The state of an order, for a page that waits: `left` are seconds, `go_on` is where the browser goes
    when the state has changed.
    """
    return secure(Response(json.dumps(state), content_type="application/json"))


@blueprint.get("/qr/<token>/<size>.png")
def picture(token: str, size: str) -> Response:
    """The picture of an order's QR code, in one of three sizes."""
    order = order_of(token)
    if order is None or size not in PIXELS or not order.qr_path:
        return page("not_found.html", 404)
    response = Response(png(f"{base_url()}{order.qr_path}", PIXELS[size]), content_type="image/png")
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response


def png(text: str, pixels: int) -> bytes:
    """A QR code as a square picture of so many pixels; modules are whole pixels, the rest is margin."""
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
    """A path that nobody answers."""
    return page("not_found.html", 404)


def seconds_left(order: Order) -> int:
    """How long the payer of an order has."""
    return -(-max(0, order.expires_at - present_time()) // 1_000)


def present_time() -> int:
    """The emulator's instant."""
    return emulator().store.read().clock.now()


def order_of(token: str) -> Order | None:
    """The order that a payer's page belongs to, as it is now."""
    order = emulator().store.read().orders.of_page(token)
    return at(order, present_time()) if order else None


def _of_wallet(token: str) -> WalletOrder | None:
    """The order of a wallet's page; card orders have the cashier's, those of terminals the terminal's screen.
    """
    return of_kind(WalletOrder, order_of(token))


def shown(order: Order) -> dict[str, Any]:
    """What the pages of an order show of it."""
    settings, merchant = emulator().settings, emulator().store.read().merchants.find(order.merchants_id)
    return {
        "order": order, "merchant": merchant.name if merchant else order.merchants_id, "now": present_time(),
        "back": _back(order),
        "wallet_name": getattr(texts(), order.pay_type, order.pay_type),
        "payer": wallets.name(settings.seed, order.merchants_id, order.out_trade_no),
        "local": f"{order.currency} {money.text(order.amount)}", "cny": f"CN¥ {money.text(order.cny)}",
        "rate": f"1 {order.currency} = {money.rate_number(order.rate)} CNY",
        "paid_at": clock.spaced(order.paid_at, settings.timezone) if order.paid_at is not None else ""}


def _back(order: Order) -> str | None:
    """Where the shop wants the payer after the payment, as a browser takes it; None when it has not said."""
    return escaped(order.details["return_url"]) if order.details.get("return_url") else None


def _is_phone() -> bool:
    return any(word in request.headers.get("User-Agent", "") for word in PHONES)
