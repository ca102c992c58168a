"""The actions of the stories' steps: requests of the shop, and actions of the buyer.

A buyer's action is done only if the visitor has not done it on the page that the demo shows.
"""
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ... import scenarios
from ...base.http_client import Answer, fetch
from ...domain import wallets
from ...domain.card_orders import CardOrder
from ...domain.kinds import of_kind
from ...domain.orders import Order, Status
from ...operations import scenarios as operations, terminals
from ...protocol import test_cards
from ...signing.merchant_client import forms, post_form
from .clerk import MERCHANT, PATIENCE_S
from .stage import Stage, Stuck, payment_code

PHONE = {"User-Agent": "Mozilla/5.0 (Linux; Android 14) Mobile", "Accept": "text/html"}
CARD = {"cardNo": test_cards.number_of("3200", "00000"), "expirationMonth": "12", "expirationYear": "49",
        "cvv": "123"}
NO_MONEY = wallets.PREFIXES[wallets.ALIPAY] + wallets.TEST_CODES[1].ending
BROKEN_LINE = {"summary": "The answer and the notifications of a payment are lost.", "rules": [{
    "name": "the line breaks after the payment", "when": {"endpoint": "tgpaybarcode"},
    "then": [{"fault": "drop_after", "notify": {"drop": 100}}]}]}
BETWEEN_LOOKS_S = 0.1


def nothing(stage: Stage) -> None:
    """Do nothing."""


def ask_for_a_code(stage: Stage) -> None:
    """The shop asks for a QR code."""
    stage.clerk.ask("tgpayqrcode", out_trade_no=stage.number(), trans_amount=stage.total, pay_type="alipay",
                    it_b_pay="15m",
                    reference="counter 1")


def pay_in_the_wallet(stage: Stage) -> None:
    """The buyer pays on the phone."""
    order = _waiting(stage)
    if order:
        _press(stage, f"/wallet/{order.page_token}", "/pay")


def charge_the_phone(stage: Stage) -> None:
    """The shop scans the code on the buyer's phone."""
    _charge(stage, payment_code(stage.here.settings.seed, stage.where.run), 1)


def charge_an_empty_account(stage: Stage) -> None:
    """The shop scans the code of a buyer without money."""
    _charge(stage, NO_MONEY, 2)


def _charge(stage: Stage, code: str, place: int) -> None:
    stage.clerk.ask("tgpaybarcode", out_trade_no=stage.number(place), trans_amount=stage.total,
                    pay_type="alipay",
                    buyer_identity_code=code, reference="counter 1")


def ask_for_the_cashier(stage: Stage) -> None:
    """The shop asks for the cashier's page of a card payment."""
    stage.clerk.ask("tgpaybankcard", out_trade_no=stage.number(), trans_amount=stage.total,
                    pay_type="bankcard", access_type="cashier",
                    trans_timeout="20", goods_name=stage.goods, language=stage.language,
                    channel_type="online", terminal_type="web")


def present_the_card(stage: Stage) -> None:
    """The buyer types the test card that opens the issuer's page."""
    order = of_kind(CardOrder, _waiting(stage))
    if order and order.card.attempt == 0:
        _press(stage, f"/pay/{order.page_token}", "/card", **CARD)


def type_the_code(stage: Stage) -> None:
    """The buyer types the one-time code on the issuer's page."""
    order = of_kind(CardOrder, _waiting(stage))
    if order and order.card.is_challenged:
        _press(stage, order.issuer_path, "/answer", code=test_cards.ONE_TIME_CODE)


def _waiting(stage: Stage) -> Order | None:
    """The order while the buyer may act; None once it is paid.

    Raises Stuck when there is no order, or it was closed unpaid.
    """
    order = stage.order()
    if order is None or not (order.was_paid or order.status is Status.WAIT_BUYER_PAY):
        raise Stuck("demo_over")
    return None if order.was_paid else order


def _press(stage: Stage, path: str, ending: str, **typed: str) -> Answer:
    """Open a page, fill in the form whose URL has this ending, and send it, as the buyer's browser would.

    Raises Stuck when the page has no such form.
    """
    url = f"{stage.address}{path}"
    form = next((form for form in forms(fetch(url, headers=PHONE, patience=PATIENCE_S).text)
                 if urlsplit(form.action).path.endswith(ending)), None)
    if form is None:
        raise Stuck("demo_over")
    form.fields.update(typed)
    return post_form(form, url, PHONE, PATIENCE_S)


def hand_to_the_terminal(stage: Stage) -> None:
    """The shop sends the amount to its terminal, which waits for people from now on."""
    device = terminals.put(stage.here.units, _serial(stage), {"attended": True})[0].device
    stage.clerk.ask("tgpaywebtoterminal", out_trade_no=stage.number(), trans_amount=stage.total,
                    pay_type="webtoterminal", operation="sale",
                    terminal_sn=device.serial, terminal_type=device.terminal_type)


def decline_at_the_terminal(stage: Stage) -> None:
    """A card is tapped and its issuer declines; the shop queries the order."""
    _drive(stage, "decline")
    query(stage)


def approve_at_the_terminal(stage: Stage) -> None:
    """A card is tapped and its issuer approves; the shop queries the order."""
    _drive(stage, "approve")
    query(stage)


def _drive(stage: Stage, decision: str) -> None:
    """Do the remaining acts at the terminal. Raises Stuck when the transaction does not end in time."""
    url = f"{stage.address}/terminal/{_serial(stage)}"
    for _ in range(round(PATIENCE_S / BETWEEN_LOOKS_S)):
        screen: Mapping[str, Any] = json.loads(fetch(f"{url}/state", patience=PATIENCE_S).body)
        if screen["transaction"] is None or screen["transaction"]["trade_status"]:
            return
        act = next((name for name in ("tap", "pin", decision) if name in screen["possible"]), None)
        if act:
            fetch(f"{url}/{act}", "POST", b"", {**PHONE, "Origin": stage.address}, PATIENCE_S)
        else:
            stage.here.waiting.closing.wait(BETWEEN_LOOKS_S)
    raise Stuck("demo_terminal")


def _serial(stage: Stage) -> str:
    return stage.here.store.read().terminals.of_merchant(MERCHANT)[0].serial


def query(stage: Stage) -> None:
    """The shop queries the order."""
    stage.clerk.ask("tgpayquery", out_trade_no=stage.number())


def break_the_line(stage: Stage) -> None:
    """Put a scenario in force that loses the answer and the notifications of the shop's next payment."""
    operations.activate(stage.here.units, scenarios.from_json(BROKEN_LINE), MERCHANT)


def mend_the_line(stage: Stage) -> None:
    """Put that scenario out of force, and query the order."""
    operations.deactivate(stage.here.units, MERCHANT)
    query(stage)
