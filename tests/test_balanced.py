"""Two nodes behind haproxy with the configuration of the documentation, and a backup."""
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from . import postgres
from .driver import ALIPAY_CODE, Control, Server, Shop, exchange, free_port, stream_at

HAPROXY = shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
pytestmark = [
    pytest.mark.postgresql, pytest.mark.skipif(HAPROXY is None, reason="haproxy is not installed")]
LEFT_OUT_S = 2  # after so many seconds the balancer leaves out a node that has stopped
CONFIGURATION = Path(__file__).parents[1] / "docs" / "haproxy.cfg"


@pytest.fixture
def nodes(cluster: postgres.Cluster, request: pytest.FixtureRequest) -> Iterator[tuple[Server, Server]]:
    database = postgres.database(cluster.address, request.node.nodeid)
    with Server(database=database, workers=1) as first, Server(database=database, workers=1) as second:
        yield first, second


@pytest.fixture
def balanced(nodes: tuple[Server, Server], tmp_path: Path) -> Iterator[Control]:
    """The control interface behind the balancer."""
    with balancing(nodes, tmp_path, CONFIGURATION.read_text(encoding="utf-8")) as control:
        yield control


@contextmanager
def balancing(nodes: tuple[Server, Server], folder: Path, written: str) -> Iterator[Control]:
    """The control interface behind haproxy with a configuration, in which the addresses are replaced."""
    port = free_port()
    assert "bind :8472" in written
    written = written.replace("bind :8472", f"bind 127.0.0.1:{port}")
    for name, node in zip(("node1", "node2"), nodes):
        assert f"{name}:8472" in written
        written = written.replace(f"{name}:8472", f"127.0.0.1:{node.settings['port']}")
    configuration = folder / "haproxy.cfg"
    configuration.write_text(written, encoding="utf-8")
    assert HAPROXY
    with subprocess.Popen([HAPROXY, "-db", "-f", str(configuration)], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as haproxy:
        try:
            _wait_until_answered(f"http://127.0.0.1:{port}")
            yield Control(f"http://127.0.0.1:{port}")
        finally:
            haproxy.terminate()


def _wait_until_answered(url: str) -> None:
    end = time.monotonic() + 10
    while True:
        try:
            if exchange(f"{url}/readyz").status == 200:
                return
        except OSError:
            assert time.monotonic() < end, "haproxy does not answer"
        time.sleep(0.05)


def test_a_merchant_need_not_know_how_many_nodes_there_are(balanced: Control) -> None:
    shop = balanced.shop()
    with stream_at(f"{balanced.url}/_emulator/events?merchants_id={shop.merchants_id}") as stream:
        order = shop.pay_by_barcode("3.00")["out_trade_no"]
        assert shop.query(order)["trade_status"] == "TRADE_SUCCESS"
        assert shop.refund(order, "1.00")["is_success"] == "T"
        assert shop.query(order)["refund_amount"] == "1.00"
        waited = balanced.ask("GET", "/wait", merchants_id=shop.merchants_id, out_trade_no=order,
                              status="TRADE_SUCCESS", timeout="5s")
        assert waited.json["order"]["out_trade_no"] == order
        seen = ""
        while order not in seen:
            seen += stream.readline().decode()


def test_when_a_node_is_killed_what_was_answered_is_there_and_others_are_served(
        balanced: Control, nodes: tuple[Server, Server]) -> None:
    shops = [balanced.shop() for _ in range(4)]
    answered: list[tuple[Shop, str]] = []
    is_over = False

    def pay(shop: Shop) -> None:
        while not is_over:
            try:
                answer = shop.pay_by_barcode()
            except OSError:  # the killed node had this request
                continue
            if answer.status == 200 and answer["is_success"] == "T":
                answered.append((shop, answer["out_trade_no"]))

    with ThreadPoolExecutor(4) as pool:
        paying = [pool.submit(pay, shop) for shop in shops]
        while len(answered) < 40:
            time.sleep(0.01)
        nodes[0].kill()
        before = len(answered)
        while len(answered) < before + 40:
            time.sleep(0.01)
        is_over = True
        for done in paying:
            done.result()
    for shop, order in answered:
        assert shop.query(order)["trade_status"] == "TRADE_SUCCESS"


class Till(threading.Thread):
    """A till that pays without pause on a connection to the balancer, which is kept."""

    def __init__(self, shop: Shop, is_over: threading.Event) -> None:
        super().__init__(daemon=True)
        self._shop, self._is_over = shop, is_over
        self.paid: list[str] = []
        self.failures: list[str] = []

    def run(self) -> None:
        place = urlsplit(self._shop.control.url)
        connection = HTTPConnection(place.hostname or "", place.port, timeout=20)
        while not self._is_over.is_set():
            try:
                self._pay(connection)
            except (OSError, HTTPException, AssertionError) as failure:
                self.failures.append(repr(failure))
                connection.close()
        connection.close()

    def _pay(self, connection: HTTPConnection) -> None:
        number = self._shop.number()
        query = urlencode(self._shop.signed(out_trade_no=number, trans_amount="1.00", pay_type="alipay",
                                            buyer_identity_code=ALIPAY_CODE))
        connection.request("GET", f"/v2/tgpaybarcode.php?{query}")
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 200 and b"<result_code>SUCCESS" in text, (answer.status, text)
        self.paid.append(number)


def _is_used(node: Server) -> bool:
    """Whether the balancer sends requests to a node that was just started."""
    return 'tgpay_requests_total{endpoint="tgpaybarcode"' in exchange(f"{node.url}/_emulator/metrics").text


@pytest.mark.parametrize("reuse", ["", "http-reuse always"], ids=["as documented", "always"])
def test_when_the_nodes_are_restarted_one_after_the_other_no_request_is_lost(
        nodes: tuple[Server, Server], tmp_path: Path, reuse: str) -> None:
    """Also where the balancer shares the connections that it keeps among all clients."""
    written = CONFIGURATION.read_text(encoding="utf-8")
    assert "http-reuse" not in written
    is_over = threading.Event()
    with balancing(nodes, tmp_path, written.replace("balance roundrobin", f"balance roundrobin\n    {reuse}")
                   ) as control:
        shop = control.shop()
        tills = [Till(shop, is_over) for _ in range(6)]
        for till in tills:
            till.start()
        for node in nodes:
            while not _is_used(node):
                time.sleep(0.05)
            assert node.stop()[0] == 0
            time.sleep(LEFT_OUT_S)
            node.start()
        is_over.set()
        for till in tills:
            till.join(30)
            assert (till.failures, till.is_alive()) == ([], False)
        numbers = [number for till in tills for number in till.paid]
        assert {shop.query(number)["trade_status"] for number in numbers[::10]} == {"TRADE_SUCCESS"}


def test_an_order_lives_on_whichever_nodes_its_requests_reach(balanced: Control,
                                                              nodes: tuple[Server, Server]) -> None:
    """Each request goes to the next node: what one of them has done the other knows at once."""
    shop = balanced.shop()
    order = shop.qr_order("10.00")["out_trade_no"]
    assert shop.query(order)["trade_status"] == "WAIT_BUYER_PAY"
    assert shop.happens(order, "pay").status == 200
    assert shop.query(order)["trade_status"] == "TRADE_SUCCESS"
    first = shop.refund(order, "4.00", out_refund_id="R1")
    again = shop.refund(order, "4.00", out_refund_id="R1")
    assert first["is_success"] == again["is_success"] == "T"
    assert shop.query(order)["refund_amount"] == "4.00"
    assert shop.refund(order, "6.01")["error"] == "REASON_TRADE_REFUND_FEE_ERR"
    assert (shop.cancel(order)["is_success"], shop.cancel(order)["is_success"]) == ("T", "T")
    ended = shop.query(order)
    assert (ended["trade_status"], ended["refund_amount"]) == ("TRADE_CLOSED", "10.00")
    assert shop.refund(order, "1.00")["error"] == "TRADE_HAS_CLOSE"
    assert all("tgpay_requests_total{" in exchange(f"{node.url}/_emulator/metrics").text for node in nodes)


def test_a_backup_made_in_use_is_restored(cluster: postgres.Cluster, nodes: tuple[Server, Server],
                                          tmp_path: Path) -> None:
    shop = Control(nodes[0].url).shop()
    order = shop.pay_by_barcode()["out_trade_no"]
    restored, dump = postgres.database(cluster.address, tmp_path), tmp_path / "tgpay.dump"
    subprocess.run([cluster.programs / "pg_dump", "--format=custom", f"--file={dump}",
                    str(nodes[0].settings["database"])], check=True)
    subprocess.run([cluster.programs / "pg_restore", "--no-owner", f"--dbname={restored}", dump], check=True)
    with Server(database=restored, workers=1) as server:
        there = Shop(Control(server.url), shop.merchants_id, shop.token, shop.made)
        assert there.query(order)["trade_status"] == "TRADE_SUCCESS"
        assert there.qr_order()["is_success"] == "T"
