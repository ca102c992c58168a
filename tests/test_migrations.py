"""The design's promise of the database: an older one is brought up to date, a newer one refused, however many
processes begin at once."""
import json
import multiprocessing
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from tgpay_emulator.domain.wallet_orders import WalletOrder
from tgpay_emulator.store import Unusable, copying, migrations, place_of, schema
from tgpay_emulator.store.sqlite.schema import prepare
from tgpay_emulator.store.sqlite.store import Store

from . import older_databases
from .driver import Control, Receiver, Server, Shop

pytestmark = pytest.mark.sqlite

CONTEXT = multiprocessing.get_context("fork")
Migrate = Callable[[Any], None]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database of the present version with an order in it."""
    path = tmp_path / "emulator.db"
    prepare(path)
    store = Store(path)
    with store.write() as tables:
        tables.orders.add(WalletOrder(
            "1", "order", "tgpayqrcode", "alipay", 100, "GBP", 907_480_000, 600_000, 1, 2, "token", "",
            "127.0.0.1"))
    store.close()
    return path


def newer(monkeypatch: pytest.MonkeyPatch, *steps: Migrate) -> int:
    """Make the program a version newer for each migration; answers the version that it has then."""
    present = schema.VERSION
    monkeypatch.setattr(schema, "VERSION", present + len(steps))
    monkeypatch.setattr(migrations, "STEPS", {present + place: step for place, step in enumerate(steps, 1)})
    return present + len(steps)


def version(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


def add_note(database: Any) -> None:
    database.execute("ALTER TABLE orders ADD COLUMN note TEXT NOT NULL DEFAULT 'none'")


def add_tips(database: Any) -> None:
    database.execute("CREATE TABLE tips (id BIGINT PRIMARY KEY, amount BIGINT)")


def fail(database: Any) -> None:
    database.execute("CREATE TABLE half (id BIGINT)")
    database.execute("INSERT INTO orders (id) VALUES (7)")


def test_a_new_database_is_of_the_present_version(path: Path) -> None:
    assert version(path) == schema.VERSION


def test_an_older_database_is_brought_up_to_date_and_keeps_its_rows(
        path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    latest = newer(monkeypatch, add_note, add_tips)
    prepare(path)
    assert version(path) == latest
    opened = Database(path)
    assert [(row["out_trade_no"], row["note"]) for row in opened["orders"].rows] == [("order", "none")]
    assert opened["tips"].exists()
    opened.close()


@pytest.mark.parametrize("since", older_databases.VERSIONS)
def test_a_database_of_any_earlier_version_can_be_copied(tmp_path: Path, since: int) -> None:
    source, target = tmp_path / "older.db", tmp_path / "new folder" / "copy.db"
    older_databases.make(source, since)
    number = copying.number_of_rows(place_of(str(source)))
    counts = copying.copy(place_of(str(source)), place_of(str(target)), lambda done: None)
    assert sum(counts.values()) == number > 10
    assert counts["orders"] == numbers(target)["orders"] > 0
    assert version(target) == schema.VERSION


def normal(sql: str) -> list[str]:
    """A statement that makes a table or an index, without blanks, quotes and comments; columns of tables in
    order."""
    plain = re.sub(r"--[^\n]*|[\"\s]", "", sql)
    head, _, inside = plain.partition("(")
    columns = re.split(r",(?![^()]*\))", inside.removesuffix(")"))
    return [head, *sorted(columns)] if head.startswith("CREATETABLE") else [plain]


def shape(path: Path) -> dict[str, list[str]]:
    """All tables and indexes of a database."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {name: normal(sql) for name, sql in found}


def numbers(path: Path) -> dict[str, int]:
    """How many rows each table of a database has."""
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for (name,) in tables}


@pytest.fixture(params=older_databases.VERSIONS)
def older(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A database of an earlier version, with rows in all its tables."""
    path = tmp_path / f"version-{request.param}.db"
    older_databases.make(path, request.param)
    return path


def test_a_database_of_any_earlier_version_gets_the_present_schema_and_keeps_its_rows(
         older: Path, path: Path) -> None:
    before, since = numbers(older), version(older)
    prepare(older)
    assert version(older) == schema.VERSION
    assert shape(older) == shape(path)
    kept = {"notifications" if name == "notices" else name: number for name, number in before.items()}
    given = {"terminals": 2} if since < 3 else {}  # version 3 gave each merchant two terminals
    assert numbers(older).items() >= {**kept, **given}.items()


def test_what_an_older_database_says_is_said_in_the_present_words(older: Path) -> None:
    has_injected = version(older) >= 3
    prepare(older)
    store, number = Store(older), (older_databases.MERCHANT, older_databases.ORDER)
    reader = store.read()
    notifications, _ = reader.notifications.of_order(*number)
    attempts = [tuple(row) for each in (1, 2, 3) for row in reader.notifications.attempts(each).rows]
    injected = [entry.injected for entry in reader.ledger.truth(number[0], 0, 2**62)]
    detail = json.loads(reader.orders.history(*number).rows[1]["detail"])
    results = [reader.commands.result(command) for command in (1, 2)]
    settings = reader.merchants.find(number[0])
    store.close()
    assert [each.status for each in notifications] == ["delivered", "failed", "pending"]
    assert len(attempts) == 2
    assert injected == ([("fee_off",)] if has_injected else [()])
    assert detail == {"amount": "1.00", "trans_id": older_databases.PLANTED["trans_id"],
                      "injected": "fee_off"}
    assert results == [
        {"delivered": True, "error": "", "status_code": 200},
        {**older_databases.MOVED, "done": {"changes": 2, "attempts": 3, "delivered": 1}}]
    assert settings and settings.token == older_databases.TOKEN


def test_the_numbers_of_notifications_go_on_from_those_of_an_older_database(older: Path) -> None:
    with closing(sqlite3.connect(older)) as connection, connection:
        connection.execute("UPDATE sqlite_sequence SET seq = 40 WHERE name IN ('notices', "
                           "'notifications')")
    prepare(older)
    with closing(sqlite3.connect(older)) as connection:
        rows = connection.execute("SELECT name, seq FROM sqlite_sequence WHERE name IN ('notices', "
                                  "'notifications')")
        assert rows.fetchall() == [("notifications", 40)]


def settled_statuses(shop: Shop, seconds: float = 10) -> list[str]:
    """What has become of the notifications of the older order, as soon as none is pending."""
    end = time.monotonic() + seconds
    while True:
        found = [each["status"] for each in shop.notifications(older_databases.ORDER)]
        if "pending" not in found or time.monotonic() > end:
            return found
        time.sleep(0.05)


@pytest.mark.sampled
@pytest.mark.parametrize("since", older_databases.VERSIONS)
def test_a_server_sends_what_an_older_database_has_not_sent(
        since: int, tmp_path: Path, receiver: Receiver) -> None:
    path = tmp_path / "older.db"
    older_databases.make(path, since, receiver.url)
    with Server(database=path) as server:
        shop = Shop(Control(server.url), older_databases.MERCHANT, older_databases.TOKEN)
        assert [heard.query for heard in receiver.wait_for(1)] == ["notify_id=3"]
        assert settled_statuses(shop) == ["delivered", "failed", "delivered"]
        told = shop.control.get("/settlement", merchants_id=shop.merchants_id)["items"]
        assert [each["injected"] for each in told] == [["fee_off"] if since >= 3 else []]
        answer = shop.query(older_databases.ORDER)
        assert answer["trade_status"] == "TRADE_SUCCESS", answer.text


def test_a_ledger_of_0_1_0_learns_the_numbers_of_its_refunds(tmp_path: Path) -> None:
    older = tmp_path / "older.db"
    older_databases.make(older, 1)
    with closing(sqlite3.connect(older)) as connection, connection:
        connection.execute("INSERT INTO ledger (merchants_id, out_trade_no, kind, amount, fee, "
                           "rmb_settlement, settles_at, line) "
                           "VALUES ('1', 'order', 'R', -40, 0, -363, 7, '\"re,fund\",t\r\n')")
    prepare(older)
    store = Store(older)
    entries = store.read().ledger.truth("1", 7, 8)
    store.close()
    assert [(entry.partner_id, entry.amount, entry.settles_at, entry.injected) for entry in entries] == [
        ("re,fund", -40, 7, ())]


def test_a_migration_is_done_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newer(monkeypatch, add_note)
    for _ in range(3):
        prepare(path)


def test_a_migration_that_fails_leaves_the_database_of_the_step_before(
         path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = version(path)
    newer(monkeypatch, add_note, fail)
    with pytest.raises(Unusable):
        prepare(path)
    assert version(path) == before + 1
    opened = Database(path)
    assert "note" in opened["orders"].columns_dict
    assert not opened["half"].exists()
    opened.close()


def test_a_migrated_database_is_used_as_before(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newer(monkeypatch, add_tips)
    prepare(path)
    store = Store(path)
    order = store.read().orders.find("1", "order")
    assert order is not None and order.amount == 100
    store.close()


def test_a_newer_database_is_refused_and_untouched(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(Unusable, match="newer"):
        prepare(path)
    assert path.read_bytes() == before


@pytest.mark.exhaustive
def test_many_processes_make_a_new_database_together(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    line = f"from tgpay_emulator.store import place_of; place_of({str(path)!r}).prepare()"
    command = [sys.executable, "-c", line]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(8)]
    assert [process.communicate(timeout=30)[1] for process in processes] == [""] * 8
    assert version(path) == schema.VERSION


def test_many_processes_migrate_an_older_database_together(
        path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    latest = newer(monkeypatch, add_note, add_tips)
    processes = [CONTEXT.Process(target=prepare, args=(path,)) for _ in range(8)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0] * 8
    assert version(path) == latest
