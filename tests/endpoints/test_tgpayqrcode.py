"""Contract 2.2, with 1.4 on repetition: tgpayqrcode.php, a code for the buyer to scan."""
import io

import pytest
import zxingcpp
from PIL import Image

from ..driver import Clock, Receiver, Shop, exchange
from ..tables import every_row

FIELDS = ["is_success", "error", "out_trade_no", "result_code", "big_pic_url", "pic_url", "small_pic_url",
          "qr_code", "sign", "sign_type"]
MINUTE = 60_000


def status(shop: Shop, number: str) -> str:
    return shop.query(number)["trade_status"]


def test_an_order_answers_every_documented_field_in_order_and_signed(shop: Shop):
    made = shop.qr_order()
    assert list(made.fields) == FIELDS
    assert (made["is_success"], made["error"], made["result_code"]) == ("T", "", "SUCCESS")
    assert shop.verifies(made)


@every_row("pay_type", ["alipay", "wechat"])
@every_row("field, pixels", [("big_pic_url", 430), ("pic_url", 230), ("small_pic_url", 130)])
def test_the_three_pictures_are_real_and_a_phone_reads_the_code_from_each(
        shop: Shop, field: str, pixels: int, pay_type: str):
    made = shop.qr_order(pay_type=pay_type)
    assert made[field].startswith(shop.control.url + "/")
    picture = exchange(made[field])
    assert (picture.status, picture.headers["Content-Type"], picture.raw[:8]) == (
        200, "image/png", b"\x89PNG\r\n\x1a\n")
    image = Image.open(io.BytesIO(picture.raw))
    assert abs(image.width - pixels) <= 10 and abs(image.height - pixels) <= 10
    assert [code.text for code in zxingcpp.read_barcodes(image.convert("L"))] == [made["qr_code"]]


def test_the_code_opens_the_wallet_page_of_the_order(shop: Shop):
    made = shop.qr_order("12.34")
    page = exchange(made["qr_code"])
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "12.34" in page.text and made["out_trade_no"] in page.text


def test_the_buyer_who_opens_the_code_and_pays_has_paid_the_order(shop: Shop):
    made = shop.qr_order()
    exchange(f"{made['qr_code']}/pay", "POST")
    assert status(shop, made["out_trade_no"]) == "TRADE_SUCCESS"


@every_row("limit, milliseconds", [
    (None, 15 * MINUTE), ("1m", MINUTE), ("15m", 15 * MINUTE), ("90m", 90 * MINUTE), ("1h", 60 * MINUTE),
    ("36h", 36 * 60 * MINUTE), ("1d", 1440 * MINUTE), ("15d", 15 * 1440 * MINUTE),
    ("360h", 15 * 1440 * MINUTE), ("21600m", 15 * 1440 * MINUTE)])
def test_an_unpaid_order_closes_at_its_time_limit_and_not_before(
        shop: Shop, clock: Clock, limit: str | None, milliseconds: int):
    clock.freeze()
    number = shop.qr_order(it_b_pay=limit)["out_trade_no"]
    clock.advance(f"{milliseconds - 1}ms")
    assert status(shop, number) == "WAIT_BUYER_PAY"
    clock.advance("1ms")
    assert status(shop, number) == "TRADE_CLOSED"


@every_row("made, closes", [
    ("2027-05-01T03:00:00Z", "2027-05-01T16:00:00Z"),
    ("2027-05-01T15:59:59.999Z", "2027-05-01T16:00:00Z"),
    ("2027-05-01T16:00:00Z", "2027-05-02T16:00:00Z"),
    ("2027-12-31T20:00:00Z", "2028-01-01T16:00:00Z")])
def test_with_1c_an_order_closes_at_the_coming_midnight_in_shanghai(
        shop: Shop, clock: Clock, made: str, closes: str):
    clock.freeze()
    clock.set(made)
    number = shop.qr_order(it_b_pay="1c")["out_trade_no"]
    clock.set(closes)
    story = shop.story(number)
    assert (story["status"], story["closed_at"]) == ("TRADE_CLOSED", closes.replace("Z", ".000Z"))


def test_with_1c_an_order_still_waits_one_millisecond_before_midnight(shop: Shop, clock: Clock):
    clock.freeze()
    clock.set("2027-05-01T03:00:00Z")
    number = shop.qr_order(it_b_pay="1c")["out_trade_no"]
    clock.set("2027-05-01T15:59:59.999Z")
    assert status(shop, number) == "WAIT_BUYER_PAY"


@every_row("limit", ["0m", "0d", "16d", "361h", "21601m", "2c", "1w", "15", "m", "1.5h", "-1h", "1h30m",
                     "１h"])
def test_any_other_time_limit_is_refused(shop: Shop, limit: str):
    refused = shop.qr_order(it_b_pay=limit)
    assert (refused["error"], "it_b_pay" in refused["detail_error_des"]) == ("ILLEGAL_ARGUMENT", True)


@every_row("name, error", [
    ("merchants_id", "ILLEGAL_PARTNER"), ("out_trade_no", "ILLEGAL_ARGUMENT"),
    ("trans_amount", "ILLEGAL_ARGUMENT")])
def test_a_required_parameter_is_refused_when_missing(shop: Shop, name: str, error: str):
    assert shop.qr_order(**{name: None})["error"] == error


@pytest.mark.parametrize("left_out, finding", [
    ("it_b_pay", "MANDATORY_MISSING"), ("sign_type", "SIGN_TYPE_MISSING")])
def test_a_parameter_documented_as_mandatory_is_a_finding_when_missing(
        shop: Shop, left_out: str, finding: str):
    made = shop.qr_order(**{"it_b_pay": "1c", left_out: None})
    assert (made["result_code"], shop.findings(made)) == ("SUCCESS", {finding})


def test_without_pay_type_the_wallet_is_alipay(shop: Shop):
    assert shop.query(shop.qr_order(pay_type=None)["out_trade_no"])["pay_type"] == "alipay"


def test_an_order_number_without_the_merchants_prefix_is_a_finding(shop: Shop):
    made = shop.qr_order(out_trade_no="0607007_204901202", it_b_pay="1c")
    assert (made["result_code"], shop.findings(made)) == ("SUCCESS", {"ORDER_NUMBER_PREFIX"})


@every_row("limit", [None, "1h"])
@every_row("act, after, findings", [
    (None, 0, {"QR_ORDER_LEFT_OPEN"}), ("pay", 15 * MINUTE - 1, set()), ("query", 15 * MINUTE - 1, set()),
    ("cancel", 15 * MINUTE - 1, set()), ("query", 15 * MINUTE + 1, {"QR_ORDER_LEFT_OPEN"}),
    ("decline", 1, {"QR_ORDER_LEFT_OPEN"})])
def test_an_order_neither_paid_nor_queried_nor_cancelled_within_15_minutes_is_a_finding(
         shop: Shop, clock: Clock, act: str | None, after: int, findings: set[str], limit: str | None):
    clock.freeze()
    made = shop.qr_order(it_b_pay=limit)
    clock.advance(f"{after}ms")
    if act in ("query", "cancel"):
        getattr(shop, act)(made["out_trade_no"])
    elif act:
        shop.happens(made["out_trade_no"], act)
    clock.advance("1d")
    assert shop.findings(made) - {"MANDATORY_MISSING"} == findings


def test_creation_and_payment_are_notified(notified: Shop, receiver: Receiver):
    made = notified.qr_order("0.10", reference="TGPay")
    number = made["out_trade_no"]
    created = receiver.wait_for(1)[0].fields
    assert list(created) == ["merchants_id", "out_trade_no", "total_fee", "currency", "result_code", "error",
                             "big_pic_url", "pic_url",
                             "small_pic_url", "qr_code", "store_id", "store_name", "notify_time",
                             "notify_type", "create_ip", "sign", "sign_type"]
    assert (created["notify_type"], created["out_trade_no"]) == ("trans_qrcode_create_sync", number)
    assert all(created[name] == made[name] for name in ("big_pic_url", "pic_url", "small_pic_url", "qr_code"))
    notified.happens(number, "pay")
    paid = receiver.wait_for(2)[1].fields
    assert list(paid) == ["out_trade_no", "trade_no", "notify_type", "subject", "currency", "trans_amount",
                          "trade_status", "gmt_payment",
                          "forex_rate", "buyer_id", "buyer_email", "total_fee", "sign", "sign_type"]
    assert (paid["notify_type"], paid["trade_status"], paid["total_fee"]) == (
        "trade_status_sync", "TRADE_SUCCESS", "0.91")
    assert paid["trade_no"] == notified.query(number)["trans_id"]


def test_a_repetition_answers_as_it_did_and_sends_no_second_notification(notified: Shop, receiver: Receiver):
    number = notified.number()
    first = notified.qr_order(out_trade_no=number, reference="one")
    again = notified.qr_order(out_trade_no=number, reference="two", notify_url=f"{receiver.url}/other",
                              it_b_pay="1h")
    notified.control.post("/notifications/flush")
    assert again.raw == first.raw
    assert [notification.fields["notify_type"]
            for notification in receiver.heard] == ["trans_qrcode_create_sync"]


@pytest.mark.parametrize("event", ["expire", "close"])
def test_an_order_closed_unpaid_is_notified_with_empty_payment_fields(
        notified: Shop, receiver: Receiver, event: str):
    number = notified.qr_order()["out_trade_no"]
    notified.happens(number, event)
    closed = receiver.wait_for(2)[1].fields
    assert (closed["notify_type"], closed["trade_status"]) == ("trade_status_sync", "TRADE_CLOSED")
    assert [closed[name] for name in ("trade_no", "gmt_payment", "forex_rate", "buyer_id", "buyer_email",
                                      "total_fee")] == [""] * 6


@every_row("event, other, error", [
    ("pay", {}, "TRADE_HAS_SUCCESS"),
    ("pay", {"trans_amount": "2"}, "CONTEXT_INCONSISTENT"),
    ("expire", {}, "TRADE_HAS_CLOSE"),
    ("close", {"trans_amount": "2"}, "TRADE_HAS_CLOSE"),
    (None, {"trans_amount": "2"}, "CONTEXT_INCONSISTENT"),
    (None, {"pay_type": "wechat"}, "CONTEXT_INCONSISTENT")])
def test_closed_comes_before_inconsistent_and_that_before_paid(
        shop: Shop, event: str | None, other: dict[str, str], error: str):
    number = shop.qr_order()["out_trade_no"]
    if event:
        shop.happens(number, event)
    assert shop.qr_order(out_trade_no=number, **other)["error"] == error


def test_a_buyer_who_fails_on_the_page_may_try_again(shop: Shop):
    number = shop.qr_order()["out_trade_no"]
    shop.happens(number, "decline")
    assert status(shop, number) == "WAIT_BUYER_PAY"
    shop.happens(number, "pay")
    assert status(shop, number) == "TRADE_SUCCESS"


def test_two_merchants_may_use_the_same_order_number(shop: Shop, notified: Shop):
    codes = {merchant.qr_order(out_trade_no="same")["qr_code"] for merchant in (shop, notified)}
    assert len(codes) == 2
    shop.happens("same", "pay")
    assert status(notified, "same") == "WAIT_BUYER_PAY"
