"""Contract 5: pages are quick over many orders and light to load.

What is compared is the processor time that two servers take, side by side: others may keep the machine busy.
"""
from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from benchmarks import life, pages, servers
from tgpay_emulator.web.console.terminals import PAGE_OF_DEVICES

from .browser import DESK, Visitor, Windows, visitors
from .console.desk import Desk, rows

HANDFUL, SEVERAL, MANY = 100, 500, 10_000  # a handful fills each list's page: what is compared shows as much
MOST_TIMES, MOST_TIMES_IN_ALL, ROUNDS = 12, 3, 2
MOST_BYTES = 150_000
Servers = tuple[servers.Server, servers.Server]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """A server with a handful of orders of a merchant, and one with ten thousand."""
    place = tmp_path_factory.mktemp("life")
    few, many = (servers.emulator(life.lived(place, orders, 1), workers=1) for orders in (HANDFUL, MANY))
    with few, many:
        yield few, many


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    """A server with enough orders to fill each page."""
    with servers.emulator(life.lived(tmp_path_factory.mktemp("life"), SEVERAL, 1), workers=1) as server:
        yield server


@pytest.fixture
def guest(windows: Windows, busy: servers.Server) -> Iterator[Visitor]:
    """A visitor of the server whose pages are full."""
    yield from visitors(windows, url(busy))


def url(server: servers.Server) -> str:
    return f"http://127.0.0.1:{server.port}"


def every(server: servers.Server) -> dict[str, str]:
    """The addresses of all pages by name, lists also narrowed and searched."""
    return {**pages.addresses(server, 1), **pages.of_payers(server), **pages.OTHERS}


def cost(server: servers.Server, path: str) -> float:
    """The processor time that a server takes for a page that it has made before, in milliseconds."""
    spent = [server.cpu()]
    for _ in range(ROUNDS):
        pages.answered(server, path)
        spent.append(server.cpu())
    return min(after - before for before, after in pairwise(spent)) * 1_000


@pytest.mark.exhaustive
def test_no_page_costs_much_more_with_ten_thousand_orders_than_with_a_handful(both: Servers) -> None:
    few, many = map(every, both)
    costs = {name: (cost(both[0], few[name]), cost(both[1], many[name])) for name in few}
    less, more = map(sum, zip(*costs.values()))
    assert {name: each for name, each in costs.items() if each[1] > each[0] * MOST_TIMES} == {}
    assert more < less * MOST_TIMES_IN_ALL, costs


def test_what_falls_due_next_is_the_same_for_all_and_for_the_merchant_who_has_all(
         busy: servers.Server) -> None:
    desk = Desk(url(busy))
    narrowed = [row.split()[0] for row in rows(desk.page("/clock", merchants_id=pages.MERCHANTS_ID))]
    assert narrowed == [row.split()[0] for row in rows(desk.page("/clock"))] and len(narrowed) == 10


def weight(page: Page, address: str) -> int:
    """The bytes that come over the wire until a page has loaded: its own, and those of its styles, scripts,
    pictures and frames.
    """
    line, came = page.context.new_cdp_session(page), list[int]()
    line.send("Network.enable")
    line.send("Network.setCacheDisabled", {"cacheDisabled": True})
    line.on("Network.loadingFinished", lambda told: came.append(told["encodedDataLength"]))
    page.goto(address)
    line.detach()
    return int(sum(came))


def test_the_first_view_of_every_page_is_under_150_kb_with_all_the_rows_that_a_page_has(
        guest: Visitor, busy: servers.Server) -> None:
    for number in range(PAGE_OF_DEVICES):
        busy.ask("PUT", f"/_emulator/terminals/counter-{number}",
                 f'{{"merchants_id": "{pages.MERCHANTS_ID}"}}'.encode())
    # of a path the first: the list that is not searched
    shown = {urlsplit(path).path: path for path in reversed(every(busy).values())}
    with guest.at("about:blank", "zh", DESK, alone=True) as page:  # Chinese takes more bytes
        weights = {path: weight(page, url(busy) + address) for path, address in shown.items()}
    assert len(weights) > 20 and min(weights.values()) > 0
    assert {path: size for path, size in weights.items() if size > MOST_BYTES} == {}
