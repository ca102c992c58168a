"""Nodes on one database of PostgreSQL share the outbox: each attempt is made once, and none is lost."""
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from . import postgres
from .driver import Control, Heard, Receiver, Server, Shop
from .test_postgres import is_delivered, leader, on, until

pytestmark = pytest.mark.postgresql
TIMEOUT_S = 2
TAKEN_OVER_S = TIMEOUT_S + 3 + 5  # a claim ends 3 s after an attempt, another node leads within 5 s
NOON = "2026-03-01T12:00:00Z"


@pytest.fixture
def shared(cluster: postgres.Cluster, request: pytest.FixtureRequest) -> str:
    return postgres.database(cluster.address, request.node.nodeid)


@contextmanager
def leader_and_follower(shared: str, **settings: Any) -> Iterator[tuple[Server, Server]]:
    """Two nodes of one process each, the first of which leads."""
    first, second = (Server(database=shared, workers=1, log_level="info", log_requests="on",
                            **{"notify_retries": "1s,1s,1s,1s", **settings}) for _ in range(2))
    with first:
        until(lambda: leader(shared), 5)
        with second:
            yield first, second


def claimed_by(shared: str, node: Server) -> int:
    """How many notifications a node has claimed."""
    assert node.process is not None
    holders = [int(row[0].rpartition("-")[2]) for row in postgres.ask(shared, "SELECT holder FROM claims")]
    return sum(os.getpgid(holder) == node.process.pid for holder in holders)


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
    with leader_and_follower(shared) as (first, second), ThreadPoolExecutor(6) as pool:
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
    with leader_and_follower(shared, notify_timeout=f"{TIMEOUT_S}s") as (first, second):
        dead, alive = (first, second) if killed == "leader" else (second, first)
        shop = Control(dead.url).shop(notify_url=receiver.url)
        orders = [shop.pay_by_barcode()["out_trade_no"] for _ in range(6)]
        until(lambda: claimed_by(shared, dead), 5)
        dead.kill()
        receiver.delay = 0
        there = on(alive, shop)
        until(lambda: all(is_delivered(there, order) for order in orders), TAKEN_OVER_S)


def test_a_move_of_the_clock_waits_for_attempts_of_another_node_and_makes_the_others_itself(
        shared: str, receiver: Receiver) -> None:
    with leader_and_follower(shared, notify_retries="1m,1m,1m") as (first, second):
        control = Control(first.url)
        control.post("/clock", {"freeze": True})
        control.post("/clock", {"set": NOON})
        receiver.delay, receiver.answers = 0.4, [(500, b"no")]
        shop = control.shop(notify_url=receiver.url)
        orders = [on(second, shop).pay_by_barcode()["out_trade_no"] for _ in range(6)]
        assert claimed_by(shared, second)
        control.post("/clock", {"advance": "10m"})
        assert postgres.ask(shared, "SELECT notification_id FROM claims") == []
        for order in orders:
            attempts = shop.notifications(order)[0]["attempts"]
            assert [(attempt["at"][11:19], attempt["status_code"]) for attempt in attempts] == [
                (f"12:0{minute}:00", 500) for minute in range(4)]
        assert len(receiver.heard) == 4 * len(orders)
