"""Contract 2.6, with 1.4 on repetition: tgpayh5.php, a payment page in a browser."""
import pytest

from ..driver import Clock, Receiver, Shop, exchange
from ..tables import every_row

FIELDS = ["is_success", "result_code", "error", "pay_url", "merchants_id", "out_trade_no", "sign",
          "sign_type"]
PHONE = {"User-Agent": "Mozilla/5.0 (iPhone) Mobile MicroMessenger"}


@every_row("scene_type", ["WEBSITE_PAY", "WAP_PAY"])
@every_row("pay_type", ["alipay", "wechat"])
def test_an_order_answers_every_documented_field_in_order_and_signed(
        shop: Shop, scene_type: str, pay_type: str):
    made = shop.h5_order(scene_type=scene_type, pay_type=pay_type, reference="r", account="20373")
    assert list(made.fields) == FIELDS
    assert (made["is_success"], made["result_code"], made["error"]) == ("T", "SUCCESS", "")
    assert shop.verifies(made)
    assert shop.findings(made) == set()


def test_pay_url_is_short_and_can_be_cut_out_of_the_raw_text(shop: Shop):
    made = shop.h5_order(return_url="http://127.0.0.1:9/back?a=1&b=2")
    assert f"<pay_url>{made['pay_url']}</pay_url>" in made.text
    assert "&" not in made["pay_url"] and len(made["pay_url"]) < 100


@every_row("scene_type, browser", [("WEBSITE_PAY", {}), ("WEBSITE_PAY", PHONE), ("WAP_PAY", PHONE)])
def test_pay_url_opens_a_page(shop: Shop, scene_type: str, browser: dict[str, str]):
    made = shop.h5_order("7.89", scene_type=scene_type)
    for method in ("GET", "POST"):
        page = exchange(made["pay_url"], method, headers=browser)
        assert (page.status, "7.89" in page.text) == (200, True)


@every_row("name, error", [
    ("merchants_id", "ILLEGAL_PARTNER"), ("out_trade_no", "ILLEGAL_ARGUMENT"),
    ("pay_type", "ILLEGAL_ARGUMENT"), ("total_fee", "ILLEGAL_ARGUMENT"), ("scene_type", "ILLEGAL_ARGUMENT")])
def test_a_required_parameter_is_refused_when_missing(shop: Shop, name: str, error: str):
    assert shop.h5_order(**{name: None})["error"] == error


@every_row("other", [
    {"scene_type": "APP_PAY"}, {"scene_type": "wap_pay"}, {"pay_type": "bankcard"},
    {"return_url": "/relative"}, {"return_url": "javascript:alert(1)"}])
def test_a_value_that_is_none_of_the_documented_is_refused(shop: Shop, other: dict[str, str]):
    refused = shop.h5_order(**other)
    assert (refused["error"], next(iter(other)) in refused["detail_error_des"]) == ("ILLEGAL_ARGUMENT", True)


@pytest.mark.parametrize("name, findings", [("sign_type", {"SIGN_TYPE_MISSING"}), ("return_url", set())])
def test_a_parameter_that_is_not_required_may_be_missing(shop: Shop, name: str, findings: set[str]):
    made = shop.h5_order(**{name: None})
    assert (made["result_code"], shop.findings(made)) == ("SUCCESS", findings)


def test_trans_amount_is_taken_for_total_fee_with_a_finding(shop: Shop):
    made = shop.h5_order(total_fee=None, trans_amount="1")
    assert (made["result_code"], shop.findings(made)) == ("SUCCESS", {"OTHER_NAME"})
    assert shop.query(made["out_trade_no"])["trans_amount"] == "1.00"


@pytest.mark.parametrize("return_url",
                         ["http://shop.example/back", "http://shop.example/back?order=1&x=%20#done"])
def test_after_payment_the_browser_goes_to_return_url(shop: Shop, return_url: str):
    made = shop.h5_order(return_url=return_url)
    answer = exchange(f"{made['pay_url']}/pay", "POST")
    assert (answer.status in (302, 303), answer.headers["Location"]) == (True, return_url)
    assert shop.query(made["out_trade_no"])["trade_status"] == "TRADE_SUCCESS"


def test_an_order_without_return_url_can_be_paid(shop: Shop):
    made = shop.h5_order(return_url=None)
    answer = exchange(f"{made['pay_url']}/pay", "POST")
    assert answer.status == 303 and answer.headers["Location"].startswith("/wallet/")
    assert shop.query(made["out_trade_no"])["trade_status"] == "TRADE_SUCCESS"


def test_an_unpaid_order_closes_after_1440_minutes(shop: Shop, clock: Clock):
    clock.freeze()
    number = shop.h5_order()["out_trade_no"]
    clock.advance(f"{1440 * 60_000 - 1}ms")
    assert shop.query(number)["trade_status"] == "WAIT_BUYER_PAY"
    clock.advance("1ms")
    assert shop.query(number)["trade_status"] == "TRADE_CLOSED"


def test_payment_is_notified_as_tgpay_mini(notified: Shop, receiver: Receiver):
    made = notified.h5_order("1.23")
    notified.happens(made["out_trade_no"], "pay")
    heard = receiver.wait_for(1)[0]
    assert (heard.method, heard.fields["notify_type"], heard.fields["pay_result"]) == (
        "POST", "TGPay_MINI", "SUCCESS")
    assert (heard.fields["out_trade_no"], heard.fields["total_fee"]) == (made["out_trade_no"], "123")


def test_a_buyer_who_fails_sends_payerror_and_may_try_again(notified: Shop, receiver: Receiver):
    made = notified.h5_order()
    number = made["out_trade_no"]
    exchange(f"{made['pay_url']}/decline", "POST")
    assert notified.query(number)["trade_status"] == "WAIT_BUYER_PAY"
    exchange(f"{made['pay_url']}/pay", "POST")
    assert notified.query(number)["trade_status"] == "TRADE_SUCCESS"
    assert [notification.fields["pay_result"] for notification in receiver.wait_for(2)] == [
        "PAYERROR", "SUCCESS"]


def test_an_order_closed_unpaid_sends_payerror(notified: Shop, receiver: Receiver, clock: Clock):
    notified.h5_order()
    clock.advance("1440m")
    assert [notification.fields["pay_result"] for notification in receiver.wait_for(1)] == ["PAYERROR"]


def test_a_waiting_order_repeated_answers_as_it_did(shop: Shop):
    number = shop.number()
    first = shop.h5_order(out_trade_no=number)
    assert shop.h5_order(out_trade_no=number, reference="new",
                         notify_url="http://127.0.0.1:9/n").raw == first.raw


@every_row("event, other, error", [
    ("pay", {}, "TRADE_HAS_SUCCESS"), ("pay", {"total_fee": "2"}, "CONTEXT_INCONSISTENT"),
    ("expire", {"total_fee": "2"}, "TRADE_HAS_CLOSE"), (None, {"total_fee": "2"}, "CONTEXT_INCONSISTENT"),
    (None, {"pay_type": "wechat"}, "CONTEXT_INCONSISTENT")])
def test_closed_comes_before_inconsistent_and_that_before_paid(
        shop: Shop, event: str | None, other: dict[str, str], error: str):
    number = shop.h5_order()["out_trade_no"]
    if event:
        shop.happens(number, event)
    assert shop.h5_order(out_trade_no=number, **other)["error"] == error
