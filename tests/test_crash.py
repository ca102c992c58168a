"""Contract 6 and the design's promise of the database: a killed process loses nothing that was answered, and
leaves nothing half done.
"""
import os
import random
import shutil
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path

import pytest

from tgpay_emulator.store import place_of

from .driver import Control, Receiver, Server, Shop, free_port

ROUNDS = 3


@dataclass
class Till:
    """A client that pays and refunds until the line breaks, and remembers what it was told and what it was
    not.
    """

    shop: Shop
    kind: str
    opened: list[str] = field(default_factory=list)
    paid: list[str] = field(default_factory=list)
    refunded: dict[str, str] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)

    def work(self) -> None:
        try:
            for _ in range(10_000):
                number = self.shop.number()
                self.order(number)
                for part in ("a", "b"):
                    self.refund(number, part)
        except (OSError, HTTPException):
            pass

    def order(self, number: str) -> None:
        if self.kind == "barcode":
            assert self.shop.pay_by_barcode("1.00", out_trade_no=number)["is_success"] == "T"
        else:
            assert self.shop.qr_order("1.00", out_trade_no=number)["is_success"] == "T"
            self.opened.append(number)
            assert self.shop.happens(number, "pay").status == 200
        self.paid.append(number)

    def refund(self, number: str, part: str) -> None:
        refund_id = f"{number}-{part}"
        self.asked[refund_id] = number
        assert self.shop.refund(number, "0.30", out_refund_id=refund_id)["is_success"] == "T"
        self.refunded[refund_id] = number


def everything(control: Control, path: str, merchants_id: str) -> Iterator[dict]:
    after = 0
    while after is not None:
        page = control.get(path, merchants_id=merchants_id, after=after, limit=1000)
        yield from page["items"]
        after = page["next"]


def sums(path: Path, question: str) -> dict[str, int]:
    """Rows of (out_trade_no, sum) straight from the file."""
    connection = sqlite3.connect(path)
    try:
        return dict(connection.execute(question))
    finally:
        connection.close()


def until_some_are_paid(tills: list[Till], payments: int = 4, seconds: float = 120) -> None:
    """Until so many more payments have been answered: how long that takes depends on who else uses the
    machine.
    """
    def paid() -> int:
        return sum(len(till.paid) for till in tills)
    before, end = paid(), time.monotonic() + seconds
    while paid() < before + payments and time.monotonic() < end:
        time.sleep(0.01)


@pytest.mark.sqlite
def test_kill_9_at_any_moment_loses_nothing_that_was_answered(tmp_path: Path, receiver: Receiver) -> None:
    database = tmp_path / "emulator.db"
    chance = random.Random(20180325)
    server = Server(database=database, port=free_port()).start()
    control = Control(server.url)
    shop = control.shop(notify_url=receiver.url)
    tills = [Till(shop, kind) for kind in ("barcode", "qr", "barcode", "qr")]
    for _ in range(ROUNDS):
        with ThreadPoolExecutor(len(tills)) as pool:
            working = [pool.submit(till.work) for till in tills]
            until_some_are_paid(tills)
            time.sleep(chance.uniform(0, 0.4))
            server.kill()
            for each in working:
                each.result()
        server.start()
    for till in tills:
        # what was not answered is asked again, as a client would
        for refund_id, number in till.asked.items():
            assert shop.refund(number, "0.30", out_refund_id=refund_id)["is_success"] == "T"
    control.post("/notifications/flush")

    orders = {order["out_trade_no"]: order for order in everything(control, "/orders", shop.merchants_id)}
    notifications = Counter((notification["out_trade_no"], notification["notify_type"],
                             notification["status"])
                            for notification in everything(control, "/notifications", shop.merchants_id))
    server.stop()
    refunds = sums(database, "SELECT out_trade_no, sum(amount) FROM refunds GROUP BY 1")
    booked = sums(database, "SELECT out_trade_no, -sum(amount) FROM ledger WHERE amount < 0 GROUP BY 1")
    credited = sums(database, "SELECT out_trade_no, sum(amount) FROM ledger WHERE amount > 0 GROUP BY 1")
    history = sums(database,
                   "SELECT out_trade_no, group_concat(event, ' ') FROM (SELECT * FROM history ORDER "
                   "BY id) GROUP BY 1")

    paid = {number for number, order in orders.items() if order["status"] == "TRADE_SUCCESS"}
    answered = {number for till in tills for number in till.paid}
    assert len(answered) >= 4 * ROUNDS and answered <= paid
    assert {number for till in tills for number in till.opened} <= set(orders)
    for number, order in orders.items():
        back = int(order["refund_amount"].replace(".", ""))
        asked = 30 * sum(refunded == number for till in tills for refunded in till.asked.values())
        assert back == refunds.get(number, 0) == booked.get(number, 0) == asked, number
        assert credited.get(number, 0) == (100 if number in paid else 0), number
        assert history[number] == " ".join(
            ["create"] + ["pay"] * (number in paid) + ["refund"] * (asked // 30)), number
        told = ["merchant_scan_status_sync"] if order["endpoint"] == "tgpaybarcode" else \
            ["trans_qrcode_create_sync"] + ["trade_status_sync"] * (number in paid)
        assert [notifications[number, notify_type, "delivered"]
                for notify_type in told] == [1] * len(told), number
    expected = sum(1 if order["endpoint"] == "tgpaybarcode" else 1 + (number in paid) for number,
                   order in orders.items())
    assert sum(notifications.values()) == expected
    heard = Counter((each.fields["out_trade_no"], each.fields["notify_type"]) for each in receiver.heard)
    assert set(heard) == {(number, notify_type) for number, notify_type, _ in notifications}
    contents = {(each.fields["out_trade_no"], each.fields["notify_type"], each.query)
                for each in receiver.heard}
    assert len(contents) == len(heard), "a repetition had other content"


def test_a_notification_whose_attempt_was_killed_is_sent_again(tmp_path: Path, receiver: Receiver) -> None:
    receiver.delay = 0.5
    server = Server(database=tmp_path / "emulator.db", port=free_port()).start()
    shop = Control(server.url).shop(notify_url=receiver.url)
    number = shop.pay_by_barcode()["out_trade_no"]
    receiver.wait_for(1)
    server.kill()
    with server:
        receiver.wait_for(2)
        shop.control.post("/notifications/flush")
        assert [notification["status"] for notification in shop.story(number)["notifications"]] == [
            "delivered"]
    assert receiver.heard[0].query == receiver.heard[1].query


def workers(server: Server) -> list[int]:
    """The worker processes of a server."""
    assert server.process is not None
    master = server.process.pid
    return [int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split()]


def test_when_a_worker_is_killed_another_sends_the_notifications(receiver: Receiver) -> None:
    with Server(workers=2) as server:
        shop = Control(server.url).shop(notify_url=receiver.url)
        for count, worker in enumerate(workers(server), 1):
            os.kill(worker, signal.SIGKILL)
            end = time.monotonic() + 20
            while worker in workers(server) and time.monotonic() < end:
                time.sleep(0.01)
            number = shop.pay_by_barcode()["out_trade_no"]
            receiver.wait_for(count)
            waited = shop.control.ask("GET", "/wait", merchants_id=shop.merchants_id, out_trade_no=number,
                                      notification="delivered")
            assert waited.status == 200


@pytest.mark.exhaustive
@pytest.mark.sampled
@pytest.mark.parametrize("which", [0, 1, None], ids=["one worker", "the other worker", "all"])
def test_a_move_of_the_clock_outlives_the_process_that_began_it(
         tmp_path: Path, receiver: Receiver, which: int | None) -> None:
    receiver.answers, receiver.delay = [(500, b"")], 0.1
    with Server(workers=2, database=tmp_path / "emulator.db") as server:
        control = Control(server.url)
        control.post("/clock", {"freeze": True})
        control.post("/clock", {"set": "2026-03-01T12:00:00Z"})
        shop = control.shop(notify_url=receiver.url)
        number = shop.qr_order(it_b_pay="1h")["out_trade_no"]
        receiver.wait_for(1)
        moving = threading.Thread(target=ask_in_vain, args=(control,))
        moving.start()
        receiver.wait_for(3)
        if which is None:
            server.kill()
            server.start()
        else:
            os.kill(workers(server)[which], signal.SIGKILL)
        moving.join(30)
        end = time.monotonic() + 20
        while control.get("/clock")["now"] != "2026-03-03T12:00:00.000Z" and time.monotonic() < end:
            time.sleep(0.02)
        assert control.get("/clock")["now"] == "2026-03-03T12:00:00.000Z"
        story = shop.story(number)
        assert story["closed_at"] == "2026-03-01T13:00:00.000Z"
        assert [notification["status"] for notification in story["notifications"]] == ["failed", "failed"]


def ask_in_vain(control: Control) -> None:
    """Move the clock; the worker that answers may be killed meanwhile."""
    try:
        control.ask("POST", "/clock", {"advance": "2d"})
    except (OSError, HTTPException):
        pass


@pytest.mark.sqlite
@pytest.mark.exhaustive
def test_a_database_that_is_gone_makes_no_storm_of_notifications(tmp_path: Path, receiver: Receiver) -> None:
    receiver.delay = 0.3
    with Server(database=tmp_path / "here" / "emulator.db") as server:
        Control(server.url).shop(notify_url=receiver.url).pay_by_barcode()
        receiver.wait_for(1)
        shutil.rmtree(tmp_path / "here")
        time.sleep(2)
        server.kill()
    assert len(receiver.heard) == 1


@pytest.mark.exhaustive
def test_a_terminal_whose_process_is_killed_while_it_reads_a_card_ends_as_it_would_have(
         tmp_path: Path, receiver: Receiver) -> None:
    server = Server(database=tmp_path / "emulator.db", port=free_port(), autopilot="1s,2s,1s,1s").start()
    control = Control(server.url)
    shop = control.shop(notify_url=receiver.url)
    shop.attend(shop.terminals[1])
    control.post("/clock", {"freeze": True})
    asked = [shop.at_terminal(terminal_sn=serial) for serial in shop.terminals]
    shop.person("swipe", shop.terminals[1])
    control.post("/clock", {"advance": "1500ms"})
    before = [shop.terminal(serial) for serial in shop.terminals]
    assert [terminal["state"] for terminal in before] == ["READING_CARD", "READING_CARD"]
    server.kill()
    with server:
        assert [shop.terminal(serial) for serial in shop.terminals] == before
        assert shop.at_terminal()["result_msg_code"] == "1001"
        control.post("/clock", {"advance": "2500ms"})
        first = shop.query(asked[0]["out_trade_no"])
        ended = int(first["efttimestamp"]) - int(first["transactionResultId"].partition("-")[2])
        assert (first["trade_status"], ended) == ("AUTHORISED", 4_000)
        assert [shop.person(event, shop.terminals[1]).status for event in ("pin", "approve")] == [200, 200]
        assert shop.query(asked[1]["out_trade_no"])["trade_status"] == "AUTHORISED"
        assert {heard.fields["out_trade_no"] for heard in receiver.wait_for(2)} == {
            answer["out_trade_no"] for answer in asked}


@pytest.mark.sqlite
@pytest.mark.parametrize("is_lasting", [True, False], ids=["lasting", "deleted at the end"])
def test_only_a_database_that_is_deleted_at_the_end_does_not_wait_for_the_disk(
        tmp_path: Path, is_lasting: bool) -> None:
    place = place_of(str(tmp_path / "emulator.db"), is_lasting)
    place.prepare()
    store = place.open()
    with store.write() as writer:
        waits = writer.connection.execute("PRAGMA synchronous").fetchone()[0] != 0
    store.close()
    assert waits is is_lasting
