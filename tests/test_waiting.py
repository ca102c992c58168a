"""Waiting costs no slot: slow clients, long polls, streams and delays hold up nobody, and have limits.

Most servers here work on one request at a time: whatever held that one slot while it waits would stop them.
"""
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from urllib import parse
from urllib.error import HTTPError

import pytest

from .driver import Answer, Control, Server, Shop, all_of, exchange, free_port, stream_at
from .tables import every_row

HALF = b"GET /v2/tgpayquery.php?out_trade_no=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Hal"
FORM = (b"POST /v2/tgpayquery.php HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n")
BIG = b"GET /_emulator/openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
HELD_BACK = {"when": {"endpoint": "tgpaybarcode"}, "then": {"delay": "3s"}}


@pytest.fixture(scope="module")
def narrow() -> Iterator[Control]:
    """A server that works on one request at a time."""
    with Server(workers=1, threads=1) as server:
        yield Control(server.url)


def line(control: Control, room: int = 0) -> socket.socket:
    """A connection; `room` is how many bytes the client's system takes before they are read."""
    connection = socket.socket()
    if room:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    connection.settimeout(20)
    connection.connect(("127.0.0.1", int(control.url.rpartition(":")[2])))
    return connection


@contextmanager
def lines(control: Control, number: int, sent: bytes, room: int = 0) -> Iterator[list[socket.socket]]:
    """Connections on which something has been sent."""
    with ExitStack() as opened:
        made = [opened.enter_context(line(control, room)) for _ in range(number)]
        for each in made:
            each.sendall(sent)
        yield made


def is_served(control: Control) -> None:
    """The server is healthy, and another merchant's payments go through, before what waits could end."""
    begun = time.monotonic()
    other = control.shop()
    assert [other.pay_by_barcode()["is_success"] for _ in range(3)] == ["T"] * 3
    assert exchange(f"{control.url}/_emulator/health").status == 200
    assert time.monotonic() - begun < 8  # headers and bodies have 10 s


def wait(shop: Shop, number: str, timeout: str = "20s", **query: str) -> Answer:
    asked = {"merchants_id": shop.merchants_id, "out_trade_no": number, "timeout": timeout, **query}
    return shop.control.ask("GET", "/wait", **asked)


# Slow clients.

@pytest.mark.parametrize("sent", [
    b"", b"G", HALF, FORM % 1_000 + b"sign=", FORM % 2_000_000 + b"x" * 300_000,
], ids=["nothing", "a letter", "half of the headers", "half of a body", "a part of a large body"])
@pytest.mark.exhaustive
def test_200_clients_that_do_not_send_on_hold_up_nobody(narrow: Control, sent: bytes) -> None:
    with lines(narrow, 200 if len(sent) < 1_000 else 40, sent):
        is_served(narrow)


def test_clients_that_do_not_read_hold_up_nobody(narrow: Control) -> None:
    with lines(narrow, 8, BIG * 40, room=4_096):
        time.sleep(0.5)
        is_served(narrow)


@pytest.fixture(scope="module")
def impatient() -> Iterator[Control]:
    """A server that waits for clients one second."""
    with Server(workers=1, threads=1, client_timeout="1s") as server:
        yield Control(server.url)


@pytest.mark.exhaustive
@every_row("sent, status", [
    (b"", b""), (HALF, b"HTTP/1.1 408 "), (FORM % 1_000 + b"sign=", b"HTTP/1.1 408 "),
], ids=["nothing", "headers", "body"])
def test_a_client_that_stops_sending_is_cut_off(impatient: Control, sent: bytes, status: bytes) -> None:
    with line(impatient) as slow:
        slow.sendall(sent)
        begun = time.monotonic()
        assert all_of(slow).startswith(status)
        assert 0.8 < time.monotonic() - begun < 8


@pytest.mark.exhaustive
def test_headers_have_their_time_in_all_and_a_body_that_makes_progress_has_more(impatient: Control) -> None:
    shop = impatient.shop()
    number = shop.qr_order()["out_trade_no"]
    query = parse.urlencode(shop.signed(out_trade_no=number, sign_type=None)).encode()
    with line(impatient) as dripping, line(impatient) as steady:
        steady.sendall((FORM % len(query)).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        for place in range(5):
            try:
                dripping.sendall(HALF[place * 10:place * 10 + 10])
            except OSError:
                pass  # it is cut off already
            steady.sendall(query[place * len(query) // 5:(place + 1) * len(query) // 5])
            time.sleep(0.4)
        assert all_of(dripping).startswith(b"HTTP/1.1 408 ")
        assert b"WAIT_BUYER_PAY" in all_of(steady)


@pytest.mark.exhaustive
def test_a_client_that_does_not_read_is_cut_off_in_time(impatient: Control) -> None:
    with line(impatient, room=4_096) as deaf:
        deaf.sendall(BIG * 60)
        time.sleep(4)
        with pytest.raises(ConnectionResetError):
            all_of(deaf)


# Those who wait for something to happen.

def test_100_clients_wait_while_20_look_on_and_all_are_answered_promptly(narrow: Control) -> None:
    shop = narrow.shop()
    number = shop.qr_order()["out_trade_no"]
    with ThreadPoolExecutor(100) as pool, ExitStack() as streams:
        events = f"{narrow.url}/_emulator/events?merchants_id={shop.merchants_id}"
        looking_on = [streams.enter_context(stream_at(events)) for _ in range(20)]
        waiting = [pool.submit(wait, shop, number, status="TRADE_SUCCESS") for _ in range(100)]
        time.sleep(1)
        is_served(narrow)
        assert not any(each.done() for each in waiting)
        paid = time.monotonic()
        shop.happens(number, "pay")
        assert [each.result().status for each in waiting] == [200] * 100
        assert time.monotonic() - paid < 8
        assert all(any(b'"event":"pay"' in row.replace(b" ", b"") for row in each) for each in looking_on)


@pytest.mark.exhaustive
def test_delays_of_one_merchant_hold_up_no_other(narrow: Control) -> None:
    slow = narrow.shop()
    slow.plays(HELD_BACK)
    with ThreadPoolExecutor(24) as pool:
        held = [pool.submit(slow.pay_by_barcode) for _ in range(24)]
        time.sleep(0.5)
        other = narrow.shop()
        assert other.pay_by_barcode()["is_success"] == "T"
        assert not any(each.done() for each in held)
        assert {each.result()["is_success"] for each in held} == {"T"}


@pytest.mark.parametrize("then", [{"fault": "slow"}, {"notify": {"before_answer": True}}],
                         ids=["trickles", "waits for its notification"])
def test_an_answer_that_is_held_up_holds_up_no_other(narrow: Control, then: dict[str, object]) -> None:
    slow = narrow.shop()
    slow.plays({"when": {"endpoint": "tgpaybarcode"}, "then": then})
    with socket.create_server(("127.0.0.1", 0)) as deaf, ThreadPoolExecutor(4) as pool:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        held = [pool.submit(slow.pay_by_barcode, notify_url=url) for _ in range(4)]
        time.sleep(0.5)
        assert narrow.shop().pay_by_barcode()["is_success"] == "T"
        assert not any(each.done() for each in held)
        deaf.close()
        assert {each.result()["is_success"] for each in held} == {"T"}


# Their limits.

@pytest.fixture(scope="module")
def strict() -> Iterator[Control]:
    """A server on which two requests of a merchant may wait."""
    with Server(workers=1, threads=2, waiting_limit=2) as server:
        yield Control(server.url)


def test_more_waits_of_a_merchant_than_may_are_told_so_and_others_still_wait(strict: Control) -> None:
    shop, other = strict.shop(), strict.shop()
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(wait, shop, "never", "2s") for _ in range(2)]
        time.sleep(0.5)
        refused = wait(shop, "never", "2s")
        assert (refused.status, refused.headers["Content-Type"]) == (503, "application/problem+json")
        assert shop.merchants_id in refused.json["detail"] and "--waiting-limit" in refused.json["detail"]
        assert wait(other, "never", "10ms").status == 408
        assert [each.result().status for each in waiting] == [408] * 2
    assert wait(shop, "never", "10ms").status == 408


@pytest.mark.exhaustive
def test_more_delays_of_a_merchant_than_may_are_refused_before_anything_happens(strict: Control) -> None:
    shop = strict.shop()
    shop.plays(HELD_BACK)
    with ThreadPoolExecutor(2) as pool:
        held = [pool.submit(shop.pay_by_barcode) for _ in range(2)]
        time.sleep(0.5)
        number, begun = shop.number(), time.monotonic()
        refused = shop.pay_by_barcode(out_trade_no=number)
        assert (refused["is_success"], refused["error"]) == ("F", "SYSTEM_ERROR")
        assert "--waiting-limit" in refused["detail_error_des"] and time.monotonic() - begun < 2
        assert shop.query(number)["error"] == "TRADE_NOT_EXIST"
        assert {each.result()["is_success"] for each in held} == {"T"}
    assert shop.pay_by_barcode(out_trade_no=number)["is_success"] == "T"


def test_screens_and_windows_that_look_on_take_no_places_of_those_who_wait(strict: Control) -> None:
    shop = strict.shop()
    screens, windows = f"{strict.url}/terminal/{shop.first_terminal}/events", f"{strict.url}/console/events"
    with ExitStack() as streams:
        for url in (screens, screens, windows, windows):
            streams.enter_context(stream_at(url)).readline()
        assert [exchange(url).status for url in (screens, windows)] == [503, 503]
        assert wait(shop, "never", "10ms").status == 408


# Files.

def open_files(server: Server) -> int:
    """The limit of open files that is in force for a server."""
    assert server.process is not None
    return resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)[0]


def test_the_limit_of_files_is_raised_as_far_as_it_may() -> None:
    least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, most), most))
    try:
        server = Server(workers=1).start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (least, most))
    try:
        assert open_files(server) == most
    finally:
        server.stop()


def test_more_connections_than_there_are_files_end_no_worker() -> None:
    port = free_port()
    serve = f"{sys.executable} -m tgpay_emulator serve --port={port} --database=:temporary: --workers=1"
    with subprocess.Popen(["bash", "-c", f"ulimit -n 240; exec {serve}"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as process:
        server = Server(port=port)
        server.process = process
        server.wait_until_healthy()
        control = Control(server.url)
        shop = control.shop()
        with lines(control, 300, HALF):
            time.sleep(0.5)
        assert shop.pay_by_barcode()["is_success"] == "T"
        process.terminate()
        assert process.stdout is not None and "Traceback" not in process.stdout.read()


def test_those_who_wait_leave_connections_to_others() -> None:
    with Server(workers=1, connections=8) as server:
        shops = [Control(server.url).shop() for _ in range(10)]
        streams, refused = [], 0
        for shop in shops:
            try:
                streams.append(stream_at(f"{server.url}/_emulator/events?merchants_id={shop.merchants_id}",
                                         patience_s=0))
            except HTTPError:
                refused += 1
        assert (len(streams), refused) == (6, 4)
        assert [shop.pay_by_barcode()["result_code"] for shop in shops] == ["SUCCESS"] * 10
        for stream in streams:
            stream.close()
