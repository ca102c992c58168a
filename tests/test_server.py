"""Contract 9 and the design's promises of the server: how it begins, how it ends, and several processes on
one database.
"""
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib import parse

import pytest

from .driver import Clock, Control, Receiver, Server, Shop, all_of, command, exchange, free_port
from .tables import every_row


def outcome(*flags: str, **environment: str) -> tuple[int, list[str]]:
    """The status and the printed lines of a `serve` that is expected to end by itself."""
    done = command("serve", *flags, **environment)
    return done.returncode, (done.stdout + done.stderr).splitlines()


# What keeps it from beginning.

def test_a_port_in_use_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, lines = outcome(f"--port={port}", "--database=:temporary:")
    assert (status, len(lines)) == (1, 1)
    assert f"127.0.0.1:{port}" in lines[0] and "in use" in lines[0]


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_that_is_not_this_machines_is_one_clear_line(host: str) -> None:
    status, lines = outcome(f"--host={host}", "--port=0", "--database=:temporary:")
    assert (status, len(lines), host in lines[0]) == (1, 1, True)


def folder(path: Path) -> None:
    path.mkdir()


def text(path: Path) -> None:
    path.write_text("certainly no database, " * 100)


def of_a_newer_version(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE orders (id)")
        database.execute("PRAGMA user_version = 999")
    database.close()


def of_another_program(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE songs (title)")
    database.close()


def of_another_program_with_versions(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE songs (title)")
        database.execute("PRAGMA user_version = 1")
    database.close()


def pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("make, words", [
    (folder, "cannot be used"), (pipe, "no regular file"), (text, "cannot be used"),
    (of_a_newer_version, "newer"), (of_another_program, "another program"),
    (of_another_program_with_versions, "another program"),
])
def test_a_database_that_cannot_be_used_is_one_clear_line_and_stays_as_it_was(
        tmp_path: Path, make: Callable[[Path], None], words: str) -> None:
    path = tmp_path / "other.db"
    make(path)
    before, mode = path.read_bytes() if path.is_file() else None, path.stat().st_mode
    status, lines = outcome("--port=0", f"--database={path}")
    assert (status, len(lines)) == (1, 1)
    assert str(path) in lines[0] and words in lines[0]
    assert (path.read_bytes() if path.is_file() else None, path.stat().st_mode) == (before, mode)


def test_a_database_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "emulator.db", Path("/proc/emulator.db")):
        status, lines = outcome("--port=0", f"--database={path}")
        assert (status, len(lines), str(path) in lines[0]) == (1, 1, True)


def test_a_disk_without_room_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "emulator.db"
    program = f"ulimit -f 1; exec {sys.executable} -m tgpay_emulator serve --port=0 --database={path}"
    done = subprocess.run(["bash", "-c", program], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=30)
    assert (done.returncode, len(done.stdout.splitlines())) == (1, 1), done.stdout
    assert str(path) in done.stdout


# How it begins.

def test_it_announces_its_address_once_it_answers_and_port_0_is_a_free_one() -> None:
    server = Server(port=0).start(wait=False)
    address = re.search(r"http://127\.0\.0\.1:\d+", server.announced())
    assert address
    assert exchange(f"{address[0]}/_emulator/health").status == 200
    assert server.stop()[0] == 0


@every_row("host", ["127.0.0.1", "0.0.0.0"])
def test_the_first_address_that_is_printed_can_be_opened(host: str) -> None:
    with Server(host=host, control_token="off") as server:
        first, second, *_ = re.findall(r"https?://[^\s;]+", server.announced())
        for address, page in ((first, "/console"), (second, "/demo")):
            assert address.endswith(page) and "//0.0.0.0" not in address
            answer = exchange(address)
            assert answer.status in (200, 303) and "html" in answer.headers["Content-Type"], address


@pytest.mark.sqlite
def test_a_database_in_a_folder_that_is_not_there_is_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "emulator.db"
    with Server(database=path):
        assert path.is_file()


@pytest.mark.sqlite
def test_a_throw_away_database_is_gone_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with Server() as server:
        assert exchange(f"{server.url}/livez").status == 200
        assert list(tmp_path.glob("tgpay-emulator-*/emulator.db"))
    assert not list(tmp_path.glob("tgpay-emulator-*"))


@pytest.mark.sqlite
def test_without_a_database_it_is_in_the_users_data_directory(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    with Server(database=""):
        assert (tmp_path / "tgpay-emulator" / "emulator.db").is_file()


@pytest.mark.exhaustive
@every_row("place", ["/nonexistent/address", "/proc/address", "/tmp", "/dev/null/address"])
def test_an_address_that_cannot_be_written_down_is_a_warning_and_it_serves(place: str) -> None:
    server = Server(address_file=place).start()
    server.announced(lines=2)
    status, printed = server.stop()
    assert (status, "Traceback" in printed) == (0, False)
    assert [place in line and "WARNING" in line for line in printed.splitlines()] == [True, False]


AS_NOBODY = ("import os, sys, tgpay_emulator.cli, tgpay_emulator.server.process, platformdirs;"
             "os.setgroups([]); os.setgid(12345); os.setuid(12345);"
             "sys.argv[1:] = ['serve', '--port=0']; tgpay_emulator.cli.main()")
# What is in them stays to be seen: the checkout itself may lie there.
WITHOUT_ROOM = ("for place in /tmp /var/tmp; do mount --bind $place $place && mount -o remount,bind,ro "
                "$place || exit 77; done; cd /proc;"
                f"exec {sys.executable} -m tgpay_emulator serve --port=0 --database=:temporary:")
only_root = pytest.mark.skipif(os.getuid() != 0, reason="only root may do that")


@pytest.mark.sampled
@only_root
@pytest.mark.parametrize("program, advice", [
    ([sys.executable, "-c", AS_NOBODY], "--database"),
    (["unshare", "-m", "bash", "-c", WITHOUT_ROOM], "--tmpfs /tmp"),
], ids=["a user without an entry and a home", "no place for temporary files"])
@pytest.mark.exhaustive
def test_without_a_place_for_the_database_it_is_one_line_that_says_what_to_do(
        program: list[str], advice: str) -> None:
    if shutil.which(program[0]) is None:
        pytest.skip(f"there is no {program[0]}")
    root = str(Path(__file__).parents[1])
    done = subprocess.run(program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30,
                          env={"PATH": os.environ["PATH"], "PYTHONPATH": root})
    if done.returncode == 77 or "unshare" in done.stdout:
        pytest.skip("nothing may be mounted here")
    lines = done.stdout.splitlines()
    assert (done.returncode, len(lines), advice in lines[0]) == (1, 1, True), done.stdout


# Restart.

def remembered(shop: Shop, number: str) -> list:
    control = shop.control
    return [shop.story(number), control.get("/clock")["now"],
            *(control.get(path) for path in ("/merchants", "/notifications", "/journal"))]


def test_everything_is_there_after_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    settings = {"database": tmp_path / "emulator.db", "port": free_port()}
    receiver.answers = [(500, b""), (200, b"success")]
    with Server(**settings) as server:
        control = Control(server.url)
        Clock(control).freeze()
        shop = control.shop(notify_url=receiver.url, rate="8")
        number = shop.pay_by_barcode()["out_trade_no"]
        shop.refund(number, "0.40", out_refund_id="r")
        control.post("/notifications/flush")
        before = remembered(shop, number)
    with Server(**settings):
        assert remembered(shop, number) == before
        Clock(control).advance("4m")
        assert shop.story(number)["notifications"][0]["status"] == "delivered"


@pytest.mark.sqlite
def test_time_that_passed_while_it_was_down_has_passed(tmp_path: Path) -> None:
    settings = {"database": tmp_path / "emulator.db", "port": free_port()}
    with Server(**settings) as server:
        control = Control(server.url)
        shop = control.shop()
        number = shop.qr_order(it_b_pay="1m")["out_trade_no"]
    with sqlite3.connect(tmp_path / "emulator.db") as database:
        database.execute("UPDATE clock SET offset_ms = 3600000")
    database.close()
    with Server(**settings):
        assert shop.query(number)["trade_status"] == "TRADE_CLOSED"
        assert control.ask("GET", "/wait", merchants_id=shop.merchants_id, out_trade_no=number,
                           status="TRADE_CLOSED").status == 200


# SIGTERM.

def half_sent(server: Server, shop: Shop, number: str) -> tuple[socket.socket, bytes]:
    """A request whose body is not complete yet; answers the connection and the rest."""
    params = shop.signed(out_trade_no=number, trans_amount="1.00", buyer_identity_code="280136483235977421",
                         pay_type="alipay")
    body = parse.urlencode(params).encode()
    connection = socket.create_connection(("127.0.0.1", int(str(server.settings["port"]))), timeout=20)
    connection.sendall(b"POST /v2/tgpaybarcode.php HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
                       b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n" % len(
                           body) + body[:20])
    return connection, body[20:]


def test_sigterm_finishes_the_requests_that_are_under_way(tmp_path: Path) -> None:
    settings = {"database": tmp_path / "emulator.db", "port": free_port()}
    server = Server(**settings).start()
    shop = Control(server.url).shop()
    numbers = [shop.number() for _ in range(4)]
    halves = [half_sent(server, shop, number) for number in numbers]
    time.sleep(0.3)
    with ThreadPoolExecutor() as pool:
        stopped = pool.submit(server.stop)
        time.sleep(0.3)
        answers = []
        for connection, rest in halves:
            connection.sendall(rest)
            answers.append(all_of(connection))
            connection.close()
        assert stopped.result()[0] == 0
    assert all(answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"</tgpaypro>\n") for answer in answers)
    with Server(**settings):
        assert {shop.query(number)["trade_status"] for number in numbers} == {"TRADE_SUCCESS"}


@pytest.mark.exhaustive
def test_sigterm_finishes_the_attempts_that_are_under_way(tmp_path: Path, receiver: Receiver) -> None:
    settings = {"database": tmp_path / "emulator.db", "port": free_port()}
    receiver.delay = 1.0
    server = Server(**settings).start()
    shop = Control(server.url).shop(notify_url=receiver.url)
    numbers = [shop.pay_by_barcode()["out_trade_no"] for _ in range(3)]
    receiver.wait_for(3)
    assert server.stop()[0] == 0
    with Server(**settings):
        shop.control.post("/notifications/flush")
        assert [notification["status"] for number in numbers
                for notification in shop.story(number)["notifications"]] == ["delivered"] * 3
    assert len(receiver.heard) == 3


def test_sigterm_ends_waiting_requests_and_streams_at_once() -> None:
    server = Server().start()
    control = Control(server.url)
    shop = control.shop()
    with ThreadPoolExecutor() as pool:
        waiting = [pool.submit(control.ask, "GET", "/wait", merchants_id=shop.merchants_id,
                               out_trade_no="never", timeout="1m")
                   for _ in range(3)]
        streaming = pool.submit(control.ask, "GET", "/events")
        time.sleep(0.5)
        begun = time.monotonic()
        status, _ = server.stop()
        assert (status, [answer.result().status for answer in waiting]) == (0, [408] * 3)
        assert streaming.result().status == 200
    assert time.monotonic() - begun < 8


def test_under_load_sigterm_carries_out_nothing_without_answering_and_forgets_nothing_answered(
         tmp_path: Path) -> None:
    settings = {"database": tmp_path / "emulator.db", "port": free_port()}
    server = Server(**settings).start()
    shop = Control(server.url).shop()
    paid: list[str] = []
    turned_away: list[str] = []

    def pay() -> None:
        number = ""
        try:
            for _ in range(10_000):
                number = shop.number()
                assert shop.pay_by_barcode(out_trade_no=number)["is_success"] == "T"
                paid.append(number)
        except OSError:
            turned_away.append(number)

    with ThreadPoolExecutor(6) as pool:
        working = [pool.submit(pay) for _ in range(6)]
        time.sleep(0.5)
        status, output = server.stop()
        for each in working:
            each.result()
    assert (status, len(output.splitlines()), len(turned_away)) == (0, 1, 6)
    with Server(**settings):
        assert {shop.query(number)["error"] for number in turned_away} == {"TRADE_NOT_EXIST"}
        assert {shop.query(number)["trade_status"] for number in paid} == {"TRADE_SUCCESS"}


# Several processes.

@pytest.fixture(scope="module")
def four() -> Iterator[Control]:
    with Server(workers=4, threads=4) as server:
        yield Control(server.url)


def test_all_processes_serve_one_database(four: Control, receiver: Receiver) -> None:
    shop = four.shop(notify_url=receiver.url)
    numbers = [shop.number() for _ in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: shop.pay_by_barcode("1.00", out_trade_no=number), numbers))
        seen = list(pool.map(lambda number: shop.query(number)["trade_status"], numbers))
        Clock(four).set("2030-01-01T00:00:00Z")
        years = set(pool.map(lambda _: four.get("/clock")["now"][:4], range(40)))
        tokens = set(pool.map(lambda _: four.get(f"/merchants/{shop.merchants_id}")["token"], range(40)))
    assert (set(seen), years, tokens) == ({"TRADE_SUCCESS"}, {"2030"}, {shop.token})
    four.post("/notifications/flush")
    assert len(receiver.heard) == 40


def test_refunds_that_arrive_at_once_never_exceed_the_payment(four: Control) -> None:
    shop = four.shop()
    number = shop.pay_by_barcode("1.00")["out_trade_no"]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: shop.refund(number, "0.30"), range(16)))
    assert sorted(answer["error"] for answer in answers) == [""] * 3 + ["REASON_TRADE_REFUND_FEE_ERR"] * 13
    assert shop.query(number)["refund_amount"] == ".90"


def test_a_request_that_arrives_many_times_at_once_pays_once(four: Control, receiver: Receiver) -> None:
    shop = four.shop(notify_url=receiver.url)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: shop.pay_by_barcode(out_trade_no="once"), range(16)))
    assert len({answer.raw for answer in answers}) == 1
    four.post("/notifications/flush")
    assert (len(receiver.heard), [line["event"] for line in shop.story("once")["history"]]) == (
        1, ["create", "pay"])


def test_two_servers_can_share_a_database(tmp_path: Path, receiver: Receiver) -> None:
    path = tmp_path / "emulator.db"
    with Server(database=path) as one, Server(database=path) as other:
        shop = Control(one.url).shop(notify_url=receiver.url)
        there = Shop(Control(other.url), shop.merchants_id, shop.token)
        number = there.pay_by_barcode()["out_trade_no"]
        assert shop.query(number)["trade_status"] == "TRADE_SUCCESS"
        for each in (shop, there):
            Clock(each.control).advance("1h")
            each.control.post("/notifications/flush")
        assert [notification["status"] for notification in shop.story(number)["notifications"]] == [
            "delivered"]


@pytest.mark.sqlite
def test_a_second_server_must_have_the_same_settings_where_it_matters(tmp_path: Path) -> None:
    path = tmp_path / "emulator.db"
    first = Server(database=path, refund_period="120m", seed="one").start()
    try:
        refused = outcome("--port=0", f"--database={path}", "--refund-period=90d", "--seed=two",
                          "--timezone=UTC", "--strict")
        assert refused == (1, [
            f"Error: another server serves {path} with other settings: seed differs; strict is off "
            f"there and on here; "
            "timezone is Asia/Shanghai there and UTC here; refund_period is 120m there and 90d here"])
        with Server(database=path, refund_period="2h", seed="one", threads=2, workers=1,
                    log_level="error") as second:
            assert Control(second.url).get("/orders")["items"] == []
    finally:
        first.kill()
    with Server(database=path, seed="one", timezone="UTC") as later:
        assert Control(later.url).get("/orders")["items"] == []


@pytest.mark.exhaustive
@every_row("moment", [0.0, 0.01, 0.02, 0.04, 0.06, 0.1], ids=lambda moment: f"{moment:g} s")
def test_sigterm_in_the_first_moments_is_not_lost(moment: float) -> None:
    server = Server().start(wait=False)
    server.announced()
    time.sleep(moment)
    begun = time.monotonic()
    assert server.stop()[0] == 0
    assert time.monotonic() - begun < 10  # a lost signal costs the whole grace of 15 s
