"""Contract 3, 1.3, 2.10: refunds, cancellation and settlement of card payments."""
import csv
import io

import pytest

from ..card_orders import (
    DECLINED, EXPIRED, PENDING, PENDING_3D, REVIEWED, REVOKED, Make, cancelled, charged_back, happened,
    on_the_page, presented, refunded, refusal, reviewed)
from ..driver import RESPONSE_CODES, Clock, Shop, card_of
from ..tables import every_row

DAY = 86_400_000


# Refunds.

@every_row("make", [presented(), reviewed("approved"), happened(on_the_page, "pay"),
                    presented(card_of("3118"))],
           ids=["paid", "approved", "paid on the page", "partial approval"])
def test_a_refund_leaves_the_status_success_and_the_last_one_closes_the_trade(shop: Shop, make: Make):
    number = make(shop)
    for amount, trade_status, refund_status in (("0.40", "TRADE_SUCCESS", "PARTIAL_REFUND"),
                                                ("0.60", "TRADE_CLOSED", "REFUND_SUCCESS")):
        answer = shop.refund(number, amount, out_refund_id=f"{number}-{amount}")
        assert (answer["is_success"], answer["result_code"], answer["refund_amount"]) == (
            "T", "SUCCESS", amount)
        told = shop.query(number)
        assert (told["trade_status"], told["status"], told["refund_status"]) == (
            trade_status, "success", refund_status)
    assert answer["alipay_trans_id"] == told["order_id"]


@every_row("make, amount, error, code", [
    (presented(), "1.01", "REASON_TRADE_REFUND_FEE_ERR", "3098"),
    (refunded("0.40"), "0.61", "REASON_TRADE_REFUND_FEE_ERR", "3098"),
    (on_the_page, "1.00", "TRADE_STATUS_ERROR", "0330"),
    (presented(PENDING), "1.00", "TRADE_STATUS_ERROR", "0330"),
    (presented(PENDING_3D), "1.00", "TRADE_STATUS_ERROR", "0330"),
    (presented(REVIEWED), "1.00", "TRADE_STATUS_ERROR", "0330"),
    (presented(DECLINED), "1.00", "TRADE_HAS_CLOSE", "3002"),
    (presented(REVOKED), "1.00", "TRADE_HAS_CLOSE", "3002"),
    (reviewed("refused"), "1.00", "TRADE_HAS_CLOSE", "3002"),
    (cancelled(presented()), "1.00", "TRADE_HAS_CLOSE", "3002"),
    (refunded("1.00"), "0.01", "TRADE_HAS_CLOSE", "3002"),
    (presented(EXPIRED), "1.00", "TRADE_HAS_CLOSE", "3300"),
    (happened(on_the_page, "expire"), "1.00", "TRADE_HAS_CLOSE", "3300"),
    (charged_back, "0.01", "TRADE_STATUS_ERROR", "0340")],
    ids=["too much", "too much in parts", "waiting", "pending", "3-D", "in review", "failed", "revoked",
         "refused in review", "cancelled",
         "refunded", "expired", "expired on the page", "charged back"])
def test_a_refund_that_cannot_be_is_refused_with_its_response_code(
        shop: Shop, make: Make, amount: str, error: str, code: str):
    number = make(shop)
    before = shop.story(number)
    assert refusal(shop.refund(number, amount)) == (error, code, number)
    assert shop.story(number) == before


def test_the_same_out_refund_id_refunds_a_card_payment_once(shop: Shop):
    number = presented()(shop)
    first = shop.refund(number, "0.40", out_refund_id="once")
    assert shop.refund(number, "0.40", out_refund_id="once").raw == first.raw
    assert refusal(shop.refund(number, "0.50", out_refund_id="once"))[0] == "DISCORDANT_REPEAT_REQUEST"
    assert shop.query(number)["refund_amount"] == ".40"


def test_the_refund_period_of_a_card_payment_ends_after_90_days(shop: Shop, clock: Clock):
    clock.freeze()
    number = presented()(shop)
    clock.advance(f"{90 * DAY - 1}ms")
    assert shop.refund(number, "0.10")["is_success"] == "T"
    clock.advance("1ms")
    assert shop.refund(number, "0.10")["error"] == "TRADE_HAS_FINISHED"
    assert shop.query(number)["status"] == "success"


# Cancellation.

@every_row("make", [on_the_page, presented(PENDING), presented(PENDING_3D), presented(REVIEWED)],
           ids=["waiting", "pending", "3-D", "in review"])
def test_an_unpaid_order_is_canceled_and_noticed(shop: Shop, make: Make):
    shop.control.ask("PATCH", f"/merchants/{shop.merchants_id}", {"notify_url": "http://127.0.0.1:9/notify"})
    number = make(shop)
    answer = shop.cancel(number)
    assert (answer["is_success"], answer["result_code"], answer["error"],
            answer["detail_error_code"]) == ("T", "SUCCESS", "", "")
    told = shop.query(number)
    assert (told["trade_status"], told["status"], told["refund_status"]) == ("TRADE_CLOSED", "canceled", "")
    assert RESPONSE_CODES[told["resp_code"]]["status"] == "canceled"
    notification, = shop.story(number)["notifications"]
    assert "status=canceled" in notification["request"]["body"]
    assert shop.happens(number, "pay").status == 409


@pytest.mark.parametrize("refund", [None, "0.40"])
def test_a_payment_is_canceled_and_given_back_within_24_hours(shop: Shop, clock: Clock, refund: str | None):
    clock.freeze()
    number = presented()(shop)
    if refund:
        shop.refund(number, refund)
    clock.advance(f"{DAY}ms")
    assert shop.cancel(number)["is_success"] == "T"
    told = shop.query(number)
    assert (told["trade_status"], told["status"], told["refund_status"], told["refund_amount"]) == (
        "TRADE_CLOSED", "canceled", "REFUND_SUCCESS", "1.00")
    assert RESPONSE_CODES[told["resp_code"]]["status"] == "canceled"


def test_later_than_24_hours_a_payment_is_not_canceled(shop: Shop, clock: Clock):
    clock.freeze()
    number = presented()(shop)
    clock.advance(f"{DAY + 1}ms")
    assert refusal(shop.cancel(number)) == ("TRADE_CANCEL_TIME_OUT", "3124", number)
    assert (shop.query(number)["status"], shop.query(number)["refund_amount"]) == ("success", ".00")


@every_row("make", [on_the_page, presented(), presented(REVIEWED)], ids=["waiting", "paid", "in review"])
def test_cancelling_twice_answers_the_same_and_happens_once(shop: Shop, clock: Clock, make: Make):
    number = make(shop)
    first = shop.cancel(number)
    story = shop.story(number)
    clock.advance("3d")
    assert shop.cancel(number).raw == first.raw
    assert shop.story(number) == story


@every_row("make, error, code", [
    (presented(DECLINED), "TRADE_HAS_CLOSE", "3002"), (presented(REVOKED), "TRADE_HAS_CLOSE", "3002"),
    (reviewed("refused"), "TRADE_HAS_CLOSE", "3002"), (refunded("1.00"), "TRADE_HAS_CLOSE", "3002"),
    (presented(EXPIRED), "TRADE_HAS_CLOSE", "3300"), (charged_back, "TRADE_STATUS_ERROR", "0340")],
    ids=["failed", "revoked", "refused in review", "refunded", "expired", "charged back"])
def test_a_cancellation_that_cannot_be_is_refused_with_its_response_code(
        shop: Shop, make: Make, error: str, code: str):
    number = make(shop)
    before = shop.story(number)
    assert refusal(shop.cancel(number)) == (error, code, number)
    assert shop.story(number) == before


# Settlement.

@pytest.fixture
def first_of_march(clock: Clock) -> Clock:
    """Noon in Shanghai."""
    clock.freeze()
    clock.set("2027-03-01T04:00:00Z")
    return clock


def settled(shop: Shop, clock: Clock) -> list[dict[str, str]]:
    """The rows of that day, when they are settled on the next."""
    clock.set("2027-03-02T07:00:00Z")
    return list(csv.DictReader(io.StringIO(shop.settlement("2027-03-02", "2027-03-02").text, newline="")))


def test_a_card_payment_is_settled_as_online_bankcard_with_its_order_id(shop: Shop, first_of_march: Clock):
    paid = shop.card_payment(trans_amount="100.00", reference="table 7")
    row, = settled(shop, first_of_march)
    expected = {
        "partner_transaction_id": paid["out_trade_no"], "transaction_id": paid["order_id"],
        "order_scene": "onlineBankcard", "type": "P", "status": "L", "remarks": "table 7", "amount": "100.00",
        "rmb_amount": "907.48", "fee": "0.60", "settlement": "99.40",
        "rmb_settlement": "902.04", "payment_time": "2027-03-01 12:00:00",
        "settlement_time": "2027-03-02 15:00:00", "currency": "GBP"}
    assert {name: row[name] for name in expected} == expected


def test_refunds_and_cancellations_of_card_payments_are_settled_too_and_what_was_never_paid_is_not(
         shop: Shop, first_of_march: Clock):
    part, whole = (shop.card_payment() for _ in range(2))
    shop.refund(part["out_trade_no"], "0.40", out_refund_id=f"R{part['out_trade_no']}", refund_reson="cold")
    shop.cancel(whole["out_trade_no"])
    for make in (presented(DECLINED), presented(PENDING), on_the_page, reviewed("refused"),
                 presented(EXPIRED)):
        make(shop)
    rows = [(row["type"], row["partner_transaction_id"], row["transaction_id"], row["amount"], row["remarks"],
             row["order_scene"])
            for row in settled(shop, first_of_march)]
    scene = "onlineBankcard"
    assert rows == [
        ("P", part["out_trade_no"], part["order_id"], "1.00", "TGPay", scene),
        ("P", whole["out_trade_no"], whole["order_id"], "1.00", "TGPay", scene),
        ("R", f"R{part['out_trade_no']}", part["order_id"], "-0.40", "cold", scene),
        ("R", whole["order_id"], whole["order_id"], "-1.00", "cancel", scene)]


def test_an_order_paid_at_the_second_attempt_is_settled_once_with_that_attempts_order_id(
         shop: Shop, first_of_march: Clock):
    number = presented(DECLINED)(shop)
    paid = shop.card_payment(out_trade_no=number)
    row, = settled(shop, first_of_march)
    assert (row["partner_transaction_id"], row["transaction_id"]) == (number, paid["order_id"])


def test_an_approved_payment_is_settled_and_a_refused_one_is_not(shop: Shop, first_of_march: Clock):
    taken, _ = reviewed("approved")(shop), reviewed("refused")(shop)
    row, = settled(shop, first_of_march)
    assert (row["partner_transaction_id"], row["type"], row["order_scene"]) == (taken, "P", "onlineBankcard")
