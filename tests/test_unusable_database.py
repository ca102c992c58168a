"""A database that is deleted, moved, overwritten or held by another process: all is refused in order, and is
well again by itself.
"""
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tgpay_emulator.store import Unusable, place_of
from tgpay_emulator.store.sqlite.files import Files, identity_in

from .driver import Answer, Control, Server, Shop, exchange

pytestmark = pytest.mark.sqlite

BY_SQLITE = ("import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN "
             "IMMEDIATE')")
BY_OUR_LOCK = "import fcntl, sys; f = open(sys.argv[1] + '-writing', 'a'); fcntl.flock(f, fcntl.LOCK_EX)"
STAY = "; print(flush=True); import time; time.sleep(100)"


def until(holds: Callable[[], bool], seconds: float = 15) -> bool:
    end = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < end:
        time.sleep(0.1)
    return held


def health(server: Server) -> Answer:
    return Control(server.url).ask("GET", "/health")


def is_shorter_than_it_says(path: Path) -> bool:
    """Whether a database file has fewer pages than its first page counts."""
    with path.open("rb") as file:
        head = file.read(32)
    return int.from_bytes(head[28:32], "big") * int.from_bytes(head[16:18], "big") > path.stat().st_size


def move_aside(path: Path) -> Callable[[], object]:
    path.rename(path.with_suffix(".aside"))
    return lambda: path.with_suffix(".aside").rename(path)


def move_the_folder(path: Path) -> Callable[[], object]:
    aside = path.parent.with_name("aside")
    path.parent.rename(aside)
    return lambda: aside.rename(path.parent)


def another_one(path: Path) -> Path:
    """Another database of the emulator."""
    other = path.with_suffix(".other")
    made = f"from tgpay_emulator.server.process import *; build(Settings(), place_of({str(other)!r}))"
    subprocess.run([sys.executable, "-c", made], check=True)
    return other


def replace(path: Path) -> Callable[[], object]:
    other = another_one(path)
    back = move_aside(path)
    other.rename(path)
    return back


def overwrite(path: Path, content: Callable[[bytes], bytes]) -> Callable[[], object]:
    was = path.read_bytes()
    path.write_bytes(content(was))
    return lambda: path.write_bytes(was)


def write_another_over_it(path: Path) -> Callable[[], object]:
    other = another_one(path).read_bytes()
    return overwrite(path, lambda was: other)


HARM: dict[str, Callable[[Path], Callable[[], object]]] = {
    "moved": move_aside, "its folder moved": move_the_folder, "another in its place": replace,
    "emptied": lambda path: overwrite(path, lambda was: b""),
    "cut off": lambda path: overwrite(path, lambda was: was[:len(was) // 2]),
    "garbage": lambda path: overwrite(path, lambda was: os.urandom(len(was))),
    "another written over it": write_another_over_it}


@pytest.mark.sampled
@pytest.mark.parametrize("harm", list(HARM))
def test_while_the_database_is_not_there_all_is_refused_in_order_and_goes_on_afterwards(
         tmp_path: Path, harm: str) -> None:
    path = tmp_path / "data" / "emulator.db"
    server = Server(database=path, workers=2)
    with server:
        control = Control(server.url)
        shop = control.shop()
        before = shop.pay_by_barcode()["out_trade_no"]
        repair = HARM[harm](path)
        assert until(lambda: health(server).status == 503)
        refused = shop.pay_by_barcode()
        assert (refused.status, refused["is_success"], refused["error"]) == (200, "F", "SYSTEM_ERROR")
        assert ("database" in health(server).json["detail"]
                and str(tmp_path) not in refused["detail_error_des"])
        assert (exchange(f"{server.url}/readyz").status == 503
                and exchange(f"{server.url}/livez").status == 200)
        assert control.ask("GET", "/orders").json["status"] == 503
        assert control.ask("POST", "/merchants", {}).json["status"] == 503
        page = exchange(f"{server.url}/console/orders")
        assert page.status == 503 and page.headers["Content-Type"].startswith("text/html")
        repair()
        assert until(lambda: all(health(server).status == 200 for _ in range(10)))
        paid = shop.pay_by_barcode()["out_trade_no"]
        orders = control.get("/orders", merchants_id=shop.merchants_id)["items"]
        assert [order["out_trade_no"] for order in orders] == [before, paid]
        status, printed = server.stop()
    assert status == 0 and "Traceback" not in printed
    # for each process that it begins, and that it ends
    assert len(printed.splitlines()) <= 1 + 2 * 2, printed


@pytest.mark.exhaustive
def test_a_database_that_somebody_reads_for_long_is_not_taken_for_a_damaged_one(tmp_path: Path) -> None:
    """Of a database that grows, only a part of the log is taken over then: the file is shorter than it says,
    and the log has the rest.
    """
    path = tmp_path / "emulator.db"
    with Server(database=path) as server:
        shop = Control(server.url).shop()
        with closing(sqlite3.connect(path, isolation_level=None)) as writer, closing(
                sqlite3.connect(path, isolation_level=None)) as reader:
            writer.executescript("CREATE TABLE growth (content); INSERT INTO growth VALUES "
                                 "(randomblob(900000));")
            reader.execute("BEGIN").execute("SELECT count(*) FROM orders").fetchone()
            writer.execute("UPDATE growth SET content = randomblob(900000)")  # the same pages once more
            assert until(lambda: is_shorter_than_it_says(path))
            for _ in range(3):
                assert shop.pay_by_barcode()["is_success"] == "T"
                assert health(server).status == 200
                time.sleep(1)  # another part may be taken over
            with path.open("r+b") as file:
                file.truncate(path.stat().st_size // 2)
            assert until(lambda: health(server).status == 503)


@pytest.mark.parametrize("shrinks", [True, False], ids=["shrinks", "stays too short"])
def test_a_database_that_grows_is_sound_before_its_checkpoint_ends_but_not_for_long_nor_when_it_shrinks(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shrinks: bool) -> None:
    path = another_one(tmp_path / "emulator.db")
    files = Files(path)
    assert files.begin()
    before = path.stat().st_size
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.executescript("CREATE TABLE growth (content); INSERT INTO growth VALUES (randomblob(900000));")
    grown = path.read_bytes()  # it was closed, so there is no log that could have the rest
    path.write_bytes(grown[:(before + len(grown)) // 2])
    assert is_shorter_than_it_says(path)
    files.check()
    if shrinks:
        path.write_bytes(grown[:before // 2])
    else:
        monkeypatch.setattr("tgpay_emulator.store.sqlite.files.GROWS_S", 0)
    with pytest.raises(Unusable, match="cut off"):
        files.check()


def is_paid(shop: Shop, number: str) -> bool:
    """Whether a query says so. A process that has not yet opened the log anew answers SYSTEM_ERROR."""
    return "<trade_status>TRADE_SUCCESS<" in shop.query(number).text


@pytest.mark.parametrize("removed", [["-wal"], ["-wal", "-shm"]], ids=str)
def test_when_its_log_is_deleted_nothing_that_was_answered_is_lost(
         tmp_path: Path, removed: list[str]) -> None:
    path = tmp_path / "emulator.db"
    with Server(database=path, workers=2) as server:
        control = Control(server.url)
        shop = control.shop()
        numbers = [shop.pay_by_barcode()["out_trade_no"] for _ in range(20)]
        for ending in removed:
            os.unlink(f"{path}{ending}")
        assert until(lambda: all(is_paid(shop, number) for number in numbers))
        later = [shop.pay_by_barcode() for _ in range(20)]
        numbers += [answer["out_trade_no"] for answer in later if answer["is_success"] == "T"]
        assert len(numbers) > 20
        assert until(lambda: all(is_paid(shop, number) for number in numbers))
        server.kill()
        server.start()
        assert all(is_paid(shop, number) for number in numbers)


@pytest.mark.parametrize("removed", [["-wal"], ["-wal", "-shm"]], ids=str)
def test_a_process_that_begins_or_ends_opens_no_log_until_those_with_a_deleted_one_have_taken_it_over(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, removed: list[str]) -> None:
    monkeypatch.setattr("tgpay_emulator.store.sqlite.connection.RENEWED_S", 0.2)
    path = tmp_path / "emulator.db"
    with Server(database=path, workers=1) as server:
        shop = Control(server.url).shop()
        number = shop.pay_by_barcode()["out_trade_no"]
        place = place_of(str(path))
        store = place.open()
        store.keep_to(identity_in(path))
        store.close()
        assert server.process is not None
        os.killpg(server.process.pid, signal.SIGSTOP)
        for ending in removed:
            os.unlink(f"{path}{ending}")
        for begin in (store.read, place.prepare, place.alone().__enter__):
            with pytest.raises(Unusable, match="log"):
                begin()
        place.conclude()
        assert not any(os.path.exists(f"{path}{ending}") for ending in removed)
        os.killpg(server.process.pid, signal.SIGCONT)
        assert until(lambda: is_paid(shop, number))
        found = store.read().orders.find(shop.merchants_id, number)
        assert found is not None and found.was_paid
        store.close()


def test_while_its_log_is_deleted_again_and_again_payments_go_on_and_none_is_lost(tmp_path: Path) -> None:
    path, paid, is_over = tmp_path / "emulator.db", list[tuple[Shop, str]](), threading.Event()

    def pay(shop: Shop) -> None:
        while not is_over.is_set():
            answer = shop.pay_by_barcode()
            if answer["is_success"] == "T":
                paid.append((shop, answer["out_trade_no"]))

    with Server(database=path, workers=2) as server, ThreadPoolExecutor() as pool:
        ends = [pool.submit(pay, Control(server.url).shop()) for _ in range(4)]
        for removed in [["-wal", "-shm"], ["-wal"], ["-wal", "-shm"]]:
            before = len(paid)
            assert until(lambda: len(paid) > before + 50 and all(map(os.path.exists, logs_of(path))))
            for ending in removed:
                os.unlink(f"{path}{ending}")
        before = len(paid)
        assert until(lambda: len(paid) > before + 50)
        is_over.set()
        assert [end.result() for end in ends] == [None] * len(ends)
        server.kill()
        server.start()
        assert [number for shop, number in paid if not is_paid(shop, number)] == []
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def logs_of(path: Path) -> list[str]:
    """The log of a database and its index."""
    return [f"{path}-wal", f"{path}-shm"]


@pytest.mark.exhaustive
def test_another_database_that_is_served_after_a_restart_is_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "emulator.db"
    with Server(database=path) as server:
        Control(server.url).shop().pay_by_barcode()
        replace(path)
        assert until(lambda: health(server).status == 503)
    with Server(database=path, port=server.settings["port"]) as server:
        assert Control(server.url).get("/orders")["items"] == []


@contextmanager
def stopped_holder(how: str, path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the database and is stopped."""
    holder = subprocess.Popen([sys.executable, "-c", how + STAY, str(path)], stdout=subprocess.PIPE,
                              text=True)
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        os.kill(holder.pid, signal.SIGSTOP)
        yield holder
    finally:
        holder.kill()
        holder.communicate()


def seconds(ask: Callable[[], Answer]) -> tuple[Answer, float]:
    begun = time.monotonic()
    return ask(), time.monotonic() - begun


@pytest.mark.exhaustive
@pytest.mark.parametrize("how", [BY_SQLITE, BY_OUR_LOCK], ids=["by SQLite", "by the lock of writers"])
def test_a_stopped_process_that_holds_the_database_is_not_waited_for_for_ever(
         tmp_path: Path, how: str) -> None:
    path = tmp_path / "emulator.db"
    with Server(database=path, workers=1, threads=4) as server:
        control = Control(server.url)
        shop = control.shop()
        with ThreadPoolExecutor(12) as pool:
            with stopped_holder(how, path):
                payments = [pool.submit(seconds, shop.pay_by_barcode) for _ in range(12)]
                time.sleep(0.5)
                assert control.get("/orders")["items"] == [] and exchange(f"{server.url}/livez").status == 200
                for refused, lasted in (payment.result() for payment in payments):
                    assert "another process holds the database" in refused["detail_error_des"] and lasted < 8
                assert "another process holds" in health(server).json["detail"]
                move, lasted = seconds(lambda: control.ask("POST", "/clock", {"advance": "1s"}))
                assert move.status == 503 and lasted < 3
        assert until(lambda: health(server).status == 200)
        assert shop.pay_by_barcode()["result_code"] == "SUCCESS"
        assert len(control.get("/orders")["items"]) == 1
        assert control.ask("POST", "/clock", {"advance": "1s"}).status == 200


@pytest.mark.exhaustive
def test_a_move_of_the_clock_that_the_database_interrupts_goes_on_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "emulator.db"
    with (socket.create_server(("127.0.0.1", 0)) as silent,
          Server(database=path, workers=1, notify_timeout="1s") as server):
        control = Control(server.url)
        for _ in range(5):
            control.shop(notify_url=f"http://127.0.0.1:{silent.getsockname()[1]}/").pay_by_barcode()
        with ThreadPoolExecutor(1) as pool:
            move = pool.submit(control.ask, "POST", "/clock", {"advance": "30m"})
            assert until(lambda: bool(control.get("/clock")["frozen"]))
            with stopped_holder(BY_OUR_LOCK, path):
                log = server.output.fileno()
                assert until(lambda: "requests are refused" in os.pread(log, 65_536, 0).decode())
            assert move.result().status == 200, move.result().text
        clock = control.get("/clock")
        assert (clock["offset_s"], clock["frozen"]) == (1_800, False)
        assert "Traceback" not in server.stop()[1]


@pytest.mark.exhaustive
def test_when_the_process_that_leads_is_stopped_who_asks_it_is_told(tmp_path: Path) -> None:
    path = tmp_path / "emulator.db"
    leading = ("from pathlib import Path; import sys; "
               "from tgpay_emulator.store.sqlite.locks import Leadership; "
               "Leadership(Path(sys.argv[1])).acquire(False)")
    held = leading.replace("Leadership(Path", "held = Leadership(Path").replace(".acquire", "; held.acquire")
    with stopped_holder(held, path), \
            Server(database=path, workers=1) as server:
        control = Control(server.url)
        move, lasted = seconds(lambda: control.ask("POST", "/clock", {"advance": "1h"}))
        assert move.status == 503 and "has stopped" in move.json["detail"] and lasted < 9
    with Server(database=path, port=server.settings["port"]) as server:
        assert Control(server.url).get("/clock")["offset_s"] == 0
