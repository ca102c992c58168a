"""Reading cannot write: a `Reader` has no way to change the database, neither in its methods nor on its
connection."""
import inspect
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tgpay_emulator.base.clock import Clock
from tgpay_emulator.store import OwnReader, Reader, Writer
from tgpay_emulator.store.evidence import Scope, attempts, requests
from tgpay_emulator.store.retention import Limits
from tgpay_emulator.store.sqlite.connection import connect
from tgpay_emulator.store.sqlite.schema import prepare
from tgpay_emulator.store.sqlite.store import Store

from . import older_databases

pytestmark = pytest.mark.sqlite

ROOT = Path(__file__).parent.parent
OF = ("29", "order")
# What each method is called with; those that are not named take nothing.
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "merchants.find": ("29",), "merchants.made": ("29",), "merchants.page": ("", 10),
    "merchants.names": (10,),
    "merchants.tokens": ("", 10), "merchants.is_used": ("29",), "merchants.users": ("29",),
    "merchants.login": ("Ken",),
    "upcoming.count": (2**62,), "orders.find": OF, "orders.by_id": (1,), "orders.of_page": ("page",),
    "orders.page": (0, "29", "TRADE_SUCCESS", 0, 10),
    "orders.due": (2**62, 10), "orders.history": OF, "orders.count_history": OF,
    "orders.history_after": (0, 10),
    "orders.refund": ("29", "R1"), "orders.refunds": OF, "orders.count_refunds": OF,
    "ledger.lines": ("29", 0, 2**62), "ledger.page": ("29", 0, 2**62, 0, 10),
    "ledger.truth": ("29", 0, 2**62),
    "notifications.find": (1,), "notifications.due": (2**62, ("29",), (1,), 10), "notifications.unsent": OF,
    "notifications.are_due": (2**62, 9), "notifications.page": ({"status": "pending"}, 0, 10),
    "notifications.of_order": OF, "notifications.are_delivered": OF, "notifications.attempts": (1,),
    "notifications.tally": (0,), "notifications.attempts_after": (0, 10), "notifications.breaches": ("29",),
    "notifications.place": (1,),
    "journal.find": (1,), "journal.page": ({"verdict": "OK"}, 0, 10), "journal.after": (0, 10),
    "journal.breaches": ("29",),
    "journal.asked": (*OF, "tgpayquery", 2**62), "journal.told_since": (*OF, "tgpayquery", "x", 0, 2**62),
    "commands.result": (1,), "keys.find": ("key", "body", 0),
    "terminals.find": ("1900000007",), "terminals.of_merchant": ("29",), "terminals.page": ("29", "", 10),
    "terminals.is_used": ("x",), "terminals.count": OF, "terminals.transaction": ("29", "x"),
    "scenarios.of": ("29",), "scenarios.own": ("29",), "scenarios.uses": ("29",),
    "scenarios.lately": ("29", "name", 10), "scenarios.merchants": (10,),
    "lists.last_attempts": ([1],), "lists.broken": ([1],), "settled.merchants": (0, 2**62, 10),
    "inboxes.replies": ("29",), "inboxes.find": (1,), "inboxes.page": ("29", None, 10),
    "inboxes.shown": ("29", None),
    "forwards.listener": ("29",), "forwards.state": ("id",), "forwards.taken": ("29", "id"),
    "forwards.are_offered": ("29", "me", ("id",), 0),
    "figures.payments": ("29", 0), "figures.refunds": ("29", 0), "figures.failed_notifications": ("29",),
    "figures.busy_terminals": ("29",),
    "notebook.pages": ("29",), "lists.orders": ({"search": "1"}, 0), "lists.notifications": ({},),
    "lists.journal": ({},),
    "lists.requests": OF, "lists.transactions": OF, "lists.ledger": OF,
    "upcoming.orders": ("29", 10), "upcoming.notifications": ("29", 10),
    "settled.sums": ("29", 0, 2**62), "settled.lines": ("29", 0, 2**62, 0, 10), "settled.newest_day": ("29",),
    "changes.since": ((0, 0, 0),), "changes.valid": ((1, 2, 3),),
    "merchants.owner_of": ("29",), "limits.full_at": ("29",), "backlog.at": (1,),
    "clock.own": ("29",), "clock.own_ones": (["29"],), "changes.count": ("29", 0),
    "evidence.count": (requests(Scope("29")),), "evidence.newest": (attempts(Scope(*OF)), 10),
    "evidence.findings": (requests(Scope("29")),), "evidence.amounts": (Scope("29"),),
    "evidence.causes": ({"merchants_id": "29", "out_trade_no": "order", "cause": "tgpayrefund", "at": 1},),
    "retention.limits": (1, 1, 1), "retention.find": (Limits(9, 9, 9, 9), 0), "terminals.is_taken": ("1",)}
CHANGES = (
    "INSERT INTO facts (name, value) VALUES ('a', 'b')", "REPLACE INTO facts (name, value) VALUES ('a', 'b')",
    "UPDATE clock SET offset_ms = 7", "DELETE FROM orders", "CREATE TABLE other (id INTEGER)",
    "CREATE TEMP TABLE other (id INTEGER)",
    "ALTER TABLE orders ADD COLUMN other TEXT", "DROP TABLE orders", "DROP INDEX orders_due",
    "CREATE INDEX other ON orders (status)",
    "BEGIN IMMEDIATE", "PRAGMA user_version = 7", "REINDEX", "ANALYZE", "VACUUM")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with rows in every table."""
    path = tmp_path_factory.mktemp("filled") / "emulator.db"
    older_databases.make(path, older_databases.VERSIONS[-1])
    with closing(sqlite3.connect(path)) as connection, connection:
        for table in ("merchants", "orders", "history", "refunds", "ledger", "notifications", "attempts",
                      "journal", "terminals",
                      "transactions", "scenarios", "counts", "notebook", "users"):
            connection.execute(f"UPDATE {table} SET merchants_id = '29'")
        for table in ("orders", "history", "refunds", "ledger", "notifications", "journal",
                      "transactions"):
            connection.execute(f"UPDATE {table} SET out_trade_no = 'order'")
    prepare(path)
    return path


@pytest.fixture
def path(filled: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copy(filled, tmp_path / "emulator.db"))


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    opened = Store(path)
    yield opened
    opened.close()


def content(path: Path) -> list[str]:
    """Everything that is in a database, as another program sees it."""
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def names(kind: type) -> list[str]:
    """The public methods of a class."""
    return [name for name, _ in inspect.getmembers(kind, inspect.isfunction) if not name.startswith("_")]


def methods(reader: Reader) -> dict[str, Any]:
    """Every public method of a reader and of its tables, by its name."""
    tables = {name: table for name, table in vars(reader).items() if not name.startswith("_")}
    own = {name: getattr(reader, name) for name in names(Reader)}
    return {**own, **{f"{name}.{method}": getattr(table, method)
                      for name, table in tables.items() for method in names(type(table))}}


def test_no_method_of_a_reader_changes_anything(path: Path) -> None:
    """On a connection that could: it is not SQLite that refuses here."""
    before = content(path)
    with closing(connect(path, "rw")) as connection:
        found = methods(Reader(connection))
        for name, method in found.items():
            answer = method(*ARGUMENTS.get(name, ()))
            if isinstance(answer, Iterator):
                list(answer)
        assert connection.total_changes == 0
    assert content(path) == before
    assert ARGUMENTS.keys() <= found.keys()


def test_each_table_that_can_be_written_extends_one_that_reads(path: Path) -> None:
    with closing(connect(path, "rw")) as connection:
        reading, writing = vars(Reader(connection)), vars(Writer(connection))
    for name, table in reading.items():
        assert name in ("_execute", "owner") or isinstance(writing[name], type(table)), name
    assert [name for name in reading if name[0] != "_" and type(reading[name]) is type(writing[name])] == [
        "owner", "lists", "figures", "evidence", "upcoming", "backlog", "settled", "changes"]


@pytest.mark.parametrize("statement", CHANGES)
@pytest.mark.parametrize("kind", ["of a thread", "of its own"])
def test_a_reading_connection_refuses_changes(store: Store, kind: str, statement: str) -> None:
    reader = store.read() if kind == "of a thread" else store.opened()
    before = content(store.path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._execute(statement)
    assert content(store.path) == before
    if isinstance(reader, OwnReader):
        reader.close()


def test_a_reader_sees_what_is_committed_and_a_writer_what_it_has_written(store: Store) -> None:
    reader = store.read()
    with store.write() as writer:
        writer.clock.set(Clock(7, None))
        assert (reader.clock.get().offset, writer.clock.get().offset) == (0, 7)
    assert reader.clock.get().offset == 7
    with pytest.raises(ZeroDivisionError), store.write() as writer:
        writer.clock.set(Clock(8, None))
        raise ZeroDivisionError
    assert reader.clock.get().offset == store.read().clock.get().offset == 7


@pytest.mark.exhaustive
def test_a_program_that_writes_through_a_reader_is_refused_by_mypy(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("from emulator.base.clock import Clock\n"
                       "from emulator.store import Reader, Writer, place_of\n"
                       "def good(writer: Writer) -> None:\n"
                       "    writer.clock.set(Clock())\n"
                       "    writer.erase_all()\n"
                       "def bad(reader: Reader) -> None:\n"
                       "    reader.clock.set(Clock())\n"
                       "    reader.erase_all()\n"
                       "    reader.orders.save(reader.orders.find('1', '2'))\n"
                       "    good(reader)\n"
                       "    place_of('x').open().read().journal.clear(None)\n", encoding="utf-8")
    # Of what is not the store's nothing need be known here: it takes half of the time without.
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--follow-imports=skip", f"--cache-dir={tmp_path / 'cache'}",
         str(program),
         *map(str, ROOT.glob("emulator/store/*.py"))], cwd=ROOT, capture_output=True, text=True)
    found = [line.split(":")[1] for line in checked.stdout.splitlines() if line.startswith(f"{program}:")]
    assert found == ["7", "8", "9", "10", "11"], checked.stdout
