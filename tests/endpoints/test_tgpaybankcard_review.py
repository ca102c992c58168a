"""Contract 3.2: the merchant's review of a payment pending review, by service=bankcard.approved and
bankcard.refused.
"""
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ..card_orders import (
    DECLINED, EXPIRED, PENDING, PENDING_3D, REVIEWED, REVOKED, Make, cancelled, on_the_page, presented,
    refusal)
from ..driver import RESPONSE_CODES, Answer, Clock, Shop
from ..tables import every_row

DAY = 86_400_000
DECISIONS = [("approved", "success", "0000", "TRADE_SUCCESS"),
             ("refused", "canceled", "0055", "TRADE_CLOSED")]


@every_row("decision, status, code, trade_status", DECISIONS)
@every_row("method", ["GET", "POST"])
def test_a_decision_ends_a_review(shop: Shop, clock: Clock, method: str, decision: str, status: str,
                                  code: str, trade_status: str):
    clock.freeze()
    clock.set("2027-03-01T04:00:00Z")
    made = shop.card_payment(REVIEWED)
    number = made["out_trade_no"]
    clock.advance("23h")
    answer = shop.ask("tgpaybankcard", method, service=f"bankcard.{decision}", out_trade_no=number)
    assert (answer["is_success"], answer["result_code"], answer["status"], answer["error"]) == (
        "T", code, status, "")
    assert (answer["result_msg"], answer["merchants_id"]) == (
        RESPONSE_CODES[code]["message"], shop.merchants_id)
    assert (answer["out_trade_no"], answer["order_id"], answer["complete_time"]) == (
        number, made["order_id"], "20270302110000")
    assert shop.verifies(answer)
    assert shop.findings(answer) == set()
    told = shop.query(number)
    assert (told["trade_status"], told["status"], told["resp_code"],
            told["resp_msg"]) == (trade_status, status, code, answer["result_msg"])


@pytest.mark.parametrize("decision", ["approved", "refused"])
def test_the_same_decision_twice_answers_the_same_and_happens_once(shop: Shop, clock: Clock, decision: str):
    number = presented(REVIEWED)(shop)
    first = shop.card_service(decision, number)
    history = shop.story(number)["history"]
    clock.advance("2d")
    assert shop.card_service(decision, number).raw == first.raw
    assert shop.story(number)["history"] == history


@pytest.mark.parametrize("first, second, error, code", [
    ("approved", "refused", "TRADE_HAS_SUCCESS", "3105"), ("refused", "approved", "TRADE_HAS_CLOSE", "3002")])
def test_the_other_decision_comes_too_late(shop: Shop, first: str, second: str, error: str, code: str):
    number = presented(REVIEWED)(shop)
    shop.card_service(first, number)
    before = shop.story(number)
    assert refusal(shop.card_service(second, number)) == (error, code, number)
    assert shop.story(number) == before


def test_decisions_at_once_are_one(shop: Shop):
    number = presented(REVIEWED)(shop)
    start = threading.Barrier(12)

    def decide(place: int) -> Answer:
        start.wait(30)
        return shop.card_service("approved" if place % 2 else "refused", number)

    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(decide, range(12)))
    taken = [answer for answer in answers if answer["is_success"] == "T"]
    assert len(taken) == 6
    assert {answer["status"] for answer in taken} == {shop.query(number)["status"]}
    assert [line["event"] for line in shop.story(number)["history"]].count("pay") == (
        taken[0]["status"] == "success")


@every_row("decision", ["approved", "refused"])
@every_row("make, code", [
    (on_the_page, "0330"), (presented(PENDING), "0330"), (presented(PENDING_3D), "0330"),
    (presented(DECLINED), "3002"), (presented(REVOKED), "3002"), (cancelled(presented()), "3002"),
    (cancelled(presented(REVIEWED)), "3002"), (presented(EXPIRED), "3300"),
    (presented(), "3105")],
    ids=["waiting", "pending", "3-D", "failed", "revoked", "cancelled", "cancelled in review", "expired",
         "paid"])
def test_a_payment_that_is_not_in_review_is_refused_with_the_code_of_its_state(
        shop: Shop, make: Make, code: str, decision: str):
    number = make(shop)
    before = shop.story(number)
    assert refusal(shop.card_service(decision, number))[1:] == (code, number)
    assert shop.story(number) == before


@pytest.mark.parametrize("decision", ["approved", "refused"])
def test_after_24_hours_it_is_too_late_for_a_decision(shop: Shop, clock: Clock, decision: str):
    clock.freeze()
    number = presented(REVIEWED)(shop)
    clock.advance(f"{DAY}ms")
    assert refusal(shop.card_service(decision, number)) == ("TRADE_HAS_CLOSE", "3002", number)
    assert shop.query(number)["status"] == "canceled"


@pytest.mark.parametrize("decision", ["approved", "refused"])
def test_a_review_of_an_unknown_order_or_one_of_a_wallet_is_3002(shop: Shop, notified: Shop, decision: str):
    wallet, strangers = shop.qr_order()["out_trade_no"], presented(REVIEWED)(notified)
    for number in ("nothing", wallet, strangers):
        answer = shop.card_service(decision, number)
        assert refusal(answer) == ("TRADE_NOT_EXIST", "3002", number)
        assert shop.verifies(answer)
    assert notified.query(strangers)["status"] == "pending_review"


@every_row("other, code",
           [({"sign": "0"}, "1003"), ({"out_trade_no": None}, "1000"), ({"merchants_id": "1"}, "0348")])
def test_a_review_is_checked_like_every_request(shop: Shop, other: dict[str, str | None], code: str):
    number = presented(REVIEWED)(shop)
    answer = shop.card_service("approved", **{"out_trade_no": number, **other})
    assert (answer["is_success"], answer["result_code"]) == ("F", code)
    assert shop.query(number)["status"] == "pending_review"
