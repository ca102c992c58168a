"""Settings that a role or a database of PostgreSQL has for other programs change nothing here."""
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest

from tgpay_emulator.store import Store, place_of
from tgpay_emulator.store.postgres.session import Session

from . import postgres
from .driver import Control, Server, exchange
from .test_lanes import LATER, MERCHANT, Part, set_the_clock
from .test_postgres import leader, until

pytestmark = pytest.mark.postgresql
PATIENCE_S = 10
SETTINGS = {
    "default_transaction_isolation": "'serializable'", "default_transaction_read_only": "on",
    "default_transaction_deferrable": "on", "idle_session_timeout": "'700ms'", "client_encoding": "'LATIN1'",
    "standard_conforming_strings": "off", '"DateStyle"': "'German'", "timezone": "'Asia/Tokyo'",
    "bytea_output": "'escape'", "extra_float_digits": "-15", "array_nulls": "off", "search_path": "'own'"}


@pytest.fixture
def database(cluster: postgres.Cluster, request: pytest.FixtureRequest) -> str:
    made = postgres.database(cluster.address, request.node.nodeid)
    postgres.ask(made, "CREATE SCHEMA IF NOT EXISTS own")
    return made


def is_set(database: str, settings: dict[str, str]) -> None:
    """Set what sessions on a database begin with."""
    name = database.rpartition("/")[2]
    postgres.ask(database, "; ".join(f"ALTER DATABASE {name} SET {setting} = {value}"
                                     for setting, value in settings.items()))


@contextmanager
def opened(database: str) -> Iterator[Store]:
    """A store on a prepared database."""
    store = place_of(database).open()
    with closing(store):
        yield store


def test_a_server_is_the_same_whatever_is_set(database: str) -> None:
    is_set(database, SETTINGS)
    with Server(database=database, workers=1) as server:
        shop = Control(server.url).shop(name="广州 € 😀")
        led = leader(database)
        with ThreadPoolExecutor(4) as pool:
            paid = list(pool.map(lambda _: shop.pay_by_barcode(), range(20)))
        assert {answer["is_success"] for answer in paid} == {"T"}
        time.sleep(1)
        assert shop.query(paid[0]["out_trade_no"])["trade_status"] == "TRADE_SUCCESS"
        assert shop.control.get(f"/merchants/{shop.merchants_id}")["name"] == "广州 € 😀"
        page = exchange(f"{server.url}/console/orders?search=%5C")
        assert (page.status, leader(database)) == (200, led)
        assert "requests are refused" not in server.stop()[1]


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
def test_who_waited_for_a_merchant_sees_what_was_committed_meanwhile(database: str, isolation: str) -> None:
    """A snapshot that was taken before the lock was given would be old: a sum could be refunded twice."""
    is_set(database, {"default_transaction_isolation": f"'{isolation}'"})
    place_of(database).prepare()
    with opened(database) as here, opened(database) as there, ThreadPoolExecutor(2) as pool:
        first, seen = Part(here, "first", ending=set_the_clock), []
        second = Part(there, "second", ending=lambda tables: seen.append(tables.clock.get()))
        done = [pool.submit(first.run)]
        assert first.has_begun.wait(PATIENCE_S)
        done.append(pool.submit(second.run))
        second.ends.set()
        assert not second.has_begun.wait(0.3), "it waits for the merchant's lock"
        first.ends.set()
        for part in done:
            part.result(PATIENCE_S)
        assert seen == [LATER]
        assert len(here.read().notebook.pages(MERCHANT)) == 2


def test_both_sides_give_a_session_up_whose_other_side_acknowledges_nothing(database: str) -> None:
    """Keepalive does not count while something that was sent is not acknowledged."""
    with closing(Session.connect(database)) as session:
        with socket.fromfd(session.pgconn.socket, socket.AF_INET, socket.SOCK_STREAM) as ours:
            assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 5_000
        assert session.execute("SHOW tcp_user_timeout").fetchone() == ("5000",)


def test_where_the_server_takes_no_more_sessions_answers_say_so_until_it_does(database: str) -> None:
    name = database.rpartition("/")[2]
    postgres.ask(database, f"CREATE ROLE few LOGIN CONNECTION LIMIT 100; ALTER DATABASE {name} OWNER TO few")
    with Server(database=database.replace("postgres@", "few@"), workers=1) as server:
        postgres.ask(database, "ALTER ROLE few CONNECTION LIMIT 0")
        postgres.ask(database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'few'")
        until(lambda: "too many connections" in exchange(f"{server.url}/_emulator/health").text, PATIENCE_S)
        assert exchange(f"{server.url}/_emulator/health").status == 503
        postgres.ask(database, "ALTER ROLE few CONNECTION LIMIT 100")
        until(lambda: exchange(f"{server.url}/_emulator/health").status == 200, PATIENCE_S)
        assert Control(server.url).shop().pay_by_barcode()["is_success"] == "T"
