"""Nodes on one database of PostgreSQL share the outbox: each attempt is made once, and none is lost."""
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import pytest

from . import postgres
from .driver import Control, Heard, Receiver, Server, Shop
from .test_postgres import leader, on, until

pytestmark = pytest.mark.postgresql
TAKEN_OVER_S = 10
NOON = "2026-03-01T12:00:00Z"


@pytest.fixture
def shared(cluster: postgres.Cluster, request: pytest.FixtureRequest) -> str:
    return postgres.database(cluster.address, request.node.nodeid)


@contextmanager
def leader_and_follower(shared: str, **settings: Any) -> Iterator[tuple[Server, Server, list[int]]]:
    """Two nodes of one process each, the first of which leads, and `numbers` with those of their claims."""
    first, second = (Server(database=shared, workers=1, log_level="info", log_requests="on",
                            **{"notify_retries": "1s,1s,1s,1s", **settings}) for _ in range(2))
    with first:
        until(lambda: leader(shared), 5)
        alone = living(shared)
        with second:
            until(lambda: len(living(shared)) > len(alone), 5)
            yield first, second, [*alone, *living(shared) - alone]


def living(shared: str) -> set[int]:
    """The numbers of the processes that have a session."""
    from tgpay_emulator.store.postgres import locks

    return {row[0] for row in postgres.ask(
        shared, "SELECT CAST(objid AS bigint) FROM pg_locks JOIN pg_database AS d ON d.oid = database "
                "WHERE classid = %s AND datname = current_database()", locks.LIVING)}


def claimed_by(shared: str, number: int) -> set[int]:
    """The notifications that a process has claimed."""
    return {row[0] for row in postgres.ask(shared, "SELECT notification_id FROM claims WHERE holder = %s",
                                           number)}


def delivered(control: Control, wanted: set[int]) -> set[int]:
    """Those of the wanted notifications that are delivered."""
    items = control.get("/notifications", limit=1000)["items"]
    return wanted & {item["id"] for item in items if item["status"] == "delivered"}


@contextmanager
def stopped(node: Server, shared: str) -> Iterator[None]:
    """A block during which the processes of a node stand still, in no transaction that others wait for."""
    from tgpay_emulator.store.postgres.locks import CLASS, WORLD

    assert node.process is not None
    locked = ("SELECT 1 FROM pg_locks JOIN pg_database AS d ON d.oid = database WHERE objid = %s "
              "AND locktype = 'advisory' AND classid = %s AND datname = current_database()", WORLD, CLASS)
    end = time.monotonic() + 20

    def stop() -> bool:
        """Stop it; return whether that was between two transactions."""
        os.killpg(node.process.pid, signal.SIGSTOP)
        time.sleep(0.05)  # PostgreSQL finishes what it was asked
        return not postgres.ask(shared, *locked)

    try:
        while not stop():
            assert time.monotonic() < end
            os.killpg(node.process.pid, signal.SIGCONT)
            time.sleep(0.05)
        yield
    finally:
        os.killpg(node.process.pid, signal.SIGCONT)


def number_of(heard: Heard) -> int:
    """The id of the notification that a receiver heard."""
    return int(heard.headers["x-tgpay-notification"])


def pay(shop: Shop) -> str:
    """Make an order and pay it: two notifications."""
    order = shop.qr_order()["out_trade_no"]
    assert shop.happens(order, "pay").status == 200
    return order


@pytest.mark.parametrize("paying", ["both nodes", "the leader", "the other node"])
def test_nodes_share_deliveries_and_each_attempt_is_made_once_and_in_order(
        shared: str, receiver: Receiver, paying: str) -> None:
    receiver.delay = 0.05
    receiver.answers = [*[(500, b"no"), (200, b"success"), (200, b"success")] * 10, (200, b"success")]
    with leader_and_follower(shared) as (first, second, _), ThreadPoolExecutor(6) as pool:
        shop = Control(first.url).shop(notify_url=receiver.url)
        asked = {"both nodes": [first, second], "the leader": [first], "the other node": [second]}[paying]
        orders = list(pool.map(lambda place: pay(on(asked[place % len(asked)], shop)), range(40)))
        until(lambda: postgres.ask(shared, "SELECT 1 FROM notifications WHERE due_at IS NOT NULL") == [], 20)
        made = Counter(row[0] for row in postgres.ask(shared, "SELECT notification_id FROM attempts"))
        assert len(made) == 2 * len(orders) and made.total() == 2 * len(orders) + 10
        assert Counter(map(number_of, receiver.heard)) == made
        assert postgres.ask(shared, "SELECT notification_id FROM claims") == []
        shares = [node.stop()[1].count(": notification ") for node in (first, second)]
    assert sum(shares) == made.total() and min(shares) > 0, shares
    begun: dict[str, list[str]] = {}
    for heard in receiver.heard:
        kinds = begun.setdefault(heard.fields["out_trade_no"], [])
        kinds += [heard.fields["notify_type"]] * (heard.fields["notify_type"] not in kinds)
    assert set(map(tuple, begun.values())) == {("trans_qrcode_create_sync", "trade_status_sync")}


@pytest.mark.parametrize("killed", ["leader", "follower"])
def test_what_a_killed_node_had_claimed_is_sent_by_another(
        shared: str, receiver: Receiver, killed: str) -> None:
    receiver.delay = 60
    with leader_and_follower(shared, notify_timeout="60s") as (first, second, numbers):
        place = ["leader", "follower"].index(killed)
        dead, alive = (first, second)[place], (second, first)[place]
        shop = Control(dead.url).shop(notify_url=receiver.url)
        with stopped(alive, shared):  # else it may be the one that sends them all
            orders = [shop.pay_by_barcode() for _ in range(6)]
            until(lambda: len(claimed_by(shared, numbers[place])) == len(orders), 5)
        claimed = claimed_by(shared, numbers[place])
        dead.kill()
        receiver.delay = 0
        there = Control(alive.url)
        until(lambda: delivered(there, claimed) == claimed, TAKEN_OVER_S)
        again = Counter(map(number_of, receiver.heard))
        assert {number for number, times in again.items() if times > 1} <= claimed


@pytest.mark.parametrize("delay, heard_of_each", [(0.4, 4), (60, 1)], ids=["slow", "silent"])
def test_a_move_of_the_clock_waits_for_attempts_of_another_node_and_makes_all_others_itself(
        shared: str, receiver: Receiver, delay: float, heard_of_each: int) -> None:
    """A receiver that let the other node's attempts time out gets no more of them, as if all were of one."""
    receiver.delay, receiver.answers = delay, [(500, b"no")]
    with leader_and_follower(shared, notify_retries="1m,1m,1m", notify_timeout="2s") as (
            first, second, numbers), ThreadPoolExecutor(1) as pool, closing(Receiver()) as healthy:
        control = Control(first.url)
        control.post("/clock", {"freeze": True})
        control.post("/clock", {"set": NOON})
        shop, other = control.shop(notify_url=receiver.url), control.shop(notify_url=healthy.url)
        with stopped(first, shared):
            orders = [on(second, shop).pay_by_barcode()["out_trade_no"] for _ in range(6)]
            until(lambda: len(claimed_by(shared, numbers[1])) == len(orders), 5)
        moving = pool.submit(control.post, "/clock", {"advance": "10m"})
        until(lambda: postgres.ask(shared, "SELECT 1 FROM commands WHERE result IS NULL"), 5)
        on(second, other).pay_by_barcode()
        moving.result()
        assert postgres.ask(shared, "SELECT notification_id FROM claims") == []
        for order in orders:
            attempts = shop.notifications(order)[0]["attempts"]
            assert [(attempt["at"][11:19], attempt["skipped"]) for attempt in attempts] == [
                (f"12:0{minute}:00", minute >= heard_of_each) for minute in range(4)]
        assert len(receiver.heard) == heard_of_each * len(orders) and len(healthy.heard) == 1
        assert second.stop()[1].count(": notification ") == len(orders)


def test_while_a_merchants_clock_is_moved_others_are_sent_by_every_node(
        shared: str, receiver: Receiver) -> None:
    receiver.delay, receiver.answers = 1, [(500, b"no")]
    with leader_and_follower(shared, notify_retries="1m,1m,1m") as (
            first, second, numbers), ThreadPoolExecutor(1) as pool, closing(Receiver()) as healthy:
        control = Control(first.url)
        shop, other = control.shop(notify_url=receiver.url), control.shop(notify_url=healthy.url)
        whose = {"merchants_id": shop.merchants_id}
        control.post("/clock", {**whose, "freeze": True})
        control.post("/clock", {**whose, "set": NOON})
        with stopped(first, shared):
            orders = [on(second, shop).pay_by_barcode()["out_trade_no"] for _ in range(3)]
            until(lambda: len(claimed_by(shared, numbers[1])) == len(orders), 5)
        moved = pool.submit(control.post, "/clock", {**whose, "advance": "10m"})
        until(lambda: "moving" in control.get("/clock", **whose), 5)
        with stopped(first, shared):
            on(second, other).pay_by_barcode()
            healthy.wait_for(1, 5)
        moved.result()
        for order in orders:
            instants = [attempt["at"][11:19] for attempt in shop.notifications(order)[0]["attempts"]]
            assert instants == [f"12:0{minute}:00" for minute in range(4)]
        assert len(receiver.heard) == 4 * len(orders)
        assert second.stop()[1].count(": notification ") == len(orders) + 1
