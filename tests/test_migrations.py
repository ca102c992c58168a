"""The design's promise of the database: an older one is brought up to date, a newer one refused, however many processes begin at once."""
import multiprocessing
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlite_utils import Database

from tgpay_emulator.domain.wallet_orders import WalletOrder
from tgpay_emulator.store import Store, Unusable, database, prepare

VERSION_1 = Path(__file__).parent / "vectors" / "schema-1.sql"  # of 0.1.0
CONTEXT = multiprocessing.get_context("fork")
Migrate = Callable[[Database], None]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database of the present version with an order in it."""
    path = tmp_path / "emulator.db"
    prepare(path)
    store = Store(path)
    with store.write() as tables:
        tables.orders.add(WalletOrder(
            "1", "order", "tgpayqrcode", "alipay", 100, "GBP", 907_480_000, 600_000, 1, 2, "token", "", "127.0.0.1"))
    store.close()
    return path


def newer(monkeypatch: pytest.MonkeyPatch, *migrations: Migrate) -> int:
    """Make the program a version newer for each migration; answers the version that it has then."""
    present = database.VERSION
    monkeypatch.setattr(database, "VERSION", present + len(migrations))
    monkeypatch.setattr(database, "MIGRATIONS", {present + place: migrate for place, migrate in enumerate(migrations, 1)})
    return present + len(migrations)


def version(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


def add_note(tables: Database) -> None:
    tables["orders"].add_column("note", str, not_null_default="none")


def add_tips(tables: Database) -> None:
    tables["tips"].create({"id": int, "amount": int}, pk="id")


def fail(tables: Database) -> None:
    tables["half"].create({"id": int})
    tables["orders"].insert({"id": 7})


def test_a_new_database_is_of_the_present_version(path: Path) -> None:
    assert version(path) == database.VERSION


def test_an_older_database_is_brought_up_to_date_and_keeps_its_rows(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    latest = newer(monkeypatch, add_note, add_tips)
    prepare(path)
    assert version(path) == latest
    opened = Database(path)
    assert [(row["out_trade_no"], row["note"]) for row in opened["orders"].rows] == [("order", "none")]
    assert opened["tips"].exists()
    opened.close()


def columns(path: Path) -> dict[str, set[str]]:
    """The columns of each table of a database."""
    opened = Database(path)
    found = {table.name: set(table.columns_dict) for table in opened.tables}
    opened.close()
    return found


def test_a_database_of_0_1_0_becomes_one_of_the_present_version_and_keeps_its_orders(path: Path, tmp_path: Path) -> None:
    older = tmp_path / "older.db"
    with sqlite3.connect(older) as connection:
        connection.executescript(VERSION_1.read_text(encoding="utf-8"))
        connection.execute(f"PRAGMA application_id = {database.APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
        connection.execute("INSERT INTO merchants (merchants_id, settings, made, seeded) VALUES ('1', '{}', '{}', 1)")
        connection.execute(
            "INSERT INTO orders (merchants_id, out_trade_no, endpoint, pay_type, amount, currency, rate, fee_rate, created_at, "
            "expires_at, page_token, notify_url, create_ip, details, watched, status, trans_id, buyer_id, buyer_login, buyer_email, "
            "closed_by, failure, refunded) VALUES ('1', 'order', 'tgpayqrcode', 'alipay', 100, 'GBP', 907480000, 600000, 1, 2, 'token', "
            "'', '127.0.0.1', '{}', 0, 'WAIT_BUYER_PAY', '', '', '', '', '', '', 0)")
        connection.executemany(
            "INSERT INTO ledger (merchants_id, out_trade_no, kind, amount, fee, rmb_settlement, settles_at, line) "
            "VALUES ('1', 'order', ?, ?, 0, ?, 7, ?)", [("P", 100, 908, "order,t\r\n"), ("R", -40, -363, '"re,fund",t\r\n')])
    connection.close()
    prepare(older)
    assert version(older) == database.VERSION
    assert columns(older) == columns(path)
    store = Store(older)
    order = store.read().orders.find("1", "order")
    entries = store.read().ledger.truth("1", 7, 8)
    store.close()
    assert order is not None and (order.amount, order.card) == (100, None)
    assert [(entry.partner_id, entry.amount, entry.settles_at, entry.injected) for entry in entries] == [
        ("order", 100, 7, ()), ("re,fund", -40, 7, ())]


def test_a_migration_is_done_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    newer(monkeypatch, add_note)
    for _ in range(3):
        prepare(path)


def test_a_migration_that_fails_leaves_the_database_of_the_step_before(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
        connection.execute(f"PRAGMA user_version = {database.VERSION + 1}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(Unusable, match="newer"):
        prepare(path)
    assert path.read_bytes() == before


def test_many_processes_make_a_new_database_together(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    line = f"from pathlib import Path; from tgpay_emulator.store import prepare; prepare(Path({str(path)!r}))"
    processes = [subprocess.Popen([sys.executable, "-c", line], stderr=subprocess.PIPE, text=True) for _ in range(8)]
    assert [process.communicate(timeout=30)[1] for process in processes] == [""] * 8
    assert version(path) == database.VERSION


def test_many_processes_migrate_an_older_database_together(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    latest = newer(monkeypatch, add_note, add_tips)
    processes = [CONTEXT.Process(target=prepare, args=(path,)) for _ in range(8)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0] * 8
    assert version(path) == latest
