"""`tgpay-emulator listen`: the notifications of a merchant are forwarded to an application on the machine of
whoever listens, and its answers become those of the receiver.
"""
import os
import re
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from . import driver, postgres
from .driver import Answer, Control, Receiver, Server, Shop, free_port, md5_sign, plain_environment
from .tables import every_row
from .warm import STARTER

ADMIN, RED, BLUE = "admin-token-of-this-test", "red-token-of-this-test", "blue-token-of-this-test"
LISTENING, NOBODY = "Forwarding to", "nobody listens: run tgpay-emulator listen --merchant"
SUCCESS = [(200, b"success")]


class Listener:
    """A real `tgpay-emulator listen` with what it has printed."""

    def __init__(self, url: str, target: str, *merchants: str, more: tuple[str, ...] = (),
                 **environment: str) -> None:
        self._output = tempfile.TemporaryFile("w+")
        named = [part for number in merchants for part in ("--merchant", number)]
        self.process = STARTER.start(["listen", "--url", url, "--forward-to", target, *named, *more],
                                     self._output.fileno(), {**plain_environment(), **environment})

    @property
    def printed(self) -> str:
        return os.pread(self._output.fileno(), 1 << 20, 0).decode()

    def wait_for(self, text: str, times: int = 1, seconds: float = 15) -> str:
        """What it has printed, as soon as a text is in it."""
        end = time.monotonic() + seconds
        while self.printed.count(text) < times:
            assert time.monotonic() < end, f"{text!r} is not in {self.printed!r}"
            time.sleep(0.02)
        return self.printed

    def listening(self) -> "Listener":
        self.wait_for(LISTENING)
        return self

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(15)

    def end(self) -> None:
        """Kill it, if it still runs."""
        self.stop(signal.SIGKILL)
        self._output.close()


Listen = Callable[..., Listener]


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Starts listeners, which end with the test."""
    with ExitStack() as started:
        def start(*given: Any, **more: Any) -> Listener:
            listener = Listener(*given, **more)
            started.callback(listener.end)
            return listener.listening()
        yield start


@pytest.fixture
def listened(control: Control) -> Iterator[Shop]:
    """A merchant whose notifications go to whoever listens."""
    made = control.shop(notify_url="listen")
    yield made
    control.ask("DELETE", f"/merchants/{made.merchants_id}")


def delivered(shop: Shop, number: str, seconds: int = 15) -> Any:
    """The notifications of an order, as soon as all are delivered."""
    answer = shop.control.ask("GET", "/wait", merchants_id=shop.merchants_id, out_trade_no=number,
                              notification="delivered", timeout=f"{seconds}s")
    assert answer.status == 200, answer.text
    return answer.json["notifications"]


def attempts(shop: Shop, number: str, count: int = 1) -> Any:
    """The attempts of an order's only notification, as soon as there are so many."""
    end = time.monotonic() + 15
    while len(found := shop.notifications(number)[0]["attempts"]) < count:
        assert time.monotonic() < end, found
        time.sleep(0.05)
    return found


def poll(shop: Shop, listener: str = "by hand", **more: Any) -> Answer:
    """One call of a listener."""
    return shop.control.ask("POST", f"/merchants/{shop.merchants_id}/listen",
                            {"listener": listener, "timeout": "5s", **more})


@every_row("order, method, kind", [
    (lambda shop: shop.pay_by_barcode(), "GET", None),
    (lambda shop: shop.card_payment(), "POST", "application/x-www-form-urlencoded"),
    (lambda shop: shop.h5_order(), "POST", "application/json"),
    (lambda shop: shop.at_terminal(), "POST", "text/xml; charset=utf-8")])
def test_a_notification_reaches_the_application_as_the_emulator_sends_it(
        listen: Listen, listened: Shop, notified: Shop, receiver: Receiver, order: Any, method: str,
        kind: str | None) -> None:
    listener = listen(listened.control.url, receiver.url, listened.merchants_id)
    first = len(receiver.heard)
    for place, shop in enumerate((listened, notified), 1):
        number = order(shop)["out_trade_no"]
        if kind == "application/json":
            shop.happens(number, "pay")
        receiver.wait_for(first + place, 20)
        assert delivered(shop, number)[0]["attempts"][-1]["answer"] == "success"
    forwarded, direct = receiver.heard[first:first + 2]
    assert (forwarded.method, forwarded.headers.get("content-type")) == (method, kind)
    assert forwarded.fields["sign"] == md5_sign(forwarded.fields, listened.token)
    unlike = {"x-tgpay-notification", "content-length"}
    assert {name: value for name, value in forwarded.headers.items() if name not in unlike} == {
        name: value for name, value in direct.headers.items() if name not in unlike}
    line = r"^\d\d:\d\d:\d\d[+-]\d\d(:\d\d)?  .+-> 200 success  \d+ ms$"
    assert re.search(line, listener.printed, re.MULTILINE)


def test_500_is_retried_by_the_schedule_and_then_delivered(
        listen: Listen, listened: Shop, receiver: Receiver, clock: driver.Clock) -> None:
    receiver.answers = [(500, b"oops\x1b[2J"), *SUCCESS]
    listener = listen(listened.control.url, receiver.url, listened.merchants_id)
    number = listened.pay_by_barcode()["out_trade_no"]
    [failed] = attempts(listened, number)
    assert (failed["status_code"], failed["answer"], failed["delivered"]) == (500, "oops\x1b[2J", False)
    assert "the receiver failed" in failed["findings"][0]["detail"]
    clock.advance("5m")
    [notification] = delivered(listened, number)
    assert [each["delivered"] for each in notification["attempts"]] == [False, True]
    printed = listener.wait_for("-> 200 success")
    assert "-> 500 oops" in printed and "(attempt 2)" in printed and "\x1b" not in printed


def test_an_application_that_is_down_or_slow_or_redirects_is_told_as_what_came(
        listen: Listen, receiver: Receiver) -> None:
    with Server(notify_timeout="700ms") as server:
        shop = Control(server.url).shop(notify_url="listen")
        closed = f"http://127.0.0.1:{free_port()}/n"
        down = listen(server.url, closed, shop.merchants_id)
        [attempt] = attempts(shop, shop.pay_by_barcode()["out_trade_no"])
        assert attempt["status_code"] is None and "start the receiver" in attempt["findings"][0]["detail"]
        down.wait_for("refused")
        receiver.delay = 2
        listen(server.url, receiver.url, shop.merchants_id)
        [attempt] = attempts(shop, shop.pay_by_barcode()["out_trade_no"])
        assert attempt["error"] == "no complete answer within 0.7 s"
        receiver.delay, receiver.answers, receiver.headers = 0, [(302, b"")], {"Location": "/login"}
        [attempt] = attempts(shop, shop.pay_by_barcode()["out_trade_no"])
        detail = attempt["findings"][0]["detail"]
        assert "redirects to /login" in detail and "--forward-to" in detail and "notify_url" not in detail


def test_without_a_listener_an_attempt_fails_at_once_and_says_what_to_run(
        listen: Listen, listened: Shop, receiver: Receiver, clock: driver.Clock) -> None:
    number = listened.pay_by_barcode()["out_trade_no"]
    [attempt] = attempts(listened, number)
    assert attempt["error"] == f"{NOBODY} {listened.merchants_id} --forward-to URL"
    begun = time.monotonic()
    clock.advance("15m")
    assert time.monotonic() < begun + 5  # an attempt may take 10 s
    assert len(attempts(listened, number, 3)) == 3
    listener = listen(listened.control.url, receiver.url, listened.merchants_id)
    clock.advance("2h")
    assert delivered(listened, number)[0]["attempts"][-1]["delivered"]
    assert listener.stop(signal.SIGINT) == 0
    second = listened.pay_by_barcode()["out_trade_no"]
    assert attempts(listened, second)[0]["error"].startswith(NOBODY)


def test_a_move_of_the_clock_forwards_what_falls_due_on_the_way(
        listen: Listen, listened: Shop, receiver: Receiver, clock: driver.Clock) -> None:
    receiver.answers = [(500, b"no"), (500, b"no"), (500, b"no"), *SUCCESS]
    listen(listened.control.url, receiver.url, listened.merchants_id)
    clock.freeze()
    numbers = [listened.pay_by_barcode()["out_trade_no"] for _ in range(3)]
    listened.control.post("/notifications/flush")
    moved = listened.control.post("/clock", {"advance": "5h"})
    assert moved["skipped"]["attempts"] == 0 and moved["done"]["delivered"] == 3, moved
    assert all(listened.notifications(number)[0]["status"] == "delivered" for number in numbers)


def test_nothing_is_lost_or_forwarded_twice_when_the_server_is_killed(
        listen: Listen, receiver: Receiver, tmp_path: Path) -> None:
    receiver.delay = 1.5
    with Server(database=tmp_path / "emulator.db", workers=2) as server:
        shop = Control(server.url).shop(notify_url="listen")
        listener = listen(server.url, receiver.url, shop.merchants_id)
        number = shop.pay_by_barcode()["out_trade_no"]
        receiver.wait_for(1)  # the application has it, and has not answered yet
        server.kill()
        listener.wait_for("is lost", seconds=20)
        receiver.delay = 0
        server.start()
        [notification] = delivered(shop, number, 30)
        assert [each["delivered"] for each in notification["attempts"]] == [True]
        listener.wait_for("Reconnected")
        assert len(receiver.heard) == 1 and listener.printed.count("is lost") == 1
        delivered(shop, shop.pay_by_barcode()["out_trade_no"])
        assert len(receiver.heard) == 2


def test_what_becomes_due_while_the_server_is_down_comes_when_it_is_back(
        listen: Listen, receiver: Receiver, tmp_path: Path) -> None:
    with Server(database=tmp_path / "emulator.db", notify_retries="1s") as server:
        shop = Control(server.url).shop(notify_url="listen")
        receiver.answers = [(500, b"busy"), (200, b"success")]
        listen(server.url, receiver.url, shop.merchants_id)
        number = shop.pay_by_barcode()["out_trade_no"]
        attempts(shop, number)
        server.kill()
        time.sleep(1.2)
        server.start()
        [notification] = delivered(shop, number)
        assert len(notification["attempts"]) == len(receiver.heard) == 2


def test_of_two_listeners_the_newer_takes_over_and_the_older_is_told(
        listen: Listen, listened: Shop, receiver: Receiver) -> None:
    other = Receiver()
    older = listen(listened.control.url, other.url, listened.merchants_id)
    listen(listened.control.url, receiver.url, listened.merchants_id)
    assert "Another listener has taken over" in older.wait_for("taken over")
    assert older.process.wait(15) == 1
    delivered(listened, listened.pay_by_barcode()["out_trade_no"])
    assert (len(receiver.heard), len(other.heard)) == (1, 0)
    other.close()


def test_one_command_listens_to_several_merchants(listen: Listen, control: Control,
                                                  receiver: Receiver) -> None:
    shops = [control.shop(notify_url="listen") for _ in range(3)]
    listener = listen(control.url, receiver.url, *(shop.merchants_id for shop in shops))
    with ThreadPoolExecutor() as pool:
        numbers = list(pool.map(lambda shop: shop.pay_by_barcode()["out_trade_no"], shops))
    for shop, number in zip(shops, numbers):
        delivered(shop, number)
        assert f"{shop.merchants_id}  merchant_scan_status_sync" in listener.printed
        control.ask("DELETE", f"/merchants/{shop.merchants_id}")
    assert listener.process.wait(15) == 1 and "there is no merchant" in listener.printed.lower()


def test_other_workers_and_many_at_once_are_forwarded_once_each(listen: Listen, receiver: Receiver) -> None:
    with Server(workers=3) as server:
        shop = Control(server.url).shop(notify_url="listen")
        listen(server.url, receiver.url, shop.merchants_id)
        with ThreadPoolExecutor(8) as pool:
            numbers = list(pool.map(lambda _: shop.pay_by_barcode()["out_trade_no"], range(40)))
        for number in numbers:
            delivered(shop, number, 30)
        assert sorted(heard.fields["out_trade_no"] for heard in receiver.heard) == sorted(numbers)


def test_what_a_listener_was_given_without_getting_it_is_given_again(listened: Shop) -> None:
    assert poll(listened, takes_over=True, timeout="0s").json == {"items": []}
    with ThreadPoolExecutor() as pool:
        waits = pool.submit(poll, listened)
        number = listened.pay_by_barcode()["out_trade_no"]
        [item] = waits.result(15).json["items"]
    assert (item["out_trade_no"], item["method"], item["attempt"]) == (number, "GET", 1)
    assert poll(listened, held=[item["id"]], timeout="0s").json["items"] == []
    [again] = poll(listened).json["items"]
    assert again["id"] == item["id"]
    path = f"/merchants/{listened.merchants_id}/listen/{item['id']}"
    listened.control.post(path, {"status": 200, "body": "success", "took_ms": 1})
    delivered(listened, number)
    late = listened.control.ask("POST", path, {"status": 500})
    assert late.status == 409 and "attempt has ended" in late.json["detail"]


@every_row("report, status, shown", [
    ({"status": 200, "body": "x" * 300_000}, 200, "x" * 1_000), ({"status": 404, "body": "a\0b"}, 404, "a�b"),
    ({"error": "y" * 9_000, "advice": "z"}, None, ""),
    ({"status": 500, "body": f"card {driver.VISA}"}, 500, None)])
def test_what_a_listener_reports_is_limited_and_made_harmless(listened: Shop, report: Any,
                                                              status: Any, shown: Any) -> None:
    poll(listened, takes_over=True, timeout="0s")
    number = listened.pay_by_barcode()["out_trade_no"]
    [item] = poll(listened).json["items"]
    listened.control.post(f"/merchants/{listened.merchants_id}/listen/{item['id']}", report)
    [attempt] = attempts(listened, number)
    assert attempt["status_code"] == status and len(attempt["answer"]) + len(attempt["error"]) < 70_000
    assert driver.VISA not in str(attempt) and len(attempt["error"]) <= 2_000
    assert shown is None or attempt["answer"].startswith(shown)


@every_row("body", [
    {}, {"status": 200, "error": "both"}, {"status": "200"}, {"status": True}, {"status": 99},
    {"status": 1e3}, {"status": 200, "body": 7}, {"status": 200, "took_ms": -1},
    {"status": 200, "took_ms": 2**80},
    {"status": 200, "timed_out": "no"}, {"error": ""}, {"error": None}])
def test_a_report_that_is_none_is_refused(listened: Shop, body: Any) -> None:
    path = f"/merchants/{listened.merchants_id}/listen/0123456789abcdef"
    assert listened.control.ask("POST", path, body).status == 422


@every_row("body", [{}, {"listener": ""}, {"listener": 1}, {"listener": "x" * 65}, {"listener": "\0"},
                    {"listener": "a", "held": "b"}, {"listener": "a", "held": [1]},
                    {"listener": "a", "held": ["x"] * 257}, {"listener": "a", "takes_over": "yes"},
                    {"listener": "a", "leaves": 1}, {"listener": "a", "timeout": "soon"}])
def test_a_call_of_a_listener_that_is_none_is_refused(listened: Shop, body: Any) -> None:
    assert listened.control.ask("POST", f"/merchants/{listened.merchants_id}/listen", body).status == 422


def test_a_team_listens_to_its_own_merchants_only(listen: Listen, receiver: Receiver) -> None:
    with Server(control_token=ADMIN, tokens=f"red:team:{RED},blue:team:{BLUE}") as server:
        red, blue = Control(server.url, RED), Control(server.url, BLUE)
        shop = red.shop(notify_url="listen")
        theirs = Shop(blue, shop.merchants_id, shop.token)
        assert poll(theirs, takes_over=True).status == 404
        path = f"/merchants/{shop.merchants_id}/listen"
        assert poll(theirs, leaves=True).status == 404
        assert blue.ask("POST", f"{path}/abc", {"status": 200}).status == 404
        refused = driver.command("listen", "--url", server.url, "--token", BLUE, "--merchant",
                                 shop.merchants_id, "--forward-to", receiver.url)
        assert refused.stderr.startswith(f"Error: there is no merchant {shop.merchants_id};")
        listen(server.url, receiver.url, shop.merchants_id, TGPAY_CONTROL_TOKEN=RED)
        delivered(shop, shop.pay_by_barcode()["out_trade_no"])


def test_print_shows_requests_and_answers_whole_and_set_changes_notify_url(
        listen: Listen, shop: Shop, receiver: Receiver) -> None:
    receiver.answers = [(200, b"success\n<b>bold</b>\x07"), *SUCCESS]
    target = receiver.url.removeprefix("http://") + "?from=tgpay"
    listener = listen(shop.control.url, target, shop.merchants_id, more=("--print", "--set"))
    assert shop.control.get(f"/merchants/{shop.merchants_id}")["notify_url"] == "listen"
    number = shop.card_payment()["out_trade_no"]
    printed = listener.wait_for("bold")
    assert "> POST /notify?from=tgpay" in printed and f"out_trade_no={number}" in printed
    assert "> User-Agent: tgpay-emulator/" in printed and "< <b>bold</b>\ufffd" in printed
    assert receiver.heard[0].query == "from=tgpay"


def test_a_merchant_that_does_not_listen_is_said(listen: Listen, shop: Shop, receiver: Receiver) -> None:
    listener = listen(shop.control.url, receiver.url, shop.merchants_id)
    assert "its notify_url is empty" in listener.printed


@every_row("options, said", [
    (("--merchant", "1"), "Missing option '--forward-to'"), (("--forward-to", "http://h"), "'--merchant'"),
    (("--merchant", "1", "--forward-to", "ftp://h"), "its scheme is ftp"),
    (("--merchant", "none", "--forward-to", "h:1"), "there is no merchant none")])
def test_a_wrong_call_of_the_command_says_what_is_wrong(base_url: str, options: tuple[str, ...],
                                                        said: str) -> None:
    ended = driver.command("listen", "--url", base_url, *options)
    assert ended.returncode in (1, 2) and said in ended.stderr, ended.stderr


def test_a_server_that_is_not_there_is_said_at_once(receiver: Receiver) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1] ^ 1}"
    ended = driver.command("listen", "--url", url, "--merchant", "1", "--forward-to", receiver.url)
    assert ended.returncode == 1 and ended.stderr.startswith(f"Error: no emulator answers at {url}")


def test_an_answer_that_comes_while_the_command_is_stopped_is_still_reported(
        listen: Listen, listened: Shop, receiver: Receiver) -> None:
    receiver.delay = 0.7
    listener = listen(listened.control.url, receiver.url, listened.merchants_id)
    number = listened.pay_by_barcode()["out_trade_no"]
    receiver.wait_for(1)
    assert listener.stop() == 0
    assert delivered(listened, number)[0]["attempts"][0]["answer"] == "success"


def test_a_stop_of_the_server_leaves_what_the_application_has_to_the_next_start(
        listen: Listen, receiver: Receiver, tmp_path: Path) -> None:
    with Server(database=tmp_path / "emulator.db", notify_timeout="3s") as server:
        shop = Control(server.url).shop(notify_url="listen")
        listen(server.url, receiver.url, shop.merchants_id)
        receiver.delay = 1
        number = shop.pay_by_barcode()["out_trade_no"]
        receiver.wait_for(1)
        server.stop()
        server.start()
        assert len(delivered(shop, number)[0]["attempts"]) == 1 and len(receiver.heard) == 1


def test_a_listener_that_was_killed_costs_a_move_of_the_clock_no_more_than_an_attempt(
        listen: Listen, receiver: Receiver) -> None:
    with Server(notify_timeout="1s") as server:
        shop = Control(server.url).shop(notify_url="listen")
        listen(server.url, receiver.url, shop.merchants_id).stop(signal.SIGKILL)
        numbers = [shop.pay_by_barcode()["out_trade_no"] for _ in range(20)]
        begun = time.monotonic()
        driver.Clock(shop.control).advance("1d")
        assert time.monotonic() < begun + 10 and receiver.heard == []
        assert all(attempts(shop, number, 3) for number in numbers)


@pytest.mark.postgresql
def test_a_listener_at_another_node_gets_what_any_node_sends_also_when_that_node_is_killed(
        listen: Listen, receiver: Receiver, cluster: postgres.Cluster,
        request: pytest.FixtureRequest) -> None:
    database = postgres.database(cluster.address, request.node.nodeid)
    with Server(database=database) as first, Server(database=database) as second:
        here = Control(first.url).shop(notify_url="listen")
        listen(second.url, receiver.url, here.merchants_id)
        delivered(here, here.pay_by_barcode()["out_trade_no"])
        receiver.delay = 1
        there = Shop(Control(second.url), here.merchants_id, here.token)
        numbers = [here.pay_by_barcode()["out_trade_no"] for _ in range(4)]
        receiver.wait_for(5)
        first.kill()
        for number in numbers:
            assert [each["delivered"] for each in delivered(there, number, 30)[0]["attempts"]] == [True]
        assert len(receiver.heard) == 5
