"""Contract 2.5: tgpaycancel.php closes an order and gives back what was paid."""
import pytest

from ..driver import Clock, Receiver, Shop, exchange
from ..tables import every_row

FIELDS = {"is_success": "T", "result_code": "SUCCESS", "error": "", "detail_error_code": "",
          "detail_error_des": ""}
DAY = 86_400_000


def test_a_cancellation_answers_every_documented_field_in_order_and_unsigned(shop: Shop):
    answer = shop.ask("tgpaycancel", out_trade_no=shop.qr_order()["out_trade_no"], account_id="33",
                      terminal_id="8", sign_type=None)
    assert answer.xml.tag == "TGPayPro"
    assert list(answer.fields.items()) == list(FIELDS.items())
    assert shop.findings(answer) == set()


def test_account_id_is_documented_as_mandatory_and_its_lack_is_a_finding(shop: Shop):
    answer = shop.ask("tgpaycancel", out_trade_no=shop.qr_order()["out_trade_no"], sign_type=None)
    assert (answer["result_code"], shop.findings(answer)) == ("SUCCESS", {"MANDATORY_MISSING"})


@pytest.mark.parametrize("name, error",
                         [("merchants_id", "ILLEGAL_PARTNER"), ("out_trade_no", "ILLEGAL_ARGUMENT")])
def test_a_required_parameter_is_refused_when_missing(shop: Shop, name: str, error: str):
    params = {"out_trade_no": shop.qr_order()["out_trade_no"], "account_id": "33", name: None}
    answer = shop.ask("tgpaycancel", **params)
    assert (answer.xml.tag, answer["error"], "sign" in answer.fields) == ("TGPayPro", error, False)


def test_an_unknown_order_does_not_exist(shop: Shop, notified: Shop):
    number = notified.qr_order()["out_trade_no"]
    assert [shop.cancel(unknown)["error"] for unknown in ("nothing", number)] == ["TRADE_NOT_EXIST"] * 2


@every_row("order", [Shop.qr_order, Shop.h5_order, Shop.prepay_order])
def test_a_waiting_order_closes_and_cannot_be_paid_any_more(shop: Shop, order):
    number = order(shop)["out_trade_no"]
    assert shop.cancel(number).fields == FIELDS
    assert shop.query(number)["trade_status"] == "TRADE_CLOSED"
    assert shop.happens(number, "pay").status == 409
    assert shop.query(number)["trans_id"] == ""


def test_the_wallet_page_of_a_cancelled_order_takes_no_payment(shop: Shop):
    made = shop.qr_order()
    shop.cancel(made["out_trade_no"])
    exchange(f"{made['qr_code']}/pay", "POST")
    assert shop.query(made["out_trade_no"])["trade_status"] == "TRADE_CLOSED"
    assert shop.query(made["out_trade_no"])["trans_id"] == ""


@every_row("refunds", [(), ("0.30",), ("0.30", "0.69")])
def test_cancelling_a_paid_order_gives_back_what_is_left(shop: Shop, refunds: tuple[str, ...]):
    number = shop.pay_by_barcode("1.00")["out_trade_no"]
    for amount in refunds:
        shop.refund(number, amount)
    assert shop.cancel(number).fields == FIELDS
    answer = shop.query(number)
    assert (answer["trade_status"], answer["refund_status"],
            answer["refund_amount"]) == ("TRADE_CLOSED", "REFUND_SUCCESS", "1.00")
    assert sum(float(refund["amount"]) for refund in shop.story(number)["refunds"]) == pytest.approx(1)


def test_cancelling_twice_answers_the_same_and_gives_back_once(shop: Shop, clock: Clock):
    waiting, paid = shop.qr_order()["out_trade_no"], shop.pay_by_barcode()["out_trade_no"]
    for _ in range(2):
        assert [shop.cancel(number).fields for number in (waiting, paid)] == [FIELDS, FIELDS]
    clock.advance("3d")
    assert [shop.cancel(number).fields for number in (waiting, paid)] == [FIELDS, FIELDS]
    assert (len(shop.story(waiting)["refunds"]), len(shop.story(paid)["refunds"])) == (0, 1)


@pytest.mark.parametrize("after, error", [(DAY, ""), (DAY + 1, "TRADE_CANCEL_TIME_OUT")])
def test_a_paid_order_can_be_cancelled_for_24_hours(shop: Shop, clock: Clock, after: int, error: str):
    clock.freeze()
    number = shop.pay_by_barcode()["out_trade_no"]
    clock.advance(f"{after}ms")
    assert shop.cancel(number)["error"] == error
    assert shop.query(number)["refund_status"] == ("" if error else "REFUND_SUCCESS")


def test_the_24_hours_run_from_the_payment_and_not_from_the_order(shop: Shop, clock: Clock):
    clock.freeze()
    number = shop.qr_order(it_b_pay="15d")["out_trade_no"]
    clock.advance("3d")
    shop.happens(number, "pay")
    clock.advance("1d")
    assert shop.cancel(number)["result_code"] == "SUCCESS"


def test_an_order_that_closed_otherwise_cannot_be_cancelled(shop: Shop):
    expired, given_back = shop.qr_order()["out_trade_no"], shop.pay_by_barcode()["out_trade_no"]
    shop.happens(expired, "expire")
    shop.refund(given_back, "1.00")
    assert [shop.cancel(number)["error"] for number in (expired, given_back)] == ["TRADE_HAS_CLOSE"] * 2


def test_the_number_of_a_cancelled_order_is_closed(shop: Shop):
    number = shop.qr_order()["out_trade_no"]
    shop.cancel(number)
    assert shop.qr_order(out_trade_no=number)["error"] == "TRADE_HAS_CLOSE"


def test_cancelling_a_waiting_order_is_notified_and_cancelling_a_paid_one_is_not(
        notified: Shop, receiver: Receiver):
    waiting, paid = notified.qr_order()["out_trade_no"], notified.pay_by_barcode()["out_trade_no"]
    for number in (waiting, paid):
        notified.cancel(number)
    notified.control.post("/notifications/flush")
    heard = [(notification.fields["out_trade_no"],
              notification.fields.get("trade_status") or notification.fields["result_code"])
             for notification in receiver.heard]
    assert sorted(heard) == sorted([(waiting, "SUCCESS"), (paid, "SUCCESS"), (waiting, "TRADE_CLOSED")])
