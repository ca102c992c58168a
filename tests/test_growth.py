"""What is kept has limits: of size, of number and of age; and room that is free goes back to the disk."""
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tgpay_emulator.store.shortening import MOST_CHARACTERS, MOST_PARAMS, kept_params, shortened
from tgpay_emulator.store.sqlite.schema import prepare
from tgpay_emulator.store.sqlite.store import Store

from .driver import Control, Server, Shop

pytestmark = pytest.mark.sqlite

HOUR = 3_600_000
REFUSED = ("INSERT INTO journal (at, merchants_id, endpoint, out_trade_no, ip, method, params, status, "
           "answer, verdict, findings, explanation) VALUES (0, '1', 'tgpayquery', '', '', 'GET', '{}', 200, "
           "?, 'ILLEGAL_SIGN', '[]', '{}')")
ENDED = ("INSERT INTO notifications (merchants_id, out_trade_no, notify_type, method, url, content_type, "
         "body, created_at, status, attempts, due_at) VALUES ('1', 'x', 'trade_status_sync', 'GET', '', '', "
         "'', 0, ?, 1, ?)")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    path = tmp_path / "emulator.db"
    prepare(path)
    return Store(path)


def asked(store: Store, statement: str) -> list[tuple[Any, ...]]:
    """What another program sees in the database."""
    with closing(sqlite3.connect(store.path)) as connection:
        return connection.execute(statement).fetchall()


def count(store: Store, table: str) -> int:
    return int(asked(store, f"SELECT count(*) FROM {table}")[0][0])


def put(store: Store, statement: str, rows: list[tuple[Any, ...]]) -> None:
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.executemany(statement, rows)


def fill(store: Store, entries: int, answer: str = "") -> None:
    put(store, REFUSED, [(answer,)] * entries)


def until(holds: Callable[[], bool], seconds: float = 20) -> bool:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.1)
    return holds()


def test_a_long_text_is_cut_and_the_rest_is_said() -> None:
    assert shortened("x" * 4_096) == "x" * 4_096
    assert shortened("x" * 5_096) == "x" * 4_096 + "… (1,000 characters more)"


def test_of_very_many_or_large_parameters_the_first_are_kept() -> None:
    many = {f"p{number}": "1" for number in range(1_000)}
    assert list(kept_params(many).items())[:2] == [("p0", "1"), ("p1", "1")]
    assert kept_params(many)["…"] == f"({1_000 - MOST_PARAMS} parameters more)"
    large = {f"p{number}": "x" * 100_000 for number in range(100)}
    assert sum(map(len, kept_params(large).values())) <= MOST_CHARACTERS + 100
    assert kept_params({"p" * 5_000: "1"}) == {"p" * 4_096 + "… (904 characters more)": "1"}


@pytest.mark.parametrize("signed", [True, False])
def test_a_request_of_a_megabyte_is_kept_in_short(shop: Shop, signed: bool) -> None:
    params = shop.signed(out_trade_no=shop.number(), trans_amount="1.00", it_b_pay="15m",
                         reference="x" * 900_000)
    told = shop.send("tgpayqrcode", params if signed else {**params, "sign": "0" * 32}, "POST")
    kept = shop.control.get(f"/journal/{told.headers['X-TGPay-Request']}")
    assert kept["verdict"] == ("OK" if signed else "ILLEGAL_SIGN")
    assert kept["params"]["reference"] == "x" * 4_096 + "… (895,904 characters more)"
    assert len(str(kept)) < 60_000


def test_what_is_beyond_the_number_is_deleted_and_the_newest_stay(store: Store) -> None:
    fill(store, 3_000)
    store.tidy(0, None, 1_000)
    assert asked(store, "SELECT min(id), count(*) FROM journal") == [(2_001, 1_000)]


def test_what_is_older_in_real_time_is_deleted(store: Store) -> None:
    store.tidy(HOUR, 10 * HOUR, None)
    fill(store, 10)
    store.tidy(5 * HOUR, 10 * HOUR, None)
    fill(store, 10)
    store.tidy(14 * HOUR, 10 * HOUR, None)
    assert count(store, "journal") == 20
    store.tidy(15 * HOUR, 10 * HOUR, None)
    assert count(store, "journal") == 10
    store.tidy(40 * HOUR, 10 * HOUR, None)
    store.tidy(60 * HOUR, 10 * HOUR, None)
    assert count(store, "journal") == 0
    assert count(store, "upkeep_marks") <= 2


def test_a_notification_that_is_still_to_be_sent_is_kept(store: Store) -> None:
    put(store, ENDED, [("delivered", None), ("failed", None), ("pending", 7)] * 400)
    store.tidy(0, None, 0)
    assert asked(store, "SELECT DISTINCT status FROM notifications") == [("pending",)]
    assert count(store, "notifications") == 400


def test_free_room_goes_back_to_the_disk(store: Store) -> None:
    fill(store, 3_000, "x" * 8_000)
    store.checkpoint()
    large = store.path.stat().st_size
    with store.write() as tables:
        tables.erase_all()
    store.tidy(0, None, None)
    assert large > 20_000_000 and store.path.stat().st_size < large / 5
    assert Path(f"{store.path}-wal").stat().st_size == 0


def test_a_file_of_an_earlier_version_is_written_anew_when_most_of_it_is_free(store: Store) -> None:
    store.close()
    with sqlite3.connect(store.path) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA auto_vacuum = NONE")
        connection.execute("VACUUM")
    connection.close()
    older = Store(store.path)
    fill(older, 3_000, "x" * 8_000)
    with older.write() as tables:
        tables.erase_all()
    older.tidy(0, None, None)
    older.checkpoint()
    assert asked(older, "PRAGMA auto_vacuum") == [(2,)]
    assert asked(older, "PRAGMA freelist_count")[0][0] < 100


@pytest.mark.exhaustive
def test_a_server_keeps_the_newest_requests_only(tmp_path: Path) -> None:
    with Server(database=tmp_path / "emulator.db", keep_entries=100) as server:
        control = Control(server.url)
        shop = control.shop()
        for _ in range(250):
            shop.query("nothing")
        assert until(lambda: len(control.get("/journal", limit=1000)["items"]) == 100)
