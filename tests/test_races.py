"""Contract 1.4: concurrent requests never refund or pay more than there is, and every account of it agrees
afterwards.

Twenty requests at once, from the threads of one process and from four processes, against a server of two.
"""
import csv
import io
import multiprocessing
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest

from .driver import ALIPAY_CODE, Answer, Clock, Receiver, Shop, exchange

MANY, PROCESSES = 20, 4
Request = tuple[str, str]
Crowd = Callable[[list[Request]], list[Answer]]
_start: Any = None


def _meet(start: Any) -> None:
    global _start
    _start = start


def at_once(requests: list[Request]) -> list[Answer]:
    """Each request in a thread of its own, all begun together; the answers in the order of the requests."""
    start = threading.Barrier(len(requests))

    def ask(request: Request) -> Answer:
        method, url = request
        start.wait(30)
        answer = exchange(url, method)
        return Answer(answer.status, {}, answer.raw)

    with ThreadPoolExecutor(len(requests)) as threads:
        return list(threads.map(ask, requests))


def in_one_of_the_processes(requests: list[Request]) -> list[Answer]:
    _start.wait(30)
    return at_once(requests)


@pytest.fixture(scope="module")
def processes() -> Iterator[Crowd]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, context, _meet, (context.Barrier(PROCESSES),)) as pool:
        def ask(requests: list[Request]) -> list[Answer]:
            shares = pool.map(in_one_of_the_processes,
                              [requests[number::PROCESSES] for number in range(PROCESSES)])
            return [answer for together in zip(*shares) for answer in together]
        yield ask


@pytest.fixture(params=["threads", "processes"])
def crowd(request: pytest.FixtureRequest) -> Crowd:
    """Asks many requests at once."""
    return at_once if request.param == "threads" else request.getfixturevalue("processes")


@pytest.fixture(autouse=True)
def first_of_march(clock: Clock) -> None:
    """Noon in Shanghai on a day that is settled at the instant that `books_agree` goes to."""
    clock.freeze()
    clock.set("2027-03-01T04:00:00Z")


def request(shop: Shop, endpoint: str, **params: Any) -> Request:
    return "GET", f"{shop.control.url}/v2/{endpoint}.php?{urlencode(shop.signed(sign_type=None, **params))}"


def event(shop: Shop, number: str, name: str) -> Request:
    return "POST", f"{shop.control.url}/_emulator/orders/{shop.merchants_id}/{number}/{name}"


def outcomes(answers: list[Answer], field: str = "error") -> Counter[str]:
    return Counter(answer[field] for answer in answers)


def books_agree(shop: Shop, clock: Clock) -> None:
    """Orders, their histories and refunds, the query and the settlement file tell the same sums."""
    clock.set("2027-03-02T07:00:00Z")
    rows = list(csv.DictReader(io.StringIO(shop.settlement("2027-03-02", "2027-03-02").text, newline="")))
    for order in shop.control.get("/orders", merchants_id=shop.merchants_id)["items"]:
        story = shop.story(order["out_trade_no"])
        events = Counter(line["event"] for line in story["history"])
        amount, given_back = Decimal(order["trans_amount"]), sum(
            Decimal(refund["amount"]) for refund in story["refunds"])
        own = [row for row in rows if row["transaction_id"] == order["trans_id"] != ""]
        payments = [Decimal(row["amount"]) for row in own if row["type"] == "P"]
        refunds = [Decimal(row["amount"]) for row in own if row["type"] == "R"]
        assert events["create"] == 1 and events["pay"] == len(payments) == bool(order["paid_at"])
        assert payments in ([], [amount])
        assert len(refunds) == len(story["refunds"]) == events["refund"] + events["refund_all"] + (
            events["cancel"] if payments else 0)
        assert -sum(refunds) == given_back == Decimal(order["refund_amount"]) == Decimal(
            shop.query(order["out_trade_no"])["refund_amount"])
        assert given_back <= sum(payments)
        assert order["status"] == ("TRADE_SUCCESS" if payments and given_back < amount else "TRADE_CLOSED")
    assert len(rows) == sum(len(shop.story(order["out_trade_no"])["refunds"]) + bool(order["paid_at"])
                            for order in shop.control.get("/orders", merchants_id=shop.merchants_id)["items"])


def test_refunds_of_one_order_at_once_never_give_back_more_than_there_is(
        shop: Shop, clock: Clock, crowd: Crowd):
    number = shop.pay_by_barcode("2.00")["out_trade_no"]
    answers = crowd([request(shop, "tgpayrefund", out_trade_no=number, refund_amount="0.30")] * MANY)
    assert outcomes(answers) == {"": 6, "REASON_TRADE_REFUND_FEE_ERR": MANY - 6}
    assert shop.query(number)["refund_amount"] == "1.80"
    books_agree(shop, clock)


def test_of_full_refunds_at_once_one_succeeds(shop: Shop, clock: Clock, crowd: Crowd):
    number = shop.pay_by_barcode("2.00")["out_trade_no"]
    answers = crowd([request(shop, "tgpayrefund", out_trade_no=number, refund_amount="2.00",
                             out_refund_id=f"{n}") for n in range(MANY)])
    assert outcomes(answers) == {"": 1, "TRADE_HAS_CLOSE": MANY - 1}
    books_agree(shop, clock)


@pytest.mark.parametrize("amount", ["0.30", "2.00"])
def test_the_same_out_refund_id_at_once_is_refunded_once_and_answers_everybody_the_same(
         shop: Shop, clock: Clock, crowd: Crowd, amount: str):
    number = shop.pay_by_barcode("2.00")["out_trade_no"]
    answers = crowd([request(shop, "tgpayrefund", out_trade_no=number, refund_amount=amount,
                             out_refund_id="once")] * MANY)
    assert {answer.raw for answer in answers} == {answers[0].raw} and outcomes(answers) == {"": MANY}
    assert shop.query(number)["refund_amount"] == amount.removeprefix("0")
    books_agree(shop, clock)


@pytest.mark.exhaustive
def test_the_same_out_refund_id_for_different_orders_at_once_is_one_refund(
        shop: Shop, clock: Clock, crowd: Crowd):
    numbers = [shop.pay_by_barcode("2.00")["out_trade_no"] for _ in range(MANY)]
    answers = crowd([request(shop, "tgpayrefund", out_trade_no=number, refund_amount="0.30",
                             out_refund_id="once") for number in numbers])
    assert outcomes(answers) == {"": 1, "DISCORDANT_REPEAT_REQUEST": MANY - 1}
    books_agree(shop, clock)


def test_the_same_number_at_the_counter_at_once_is_paid_once(shop: Shop, clock: Clock, crowd: Crowd):
    number = shop.number()
    answers = crowd([request(shop, "tgpaybarcode", out_trade_no=number, trans_amount="3.00",
                             buyer_identity_code=ALIPAY_CODE)] * MANY)
    assert ({answer.raw for answer in answers} == {answers[0].raw}
            and outcomes(answers, "result_code") == {"SUCCESS": MANY})
    books_agree(shop, clock)


def test_of_different_amounts_under_one_number_at_once_one_is_paid(shop: Shop, clock: Clock, crowd: Crowd):
    number = shop.number()
    answers = crowd([request(shop, "tgpaybarcode", out_trade_no=number, trans_amount=f"{n}.00",
                             buyer_identity_code=ALIPAY_CODE)
                     for n in range(1, MANY + 1)])
    assert outcomes(answers) == {"": 1, "CONTEXT_INCONSISTENT": MANY - 1}
    books_agree(shop, clock)


def test_one_number_sent_to_different_endpoints_at_once_is_one_order(shop: Shop, clock: Clock, crowd: Crowd):
    order = {"out_trade_no": shop.number(), "trans_amount": "1.00", "pay_type": "alipay"}
    kinds = (request(shop, "tgpaybarcode", **order, buyer_identity_code=ALIPAY_CODE),
             request(shop, "tgpayqrcode", **order),
             request(shop, "tgpayh5", **order, scene_type="WAP_PAY"),
             request(shop, "tgpayprepay", **order, trade_type="APP"))
    answers = crowd([kinds[place // PROCESSES % len(kinds)] for place in range(MANY)])
    taken = [place for place, answer in enumerate(answers) if answer["error"] == ""]
    assert len({place // PROCESSES % len(kinds) for place in taken}) == 1
    assert outcomes([answer for place, answer in enumerate(answers) if place not in taken]) == {
        "CONTEXT_INCONSISTENT": MANY - len(taken)}
    shop.cancel(order["out_trade_no"])
    books_agree(shop, clock)


def test_a_qr_order_made_many_times_at_once_is_one_order_with_one_notification(
        notified: Shop, receiver: Receiver, crowd: Crowd):
    number = notified.number()
    answers = crowd([request(notified, "tgpayqrcode", out_trade_no=number, trans_amount="1.00")] * MANY)
    assert {answer.raw for answer in answers} == {answers[0].raw} and outcomes(answers) == {"": MANY}
    notified.control.post("/notifications/flush")
    assert [notification.fields["out_trade_no"] for notification in receiver.heard] == [number]


def test_cancellations_and_refunds_at_once_give_the_whole_payment_back_once(
        shop: Shop, clock: Clock, crowd: Crowd):
    number = shop.pay_by_barcode("2.00")["out_trade_no"]
    refund, cancel = (request(shop, "tgpayrefund", out_trade_no=number, refund_amount="0.30"),
                      request(shop, "tgpaycancel", out_trade_no=number, account_id="1"))
    answers = crowd([refund, refund, refund, cancel, refund] * (MANY // 5))
    assert outcomes(answers[3::5]) == {"": MANY // 5}
    refused = outcomes([answer for place, answer in enumerate(answers) if place % 5 != 3])
    assert set(refused) <= {"", "TRADE_HAS_CLOSE", "REASON_TRADE_REFUND_FEE_ERR"} and refused[""] <= 6
    assert shop.query(number)["refund_amount"] == "2.00"
    books_agree(shop, clock)


@pytest.mark.parametrize("end", ["close", "expire"])
def test_when_the_buyer_pays_while_the_order_ends_there_is_one_winner(
        shop: Shop, clock: Clock, crowd: Crowd, end: str):
    for _ in range(4):
        made = shop.qr_order()
        number = made["out_trade_no"]
        answers = crowd([event(shop, number, "pay"), event(shop, number, end),
                         ("POST", f"{made['qr_code']}/pay"),
                         event(shop, number, end)] * (MANY // 4))
        told = [answer.status for place, answer in enumerate(answers) if place % 4 != 2]
        assert set(told) <= {200, 409} and told.count(200) <= 1
        by_page = shop.story(number)["history"][1]["cause"] == "payer"
        assert told.count(200) == (not by_page)
    books_agree(shop, clock)


@pytest.mark.exhaustive
def test_when_buyer_merchant_and_test_pay_and_cancel_at_once_it_is_paid_at_most_once_and_nothing_is_kept(
         notified: Shop, receiver: Receiver, clock: Clock, crowd: Crowd):
    for _ in range(4):
        made = notified.qr_order()
        number = made["out_trade_no"]
        cancel = request(notified, "tgpaycancel", out_trade_no=number, account_id="1")
        answers = crowd([event(notified, number, "pay"), ("POST", f"{made['qr_code']}/pay"), cancel,
                         event(notified, number, "pay")] * (MANY // 4))
        assert outcomes(answers[2::4]) == {"": MANY // 4}
        assert [answer.status for answer in answers[0::4] + answers[3::4]].count(200) <= 1
        told = [line["event"] for line in notified.story(number)["history"]]
        assert told in (["create", "pay", "cancel"], ["create", "cancel"])
        notified.control.post("/notifications/flush")
        heard = [notification.fields for notification in receiver.heard
                 if notification.fields["out_trade_no"] == number]
        assert [notification.get("trade_status")
                for notification in heard] == [None, "TRADE_SUCCESS" if "pay" in told else "TRADE_CLOSED"]
    books_agree(notified, clock)
