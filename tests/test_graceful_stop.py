"""A server that stops answers every request that a client has sent, and refuses the others before they are
sent: so a client that is refused may safely ask again elsewhere.
"""
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlencode, urlsplit

import pytest

from .driver import ALIPAY_CODE, Control, Server, Shop, all_of, line_to, stream_at

CLOSES = b"connection: close"


def paying(shop: Shop) -> str:
    """The path of a payment, with a number of its own."""
    return "/v2/tgpaybarcode.php?" + urlencode(shop.signed(
        out_trade_no=shop.number(), trans_amount="1.00", buyer_identity_code=ALIPAY_CODE,
        pay_type="alipay"))


class Client(threading.Thread):
    """A client that pays without pause, on connections that are kept or on new ones, until it is refused."""

    def __init__(self, shop: Shop, is_kept: bool) -> None:
        super().__init__(daemon=True)
        self._shop, self._headers = shop, {} if is_kept else {"Connection": "close"}
        self.answered = 0
        self.lost: list[str] = []

    def run(self) -> None:
        place = urlsplit(self._shop.control.url)
        connection = HTTPConnection(place.hostname or "", place.port, timeout=20)
        while True:
            try:
                connection.connect()
            except ConnectionRefusedError:
                return
            self._pay(connection)
            connection.close()

    def _pay(self, connection: HTTPConnection) -> None:
        """Pay until the server says that it closes the connection."""
        try:
            while True:
                connection.request("GET", paying(self._shop), headers=self._headers)
                answer = connection.getresponse()
                assert answer.status == 200 and b"<is_success>T" in answer.read()
                self.answered += 1
                if answer.will_close:
                    return
        except (OSError, HTTPException, AssertionError) as failure:
            self.lost.append(repr(failure))


def paying_clients(server: Server, number: int) -> list[Client]:
    """Clients that pay without a pause, each answered once; every other one keeps its connection."""
    shop = Control(server.url).shop()
    clients = [Client(shop, is_kept=bool(place % 2)) for place in range(number)]
    for client in clients:
        client.start()
    while not all(client.answered for client in clients):
        time.sleep(0.05)
    return clients


def check_that_nothing_was_lost(clients: list[Client]) -> None:
    for client in clients:
        client.join(20)
        assert (client.lost, client.is_alive()) == ([], False)


@pytest.mark.parametrize("workers, sent", [(1, signal.SIGTERM), (2, signal.SIGTERM), (2, signal.SIGINT)])
def test_a_stop_loses_no_request(workers: int, sent: signal.Signals) -> None:
    server = Server(workers=workers).start()
    clients = paying_clients(server, 12)
    assert server.process
    server.process.send_signal(sent)
    status, printed = server.end()
    check_that_nothing_was_lost(clients)
    assert status == 0 and "Traceback" not in printed


def request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def test_a_client_that_is_late_is_still_answered_and_told_that_the_connection_closes() -> None:
    server = Server(workers=1).start()
    shop = Control(server.url).shop()
    with line_to(server.url) as kept, line_to(server.url) as silent, line_to(server.url) as half:
        kept.sendall(request(paying(shop)))
        assert CLOSES not in kept.recv(65_536).lower()
        late = request(paying(shop))
        half.sendall(late[:40])
        time.sleep(0.5)
        assert server.process
        server.process.send_signal(signal.SIGTERM)
        time.sleep(1)
        with pytest.raises(ConnectionRefusedError):
            line_to(server.url)
        half.sendall(late[40:])
        for connection in kept, silent:
            connection.sendall(request(paying(shop)))
        for connection in kept, silent, half:
            answer = all_of(connection)
            assert b"<is_success>T" in answer and CLOSES in answer.lower()
    assert server.end()[0] == 0


@pytest.mark.parametrize("prepare", [lambda line, shop: None, lambda line, shop: (
    line.sendall(request(paying(shop))), line.recv(65_536))], ids=["new", "kept"])
def test_a_connection_without_a_request_is_closed_in_order(
        prepare: Callable[[object, Shop], object]) -> None:
    server = Server(workers=1).start()
    shop = Control(server.url).shop()
    with line_to(server.url) as idle:
        prepare(idle, shop)
        assert server.stop()[0] == 0
        all_of(idle)  # raises if the connection is reset


def test_when_the_master_is_killed_its_workers_end_in_the_same_way() -> None:
    server = Server(workers=2).start()
    clients = paying_clients(server, 8)
    assert server.process
    server.process.send_signal(signal.SIGKILL)
    check_that_nothing_was_lost(clients)
    server.end()


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_signals_that_come_in_a_row_to_all_processes_stop_it_as_one_does(sent: signal.Signals) -> None:
    """A terminal and systemd signal the whole group, and the master then signals its workers once more."""
    for _ in range(2):
        server = Server(workers=2).start()
        shop = Control(server.url).shop()
        with ExitStack() as opened:
            lines = [opened.enter_context(line_to(server.url)) for _ in range(6)]
            for line in lines:
                line.sendall(request(paying(shop)))
            for line in lines:
                assert b"200 OK" in line.recv(65_536)
            for _ in range(10):  # they wait for the end
                opened.enter_context(stream_at(f"{server.url}/_emulator/events"))
            assert server.process
            for _ in range(200):
                os.killpg(server.process.pid, sent)
            for line in lines:
                line.sendall(request(paying(shop)))
            assert [CLOSES in all_of(line).lower() for line in lines] == [True] * 6
        status, printed = server.end()
        assert status == 0 and "Traceback" not in printed
