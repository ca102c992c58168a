"""A public_url with a path: behind a reverse proxy every address, redirect, cookie and event stream stays under it."""
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib import error, parse, request

import pytest
import zxingcpp
from lxml import html
from PIL import Image
from playwright.sync_api import expect

import emulator

from .browser import DESK, Visitor, Windows, visitors
from .driver import VISA, Control, Receiver, Server, Shop, card_of, exchange, stream_at
from .payer import pay_by_card, shop_page, type_code
from .proxy import Proxy

TOKEN = "s3cret-token"
BACK = "http://127.0.0.1:9/back"  # a shop's own page
FOLLOWED = ("href", "src", "data-state", "data-pulse", "data-receipt")
WRITTEN = ("value", "placeholder", "title", "alt", "d", "xmlns")  # attributes that are texts, not addresses
IMPORTED = re.compile(r"""\bfrom "([^"]+)";|\bimport "([^"]+)";""")
# Where the path is decided, and whether the proxy strips it. Some paths are names of the emulator's own pages.
PLACES = [("/tgpay", True), ("/tgpay", False), ("/a%20b/%E6%94%AF", True), ("/a%20b/%E6%94%AF", False),
          ("/pay", True), ("/console", False), ("/v2", True)]
SOURCES = sorted(path for place in ("templates", "static") for path in (Path(emulator.__file__).parent / "web" / place).rglob("*.*"))


@dataclass
class Site:
    """The emulator as people reach it: `url` is its public address, `direct` the address that it listens on."""

    proxy: Proxy
    url: str
    path: str
    direct: str
    token: str

    @property
    def control(self) -> Control:
        return Control(self.url, self.token)


def sites(path: str, strips: bool = True, **settings: object) -> Iterator[Site]:
    """An emulator behind a proxy."""
    proxy = Proxy()
    with Server(public_url=f"{proxy.site}{path}/", **settings) as server:
        proxy.shows(server.url, path, strips)
        yield Site(proxy, f"{proxy.site}{path}", path, server.url, str(settings.get("control_token", "")))
    proxy.close()


@pytest.fixture
def site() -> Iterator[Site]:
    yield from sites("/tgpay", threads=16)


@pytest.fixture
def guest(windows: Windows, site: Site) -> Iterator[Visitor]:
    """A visitor whose browser may ask for nothing outside of the path."""
    yield from visitors(windows, site.url)
    assert site.proxy.outside == []


@dataclass
class Crawler:
    """Follows every link of every page, keeps cookies as a browser does, and writes down what leads outside of the path."""

    site: Site
    faults: list[str] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.opener = request.build_opener(NoRedirect, request.HTTPCookieProcessor(CookieJar()))

    def ask(self, url: str, fields: dict[str, str] | None = None) -> tuple[int, Any, bytes]:
        """One request of a browser; where it leads and what it keeps must be under the path."""
        body = None if fields is None else parse.urlencode(fields).encode()
        headers = {"Origin": self.site.proxy.site, "Authorization": f"Bearer {self.site.token}"}
        try:
            with self.opener.open(request.Request(url, body, headers), timeout=30) as answer:
                status, told, text = answer.status, answer.headers, answer.read()
        except error.HTTPError as refused:
            with refused:
                status, told, text = refused.code, refused.headers, refused.read()
        for cookie in told.get_all("Set-Cookie", []):
            self.note(f"{url} sets {cookie}", f"Path={self.site.path}/" not in cookie)
        if "Location" in told:
            self.is_inside(url, told["Location"])
        return status, told, text

    def submit(self, path: str, **fields: str) -> str:
        """Send a form; answers where it leads."""
        status, told, text = self.ask(f"{self.site.url}{path}", fields)
        assert status == 303, (path, status, text)
        return str(parse.urljoin(self.site.url, told["Location"]))

    def crawl(self, *starts: str) -> None:
        """Everything that can be reached from these addresses; of a path once in each language at most."""
        waiting = list(starts)
        while waiting:
            url = waiting.pop().partition("#")[0]
            path = url.partition("?")[0]
            if path in self.seen or url == BACK:
                continue
            status, told, body = self.ask(url)
            self.seen[path] = status
            kind = told.get_content_type()
            if "Location" in told:
                waiting.append(parse.urljoin(url, told["Location"]))
            elif kind == "text/html":
                waiting += self.links(url, html.fromstring(body), body.decode())
            elif kind.endswith("javascript"):
                waiting += [self.is_inside(url, found) for pair in IMPORTED.findall(body.decode()) for found in pair if found]
            elif kind == "application/json" and "/_emulator/openapi" not in url:
                self.note(f"{url} names a page outside", any(not page.startswith(f"{self.site.path}/") for page in pages(json.loads(body))))

    def links(self, url: str, page: Any, text: str) -> Iterator[str]:
        """The addresses to be followed; all of a page are looked at, those of forms, frames and streams too."""
        self.note(f"{url} names {self.site.direct}", self.site.direct in text)
        elsewhere = re.findall(f"{re.escape(self.site.proxy.site)}(?!{re.escape(self.site.path)})[^<]*", text)
        self.note(f"{url} writes {elsewhere}", bool(elsewhere))
        for element in page.iter():
            for name, value in element.attrib.items():
                refreshed = value.partition("url=")[2] if element.get("http-equiv") == "refresh" else ""
                is_address = name in ("href", "src", "action", "formaction") or value.startswith("/")
                if name in WRITTEN or value.startswith("data:") or not (is_address or refreshed):
                    continue
                found = self.is_inside(url, refreshed or value)
                gets = name == "action" and element.get("method", "get") == "get"
                if name in FOLLOWED or refreshed or gets:
                    yield found

    def is_inside(self, url: str, found: str) -> str:
        whole = parse.urljoin(url, found)
        self.note(f"{url} leads to {found}", not whole.startswith(f"{self.site.url}/") and whole not in (self.site.url, BACK))
        return whole

    def note(self, text: str, wrong: bool) -> None:
        if wrong:
            self.faults.append(text)


class NoRedirect(request.HTTPRedirectHandler):
    """Redirects are looked at."""

    def redirect_request(self, *args: Any) -> None:
        return None


def pages(document: Any) -> Iterator[str]:
    """Every `page` of a JSON document."""
    if isinstance(document, dict):
        yield from [document["page"]] if isinstance(document.get("page"), str) else []
        document = list(document.values())
    for part in document if isinstance(document, list) else []:
        yield from pages(part)


def orders_of_every_kind(shop: Shop) -> list[str]:
    """Orders, paid and not, and where their payers are sent: the fields of the answers."""
    h5, qr, card = shop.h5_order(return_url=BACK), shop.qr_order(notify_url="http://127.0.0.1:9/"), shop.card_order(redirect_url=BACK)
    paid, refused = shop.qr_order()["out_trade_no"], shop.card_order()["out_trade_no"]
    shop.happens(paid, "pay")
    shop.happens(refused, "decline")
    issuer = json.loads(shop.card_payment(card_of("3200"))["payMethodResp"])["termUrl"]
    return [h5["pay_url"], qr["qr_code"], qr["pic_url"], card["pay_url"], issuer]


@pytest.mark.parametrize("path, strips", PLACES)
def test_every_page_leads_to_addresses_under_the_path_only_and_all_of_them_answer(path: str, strips: bool) -> None:
    for site in sites(path, strips, control_token=TOKEN):
        shop, crawler = site.control.shop(name="Tea House"), Crawler(site)
        told = orders_of_every_kind(shop)
        assert [url for url in told if not url.startswith(f"{site.url}/")] == []
        shop.attend()
        onwards = crawler.submit("/console/session", token=TOKEN, onwards=f"{path}/console/orders?lang=en")
        assert onwards == f"{site.url}/console/orders?lang=en"
        assert crawler.submit("/demo/session", token=TOKEN) == f"{site.url}/demo"
        crawler.crawl(*told, f"{site.url}/", onwards, f"{site.url}/demo", f"{site.url}/sdk/tgpay.js",
                      f"{site.url}/_emulator/orders", f"{site.url}/_emulator/terminals")
        assert crawler.faults == [] and site.proxy.outside == []
        wrong = {url: status for url, status in crawler.seen.items() if status not in (200, 302, 303)}
        assert {url for url in wrong if not url.endswith("/receipt.txt")} == set(), wrong  # of terminals that printed none
        names = {url.removeprefix(site.url).split("/", 3)[2] for url in crawler.seen if "/console/" in url.removeprefix(site.url)}
        assert names >= {"orders", "journal", "notifications", "terminals", "scenarios", "settlement", "clock", "merchants", "try"}


def test_what_is_done_on_a_page_leads_on_under_the_path() -> None:
    for site in sites("/tgpay"):
        shop, crawler = site.control.shop(), Crawler(site)
        wallet, cashier = shop.qr_order()["qr_code"], shop.card_order()["pay_url"]
        card = {"cardNo": card_of("3200"), "expirationMonth": "12", "expirationYear": "49", "cvv": "123"}
        issuer = crawler.submit(f"{cashier.removeprefix(site.url)}/card", **card)
        assert issuer == f"{site.url}/3ds/{cashier.rpartition('/')[2]}/1"
        assert crawler.submit(f"{issuer.removeprefix(site.url)}/answer", code="123456").startswith(f"{site.url}/")
        assert crawler.submit(f"{wallet.removeprefix(site.url)}/pay").startswith(f"{wallet}?here=1")
        assert crawler.submit("/console/clock", do="advance", by="1m") == f"{site.url}/console/clock"
        assert crawler.submit(f"/terminal/{shop.first_terminal}/attended") == f"{site.url}/terminal/{shop.first_terminal}"
        for step in range(4):
            assert crawler.submit("/demo/next", seen=str(step)) == f"{site.url}/demo"
        assert "The shop believes" in crawler.ask(f"{site.url}/demo")[2].decode()
        assert (crawler.faults, site.proxy.outside) == ([], [])


def test_what_programs_are_told_is_under_the_path(site: Site) -> None:
    shop = site.control.shop()
    made = shop.qr_order()
    assert site.control.get("/openapi.json")["servers"] == [{"url": site.url}]
    assert shop.story(made["out_trade_no"])["page"] == parse.urlsplit(made["qr_code"]).path
    picture = Image.open(io.BytesIO(exchange(made["pic_url"]).raw))
    assert [code.text for code in zxingcpp.read_barcodes(picture.convert("L"))] == [made["qr_code"]]
    kept = shop.ask("tgpaygetopenid", client_url=BACK).headers["Set-Cookie"]
    assert "Path=/tgpay/v2/;" in kept
    with stream_at(f"{site.url}/_emulator/events?merchants_id={shop.merchants_id}") as stream:
        assert stream.readline().startswith(b"retry:")
        number = shop.qr_order()["out_trade_no"]
        assert any(number.encode() in stream.readline() for _ in range(10))


def test_the_server_itself_answers_with_the_path_and_without_it(site: Site) -> None:
    shop = Control(site.direct).shop()
    assert shop.qr_order()["qr_code"].startswith(f"{site.url}/wallet/")
    for prefix in ("", "/tgpay"):
        for path in ("/", "/console/orders", "/static/style.css", "/static/console/live.js", "/sdk/tgpay.js", "/_emulator/health", "/livez"):
            assert exchange(f"{site.direct}{prefix}{path}").status == 200, (prefix, path)
        refused = exchange(f"{site.direct}{prefix}/v2/tgpayquery.php?out_trade_no=1")
        assert refused["error"] == "ILLEGAL_ARGUMENT"
    assert [exchange(f"{site.direct}{path}").status for path in ("/tgpay", "/tgpay?lang=zh", "/tgpay/console/nothing")] == [200, 200, 404]
    for path in ("/tgpayx/v2/tgpayquery.php", "/tgpaylivez", "/other/livez", "/TGPAY/livez"):
        assert exchange(f"{site.direct}{path}").status == 404, path


@pytest.mark.parametrize("header", ["X-Forwarded-Prefix", "X-Forwarded-Path", "X-Script-Name", "SCRIPT_NAME", "Script-Name", "PATH_INFO"])
def test_no_header_says_what_the_path_is(base_url: str, header: str) -> None:
    plain, told = (exchange(f"{base_url}/v2/tgpayquery.php", headers=headers) for headers in ({}, {header: "/v2"}))
    assert (told.status, told.raw) == (plain.status, plain.raw)
    assert 'href="/static/style.css"' in exchange(base_url, headers={header: "/elsewhere"}).text


def test_people_pay_by_card_and_in_the_wallet_and_the_console_follows(guest: Visitor, site: Site) -> None:
    shop = site.control.shop()
    with guest.at(f"{site.url}/console/orders?merchants_id={shop.merchants_id}", width=DESK) as console:
        expect(console.locator(".pulse")).to_have_text("Live")
        card, wallet = shop.card_order("8.00"), shop.qr_order("9.00")
        with guest.at(card["pay_url"]) as page:
            pay_by_card(page, card_of("3200"))
            type_code(page, "123456")
            expect(page.get_by_role("heading", level=1)).to_contain_text("Payment successful")
        with guest.at(wallet["qr_code"]) as page:
            page.get_by_role("button", name="Pay").click()
            expect(page.get_by_role("button")).to_have_count(0)
        for order in (card, wallet):
            expect(console.get_by_role("row").filter(has_text=order["out_trade_no"])).to_contain_text("Paid")
    assert shop.query(wallet["out_trade_no"])["trade_status"] == "TRADE_SUCCESS"


def test_scripts_find_their_way_under_the_path(guest: Visitor, site: Site, receiver: Receiver) -> None:
    shop = site.control.shop()
    shop.attend()
    shop.at_terminal("sale", "8.00")
    with guest.at(f"{site.url}/terminal/{shop.first_terminal}") as page:
        page.get_by_role("button", name="Tap", exact=True).click()
        expect(page.locator("[data-state]").first).to_contain_text("Authorising")
        shop.person("approve")
        expect(page.locator("[data-state]").first).to_contain_text("Approved")
    with guest.at(f"{site.url}/console/try?merchants_id={shop.merchants_id}", width=DESK) as page:
        page.get_by_role("button", name="Send").click()
        expect(page.locator("#answer [data-fields]")).to_contain_text(f"{site.url}/wallet/")
        page.locator("[data-entry]").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("tgpayqrcode")
    with guest.at(f"{site.url}/demo", width=DESK) as page:
        for _ in range(2):
            page.locator("#next:enabled").click()
            expect(page.locator("body.busy")).to_have_count(0)
        expect(page.frame_locator("#view").get_by_role("button", name="Pay")).to_be_visible()
    shop_page(receiver, f'<script src="{site.url}/sdk/tgpay.js"></script>')
    with guest.at(guest.knows(receiver, "/checkout")) as page:
        card = {"cardNo": VISA, "expirationMonth": "12", "expirationYear": "49", "cvv": "123"}
        assert page.evaluate("(card) => TGPay.createCardVoucher(card)", card)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_no_template_style_or_script_has_an_address_from_the_root(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    in_markup = r"""\b(?:href|src|srcset|action|formaction|poster|data-[\w-]+)\s*=\s*["']?/|url=/|url\(\s*["']?/|@import\s+["']/"""
    in_scripts = r"""(?<![<\w])["'`]//?[\w${]|\.origin\b|\blocation\.host\b"""
    assert re.findall(in_scripts if source.suffix == ".js" else in_markup, text) == []
