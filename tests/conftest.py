"""Fixtures: one server for the whole run, a merchant of its own for each test, a receiver, the clock, a payer at a browser."""
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import hypothesis
import pytest

from .driver import Clock, Control, Receiver, Server, Shop
from .scripted import NOON

if TYPE_CHECKING:
    from .payer import Payer, Windows

BROWSERS = {"payer", "visitor", "windows", "browser"}
hypothesis.settings.register_profile("unhurried", deadline=None)  # others may keep the machine busy
hypothesis.settings.load_profile("unhurried")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A view that is looked at in two languages and widths is so in one of them each time, in turn; the others are exhaustive."""
    views: dict[tuple[object, ...], list[pytest.Item]] = {}
    for item in items:
        params = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        if "language" in params and BROWSERS & set(getattr(item, "fixturenames", ())):
            others = tuple(id(value) for name, value in params.items() if name not in ("language", "width"))
            views.setdefault((item.path, getattr(item, "originalname", ""), *others), []).append(item)
    for place, same in enumerate(views.values()):
        for other in (item for number, item in enumerate(same) if number != place % len(same)):
            other.add_marker(pytest.mark.exhaustive)


@pytest.fixture(scope="session")
def base_url() -> Iterator[str]:
    """A real server; TGPAY_TEST_URL points the suite at another one."""
    if os.environ.get("TGPAY_TEST_URL"):
        yield os.environ["TGPAY_TEST_URL"].rstrip("/")
        return
    with Server() as server:
        yield server.url


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
    """A merchant whose notices go to the receiver."""
    made = control.shop(notify_url=receiver.url)
    yield made
    control.ask("DELETE", f"/merchants/{made.merchants_id}")


@pytest.fixture
def clock(control: Control) -> Iterator[Clock]:
    """The clock, put right again after the test."""
    moved = Clock(control)
    yield moved
    moved.reset()


@pytest.fixture(scope="module")
def windows(base_url: str) -> "Iterator[Windows]":
    """The browser of a module; its driver is loaded for those that need it."""
    from .payer import opened

    yield from opened(base_url)


@pytest.fixture
def payer(windows: "Windows", base_url: str) -> "Iterator[Payer]":
    """A payer whose pages asked nobody else, failed nowhere and did not complain."""
    from .payer import payers

    yield from payers(windows, base_url)


@pytest.fixture
def noon(clock: Clock) -> Clock:
    """The clock stands at noon of a day."""
    clock.freeze()
    clock.set(NOON)
    return clock
