"""Contract 3 with 1.4 on repetition: after failed or expired the same order is tried again, a waiting cashier
order answers as it did.
"""
import csv
import io
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ..card_orders import (
    DECLINED, EXPIRED, PENDING, PENDING_3D, REVIEWED, REVOKED, Make, cancelled, happened, on_the_page,
    presented, refunded, reviewed)
from ..driver import VISA, Answer, Clock, Shop, card_of, exchange
from ..tables import every_row

TOGETHER = 12
OVER = {"failed": presented(DECLINED), "expired": presented(EXPIRED),
        "failed on the page": happened(on_the_page, "decline"),
        "expired on the page": happened(on_the_page, "expire")}
NEVER_AGAIN = {
    "paid": presented(), "paid on the page": happened(on_the_page, "pay"), "pending": presented(PENDING),
    "3-D": presented(PENDING_3D), "in review": presented(REVIEWED), "approved": reviewed("approved"),
    "refused": reviewed("refused"), "revoked": presented(REVOKED),
    "cancelled when paid": cancelled(presented()), "cancelled when pending": cancelled(presented(PENDING)),
    "cancelled on the page": cancelled(on_the_page), "closed on the page": happened(on_the_page, "close"),
    "refunded": refunded("1.00")}
AGAIN = every_row("ask", [Shop.card_order, Shop.card_payment], ids=["cashier", "s2s"])


def duplicate(answer: Answer) -> bool:
    return (answer["is_success"], answer["result_code"], answer["detail_error_code"]) == ("F", "3105", "3105")


def attempts(shop: Shop, number: str) -> list[tuple[str, str]]:
    """What the history tells of each attempt that ended: its event and code."""
    return [(line["event"], line["detail"]["code"])
            for line in shop.story(number)["history"] if "code" in line["detail"]]


# A new attempt of the same order.

@every_row("make", OVER.values(), ids=OVER, apart=True)
def test_after_failed_or_expired_the_same_number_may_be_paid_again(shop: Shop, make: Make):
    number = make(shop)
    answer = shop.card_payment(out_trade_no=number)
    assert (answer["is_success"], answer["result_code"], answer["status"]) == ("T", "0000", "success")
    told = shop.query(number)
    assert (told["trade_status"], told["status"], told["resp_code"]) == ("TRADE_SUCCESS", "success", "0000")
    assert len(shop.control.get("/orders", merchants_id=shop.merchants_id)["items"]) == 1


def test_each_attempt_has_an_order_id_of_its_own_and_a_place_in_the_history(shop: Shop):
    number = shop.number()
    cards = (DECLINED, "4012888888881881", EXPIRED, card_of("3100"), VISA)
    answers = [shop.card_payment(card, out_trade_no=number) for card in cards]
    codes = ["3084", "3101", "3300", "3100", "0000"]
    assert [answer["result_code"] for answer in answers] == codes
    assert len({answer["order_id"] for answer in answers}) == len(cards)
    assert [code for _, code in attempts(shop, number)] == codes
    assert shop.query(number)["order_id"] == answers[-1]["order_id"]
    assert shop.refund(number, "1.00")["is_success"] == "T"


def test_a_new_attempt_that_fails_leaves_the_order_failed_and_open_to_another(shop: Shop):
    number = shop.card_payment(EXPIRED)["out_trade_no"]
    for _ in range(2):
        assert shop.card_payment(DECLINED, out_trade_no=number)["status"] == "failed"
    assert shop.card_payment(out_trade_no=number)["status"] == "success"


@every_row("make", OVER.values(), ids=OVER)
def test_a_failed_or_expired_order_sent_to_the_cashier_is_open_again(shop: Shop, make: Make):
    number = make(shop)
    answer = shop.card_order(out_trade_no=number)
    assert (answer["is_success"], answer["result_code"]) == ("T", "SUCCESS")
    assert exchange(answer["pay_url"]).status == 200
    told = shop.query(number)
    assert (told["trade_status"], told["status"], told["resp_code"],
            told["complete_time"]) == ("WAIT_BUYER_PAY", "received", "", "")
    assert shop.happens(number, "pay").status == 200
    assert shop.query(number)["status"] == "success"


def test_the_pay_url_of_an_order_stays_the_same_when_it_is_tried_again(shop: Shop):
    first = shop.card_order()
    shop.happens(first["out_trade_no"], "decline")
    assert shop.card_order(out_trade_no=first["out_trade_no"])["pay_url"] == first["pay_url"]


def test_the_time_limit_of_a_new_attempt_begins_anew(shop: Shop, clock: Clock):
    clock.freeze()
    number = shop.card_order(trans_timeout="20")["out_trade_no"]
    clock.advance("20m")
    assert shop.query(number)["status"] == "expired"
    assert shop.card_order(out_trade_no=number, trans_timeout="30")["is_success"] == "T"
    clock.advance(f"{30 * 60_000 - 1}ms")
    assert shop.query(number)["status"] == "received"
    clock.advance("1ms")
    assert shop.query(number)["status"] == "expired"


@every_row("code", ["1000", "1003", "0348", "0349", "3105"])
def test_a_refused_attempt_leaves_a_failed_order_as_it_was(shop: Shop, code: str):
    number = shop.card_payment(DECLINED)["out_trade_no"]
    before = shop.story(number)
    answer = shop.card_payment(card_of(code), out_trade_no=number)
    assert (answer["is_success"], answer["result_code"]) == ("F", code)
    assert shop.story(number) == before


# Everything else is 3105.

@AGAIN
@every_row("make", NEVER_AGAIN.values(), ids=NEVER_AGAIN)
def test_an_order_that_neither_failed_nor_expired_is_a_duplicate(
        shop: Shop, make: Make, ask: Callable[..., Answer]):
    number = make(shop)
    before = shop.story(number)
    assert duplicate(ask(shop, out_trade_no=number))
    assert shop.story(number) == before


@AGAIN
@every_row("make", [*OVER.values(), presented(), presented(PENDING), on_the_page],
           ids=[*OVER, "paid", "pending", "waiting on the page"])
def test_another_amount_is_a_duplicate(shop: Shop, make: Make, ask: Callable[..., Answer]):
    number = make(shop)
    before = shop.story(number)
    answer = ask(shop, out_trade_no=number, trans_amount="1.01")
    assert (duplicate(answer), answer["error"]) == (True, "CONTEXT_INCONSISTENT")
    assert shop.story(number) == before


@AGAIN
@every_row("wallet", [Shop.qr_order, Shop.h5_order, Shop.prepay_order, Shop.pay_by_barcode])
def test_the_number_of_a_wallet_order_is_a_duplicate(shop: Shop, wallet: Callable[[Shop], Answer],
                                                     ask: Callable[..., Answer]):
    number = wallet(shop)["out_trade_no"]
    before = shop.story(number)
    answer = ask(shop, out_trade_no=number)
    assert (duplicate(answer), answer["error"]) == (True, "CONTEXT_INCONSISTENT")
    assert shop.story(number) == before


@every_row("wallet", [Shop.qr_order, Shop.h5_order, Shop.prepay_order, Shop.pay_by_barcode])
@every_row("make, error", [(on_the_page, "CONTEXT_INCONSISTENT"), (presented(), "CONTEXT_INCONSISTENT"),
                           (presented(DECLINED), "TRADE_HAS_CLOSE")], ids=["waiting", "paid", "failed"])
def test_a_wallet_cannot_have_the_number_of_a_card_order(shop: Shop, wallet: Callable[..., Answer],
                                                         make: Make, error: str):
    assert wallet(shop, out_trade_no=make(shop))["error"] == error


def test_a_waiting_cashier_order_is_not_charged_from_the_server(shop: Shop):
    number = on_the_page(shop)
    assert duplicate(shop.card_payment(out_trade_no=number))
    assert shop.query(number)["status"] == "received"


# A waiting cashier order.

def test_a_waiting_cashier_order_answers_as_it_did_and_is_one_order(shop: Shop):
    first = shop.card_order(notify_url="http://127.0.0.1:9/a", reference="a")
    number = first["out_trade_no"]
    before = shop.story(number)
    for other in ({}, {"notify_url": "http://127.0.0.1:9/b", "reference": "b", "trans_timeout": "30",
                       "language": "cn"}):
        assert shop.card_order(out_trade_no=number, **other).raw == first.raw
    assert shop.story(number)["history"] == before["history"]
    assert len(shop.control.get("/orders", merchants_id=shop.merchants_id)["items"]) == 1


def test_repeating_a_cashier_order_does_not_prolong_it(shop: Shop, clock: Clock):
    clock.freeze()
    number = shop.card_order(trans_timeout="20")["out_trade_no"]
    clock.advance("19m")
    assert shop.card_order(out_trade_no=number, trans_timeout="20")["is_success"] == "T"
    clock.advance("1m")
    assert shop.query(number)["status"] == "expired"


# At once.

def at_once(ask: Callable[[], Answer]) -> list[Answer]:
    start = threading.Barrier(TOGETHER)

    def one(_: int) -> Answer:
        start.wait(30)
        return ask()

    with ThreadPoolExecutor(TOGETHER) as threads:
        return list(threads.map(one, range(TOGETHER)))


@every_row("make", [Shop.number, presented(DECLINED), happened(on_the_page, "expire")],
           ids=["new", "failed", "expired"], apart=True)
def test_of_payments_of_one_number_at_once_one_succeeds_and_is_paid_once(
        shop: Shop, clock: Clock, make: Make):
    clock.freeze()
    clock.set("2027-03-01T04:00:00Z")
    number = make(shop)
    answers = at_once(lambda: shop.card_payment(out_trade_no=number))
    assert Counter((answer["is_success"], answer["result_code"]) for answer in answers) == {
        ("T", "0000"): 1, ("F", "3105"): TOGETHER - 1}
    assert [event for event, _ in attempts(shop, number)].count("pay") == 1
    clock.set("2027-03-02T07:00:00Z")
    row, = csv.DictReader(io.StringIO(shop.settlement("2027-03-02", "2027-03-02").text, newline=""))
    assert (row["partner_transaction_id"], row["type"], row["amount"]) == (number, "P", "1.00")


def test_cashier_orders_of_one_number_at_once_are_one_order(shop: Shop):
    number = shop.number()
    answers = at_once(lambda: shop.card_order(out_trade_no=number))
    assert len({answer.raw for answer in answers}) == 1
    assert [line["event"] for line in shop.story(number)["history"]] == ["create"]
