"""Fixtures: one server for the whole run, a merchant of its own for each test, a receiver, the clock, a
visitor at a browser.
"""
import os
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from . import postgres
from .driver import Clock, Control, Receiver, Server, Shop, free_port
from .scripted import NOON
from .warm import STARTER

if TYPE_CHECKING:
    from .browser import Visitor, Windows

# the mark of tests that a database leaves out, and why
OTHER_DATABASE = {"sqlite": ("postgresql", "it is about PostgreSQL: run it with --database postgresql"),
                  "postgresql": ("sqlite", "it is about what is so with SQLite only")}
ROWS_OF_A_SAMPLE = 13  # one of so many rows is tried each time
# The tests start hundreds of processes: what the first has compiled the others need not compile again,
# whatever the machine's custom.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
hypothesis.settings.register_profile("unhurried", deadline=None)  # others may keep the machine busy
hypothesis.settings.load_profile("unhurried")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pictures", action="store_true", help="leave pictures of all pages in test-pages/")
    parser.addoption("--database", choices=["sqlite", "postgresql"], default="sqlite",
                     help="the database that the servers of the tests use")


def pytest_configure(config: pytest.Config) -> None:
    """Tell the processes that run the tests whether pictures are wanted, and where PostgreSQL is."""
    if config.getoption("database") == "postgresql" and postgres.CLUSTER not in os.environ:
        if postgres.programs() is None:
            pytest.exit("PostgreSQL is not installed: apt-get install postgresql", 4)
        cluster = postgres.Cluster(free_port()).start()
        config.add_cleanup(cluster.remove)
        os.environ[postgres.CLUSTER] = cluster.address
    if config.getoption("pictures"):
        from .looks import PICTURES_WANTED

        os.environ[PICTURES_WANTED] = "1"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark most rows of the long tables as exhaustive, and put files with tests in a browser first: they take
    longest, and none shall be left alone at the end. Skip what is about the other database.
    """
    other, reason = OTHER_DATABASE[config.getoption("database")]
    for item in items:
        if item.get_closest_marker(other):
            item.add_marker(pytest.mark.skip(reason=reason))
    in_browser = [item for item in items if "windows" in getattr(item, "fixturenames", ())]
    for _, rows in groupby(items, key=lambda item: getattr(item, "function", None)):
        of_table = [row for row in rows
                    if hasattr(row, "callspec") and not row.get_closest_marker("exhaustive")]
        if of_table and is_sampled(of_table[0], in_browser, config):
            for place, row in enumerate(of_table):
                if place % ROWS_OF_A_SAMPLE:
                    row.add_marker(pytest.mark.exhaustive)
    files = {item.path for item in in_browser}
    items.sort(key=lambda item: item.path not in files)


def is_sampled(row: pytest.Item, in_browser: list[pytest.Item], config: pytest.Config) -> bool:
    """Whether only some rows of this row's table are tried each time; pictures are taken of all pages."""
    if row in in_browser:
        return not config.getoption("pictures")
    return row.get_closest_marker("sampled") is not None


def pytest_sessionfinish() -> None:
    """The process that starts servers is not needed any more."""
    STARTER.end()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say where the pictures of the pages are."""
    taken = list(Path("test-pages").glob("*.jpg"))
    if taken and terminalreporter.config.getoption("pictures"):
        terminalreporter.write_line(f"{len(taken)} pictures of pages are in {taken[0].parent.resolve()}")


@pytest.fixture(scope="session")
def base_url() -> Iterator[str]:
    """A real server; TGPAY_TEST_URL points the suite at another one."""
    if os.environ.get("TGPAY_TEST_URL"):
        yield os.environ["TGPAY_TEST_URL"].rstrip("/")
        return
    with Server() as server:
        yield server.url


@pytest.fixture(scope="module")
def cluster() -> Iterator[postgres.Cluster]:
    """A PostgreSQL that the tests of a file may stop and kill."""
    cluster = postgres.Cluster(free_port()).start()
    yield cluster
    cluster.remove()


@pytest.fixture
def control(base_url: str) -> Control:
    return Control(base_url)


@pytest.fixture
def shop(control: Control) -> Iterator[Shop]:
    """A merchant with nobody else's orders."""
    made = control.shop()
    yield made
    control.ask("DELETE", f"/merchants/{made.merchants_id}")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    heard = Receiver()
    yield heard
    heard.close()


@pytest.fixture
def notified(control: Control, receiver: Receiver) -> Iterator[Shop]:
    """A merchant whose notifications go to the receiver."""
    made = control.shop(notify_url=receiver.url)
    yield made
    control.ask("DELETE", f"/merchants/{made.merchants_id}")


@pytest.fixture
def clock(control: Control) -> Iterator[Clock]:
    """The clock, put right again after the test."""
    moved = Clock(control)
    yield moved
    moved.reset()


@pytest.fixture(scope="session")
def windows() -> "Iterator[Windows]":
    """The browser of the whole run; its driver is loaded for those that need it."""
    from .browser import opened

    yield from opened()


@pytest.fixture
def visitor(windows: "Windows", base_url: str) -> "Iterator[Visitor]":
    """A visitor whose pages asked nobody else, failed nowhere and did not complain."""
    from .browser import visitors

    yield from visitors(windows, base_url)


@pytest.fixture
def noon(clock: Clock) -> Clock:
    """The clock stands at noon of a day."""
    clock.freeze()
    clock.set(NOON)
    return clock
