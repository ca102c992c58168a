"""A public_url with a path: behind a proxy every address, redirect, cookie and stream stays under it."""
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib import parse

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import expect

import tgpay_emulator
from tgpay_emulator.web import drawn

from .browser import DESK, Visitor, Windows, visitors
from .crawler import BACK, Crawler, Site
from .driver import VISA, Control, Receiver, Server, Shop, card_of, exchange, stream_at
from .payer import pay_by_card, shop_page, type_code
from .proxy import Proxy
from .tables import every_row

TOKEN, DEMO = "s3cret-token", "290000000001"
THREE_D = {"cardNo": card_of("3200"), "expirationMonth": "12", "expirationYear": "49", "cvv": "123"}
PLACES = [("/tgpay", True), ("/a%20b/%E6%94%AF", False), ("/pay", True)]  # and whether the proxy strips it
CONSOLE = {"orders", "journal", "notifications", "terminals", "scenarios", "settlement", "clock", "try"}
WEB = Path(tgpay_emulator.__file__).parent / "web"
SOURCES = sorted(path for place in ("templates", "static") for path in (WEB / place).rglob("*.*"))
IN_MARKUP = re.compile(r"""\b(?:href|src|srcset|action|formaction|poster|data-[\w-]+)\s*=\s*["']?/"""
                       r"""|url=/|url\(\s*["']?/|@import\s+["']/""")
IN_SCRIPTS = re.compile(r"""(?<![<\w])["'`]//?[\w${]|\.origin\b|\blocation\.host\b""")


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


def control(site: Site) -> Control:
    return Control(site.url, site.token)


def demo_order(site: Site) -> dict[str, str]:
    """The order that the demo's shop has made."""
    order: dict[str, str] = control(site).get("/orders", merchants_id=DEMO)["items"][0]
    return order


def orders_of_every_kind(shop: Shop) -> list[str]:
    """Orders, paid and not; answers where their payers are sent."""
    h5, qr = shop.h5_order(return_url=BACK), shop.qr_order(notify_url="http://127.0.0.1:9/")
    card, paid, refused = shop.card_order(redirect_url=BACK), shop.qr_order(), shop.card_order()
    shop.happens(paid["out_trade_no"], "pay")
    shop.happens(refused["out_trade_no"], "decline")
    issuer = json.loads(shop.card_payment(card_of("3200"))["payMethodResp"])["termUrl"]
    return [h5["pay_url"], qr["qr_code"], qr["pic_url"], card["pay_url"], refused["pay_url"], issuer]


@pytest.mark.exhaustive
@pytest.mark.parametrize("path, strips", [
    pytest.param(*place, marks=pytest.mark.exhaustive if number else []) for number,
    place in enumerate(PLACES)])
def test_every_page_leads_only_to_addresses_that_answer_under_the_path(path: str, strips: bool) -> None:
    for site in sites(path, strips, control_token=TOKEN):
        shop, crawler = control(site).shop(), Crawler(site)
        told = orders_of_every_kind(shop)
        assert [url for url in told if not url.startswith(f"{site.url}/")] == []
        shop.attend()
        onwards = crawler.submit("/console/session", token=TOKEN, onwards=f"{path}/console/orders?lang=en")
        assert onwards == f"{site.url}/console/orders?lang=en"
        assert crawler.submit("/demo/session", token=TOKEN) == f"{site.url}/demo"
        own = ("/", "/demo", "/sdk/tgpay.js", "/_emulator/orders", "/_emulator/terminals")
        crawler.crawl(*told, onwards, *(f"{site.url}{each}" for each in own))
        assert (crawler.faults, site.proxy.outside) == ([], [])
        # A terminal that has printed none has no receipt.
        wrong = {url: status for url, status in crawler.seen.items() if status not in (200, 302, 303)}
        assert {url: status for url, status in wrong.items() if not url.endswith("/receipt.txt")} == {}
        shown = {url.removeprefix(f"{site.url}/console/").split("/")[0] for url in crawler.seen}
        assert shown >= CONSOLE


@pytest.mark.exhaustive
def test_what_is_done_on_a_page_leads_on_under_the_path(site: Site) -> None:
    shop, crawler = control(site).shop(), Crawler(site)
    wallet, cashier = (parse.urlsplit(url).path.removeprefix("/tgpay")
                       for url in (shop.qr_order()["qr_code"], shop.card_order()["pay_url"]))
    token, terminal = cashier.rpartition("/")[2], f"/terminal/{shop.first_terminal}"
    assert crawler.submit(f"{cashier}/card", **THREE_D) == f"{site.url}/3ds/{token}/1"
    assert crawler.submit(f"/3ds/{token}/1/answer", code="123456") == f"{site.url}{cashier}"
    assert crawler.submit(f"{wallet}/pay") == f"{site.url}{wallet}?here=1"
    assert crawler.submit("/console/clock", do="advance", by="1m") == f"{site.url}/console/clock"
    assert crawler.submit(f"{terminal}/attended") == f"{site.url}{terminal}"
    assert crawler.ask(f"{site.url}/demo")[0] == 200
    for step in range(4):
        assert crawler.submit("/demo/next", seen=str(step)) == f"{site.url}/demo"
        if step == 1:
            # for a real phone
            code = drawn.qr(f"{site.proxy.site}{demo_order(site)['page']}?here=1&lang=en")[0]
            assert code in crawler.ask(f"{site.url}/demo?lang=en")[2].decode()
    assert "Paid" in crawler.ask(f"{site.url}/demo")[2].decode()
    assert (crawler.faults, site.proxy.outside) == ([], [])


def test_what_programs_are_told_is_under_the_path(site: Site) -> None:
    shop = control(site).shop()
    made = shop.qr_order()
    assert control(site).get("/openapi.json")["servers"] == [{"url": site.url}]
    assert shop.story(made["out_trade_no"])["page"] == parse.urlsplit(made["qr_code"]).path
    picture = Image.open(io.BytesIO(exchange(made["pic_url"]).raw))
    assert [code.text for code in zxingcpp.read_barcodes(picture.convert("L"))] == [made["qr_code"]]
    assert "Path=/tgpay/;" in shop.ask("tgpaygetopenid", client_url=BACK).headers["Set-Cookie"]
    with stream_at(f"{site.url}/_emulator/events?merchants_id={shop.merchants_id}") as stream:
        assert stream.readline().startswith(b"retry:")
        number = shop.qr_order()["out_trade_no"]
        assert any(number.encode() in stream.readline() for _ in range(10))


@pytest.mark.exhaustive
def test_the_server_itself_answers_with_the_path_and_without_it(site: Site) -> None:
    assert Control(site.direct).shop().qr_order()["qr_code"].startswith(f"{site.url}/wallet/")
    own = ("/", "/console/orders", "/static/style.css", "/static/console/live.js", "/sdk/tgpay.js", "/livez")
    for prefix in (site.direct, f"{site.direct}/tgpay"):
        assert {path: exchange(f"{prefix}{path}").status for path in own} == dict.fromkeys(own, 200), prefix
        assert exchange(f"{prefix}/v2/tgpayquery.php?out_trade_no=1")["error"] == "ILLEGAL_PARTNER"
    answers = {"/tgpay": 200, "/tgpay?lang=zh": 200, "/tgpay/console/nothing": 404, "/tgpaylivez": 404,
               "/tgpayx/livez": 404, "/other/livez": 404, "/TGPAY/livez": 404}
    assert {path: exchange(f"{site.direct}{path}").status for path in answers} == answers


@pytest.mark.exhaustive
@every_row("path", ["/v2", "/console", "/_emulator"])
def test_the_path_may_have_the_name_of_one_of_the_emulators_own(path: str) -> None:
    for site in sites(path):
        for strips in (True, False):
            site.proxy.shows(site.direct, path, strips)
            shop = control(site).shop()
            terminal = f"{site.url}/terminal/{shop.first_terminal}"
            own = [f"{site.url}{each}" for each in ("/", "/demo", "/console/orders", "/_emulator/clock")]
            asked = [shop.qr_order()["qr_code"], shop.card_order()["pay_url"], terminal, *own]
            assert {url: exchange(url).status for url in asked} == dict.fromkeys(asked, 200), strips


@every_row("header", [
    "X-Forwarded-Prefix", "X-Forwarded-Path", "X-Script-Name", "SCRIPT_NAME", "Script-Name", "PATH_INFO"])
def test_no_header_says_what_the_path_is(base_url: str, header: str) -> None:
    answers = [exchange(f"{base_url}/v2/nothing.php", headers=headers) for headers in ({}, {header: "/v2"})]
    assert [(answer.status, answer["error"]) for answer in answers] == [(404, "NOT_FOUND")] * 2
    assert 'href="/static/style.css"' in exchange(base_url, headers={header: "/elsewhere"}).text


def test_people_pay_by_card_and_in_the_wallet_and_the_console_follows(guest: Visitor, site: Site) -> None:
    shop = control(site).shop()
    with guest.at(f"{site.url}/console/orders?merchants_id={shop.merchants_id}", width=DESK) as console:
        expect(console.locator(".pulse")).to_have_text("Live")
        card, wallet = shop.card_order("8.00"), shop.qr_order("9.00")
        with guest.at(card["pay_url"]) as page:
            pay_by_card(page, THREE_D["cardNo"])
            type_code(page, "123456")
            expect(page.get_by_role("heading", level=1)).to_contain_text("Payment successful")
        with guest.at(wallet["qr_code"]) as page:
            page.get_by_role("button", name="Pay").click()
            expect(page.get_by_role("button")).to_have_count(0)
        for order in (card, wallet):
            row = console.get_by_role("row").filter(has_text=order["out_trade_no"])
            expect(row).to_contain_text("Paid")
    assert shop.query(wallet["out_trade_no"])["trade_status"] == "TRADE_SUCCESS"


@pytest.mark.exhaustive
def test_scripts_find_their_way_under_the_path(guest: Visitor, site: Site, receiver: Receiver) -> None:
    shop = control(site).shop()
    shop.attend()
    shop.at_terminal("sale", "8.00")
    with guest.at(f"{site.url}/terminal/{shop.first_terminal}") as page:
        page.get_by_role("button", name="Tap", exact=True).click()
        expect(page.locator("[data-state]").first).to_contain_text("Authorising")
        shop.person("approve")
        expect(page.locator("[data-state]").first).to_contain_text("Approved")
    try_it = f"{site.url}/console/try?merchants_id={shop.merchants_id}&table=tgpayqrcode"
    with guest.at(try_it, width=DESK) as page:
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
        assert page.evaluate("(card) => TGPay.createCardVoucher(card)", {**THREE_D, "cardNo": VISA})


def test_no_template_style_or_script_has_an_address_from_the_root() -> None:
    found: dict[str, list[str]] = {}
    for source in SOURCES:
        pattern = IN_SCRIPTS if source.suffix == ".js" else IN_MARKUP
        found[source.name] = pattern.findall(source.read_text(encoding="utf-8"))
    assert len(found) > 50 and {name: addresses for name, addresses in found.items() if addresses} == {}
