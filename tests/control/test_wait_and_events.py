"""Contract 7, `wait` and `events`: long poll and server-sent events."""
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib import parse

from ..driver import Answer, Clock, Control, Receiver, Server, Shop, stream_at
from ..tables import every_row


def wait(shop: Shop, number: str, **query: str) -> Answer:
    return shop.control.ask("GET", "/wait", merchants_id=shop.merchants_id, out_trade_no=number, **query)


def soon(act: Any, *arguments: Any) -> threading.Timer:
    timer = threading.Timer(0.2, act, arguments)
    timer.start()
    return timer


def test_an_order_in_its_state_is_answered_at_once(shop: Shop) -> None:
    number = shop.pay_by_barcode()["out_trade_no"]
    answer = wait(shop, number, status="TRADE_SUCCESS")
    assert (answer.status, answer.json["order"]["out_trade_no"],
            answer.json["order"]["status"]) == (200, number, "TRADE_SUCCESS")


def test_a_wait_is_answered_when_the_order_gets_there(shop: Shop) -> None:
    number = shop.qr_order()["out_trade_no"]
    begun = time.monotonic()
    paying = soon(shop.happens, number, "pay")
    answer = wait(shop, number, status="TRADE_SUCCESS")
    assert (answer.status, answer.json["order"]["status"]) == (200, "TRADE_SUCCESS")
    assert 0.2 <= time.monotonic() - begun < 5
    paying.join()


def test_an_order_may_be_waited_for_before_it_is_made(shop: Shop) -> None:
    number = shop.number()
    making = soon(lambda: shop.pay_by_barcode(out_trade_no=number))
    assert wait(shop, number).status == 200
    making.join()


def test_a_wait_for_taken_notifications_ends_when_each_was_taken(notified: Shop, receiver: Receiver) -> None:
    receiver.delay = 0.3
    number = notified.pay_by_barcode()["out_trade_no"]
    answer = wait(notified, number, status="TRADE_SUCCESS", notification="delivered")
    statuses = [notification["status"] for notification in answer.json["notifications"]]
    assert (answer.status, statuses) == (200, ["delivered"])


def test_a_wait_in_vain_says_how_far_it_got(notified: Shop, receiver: Receiver) -> None:
    receiver.answers = [(500, b"")]
    number = notified.qr_order()["out_trade_no"]
    notified.control.post("/notifications/flush")
    for query, missing in (({"status": "TRADE_SUCCESS"}, "state"),
                           ({"notification": "delivered"}, "notification")):
        begun = time.monotonic()
        answer = wait(notified, number, timeout="300ms", **query)
        assert (answer.status, answer.headers["Content-Type"]) == (408, "application/problem+json"), missing
        assert (answer.json["order"]["status"],
                [notification["status"] for notification in answer.json["notifications"]]) == (
                    "WAIT_BUYER_PAY", ["pending"])
        assert 0.3 <= time.monotonic() - begun < 5


def test_a_wait_for_an_order_that_never_comes_says_so(shop: Shop) -> None:
    answer = wait(shop, "never", timeout="50ms")
    assert (answer.status, answer.json["order"], answer.json["notifications"]) == (408, None, [])


@every_row("query", [{"status": "PAID"}, {"notification": "heard"}, {"timeout": "soon"}], ids=str)
def test_a_wait_that_makes_no_sense_is_a_problem_that_names_it(shop: Shop, query: dict[str, str]) -> None:
    answer = wait(shop, "any", **query)
    assert (answer.status, next(iter(query)) in answer.json["detail"]) == (400, True)


def test_a_wait_sees_what_time_does(shop: Shop, clock: Clock) -> None:
    number = shop.qr_order(it_b_pay="5m")["out_trade_no"]
    moving = soon(clock.advance, "5m")
    assert wait(shop, number, status="TRADE_CLOSED").status == 200
    moving.join()


def test_waits_do_not_hold_up_payments(shop: Shop) -> None:
    waiting = [threading.Thread(target=wait, args=(shop, "never"), kwargs={"timeout": "2s"})
               for _ in range(30)]
    for thread in waiting:
        thread.start()
    begun = time.monotonic()
    for _ in range(5):
        assert shop.pay_by_barcode()["is_success"] == "T"
    assert time.monotonic() - begun < 1.5
    for thread in waiting:
        thread.join()


# Server-sent events.

Told = tuple[str, str, dict[str, Any]]


@contextmanager
def stream(control: Control, last: str = "", **query: str) -> Iterator[Iterator[Told]]:
    """The events as they come: (id, event, data)."""
    headers = {"Last-Event-ID": last} if last else {}
    with stream_at(f"{control.url}/_emulator/events?{parse.urlencode(query)}", headers) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        yield read(answer)


def read(lines: Any) -> Iterator[Told]:
    fields: dict[str, str] = {}
    for raw in lines:
        name, _, value = raw.decode().rstrip("\n").partition(": ")
        if name:
            fields[name] = value
        elif "data" in fields:
            yield fields["id"], fields["event"], json.loads(fields["data"])
            fields = {}


def take(events: Iterator[Told], count: int) -> list[Told]:
    return [next(events) for _ in range(count)]


def beginning(control: Control, shop: Shop) -> str:
    """An event id from which on only what follows is told."""
    with stream(control, merchants_id=shop.merchants_id) as events:
        shop.query("nothing")
        return next(events)[0]


def test_the_stream_tells_requests_orders_and_attempts_of_notifications(
         notified: Shop, receiver: Receiver) -> None:
    with stream(notified.control, merchants_id=notified.merchants_id) as events:
        number = notified.pay_by_barcode()["out_trade_no"]
        told = take(events, 4)
    kinds = sorted((kind, row.get("event") or row.get("endpoint") or row.get("notify_type")) for _, kind,
                   row in told)
    assert kinds == [("notification", "merchant_scan_status_sync"), ("order", "create"), ("order", "pay"),
                     ("request", "tgpaybarcode")]
    assert {row["out_trade_no"] for _, _, row in told} == {number}
    assert {row["merchants_id"] for _, _, row in told} == {notified.merchants_id}


def test_a_stream_begins_with_what_happens_from_now_on(shop: Shop) -> None:
    shop.pay_by_barcode()
    with stream(shop.control, merchants_id=shop.merchants_id) as events:
        number = shop.qr_order()["out_trade_no"]
        assert next(events)[2]["out_trade_no"] == number


def test_a_stream_is_resumed_after_any_event_with_nothing_lost_and_nothing_twice(
         notified: Shop, receiver: Receiver) -> None:
    last = beginning(notified.control, notified)
    for _ in range(3):
        notified.refund(notified.pay_by_barcode()["out_trade_no"], "0.50")
    notified.control.post("/notifications/flush")
    count = 3 * (2 + 1 + 2 + 1)
    with stream(notified.control, last, merchants_id=notified.merchants_id) as events:
        whole = take(events, count)
    assert len({identity for identity, _, _ in whole}) == count
    for place in (0, 5, count - 2):
        with stream(notified.control, whole[place][0], merchants_id=notified.merchants_id) as events:
            assert take(events, count - place - 1) == whole[place + 1:]


def test_a_stream_tells_of_every_merchant_unless_it_is_narrowed(control: Control, shop: Shop) -> None:
    other = control.shop()
    with stream(control) as everyone, stream(control, merchants_id=other.merchants_id) as narrowed:
        shop.query("1")
        other.query("2")
        awaited = {shop.merchants_id, other.merchants_id}
        while awaited:  # orders of other tests may still change
            awaited.discard(next(everyone)[2]["merchants_id"])
        assert next(narrowed)[2]["merchants_id"] == other.merchants_id
    control.ask("DELETE", f"/merchants/{other.merchants_id}")


@every_row("last", ["nonsense", "1-2", "-1-0-0", "999999999-999999999-999999999"])
def test_an_id_that_is_none_begins_with_what_happens_from_now_on(shop: Shop, last: str) -> None:
    shop.query("before")
    with stream(shop.control, last, merchants_id=shop.merchants_id) as events:
        shop.query("after")
        assert next(events)[2]["out_trade_no"] == "after"


def test_an_event_is_told_soon(shop: Shop) -> None:
    with stream(shop.control, merchants_id=shop.merchants_id) as events:
        begun = time.monotonic()
        shop.query("nothing")
        next(events)
        assert time.monotonic() - begun < 2


def test_text_of_every_kind_stays_on_one_line(shop: Shop) -> None:
    with stream(shop.control, merchants_id=shop.merchants_id) as events:
        shop.query("茶\u2028\u0085 = \"x\"")
        assert next(events)[2]["out_trade_no"] == "茶\u2028\u0085 = \"x\""


def test_a_client_that_leaves_makes_room_for_the_next_within_a_second() -> None:
    with Server(workers=1, waiting_limit=1) as server:
        control = Control(server.url)
        shop = control.shop()
        for _ in range(3):
            with stream(control, merchants_id=shop.merchants_id):
                assert wait(shop, "none", timeout="1ms").status == 503
            end = time.monotonic() + 1
            while wait(shop, "none", timeout="1ms").status == 503:
                assert time.monotonic() < end
                time.sleep(0.02)


def test_a_stream_goes_on_when_a_reset_has_restarted_the_numbering() -> None:
    with Server() as server:
        control = Control(server.url)
        before = control.shop()
        with stream(control) as events:
            for number in range(5):
                before.query(f"before {number}")
                next(events)
            control.post("/reset")
            after = control.shop()
            for number in range(3):
                after.query(f"after {number}")
            assert [row["out_trade_no"] for _, _, row in take(events, 3)] == ["after 0", "after 1", "after 2"]
            control.post(f"/reset?merchants_id={after.merchants_id}")
            control.shop().query("at last")
            assert next(events)[2]["out_trade_no"] == "at last"
