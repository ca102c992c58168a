"""A merchant's clock moves alone: all of a merchant runs on it, and nothing of anybody else."""
import random
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from .driver import Clock, Control, Receiver, Server, Shop, free_port
from .tables import every_row

NOON = "2027-03-01T12:00:00.000Z"
DEAD = "http://127.0.0.1:9/notify"
RETRIES_M = (4, 10, 10, 60, 120, 360, 900)
ADMIN, RED = "admins-own-token", "red-token-00001"


def when(written: str) -> datetime:
    return datetime.fromisoformat(written)


def after(start: str = NOON, **passed: float) -> str:
    """An instant as the control interface writes it."""
    return (when(start) + timedelta(**passed)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def move(shop: Shop, **asked: Any) -> Any:
    """A move of this merchant's clock alone."""
    return shop.control.post("/clock", {"merchants_id": shop.merchants_id, **asked})


def clock_of(shop: Shop) -> Any:
    return shop.control.get("/clock", merchants_id=shop.merchants_id)


def at_noon(shop: Shop) -> Shop:
    """The merchant, whose clock stands still at noon."""
    move(shop, freeze=True)
    move(shop, set=NOON)
    return shop


def waiting(shop: Shop, **params: str) -> str:
    return shop.qr_order(**params)["out_trade_no"]


def history(shop: Shop, number: str) -> list[tuple[str, str]]:
    return [(line["event"], line["at"]) for line in shop.story(number)["history"]]


def apart(one: Any, other: Any) -> float:
    """How many seconds one clock is ahead of another."""
    return (when(one["now"]) - when(other["now"])).total_seconds()


@pytest.fixture
def other(control: Control) -> Iterator[Shop]:
    made = control.shop()
    yield made
    control.ask("DELETE", f"/merchants/{made.merchants_id}")


# The calls.

def test_a_merchant_has_the_shared_clock_until_its_own_is_moved(shop: Shop, other: Shop) -> None:
    before = clock_of(shop)
    assert (before["own"], before["merchants_id"], before["offset_s"]) == (False, shop.merchants_id, 0)
    moved = move(shop, advance="1d")
    assert (moved["own"], moved["merchants_id"], moved["frozen"]) == (True, shop.merchants_id, False)
    assert moved["offset_s"] == 86_400
    assert set(moved) == {"now", "offset_s", "frozen", "own", "merchants_id", "done", "skipped"}
    shared = shop.control.get("/clock")
    assert set(shared) == {"now", "offset_s", "frozen", "timezone"}
    assert apart(clock_of(shop), shared) == pytest.approx(86_400, abs=5)
    assert not clock_of(other)["own"] and apart(clock_of(other), shared) == pytest.approx(0, abs=5)


def test_a_merchants_clock_stands_still_and_runs_on_from_there(shop: Shop) -> None:
    at_noon(shop)
    assert clock_of(shop)["frozen"] and clock_of(shop)["now"] == NOON
    assert not shop.control.get("/clock")["frozen"]
    assert move(shop, freeze=False)["frozen"] is False
    assert 0 < (when(clock_of(shop)["now"]) - when(NOON)).total_seconds() < 10


def test_a_reset_brings_the_shared_clock_back(shop: Shop) -> None:
    at_noon(shop)
    answer = move(shop, reset=True)
    assert (answer["own"], answer["frozen"], answer["offset_s"]) == (False, False, 0)


def test_who_has_the_shared_clock_has_it_after_it_is_let_run_too(shop: Shop) -> None:
    assert move(shop, freeze=False)["own"] is False


@every_row("body", [
    {}, {"advance": "1m", "freeze": True}, {"advance": "soon"}, {"set": "9999-01-01"}, {"freeze": 1},
    {"reset": False}])
def test_a_call_that_makes_no_sense_is_a_problem_and_moves_nothing(shop: Shop, body: Any) -> None:
    answer = shop.control.ask("POST", "/clock", {"merchants_id": shop.merchants_id, **body})
    assert answer.status == 422
    assert not clock_of(shop)["own"]


@every_row("number, status", [("nobody", 404), ("", 422), (5, 422), (None, 422)])
def test_a_clock_of_nobody_is_not_moved(control: Control, number: Any, status: int) -> None:
    for path, body in (("/clock", {"advance": "1m"}), ("/notifications/flush", {})):
        assert control.ask("POST", path, {"merchants_id": number, **body}).status == status
    assert control.get("/clock")["offset_s"] == 0


def test_the_clock_of_an_unknown_merchant_is_not_found(control: Control) -> None:
    assert control.ask("GET", "/clock", merchants_id="nobody").status == 404


def test_a_repeated_call_moves_a_merchants_clock_once(shop: Shop, other: Shop) -> None:
    body, key = {"merchants_id": shop.merchants_id, "advance": "1h"}, {"Idempotency-Key": shop.merchants_id}
    first, again = (shop.control.ask("POST", "/clock", body, key) for _ in range(2))
    assert first.json == again.json and clock_of(shop)["offset_s"] == 3_600
    others = {**body, "merchants_id": other.merchants_id}
    assert shop.control.ask("POST", "/clock", others, key).status == 422


def test_a_team_moves_the_clocks_of_its_own_merchants_only() -> None:
    with Server(control_token=ADMIN, tokens=f"red:team:{RED}") as server:
        admin, red = Control(server.url, ADMIN), Control(server.url, RED)
        own, foreign = red.shop(), admin.shop()
        assert move(own, advance="1h")["offset_s"] == 3_600
        assert red.post("/notifications/flush", {"merchants_id": own.merchants_id})["flushed"]
        for path, body in (("/clock", {"advance": "1h"}), ("/notifications/flush", {})):
            theirs = {"merchants_id": foreign.merchants_id, **body}
            assert red.ask("POST", path, theirs).status == 404
            assert red.ask("POST", path, body).status == 403
        assert red.ask("GET", "/clock", merchants_id=foreign.merchants_id).status == 404


# Everything of a merchant runs on its clock, and nothing of anybody else.

def test_only_the_merchants_order_expires_and_at_its_own_instant(shop: Shop, other: Shop) -> None:
    at_noon(shop)
    number, untouched = waiting(shop), waiting(other)
    move(shop, advance="899s")
    assert shop.query(number)["trade_status"] == "WAIT_BUYER_PAY"
    move(shop, advance="1d")
    assert history(shop, number)[-1] == ("expire", after(minutes=15))
    assert other.query(untouched)["trade_status"] == "WAIT_BUYER_PAY"


def test_a_clock_that_runs_ahead_lets_orders_expire_by_itself(shop: Shop, other: Shop) -> None:
    move(shop, set=NOON)
    number = waiting(shop, it_b_pay="1m")
    move(shop, advance="59s")
    end = time.monotonic() + 10
    while history(shop, number)[-1][0] != "expire" and time.monotonic() < end:
        time.sleep(0.05)
    lines = history(shop, number)
    assert [event for event, _ in lines] == ["create", "expire"]
    assert when(lines[1][1]) - when(lines[0][1]) == timedelta(minutes=1)


def test_attempts_are_made_at_the_instants_of_the_merchants_clock(control: Control, other: Shop) -> None:
    shop = at_noon(control.shop(notify_url=DEAD))
    number = shop.pay_by_barcode()["out_trade_no"]
    answer = move(shop, advance="3d")
    instants, passed = [NOON], 0
    for wait in RETRIES_M:
        passed += wait
        instants.append(after(minutes=passed))
    notification = shop.notifications(number)[0]
    assert [attempt["at"] for attempt in notification["attempts"]] == instants
    assert notification["status"] == "failed"
    assert answer["done"]["attempts"] in (len(instants) - 1, len(instants))  # the first may be made before


def test_a_merchants_clock_in_the_future_retries_in_real_time(control: Control) -> None:
    with Server(notify_retries="1s,1s") as server:
        shop = Control(server.url).shop(notify_url=DEAD)
        move(shop, set=NOON)
        number = shop.pay_by_barcode()["out_trade_no"]
        end = time.monotonic() + 15
        while shop.notifications(number)[0]["status"] != "failed" and time.monotonic() < end:
            time.sleep(0.05)
        instants = [when(attempt["at"]) for attempt in shop.notifications(number)[0]["attempts"]]
        assert len(instants) == 3 and 0 <= (instants[0] - when(NOON)).total_seconds() < 10
        assert [1 <= (later - sooner).total_seconds() < 5
                for sooner, later in zip(instants, instants[1:])] == [True, True]


def test_a_paid_order_is_settled_and_finished_by_the_merchants_clock(shop: Shop, other: Shop) -> None:
    at_noon(shop)
    paid = shop.pay_by_barcode()
    others = other.pay_by_barcode()["out_trade_no"]
    number = paid["out_trade_no"]
    assert shop.query(number)["pay_time"] == "20270301200000"
    move(shop, advance="400d")
    assert shop.query(number)["trade_status"] == "TRADE_FINISHED"
    assert other.query(others)["trade_status"] == "TRADE_SUCCESS"
    assert number in shop.settlement("2027-03-01", "2027-03-05").text
    assert others not in other.settlement("2027-03-01", "2027-03-05").text


def test_an_unattended_terminal_times_out_by_the_merchants_clock(shop: Shop, other: Shop) -> None:
    at_noon(shop)
    for each in (shop, other):
        each.attend()
        each.at_terminal()
    move(shop, advance="1h")
    assert shop.terminal()["state"] == "IDLE"
    assert other.terminal()["state"] != "IDLE"


def test_the_shared_clock_moves_all_and_keeps_distances(control: Control, clock: Clock, shop: Shop,
                                                        other: Shop) -> None:
    move(shop, advance="2h")
    frozen = at_noon(control.shop())
    numbers = [waiting(each) for each in (shop, other, frozen)]
    clock.advance("1d")
    assert apart(clock_of(shop), control.get("/clock")) == pytest.approx(7_200, abs=5)
    assert apart(clock_of(other), control.get("/clock")) == pytest.approx(0, abs=5)
    assert clock_of(frozen)["now"] == NOON
    events = [history(each, number)[-1][0] for each, number in zip((shop, other, frozen), numbers)]
    assert events == ["expire", "expire", "create"]
    lines = history(shop, numbers[0])
    assert when(lines[1][1]) - when(lines[0][1]) == timedelta(minutes=15)


def test_while_the_shared_clock_stands_a_merchants_stands_too_and_can_be_moved(
        control: Control, clock: Clock, shop: Shop) -> None:
    clock.freeze()
    clock.set(NOON)
    assert move(shop, advance="1h")["now"] == after(hours=1)
    assert clock_of(shop)["now"] == after(hours=1) and clock_of(shop)["frozen"]
    assert move(shop, freeze=True)["now"] == move(shop, freeze=False)["now"] == after(hours=1)
    clock.advance("10m")
    assert clock_of(shop)["now"] == after(hours=1, minutes=10)
    assert control.get("/clock")["now"] == after(minutes=10)
    assert move(shop, reset=True)["now"] == after(minutes=10)


def test_after_a_reset_is_done_what_is_due_on_the_shared_clock(control: Control, clock: Clock,
                                                               shop: Shop) -> None:
    clock.freeze()
    clock.set(NOON)
    move(shop, freeze=True)
    number = waiting(shop)
    clock.advance("1h")
    assert history(shop, number)[-1][0] == "create"
    answer = move(shop, reset=True)
    assert answer["done"]["changes"] == 1
    assert history(shop, number)[-1] == ("expire", after(minutes=15))


def test_resetting_or_removing_a_merchant_removes_its_clock(control: Control, shop: Shop) -> None:
    at_noon(shop)
    control.post("/reset", merchants_id=shop.merchants_id)
    assert not clock_of(shop)["own"]
    made = control.shop()
    at_noon(made)
    control.ask("DELETE", f"/merchants/{made.merchants_id}")
    control.post("/merchants", {"merchants_id": made.merchants_id})
    assert not clock_of(made)["own"]


def test_a_flush_of_one_merchant_sends_its_notifications_only(control: Control, receiver: Receiver,
                                                              other: Shop) -> None:
    shop = control.shop(notify_url=receiver.url)
    receiver.answers = [(500, b"")]
    number = shop.pay_by_barcode()["out_trade_no"]
    receiver.wait_for(1)
    receiver.answers = [(200, b"success")]
    flushed = control.post("/notifications/flush", {"merchants_id": shop.merchants_id})
    assert set(flushed) == {"flushed", "done", "skipped"}
    assert not clock_of(shop)["own"]
    move(shop, advance="5m")
    assert shop.notifications(number)[0]["status"] == "delivered"


# Side by side.

def test_moves_of_merchants_do_not_wait_for_each_others_receivers(control: Control,
                                                                  receiver: Receiver) -> None:
    receiver.delay = 4
    slow, quick = control.shop(notify_url=receiver.url), control.shop()
    slow.pay_by_barcode()
    receiver.wait_for(1)
    with ThreadPoolExecutor() as pool:
        moved = pool.submit(move, slow, advance="1h")
        while "moving" not in clock_of(slow) and not moved.done():
            time.sleep(0.01)
        number = waiting(quick)
        move(quick, advance="1h")
        assert history(quick, number)[-1][0] == "expire"
        assert "moving" not in control.get("/clock")
        assert not moved.done()
        for _ in range(110):  # the result of the slow one is kept however many others have one since
            move(quick, advance="1s")
        assert moved.result(20)["done"]["attempts"]


def test_a_merchant_that_is_reset_in_the_middle_of_its_move_is_left_alone(control: Control,
                                                                          receiver: Receiver) -> None:
    receiver.delay = 3
    shop = control.shop(notify_url=receiver.url)
    shop.pay_by_barcode()
    receiver.wait_for(1)
    with ThreadPoolExecutor() as pool:
        moved = pool.submit(move, shop, advance="1d")
        while "moving" not in clock_of(shop) and not moved.done():
            time.sleep(0.01)
        control.post("/reset", merchants_id=shop.merchants_id)
        number = waiting(shop)
        assert not moved.result()["own"]
    assert not clock_of(shop)["own"]
    assert history(shop, number)[-1][0] == "create"


def test_many_tests_move_time_side_by_side(control: Control) -> None:
    def work(_: int) -> list[tuple[str, str]]:
        shop = at_noon(control.shop(notify_url=DEAD))
        number = waiting(shop)
        for _ in range(4):
            move(shop, advance="5m")
        control.ask("POST", "/notifications/flush", {"merchants_id": shop.merchants_id})
        return history(shop, number)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, range(16)))
    assert found == [[("create", NOON), ("expire", after(minutes=15))]] * 16


def test_any_number_of_moves_may_wait_and_others_are_answered_meanwhile(control: Control,
                                                                        receiver: Receiver) -> None:
    """More than there are threads and connections to the database."""
    receiver.delay = 1
    shops, quick = [control.shop(notify_url=receiver.url) for _ in range(24)], control.shop()
    for each in shops:
        each.pay_by_barcode()
    with ThreadPoolExecutor(len(shops)) as pool:
        moved = [pool.submit(move, each, advance="1h") for each in shops]
        while not all(each.done() for each in moved):
            assert quick.qr_order()["is_success"] == "T"
        assert all(each.result()["own"] for each in moved)


def test_moves_of_all_and_of_merchants_take_turns(control: Control, clock: Clock) -> None:
    clock.freeze()
    clock.set(NOON)
    shops = [control.shop(notify_url=DEAD) for _ in range(4)]
    numbers = [shop.pay_by_barcode()["out_trade_no"] for shop in shops]

    def work(shop: Shop) -> None:
        for _ in range(5):
            move(shop, advance="7m")

    with ThreadPoolExecutor(8) as pool:
        working = [pool.submit(work, shop) for shop in shops]
        for _ in range(5):
            clock.advance("3m")
        for each in working:
            each.result()
    assert {clock_of(shop)["now"] for shop in shops} == {after(minutes=50)}
    for shop, number in zip(shops, numbers):
        attempts = shop.notifications(number)[0]["attempts"]
        assert [attempt["at"] for attempt in attempts] == [NOON, *(after(minutes=m) for m in (4, 14, 24))]


# However it is moved, and whoever does it.

def test_a_move_of_a_merchants_clock_is_finished_after_kill_9(tmp_path: Path, receiver: Receiver) -> None:
    server = Server(database=tmp_path / "emulator.db", port=free_port()).start()
    control = Control(server.url)
    shop, other = control.shop(notify_url=receiver.url), control.shop()
    at_noon(shop)
    receiver.delay = 3
    shop.pay_by_barcode()
    number, untouched = waiting(shop), waiting(other)
    with ThreadPoolExecutor() as pool:
        moved = pool.submit(control.ask, "POST", "/clock",
                            {"merchants_id": shop.merchants_id, "advance": "1h"})
        while "moving" not in clock_of(shop):
            time.sleep(0.01)
        server.kill()
        with pytest.raises(OSError):
            moved.result()
    receiver.delay = 0
    with server:
        end = time.monotonic() + 20
        while clock_of(shop)["now"] != after(hours=1) or "moving" in clock_of(shop):
            assert time.monotonic() < end
            time.sleep(0.02)
        assert history(shop, number)[-1] == ("expire", after(minutes=15))
        assert history(other, untouched)[-1][0] == "create"
        assert not control.get("/clock")["frozen"]


def outcome(server: Server, seed: int, alone: bool) -> Any:
    """What becomes of a merchant by random moves of its own clock, or of everybody's."""
    chance = random.Random(seed)
    control = Control(server.url)
    shop = control.shop(notify_url=DEAD)
    whose = {"merchants_id": shop.merchants_id} if alone else {}
    numbers: list[str] = []
    for asked in ({"freeze": True}, {"set": NOON}):
        control.post("/clock", {**whose, **asked})
    shop.at_terminal(out_trade_no=f"{seed}-terminal")
    numbers.append(f"{seed}-terminal")
    for place in range(16):
        action = chance.choice(("qr", "barcode", "card", "pay", "refund", "move", "move"))
        number, limit = f"{seed}-{place}", chance.choice(("1m", "30m", "1d"))
        target = chance.choice(numbers) if numbers else number
        duration = f"{chance.choice((1, 40, 600, 5_000, 90_000, 3_000_000))}s"
        if action == "qr":
            shop.qr_order(out_trade_no=number, it_b_pay=limit)
        elif action == "barcode":
            shop.pay_by_barcode(out_trade_no=number)
        elif action == "card":
            shop.card_order(out_trade_no=number)
        elif action == "pay":
            shop.happens(target, "pay")
        elif action == "refund":
            shop.refund(target, "0.10", out_refund_id=f"r-{place}")
        else:
            control.post("/clock", {**whose, "advance": duration})
        if action in ("qr", "barcode", "card"):
            numbers.append(number)
    stories = []
    for number in numbers:
        story = shop.story(number)
        stories.append((story["status"], story["paid_at"], story["closed_at"], history(shop, number),
                        [(notification["notify_type"], notification["status"], notification["due_at"],
                          [(attempt["at"], attempt["delivered"]) for attempt in notification["attempts"]])
                         for notification in story["notifications"]]))
    settled = shop.settlement("2027-03-01", "2027-12-31").text
    control.post("/clock", {**whose, "reset": True})
    return stories, settled


def test_a_merchants_clock_does_what_the_shared_one_of_a_fresh_server_does() -> None:
    with Server(port=free_port()) as one, Server(port=free_port()) as another:
        for seed in range(3):
            assert outcome(one, seed, alone=True) == outcome(another, seed, alone=False)


# What falls due is found in the database.

@pytest.mark.sqlite
def test_what_falls_due_is_found_by_an_index_among_ten_thousand_merchants(tmp_path: Path) -> None:
    from tgpay_emulator.store import Reader
    from tgpay_emulator.store.sqlite.connection import connect
    from tgpay_emulator.store.sqlite.schema import prepare

    path = tmp_path / "emulator.db"
    prepare(path)
    with closing(sqlite3.connect(path)) as filled, filled:
        filled.executemany("INSERT INTO merchant_clocks VALUES (?, ?, NULL, 0)",
                           ((str(number), number) for number in range(10_000)))
        filled.executemany(
            "INSERT INTO notifications (merchants_id, out_trade_no, notify_type, method, url, content_type, "
            "body, created_at, status, attempts, due_at, shared_due_at) "
            "VALUES (?, 'o', 'n', 'GET', 'u', 'c', 'b', 0, 'pending', 1, ?, ?)",
            ((str(number), 20_000, 20_000 - number) for number in range(10_000)))
    with closing(connect(path, "ro")) as connection:
        asked: list[tuple[str, Any]] = []

        class Listening:
            """The connection, which notes what it is asked."""

            def execute(self, statement: str, values: Any = ()) -> Any:
                asked.append((statement, values))
                return connection.execute(statement, values)

            def __getattr__(self, name: str) -> Any:
                return getattr(connection, name)

        tables = Reader(Listening())
        assert [found.merchants_id for found in tables.notifications.due(10_001, (), (), 10)] == ["9999"]
        assert tables.next_due() == 10_001
        assert [found.merchants_id for found in tables.notifications.due(20_000, (), (), 10, "7")] == ["7"]
        assert tables.next_due((), "7") == 20_000
        tables.orders.due(1, 10)
        tables.orders.due(1, 10, "7")
        assert tables.notifications.are_due(30_000, 10_000, "7")
        plans = [[row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
                 for statement, values in asked]
    for plan in plans:
        read = [line for line in plan if line.startswith(("SCAN", "SEARCH")) and "json_each" not in line]
        assert read and all(" INDEX " in line and "SEARCH" in line or "_due" in line for line in read), plan
