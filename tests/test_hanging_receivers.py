"""Notifications on a clock that is moved: a receiver that hangs costs one attempt's time in all."""
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from .driver import Control, Receiver, Server, Shop, exchange, free_port
from .tables import every_row

TIMEOUT_S = 1.0
MANY = 20
NONE_SKIPPED = {"attempts": 0, "receivers": []}
NOON = "2026-03-01T12:00:00Z"


class Silent:
    """A receiver that takes connections, says what it likes while it is connected, and never answers."""

    def __init__(self, speaks: Callable[[socket.socket], object] = lambda connection: None) -> None:
        self.connections: list[socket.socket] = []
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self._speaks = speaks
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with self._listener:
            while not self._over.is_set():
                try:
                    connection = self._listener.accept()[0]
                except OSError:
                    return
                self.connections.append(connection)
                threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        with connection:
            try:
                connection.recv(65536)
                self._speaks(connection)
            except OSError:
                return
            self._over.wait(60)

    def close(self) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def silent() -> Iterator[Silent]:
    receiver = Silent()
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(notify_timeout=f"{TIMEOUT_S:g}s") as running:
        yield running


@pytest.fixture
def control(server: Server) -> Iterator[Control]:
    control = Control(server.url)
    control.post("/reset")
    yield control
    control.post("/reset")


def timed(act: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.monotonic()
    result = act()
    return time.monotonic() - begun, result


def advance(control: Control, by: str) -> tuple[float, Any]:
    """How long it took, in attempts' time-outs, and the answer."""
    took, answer = timed(lambda: control.post("/clock", {"advance": by}))
    return took / TIMEOUT_S, answer


def attempts_of(shop: Shop) -> list[list[dict]]:
    """The attempts of each of a merchant's notifications."""
    page = shop.control.get("/notifications", merchants_id=shop.merchants_id, limit=1000)
    return [notification["attempts"] for notification in page["items"]]


@pytest.mark.exhaustive
def test_many_notifications_to_a_silent_receiver_cost_a_move_one_time_out(
        control: Control, silent: Silent) -> None:
    shop = control.shop(notify_url=silent.url)
    for _ in range(MANY):
        shop.pay_by_barcode()
    took, answer = advance(control, "30m")
    assert took < 2.5
    attempts = attempts_of(shop)
    assert [len(each) for each in attempts] == [4] * MANY
    skipped = [attempt for each in attempts for attempt in each if attempt["skipped"]]
    assert answer["skipped"] == {"attempts": len(skipped), "receivers": [silent.url]}
    assert answer["done"]["attempts"] + len(skipped) == 4 * MANY and len(skipped) >= 2 * MANY
    came = {(attempt["took_ms"], attempt["status_code"], attempt["delivered"]) for attempt in skipped}
    assert came == {(0, None, False)}
    assert all("skipped" in attempt["error"] for attempt in skipped)


def test_skipped_attempts_use_the_schedule_up_at_their_own_instants(control: Control, silent: Silent) -> None:
    control.post("/clock", {"freeze": True})
    control.post("/clock", {"set": NOON})
    shop = control.shop(notify_url=silent.url)
    shop.pay_by_barcode()
    took, answer = advance(control, "2d")
    attempts, = attempts_of(shop)
    assert [attempt["at"][5:16] for attempt in attempts] == [
        "03-01T12:00", "03-01T12:04", "03-01T12:14", "03-01T12:24", "03-01T13:24", "03-01T15:24",
        "03-01T21:24", "03-02T12:24"]
    assert [attempt["skipped"] for attempt in attempts] == [False] + [True] * 7
    notification, = control.get("/notifications", merchants_id=shop.merchants_id)["items"]
    assert (notification["status"], notification["due_at"]) == ("failed", None)
    assert (took < 2.5, answer["now"], answer["skipped"]["attempts"]) == (True, "2026-03-03T12:00:00.000Z", 7)


def test_a_receiver_that_has_come_back_is_tried_in_the_next_move(
        control: Control, receiver: Receiver) -> None:
    control.post("/clock", {"freeze": True})
    receiver.delay = 3 * TIMEOUT_S
    shop = control.shop(notify_url=receiver.url)
    shop.pay_by_barcode()
    advance(control, "4m")
    receiver.delay = 0
    assert advance(control, "10m")[1]["done"] == {"changes": 0, "attempts": 1, "delivered": 1}
    attempts, = attempts_of(shop)
    assert [(attempt["skipped"], attempt["delivered"]) for attempt in attempts] == [
        (False, False), (True, False), (False, True)]


@pytest.mark.exhaustive
@pytest.mark.parametrize("number", [1, MANY])
def test_many_silent_receivers_cost_no_more_than_one(control: Control, number: int) -> None:
    silent = [Silent() for _ in range(number)]
    shop = control.shop()
    for each in silent:
        shop.pay_by_barcode(notify_url=each.url)
    took, answer = advance(control, "1d")
    assert took < 3
    assert [len(each) for each in attempts_of(shop)] == [7] * number
    assert answer["skipped"]["receivers"] == sorted(each.url for each in silent)
    for each in silent:
        each.close()


@pytest.mark.exhaustive
def test_receivers_that_fail_at_different_times_share_the_time_of_a_move(control: Control) -> None:
    silent = [Silent() for _ in range(8)]
    for place, each in enumerate(silent, 1):
        shop = control.shop(notify_url=each.url)
        shop.plays({"then": {"notify": {"delay": f"{place}h"}}})
        shop.pay_by_barcode()
    took, answer = advance(control, "1d")
    assert took < 3
    assert len(answer["skipped"]["receivers"]) == len(silent)
    for each in silent:
        each.close()


@pytest.mark.exhaustive
def test_healthy_receivers_get_every_attempt_in_order_beside_one_that_hangs(
        control: Control, silent: Silent) -> None:
    healthy = Receiver()
    healthy.answers = [(500, b"")]
    shops = [control.shop(notify_url=healthy.url) for _ in range(3)]
    hanging = control.shop(notify_url=silent.url)
    for place in range(6):
        shops[place % 3].qr_order(it_b_pay=f"{10 + place}m")
        hanging.pay_by_barcode()
    took, answer = advance(control, "2d")
    assert took < 4  # 96 attempts beside those that hang
    made = [(attempt["at"], notification["out_trade_no"], notification["notify_type"]) for shop in shops
            for notification in control.get("/notifications", merchants_id=shop.merchants_id)["items"]
            for attempt in notification["attempts"]]
    instants: dict[tuple[str, str], list[str]] = {}
    for at, number, kind in sorted(made):
        instants.setdefault((number, kind), []).append(at)
    heard = [instants[each.fields["out_trade_no"], each.fields["notify_type"]].pop(0)
             for each in healthy.heard]
    assert len(heard) == len(made) == 6 * 2 * 8
    assert heard == sorted(heard)
    assert answer["skipped"]["receivers"] == [silent.url]
    healthy.close()


def test_a_refused_port_gets_every_attempt(control: Control) -> None:
    shop = control.shop(notify_url=f"http://127.0.0.1:{free_port()}/")
    for _ in range(MANY):
        shop.pay_by_barcode()
    assert advance(control, "2d")[1]["skipped"] == NONE_SKIPPED
    assert {len(each) for each in attempts_of(shop)} == {8}
    assert not any(attempt["skipped"] for each in attempts_of(shop) for attempt in each)


@pytest.mark.exhaustive
def test_a_slow_receiver_gets_attempts_side_by_side_but_those_of_an_order_in_turn(control: Control) -> None:
    slow = Receiver()
    slow.delay, slow.answers = 0.2 * TIMEOUT_S, [(500, b"")]
    shop = control.shop(notify_url=slow.url)
    for _ in range(MANY):
        number = shop.qr_order()["out_trade_no"]
        shop.happens(number, "pay")
    control.post("/notifications/flush")
    took, answer = advance(control, "4m")
    assert took < 4
    assert answer["done"]["attempts"] + answer["skipped"]["attempts"] == 2 * MANY
    for order in {heard.fields["out_trade_no"] for heard in slow.heard}:
        times = [heard.at for heard in slow.heard if heard.fields["out_trade_no"] == order]
        assert all(later - earlier >= slow.delay for earlier, later in zip(times, times[1:]))
    slow.close()


@pytest.mark.exhaustive
def test_slow_receivers_cost_a_move_no_more_than_its_time(control: Control) -> None:
    slow = Receiver()
    slow.delay, slow.answers = 0.6 * TIMEOUT_S, [(500, b"")]
    control.post("/clock", {"freeze": True})
    shop = control.shop(notify_url=slow.url)
    for _ in range(MANY):
        shop.pay_by_barcode()
    control.post("/notifications/flush")
    took, answer = advance(control, "2d")
    assert took < 4
    assert {len(each) for each in attempts_of(shop)} == {8}
    assert answer["skipped"]["receivers"] == [slow.url.removesuffix("/notify")]
    slow.close()


@pytest.mark.parametrize("frozen", [False, True], ids=["running", "frozen"])
def test_while_a_move_waits_others_pay_and_are_told(control: Control, silent: Silent, receiver: Receiver,
                                                    frozen: bool) -> None:
    control.post("/clock", {"freeze": frozen})
    shop, other = control.shop(notify_url=silent.url), control.shop(notify_url=receiver.url)
    shop.pay_by_barcode()
    with ThreadPoolExecutor() as pool:
        moving = pool.submit(advance, control, "30m")
        time.sleep(0.2 * TIMEOUT_S)
        took, number = timed(lambda: other.pay_by_barcode()["out_trade_no"])
        receiver.wait_for(1, 0.5 * TIMEOUT_S)
        replayed, _ = timed(lambda: control.post(
            f"/notifications/{other.notifications(number)[0]['id']}/replay"))
        assert not moving.done()
        assert max(took, replayed) < 0.5 * TIMEOUT_S
        assert moving.result()[0] < 2.5
    assert [attempt["delivered"] for attempt in other.notifications(number)[0]["attempts"]] == [True, True]


def test_while_a_move_waits_the_time_of_a_running_clock_goes_on(control: Control, silent: Silent) -> None:
    control.shop(notify_url=silent.url).pay_by_barcode()
    with ThreadPoolExecutor() as pool:
        moving = pool.submit(advance, control, "30m")
        time.sleep(0.4 * TIMEOUT_S)
        before = control.get("/clock")["now"]
        time.sleep(0.3 * TIMEOUT_S)
        between = control.get("/clock")["now"]
        assert not moving.done()
        assert before < between < moving.result()[1]["now"]


@pytest.mark.exhaustive
def test_moves_that_are_asked_for_together_wait_together(control: Control, silent: Silent) -> None:
    shop = control.shop(notify_url=silent.url)
    for _ in range(MANY):
        shop.pay_by_barcode()
    with ThreadPoolExecutor(8) as pool:
        moves = [pool.submit(control.post, "/clock", {"advance": "5m"}) for _ in range(8)]
        took, answers = timed(lambda: [move.result() for move in moves])
    assert took / TIMEOUT_S < 5
    assert sum(answer["skipped"]["attempts"] for answer in answers) > 0


def test_a_flush_waits_as_long_as_a_move_and_says_what_it_skipped(
        control: Control, silent: Silent, receiver: Receiver) -> None:
    shop, other = control.shop(notify_url=silent.url), control.shop(notify_url=receiver.url)
    for _ in range(5 * MANY):
        shop.pay_by_barcode()
    other.pay_by_barcode()
    took, answer = timed(lambda: control.post("/notifications/flush"))
    assert took < 2.5 * TIMEOUT_S
    assert answer["flushed"] and set(answer) == {"flushed", "done", "skipped"}
    assert {len(each) for each in attempts_of(shop)} == {1}
    assert [attempt["delivered"] for each in attempts_of(other) for attempt in each] == [True]


def test_replays_of_one_notification_wait_side_by_side(control: Control, silent: Silent) -> None:
    shop = control.shop(notify_url=silent.url)
    notification, = shop.notifications(shop.pay_by_barcode()["out_trade_no"])
    with ThreadPoolExecutor(6) as pool:
        replays = [pool.submit(control.post, f"/notifications/{notification['id']}/replay") for _ in range(6)]
        took, _ = timed(lambda: [replay.result() for replay in replays])
    assert took < 2.5 * TIMEOUT_S
    assert sum(attempt["replay"] for attempt in attempts_of(shop)[0]) == 6


def test_a_move_says_what_was_done(control: Control, receiver: Receiver) -> None:
    receiver.answers = [(500, b""), (200, b"success")]
    shop = control.shop(notify_url=receiver.url)
    shop.qr_order(it_b_pay="10m")
    control.post("/notifications/flush")
    answer = control.post("/clock", {"advance": "20m"})
    assert (answer["done"], answer["skipped"]) == ({"changes": 1, "attempts": 2, "delivered": 2},
                                                   NONE_SKIPPED)


@pytest.mark.exhaustive
def test_a_killed_server_finishes_the_move_and_keeps_what_was_skipped(tmp_path: Path, silent: Silent) -> None:
    server = Server(notify_timeout="2s", database=tmp_path / "emulator.db", port=free_port()).start()
    control = Control(server.url)
    control.post("/clock", {"freeze": True})
    control.post("/clock", {"set": NOON})
    shop = control.shop(notify_url=silent.url)
    shop.plays({"then": {"notify": {"delay": "1h"}}})
    shop.pay_by_barcode()
    key = {"Idempotency-Key": "across a crash"}
    moving = threading.Thread(target=ask_in_vain, args=(control, key))
    moving.start()
    while not silent.connections:
        time.sleep(0.01)
    server.kill()
    moving.join(30)
    with server:
        answer = control.ask("POST", "/clock", {"advance": "2d"}, key).json
        assert (answer["now"], answer["frozen"]) == ("2026-03-03T12:00:00.000Z", True)
        attempts, = attempts_of(shop)
        assert [attempt["at"][5:16] for attempt in attempts] == [
            "03-01T13:00", "03-01T13:04", "03-01T13:14", "03-01T13:24", "03-01T14:24", "03-01T16:24",
            "03-01T22:24", "03-02T13:24"]
        assert answer["skipped"] == {"attempts": 7, "receivers": [silent.url]}


def ask_in_vain(control: Control, headers: dict[str, str]) -> None:
    try:
        control.ask("POST", "/clock", {"advance": "2d"}, headers)
    except (OSError, HTTPException):
        pass


def for_ever(*pieces: bytes) -> Callable[[socket.socket], object]:
    """What is said first, and then again and again without a pause."""
    def speak(connection: socket.socket) -> None:
        connection.sendall(b"".join(pieces[:-1]))
        while True:
            connection.sendall(pieces[-1] * 100)
    return speak


@pytest.mark.exhaustive
@every_row("pieces", [
    (b"HTTP/1.1 100 Continue\r\n\r\n",), (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",),
    (b"HTTP/1.1 102 Processing\r\n\r\n",), (b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n"),
    (b"HTTP/1.1 200 OK\r\nX: ", b"1"), (b"HTTP/1.1 302 Found\r\n", b"Location: /\r\n"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1;a=b\r\ns\r\n"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X-Trailer: 1\r\n"),
], ids=lambda pieces: pieces[-1].decode().strip())
def test_an_attempt_ends_in_time_however_much_the_receiver_says(
        control: Control, pieces: tuple[bytes, ...]) -> None:
    talker = Silent(for_ever(*pieces))
    shop = control.shop(notify_url=talker.url)
    shop.pay_by_barcode()
    took, _ = timed(lambda: control.post("/notifications/flush"))
    (attempt,), = attempts_of(shop)
    assert (took < 2 * TIMEOUT_S, attempt["delivered"]) == (True, False)
    talker.close()


# Where it is said.

@pytest.mark.sqlite
def test_the_command_line_says_what_was_done_and_skipped(control: Control, silent: Silent) -> None:
    shop = control.shop(notify_url=silent.url)
    shop.pay_by_barcode()
    command = [sys.executable, "-m", "tgpay_emulator", "clock", "advance", "30m", "--url", control.url]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    names, values = (line.split("\t") for line in told.stdout.splitlines())
    row = dict(zip(names, values))
    (attempts,) = attempts_of(shop)
    skipped = sum(attempt["skipped"] for attempt in attempts)
    assert (row["changes"], row["skipped"], len(attempts)) == ("0", str(skipped), 4) and skipped >= 2
    assert f"Skipped {skipped} delivery attempts: no response in time from {silent.url}." in told.stderr


@pytest.mark.parametrize("language, words", [
    ("en", "Delivery attempts skipped because the receiver did not respond in time: 3 (#)"),
    ("zh", "因接收方未及时应答而跳过的发送：3（#）")])
@pytest.mark.exhaustive
def test_the_console_says_what_was_skipped(control: Control, silent: Silent, language: str,
                                           words: str) -> None:
    control.shop(notify_url=silent.url).pay_by_barcode()
    headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded",
               "Accept-Language": language}
    moved = exchange(f"{control.url}/console/clock", "POST", b"do=advance&by=30m", headers)
    shown = exchange(f"{control.url}{moved.headers['Location']}", headers={
        "Cookie": moved.headers["Set-Cookie"].partition(";")[0], "Accept-Language": language})
    assert words.replace("#", silent.url) in shown.text


# A call that is repeated.

def keyed(control: Control, key: str, body: Any) -> Any:
    return control.ask("POST", "/clock", body, {"Idempotency-Key": key})


def test_a_repeated_call_with_its_key_moves_once_and_is_answered_the_same(control: Control) -> None:
    control.post("/clock", {"freeze": True})
    control.post("/clock", {"set": NOON})
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: keyed(control, "once", {"advance": "15m"}), range(8)))
    assert {(answer.status, answer.text) for answer in answers} == {(200, answers[0].text)}
    assert control.get("/clock")["now"] == answers[0].json["now"] == "2026-03-01T12:15:00.000Z"
    for _ in range(120):  # results of other commands are not kept for so long
        control.post("/notifications/flush")
    assert keyed(control, "once", {"advance": "15m"}).text == answers[0].text
    assert keyed(control, "another", {"advance": "15m"}).json["now"] == "2026-03-01T12:30:00.000Z"


def test_a_key_stands_for_one_body(control: Control) -> None:
    assert keyed(control, "mine", {"advance": "15m"}).status == 200
    before = control.get("/clock")["offset_s"]
    refused = keyed(control, "mine", {"advance": "16m"})
    assert (refused.status, "Idempotency-Key" in refused.json["detail"]) == (422, True)
    assert keyed(control, "mine", {"freeze": True}).status == 422
    assert control.get("/clock")["offset_s"] == before


def test_a_call_that_was_refused_uses_no_key_up(control: Control) -> None:
    assert keyed(control, "refused", {"advance": "soon"}).status == 422
    assert keyed(control, "refused", {"advance": "1m"}).status == 200


@every_row("key", ["", " ", "x" * 256, "caf\xe9"])
def test_a_key_is_a_short_text(control: Control, key: str) -> None:
    assert keyed(control, key, {"advance": "1m"}).status == 400


def test_a_repeated_call_at_the_end_of_time_is_answered_the_same(control: Control) -> None:
    control.post("/clock", {"set": "2099-12-01T00:00:00Z"})
    first = keyed(control, "late", {"advance": "20d"})
    assert (first.status, keyed(control, "late", {"advance": "20d"}).text) == (200, first.text)
    assert keyed(control, "later", {"advance": "20d"}).status == 422


def test_keys_are_kept_in_the_database(tmp_path: Path) -> None:
    server = Server(database=tmp_path / "emulator.db", port=free_port(), workers=1).start()
    first = keyed(Control(server.url), "kept", {"advance": "1h"})
    assert server.process is not None
    os.kill(server.process.pid, signal.SIGTERM)
    server.end()
    with server:
        assert keyed(Control(server.url), "kept", {"advance": "1h"}).text == first.text
        assert Control(server.url).get("/clock")["offset_s"] == 3_600
