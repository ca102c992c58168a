"""Contract 2.9, with 1.4 on repetition: tgpayprepay.php, orders for pages and apps inside a wallet."""
import hashlib
import hmac
import json
import re

import pytest

from ..driver import Clock, Receiver, Shop
from ..tables import every_row

FIELDS = ["is_success", "result_code", "error", "trade_type", "jsapiparameters", "tradeNO", "out_trade_no",
          "order_time", "nonce_str",
          "prepay_id", "merchant_id", "create_ip", "sign", "sign_type"]
KEY = "192006250b4c09247ec02edce69f6a2d"


def wechat_sign(text: str) -> str:
    return hmac.new(KEY.encode(), f"{text}&key={KEY}".encode(), hashlib.sha256).hexdigest().upper()


@pytest.fixture
def app(shop: Shop) -> Shop:
    """A merchant with a WeChat key of the test's own."""
    shop.control.ask("PATCH", f"/merchants/{shop.merchants_id}", {"wechat_key": KEY})
    return shop


@every_row("pay_type", ["wechat", "alipay"])
@every_row("trade_type", ["MINI", "JSAPI", "APP"])
def test_an_order_answers_every_documented_field_in_order_and_signed(
        shop: Shop, pay_type: str, trade_type: str):
    made = shop.prepay_order(pay_type=pay_type, trade_type=trade_type)
    assert list(made.fields) == FIELDS
    assert (made["is_success"], made["result_code"], made["error"], made["trade_type"]) == (
        "T", "SUCCESS", "", trade_type)
    assert (made["merchant_id"], made["create_ip"]) == (shop.merchants_id, "127.0.0.1")
    assert shop.verifies(made)


@pytest.mark.parametrize("trade_type", ["MINI", "JSAPI"])
def test_the_page_or_mini_program_is_given_parameters_with_a_right_pay_sign(
        app: Shop, clock: Clock, trade_type: str):
    clock.freeze()
    clock.set("2027-02-25T11:53:14.261Z")
    made = app.prepay_order(trade_type=trade_type)
    given = json.loads(made["jsapiparameters"])
    assert set(given) == {"appId", "timeStamp", "nonceStr", "package", "signType", "paySign"}
    assert all(isinstance(value, str) and value for value in given.values())
    assert (given["package"], given["signType"]) == (f"prepay_id={made['prepay_id']}", "HMAC-SHA256")
    assert given["timeStamp"] == "1803556394"
    assert given["paySign"] == wechat_sign(
        f"appId={given['appId']}&nonceStr={given['nonceStr']}&package={given['package']}&signType=HMAC-SHA256"
        f"&timeStamp={given['timeStamp']}")


def test_the_app_is_given_parameters_with_a_right_sign(app: Shop):
    made = app.prepay_order(trade_type="APP", openid=None)
    given = json.loads(made["jsapiparameters"])
    assert set(given) == {"appid", "partnerid", "prepayid", "package", "noncestr", "timestamp", "sign"}
    assert all(isinstance(value, str) and value for value in given.values())
    assert (given["package"], given["prepayid"]) == ("Sign=WXPay", made["prepay_id"])
    assert given["sign"] == wechat_sign(
        f"appid={given['appid']}&noncestr={given['noncestr']}&package=Sign=WXPay"
        f"&partnerid={given['partnerid']}"
        f"&prepayid={given['prepayid']}&timestamp={given['timestamp']}")


@every_row("trade_type", ["MINI", "JSAPI", "APP"])
def test_a_prepay_id_is_wx_the_time_in_shanghai_and_hexadecimal_digits(
        shop: Shop, clock: Clock, trade_type: str):
    clock.freeze()
    clock.set("2027-02-25T19:53:14.261Z")
    made = shop.prepay_order(trade_type=trade_type)
    assert len(made["prepay_id"]) == 36
    assert re.fullmatch(r"wx26035314[0-9a-f]{26}", made["prepay_id"])
    assert made["order_time"] == "20270226035314"


def test_two_orders_have_different_prepay_ids(shop: Shop):
    assert shop.prepay_order()["prepay_id"] != shop.prepay_order()["prepay_id"]


@every_row("trade_type", ["MINI", "JSAPI", "APP"])
def test_alipay_is_given_a_trade_number_and_no_parameters(shop: Shop, trade_type: str):
    made = shop.prepay_order(pay_type="alipay", trade_type=trade_type, openid=None,
                             buyer_id="2088222828496832")
    assert re.fullmatch(r"\d{28}", made["tradeNO"])
    assert (made["jsapiparameters"], made["prepay_id"]) == ("", "")
    shop.happens(made["out_trade_no"], "pay")
    paid = shop.query(made["out_trade_no"])
    assert (paid["trans_id"], paid["buyer_id"]) == (made["tradeNO"], "2088222828496832")


def test_wechat_is_given_no_trade_number_of_alipay(shop: Shop):
    assert shop.prepay_order()["tradeNO"] == ""


@every_row("name, error", [
    ("merchants_id", "ILLEGAL_PARTNER"), ("out_trade_no", "ILLEGAL_ARGUMENT"),
    ("trans_amount", "ILLEGAL_ARGUMENT"), ("pay_type", "ILLEGAL_ARGUMENT"),
    ("trade_type", "ILLEGAL_ARGUMENT")])
def test_a_required_parameter_is_refused_when_missing(shop: Shop, name: str, error: str):
    assert shop.prepay_order(**{name: None})["error"] == error


@every_row("pay_type, trade_type, error", [
    ("wechat", "MINI", "ILLEGAL_ARGUMENT"), ("wechat", "JSAPI", "ILLEGAL_ARGUMENT"), ("wechat", "APP", ""),
    ("alipay", "MINI", ""), ("alipay", "JSAPI", ""), ("alipay", "APP", "")])
def test_openid_is_required_for_wechats_pages_and_mini_programs(
        shop: Shop, pay_type: str, trade_type: str, error: str):
    assert shop.prepay_order(pay_type=pay_type, trade_type=trade_type, openid=None)["error"] == error


@every_row("openid, error", [("x", ""), ("x" * 128, ""), ("x" * 129, "ILLEGAL_ARGUMENT"), ("张三@home", "")])
def test_any_openid_of_1_to_128_characters_is_accepted(shop: Shop, openid: str, error: str):
    assert shop.prepay_order(openid=openid)["error"] == error


@every_row("other", [
    {"trade_type": "NATIVE"}, {"trade_type": "mini"}, {"pay_type": "bankcard"},
    {"buyer_id": "2089222828496832"}, {"buyer_id": "208822282849683"}, {"buyer_id": "20882228284968321"}])
def test_a_value_that_is_none_of_the_documented_is_refused(shop: Shop, other: dict[str, str]):
    refused = shop.prepay_order(**other)
    assert (refused["error"], next(iter(other)) in refused["detail_error_des"]) == ("ILLEGAL_ARGUMENT", True)


@every_row("goods, found", [
    ("x" * 128, set()), ("x" * 129, {"TOO_LONG"}), ("茶" * 64, set()), ("茶" * 65, {"TOO_LONG"}),
    ("茶" * 63 + "xx", set()), ("茶" * 63 + "xxx", {"TOO_LONG"})], ids=len)
def test_goods_info_has_128_characters_or_64_chinese_ones(shop: Shop, goods: str, found: set[str]):
    made = shop.prepay_order(goods_info=goods)
    assert (made["result_code"], shop.findings(made)) == ("SUCCESS", found)


def test_optional_parameters_break_no_rule(shop: Shop):
    made = shop.prepay_order(goods_info="tea", device_info="WEB", attach="a", body="b",
                             buyer_id="2088222828496832",
                             buyer_email="a***@163.com", notify_url="http://127.0.0.1:9/n")
    assert (made["result_code"], shop.findings(made)) == ("SUCCESS", set())


def test_a_missing_sign_type_and_a_notify_url_with_a_query_are_findings(shop: Shop):
    made = shop.prepay_order(sign_type=None, notify_url="http://127.0.0.1:9/n?shop=1")
    assert (made["result_code"], shop.findings(made)) == ("SUCCESS",
                                                          {"SIGN_TYPE_MISSING", "NOTIFY_URL_QUERY"})


def test_an_unpaid_order_closes_after_2_hours(shop: Shop, clock: Clock):
    clock.freeze()
    number = shop.prepay_order()["out_trade_no"]
    clock.advance("7199999ms")
    assert shop.query(number)["trade_status"] == "WAIT_BUYER_PAY"
    clock.advance("1ms")
    assert shop.query(number)["trade_status"] == "TRADE_CLOSED"


@pytest.mark.parametrize("event, pay_result, status", [
    ("pay", "SUCCESS", "TRADE_SUCCESS"), ("decline", "PAYERROR", "WAIT_BUYER_PAY"),
    ("expire", "PAYERROR", "TRADE_CLOSED")])
def test_the_notification_is_tgpay_mini_and_attach_comes_back_in_it_and_in_the_query(
         notified: Shop, receiver: Receiver, event: str, pay_result: str, status: str):
    number = notified.prepay_order("1.23", attach="table=7 & 窗")["out_trade_no"]
    notified.happens(number, event)
    notification = receiver.wait_for(1)[0].fields
    assert (notification["notify_type"], notification["pay_result"],
            notification["pay_channel"]) == ("TGPay_MINI", pay_result, "W")
    query = notified.query(number)
    assert (notification["attach"], query["attach"], query["trade_status"]) == (
        "table=7 & 窗", "table=7 & 窗", status)


def test_a_waiting_order_repeated_answers_as_it_did(shop: Shop, clock: Clock):
    number = shop.number()
    first = shop.prepay_order(out_trade_no=number)
    clock.advance("1h")
    assert shop.prepay_order(out_trade_no=number, attach="new").raw == first.raw


@every_row("event, other, error", [
    ("pay", {}, "TRADE_HAS_SUCCESS"), ("pay", {"trans_amount": "2"}, "CONTEXT_INCONSISTENT"),
    ("expire", {"trans_amount": "2"}, "TRADE_HAS_CLOSE"),
    (None, {"pay_type": "alipay"}, "CONTEXT_INCONSISTENT")])
def test_closed_comes_before_inconsistent_and_that_before_paid(
        shop: Shop, event: str | None, other: dict[str, str], error: str):
    number = shop.prepay_order()["out_trade_no"]
    if event:
        shop.happens(number, event)
    assert shop.prepay_order(out_trade_no=number, **other)["error"] == error
