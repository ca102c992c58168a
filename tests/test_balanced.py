"""Two nodes behind haproxy with the configuration of the documentation, and a backup."""
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from . import postgres
from .driver import Control, Server, Shop, exchange, free_port, stream_at

HAPROXY = shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
pytestmark = [
    pytest.mark.postgresql, pytest.mark.skipif(HAPROXY is None, reason="haproxy is not installed")]
CONFIGURATION = Path(__file__).parents[1] / "docs" / "haproxy.cfg"


@pytest.fixture
def nodes(cluster: postgres.Cluster, request: pytest.FixtureRequest) -> Iterator[tuple[Server, Server]]:
    database = postgres.database(cluster.address, request.node.nodeid)
    with Server(database=database, workers=1) as first, Server(database=database, workers=1) as second:
        yield first, second


@pytest.fixture
def balanced(nodes: tuple[Server, Server], tmp_path: Path) -> Iterator[Control]:
    """The control interface behind the balancer."""
    port, written = free_port(), CONFIGURATION.read_text(encoding="utf-8")
    assert "bind :8472" in written
    written = written.replace("bind :8472", f"bind 127.0.0.1:{port}")
    for name, node in zip(("node1", "node2"), nodes):
        assert f"{name}:8472" in written
        written = written.replace(f"{name}:8472", f"127.0.0.1:{node.settings['port']}")
    configuration = tmp_path / "haproxy.cfg"
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
