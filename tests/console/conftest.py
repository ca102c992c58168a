"""A shop where much has happened, and the console over plain HTTP."""
from collections.abc import Iterator

import pytest

from ..driver import Control, Receiver, Shop, card_of
from .desk import Desk, misjoined


@pytest.fixture
def desk(base_url: str) -> Desk:
    return Desk(base_url)


@pytest.fixture(scope="module")
def busy(base_url: str) -> Iterator[Shop]:
    """A shop with orders in every state, of every kind, notifications that were taken and that were not, and
    requests that were refused.
    """
    control, receiver = Control(base_url), Receiver()
    shop = control.shop(notify_url=receiver.url, name="The <b>busy</b> shop")
    receiver.answers = [(200, b"success"), (200, b"<html>thanks</html>"), (500, b"oops"), (200, b"success")]
    sold = shop.qr_order("129.00", reference="Watch, steel")["out_trade_no"]
    shop.happens(sold, "pay")
    shop.refund(sold, "29.00", refund_reson="a <i>scratch</i>")
    given_back = shop.h5_order("12.50")["out_trade_no"]
    shop.happens(given_back, "pay")
    shop.cancel(given_back)
    shop.happens(shop.qr_order("3.00")["out_trade_no"], "expire")
    shop.card_payment()
    shop.card_payment(card_of("3084"))
    shop.card_payment(card_of("3200", "00001"))
    shop.at_terminal()
    shop.pay_by_barcode("8.00")
    shop.qr_order("1.00", out_trade_no="<script>alert(1)</script>", reference="<img src=x onerror=alert(2)>")
    shop.send("tgpayqrcode", misjoined(shop))
    shop.qr_order("free of charge")
    control.post("/notifications/flush")
    yield shop
    receiver.close()
    control.ask("DELETE", f"/merchants/{shop.merchants_id}")
