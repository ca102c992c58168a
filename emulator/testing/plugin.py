"""Options and fixtures for pytest, which finds this module by itself where the emulator is installed.

Nothing else is imported before a fixture is used: most test runs of an environment use none.
"""
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .merchant import Merchant
    from .receiver import Receiver
    from .server import Server

_MERCHANTS = pytest.StashKey[list["Merchant"]]()
_KEPT = pytest.StashKey[dict[str, int]]()
_OUTPUT = "tgpay_kept"  # by this name xdist's workers say what they have kept
_LONGEST_NAME = 60


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("tgpay", "TGPay Emulator")
    group.addoption("--tgpay-url", metavar="URL",
                    help="use the emulator at this address, with TGPAY_CONTROL_TOKEN; without it "
                         "one is started [TGPAY_URL]")
    group.addoption("--tgpay-keep", action="store_true",
                    help="keep the merchants and the emulator after the tests, to inspect them in its "
                         "console")
    group.addoption("--tgpay-each", action="store_true",
                    help="start an emulator for each process of pytest-xdist, not one for all")


@pytest.fixture(scope="session")
def tgpay_settings() -> dict[str, Any]:
    """Settings of the server that is started; override this fixture to give some."""
    return {}


@pytest.fixture(scope="session")
def tgpay_server(request: pytest.FixtureRequest, tgpay_settings: dict[str, Any],
                 tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Server]":
    """An emulator: that at --tgpay-url, or one that is started, for all processes of pytest-xdist."""
    from .server import Server

    config = request.config
    url = config.getoption("tgpay_url") or os.environ.get("TGPAY_URL")
    if url:
        server = Server(url)
    else:
        is_worker = hasattr(config, "workerinput")  # of pytest-xdist, a child of the pytest that was called
        with_others = is_worker and not config.getoption("tgpay_each")
        place = tmp_path_factory.getbasetemp().parent / "tgpay" if with_others else None
        server = Server(shared=place, owner=os.getppid() if is_worker else None, **tgpay_settings)
    with server:
        yield server
        if config.getoption("tgpay_keep") and server.is_own:
            server.keep()
            _note_kept(config, server)


@pytest.fixture
def tgpay(request: pytest.FixtureRequest, tgpay_server: "Server") -> "Iterator[Merchant]":
    """A new merchant with a clock of its own; it is deleted after the test."""
    from .errors import ControlError

    merchant = tgpay_server.merchant(name=request.node.name.partition("[")[0][:_LONGEST_NAME])
    request.node.stash.setdefault(_MERCHANTS, []).append(merchant)
    yield merchant
    if not request.config.getoption("tgpay_keep"):
        try:
            merchant.remove()
        except ControlError as problem:
            if problem.status != 404:  # the test has removed it, or reset everything
                raise


@pytest.fixture
def tgpay_receiver(tgpay: "Merchant") -> "Iterator[Receiver]":
    """The receiver of the notifications of the merchant `tgpay`."""
    from .receiver import Receiver

    with Receiver(tgpay) as receiver:
        yield receiver


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> "Iterator[None]":
    """Show in the report of a failed test what the emulator saw of its merchant."""
    outcome: Any = yield
    made = outcome.get_result()
    if made.failed:
        for merchant in item.stash.get(_MERCHANTS, ()):
            made.sections.append((f"TGPay Emulator: merchant {merchant.number}", _seen(merchant)))


def _seen(merchant: "Merchant") -> str:
    """What the emulator saw of a merchant, or why that cannot be told."""
    from .errors import EmulatorError
    from .report import report

    try:
        return report(merchant.client, merchant.number)
    except EmulatorError as problem:
        return str(problem)


def _note_kept(config: pytest.Config, server: "Server") -> None:
    """Note a server that runs on, for the summary; a worker of xdist tells the process that prints it."""
    if hasattr(config, "workeroutput"):
        config.workeroutput[_OUTPUT] = [server.url, server.process_number]
    else:
        config.stash.setdefault(_KEPT, {})[server.url] = server.process_number


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker of xdist has kept."""
    url, number = getattr(node, "workeroutput", {}).get(_OUTPUT, ("", 0))
    if url:
        node.config.stash.setdefault(_KEPT, {})[url] = number


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say where a server runs on, and how it is ended."""
    for url, number in config.stash.get(_KEPT, {}).items():
        terminalreporter.write_line(f"The TGPay Emulator is still running: {url}/console (kill {number} "
                                    f"ends it)")
