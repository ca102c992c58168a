"""Contract 7, `clock`: time that can be moved, and what falls due in between is done, each thing at its own
instant and in order.
"""
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest

from tgpay_emulator.operations.clock_walk import BATCH

from .driver import Clock, Control, Receiver, Shop
from .tables import every_row

NOON = "2026-03-01T12:00:00Z"
RETRIES_M = (4, 10, 10, 60, 120, 360, 900)


def when(written: str) -> datetime:
    return datetime.fromisoformat(written)


def now(control: Control) -> datetime:
    return when(control.get("/clock")["now"])


@pytest.fixture
def noon(clock: Clock) -> Clock:
    """The clock stands still at noon."""
    clock.freeze()
    clock.set(NOON)
    return clock


# The calls.

def test_the_clock_says_now_the_offset_and_whether_it_is_frozen(control: Control, clock: Clock) -> None:
    answer = control.get("/clock")
    assert (set(answer), answer["offset_s"], answer["frozen"]) == (
        {"now", "offset_s", "frozen", "timezone"}, 0, False)
    assert abs(when(answer["now"]).timestamp() - time.time()) < 5


def test_while_the_clock_is_moved_it_says_where_to_and_how_much_is_left(
        control: Control, clock: Clock, notified: Shop, receiver: Receiver) -> None:
    clock.freeze()
    clock.set(NOON)
    receiver.delay = 2  # the move waits for it
    with ThreadPoolExecutor() as pool:
        waiting = [notified.qr_order()["out_trade_no"] for _ in range(3)]
        notified.pay_by_barcode()
        receiver.wait_for(1)
        moved = pool.submit(control.post, "/clock", {"advance": "1h"})
        moving = next(state["moving"] for state in iter(lambda: control.get("/clock"), None)
                      if "moving" in state or moved.done())
        assert moving["to"] == "2026-03-01T13:00:00.000Z"
        assert moving["left"] >= len(waiting)
        assert set(moving["done"]) == {"changes", "attempts", "delivered"}
        moved.result()
    assert "moving" not in control.get("/clock")


@pytest.mark.parametrize("advance, seconds", [
    ("500ms", 0.5), ("5s", 5), ("15m", 900), ("2h", 7_200), ("1d", 86_400), (90, 90), (0.5, 0.5),
    ("1.5h", 5_400), ("90", 90)])
def test_the_clock_advances_by_a_duration(control: Control, noon: Clock, advance: Any,
                                          seconds: float) -> None:
    answer = control.post("/clock", {"advance": advance})
    assert when(answer["now"]) - when(NOON) == timedelta(seconds=seconds)


def test_a_running_clock_runs_on_after_it_was_advanced(control: Control, clock: Clock) -> None:
    answer = control.post("/clock", {"advance": "1d"})
    assert (answer["offset_s"], answer["frozen"]) == (86_400, False)
    assert now(control) > when(answer["now"])


@pytest.mark.parametrize("written, instant", [
    ("2030-01-02T03:04:05Z", "2030-01-02T03:04:05.000Z"),
    ("2030-01-02T03:04:05.678+08:00", "2030-01-01T19:04:05.678Z"),
    ("2030-01-02T03:04:05", "2030-01-02T03:04:05.000Z"), ("2030-01-02", "2030-01-02T00:00:00.000Z"),
])
def test_the_clock_is_set_to_an_instant(control: Control, noon: Clock, written: str, instant: str) -> None:
    assert control.post("/clock", {"set": written})["now"] == instant


def test_a_running_clock_runs_on_from_where_it_is_set(control: Control, clock: Clock) -> None:
    answer = control.post("/clock", {"set": "2031-01-01T00:00:00Z"})
    assert not answer["frozen"]
    assert timedelta(0) <= now(control) - when("2031-01-01T00:00:00Z") < timedelta(seconds=10)


def test_a_frozen_clock_stands_still_until_it_is_unfrozen_and_then_runs_on_from_there(
        control: Control, noon: Clock) -> None:
    assert control.get("/clock")["frozen"]
    assert now(control) == now(control) == when(NOON)
    assert control.post("/clock", {"freeze": False})["frozen"] is False
    assert timedelta(0) < now(control) - when(NOON) < timedelta(seconds=10)


def test_freezing_twice_is_freezing_once(control: Control, noon: Clock) -> None:
    frozen = [control.post("/clock", {"freeze": True})["now"] for _ in range(2)]
    assert frozen == ["2026-03-01T12:00:00.000Z"] * 2


def test_a_reset_brings_the_real_time_back(control: Control, noon: Clock) -> None:
    answer = control.post("/clock", {"reset": True})
    assert (answer["offset_s"], answer["frozen"]) == (0, False)
    assert abs(when(answer["now"]).timestamp() - time.time()) < 5


@pytest.mark.parametrize("body", [
    {}, {"advance": "1m", "freeze": True}, {"advance": "soon"}, {"advance": "-5m"}, {"advance": -5},
    {"advance": ""}, {"advance": None}, {"advance": True}, {"advance": [1]}, {"set": "yesterday"},
    {"set": 1_700_000_000}, {"set": None}, {"set": "1969-01-01"},
    {"set": "9999-01-01"}, {"freeze": "yes"}, {"freeze": 1}, {"freeze": None}, {"reset": False}, {"reset": 1},
], ids=str)
def test_a_clock_call_that_makes_no_sense_is_a_problem_and_moves_nothing(
        control: Control, noon: Clock, body: dict) -> None:
    answer = control.ask("POST", "/clock", body)
    assert (answer.status, answer.headers["Content-Type"]) == (422, "application/problem+json")
    named = next(iter(body)) if len(body) == 1 else "advance"
    assert named in answer.json["detail"]
    assert now(control) == when(NOON)


@every_row("raw", [[1], "now", 5])
def test_a_clock_call_is_a_json_object(control: Control, raw: Any) -> None:
    assert control.ask("POST", "/clock", raw).status == 400


# What falls due in between.

def waiting_at(shop: Shop, limit: str, **params: str) -> str:
    return shop.qr_order(it_b_pay=limit, **params)["out_trade_no"]


def history(shop: Shop, number: str) -> list[tuple[str, str]]:
    return [(line["event"], line["at"]) for line in shop.story(number)["history"]]


def test_an_order_closes_at_its_own_instant_however_far_the_clock_goes(shop: Shop, noon: Clock) -> None:
    numbers = [waiting_at(shop, limit) for limit in ("1d", "1m", "2h")]
    noon.advance("30d")
    assert [history(shop, number)[-1] for number in numbers] == [
        ("expire", "2026-03-02T12:00:00.000Z"), ("expire", "2026-03-01T12:01:00.000Z"),
        ("expire", "2026-03-01T14:00:00.000Z")]
    assert {shop.query(number)["trade_status"] for number in numbers} == {"TRADE_CLOSED"}


@pytest.mark.parametrize("before, after", [("59s", "1s"), ("59999ms", "1ms")])
def test_an_order_waits_until_the_last_instant(shop: Shop, noon: Clock, before: str, after: str) -> None:
    number = waiting_at(shop, "1m")
    noon.advance(before)
    assert shop.query(number)["trade_status"] == "WAIT_BUYER_PAY"
    noon.advance(after)
    assert shop.query(number)["trade_status"] == "TRADE_CLOSED"


def test_a_clock_that_is_set_forward_passes_all_that_is_between(shop: Shop, noon: Clock) -> None:
    number = waiting_at(shop, "1h")
    noon.set("2026-03-05T00:00:00Z")
    assert history(shop, number)[-1] == ("expire", "2026-03-01T13:00:00.000Z")


def test_a_reset_of_a_clock_that_is_behind_passes_all_that_is_between(shop: Shop, noon: Clock) -> None:
    noon.set("2020-01-01T00:00:00Z")
    number = waiting_at(shop, "1h")
    noon.reset()
    assert history(shop, number)[-1] == ("expire", "2020-01-01T01:00:00.000Z")


def test_a_clock_that_is_set_back_undoes_nothing_and_does_nothing(
        notified: Shop, receiver: Receiver, noon: Clock) -> None:
    closed, waiting = waiting_at(notified, "1m"), waiting_at(notified, "1h")
    noon.advance("2m")
    told = len(receiver.heard)
    noon.set("2026-02-01T00:00:00Z")
    assert notified.query(closed)["trade_status"] == "TRADE_CLOSED"
    assert notified.query(waiting)["trade_status"] == "WAIT_BUYER_PAY"
    assert len(receiver.heard) == told
    noon.set("2026-03-01T13:00:00Z")
    assert history(notified, waiting)[-1] == ("expire", "2026-03-01T13:00:00.000Z")


def test_every_attempt_is_made_at_its_own_instant_before_the_answer_comes(
        notified: Shop, receiver: Receiver, noon: Clock) -> None:
    receiver.answers = [(500, b"")]
    number = waiting_at(notified, "30m")
    noon.advance("7d")
    created, closed = notified.story(number)["notifications"]
    for notification, begin in ((created, when(NOON)), (closed, when(NOON) + timedelta(minutes=30))):
        instants = [when(attempt["at"]) for attempt in notification["attempts"]]
        expected = [begin + timedelta(minutes=sum(RETRIES_M[:count])) for count in range(len(RETRIES_M) + 1)]
        assert (instants, notification["status"]) == (expected, "failed")
    assert len(receiver.heard) == 2 * (len(RETRIES_M) + 1)


@pytest.mark.exhaustive
def test_everything_is_done_in_the_order_of_time_across_orders_and_merchants(
        control: Control, receiver: Receiver, noon: Clock) -> None:
    receiver.answers = [(500, b"")]
    shops = [control.shop(notify_url=receiver.url) for _ in range(3)]
    for place, shop in enumerate(shops):
        for limit in (1 + place, 5, 12 - place, 24):
            waiting_at(shop, f"{limit}m")
    noon.advance("2d")
    made = [(when(attempt["at"]), notification["request"]["url"]) for shop in shops
            for notification in control.get("/notifications", merchants_id=shop.merchants_id,
                                            limit=1000)["items"]
            for attempt in notification["attempts"]]
    instants: dict[str, list[datetime]] = {}
    for at, url in sorted(made):
        instants.setdefault(url, []).append(at)
    heard = [instants[f"{receiver.url}?{request.query}"].pop(0) for request in receiver.heard]
    assert len(heard) == len(made) == 3 * 4 * 2 * (len(RETRIES_M) + 1)
    assert heard == sorted(heard)


def test_what_a_notification_says_is_of_its_own_instant(notified: Shop, receiver: Receiver,
                                                        noon: Clock) -> None:
    notified.pay_by_barcode(buyer_identity_code="287777777777700001")
    noon.advance("3d")
    assert receiver.wait_for(1)[0].fields["notify_time"] == "2026-03-01 12:15:00"


@pytest.mark.exhaustive
def test_many_small_steps_do_what_one_large_step_does(control: Control, receiver: Receiver,
                                                      noon: Clock) -> None:
    receiver.answers = [(500, b"")]

    def attempts(steps: list[str]) -> list[str]:
        noon.set(NOON)
        shop = control.shop(notify_url=receiver.url)
        number = waiting_at(shop, "45m")
        for step in steps:
            noon.advance(step)
        return [attempt["at"] for notification in shop.story(number)["notifications"]
                for attempt in notification["attempts"]]

    assert attempts(["7m"] * 40) == attempts(["280m"])


def test_a_running_clock_does_what_is_due_when_it_is_moved(
        notified: Shop, receiver: Receiver, clock: Clock) -> None:
    receiver.answers = [(500, b"")]
    number = waiting_at(notified, "1m")
    clock.advance("40h")
    assert [len(notification["attempts"]) for notification in notified.story(number)["notifications"]] == [
        8, 8]
    assert notified.query(number)["trade_status"] == "TRADE_CLOSED"


def test_a_paid_order_is_finished_after_90_days_and_nobody_is_told(
        notified: Shop, receiver: Receiver, noon: Clock) -> None:
    number = notified.pay_by_barcode()["out_trade_no"]
    noon.advance("89d")
    assert notified.refund(number, "0.10")["is_success"] == "T"
    noon.advance("1d")
    assert notified.query(number)["trade_status"] == "TRADE_FINISHED"
    assert notified.refund(number, "0.10")["error"] == "TRADE_HAS_FINISHED"
    assert history(notified, number)[-1] == ("finish", "2026-05-30T12:00:00.000Z")
    assert len(receiver.heard) == 1


def test_the_merchants_15_minutes_of_an_open_code_are_a_finding(shop: Shop, noon: Clock) -> None:
    kinds = {"left open": [], "queried": [shop.query], "cancelled": [shop.cancel],
             "paid": [lambda number: shop.happens(number, "pay")]}
    answers = {}
    for kind, acts in kinds.items():
        answers[kind] = shop.qr_order(it_b_pay="1h")
        for act in acts:
            act(answers[kind]["out_trade_no"])
    noon.advance("14m")
    assert not any("QR_ORDER_LEFT_OPEN" in shop.findings(answer) for answer in answers.values())
    noon.advance("1m")
    assert [kind for kind, answer in answers.items()
            if "QR_ORDER_LEFT_OPEN" in shop.findings(answer)] == ["left open"]


def test_a_settlement_follows_the_clock(shop: Shop, noon: Clock) -> None:
    number = shop.pay_by_barcode()["out_trade_no"]
    noon.set("2026-03-03T00:00:00Z")
    assert number in shop.settlement("2026-03-02", "2026-03-02").text
    assert number not in shop.settlement("2026-03-01", "2026-03-01").text


@pytest.mark.exhaustive
@pytest.mark.parametrize("told", [False, True], ids=["unheard", "with notifications"])
def test_more_waiting_orders_than_are_read_together_expire_at_once(
        control: Control, receiver: Receiver, noon: Clock, told: bool) -> None:
    shop = control.shop(notify_url=receiver.url if told else "")
    for _ in range(BATCH + 20):
        waiting_at(shop, "5m")
    noon.advance("1h")
    assert control.get("/orders", merchants_id=shop.merchants_id, status="WAIT_BUYER_PAY")["items"] == []
    assert len(receiver.heard) == (2 * (BATCH + 20) if told else 0)
    control.ask("DELETE", f"/merchants/{shop.merchants_id}")


@pytest.mark.parametrize("move", [{"set": "2100-01-02T00:00:00Z"}, {"set": "1999-12-31T00:00:00Z"},
                                  {"advance": "3000d"}])
def test_the_clock_stays_between_2000_and_2100(control: Control, noon: Clock, move: dict[str, str]) -> None:
    noon.set("2099-01-01T00:00:00Z")
    refused = control.ask("POST", "/clock", move)
    assert refused.status == 422 and "2000 to 2100" in refused.json["detail"]
