"""Contract 3, 3.1, 3.2: tgpaybankcard.php, what it takes and answers on the cashier's page and from the
merchant's server.
"""
import json
from collections.abc import Callable

import pytest

from ..card_orders import DECLINED, PENDING, PENDING_3D, REVIEWED
from ..driver import VISA, Answer, Clock, Shop, assert_illegal, card_of
from ..tables import every_row

CASHIER = ["is_success", "result_code", "error", "pay_url", "merchants_id", "out_trade_no", "sign",
           "sign_type"]
SERVER = ["is_success", "result_code", "result_msg", "error", "status", "merchants_id", "order_time",
          "out_trade_no",
          "complete_time", "order_id", "trans_amount", "payMethodResp", "sign", "sign_type"]
BOTH = pytest.mark.parametrize("ask", [Shop.card_order, Shop.card_payment], ids=["cashier", "s2s"])
Ask = Callable[..., Answer]


def orders(shop: Shop) -> list[dict]:
    return shop.control.get("/orders", merchants_id=shop.merchants_id)["items"]


# Answers.

def test_a_cashier_order_answers_every_field_of_7_1_in_order_and_signed(shop: Shop):
    answer = shop.card_order(reference="r", goods_info="foods", service="bankcard.pay",
                             return_url="http://127.0.0.1:9/basket",
                             redirect_url="http://127.0.0.1:9/paid")
    assert list(answer.fields) == CASHIER
    assert (answer["is_success"], answer["result_code"], answer["error"]) == ("T", "SUCCESS", "")
    assert answer["merchants_id"] == shop.merchants_id
    assert shop.verifies(answer)
    assert shop.findings(answer) == set()


def test_a_cashier_order_waits(shop: Shop):
    answer = shop.query(shop.card_order("2.50")["out_trade_no"])
    assert (answer["trade_status"], answer["status"], answer["complete_time"]) == (
        "WAIT_BUYER_PAY", "received", "")
    assert (answer["pay_type"], answer["trans_amount"]) == ("bankcard", "2.50")


def test_pay_url_is_short_and_can_be_cut_out_of_the_raw_text(shop: Shop):
    made = shop.card_order(redirect_url="http://127.0.0.1:9/paid?a=1&b=2")
    assert f"<pay_url>{made['pay_url']}</pay_url>" in made.text
    assert "&" not in made["pay_url"] and len(made["pay_url"]) < 100
    assert made["pay_url"].startswith(shop.control.url)


def test_link_to_post_takes_the_payer_to_the_cashier(shop: Shop):
    made = shop.card_order()
    page = shop.ask("tgpayapi", out_trade_no=made["out_trade_no"], service="linktopost")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert f'action="{made["pay_url"]}"' in page.text and 'method="post"' in page.text


@every_row("number", [VISA, DECLINED, PENDING, REVIEWED, PENDING_3D])
def test_a_card_payment_answers_every_field_of_7_2_in_order_and_signed(shop: Shop, number: str):
    answer = shop.card_payment(number, reference="r", goods_info="foods", service="bankcard.pay",
                               trans_amount="12.3", risk_info="{}",
                               return_url="http://127.0.0.1:9/basket", redirect_url="http://127.0.0.1:9/paid")
    assert list(answer.fields) == SERVER
    assert (answer["is_success"], answer["error"], answer["trans_amount"]) == ("T", "", "12.30")
    assert answer["merchants_id"] == shop.merchants_id
    assert answer["order_id"]
    assert shop.verifies(answer)
    assert shop.findings(answer) == set()


def test_a_paid_card_payment_is_success_0000(shop: Shop):
    answer = shop.card_payment()
    assert (answer["result_code"], answer["result_msg"],
            answer["status"]) == ("0000", "Approved or completed successfully", "success")


def test_a_declined_card_is_a_processed_request(shop: Shop):
    answer = shop.card_payment(DECLINED)
    assert (answer["is_success"], answer["result_code"], answer["status"]) == ("T", "3084", "failed")


@every_row("number, completed", [(VISA, "20270301200405"), (DECLINED, "20270301200405"), (PENDING, "")])
def test_complete_time_is_shanghais_and_empty_while_the_payment_is_not_final(
        shop: Shop, clock: Clock, number: str, completed: str):
    clock.freeze()
    clock.set("2027-03-01T12:04:05Z")
    answer = shop.card_payment(number)
    assert answer["complete_time"] == shop.query(answer["out_trade_no"])["complete_time"] == completed


@every_row("number", [VISA, DECLINED, PENDING, card_of("0300"), REVIEWED])
def test_pay_method_resp_is_json_that_says_no_when_the_payer_stays_where_they_are(shop: Shop, number: str):
    assert json.loads(shop.card_payment(number)["payMethodResp"]) == {"isRedirect": "no"}


def test_pay_method_resp_of_3_d_says_where_and_how_to_send_the_payer(shop: Shop):
    answer = shop.card_payment(PENDING_3D)
    told = json.loads(answer["payMethodResp"])
    assert list(told) == ["isRedirect", "redirectMethod", "termUrl", "redirectParam"]
    assert (told["isRedirect"], told["redirectMethod"]) == ("yes", "POST")
    assert told["termUrl"].startswith(shop.control.url)
    assert isinstance(told["redirectParam"], dict)
    assert (answer["result_code"], answer["status"]) == ("3200", "pending")


def test_the_query_of_a_card_order_tells_the_cards_fields_too_and_that_of_a_wallet_order_does_not(shop: Shop):
    card, wallet = shop.query(shop.card_payment()["out_trade_no"]), shop.query(
        shop.pay_by_barcode()["out_trade_no"])
    own = ["order_id", "status", "resp_code", "resp_msg", "complete_time"]
    assert [name for name in card.fields if name not in wallet.fields] == own
    assert shop.verifies(card)


# Parameters.

@BOTH
@pytest.mark.parametrize("name", ["pay_type", "out_trade_no", "trans_amount"])
def test_a_required_parameter_is_refused_when_missing(shop: Shop, ask: Ask, name: str):
    assert_illegal(ask(shop, **{name: None}), name)
    assert orders(shop) == []


@every_row("params, named", [
    ({"access_type": "s2s"}, ["pay_type", "out_trade_no", "trans_amount", "pay_info"]),
    ({"access_type": "cashier"}, ["pay_type", "out_trade_no", "trans_amount"]),
    ({}, ["pay_type", "access_type", "out_trade_no", "trans_amount"])], ids=["s2s", "cashier", "neither"])
def test_all_missing_parameters_are_named_in_one_message(shop: Shop, params: dict[str, str],
                                                         named: list[str]):
    assert_illegal(shop.ask("tgpaybankcard", "POST", **params), *named)


@every_row("ask, name", [
    *((ask, name) for ask in (Shop.card_order, Shop.card_payment)
      for name in ("goods_name", "trans_timeout", "language", "channel_type", "terminal_type")),
    (Shop.card_payment, "trans_channel")])
def test_a_parameter_documented_as_mandatory_is_a_finding_when_missing(shop: Shop, ask: Ask, name: str):
    answer = ask(shop, **{name: None})
    assert answer["is_success"] == "T"
    finding, = shop.journal(answer)["findings"]
    assert (finding["code"], name in finding["detail"]) == ("MANDATORY_MISSING", True)


@pytest.mark.parametrize("risk_info, findings",
                         [(None, {"MANDATORY_MISSING"}), ('{"cust":{"email":"ken@shop.example"}}', set())])
def test_a_3_d_payment_without_risk_info_is_a_finding(shop: Shop, risk_info: str | None, findings: set[str]):
    assert shop.findings(shop.card_payment(PENDING_3D, risk_info=risk_info)) == findings


@BOTH
@pytest.mark.parametrize("given, other", [("channel_type", "pay_channel"), ("trans_amount", "total_fee")])
def test_another_name_of_a_parameter_is_taken_with_a_finding(shop: Shop, ask: Ask, given: str, other: str):
    value = {"channel_type": "online", "trans_amount": "3.21"}[given]
    answer = ask(shop, **{given: None, other: value})
    assert (answer["is_success"], shop.findings(answer)) == ("T", {"OTHER_NAME"})
    assert shop.query(answer["out_trade_no"])["trans_amount"] == ("3.21" if other == "total_fee" else "1.00")


@pytest.mark.parametrize("other", [{"pay_channel": "terminal"}, {"total_fee": "2.00"}])
def test_two_names_that_differ_are_refused(shop: Shop, other: dict[str, str]):
    assert_illegal(shop.card_payment(**other), *other)


@BOTH
@pytest.mark.parametrize("amount, findings",
                         [("999.99", set()), ("1000.00", {"TOO_LONG"}), ("1000000.00", {"TOO_LONG"})])
def test_an_amount_of_more_than_6_characters_is_a_finding(shop: Shop, ask: Ask, amount: str,
                                                          findings: set[str]):
    answer = ask(shop, trans_amount=amount)
    assert (answer["is_success"], shop.findings(answer)) == ("T", findings)
    assert shop.query(answer["out_trade_no"])["trans_amount"] == amount


@every_row("name, length",
           [("goods_name", 256), ("goods_info", 2000), ("reference", 512), ("terminal_id", 16)])
def test_a_value_longer_than_documented_is_a_finding(shop: Shop, name: str, length: int):
    for characters, findings in ((length, set()), (length + 1, {"TOO_LONG"})):
        answer = shop.card_order(**{name: "x" * characters})
        assert (answer["is_success"], shop.findings(answer)) == ("T", findings)


@BOTH
def test_an_order_number_of_more_than_64_characters_is_refused(shop: Shop, ask: Ask):
    assert ask(shop, out_trade_no="9" * 64)["is_success"] == "T"
    assert_illegal(ask(shop, out_trade_no="9" * 65), "out_trade_no")


@every_row("ask, other", [
    *((ask, other) for ask in (Shop.card_order, Shop.card_payment) for other in (
        {"pay_type": "alipay"}, {"pay_type": "BANKCARD"}, {"access_type": "app"}, {"language": "de"},
        {"channel_type": "offline"}, {"terminal_type": "tv"}, {"service": "bankcard.refund"},
        {"return_url": "/basket"}, {"redirect_url": "javascript:alert(1)"},
        {"notify_url": "shop.example"}, {"trans_amount": "0"}, {"trans_amount": "1.001"},
        {"trans_amount": "free"}, {"goods_name": "a\x01b"})),
    (Shop.card_payment, {"device_channel": "fax"}), (Shop.card_payment, {"trans_channel": "debit"})])
def test_a_value_that_cannot_be_is_refused_by_name(shop: Shop, ask: Ask, other: dict[str, str]):
    assert_illegal(ask(shop, **other), *other)
    assert orders(shop) == []


@every_row("name, values", [
    ("language", ["cn", "en"]), ("terminal_type", ["web", "h5", "android", "ios"]),
    ("device_channel", ["app", "browser"])])
def test_every_documented_value_is_taken(shop: Shop, name: str, values: list[str]):
    for value in values:
        answer = shop.card_payment(**{name: value})
        assert (answer["status"], shop.findings(answer)) == ("success", set())


@every_row("minutes", ["0", "00", "-1", "1.5", "20m", "1e3", " 20", "٢٠"])
def test_a_time_limit_that_is_no_number_of_minutes_is_refused(shop: Shop, minutes: str):
    assert_illegal(shop.card_order(trans_timeout=minutes), "trans_timeout")


@pytest.mark.parametrize("digits", ["9" * 5_000, "0" * 5_000 + "1"])
def test_a_time_limit_of_thousands_of_digits_is_refused_by_name(shop: Shop, digits: str) -> None:
    assert_illegal(shop.card_order(trans_timeout=digits), "trans_timeout")


@every_row("minutes, limit", [("1", 60_000), ("20", 1_200_000), (None, 900_000), ("525600", 31_536_000_000)])
def test_a_waiting_order_expires_after_trans_timeout_or_15_minutes(
        shop: Shop, clock: Clock, minutes: str | None, limit: int):
    clock.freeze()
    number = shop.card_order(trans_timeout=minutes)["out_trade_no"]
    clock.advance(f"{limit - 1}ms")
    assert shop.query(number)["status"] == "received"
    clock.advance("1ms")
    answer = shop.query(number)
    assert (answer["trade_status"], answer["status"], answer["resp_code"]) == (
        "TRADE_CLOSED", "expired", "3300")


def test_the_longest_time_limit_has_6_digits(shop: Shop):
    answer = shop.card_order(trans_timeout="999999")
    assert (answer["is_success"], shop.findings(answer)) == ("T", set())
