"""Pages of the console follow what happens while somebody looks at them, and take nothing away from under the
hand (contract 5.5).
"""
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from ..browser import DESK, HEIGHT, Visitor
from ..driver import Clock, Control, Receiver, Server, Shop
from ..looks import faults
from .desk import misjoined


def address(shop: Shop, path: str) -> str:
    return f"{shop.control.url}/console{path}?merchants_id={shop.merchants_id}"


def is_live(page: Page) -> None:
    """The page has its stream."""
    expect(page.locator(".pulse")).to_have_text("Live")


def marked(page: Page) -> None:
    """Leave a mark that a page which is loaded anew does not have."""
    page.evaluate("window.sameWindow = true")


def is_the_same(page: Page) -> bool:
    return bool(page.evaluate("window.sameWindow === true"))


def test_the_first_order_takes_the_place_of_the_advice_and_its_payment_follows(
        visitor: Visitor, shop: Shop) -> None:
    with visitor.at(address(shop, "/orders"), width=DESK) as page:
        is_live(page)
        marked(page)
        expect(page.locator(".empty")).to_be_visible()
        number = shop.qr_order("8.00")["out_trade_no"]
        row = page.get_by_role("row").filter(has_text=number)
        expect(row).to_contain_text("Waiting for payment")
        shop.happens(number, "pay")
        expect(row).to_contain_text("Paid")
        assert is_the_same(page)


@pytest.mark.exhaustive
def test_new_orders_come_in_above_without_moving_what_is_read(visitor: Visitor, shop: Shop) -> None:
    made = [shop.qr_order()["out_trade_no"] for _ in range(30)]
    with visitor.at(address(shop, "/orders"), width=DESK) as page:
        is_live(page)
        read = page.get_by_role("link", name=made[10])
        read.scroll_into_view_if_needed()
        page.mouse.wheel(0, 120)
        page.wait_for_function("window.scrollY > 100")
        read.focus()
        before = read.evaluate("(link) => link.getBoundingClientRect().top")
        number = shop.qr_order()["out_trade_no"]
        expect(page.get_by_role("link", name=number)).to_be_attached()
        assert abs(read.evaluate("(link) => link.getBoundingClientRect().top") - before) < 2
        expect(read).to_be_focused()


@pytest.mark.exhaustive
def test_rows_below_the_page_stay_when_new_ones_come(visitor: Visitor, shop: Shop) -> None:
    made = [shop.qr_order()["out_trade_no"] for _ in range(51)]
    with visitor.at(address(shop, "/orders"), width=DESK) as page:
        is_live(page)
        number = shop.qr_order()["out_trade_no"]
        expect(page.get_by_role("link", name=number)).to_be_attached()
        expect(page.get_by_role("link", name=made[1])).to_be_attached()
        expect(page.locator("tbody tr")).to_have_count(51)


def test_an_orders_story_goes_on_and_what_was_opened_and_typed_stays(
        visitor: Visitor, notified: Shop, receiver: Receiver) -> None:
    number = notified.pay_by_barcode("8.00")["out_trade_no"]
    receiver.wait_for(1)
    with visitor.at(address(notified, f"/orders/{notified.story(number)['id']}"), width=DESK) as page:
        is_live(page)
        marked(page)
        page.locator("#timeline summary").first.click()
        page.get_by_label("Refund reason").fill("too big")
        notified.refund(number, "3.00")
        expect(page.locator("#timeline")).to_contain_text("Partially refunded")
        expect(page.locator("#facts")).to_contain_text("£5.00")
        expect(page.locator("#timeline details[open]")).to_have_count(1)
        expect(page.get_by_label("Refund reason")).to_have_value("too big")
        assert is_the_same(page)


@pytest.mark.exhaustive
def test_the_journal_and_the_notifications_follow(visitor: Visitor, notified: Shop) -> None:
    with visitor.at(address(notified, "/journal"), width=DESK) as page:
        is_live(page)
        notified.send("tgpayqrcode", misjoined(notified))
        expect(page.locator("tbody")).to_contain_text("ILLEGAL_SIGN")
    with visitor.at(address(notified, "/notifications"), width=DESK) as page:
        is_live(page)
        number = notified.pay_by_barcode("8.00")["out_trade_no"]
        expect(page.get_by_role("row").filter(has_text=number)).to_contain_text("Delivered")


@pytest.mark.exhaustive
def test_other_merchants_orders_do_not_come_in(visitor: Visitor, shop: Shop, busy: Shop) -> None:
    with visitor.at(address(shop, "/orders"), width=DESK) as page:
        is_live(page)
        other, own = busy.qr_order()["out_trade_no"], shop.qr_order()["out_trade_no"]
        expect(page.get_by_role("link", name=own)).to_be_attached()
        expect(page.get_by_role("link", name=other)).to_have_count(0)


def test_the_emulators_time_is_shown_and_stops_with_it(visitor: Visitor, shop: Shop, clock: Clock) -> None:
    clock.set("2026-03-01T02:03:04Z")
    clock.freeze()
    with visitor.at(address(shop, "/orders"), width=DESK) as page:
        expect(page.locator("[data-clock]")).to_have_text(re.compile("2026-03-01 10:03:0[45]"))
        expect(page.locator("[data-frozen-word]")).to_have_text("frozen")
        expect(page.locator("[data-frozen-word]")).to_be_visible()


# Where there is no stream.

@pytest.fixture
def narrow() -> Iterator[str]:
    """A server with room for one window's stream."""
    with Server(waiting_limit=1, workers=1) as server:
        yield server.url


@pytest.mark.exhaustive
def test_a_window_without_a_stream_looks_every_few_seconds(visitor: Visitor, narrow: str) -> None:
    shop = Control(narrow).shop()
    visitor.homes.append(narrow)
    visitor.expects(503)
    orders = address(shop, "/orders")
    with visitor.at(orders, width=DESK) as first, visitor.at(orders, width=DESK, alone=True) as second:
        is_live(first)
        expect(second.locator(".pulse")).to_have_text("Refreshing every few seconds")
        number = shop.qr_order()["out_trade_no"]
        expect(second.get_by_role("link", name=number)).to_be_attached()


@pytest.mark.exhaustive
def test_without_scripts_everything_can_be_read_and_done(visitor: Visitor, shop: Shop) -> None:
    number = shop.qr_order("8.00", reference="Watch")["out_trade_no"]
    with visitor.at(address(shop, "/orders"), width=DESK, script=False) as page:
        page.get_by_label("Search").fill("watch")
        page.get_by_role("button", name="Search").click()
        page.get_by_role("link", name=number).click()
        page.get_by_role("button", name="Pay", exact=True).click()
        expect(page.get_by_role("status")).to_have_text("The order was paid.")
        expect(page.locator("#order")).to_contain_text("Paid")


# At the keyboard, and the mouse.

@pytest.mark.exhaustive
def test_a_keyboard_reaches_the_list_and_shows_where_it_is(visitor: Visitor, shop: Shop) -> None:
    number = shop.qr_order()["out_trade_no"]
    with visitor.at(address(shop, "/orders"), width=DESK) as page:
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
        page.keyboard.press("Enter")
        for _ in range(7):
            page.keyboard.press("Tab")
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        expect(page.get_by_role("link", name=number)).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text(number)


@pytest.mark.exhaustive
def test_a_choice_narrows_at_once_and_the_address_says_how(visitor: Visitor, shop: Shop) -> None:
    paid, waiting = (shop.qr_order()["out_trade_no"] for _ in range(2))
    shop.happens(paid, "pay")
    with visitor.at(address(shop, "/orders"), width=DESK) as page:
        page.get_by_label("Status").select_option("TRADE_SUCCESS")
        expect(page.get_by_role("link", name=waiting)).to_have_count(0)
        expect(page.get_by_role("link", name=paid)).to_be_visible()
        assert page.url == f"{address(shop, '/orders')}&status=TRADE_SUCCESS"
        page.get_by_label("Merchant").select_option("")
        page.wait_for_url("**/console/orders")


@pytest.mark.exhaustive
def test_all_sections_stay_in_sight_beside_a_long_page(visitor: Visitor, shop: Shop) -> None:
    with visitor.at(address(shop, "/cards"), width=DESK) as page:
        page.mouse.wheel(0, 2000)
        page.wait_for_function("window.scrollY > 1000")
        last = page.locator(".sections li a").last.bounding_box()
        home = page.get_by_role("link", name="Home").bounding_box()
        assert last and home and 0 < last["y"] + last["height"] <= home["y"] < HEIGHT


@pytest.mark.exhaustive
def test_a_slash_leads_to_the_search(visitor: Visitor, shop: Shop) -> None:
    with visitor.at(address(shop, "/orders"), width=DESK) as page:
        page.keyboard.press("/")
        expect(page.get_by_label("Search")).to_be_focused()
        page.keyboard.type("a/b")
        expect(page.get_by_label("Search")).to_have_value("a/b")


@pytest.mark.exhaustive
def test_emptying_the_journal_is_asked_about_first(visitor: Visitor, shop: Shop) -> None:
    shop.qr_order()
    with visitor.at(address(shop, "/journal"), width=DESK) as page:
        for answer, left in (("dismiss", 1), ("accept", 0)):
            page.once("dialog", lambda dialog, answer=answer: getattr(dialog, answer)())
            page.get_by_role("button", name="Clear journal").click()
            expect(page.locator("tbody tr")).to_have_count(left)


@pytest.mark.exhaustive
def test_after_a_reset_an_orders_page_says_that_it_is_gone(visitor: Visitor, shop: Shop) -> None:
    visitor.expects(404)
    number = shop.qr_order()["out_trade_no"]
    with visitor.at(address(shop, f"/orders/{shop.story(number)['id']}"), width=DESK) as page:
        is_live(page)
        shop.control.post("/reset", merchants_id=shop.merchants_id)
        shop.qr_order()
        expect(page.get_by_role("alert")).to_contain_text("there is no order")


@pytest.mark.exhaustive
def test_a_button_copies_the_command(visitor: Visitor, shop: Shop) -> None:
    order = shop.qr_order()
    with visitor.at(address(shop, f"/journal/{order.headers['X-TGPay-Request']}"), width=DESK,
                    alone=True) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        button = page.get_by_role("button", name="Copy as curl")
        wanted = button.get_attribute("data-copy")
        button.click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == wanted


@pytest.mark.exhaustive
def test_a_button_copies_where_the_browser_gives_no_clipboard(visitor: Visitor, shop: Shop) -> None:
    order = shop.qr_order()
    copied = """
        Object.defineProperty(navigator, "clipboard", { value: undefined });
        document.execCommand = (name) => { window.copied = [name, document.activeElement.value]; };"""
    own = address(shop, f"/journal/{order.headers['X-TGPay-Request']}")
    for url, name in ((own, "Copy as curl"), (f"{shop.control.url}/code/alipay", "Copy")):
        with visitor.at(f"{shop.control.url}/livez", width=DESK, alone=True) as page:
            page.add_init_script(copied)
            page.goto(url)
            button = page.get_by_role("button", name=name, exact=True)
            wanted = button.get_attribute("data-copy")
            button.click()
            expect(page.get_by_role("button", name="Copied", exact=True)).to_be_visible()
            assert page.evaluate("window.copied") == ["copy", wanted]
            assert page.locator("textarea").count() == 0


@pytest.mark.exhaustive
def test_the_other_language_is_one_click_away_and_stays(visitor: Visitor, shop: Shop) -> None:
    with visitor.at(address(shop, "/orders"), width=DESK, alone=True) as page:
        page.get_by_role("link", name="中文").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("订单")
        page.get_by_role("link", name="请求日志").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("请求日志")
        page.get_by_role("link", name="English").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Journal")


@pytest.mark.exhaustive
def test_the_front_page_leads_to_the_console(visitor: Visitor, base_url: str) -> None:
    with visitor.at(f"{base_url}/", width=DESK) as page:
        page.locator(".doors").get_by_role("link", name="Console").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Orders")


@pytest.mark.exhaustive
def test_a_guarded_console_asks_once(visitor: Visitor) -> None:
    visitor.expects(401)
    with Server(control_token="s3cret") as server:
        visitor.homes.append(server.url)
        with visitor.at(f"{server.url}/console/journal", width=DESK, alone=True) as page:
            assert faults(page, "console-token", "en") == {}
            page.get_by_label("Control token").fill("wrong")
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_role("alert")).to_have_text("Wrong control token.")
            page.get_by_label("Control token").fill("s3cret")
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_role("heading", level=1)).to_have_text("Journal")
            is_live(page)
            page.get_by_role("button", name="Sign out").click()
            expect(page.get_by_label("Control token")).to_be_visible()
