"""On PostgreSQL, threads that wait for the same merchant commit together, and questions share a trip."""
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from werkzeug.test import Client

from tgpay_emulator.base.clock import Clock, OwnClock
from tgpay_emulator.base.settings import Settings
from tgpay_emulator.domain.notifications import Notification
from tgpay_emulator.server.building import build
from tgpay_emulator.store import Store, Unusable, Writer, place_of
from tgpay_emulator.store.orders import Refund

from . import postgres
from .driver import Control, Shop

pytestmark = pytest.mark.postgresql
MERCHANT, OTHER = "29", "30"
PATIENCE_S = 10
SCENARIO = {"name": "one", "rules": [{"name": "all", "then": {"delay": 1}}]}
LATER = Clock(60_000, None)
NOTIFICATION = Notification("trade_status_sync", "POST", "http://127.0.0.1:9/", "text/plain", "a")


@pytest.fixture
def database(cluster: postgres.Cluster, request: pytest.FixtureRequest) -> str:
    return postgres.database(cluster.address, request.node.nodeid)


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    place = place_of(database)
    place.prepare()
    opened = place.open()
    yield opened
    opened.close()


class Part:
    """A write in a thread of its own, which is held in its block until `ends`; `ending` is its last act."""

    def __init__(self, store: Store, name: str, merchants_id: str = MERCHANT,
                 ending: Callable[[Writer], object] = lambda tables: None) -> None:
        self.has_begun, self.ends = threading.Event(), threading.Event()
        self._store, self._name, self._merchants_id, self._ending = store, name, merchants_id, ending

    def run(self) -> None:
        """Write a page into the notebook."""
        try:
            with self._store.write(self._merchants_id) as tables:
                tables.notebook.write(self._merchants_id, self._name, {})
                self.has_begun.set()
                assert self.ends.wait(PATIENCE_S)
                self._ending(tables)
        finally:
            self._store.leave()


def written(store: Store) -> list[str]:
    """The names of what is committed, whoever wrote it."""
    return [page.kind for merchant in (MERCHANT, OTHER) for page in store.read().notebook.pages(merchant)]


def one_behind_the_other(store: Store, first: Part, second: Part,
                         pool: ThreadPoolExecutor) -> list["Future[None]"]:
    """Run two parts so that the second waits while the first is in its block; it is then in its own."""
    lane, done = store._lanes.of(MERCHANT), [pool.submit(first.run)]  # type: ignore[attr-defined]
    assert first.has_begun.wait(PATIENCE_S)
    done.append(pool.submit(second.run))
    end = time.monotonic() + PATIENCE_S
    while not lane._waiting:
        assert time.monotonic() < end
        time.sleep(0.01)
    first.ends.set()
    assert second.has_begun.wait(PATIENCE_S)
    return done


def set_the_clock(tables: Writer) -> None:
    """End with a statement whose answer nobody looks at."""
    tables.clock.set(LATER)


def fail(tables: Writer) -> None:
    """Fail as a refused request does."""
    raise LookupError


def refund_twice(tables: Writer) -> None:
    """Break a rule of the database by a statement whose answer nobody looks at."""
    for _ in range(2):
        tables.orders.add_refund(Refund(MERCHANT, "1", "r", 1, "", "refund", 0))


def lose_the_session(tables: Writer) -> None:
    """End the session, as PostgreSQL does when it stops."""
    tables._execute("SELECT pg_terminate_backend(pg_backend_pid())").fetchone()


def stand_still(tables: Writer) -> None:
    """Do nothing for longer than PostgreSQL allows a transaction."""
    tables._execute("SET LOCAL idle_in_transaction_session_timeout = '50ms'").rowcount
    time.sleep(0.3)
    tables._execute("SELECT 1").fetchone()


def meet_a_broken_file(tables: Writer) -> None:
    """Fail as where a file of the database is damaged."""
    tables._execute("DO $$ BEGIN RAISE EXCEPTION 'invalid page' USING ERRCODE = 'data_corrupted'; END $$"
                    ).rowcount


@pytest.mark.parametrize("ending, committed, failures", [
    (lambda tables: None, ["first", "second"], (None, None)),
    (fail, ["first"], (None, LookupError)),
    (refund_twice, ["first"], (None, Exception)),
    (meet_a_broken_file, ["first"], (None, Unusable)),
    (lose_the_session, [], (Unusable, Unusable)),
    (stand_still, [], (Unusable, Unusable)),
], ids=["both succeed", "the second is refused", "a statement of the second fails", "a file is damaged",
        "the session is lost", "the transaction stood still"])
def test_who_waits_for_the_same_merchant_is_committed_together(
        store: Store, ending: Callable[[Writer], object], committed: list[str],
        failures: tuple[type[Exception] | None, ...]) -> None:
    first, second = Part(store, "first", ending=set_the_clock), Part(store, "second", ending=ending)
    with ThreadPoolExecutor(2) as pool:
        done = one_behind_the_other(store, first, second, pool)
        assert (done[0].done(), written(store)) == (False, []), "nobody is told of what is not committed"
        second.ends.set()
        came = [future.exception(PATIENCE_S) for future in done]
    for failure, expected in zip(came, failures):
        assert failure is None if expected is None else isinstance(failure, expected)
    assert written(store) == committed
    assert store.read().clock.get() == (LATER if committed else Clock())
    with store.write(MERCHANT) as tables:
        tables.notebook.write(MERCHANT, "third", {})
    assert written(store) == [*committed, "third"]


@pytest.mark.parametrize("ending, failure", [
    (fail, "LookupError"), (refund_twice, "UniqueViolation"), (lose_the_session, "Unusable"),
], ids=["refused", "a statement fails", "the session is lost"])
def test_who_waited_for_one_that_fails_does_not_fail_with_it(
        store: Store, ending: Callable[[Writer], object], failure: str) -> None:
    first, second = Part(store, "first", ending=ending), Part(store, "second")
    with ThreadPoolExecutor(2) as pool:
        done = one_behind_the_other(store, first, second, pool)
        second.ends.set()
        assert type(done[0].exception(PATIENCE_S)).__name__ == failure
        done[1].result(PATIENCE_S)
    assert written(store) == ["second"]


@pytest.mark.parametrize("ending, left", [(lambda tables: None, False), (fail, True)],
                         ids=["committed", "refused"])
def test_a_claim_ends_exactly_with_the_transaction_of_its_attempt(
        store: Store, ending: Callable[[Writer], object], left: bool) -> None:
    """The attempt is stored on the session of the thread that it waited for."""
    with store.write(MERCHANT) as tables:
        tables.notifications.add(MERCHANT, "1", NOTIFICATION, now=0, due_at=0)
    claims, due = store.claims, store.read().notifications.due(1, (), (), 9)
    assert [found.id for found, _ in claims.take([(due[0], 1)], 60, due=None)] == [due[0].id]
    assert claims.take([(due[0], 1)], 60, due=None) == [], "it is claimed already"

    def release(tables: Writer) -> None:
        claims.release(tables.connection, due[0].id)
        ending(tables)

    first, second = Part(store, "first"), Part(store, "second", ending=release)
    with ThreadPoolExecutor(2) as pool:
        done = one_behind_the_other(store, first, second, pool)
        assert claims.numbers() == {due[0].id}
        second.ends.set()
        assert [future.exception(PATIENCE_S) is None for future in done] == [True, not left]
    assert claims.numbers() == ({due[0].id} if left else set())


def test_another_merchant_is_not_waited_for(store: Store) -> None:
    first, other = Part(store, "first"), Part(store, "other", OTHER)
    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(first.run), pool.submit(other.run)]
        assert first.has_begun.wait(PATIENCE_S) and other.has_begun.wait(PATIENCE_S)
        other.ends.set()
        done[1].result(PATIENCE_S)
        assert written(store) == ["other"]
        first.ends.set()
        done[0].result(PATIENCE_S)


def test_an_answer_that_was_asked_ahead_is_not_given_after_a_change(store: Store) -> None:
    with store.write(MERCHANT) as tables:
        assert tables.scenarios.of(MERCHANT) is None
        tables.scenarios.set(MERCHANT, SCENARIO)
        tables.clock.set(LATER)
        active = tables.scenarios.of(MERCHANT)
        assert active and (active.name, tables.clock.get()) == ("one", LATER)
    with store.write(MERCHANT) as tables:
        tables.scenarios.drop(MERCHANT)
        assert tables.scenarios.of(MERCHANT) is None


def test_what_is_foreseen_is_answered_once_and_then_asked_again(store: Store, database: str) -> None:
    other = place_of(database).open()
    with store.foreseen(MERCHANT, "1", reads=True):
        assert store.read().merchants.find(MERCHANT) is None  # all that is foreseen is asked here
        with other.write() as tables:
            tables.clock.set(LATER)
        assert [store.read().clock.get(MERCHANT).offset for _ in range(2)] == [0, LATER.offset]
    with store.foreseen(MERCHANT, "1", reads=True):
        store.read().merchants.find(MERCHANT)
        with other.write() as tables:
            tables.clock.set(Clock())
    assert store.read().clock.get() == Clock(), "nothing is kept after the block"
    other.close()


@pytest.mark.parametrize("own", [None, OwnClock(3_600_000)], ids=["the shared clock", "a clock of its own"])
def test_an_order_takes_five_trips_and_a_query_three_whichever_clock_the_merchant_has(
        database: str, own: OwnClock | None, monkeypatch: pytest.MonkeyPatch) -> None:
    from tgpay_emulator.store.postgres.statements import Call
    from tgpay_emulator.store.postgres.wire import Wire

    client = Client(build(Settings(), place_of(database))[0])
    made = client.post("/_emulator/merchants", json={}).get_json()
    shop = Shop(Control(""), made["merchants_id"], made["token"], made)
    opened = place_of(database).open()
    with opened.write(shop.merchants_id) as tables:
        tables.clock.set_own(shop.merchants_id, own)
    opened.close()
    trips: list[int] = []
    carry_out = Wire.carry_out

    def counted(wire: Wire, calls: Sequence[Call]) -> None:
        trips.append(len(calls))
        carry_out(wire, calls)

    def asked(endpoint: str, **params: str) -> tuple[int, int]:
        """How many trips a request takes, and how many statements."""
        del trips[:]
        answer = client.get(f"/v2/{endpoint}.php", query_string=shop.signed(**params))
        assert answer.status_code == 200 and b"<is_success>T" in answer.data
        return len(trips), sum(trips)

    monkeypatch.setattr(Wire, "carry_out", counted)
    for number in map(str, range(2)):
        order = asked("tgpayqrcode", out_trade_no=number, trans_amount="1.00", pay_type="alipay")
        query = asked("tgpayquery", out_trade_no=number)
    assert (order, query) == ((5, 11), (3, 8))


def test_all_who_listen_are_told_of_a_commit_by_one_session(store: Store, database: str) -> None:
    other, told, begun = place_of(database).open(), [], threading.Barrier(6)

    def listen() -> None:
        with store.listening() as wait:
            begun.wait(PATIENCE_S)
            end = time.monotonic() + PATIENCE_S
            while not wait():
                assert time.monotonic() < end
        told.append(store.opened_connections)

    with ThreadPoolExecutor(5) as pool:
        listening = [pool.submit(listen) for _ in range(5)]
        begun.wait(PATIENCE_S)
        with other.write() as tables:
            tables.clock.set(LATER)
        for each in listening:
            each.result()
    assert told == [1] * 5
    other.close()


def test_who_listens_goes_on_when_the_session_is_lost(store: Store, database: str) -> None:
    other = place_of(database).open()
    with store.listening() as wait:
        postgres.ask(database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                               "WHERE pid <> pg_backend_pid() AND datname = current_database()")
        assert not wait()
        with other.write() as tables:
            tables.clock.set(LATER)
        end = time.monotonic() + PATIENCE_S
        while not wait():
            assert time.monotonic() < end
    assert store.read().clock.get() == LATER
    other.close()


def test_a_reset_gives_way_to_who_has_read_a_table_and_reads_another_one(store: Store, database: str) -> None:
    """Questions that share a trip hold what they have read; a reset needs all tables for itself."""
    import psycopg

    def reset() -> None:
        with store.write() as tables:
            tables.erase_all()
        store.leave()

    with store.write(MERCHANT) as tables:
        tables.notebook.write(MERCHANT, "first", {})
    with psycopg.connect(database) as reader, ThreadPoolExecutor(1) as pool:
        reader.execute("SELECT FROM merchants")
        done = pool.submit(reset)
        end = time.monotonic() + PATIENCE_S
        while not postgres.ask(database, "SELECT 1 FROM pg_locks WHERE NOT granted "
                                         "AND relation = 'merchants'::regclass"):
            assert time.monotonic() < end
        reader.execute("SET LOCAL deadlock_timeout = '1min'; SELECT FROM orders")
        assert not done.done(), "it waits for the reader"
        reader.rollback()
        done.result(PATIENCE_S)
    assert written(store) == []
