"""Contract 2.1, with 1.4 on repetition: tgpaybarcode.php, the shop scans the buyer's code."""
import pytest

from ..driver import ALIPAY_CODE, WECHAT_CODE, Clock, Receiver, Shop
from ..tables import every_row

FIELDS = ["is_success", "result_code", "error", "trans_amount", "out_trade_no", "buyer_id", "buyer_login_id",
          "pay_time", "trans_id",
          "trans_rate", "trans_amount_type", "pay_amount", "pay_amount_type", "merchants_id", "create_ip",
          "sign", "sign_type"]
PAYMENT = ("buyer_id", "buyer_login_id", "pay_time", "trans_id", "trans_rate", "pay_amount",
           "pay_amount_type")
BUYER_WHO_MUST_CONFIRM = "287777777777700001"
BUYERS_WHO_FAIL = (
    ("287777777777700002", "BUYER_BALANCE_NOT_ENOUGH"), ("287777777777700003", "BUYER_ENABLE_STATUS_FORBID"),
    ("287777777777700004", "BEYOND_PAY_RESTRICTION"), ("287777777777700005", "PAYMENT_AUTH_CODE_INVALID"))


def payments_of(shop: Shop, number: str) -> int:
    return [line["event"] for line in shop.story(number)["history"]].count("pay")


def test_a_payment_answers_every_documented_field_in_order(shop: Shop):
    assert list(shop.pay_by_barcode().fields) == FIELDS


def test_a_buyer_with_a_code_pays_at_once(shop: Shop):
    number = shop.number()
    paid = shop.pay_by_barcode("12.5", out_trade_no=number)
    told = {name: paid[name] for name in FIELDS
            if name not in ("buyer_id", "buyer_login_id", "pay_time", "trans_id", "sign")}
    assert told == {
        "is_success": "T", "result_code": "SUCCESS", "error": "", "trans_amount": "12.50",
        "out_trade_no": number, "trans_rate": "9.07480000", "trans_amount_type": "GBP",
        "pay_amount": "113.44", "pay_amount_type": "CNY", "merchants_id": shop.merchants_id,
        "create_ip": "127.0.0.1", "sign_type": "MD5"}
    assert all(paid[name] for name in PAYMENT)
    assert shop.query(number)["trade_status"] == "TRADE_SUCCESS"


def test_the_answer_is_signed(shop: Shop):
    assert shop.verifies(shop.pay_by_barcode())
    assert shop.verifies(shop.pay_by_barcode(buyer_identity_code="1"))


def test_pay_time_is_in_shanghai(shop: Shop, clock: Clock):
    clock.freeze()
    clock.set("2027-06-07T18:02:28.999Z")
    assert shop.pay_by_barcode()["pay_time"] == "20270608020228"


@every_row("amount, rate, pay_amount", [
    ("0.01", "9.07480000", "0.09"), ("0.05", "9.1", "0.46"), ("0.01", "0.49999999", "0.00"),
    ("0.01", "0.5", "0.01"), ("1000000.00", "9.07480000", "9074800.00"), ("1", "1", "1.00"),
    ("33.33", "8.88760000", "296.22")])
def test_pay_amount_is_amount_times_rate_half_up(shop: Shop, amount: str, rate: str, pay_amount: str):
    shop.control.ask("PATCH", f"/merchants/{shop.merchants_id}", {"rate": rate, "currency": "EUR"})
    paid = shop.pay_by_barcode(amount)
    assert (paid["pay_amount"], paid["trans_amount_type"], paid["pay_amount_type"]) == (
        pay_amount, "EUR", "CNY")
    assert paid["trans_rate"] == f"{float(rate):.8f}"


@every_row("code, wallet", [
    ("25" + 14 * "0", "alipay"), ("30" + 22 * "9", "alipay"), ("28" + 18 * "3", "alipay"),
    ("10" + 16 * "0", "wechat"), ("15" + 16 * "9", "wechat")])
def test_without_pay_type_the_prefix_of_the_code_decides(shop: Shop, code: str, wallet: str):
    paid = shop.pay_by_barcode(buyer_identity_code=code, pay_type=None)
    assert (paid["result_code"], shop.query(paid["out_trade_no"])["pay_type"]) == ("SUCCESS", wallet)
    assert shop.findings(paid) == {"MANDATORY_MISSING"}


@every_row("pay_type", ["alipay", "wechat", None])
@every_row("code", [
    "25" + 13 * "0", "30" + 23 * "0", "24" + 14 * "0", "31" + 14 * "0", "10" + 15 * "0", "10" + 17 * "0",
    "16" + 16 * "0", "09" + 16 * "0", "28013648323597742x", "２８" + 16 * "0", "28 0136483235977421"])
def test_anything_else_than_a_payment_code_is_refused(shop: Shop, code: str, pay_type: str | None):
    refused = shop.pay_by_barcode(buyer_identity_code=code, pay_type=pay_type)
    assert (refused["error"], "buyer_identity_code" in refused["detail_error_des"]) == (
        "ILLEGAL_ARGUMENT", True)


@pytest.mark.parametrize("pay_type, code", [("alipay", WECHAT_CODE), ("wechat", ALIPAY_CODE)])
def test_the_other_wallets_code_is_refused(shop: Shop, pay_type: str, code: str):
    assert shop.pay_by_barcode(pay_type=pay_type, buyer_identity_code=code)["error"] == "ILLEGAL_ARGUMENT"


@every_row("name, error", [
    ("merchants_id", "ILLEGAL_PARTNER"), ("out_trade_no", "ILLEGAL_ARGUMENT"),
    ("trans_amount", "ILLEGAL_ARGUMENT"), ("buyer_identity_code", "ILLEGAL_ARGUMENT")])
def test_a_required_parameter_is_refused_when_missing(shop: Shop, name: str, error: str):
    assert shop.pay_by_barcode(**{name: None})["error"] == error


def test_sign_type_is_documented_as_mandatory_and_its_lack_is_a_finding(shop: Shop):
    paid = shop.pay_by_barcode(sign_type=None)
    assert (paid["result_code"], shop.findings(paid)) == ("SUCCESS", {"SIGN_TYPE_MISSING"})


def test_an_order_number_has_at_most_64_characters(shop: Shop):
    assert shop.pay_by_barcode(out_trade_no="n" * 64)["result_code"] == "SUCCESS"
    assert shop.pay_by_barcode(out_trade_no="n" * 65)["error"] == "ILLEGAL_ARGUMENT"


def test_optional_parameters_break_no_rule(shop: Shop):
    paid = shop.pay_by_barcode(reference="0607001", account_id="20373", terminal_id="80000000001",
                               notify_url="http://127.0.0.1:9/n")
    assert (paid["result_code"], shop.findings(paid)) == ("SUCCESS", set())


def test_while_the_buyer_must_confirm_the_answer_is_unknown_and_the_payment_fields_are_empty(shop: Shop):
    answer = shop.pay_by_barcode(buyer_identity_code=BUYER_WHO_MUST_CONFIRM)
    assert list(answer.fields) == FIELDS
    assert (answer["is_success"], answer["result_code"], answer["error"]) == ("T", "UNKNOWN", "")
    assert [answer[name] for name in PAYMENT] == [""] * len(PAYMENT)
    assert shop.query(answer["out_trade_no"])["trade_status"] == "WAIT_BUYER_PAY"


@every_row("event, status, repeated", [
    ("pay", "TRADE_SUCCESS", "SUCCESS"), ("decline", "TRADE_CLOSED", "FAIL"),
    ("expire", "TRADE_CLOSED", "FAIL")])
def test_an_unconfirmed_order_is_then_paid_refused_or_expires(
        shop: Shop, event: str, status: str, repeated: str):
    number = shop.number()
    shop.pay_by_barcode(out_trade_no=number, buyer_identity_code=BUYER_WHO_MUST_CONFIRM)
    assert shop.happens(number, event).status == 200
    assert shop.query(number)["trade_status"] == status
    assert shop.pay_by_barcode(out_trade_no=number)["result_code"] == repeated


def test_an_unconfirmed_order_expires_by_itself(shop: Shop, clock: Clock):
    number = shop.pay_by_barcode(buyer_identity_code=BUYER_WHO_MUST_CONFIRM)["out_trade_no"]
    clock.advance("1d")
    assert shop.query(number)["trade_status"] == "TRADE_CLOSED"


@every_row("code, error", BUYERS_WHO_FAIL)
def test_a_buyer_who_fails_is_an_answer_and_the_number_is_spent(shop: Shop, code: str, error: str):
    number = shop.number()
    failed = shop.pay_by_barcode(out_trade_no=number, buyer_identity_code=code)
    assert (failed["is_success"], failed["result_code"], failed["error"],
            failed["detail_error_code"]) == ("T", "FAIL", "", error)
    assert failed["detail_error_des"] and shop.verifies(failed)
    assert [failed[name] for name in PAYMENT] == [""] * len(PAYMENT)
    assert shop.query(number)["trade_status"] == "TRADE_CLOSED"
    assert shop.pay_by_barcode(out_trade_no=number)["error"] == "TRADE_HAS_CLOSE"


def test_a_paid_order_repeated_answers_as_paid_and_is_paid_once(shop: Shop):
    number = shop.number()
    first = shop.pay_by_barcode(out_trade_no=number)
    assert shop.pay_by_barcode(out_trade_no=number).raw == first.raw
    assert payments_of(shop, number) == 1


@every_row("other", [
    {"buyer_identity_code": "281111111111111111"}, {"reference": "another"},
    {"notify_url": "http://127.0.0.1:9/other"}, {"total_fee": "1", "trans_amount": None}])
def test_another_code_reference_or_notify_url_is_still_a_repetition(shop: Shop, other: dict[str, str | None]):
    number = shop.number()
    first = shop.pay_by_barcode(out_trade_no=number, reference="one")
    assert shop.pay_by_barcode(out_trade_no=number, **other)["trans_id"] == first["trans_id"]
    assert payments_of(shop, number) == 1


@pytest.mark.parametrize("other", [{"trans_amount": "1.01"},
                                   {"pay_type": "wechat", "buyer_identity_code": WECHAT_CODE}])
def test_another_amount_or_wallet_is_inconsistent(shop: Shop, other: dict[str, str]):
    number = shop.number()
    shop.pay_by_barcode(out_trade_no=number)
    assert shop.pay_by_barcode(out_trade_no=number, **other)["error"] == "CONTEXT_INCONSISTENT"
    assert payments_of(shop, number) == 1


def test_a_number_of_another_endpoint_is_inconsistent(shop: Shop):
    number = shop.qr_order()["out_trade_no"]
    assert shop.pay_by_barcode(out_trade_no=number)["error"] == "CONTEXT_INCONSISTENT"
    assert shop.query(number)["trade_status"] == "WAIT_BUYER_PAY"


def test_a_waiting_order_repeated_is_still_unknown(shop: Shop):
    number = shop.number()
    first = shop.pay_by_barcode(out_trade_no=number, buyer_identity_code=BUYER_WHO_MUST_CONFIRM)
    assert shop.pay_by_barcode(out_trade_no=number).raw == first.raw


def test_a_refunded_number_is_closed_whatever_else_differs(shop: Shop):
    number = shop.pay_by_barcode()["out_trade_no"]
    shop.refund(number, "1.00")
    assert shop.pay_by_barcode("2.00", out_trade_no=number)["error"] == "TRADE_HAS_CLOSE"


@pytest.mark.parametrize("code, result_code, error",
                         [(ALIPAY_CODE, "SUCCESS", ""),
                          (BUYERS_WHO_FAIL[0][0], "FAIL", BUYERS_WHO_FAIL[0][1])])
def test_the_end_of_the_payment_is_notified(notified: Shop, receiver: Receiver, code: str, result_code: str,
                                            error: str):
    paid = notified.pay_by_barcode("3.10", buyer_identity_code=code)
    notification = receiver.wait_for(1)[0].fields
    assert list(notification) == ["merchants_id", "out_trade_no", "total_fee", "currency", "result_code",
                                  "error", "store_id", "store_name",
                                  "notify_time", "notify_type", "create_ip", "sign", "sign_type"]
    assert (notification["notify_type"], notification["result_code"],
            notification["error"]) == ("merchant_scan_status_sync", result_code, error)
    assert (notification["out_trade_no"], notification["total_fee"],
            notification["currency"]) == (paid["out_trade_no"], "3.10", "GBP")


def test_a_payment_that_was_to_be_confirmed_is_notified_when_it_ends_and_once(
        notified: Shop, receiver: Receiver):
    number = notified.number()
    for _ in range(2):
        notified.pay_by_barcode(out_trade_no=number, buyer_identity_code=BUYER_WHO_MUST_CONFIRM)
    notified.control.post("/notifications/flush")
    assert receiver.heard == []
    notified.happens(number, "pay")
    notified.pay_by_barcode(out_trade_no=number)
    notified.control.post("/notifications/flush")
    assert [notification.fields["result_code"] for notification in receiver.heard] == ["SUCCESS"]
