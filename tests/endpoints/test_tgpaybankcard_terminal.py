"""Contract 3.1: a card order of channel_type=terminal is paid on the card terminal, and its page follows."""
from typing import Any

import pytest

from ..card_orders import refusal
from ..driver import Answer, Clock, Control, Receiver, Shop, exchange
from ..tables import every_row


@pytest.fixture(autouse=True)
def frozen(clock: Clock) -> None:
    """Time passes when a test says so."""
    clock.freeze()


def asked(shop: Shop, amount: str = "12.00", **params: Any) -> Answer:
    return shop.card_order(amount,
                           **{"channel_type": "terminal", "terminal_id": shop.first_terminal, **params})


def accepted(answer: Answer) -> Answer:
    assert (answer["is_success"], answer["result_code"]) == ("T", "SUCCESS"), answer.text
    return answer


def outcome(shop: Shop, answer: Answer) -> tuple[str, str, str]:
    told = shop.query(answer["out_trade_no"])
    return told["status"], told["resp_code"], told["trade_status"]


def page(answer: Answer, language: str = "en") -> str:
    return exchange(f"{answer['pay_url']}?lang={language}").text


def test_the_payment_begins_on_the_terminal_and_the_page_follows_it(
        notified: Shop, receiver: Receiver, clock: Clock) -> None:
    order = accepted(asked(notified))
    assert (notified.terminal()["state"],
            notified.terminal()["transaction"]["out_trade_no"]) == ("WAITING_FOR_CARD", order["out_trade_no"])
    assert "Present your card" in page(order) and "请出示银行卡" in page(order, "zh")
    assert exchange(f"{order['pay_url']}/state").json["shows"] == "Present your card"
    clock.advance("1s")
    assert exchange(f"{order['pay_url']}/state").json["shows"] == "Reading the card"
    assert outcome(notified, order) == ("received", "", "WAIT_BUYER_PAY")
    clock.advance("1s")
    assert outcome(notified, order) == ("success", "0000", "TRADE_SUCCESS")
    assert "Payment successful" in page(order)
    heard, = receiver.wait_for(1)
    assert (heard.fields["status"], heard.fields["result_code"],
            heard.fields["trans_amount"]) == ("success", "0000", "12.00")
    card = notified.story(order["out_trade_no"])["card"]
    assert card["brand"] and len(card["last4"]) == 4


@every_row("amount, expected", [
    ("37.79", ("failed", "3110", "TRADE_CLOSED")), ("37.84", ("failed", "3100", "TRADE_CLOSED")),
    ("37.93", ("failed", "3138", "TRADE_CLOSED")), ("37.41", ("failed", "3146", "TRADE_CLOSED")),
    ("37.57", ("success", "3118", "TRADE_SUCCESS"))])
def test_a_result_of_the_terminal_has_a_response_code(shop: Shop, clock: Clock, amount: str,
                                                      expected: tuple[str, str, str]) -> None:
    order = accepted(asked(shop, amount))
    clock.advance("2s")
    assert outcome(shop, order) == expected
    assert shop.query(order["out_trade_no"])["trans_amount"] == ("11.00" if expected[1] == "3118" else amount)


def test_an_unknown_result_is_processing_and_paid_10_seconds_later(shop: Shop, clock: Clock) -> None:
    order = accepted(asked(shop, "37.68"))
    clock.advance("2s")
    assert outcome(shop, order) == ("pending", "3150", "WAIT_BUYER_PAY")
    clock.advance("10s")
    assert outcome(shop, order) == ("success", "0000", "TRADE_SUCCESS")


def test_a_repetition_answers_the_same_and_begins_nothing(shop: Shop) -> None:
    first = accepted(asked(shop))
    again = asked(shop, out_trade_no=first["out_trade_no"])
    assert again.fields == first.fields
    assert [line["event"] for line in shop.story(first["out_trade_no"])["history"]] == ["create", "start"]


@pytest.mark.parametrize("channel", ["terminal", "online"])
def test_after_a_decline_the_order_is_tried_again_on_the_terminal_or_on_the_page(
        shop: Shop, clock: Clock, channel: str) -> None:
    order = accepted(asked(shop, "37.84"))
    clock.advance("2s")
    again = accepted(shop.card_order("37.84", out_trade_no=order["out_trade_no"], channel_type=channel,
                                     terminal_id=shop.first_terminal))
    if channel == "online":
        assert "Card number" in page(again)
        body = b"cardNo=4111111111111111&expirationMonth=12&expirationYear=49&cvv=123"
        assert exchange(f"{again['pay_url']}/card", "POST", body,
                        {"Content-Type": "application/x-www-form-urlencoded"}).status == 303
        assert outcome(shop, order) == ("success", "0000", "TRADE_SUCCESS")
    else:
        clock.advance("2s")
        assert outcome(shop, order) == ("failed", "3100", "TRADE_CLOSED")
        assert [line["event"] for line in shop.story(order["out_trade_no"])["history"]].count("start") == 2


def test_nobody_at_the_terminal_and_the_red_button_let_the_merchant_try_again(
        shop: Shop, clock: Clock) -> None:
    shop.attend()
    order = accepted(asked(shop, language="en"))
    clock.advance("1m")
    assert outcome(shop, order) == ("failed", "3131", "TRADE_CLOSED")
    assert shop.story(order["out_trade_no"])["card"]["last4"] == ""
    accepted(asked(shop, out_trade_no=order["out_trade_no"]))
    assert shop.person("cancel").status == 200
    assert outcome(shop, order) == ("failed", "3131", "TRADE_CLOSED")
    accepted(asked(shop, out_trade_no=order["out_trade_no"]))


def test_the_time_limit_of_the_order_does_not_cut_a_transaction_off(shop: Shop, clock: Clock) -> None:
    shop.attend()
    order = accepted(asked(shop, trans_timeout="1"))
    clock.advance("50s")
    shop.person("insert")
    clock.advance("15s")
    assert shop.person("pin").status == 200
    assert shop.person("approve").status == 200
    assert outcome(shop, order) == ("success", "0000", "TRADE_SUCCESS")


def test_a_cancel_stops_the_terminal_and_the_order_is_canceled(shop: Shop) -> None:
    order = accepted(asked(shop))
    assert shop.cancel(order["out_trade_no"])["is_success"] == "T"
    assert (outcome(shop, order), shop.terminal()["state"]) == (
        ("canceled", "0503", "TRADE_CLOSED"), "CANCELLED")


def test_a_busy_or_offline_terminal_is_a_refusal_and_leaves_no_order(shop: Shop) -> None:
    accepted(asked(shop))
    busy = asked(shop)
    assert refusal(busy)[:2] == ("HAS_NO_PRIVILEGE", "0349") and "busy" in busy["detail_error_des"]
    shop.control.ask("PUT", f"/terminals/{shop.first_terminal}", {"online": False})
    offline = asked(shop)
    assert refusal(offline)[:2] == ("HAS_NO_PRIVILEGE", "0349") and "offline" in offline["detail_error_des"]
    assert len(shop.control.get("/orders", merchants_id=shop.merchants_id)["items"]) == 1


def test_an_unknown_terminal_is_an_illegal_argument(shop: Shop, control: Control) -> None:
    for terminal_id in ("none", control.shop().first_terminal):
        answer = asked(shop, terminal_id=terminal_id)
        assert (refusal(answer)[:2] == ("ILLEGAL_ARGUMENT", "1000")
                and "terminal_id" in answer["detail_error_des"])


def test_a_merchant_without_the_product_has_no_payments_on_terminals(control: Control) -> None:
    assert refusal(asked(control.shop(products=["bankcard"])))[:2] == ("HAS_NO_PRIVILEGE", "0349")


def test_a_card_cannot_be_typed_into_the_page_of_a_terminal_payment(shop: Shop) -> None:
    order = accepted(asked(shop))
    body = b"cardNo=4111111111111111&expirationMonth=12&expirationYear=49&cvv=123"
    assert exchange(f"{order['pay_url']}/card", "POST", body,
                    {"Content-Type": "application/x-www-form-urlencoded"}).status == 404
    assert outcome(shop, order)[0] == "received"


def test_a_paid_order_is_refunded_as_other_card_orders_are(shop: Shop, clock: Clock) -> None:
    order = accepted(asked(shop))
    clock.advance("2s")
    assert shop.refund(order["out_trade_no"], "2.00")["is_success"] == "T"
    assert shop.query(order["out_trade_no"])["refund_status"] == "PARTIAL_REFUND"


def test_the_transaction_can_be_asked_for_by_its_number_too(shop: Shop, clock: Clock) -> None:
    accepted(asked(shop))
    clock.advance("2s")
    number = shop.terminal()["transaction"]["transactionResultId"]
    assert shop.transaction(number)["trade_status"] == "AUTHORISED"


@pytest.mark.parametrize("event, expected", [("pay", "success"), ("decline", "failed")])
def test_the_control_interface_decides_it(shop: Shop, event: str, expected: str) -> None:
    order = accepted(asked(shop))
    assert shop.happens(order["out_trade_no"], event).status == 200
    assert (outcome(shop, order)[0],
            shop.control.get(f"/terminals/{shop.first_terminal}")["possible"]) == (expected, [])
