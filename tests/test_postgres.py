"""Several nodes on one database of PostgreSQL: nothing is lost, and who is away comes back by itself."""
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tgpay_emulator.base import durations
from tgpay_emulator.base.clock import real_now
from tgpay_emulator.store import place_of

from . import postgres
from .driver import Control, Receiver, Server, Shop, command, exchange, free_port, plain_environment

pytestmark = pytest.mark.postgresql
TAKES_OVER_S = 5


@pytest.fixture
def database(cluster: postgres.Cluster, request: pytest.FixtureRequest) -> str:
    return postgres.database(cluster.address, request.node.nodeid)


def nodes(database: str, number: int = 2, **settings: Any) -> list[Server]:
    """Nodes on one database, to be started."""
    return [Server(database=database, workers=1, notify_retries="1s,1s,1s,1s,1s,1s,1s,1s", **settings)
            for _ in range(number)]


def on(node: Server, shop: Shop) -> Shop:
    """The same shop, as it calls another node."""
    return Shop(Control(node.url), shop.merchants_id, shop.token, shop.made)


def until(condition: Any, seconds: float) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


def is_healthy(*nodes: Server) -> bool:
    """Whether all nodes are healthy."""
    return all(exchange(f"{node.url}/_emulator/health").status == 200 for node in nodes)


def is_delivered(shop: Shop, order: str) -> bool:
    """Whether the first notification of an order is delivered."""
    return bool(shop.notifications(order)[0]["status"] == "delivered")


@contextmanager
def in_transaction(database: str, merchants_id: str) -> Iterator[Any]:
    """A session with a transaction of a merchant begun."""
    from tgpay_emulator.store.postgres import locks
    from tgpay_emulator.store.postgres.connection import Connection
    from tgpay_emulator.store.postgres.session import Session

    with Session.connect(database) as session:
        Connection(session).begin(locks.begin(merchants_id))
        yield session


def leader(database: str) -> int:
    """The session of the leader on the server, or 0."""
    rows = postgres.ask(
        database, "SELECT pid FROM pg_locks JOIN pg_database AS d ON d.oid = database WHERE granted "
                  "AND locktype = 'advisory' AND classid = %s AND objid = 1 AND datname = current_database()",
        int.from_bytes(b"TGPY", "big"))
    return int(rows[0][0]) if rows else 0


def test_every_node_answers_everything_and_one_of_them_leads(database: str, receiver: Receiver) -> None:
    first, second = nodes(database)
    with first, second:
        shop = Control(first.url).shop(notify_url=receiver.url)
        order = on(second, shop).qr_order()["out_trade_no"]
        assert shop.happens(order, "pay").status == 200
        assert on(second, shop).query(order)["trade_status"] == "TRADE_SUCCESS"
        assert receiver.wait_for(1)[0].fields["out_trade_no"] == order
        assert leader(database)
        moved = on(second, shop).control.post("/clock", {"advance": "2d"})
        assert Control(first.url).get("/clock")["offset_s"] == moved["offset_s"] == 172_800


def test_a_wait_on_one_node_is_told_of_what_happens_on_another(database: str) -> None:
    first, second = nodes(database)
    with first, second, ThreadPoolExecutor(1) as pool:
        shop = Control(first.url).shop()
        order = shop.qr_order()["out_trade_no"]
        waiting = pool.submit(on(second, shop).control.get, "/wait", merchants_id=shop.merchants_id,
                              out_trade_no=order, status="TRADE_SUCCESS", timeout="10s")
        time.sleep(0.2)
        assert shop.happens(order, "pay").status == 200
        begun = time.monotonic()
        assert waiting.result()["order"]["status"] == "TRADE_SUCCESS"
        assert time.monotonic() - begun < TAKES_OVER_S


@pytest.mark.parametrize("gone", ["node", "session"])
def test_when_the_leader_is_gone_another_leads_and_delivers_the_rest(
        database: str, receiver: Receiver, gone: str) -> None:
    receiver.answers = [(500, b"no")]
    first, second = nodes(database)
    with first, second:
        shop = Control(first.url).shop(notify_url=receiver.url)
        orders = [shop.pay_by_barcode()["out_trade_no"] for _ in range(5)]
        led = leader(database)
        if gone == "node":
            first.kill()
        else:
            postgres.ask(database, "SELECT pg_terminate_backend(%s)", led)
        receiver.answers = [(200, b"success")]
        until(lambda: leader(database) not in (0, led), TAKES_OVER_S)
        here = on(second, shop)
        until(lambda: all(is_delivered(here, order) for order in orders), 20)


def test_merchants_write_side_by_side(database: str) -> None:
    """A merchant whose transaction hangs holds up no other one."""
    with Server(database=database, workers=1) as server:
        one, other = (Control(server.url).shop() for _ in range(2))
        with in_transaction(database, one.merchants_id) as session:
            with ThreadPoolExecutor(1) as pool:
                waiting = pool.submit(one.qr_order)
                assert other.qr_order()["is_success"] == "T"
                assert not waiting.done()
                session.execute("ROLLBACK")
                assert waiting.result()["is_success"] == "T"


@pytest.mark.parametrize("path", ["/journal", "/orders"])
def test_a_list_that_is_read_on_misses_no_row_that_is_committed_late(database: str, path: str) -> None:
    """A transaction gets an id first and commits last; who reads on after a later id sees it still."""
    with Server(database=database, workers=1) as server, ThreadPoolExecutor(1) as pool:
        shop = Control(server.url).shop()
        order = shop.qr_order()["out_trade_no"]
        table = path.removeprefix("/")
        columns = ", ".join(row[0] for row in postgres.ask(
            database, "SELECT column_name FROM information_schema.columns WHERE table_name = %s "
                      "AND column_name NOT IN ('id', 'page_token', 'out_trade_no')", table))
        token = "'late', 'late', " if table == "orders" else "'late', "
        named = "page_token, out_trade_no" if table == "orders" else "out_trade_no"
        with in_transaction(database, "late") as late:
            late.execute(f"INSERT INTO {table} ({named}, {columns}) SELECT {token} {columns} FROM {table} "
                         f"WHERE out_trade_no = '{order}' LIMIT 1")
            assert shop.qr_order()["is_success"] == "T"
            reading = pool.submit(shop.control.get, path)
            time.sleep(0.3)
            late.execute("COMMIT")
            seen = [item["out_trade_no"] for item in reading.result()["items"]]
        rest = shop.control.get(path, after=shop.control.get(path)["items"][-1]["id"])["items"]
        assert "late" in seen and rest == []


def test_when_postgres_is_killed_under_load_nothing_that_was_answered_is_lost(
        database: str, cluster: postgres.Cluster, receiver: Receiver) -> None:
    first, second = nodes(database)
    with first, second, ThreadPoolExecutor(6) as pool:
        shops = [Control(first.url).shop(notify_url=receiver.url) for _ in range(3)]
        answered: list[tuple[Shop, str]] = []
        is_over = False

        def pay(shop: Shop) -> None:
            while not is_over:
                answer = shop.pay_by_barcode()
                if answer["is_success"] == "T":
                    answered.append((shop, answer["out_trade_no"]))
                else:
                    assert (answer.status, answer["error"]) == (200, "SYSTEM_ERROR")
                    time.sleep(0.05)

        paying = [pool.submit(pay, on(node, shop)) for node in (first, second) for shop in shops]
        until(lambda: len(answered) > 60, 20)
        cluster.stop("immediate")
        until(lambda: exchange(f"{second.url}/_emulator/health").status == 503, 10)
        cluster.start()
        until(lambda: is_healthy(first, second), 10)
        before = len(answered)
        until(lambda: len(answered) > before + 20, 20)
        is_over = True
        for done in paying:
            done.result()
        for shop, order in answered:
            assert shop.query(order)["trade_status"] == "TRADE_SUCCESS"
        until(lambda: all(is_delivered(*one) for one in answered), 40)
        said = first.stop()[1] + second.stop()[1]
    assert "Traceback" not in said
    assert said.count("requests are refused") <= 4  # once a minute, for each worker


def test_what_is_old_is_deleted(database: str) -> None:
    with Server(database=database, workers=1) as server:
        shop = Control(server.url).shop()
        old = shop.pay_by_barcode()["out_trade_no"]
        shop.control.post("/clock", {"advance": "200d"})
        young = shop.pay_by_barcode()["out_trade_no"]
    store = place_of(database).open()
    store.tidy(real_now(), 30 * durations.DAY, None)
    store.tidy(real_now() + 31 * durations.DAY, 30 * durations.DAY, None)
    left = {row[0] for row in postgres.ask(database, "SELECT out_trade_no FROM orders")}
    assert (old in left, young in left) == (False, True)
    assert postgres.ask(database, "SELECT count(*) FROM journal") == [(0,)]
    store.close()


AN_HOUR_AHEAD = """
import time
from tgpay_emulator.base import clock
clock.host_now = lambda: time.time_ns() // 1_000_000 + 3_600_000
from tgpay_emulator.cli import main
main()
"""


def test_a_node_whose_own_clock_is_wrong_does_no_harm(database: str) -> None:
    port = free_port()
    arguments = [sys.executable, "-c", AN_HOUR_AHEAD, "serve", f"--database={database}", f"--port={port}",
                 "--workers=1", "--log-level=warning"]
    ahead = Control(f"http://127.0.0.1:{port}")
    with (Server(database=database, workers=1) as right,
          subprocess.Popen(arguments, env=plain_environment(), stdout=subprocess.DEVNULL) as process):
        try:
            until(lambda: _is_up(ahead.url), 20)
            shop = Control(right.url).shop()
            there = Shop(ahead, shop.merchants_id, shop.token, shop.made)
            now = time.time()
            for control in (shop.control, ahead):
                assert abs(_seconds(control.get("/clock")["now"]) - now) < 5
            order = there.qr_order(it_b_pay="5m")["out_trade_no"]
            assert shop.query(order)["trade_status"] == "WAIT_BUYER_PAY"
            shop.control.post("/clock", {"advance": "6m"})
            assert there.query(order)["trade_status"] == "TRADE_CLOSED"
        finally:
            process.terminate()


def _is_up(url: str) -> bool:
    try:
        return exchange(f"{url}/readyz").status == 200
    except OSError:
        return False


def _seconds(iso: str) -> float:
    return datetime.fromisoformat(iso).timestamp()


SECRET = "open-sesame"


@pytest.mark.parametrize("address, said", [
    ("postgresql://postgres:{secret}@127.0.0.1:1/x", "connection"),
    ("postgresql://guarded:{secret}@127.0.0.1:{port}/postgres", "password authentication failed"),
    ("postgresql://postgres:{secret}@127.0.0.1:{port}/nowhere", 'database "nowhere" does not exist'),
    ("postgresql://postgres:{secret}@127.0.0.1:{port}:/x?y", "cannot be read"),
    ("postgresql://weak:{secret}@127.0.0.1:{port}/bare", "may not create tables"),
    ("postgresql://postgres:{secret}@127.0.0.1:{port}/newer", "newer tgpay-emulator"),
    ("postgresql://postgres:{secret}@127.0.0.1:{port}/other", "another program")])
def test_a_database_that_cannot_be_used_is_one_line_without_the_password(
        cluster: postgres.Cluster, address: str, said: str) -> None:
    _make_unusable(cluster)
    ended = command("serve", "--port=0", "--database", address.format(secret=SECRET, port=cluster.port))
    assert ended.returncode == 1 and ended.stdout == ""
    assert said in ended.stderr and len(ended.stderr.splitlines()) == 1, ended.stderr
    assert SECRET not in ended.stderr


def _make_unusable(cluster: postgres.Cluster) -> None:
    """Databases and roles with which the emulator cannot begin."""
    if postgres.ask(cluster.address, "SELECT 1 FROM pg_roles WHERE rolname = 'weak'"):
        return
    rules = cluster.data / "pg_hba.conf"
    rules.write_text("host all guarded 127.0.0.1/32 scram-sha-256\n" + rules.read_text())
    postgres.ask(cluster.address, "SELECT pg_reload_conf()")
    for sql in ("CREATE ROLE weak LOGIN", "CREATE ROLE guarded LOGIN PASSWORD 'right'",
                "CREATE DATABASE bare", "CREATE DATABASE newer", "CREATE DATABASE other"):
        postgres.ask(cluster.address, sql)
    base = cluster.address.rpartition("/")[0]
    postgres.ask(f"{base}/newer", "CREATE TABLE schema_version (version BIGINT)")
    postgres.ask(f"{base}/newer", "INSERT INTO schema_version VALUES (1000)")
    postgres.ask(f"{base}/other", "CREATE TABLE orders (id BIGINT)")


def test_all_nodes_have_the_same_settings_where_it_matters(database: str) -> None:
    with Server(database=database, seed="one") as server:
        other = command("serve", "--port=0", "--seed=two", "--database", database)
        assert other.returncode == 1 and "other settings: seed differs" in other.stderr
        assert Control(server.url).get("/health")["status"] == "ok"
    with Server(database=database, seed="two"):
        pass


def test_a_password_is_in_no_list_of_processes_and_no_log(database: str) -> None:
    address = database.replace("postgres@", f"postgres:{SECRET}@")
    with Server(database=address) as server:
        shop = Control(server.url).shop()
        assert shop.qr_order()["is_success"] == "T"
        shown = "".join(line.read_text() for line in Path("/proc").glob("[0-9]*/cmdline")
                        if _is_ours(line, server))
        pages = [exchange(f"{server.url}{path}").text
                 for path in ("/console/orders", "/_emulator/health", "/")]
        assert shown and SECRET not in shown
        assert SECRET not in "".join(pages)
        assert SECRET not in server.stop()[1]


def _is_ours(line: Path, server: Server) -> bool:
    """Whether a process belongs to the server."""
    try:
        return os.getpgid(int(line.parent.name)) == (server.process.pid if server.process else 0)
    except ProcessLookupError:
        return False


@pytest.mark.parametrize("way", ["there", "back"])
def test_a_database_is_carried_between_a_file_and_a_server(
        database: str, tmp_path: Path, way: str, receiver: Receiver) -> None:
    file = str(tmp_path / "emulator.db")
    source, target = (file, database) if way == "there" else (database, file)
    held = os.environ.pop(postgres.CLUSTER, None)  # a file is to be a file here
    try:
        with Server(database=source) as server:
            shop = Control(server.url).shop(notify_url=receiver.url)
            order = shop.pay_by_barcode()["out_trade_no"]
            assert shop.at_terminal()["is_success"] == "T"
            receiver.wait_for(1)
            refused = command("copy", source, target)
            assert refused.returncode == 1 and "a server uses" in refused.stderr
        copied = command("copy", source, target)
        assert copied.returncode == 0, copied.stderr
        assert re.search(r"^orders\t2$", copied.stdout, re.MULTILINE)
        again = command("copy", source, target)
        assert again.returncode == 1 and "has data already" in again.stderr
        with Server(database=target) as server:
            there = on(server, shop)
            assert there.query(order)["trade_status"] == "TRADE_SUCCESS"
            assert there.qr_order()["is_success"] == "T"
            assert there.notifications(order)[0]["status"] == "delivered"
    finally:
        if held:
            os.environ[postgres.CLUSTER] = held
