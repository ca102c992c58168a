"""The end comes in time whatever others do, and the database file alone has everything that was answered."""
import shutil
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPException
from pathlib import Path

import pytest

from .driver import Control, Server, free_port, stream_at

pytestmark = pytest.mark.sqlite

IN_TIME_S = 8
HALF = b"POST /v2/tgpayquery.php HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@contextmanager
def hanging() -> Iterator[str]:
    """The address of a receiver that begins to answer and never ends."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener, ExitStack() as taken:
        def answer() -> None:
            try:
                while True:
                    caller = taken.enter_context(listener.accept()[0])
                    caller.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsucc")
            except OSError:
                pass  # the test is over

        threading.Thread(target=answer, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        listener.shutdown(socket.SHUT_RDWR)


def orders_in(file: Path, alone: Path) -> set[str]:
    """The numbers of the orders in a database file, without its log."""
    shutil.copy(file, alone)
    with closing(sqlite3.connect(alone)) as database:
        return {row[0] for row in database.execute("SELECT out_trade_no FROM orders")}


@pytest.mark.sampled
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT], ids=lambda sent: sent.name)
def test_it_ends_in_time_whatever_hangs_and_loses_nothing(tmp_path: Path, sent: signal.Signals) -> None:
    settings = {"database": tmp_path / "emulator.db", "port": free_port(), "notify_timeout": "60s"}
    server = Server(**settings).start()
    control = Control(server.url)
    slow, shop = control.shop(), control.shop()
    slow.plays({"when": {"endpoint": "tgpaybarcode"}, "then": {"delay": "1m"}})
    with hanging() as url, ExitStack() as opened, ThreadPoolExecutor(20) as pool:
        twice = {"when": {"endpoint": "tgpaybarcode", "trans_amount": "2.00"},
                 "then": {"notify": {"duplicate": 2}}}
        shop.plays(twice)
        numbers = [shop.pay_by_barcode(amount, notify_url=url)["out_trade_no"] for amount in ("1.00", "2.00")]
        for half in (HALF, HALF + b"Content-Length: 9\r\n\r\na", b""):
            client = opened.enter_context(socket.create_connection(("127.0.0.1", int(str(settings["port"])))))
            client.sendall(half)
        opened.enter_context(stream_at(f"{server.url}/_emulator/events"))
        opened.enter_context(stream_at(f"{server.url}/terminal/{shop.first_terminal}/events"))
        under_way = [
            pool.submit(slow.pay_by_barcode), pool.submit(control.ask, "POST", "/notifications/flush"),
            pool.submit(control.ask, "GET", "/wait", merchants_id=shop.merchants_id, out_trade_no="no")]
        time.sleep(1)
        numbers.append(shop.pay_by_barcode("1.00")["out_trade_no"])
        assert server.process is not None
        begun = time.monotonic()
        server.process.send_signal(sent)
        assert server.end()[0] == 0
        assert time.monotonic() - begun < IN_TIME_S
        for each in under_way:
            assert each.exception() is None or isinstance(each.exception(), (OSError, HTTPException))
    assert set(numbers) <= orders_in(tmp_path / "emulator.db", tmp_path / "alone.db")
    assert not (tmp_path / "emulator.db-wal").exists()
    # What was cut short is tried again by the next server.
    port = int(url.rpartition(":")[2].strip("/"))
    with socket.create_server(("127.0.0.1", port)) as again, Server(**settings):
        again.settimeout(10)
        with again.accept()[0] as caller:
            assert b"out_trade_no=" in caller.recv(65_536)
            caller.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nsuccess")


def test_after_every_end_the_database_file_alone_has_the_last_order(tmp_path: Path) -> None:
    settings = {"database": tmp_path / "emulator.db", "port": free_port()}
    for place in range(4):
        server = Server(**settings, workers=1 + place % 2).start()
        shop = Control(server.url).shop()
        paid: list[str] = []

        def pay() -> None:
            try:
                while True:
                    paid.append(shop.pay_by_barcode()["out_trade_no"])
            except (OSError, HTTPException):
                pass  # the server has ended

        with ThreadPoolExecutor(4) as pool:
            for _ in range(4):
                pool.submit(pay)
            time.sleep(0.4)
            assert server.stop()[0] == 0
        assert paid and set(paid) <= orders_in(tmp_path / "emulator.db", tmp_path / "alone.db")
