"""Pages are light to load, however much there is to show: bytes and requests until the first view."""
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route

from benchmarks import life, pages, servers
from tgpay_emulator.web.console.terminals import PAGE_OF_DEVICES

from .browser import DESK, Visitor, Windows, visitors
from .console.desk import Desk, rows

SEVERAL = 500  # orders: enough to fill each list's page
MOST_BYTES, MOST_REQUESTS = 150_000, 15


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


@pytest.mark.exhaustive
def test_what_falls_due_next_is_the_same_for_all_and_for_the_merchant_who_has_all(
         busy: servers.Server) -> None:
    desk = Desk(url(busy))
    narrowed = [row.split()[0] for row in rows(desk.page("/clock", merchants_id=pages.MERCHANTS_ID))]
    assert narrowed == [row.split()[0] for row in rows(desk.page("/clock"))] and len(narrowed) == 10


def no_news(route: Route) -> None:
    """A stream that has ended: those of pages that were left must not take the places of the next."""
    route.fulfill(status=200, content_type="text/event-stream", body="retry: 60000\n\n")


def weight(page: Page, address: str) -> tuple[int, int]:
    """The bytes of a page with its styles, scripts, pictures and frames, and in how many answers."""
    line, came = page.context.new_cdp_session(page), list[int]()
    line.send("Network.enable")
    line.send("Network.setCacheDisabled", {"cacheDisabled": True})
    line.on("Network.loadingFinished", lambda told: came.append(told["encodedDataLength"]))
    page.goto(address)
    line.detach()
    return int(sum(came)), len(came)


@pytest.mark.exhaustive
def test_the_first_view_of_every_page_is_under_150_kb_in_few_requests_with_all_the_rows_that_a_page_has(
         guest: Visitor, busy: servers.Server) -> None:
    for number in range(PAGE_OF_DEVICES):
        busy.ask("PUT", f"/_emulator/terminals/counter-{number}",
                 f'{{"merchants_id": "{pages.MERCHANTS_ID}"}}'.encode())
    # of a path the first: the list that is not searched
    shown = {urlsplit(path).path: path for path in reversed(every(busy).values())}
    with guest.at("about:blank", "zh", DESK, alone=True) as page:  # Chinese takes more bytes
        page.route("**/events**", no_news)
        weights = {path: weight(page, url(busy) + address) for path, address in shown.items()}
    assert len(weights) > 20 and min(weights.values()) > (0, 0)
    heavy = {path: each for path, each in weights.items() if each[0] > MOST_BYTES or each[1] > MOST_REQUESTS}
    assert heavy == {}
