"""Small writes of several threads share a transaction: all that wait when one of them gets the lock."""
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tgpay_emulator.store import Writer
from tgpay_emulator.store.journal import Entry
from tgpay_emulator.store.sqlite.schema import prepare
from tgpay_emulator.store.sqlite.store import Store

pytestmark = pytest.mark.sqlite

THREADS = 5


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    prepare(tmp_path / "emulator.db")
    opened = Store(tmp_path / "emulator.db")
    yield opened
    opened.close()


def add(number: int) -> Callable[[Writer], int]:
    """Write a line into the journal; number 3 fails."""
    row = Entry(0, "29", "tgpayquery", str(number), "", "GET", "{}", 200, "", "OK").row

    def act(tables: Writer) -> int:
        if number == 3:
            raise RuntimeError("it fails")
        return tables.journal.add(row)
    return act


def all_at_once(store: Store, numbers: range) -> tuple[list["Future[int]"], list[str]]:
    """What became of writes that all waited for the lock, and the statements that were executed for them."""
    statements: list[str] = []
    with store.write() as tables:
        tables.touch(6)
    with ThreadPoolExecutor(THREADS) as pool:
        with store.lock.hold():
            writing = store._connections._writing
            assert writing is not None
            writing.connection.set_trace_callback(statements.append)
            results = [pool.submit(store.write_together, add(number)) for number in numbers]
            waiting = store._together._waiting
            end = time.monotonic() + 10
            while len(waiting) < len(numbers) and time.monotonic() < end:
                time.sleep(0.01)
    writing.connection.set_trace_callback(None)
    return results, [text.split()[0] for text in statements]


def test_writes_that_wait_together_are_one_transaction(store: Store) -> None:
    results, statements = all_at_once(store, range(10, 10 + THREADS))
    assert sorted(result.result() for result in results) == [1, 2, 3, 4, 5]
    assert statements == ["BEGIN", *["INSERT"] * THREADS, "COMMIT"]
    entries = store.read().journal.page({}, 0, 10)
    assert {row["out_trade_no"] for row in entries} == {"10", "11", "12", "13", "14"}


def test_each_has_its_own_result(store: Store) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        numbers = list(pool.map(lambda number: store.write_together(add(number)), range(10, 210)))
    assert sorted(numbers) == list(range(1, 201))
    written = {row["id"]: row["out_trade_no"] for row in store.read().journal.page({}, 0, 300)}
    assert [written[number] for number in numbers] == [str(number) for number in range(10, 210)]


def test_when_the_transaction_fails_all_of_it_are_told(store: Store) -> None:
    results, statements = all_at_once(store, range(1, 1 + THREADS))
    assert {type(result.exception()) for result in results} == {RuntimeError}
    assert statements[-1] == "ROLLBACK"
    assert list(store.read().journal.page({}, 0, 10)) == []
    assert store.write_together(add(10)) == 1


def test_one_that_waits_gives_its_slot_away(store: Store) -> None:
    given_away = threading.Event()

    class Pause:
        def __enter__(self) -> None:
            given_away.set()

        def __exit__(self, *failure: object) -> None:
            pass
    store.pause = Pause
    with ThreadPoolExecutor(2) as pool:
        with store.lock.hold():
            results = [pool.submit(store.write_together, add(number)) for number in (10, 11)]
            assert given_away.wait(10)
        assert sorted(result.result() for result in results) == [1, 2]
