"""The payer's pages in a real browser. Screenshots are left in test-pages/."""
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from .driver import Clock, Receiver, Shop

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "/usr/bin/chromium"))), None)
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
PICTURES = Path("test-pages")
LANGUAGES = {"en": "en-GB", "zh": "zh-CN"}
PHONE, DESK = 360, 1280
HEIGHT = 740
HONEST_404 = "the server responded with a status of 404"
CONTRAST = """
() => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map(Number).map((part) => part / 255)
      .map((part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (colour !== "rgba(0, 0, 0, 0)") return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const texts = [...document.body.querySelectorAll("*")].filter((element) => [...element.childNodes].some(
    (node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim()) && element.checkVisibility());
  return texts.map((element) => {
    const [dark, bright] = [light(getComputedStyle(element).color), light(ground(element))].sort((one, other) => one - other);
    return [element.textContent.trim(), (bright + 0.05) / (dark + 0.05)];
  }).filter(([text, ratio]) => ratio < 4.5);
}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


class Visitor:
    """Opens pages, and keeps what they must not do: ask anybody but the emulator, or complain on the console."""

    def __init__(self, browser: Browser, base_url: str) -> None:
        self.browser = browser
        self.homes = [base_url]
        self.complaints: list[str] = []

    @contextmanager
    def visit(self, url: str, language: str = "en", width: int = PHONE, **context: Any) -> Iterator[Page]:
        opened = self.browser.new_context(viewport={"width": width, "height": HEIGHT}, locale=LANGUAGES[language], **context)
        page = opened.new_page()
        page.on("request", lambda request: self._note(request.url, not request.url.startswith((*self.homes, "data:"))))
        page.on("console", lambda message: self._note(message.text, message.type != "log" and HONEST_404 not in message.text))
        page.on("pageerror", lambda error: self._note(str(error), True))
        page.goto(url)
        try:
            yield page
        finally:
            opened.close()

    def _note(self, text: str, wrong: bool) -> None:
        if wrong:
            self.complaints.append(text)


@pytest.fixture
def visitor(browser: Browser, base_url: str) -> Iterator[Visitor]:
    """A visitor whose pages asked nobody else and did not complain."""
    made = Visitor(browser, base_url)
    yield made
    assert made.complaints == []


def paid(shop: Shop) -> str:
    order = shop.h5_order("8.00")
    shop.happens(order["out_trade_no"], "pay")
    return order["pay_url"]


def closed(shop: Shop) -> str:
    order = shop.qr_order("8.00")
    shop.cancel(order["out_trade_no"])
    return order["qr_code"]


def link_to_post(shop: Shop, **order: Any) -> tuple[str, str]:
    """The address of the linktopost page of a new order, and where it leads."""
    made = shop.h5_order("8.00", **order)
    params = shop.signed(out_trade_no=made["out_trade_no"], service="linktopost")
    return f"{shop.control.url}/v2/tgpayapi.php?{urlencode(params)}", made["pay_url"]


PAGES: dict[str, Callable[[Shop], str]] = {
    "home": lambda shop: f"{shop.control.url}/",
    "not-found": lambda shop: f"{shop.control.url}/wallet/nobody",
    "wallet-alipay": lambda shop: shop.qr_order("8.00")["qr_code"],
    "wallet-wechat": lambda shop: shop.h5_order("8.00", pay_type="wechat")["pay_url"],
    "wallet-failed": lambda shop: shop.qr_order("8.00")["qr_code"] + "?failed=balance",
    "receipt": paid,
    "closed": closed,
    "scan": lambda shop: shop.h5_order("8.00", scene_type="WEBSITE_PAY")["pay_url"],
    "long": lambda shop: shop.qr_order("1000000.00", out_trade_no=shop.merchants_id + "x" * 52)["qr_code"],
}


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_and_asks_nobody_but_the_emulator(visitor: Visitor, shop: Shop, name: str, language: str, width: int) -> None:
    with visitor.visit(PAGES[name](shop), language, width) as page:
        assert page.evaluate("document.documentElement.lang") == {"en": "en", "zh": "zh-CN"}[language]
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.title()
        PICTURES.mkdir(exist_ok=True)
        page.screenshot(path=PICTURES / f"{name}-{language}-{width}.png", full_page=True)


@pytest.mark.parametrize("name", PAGES)
def test_text_stands_out_from_its_ground_in_light_and_dark(visitor: Visitor, shop: Shop, name: str) -> None:
    with visitor.visit(PAGES[name](shop)) as page:
        assert page.evaluate(CONTRAST) == []
        page.emulate_media(color_scheme="dark")
        assert page.evaluate(CONTRAST) == []


def test_the_other_language_is_one_click_away(visitor: Visitor, shop: Shop) -> None:
    with visitor.visit(shop.qr_order()["qr_code"]) as page:
        page.get_by_role("link", name="中文").click()
        expect(page.get_by_role("button", name="确认付款")).to_be_visible()
        page.get_by_role("link", name="English").click()
        expect(page.get_by_role("button", name="Pay")).to_be_visible()


def test_paying_on_the_wallet_page_pays_and_goes_on_to_the_shop_of_another_origin(visitor: Visitor, shop: Shop, receiver: Receiver) -> None:
    visitor.homes.append(receiver.url)
    order = shop.h5_order("8.00", return_url=f"{receiver.url}?order=1#done")
    with visitor.visit(order["pay_url"]) as page:
        page.get_by_role("button", name="Pay").click()
        page.wait_for_url(f"{receiver.url}?order=1#done")
    assert shop.query(order["out_trade_no"])["trade_status"] == "TRADE_SUCCESS"


def test_a_return_url_may_redirect_to_yet_another_origin(browser: Browser, shop: Shop, receiver: Receiver) -> None:
    thanks = Receiver()
    receiver.answers, receiver.headers = [(302, b"")], {"Location": thanks.url}
    page = browser.new_page()
    page.goto(shop.h5_order("8.00", return_url=receiver.url)["pay_url"])
    page.get_by_role("button", name="Pay").click()
    page.wait_for_url(thanks.url)
    page.close()
    thanks.close()


def test_a_wallet_page_without_return_url_shows_the_receipt(visitor: Visitor, shop: Shop) -> None:
    with visitor.visit(shop.qr_order("8.00")["qr_code"]) as page:
        page.get_by_role("button", name="Pay").click()
        expect(page.get_by_role("status")).to_have_text("Paid")
        expect(page.get_by_role("button")).to_have_count(0)


@pytest.mark.parametrize(("button", "message"), [
    ("Not enough money", "Your balance is not enough. You can try again."),
    ("Cancel", "The payment did not go through. You can try again.")])
def test_a_buyer_who_fails_leaves_the_order_waiting_and_may_try_again(visitor: Visitor, shop: Shop, button: str, message: str) -> None:
    order = shop.qr_order("8.00")
    with visitor.visit(order["qr_code"]) as page:
        page.get_by_role("button", name=button).click()
        expect(page.get_by_role("alert")).to_have_text(message)
        assert shop.query(order["out_trade_no"])["trade_status"] == "WAIT_BUYER_PAY"
        page.get_by_role("button", name="Pay").click()
        expect(page.get_by_role("status")).to_have_text("Paid")
        expect(page.get_by_role("alert")).to_have_count(0)


def test_a_keyboard_is_enough_to_pay_and_shows_where_it_is(visitor: Visitor, shop: Shop) -> None:
    with visitor.visit(shop.qr_order("8.00")["qr_code"]) as page:
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Pay")).to_be_focused()
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_have_text("Paid")


def test_an_open_wallet_page_says_when_its_failed_order_is_paid_elsewhere(visitor: Visitor, shop: Shop) -> None:
    order = shop.qr_order("8.00")
    with visitor.visit(order["qr_code"]) as page:
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_role("alert")).to_be_visible()
        shop.happens(order["out_trade_no"], "pay")
        expect(page.get_by_role("status")).to_have_text("Paid")
        expect(page.get_by_role("alert")).to_have_count(0)


def test_an_open_wallet_page_says_when_the_time_is_over(visitor: Visitor, shop: Shop, clock: Clock) -> None:
    with visitor.visit(shop.qr_order("8.00", it_b_pay="10m")["qr_code"]) as page:
        expect(page.locator("[data-left]")).to_have_text(re.compile("00:0[89]:.."))
        clock.advance("11m")
        expect(page.get_by_role("status")).to_have_text("This order is closed")


def test_the_scan_page_follows_a_payment_on_the_phone_to_the_shop(visitor: Visitor, shop: Shop, receiver: Receiver) -> None:
    visitor.homes.append(receiver.url)
    pay_url = shop.h5_order("8.00", scene_type="WEBSITE_PAY", return_url=receiver.url)["pay_url"]
    with visitor.visit(pay_url, width=DESK) as desk, visitor.visit(pay_url, user_agent="Mozilla/5.0 (iPhone)", is_mobile=True) as phone:
        expect(desk.get_by_role("img", name="Scan with your phone to pay")).to_be_visible()
        phone.get_by_role("button", name="Pay").click()
        phone.wait_for_url(receiver.url)
        desk.wait_for_url(receiver.url)


def test_the_scan_page_offers_to_pay_on_the_computer(visitor: Visitor, shop: Shop) -> None:
    with visitor.visit(shop.h5_order("8.00", scene_type="WEBSITE_PAY", return_url=None)["pay_url"], width=DESK) as page:
        page.get_by_role("link", name="Pay on this computer instead").click()
        page.get_by_role("button", name="Pay").click()
        expect(page.get_by_role("status")).to_have_text("Paid")


def test_link_to_post_posts_by_itself_and_the_page_it_reaches_follows_the_payment(visitor: Visitor, shop: Shop) -> None:
    link, pay_url = link_to_post(shop, scene_type="WEBSITE_PAY", return_url=None)
    with visitor.visit(link, width=DESK) as page:
        page.wait_for_url(pay_url)
        expect(page.get_by_role("img", name="Scan with your phone to pay")).to_be_visible()
        shop.happens(parameter(link, "out_trade_no"), "pay")
        expect(page.get_by_role("status")).to_have_text("Paid")


@pytest.mark.parametrize(("language", "label"), [("en", "Continue to payment"), ("zh", "继续付款")])
def test_link_to_post_has_a_button_for_browsers_without_javascript(visitor: Visitor, shop: Shop, language: str, label: str) -> None:
    link, pay_url = link_to_post(shop)
    with visitor.visit(link, language, java_script_enabled=False) as page:
        PICTURES.mkdir(exist_ok=True)
        page.screenshot(path=PICTURES / f"link-to-post-{language}-{PHONE}.png")
        page.get_by_role("button", name=label).click()
        page.wait_for_url(pay_url)


def test_a_browser_without_javascript_can_pay(visitor: Visitor, shop: Shop) -> None:
    with visitor.visit(shop.qr_order("8.00")["qr_code"], java_script_enabled=False) as page:
        page.get_by_role("button", name="Pay").click()
        expect(page.get_by_role("status")).to_have_text("Paid")


def parameter(url: str, name: str) -> str:
    """A parameter in a URL's query."""
    return dict(pair.split("=", 1) for pair in url.partition("?")[2].split("&"))[name]
