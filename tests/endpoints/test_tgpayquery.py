"""Contract 2.3: tgpayquery.php, what has become of an order."""

from ..driver import Clock, Shop
from ..tables import every_row

FIELDS = ["is_success", "error", "pay_type", "result_code", "trans_amount", "trade_status", "out_trade_no",
          "buyer_id", "buyer_login_id",
          "pay_time", "trans_id", "trans_rate", "trans_amount_type", "pay_amount", "pay_amount_type",
          "refund_status", "refund_amount", "attach", "merchants_id", "create_ip", "sign", "sign_type"]
PAYMENT = ("buyer_id", "buyer_login_id", "pay_time", "trans_id", "trans_rate", "pay_amount",
           "pay_amount_type")
ORDERS = (Shop.qr_order, Shop.h5_order, Shop.prepay_order)


def test_a_query_answers_every_documented_field_in_order_and_signed(shop: Shop):
    answer = shop.query(shop.pay_by_barcode()["out_trade_no"])
    assert list(answer.fields) == FIELDS
    assert shop.verifies(answer)


@every_row("order", ORDERS)
def test_the_payment_fields_of_a_waiting_order_are_empty(shop: Shop, order):
    answer = shop.query(order(shop)["out_trade_no"])
    assert list(answer.fields) == FIELDS
    assert (answer["result_code"], answer["trade_status"]) == ("SUCCESS", "WAIT_BUYER_PAY")
    assert [answer[name] for name in PAYMENT] == [""] * len(PAYMENT)


def test_a_paid_order_tells_what_the_payment_told(shop: Shop):
    paid = shop.pay_by_barcode("33.33")
    answer = shop.query(paid["out_trade_no"])
    assert answer["trade_status"] == "TRADE_SUCCESS"
    same = (*PAYMENT, "trans_amount", "trans_amount_type", "create_ip", "merchants_id")
    assert {name: answer[name] for name in same} == {name: paid[name] for name in same}


@every_row("refunds, refund_status, refund_amount, trade_status", [
    ([], "", ".00", "TRADE_SUCCESS"),
    (["0.04"], "PARTIAL_REFUND", ".04", "TRADE_SUCCESS"),
    (["0.40", "0.59"], "PARTIAL_REFUND", ".99", "TRADE_SUCCESS"),
    (["0.40", "9.60"], "PARTIAL_REFUND", "10.00", "TRADE_SUCCESS"),
    (["0.40", "12.10"], "REFUND_SUCCESS", "12.50", "TRADE_CLOSED"),
    (["12.50"], "REFUND_SUCCESS", "12.50", "TRADE_CLOSED")])
def test_the_refund_fields_tell_how_much_was_given_back(
        shop: Shop, refunds: list[str], refund_status: str, refund_amount: str, trade_status: str):
    number = shop.pay_by_barcode("12.50")["out_trade_no"]
    for amount in refunds:
        shop.refund(number, amount)
    answer = shop.query(number)
    told = answer["refund_status"], answer["refund_amount"], answer["trade_status"]
    assert told == (refund_status, refund_amount, trade_status)


def test_after_a_full_refund_the_payment_is_still_told(shop: Shop):
    paid = shop.pay_by_barcode()
    shop.refund(paid["out_trade_no"], "1.00")
    answer = shop.query(paid["out_trade_no"])
    assert [answer[name] for name in PAYMENT] == [paid[name] for name in PAYMENT]


def test_attach_comes_back(shop: Shop):
    number = shop.prepay_order(attach="table=7 & 窗 <8>")["out_trade_no"]
    assert shop.query(number)["attach"] == "table=7 & 窗 <8>"


def test_no_sign_type_is_expected(shop: Shop):
    number = shop.qr_order()["out_trade_no"]
    for params in ({"sign_type": None}, {"sign_type": "MD5"}):
        answer = shop.ask("tgpayquery", out_trade_no=number, **params)
        assert (answer["result_code"], shop.findings(answer)) == ("SUCCESS", set())


def test_one_of_the_two_numbers_is_required(shop: Shop):
    assert shop.ask("tgpayquery")["error"] == "ILLEGAL_ARGUMENT"


def test_an_unknown_order_does_not_exist(shop: Shop):
    answer = shop.query("nothing")
    assert (answer["is_success"], answer["result_code"], answer["error"]) == ("F", "FAIL", "TRADE_NOT_EXIST")
    assert shop.verifies(answer)


def test_an_unknown_terminal_transaction_is_404(shop: Shop):
    answer = shop.ask("tgpayquery", transactionResultId="0821032398-1651500000000")
    assert (answer.status, answer["is_success"], answer["result_code"],
            answer["error"]) == (200, "F", "404", "TRADE_NOT_EXIST")


def test_an_order_of_another_merchant_does_not_exist(shop: Shop, notified: Shop):
    number = notified.pay_by_barcode()["out_trade_no"]
    assert shop.query(number)["error"] == "TRADE_NOT_EXIST"


def test_a_query_never_changes_an_order(shop: Shop):
    number = shop.qr_order()["out_trade_no"]
    before = shop.story(number)
    first = shop.query(number)
    assert shop.query(number).raw == first.raw
    assert shop.story(number) == before


@every_row("order, limit", [(Shop.qr_order, "15m"), (Shop.h5_order, "1440m"), (Shop.prepay_order, "2h")])
def test_an_order_expires_at_its_instant_whether_or_not_anybody_asks(
        shop: Shop, clock: Clock, order, limit: str):
    clock.freeze()
    asked, unasked = order(shop)["out_trade_no"], order(shop)["out_trade_no"]
    clock.advance(limit)
    assert shop.query(asked)["trade_status"] == "TRADE_CLOSED"
    clock.advance("1h")
    stories = [shop.story(number) for number in (asked, unasked)]
    assert [story["closed_at"] for story in stories] == [story["expires_at"] for story in stories]


def test_a_paid_order_is_finished_when_the_refund_period_of_90_days_is_over(shop: Shop, clock: Clock):
    clock.freeze()
    number = shop.pay_by_barcode()["out_trade_no"]
    clock.advance(f"{90 * 86_400_000 - 1}ms")
    assert shop.query(number)["trade_status"] == "TRADE_SUCCESS"
    clock.advance("1ms")
    assert shop.query(number)["trade_status"] == "TRADE_FINISHED"
