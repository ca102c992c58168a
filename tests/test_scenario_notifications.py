"""Contract 8, `notify`: what becomes of notifications, heard by a real receiver, on the emulator's clock."""
import time
from collections.abc import Callable
from typing import Any

import pytest

from .driver import Answer, Clock, Control, Heard, Receiver, Shop, md5_sign
from .scripted import after

# Of each form in which notifications travel, how one of them comes about.
FORMS: dict[str, Callable[..., Answer]] = {
    "query string": Shop.pay_by_barcode, "form": Shop.card_payment,
    "JSON": lambda shop: _paid(shop, shop.h5_order()), "XML": lambda shop: _ended(shop, shop.at_terminal())}
AMOUNTS = {"query string": "total_fee", "form": "trans_amount", "JSON": "total_fee", "XML": "trans_amount"}


def _paid(shop: Shop, order: Answer) -> Answer:
    assert shop.happens(order["out_trade_no"], "pay").status == 200
    return order


def _ended(shop: Shop, order: Answer) -> Answer:
    Clock(shop.control).advance("10s")
    return order


def flush(control: Control) -> None:
    control.post("/notifications/flush")


def attempts(shop: Shop, number: str) -> list[tuple[str, bool, bool]]:
    """The attempts of an order's notifications: when, whether it was taken, whether it was lost on the way.
    """
    return [(attempt["at"], attempt["delivered"], "lost on the way" in attempt["error"])
            for notification in shop.notifications(number) for attempt in notification["attempts"]]


def signed(heard: Heard, token: str, **instead: str) -> bool:
    """Whether a notification is signed over its fields, some of them as they ought to be."""
    return heard.fields["sign"] == md5_sign({**heard.fields, **instead}, token)


def test_a_notification_is_late_on_the_emulators_clock(notified: Shop, receiver: Receiver,
                                                       noon: Clock) -> None:
    notified.plays({"then": {"notify": {"delay": "5m"}}})
    number = notified.pay_by_barcode()["out_trade_no"]
    noon.advance("299999ms")
    assert receiver.heard == []
    noon.advance("1ms")
    assert len(receiver.heard) == 1
    assert attempts(notified, number) == [(after(300), True, False)]


def test_the_first_attempts_are_lost_and_repeated_by_the_schedule(
        notified: Shop, receiver: Receiver, noon: Clock) -> None:
    notified.plays({"then": {"notify": {"drop": 2}}})
    number = notified.pay_by_barcode()["out_trade_no"]
    flush(notified.control)
    noon.advance("4m")
    assert receiver.heard == []
    noon.advance("10m")
    assert len(receiver.heard) == 1
    assert attempts(notified, number) == [(after(0), False, True), (after(240), False, True),
                                          (after(840), True, False)]
    assert notified.notifications(number)[0]["status"] == "delivered"


def test_a_notification_that_is_always_lost_never_arrives(notified: Shop, receiver: Receiver,
                                                          noon: Clock) -> None:
    notified.plays({"then": {"notify": {"drop": 100}}})
    number = notified.pay_by_barcode()["out_trade_no"]
    noon.advance("3d")
    assert (receiver.heard, notified.notifications(number)[0]["status"],
            len(attempts(notified, number))) == ([], "failed", 8)


def test_a_lost_notification_can_be_replayed_by_hand(notified: Shop, receiver: Receiver, noon: Clock) -> None:
    notified.plays({"then": {"notify": {"drop": 100}}})
    notification, = notified.notifications(notified.pay_by_barcode()["out_trade_no"])
    assert notified.control.post(f"/notifications/{notification['id']}/replay")["status"] == "delivered"
    assert len(receiver.heard) == 1


@pytest.mark.exhaustive
@pytest.mark.parametrize("written, count", [(True, 2), (7, 7)])
def test_duplicates_are_open_at_the_same_moment(notified: Shop, receiver: Receiver, written: Any,
                                                count: int) -> None:
    receiver.delay = 4.0  # long enough for a machine that others keep busy
    notified.plays({"then": {"notify": {"duplicate": written}}})
    number = notified.pay_by_barcode()["out_trade_no"]
    heard = receiver.wait_for(count)
    assert heard[-1].at - heard[0].at < receiver.delay
    assert len({(one.query, one.body) for one in heard}) == 1
    flush(notified.control)
    assert (len(receiver.heard), notified.notifications(number)[0]["status"],
            len(attempts(notified, number))) == (count, "delivered", count)


def test_one_duplicate_that_is_taken_is_enough(notified: Shop, receiver: Receiver) -> None:
    receiver.answers = [(500, b"busy"), (200, b"success"), (500, b"busy")]
    notified.plays({"then": {"notify": {"duplicate": 3}}})
    number = notified.pay_by_barcode()["out_trade_no"]
    flush(notified.control)
    assert notified.notifications(number)[0]["status"] == "delivered"
    assert sorted(taken for _, taken, _ in attempts(notified, number)) == [False, False, True]


def test_a_notification_is_sent_so_many_times_though_it_is_taken(
        notified: Shop, receiver: Receiver, noon: Clock) -> None:
    notified.plays({"then": {"notify": {"times": 5}}})
    number = notified.pay_by_barcode()["out_trade_no"]
    flush(notified.control)
    assert (len(receiver.heard), len({one.query for one in receiver.heard})) == (5, 1)
    assert attempts(notified, number) == [(after(0), True, False)] * 5
    noon.advance("3d")
    assert len(receiver.heard) == 5


def test_copies_do_not_use_the_schedule_up(notified: Shop, receiver: Receiver, noon: Clock) -> None:
    receiver.answers = [(200, b"no")]
    notified.plays({"then": {"notify": {"times": 20, "duplicate": 2}}})
    number = notified.pay_by_barcode()["out_trade_no"]
    flush(notified.control)
    assert len(receiver.heard) == 40
    noon.advance("3m")
    assert len(receiver.heard) == 40
    receiver.answers = [(200, b"success")]
    noon.advance("1m")
    assert (len(receiver.heard), notified.notifications(number)[0]["status"]) == (42, "delivered")


def test_what_is_sent_once_more_later_is_retried_like_any_other_if_nobody_takes_it(
        notified: Shop, receiver: Receiver, noon: Clock) -> None:
    receiver.answers = [(500, b"oops")]
    notified.plays({"then": {"notify": {"drop": 1, "duplicate": 2, "again_after": "1h"}}})
    number = notified.pay_by_barcode()["out_trade_no"]
    noon.advance("4m")
    assert len(receiver.heard) == 2
    noon.advance("59m")
    assert len(receiver.heard) == 2
    noon.advance("1m")
    assert len(receiver.heard) == 3
    receiver.answers = [(200, b"success")]
    noon.advance("10m")
    assert (len(receiver.heard), notified.notifications(number)[0]["status"]) == (5, "delivered")


@pytest.mark.parametrize("end, waited", [("pay", "5m"), ("cancel", "14m"), ("", "15m")])
def test_shuffled_notifications_change_places_however_late_the_second_comes(
        notified: Shop, receiver: Receiver, noon: Clock, end: str, waited: str) -> None:
    notified.plays({"then": {"notify": {"shuffle": True}}})
    number = notified.qr_order(it_b_pay="15m")["out_trade_no"]
    noon.advance(waited)
    if end == "cancel":
        assert notified.cancel(number)["is_success"] == "T"
    elif end:
        assert notified.happens(number, end).status == 200
    noon.advance("2s")
    assert [heard.fields["notify_type"] for heard in receiver.heard] == [
        "trade_status_sync", "trans_qrcode_create_sync"]


def test_of_three_shuffled_notifications_the_last_comes_first(
        notified: Shop, receiver: Receiver, noon: Clock) -> None:
    notified.plays({"then": {"notify": {"shuffle": True, "delay": "1m"}}})
    number = notified.h5_order()["out_trade_no"]
    for event in ("decline", "decline", "pay"):
        assert notified.happens(number, event).status == 200
        noon.advance("3m")
    assert [heard.fields["pay_result"] for heard in receiver.heard] == ["SUCCESS", "PAYERROR", "PAYERROR"]


@pytest.mark.parametrize("form", FORMS)
def test_a_forged_notification_is_signed_wrongly_and_right_otherwise(
        notified: Shop, receiver: Receiver, noon: Clock, form: str) -> None:
    FORMS[form](notified)
    receiver.wait_for(1)  # notifications of two orders may pass each other
    notified.plays({"then": {"notify": {"wrong_sign": True}}})
    FORMS[form](notified)
    right, forged = receiver.wait_for(2)
    assert (signed(right, notified.token), signed(forged, notified.token)) == (True, False)
    assert len(forged.fields["sign"]) == 32 and list(forged.fields) == list(right.fields)
    assert forged.fields[AMOUNTS[form]] == right.fields[AMOUNTS[form]]


@pytest.mark.parametrize("form", FORMS)
def test_an_altered_notification_has_the_signature_of_the_right_amount(
        notified: Shop, receiver: Receiver, noon: Clock, form: str) -> None:
    FORMS[form](notified)
    receiver.wait_for(1)
    notified.plays({"then": {"notify": {"altered": True}}})
    FORMS[form](notified)
    right, altered = receiver.wait_for(2)
    amount = right.fields[AMOUNTS[form]]
    assert (altered.fields[AMOUNTS[form]], signed(altered, notified.token)) == (f"9{amount}", False)
    assert signed(altered, notified.token, **{AMOUNTS[form]: amount})


@pytest.mark.parametrize("form", ["query string", "form"])
def test_a_notification_comes_before_the_answer(notified: Shop, receiver: Receiver, form: str) -> None:
    receiver.delay = 0.4
    notified.plays({"then": {"notify": {"before_answer": True}}})
    told = FORMS[form](notified)
    answered = time.monotonic()
    heard, = receiver.heard
    assert (heard.fields["out_trade_no"], answered - heard.at >= receiver.delay) == (
        told["out_trade_no"], True)


def test_without_an_address_nothing_is_waited_for(shop: Shop) -> None:
    shop.plays({"then": {"notify": {"before_answer": True}}})
    begun = time.monotonic()
    assert shop.pay_by_barcode()["result_code"] == "SUCCESS"
    assert time.monotonic() - begun < 5


def test_an_answer_is_lost_and_the_notification_arrives(notified: Shop, receiver: Receiver) -> None:
    notified.plays({"then": {"fault": "drop_after", "notify": {"duplicate": True}}})
    with pytest.raises(OSError):
        notified.pay_by_barcode()
    assert [heard.fields["result_code"] for heard in receiver.wait_for(2)] == ["SUCCESS"] * 2


def test_what_was_told_of_an_order_holds_for_its_later_notifications(
        notified: Shop, receiver: Receiver, noon: Clock) -> None:
    notified.plays({"when": {"endpoint": "tgpayqrcode"}, "then": {"notify": {"delay": "5m"}}})
    number = notified.qr_order()["out_trade_no"]
    notified.plays({"then": {}})
    assert notified.happens(number, "pay").status == 200
    noon.advance("299s")
    assert receiver.heard == []
    noon.advance("1s")
    assert [heard.fields["notify_type"] for heard in receiver.heard] == [
        "trans_qrcode_create_sync", "trade_status_sync"]
