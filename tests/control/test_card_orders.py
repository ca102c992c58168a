"""Contract 7 with 3: card orders through the control interface: what can happen to one in each state, and the
tables of codes and cards.
"""
import threading

import pytest

from ..card_orders import (
    DECLINED, EXPIRED, PENDING, PENDING_3D, REVIEWED, REVOKED, Make, after, cancelled, charged_back, happened,
    on_the_page, presented, refunded)
from ..driver import RESPONSE_CODES, Clock, Control, Receiver, Shop, card_of, luhn_digit
from ..tables import every_row

EVENTS = ("pay", "decline", "expire", "close", "approve", "refuse", "chargeback")
SHOWN = {code: row["shown_to_payer"] for code, row in RESPONSE_CODES.items()}
PLAIN = ("4000020951595032", "5204740000001002", "4111111111111111", "4242424242424242", "5555555555554444",
         "378282246310005",
         "3530111333300000", "6011111111111117", "30569309025904")


STATES: dict[str, Make] = {
    "received": on_the_page,
    "open again": after(presented(DECLINED), lambda shop, number: shop.card_order(out_trade_no=number)),
    "pending": presented(PENDING), "0300": presented(card_of("0300")), "3-D": presented(PENDING_3D),
    "pending_review": presented(REVIEWED), "success": presented(), "partly refunded": refunded("0.40"),
    "refunded": refunded("1.00"), "charged back": charged_back, "failed": presented(DECLINED),
    "expired": presented(EXPIRED), "canceled": presented(REVOKED),
    "cancelled when paid": cancelled(presented())}
UNPAID = {"pay": ("success", "0000"), "decline": ("failed", "3020"), "expire": ("expired", "3300"),
          "close": ("canceled", "0503")}
UNDECIDED = {**UNPAID, "approve": ("success", "0000"), "refuse": ("failed", "3020")}
IN_REVIEW = {"pay": ("success", "0000"), "decline": ("canceled", "0055"), "expire": ("canceled", "0055"),
             "close": ("canceled", "0503"),
             "approve": ("success", "0000"), "refuse": ("canceled", "0055")}
CHARGED_BACK = {"chargeback": ("success", "3200")}
# By state and event: the status and response code afterwards. Everything else is impossible.
AFTER: dict[str, dict[str, tuple[str, str]]] = {
    "received": UNPAID, "open again": UNPAID, "pending": UNDECIDED, "3-D": UNDECIDED, "0300": UNDECIDED,
    "pending_review": IN_REVIEW, "success": CHARGED_BACK, "partly refunded": CHARGED_BACK}
TRADE_STATUS = {"success": "TRADE_SUCCESS", "failed": "TRADE_CLOSED", "expired": "TRADE_CLOSED",
                "canceled": "TRADE_CLOSED"}
POSSIBLE = [(state, event, *after) for state, events in AFTER.items() for event, after in events.items()]


@every_row("state, event, status, code", POSSIBLE,
           ids=[f"{state}-{event}" for state, event, _, _ in POSSIBLE])
def test_an_event_that_is_possible_in_a_state_leads_to_the_next(
        shop: Shop, state: str, event: str, status: str, code: str) -> None:
    number = STATES[state](shop)
    answer = shop.happens(number, event)
    assert (answer.status, answer.json["card"]["status"],
            answer.json["card"]["resp_code"]) == (200, status, code), answer.text
    told = shop.query(number)
    assert (told["status"], told["resp_code"], told["trade_status"]) == (status, code, TRADE_STATUS[status])
    assert answer.json["status"] == told["trade_status"]
    assert shop.story(number)["history"][-1]["cause"] == "control"


@every_row("state", STATES)
def test_an_event_that_is_impossible_is_a_conflict_that_names_the_possible_ones_and_changes_nothing(
         shop: Shop, state: str) -> None:
    number = STATES[state](shop)
    before = shop.story(number)
    possible = set(AFTER.get(state, ()))
    for event in EVENTS:
        if event not in possible:
            answer = shop.happens(number, event)
            assert (answer.status, answer.headers["Content-Type"]) == (409, "application/problem+json"), event
            assert set(answer.json["possible"]) == possible, event
    assert shop.story(number) == before


@every_row("state, event", [
    ("received", "decline"), ("pending", "decline"), ("pending", "refuse"), ("3-D", "decline"),
    ("3-D", "refuse")])
def test_a_payment_fails_with_the_code_that_is_told(shop: Shop, state: str, event: str) -> None:
    number = STATES[state](shop)
    assert shop.happens(number, event, code="3084").json["card"]["resp_code"] == "3084"
    told = shop.query(number)
    assert (told["status"], told["resp_code"], told["resp_msg"]) == (
        "failed", "3084", "Insufficient account balance")


@every_row("code", ["0000", "3200", "0503", "3300", "0000000", "", "x", "9998"])
def test_a_code_that_is_none_of_a_failed_payment_is_a_problem_that_changes_nothing(
        shop: Shop, code: str) -> None:
    number = STATES["pending"](shop)
    before = shop.story(number)
    answer = shop.happens(number, "refuse", code=code)
    assert (answer.status, "code" in answer.json["detail"]) == (422, True)
    assert shop.story(number) == before


def test_an_order_paid_by_control_is_a_payment_like_any_other(shop: Shop) -> None:
    number = happened(on_the_page, "pay")(shop)
    told = shop.query(number)
    assert told["order_id"] and told["complete_time"] and told["trans_id"] == told["order_id"]
    assert shop.refund(number, "1.00")["is_success"] == "T"


def test_a_cardholder_may_charge_back_after_the_refund_period_too(shop: Shop, clock: Clock) -> None:
    number = STATES["success"](shop)
    clock.advance("91d")
    assert shop.happens(number, "chargeback").status == 200
    told = shop.query(number)
    assert (told["status"], told["resp_code"]) == ("success", "3200")
    assert shop.refund(number, "0.10")["detail_error_code"] == "0340"


def test_a_card_order_is_told_with_its_card_and_never_its_number(shop: Shop) -> None:
    number = shop.card_payment("378282246310005")["out_trade_no"]
    answer = shop.control.ask("GET", f"/orders/{shop.merchants_id}/{number}")
    card = answer.json["card"]
    assert (card["status"], card["resp_code"], card["first6"], card["last4"]) == (
        "success", "0000", "378282", "0005")
    assert "378282246310005" not in answer.text
    assert shop.control.get("/orders", merchants_id=shop.merchants_id)["items"][0]["card"] == card
    assert shop.story(shop.pay_by_barcode()["out_trade_no"])["card"] is None


# The tables.

def test_the_codes_are_the_71_of_the_contract_cell_by_cell(control: Control) -> None:
    items = control.get("/codes")["items"]
    assert [{name: item[name] for name in RESPONSE_CODES["0000"]}
            for item in items] == list(RESPONSE_CODES.values())
    assert [item["code"] for item in items if bool(item["shown_to_payer_zh"])
            != bool(SHOWN[item["code"]])] == []


def test_the_cards_have_one_of_each_code_their_variants_and_one_of_each_brand(control: Control) -> None:
    numbers = [card["number"] for card in control.get("/cards")["items"]]
    assert len(set(numbers)) == len(numbers)
    assert [number for number in numbers if luhn_digit(number[:-1]) != number[-1]] == []
    variants = [card_of(code, variant) for code in ("3200", "3150", "3095") for variant in ("00001", "00002")]
    assert {*PLAIN, *(card_of(code) for code in RESPONSE_CODES), *variants} == set(numbers)


# Waiting.

@pytest.mark.parametrize("status", ["success", "TRADE_SUCCESS"])
def test_a_card_order_can_be_waited_for_by_either_status(notified: Shop, receiver: Receiver,
                                                         status: str) -> None:
    number = STATES["pending"](notified)
    query = {"merchants_id": notified.merchants_id, "out_trade_no": number, "status": status}
    assert notified.control.ask("GET", "/wait", **query, timeout="50ms").status == 408
    deciding = threading.Timer(0.1, notified.happens, (number, "approve"))
    deciding.start()
    answer = notified.control.ask("GET", "/wait", **query, notification="delivered")
    deciding.join()
    assert (answer.status, answer.json["order"]["card"]["status"]) == (200, "success")
    assert [notification["status"] for notification in answer.json["notifications"]] == ["delivered"]


@every_row("state, status", [
    ("received", "received"), ("pending", "pending"), ("pending_review", "pending_review"),
    ("failed", "failed"), ("expired", "expired"), ("canceled", "canceled")])
def test_every_status_of_a_card_order_can_be_waited_for(shop: Shop, state: str, status: str) -> None:
    number = STATES[state](shop)
    answer = shop.control.ask("GET", "/wait", merchants_id=shop.merchants_id, out_trade_no=number,
                              status=status)
    assert (answer.status, answer.json["order"]["card"]["status"]) == (200, status)
