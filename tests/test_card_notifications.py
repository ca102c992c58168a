"""Contract 3.2 and 6: a merchant's server is told every final result of a card payment, once, and nothing
before it.
"""
from collections.abc import Callable

import pytest

from .driver import RESPONSE_CODES, VISA, Answer, Clock, Control, Heard, Receiver, Shop, card_of, md5_sign

FIELDS = ["merchants_id", "out_trade_no", "order_id", "status", "result_code", "result_msg", "trans_amount",
          "currency", "complete_time",
          "reference", "sign", "sign_type"]
REVIEWED, CHARGED_BACK = card_of("3200", "00001"), card_of("3200", "00002")
Cause = Callable[[Shop, Clock], str]


def presented(number: str, **card: str) -> Cause:
    """A card charged from the merchant's server."""
    return lambda shop, clock: shop.card_payment(number, card=card, reference="table 7 & 茶")["out_trade_no"]


def on_the_page(shop: Shop, clock: Clock) -> str:
    return shop.card_order(reference="table 7 & 茶")["out_trade_no"]


def then(cause: Cause, act: Callable[[Shop, str], Answer]) -> Cause:
    def both(shop: Shop, clock: Clock) -> str:
        number = cause(shop, clock)
        answer = act(shop, number)
        assert answer.status == 200 and (b"<is_success>F" not in answer.raw), answer.text
        return number
    return both


def event(cause: Cause, name: str, **body: str) -> Cause:
    return then(cause, lambda shop, number: shop.happens(number, name, **body))


def later(cause: Cause, duration: str) -> Cause:
    def both(shop: Shop, clock: Clock) -> str:
        number = cause(shop, clock)
        clock.advance(duration)
        return number
    return both


# Everything that ends a card payment, with the status and the response code that it has then.
ENDS: dict[str, tuple[Cause, str, str]] = {
    "paid": (presented(VISA), "success", "0000"),
    "partial approval": (presented(card_of("3118")), "success", "3118"),
    "declined": (presented(card_of("3084")), "failed", "3084"),
    "refused by the risk rules": (presented(card_of("0053")), "failed", "0053"),
    "no test card": (presented("4012888888881881"), "failed", "3101"),
    "past validity": (presented(VISA, expirationYear="20"), "failed", "3096"),
    "wrong verification code": (presented(VISA, cvv="12"), "failed", "3104"),
    "the card of expired": (presented(card_of("3300")), "expired", "3300"),
    "the card of revoked": (presented(card_of("0503")), "canceled", "0503"),
    "paid on the page": (event(on_the_page, "pay"), "success", "0000"),
    "declined on the page": (event(on_the_page, "decline", code="3100"), "failed", "3100"),
    "expired on the page": (event(on_the_page, "expire"), "expired", "3300"),
    "expired by time": (later(on_the_page, "20m"), "expired", "3300"),
    "closed on the page": (event(on_the_page, "close"), "canceled", "0503"),
    "cancelled on the page": (then(on_the_page, Shop.cancel), "canceled", "0503"),
    "cancelled while pending": (then(presented(card_of("3150")), Shop.cancel), "canceled", "0503"),
    "3-D expired by time": (later(presented(card_of("3200")), "20m"), "expired", "3300"),
    "decided: approved": (event(presented(card_of("3150")), "approve"), "success", "0000"),
    "decided: refused": (event(presented(card_of("3095")), "refuse", code="3084"), "failed", "3084"),
    "paid after 5 s": (later(presented(card_of("3150", "00001")), "5s"), "success", "0000"),
    "failed after 5 s": (later(presented(card_of("3095", "00002")), "5s"), "failed", "3020"),
    "review: approved": (then(presented(REVIEWED), lambda shop,
                              number: shop.card_service("approved", number)), "success", "0000"),
    "review: refused": (then(presented(REVIEWED), lambda shop, number: shop.card_service("refused", number)),
                        "canceled", "0055"),
    "review: 24 hours": (later(presented(REVIEWED), "24h"), "canceled", "0055"),
    "review: cancelled": (then(presented(REVIEWED), Shop.cancel), "canceled", "0503"),
}
WAITING: dict[str, Cause] = {
    "on the page": on_the_page, "pending": presented(card_of("3150")), "time-out": presented(card_of("3095")),
    "accepted": presented(card_of("0300")), "3-D": presented(card_of("3200")),
    "3-D that fails": presented(card_of("3152")), "in review": presented(REVIEWED)}


def flush(control: Control) -> None:
    control.post("/notifications/flush")


def results(receiver: Receiver) -> list[tuple[str, str]]:
    return [(heard.fields["status"], heard.fields["result_code"]) for heard in receiver.heard]


@pytest.mark.sampled
@pytest.mark.parametrize("end", ENDS)
def test_every_final_result_is_told_once_with_its_fields_in_order_and_signed(
         notified: Shop, receiver: Receiver, clock: Clock, end: str) -> None:
    cause, status, code = ENDS[end]
    number = cause(notified, clock)
    flush(notified.control)
    heard, = receiver.heard
    fields = heard.fields
    assert (heard.method, heard.query, heard.headers["content-type"]) == (
        "POST", "", "application/x-www-form-urlencoded")
    assert list(fields) == FIELDS
    assert (fields["status"], fields["result_code"]) == (status, code)
    assert fields["sign"] == md5_sign(fields, notified.token)
    told = notified.query(number)
    assert {name: value for name, value in fields.items() if name not in ("sign", "result_msg")} == {
        "merchants_id": notified.merchants_id, "out_trade_no": number, "order_id": told["order_id"],
        "status": told["status"], "result_code": told["resp_code"], "trans_amount": "1.00", "currency": "GBP",
        "complete_time": told["complete_time"], "reference": "table 7 & 茶", "sign_type": "MD5"}
    assert (fields["result_msg"] == told["resp_msg"]
            and fields["result_msg"].startswith(RESPONSE_CODES[code]["message"]))
    assert len(fields["complete_time"]) == 14
    clock.advance("2d")
    assert len(receiver.heard) == 1


@pytest.mark.parametrize("state", WAITING)
def test_nothing_is_told_while_a_payment_is_not_final(notified: Shop, receiver: Receiver, clock: Clock,
                                                      state: str) -> None:
    number = WAITING[state](notified, clock)
    clock.advance("4s")
    flush(notified.control)
    assert (receiver.heard, notified.story(number)["notifications"]) == ([], [])


@pytest.mark.parametrize("duration, count", [("4999ms", 0), ("5000ms", 1)])
def test_a_result_that_time_brings_is_told_when_it_comes(
        notified: Shop, receiver: Receiver, clock: Clock, duration: str, count: int) -> None:
    clock.freeze()
    presented(card_of("3150", "00001"))(notified, clock)
    clock.advance(duration)
    assert results(receiver) == [("success", "0000")] * count


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_card_notifications_are_posted_as_a_form_whatever_the_notify_method(
         control: Control, receiver: Receiver, method: str) -> None:
    shop = control.shop(notify_url=f"{receiver.url}?route=pay", notify_method=method)
    shop.card_payment()
    heard, = receiver.wait_for(1)
    assert (heard.method, heard.query, heard.headers["content-type"]) == (
        "POST", "route=pay", "application/x-www-form-urlencoded")
    assert list(heard.fields) == FIELDS


@pytest.mark.parametrize("act", [
    lambda shop, number, clock: shop.refund(number, "0.40"), lambda shop, number,
    clock: shop.refund(number, "1.00"), lambda shop, number, clock: shop.cancel(number), lambda shop, number,
    clock: shop.happens(number, "chargeback"), lambda shop, number,
    clock: shop.card_payment(out_trade_no=number), lambda shop, number, clock: clock.advance("100d")],
    ids=["part refund", "refund", "cancel", "chargeback", "the same again", "100 days"])
def test_nothing_more_is_told_of_a_paid_payment(notified: Shop, receiver: Receiver, clock: Clock,
                                                act: Callable[[Shop, str, Clock], Answer]) -> None:
    number = presented(VISA)(notified, clock)
    act(notified, number, clock)
    flush(notified.control)
    assert results(receiver) == [("success", "0000")]


def test_the_chargeback_that_a_day_brings_is_not_told(notified: Shop, receiver: Receiver,
                                                      clock: Clock) -> None:
    number = presented(CHARGED_BACK)(notified, clock)
    clock.advance("2d")
    assert notified.query(number)["resp_code"] == "3200"
    assert results(receiver) == [("success", "0000")]


@pytest.mark.parametrize("code", ["1000", "1003", "0348", "0349", "3105"])
def test_a_refused_payment_is_not_told(notified: Shop, receiver: Receiver, code: str) -> None:
    assert notified.card_payment(card_of(code))["is_success"] == "F"
    flush(notified.control)
    assert receiver.heard == []


def test_a_repeated_cashier_order_or_decision_is_not_told_again(notified: Shop, receiver: Receiver) -> None:
    number = notified.card_payment(REVIEWED)["out_trade_no"]
    waiting = notified.card_order()["out_trade_no"]
    for _ in range(3):
        notified.card_service("approved", number)
        notified.card_order(out_trade_no=waiting)
    flush(notified.control)
    assert results(receiver) == [("success", "0000")]


def test_each_attempt_of_an_order_is_told_with_its_own_order_id_in_the_order_of_the_results(
         notified: Shop, receiver: Receiver) -> None:
    number = notified.number()
    made = [notified.card_payment(card, out_trade_no=number)
            for card in (card_of("3084"), card_of("3300"), VISA)]
    flush(notified.control)
    assert results(receiver) == [("failed", "3084"), ("expired", "3300"), ("success", "0000")]
    assert [heard.fields["order_id"] for heard in receiver.heard] == [answer["order_id"] for answer in made]


def test_a_result_goes_to_the_notify_url_of_the_request_that_brought_it(
         notified: Shop, receiver: Receiver) -> None:
    number = notified.number()
    for card, place in ((card_of("3084"), "/first"), (VISA, "/second")):
        notified.card_payment(card, out_trade_no=number, notify_url=receiver.url.replace("/notify", place))
    flush(notified.control)
    assert [heard.path for heard in receiver.heard] == ["/first", "/second"]


def test_without_an_address_there_is_no_notification(shop: Shop) -> None:
    assert shop.story(shop.card_payment()["out_trade_no"])["notifications"] == []


def test_a_notification_that_was_not_taken_is_repeated_with_the_same_bytes(
         notified: Shop, receiver: Receiver, clock: Clock) -> None:
    clock.freeze()
    receiver.answers = [(500, b""), (200, b"no"), (200, b"success")]
    number = presented(VISA)(notified, clock)
    flush(notified.control)
    assert notified.refund(number, "0.40")["is_success"] == "T"
    for place, wait in enumerate(("4m", "10m"), 1):
        notification, = notified.story(number)["notifications"]
        assert [attempt["delivered"] for attempt in notification["attempts"]] == [False] * place
        clock.advance(wait)

    def sent(heard: Heard) -> tuple[str, str, str, bytes, str]:
        return heard.method, heard.path, heard.query, heard.body, heard.headers["content-type"]

    assert len(receiver.heard) == 3
    assert len({sent(heard) for heard in receiver.heard}) == 1
    assert notified.story(number)["notifications"][0]["status"] == "delivered"
