"""The payer's pages in a real browser. Screenshots are left in test-pages/."""
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

import tgpay_emulator.web

from .browser import DESK, LANGUAGES, PHONE, Visitor
from .driver import Clock, Receiver, Shop
from .looks import faults, picture
from .payer import shop_page


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


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_hinders_nobody_and_asks_nobody_but_the_emulator(
        visitor: Visitor, shop: Shop, name: str, language: str) -> None:
    visitor.expects(*([404] if name == "not-found" else []))
    with visitor.at(PAGES[name](shop), language) as page:
        assert faults(page, name, language) == {}


@pytest.mark.exhaustive
def test_the_other_language_is_one_click_away(visitor: Visitor, shop: Shop) -> None:
    with visitor.at(shop.qr_order()["qr_code"]) as page:
        page.get_by_role("link", name="中文").click()
        expect(page.get_by_role("button", name="确认付款")).to_be_visible()
        page.get_by_role("link", name="English").click()
        expect(page.get_by_role("button", name="Pay")).to_be_visible()


def test_paying_on_the_wallet_page_pays_and_goes_on_to_the_shop_of_another_origin(
        visitor: Visitor, shop: Shop, receiver: Receiver) -> None:
    visitor.knows(receiver)
    order = shop.h5_order("8.00", return_url=f"{receiver.url}?order=1#done")
    with visitor.at(order["pay_url"]) as page:
        page.get_by_role("button", name="Pay").click()
        page.wait_for_url(f"{receiver.url}?order=1#done")
    assert shop.query(order["out_trade_no"])["trade_status"] == "TRADE_SUCCESS"


@pytest.mark.exhaustive
def test_a_return_url_may_redirect_to_yet_another_origin(visitor: Visitor, shop: Shop,
                                                         receiver: Receiver) -> None:
    thanks = Receiver()
    shop_page(thanks, "<p>Thanks</p>")
    receiver.answers, receiver.headers = [(302, b"")], {"Location": thanks.url}
    visitor.knows(receiver)
    visitor.knows(thanks)
    with visitor.at(shop.h5_order("8.00", return_url=receiver.url)["pay_url"]) as page:
        page.get_by_role("button", name="Pay").click()
        page.wait_for_url(thanks.url)
    thanks.close()


def test_a_wallet_page_without_return_url_shows_the_receipt(visitor: Visitor, shop: Shop) -> None:
    with visitor.at(shop.qr_order("8.00")["qr_code"]) as page:
        page.get_by_role("button", name="Pay").click()
        expect(page.get_by_role("status")).to_have_text("Paid")
        expect(page.get_by_role("button")).to_have_count(0)


@pytest.mark.exhaustive
@pytest.mark.parametrize(("button", "message"), [
    ("Insufficient balance", "Insufficient balance. You can try again."),
    ("Cancel", "The payment failed. You can try again.")])
def test_a_buyer_who_fails_leaves_the_order_waiting_and_may_try_again(
        visitor: Visitor, shop: Shop, button: str, message: str) -> None:
    order = shop.qr_order("8.00")
    with visitor.at(order["qr_code"]) as page:
        page.get_by_role("button", name=button).click()
        expect(page.get_by_role("alert")).to_have_text(message)
        assert shop.query(order["out_trade_no"])["trade_status"] == "WAIT_BUYER_PAY"
        page.get_by_role("button", name="Pay").click()
        expect(page.get_by_role("status")).to_have_text("Paid")
        expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.exhaustive
def test_a_keyboard_is_enough_to_pay_and_shows_where_it_is(visitor: Visitor, shop: Shop) -> None:
    with visitor.at(shop.qr_order("8.00")["qr_code"]) as page:
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Pay")).to_be_focused()
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_have_text("Paid")


@pytest.mark.exhaustive
def test_an_open_wallet_page_says_when_its_failed_order_is_paid_elsewhere(
        visitor: Visitor, shop: Shop) -> None:
    order = shop.qr_order("8.00")
    with visitor.at(order["qr_code"]) as page:
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_role("alert")).to_be_visible()
        shop.happens(order["out_trade_no"], "pay")
        expect(page.get_by_role("status")).to_have_text("Paid")
        expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.exhaustive
def test_an_open_wallet_page_says_when_the_time_is_over(visitor: Visitor, shop: Shop, clock: Clock) -> None:
    with visitor.at(shop.qr_order("8.00", it_b_pay="10m")["qr_code"]) as page:
        expect(page.locator("[data-left]")).to_have_text(re.compile("00:0[89]:.."))
        clock.advance("11m")
        expect(page.get_by_role("status")).to_have_text("This order has expired")


@pytest.mark.exhaustive
def test_the_code_on_the_scan_page_turns_into_a_tick_when_the_phone_has_paid_and_the_shop_follows(
         visitor: Visitor, shop: Shop, receiver: Receiver) -> None:
    visitor.knows(receiver)
    pay_url = shop.h5_order("8.00", scene_type="WEBSITE_PAY", return_url=receiver.url)["pay_url"]
    with visitor.at(pay_url, width=DESK) as desk, visitor.at(pay_url, agent="Mozilla/5.0 (iPhone)") as phone:
        expect(desk.get_by_role("img", name="Scan with your phone to pay")).to_be_visible()
        phone.get_by_role("button", name="Pay").click()
        phone.wait_for_url(receiver.url)
        receiver.delay = 3  # the tick is seen until the shop has answered
        desk.bring_to_front()
        expect(desk.get_by_role("status").get_by_text("Paid")).to_be_visible()
        expect(desk.get_by_role("img")).to_be_hidden()
        desk.wait_for_url(receiver.url)


@pytest.mark.exhaustive
def test_the_scan_page_offers_to_pay_on_the_computer(visitor: Visitor, shop: Shop) -> None:
    with visitor.at(shop.h5_order("8.00", scene_type="WEBSITE_PAY", return_url=None)["pay_url"],
                    width=DESK) as page:
        page.get_by_role("link", name="Pay on this computer instead").click()
        page.get_by_role("button", name="Pay").click()
        expect(page.get_by_role("status")).to_have_text("Paid")


def test_link_to_post_posts_by_itself_and_the_page_it_reaches_follows_the_payment(
        visitor: Visitor, shop: Shop) -> None:
    link, pay_url = link_to_post(shop, scene_type="WEBSITE_PAY", return_url=None)
    with visitor.at(link, width=DESK) as page:
        page.wait_for_url(pay_url)
        expect(page.get_by_role("img", name="Scan with your phone to pay")).to_be_visible()
        shop.happens(parameter(link, "out_trade_no"), "pay")
        expect(page.get_by_role("status")).to_have_text("Paid")


@pytest.mark.parametrize(("language", "label"), [("en", "Continue to payment"), ("zh", "继续付款")])
def test_link_to_post_has_a_button_for_browsers_without_javascript(
        visitor: Visitor, shop: Shop, language: str, label: str) -> None:
    link, pay_url = link_to_post(shop)
    with visitor.at(link, language, script=False) as page:
        picture(page, f"link-to-post-{language}-{PHONE}")
        page.get_by_role("button", name=label).click()
        page.wait_for_url(pay_url)


def test_a_browser_without_javascript_can_pay(visitor: Visitor, shop: Shop) -> None:
    with visitor.at(shop.qr_order("8.00")["qr_code"], script=False) as page:
        page.get_by_role("button", name="Pay").click()
        expect(page.get_by_role("status")).to_have_text("Paid")


def parameter(url: str, name: str) -> str:
    """A parameter in a URL's query."""
    return dict(pair.split("=", 1) for pair in url.partition("?")[2].split("&"))[name]


def test_the_colours_of_all_pages_are_defined_in_one_style_sheet() -> None:
    static = Path(tgpay_emulator.web.__file__).parent / "static"
    sheets = {file.name: file.read_text(encoding="utf-8") for file in static.rglob("*.css")}
    palette = set(re.findall(r"(--[a-z-]+):", sheets.pop("palette.css")))
    used = {name for sheet in sheets.values() for name in re.findall(r"var\((--[a-z-]+)", sheet)}
    assert len(sheets) == 6
    colour = re.compile(r"#[0-9a-f]{3,8}\b(?!.*{)|rgba?\(", re.IGNORECASE)
    assert [name for name, sheet in sheets.items() if colour.search(sheet)] == []
    assert used - {"--bar"} == palette  # the height of the console's bar is no colour
