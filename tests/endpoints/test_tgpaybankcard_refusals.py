"""Contract 1.3, 3: what tgpaybankcard.php refuses, the form of a refusal with its response code, and card
data in a URL.
"""
from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from ..card_orders import refusal
from ..driver import Answer, Shop, assert_illegal, card_of, exchange, pay_info
from ..tables import every_row

FIELDS = ["is_success", "result_code", "error", "detail_error_code", "detail_error_des", "merchants_id",
          "out_trade_no"]
BOTH = pytest.mark.parametrize("ask", [Shop.card_order, Shop.card_payment], ids=["cashier", "s2s"])
Ask = Callable[..., Answer]


def orders(shop: Shop) -> list[dict]:
    return shop.control.get("/orders", merchants_id=shop.merchants_id)["items"]


def test_a_card_that_the_server_sends_is_not_presented_on_a_terminal(shop: Shop):
    answer = shop.card_payment(channel_type="terminal", terminal_id=shop.first_terminal)
    assert refusal(answer)[:2] == ("HAS_NO_PRIVILEGE", "0349")
    assert list(answer.fields) == [*FIELDS, "sign", "sign_type"]
    assert orders(shop) == []


@BOTH
def test_a_terminal_payment_that_names_no_terminal_is_a_finding(shop: Shop, ask: Ask):
    answer = ask(shop, channel_type="terminal", terminal_id=None)
    finding, = shop.journal(answer)["findings"]
    assert (finding["code"], "terminal_id" in finding["detail"]) == ("MANDATORY_MISSING", True)


@BOTH
def test_a_product_that_is_switched_off_is_refused_with_0349(shop: Shop, ask: Ask):
    shop.control.ask("PATCH", f"/merchants/{shop.merchants_id}", {"products": ["qrcode"]})
    answer = ask(shop)
    assert refusal(answer)[:2] == ("HAS_NO_PRIVILEGE", "0349")
    assert "bankcard" in answer["detail_error_des"]
    assert orders(shop) == []


@BOTH
@pytest.mark.parametrize("other, error",
                         [({"sign": "0" * 32}, "ILLEGAL_SIGN"), ({"sign": ""}, "ILLEGAL_SIGN"),
                          ({"sign_type": "RSA"}, "ILLEGAL_SIGN_TYPE")])
def test_a_wrong_signature_is_refused_with_1003(shop: Shop, ask: Ask, other: dict[str, str], error: str):
    answer = ask(shop, **other)
    assert refusal(answer)[:2] == (error, "1003")
    assert list(answer.fields) == [*FIELDS, "sign", "sign_type"]
    assert shop.verifies(answer)
    assert orders(shop) == []


@BOTH
@pytest.mark.parametrize("merchants_id", ["209901010001", ""])
def test_an_unknown_merchant_is_refused_with_0348_and_unsigned(shop: Shop, ask: Ask, merchants_id: str):
    answer = ask(shop, merchants_id=merchants_id)
    assert refusal(answer)[:2] == ("ILLEGAL_PARTNER", "0348")
    assert list(answer.fields) == FIELDS


@BOTH
def test_with_strict_a_finding_is_refused_with_1000(shop: Shop, ask: Ask):
    shop.control.ask("PATCH", f"/merchants/{shop.merchants_id}", {"strict": True})
    assert ask(shop)["is_success"] == "T"
    assert_illegal(ask(shop, goods_name=None), "goods_name")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_refusal_repeats_merchant_and_order_number_whatever_the_method(shop: Shop, method: str):
    number = shop.number()
    answer = shop.ask("tgpaybankcard", method, out_trade_no=number, access_type="s2s")
    assert (answer.status, answer["merchants_id"], answer["out_trade_no"]) == (200, shop.merchants_id, number)


def test_card_data_in_a_url_is_taken_with_a_finding(shop: Shop):
    answer = shop.card_payment(method="GET")
    assert (answer["status"], shop.findings(answer)) == ("success", {"CARD_DATA_IN_URL"})


def test_card_data_in_the_url_of_a_post_is_a_finding_too(shop: Shop):
    params = shop.signed(**shop.bankcard("1.00"), access_type="s2s", device_channel="browser",
                         trans_channel="credit_card",
                         pay_info=pay_info())
    card, rest = {"pay_info": params["pay_info"]}, {name: value for name,
                                                    value in params.items() if name != "pay_info"}
    answer = exchange(f"{shop.control.url}/v2/tgpaybankcard.php?{urlencode(card)}", "POST",
                      urlencode(rest).encode(),
                      {"Content-Type": "application/x-www-form-urlencoded"})
    assert (answer["status"], shop.findings(answer)) == ("success", {"CARD_DATA_IN_URL"})


@every_row("code", ["1000", "1003", "0348", "0349", "3105"])
def test_the_codes_that_are_refusals_have_the_form_of_refusals(shop: Shop, code: str):
    answer = shop.card_payment(card_of(code))
    assert list(answer.fields) == [*FIELDS, "sign", "sign_type"]
    assert (answer["is_success"], answer["result_code"], answer["detail_error_code"]) == ("F", code, code)
    assert answer["detail_error_des"]
    assert shop.verifies(answer)


FAULTS = {"0348": {"merchants_id": "209901010001"}, "1003": {"sign": "0" * 32}, "1000": {"language": "de"},
          "0349": {}, "3105": {}}


@BOTH
@pytest.mark.parametrize("first", range(len(FAULTS)), ids=FAULTS)
def test_of_several_faults_the_earliest_in_the_order_of_checks_is_told(shop: Shop, ask: Ask, first: int):
    number = shop.card_payment()["out_trade_no"]
    codes = list(FAULTS)[first:]
    if "0349" in codes:
        shop.control.ask("PATCH", f"/merchants/{shop.merchants_id}", {"products": ["qrcode"]})
    params = {name: value for code in codes for name, value in FAULTS[code].items()}
    assert refusal(ask(shop, out_trade_no=number, **params))[1] == codes[0]


@BOTH
def test_an_order_number_that_looks_like_a_card_is_an_order_number(shop: Shop, ask: Ask):
    number = "4012888888881881"
    answer = ask(shop, out_trade_no=number)
    assert (answer["is_success"], answer["out_trade_no"]) == ("T", number)
    entry, = shop.control.get("/journal", merchants_id=shop.merchants_id, out_trade_no=number)["items"]
    assert (entry["params"]["out_trade_no"], number in entry["answer"]) == (number, True)
    assert refusal(ask(shop, out_trade_no=number, trans_amount="2.00")) == (
        "CONTEXT_INCONSISTENT", "3105", number)
