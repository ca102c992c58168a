"""The screen of a card terminal in a real browser (contract 4 and 5.4). Screenshots are left in test-pages/.
"""
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib import request as http_client

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from .browser import DESK, LANGUAGES, PHONE, Visitor, Windows
from .driver import Answer, Clock, Control, Server, Shop, exchange
from .looks import faults

WITH_PIN = "150.00"  # above the contactless limit


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    """A server whose terminals are quick, but slow enough to be watched."""
    with Server(autopilot="400ms,200ms,300ms,300ms") as server:
        yield server.url


@pytest.fixture
def till(shop: Shop) -> Shop:
    """A shop with a terminal that people drive."""
    shop.attend()
    return shop


def screen(shop: Shop, query: str = "") -> str:
    return f"{shop.control.url}/terminal/{shop.first_terminal}{query}"


def shows(page: Page, text: str) -> None:
    """The screen says this now, or in a moment."""
    expect(page.get_by_role("status")).to_have_text(text)


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def press(page: Page, *names: str) -> None:
    for name in names:
        button(page, name).click()


def result(shop: Shop, sent: Answer) -> tuple[str, str, str]:
    """How a transaction ended, how its card was read, and how its holder was verified."""
    told = shop.query(sent["out_trade_no"])
    return told["trade_status"], told["cardEntryType"], told["verificationMethod"]


# What is shown.

Bring = Callable[[Shop, Clock], Any]


def sale(*steps: str, amount: str = "12.00", **params: str) -> Bring:
    """A sale on an attended terminal and what people do, on a clock that stands still; a duration moves it.
    """
    def bring(shop: Shop, clock: Clock) -> None:
        shop.attend()
        sent = shop.at_terminal(amount=amount,
                                **{name: value.format(shop.merchants_id) for name, value in params.items()})
        assert sent["result_code"] == "202", sent.text
        for step in steps:
            assert clock.advance(step) is None if step[0].isdigit() else shop.person(step).status == 200
    return bring


PIN, ASKED = ("insert", "200ms"), ("insert", "200ms", "pin")
VIEWS: dict[str, Bring] = {
    "idle": lambda shop, clock: None,
    "offline": lambda shop, clock: exchange(f"{screen(shop)}/offline", "POST", b""),
    "present": sale(), "reading": sale("insert"), "pin": sale(*PIN), "authorising": sale(*ASKED),
    "approved": sale(*ASKED, "approve"), "in-part": sale(*ASKED, "approve", amount="37.57"),
    "declined": sale(*ASKED, "decline"), "cancelled": sale("cancel"),
    "failed": sale(*ASKED, "approve", amount="37.41"),
    "long": sale(amount="1000000.00", out_trade_no="{}" + "x" * 50),
    "long-receipt": sale(*ASKED, "approve", "10s", out_trade_no="{}" + "x" * 50)}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", VIEWS)
def test_a_state_fits_can_be_read_and_asks_nobody_but_the_emulator(
         visitor: Visitor, shop: Shop, clock: Clock, name: str, language: str) -> None:
    clock.freeze()
    VIEWS[name](shop, clock)
    with visitor.at(screen(shop), language) as page:
        assert (re.search("[\u4e00-\u9fff]", page.get_by_role("status").inner_text()) is not None) == (
            language == "zh")
        assert faults(page, f"terminal-{name}", language) == {}


def test_the_screen_names_merchant_serial_amount_and_operation(visitor: Visitor, till: Shop) -> None:
    name = till.control.get(f"/merchants/{till.merchants_id}")["name"]
    with visitor.at(screen(till)) as page:
        shows(page, "Ready")
        device = page.get_by_role("region", name="Card terminal")
        expect(device).to_contain_text(name)
        expect(device).to_contain_text(till.first_terminal)
        sent = till.at_terminal("refund", "7.05")
        shows(page, "Present your card")
        assert {"Refund", "GBP 7.05"} <= set(device.inner_text().replace("REFUND", "Refund").split("\n"))
        expect(page.get_by_text(sent["out_trade_no"])).to_be_visible()


# What people do.

@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_card_that_is_tapped_is_approved_and_the_terminal_is_ready_again(
        visitor: Visitor, till: Shop, clock: Clock, width: int) -> None:
    with visitor.at(screen(till), width=width) as page:
        sent = till.at_terminal()
        press(page, "Tap")
        shows(page, "Authorising")
        press(page, "Approve")
        shows(page, "Approved")
        clock.advance("3s")
        shows(page, "Ready")
    assert result(till, sent) == ("AUTHORISED", "ICC", "NOT_REQUIRED")


BY_HAND, BY_KEYBOARD = "on the pad", "by keyboard"


def type_pin(page: Page, how: str, digits: str) -> None:
    if how == BY_HAND:
        press(page, *digits)
    else:
        page.keyboard.type(digits)


@pytest.mark.parametrize("how", [BY_HAND, BY_KEYBOARD])
@pytest.mark.exhaustive
def test_a_pin_is_typed_and_stays_in_the_browser(visitor: Visitor, till: Shop, how: str) -> None:
    bodies: list[str | None] = []
    with visitor.at(screen(till)) as page:
        page.on("request", lambda request: bodies.append(request.post_data))
        sent = till.at_terminal()
        press(page, "Insert")
        shows(page, "Enter your PIN")
        dots = page.get_by_role("img", name=re.compile("Digits entered"))
        type_pin(page, how, "987")
        expect(dots).to_have_text("●●●")
        press(page, "OK") if how == BY_HAND else page.keyboard.press("Enter")
        expect(page.get_by_role("alert").filter(has_text="Enter at least four digits")).to_be_visible()
        press(page, "Clear") if how == BY_HAND else [page.keyboard.press("Backspace") for _ in range(3)]
        expect(dots).to_have_text("")
        type_pin(page, how, "98706")
        expect(dots).to_have_accessible_name("Digits entered: 5")
        press(page, "OK") if how == BY_HAND else page.keyboard.press("Enter")
        shows(page, "Authorising")
        press(page, "Approve")
        shows(page, "Approved")
    assert [url.rpartition("/")[2] for url in visitor.posts] == ["insert", "pin", "approve"]
    assert set(bodies) == {None}
    assert result(till, sent) == ("AUTHORISED", "ICC", "PIN")


@pytest.mark.exhaustive
def test_a_card_that_is_swiped_needs_the_pin_and_can_be_declined(visitor: Visitor, till: Shop) -> None:
    with visitor.at(screen(till)) as page:
        sent = till.at_terminal()
        press(page, "Swipe")
        shows(page, "Enter your PIN")
        press(page, *"1234", "OK", "Decline")
        shows(page, "Declined")
    assert result(till, sent) == ("DECLINED", "MSR", "PIN")


@pytest.mark.parametrize("state", ["Present your card", "Enter your PIN"])
@pytest.mark.parametrize("how", ["red key", "Escape"])
def test_the_red_key_stops_the_transaction(visitor: Visitor, till: Shop, state: str, how: str) -> None:
    with visitor.at(screen(till)) as page:
        sent = till.at_terminal()
        if state == "Enter your PIN":
            press(page, "Insert")
        shows(page, state)
        expect(button(page, "Cancel")).to_be_enabled()
        press(page, "Cancel") if how == "red key" else page.keyboard.press("Escape")
        shows(page, "Cancelled")
        expect(button(page, "Cancel")).to_be_disabled()
    assert result(till, sent)[0] == "CANCELLED"


def test_a_refund_takes_a_card(visitor: Visitor, till: Shop) -> None:
    with visitor.at(screen(till)) as page:
        sent = till.at_terminal("refund", "5.00")
        press(page, "Tap", "Approve")
        shows(page, "Approved")
        expect(page.locator(".paper")).to_contain_text(re.compile("Operation +Refund"))
    assert result(till, sent)[0] == "AUTHORISED"


@pytest.mark.exhaustive
def test_a_reversal_takes_no_card_and_asks_nobody(visitor: Visitor, till: Shop, clock: Clock) -> None:
    till.attend(attended=False)
    sold = till.at_terminal()
    till.control.get("/wait", merchants_id=till.merchants_id, out_trade_no=sold["out_trade_no"],
                     status="TRADE_SUCCESS")
    till.attend()
    clock.freeze()
    with visitor.at(screen(till)) as page:
        sent = till.at_terminal("saleReversal", None, original_out_trade_no=sold["out_trade_no"])
        shows(page, "Authorising")
        expect(page.locator(".device")).to_contain_text("Sale reversal")
        expect(button(page, "Tap")).to_be_hidden()
        expect(button(page, "Approve")).to_be_hidden()
        clock.advance("300ms")
        shows(page, "Approved")
    assert result(till, sent)[0] == "AUTHORISED"


@pytest.mark.exhaustive
def test_the_time_for_a_card_runs_on_the_emulators_clock(visitor: Visitor, till: Shop, clock: Clock) -> None:
    with visitor.at(screen(till)) as page:
        sent = till.at_terminal()
        expect(page.get_by_text(re.compile("^(60|5[89]) s left$"))).to_be_visible()
        clock.advance("30s")
        expect(page.get_by_text(re.compile("^(30|2[89]) s left$"))).to_be_visible()
        expect(page.get_by_text(re.compile("^(2[0-8]) s left$"))).to_be_visible()  # it runs by itself too
        clock.freeze()
        clock.advance(f"{exchange(f'{screen(till)}/state').json['left_ms']}ms")
        shows(page, "Cancelled")
        expect(page.get_by_text("No card was presented in time")).to_be_visible()
    assert result(till, sent)[0] == "CANCELLED"


def test_an_unattended_terminal_moves_by_itself_before_the_eyes(
        visitor: Visitor, shop: Shop, clock: Clock) -> None:
    with visitor.at(screen(shop)) as page:
        shows(page, "Ready")
        clock.freeze()
        sent = shop.at_terminal(amount=WITH_PIN)
        for text, pace in (("Present your card", "400ms"), ("Reading the card", "200ms"),
                           ("Enter your PIN", "300ms"),
                           ("Authorising", "300ms"), ("Approved", "3s"), ("Ready", "0s")):
            shows(page, text)
            expect(page.get_by_text("Simulate the issuer's decision:")).to_be_hidden()
            clock.advance(pace)
        assert visitor.posts == []
    assert result(shop, sent)[0] == "AUTHORISED"


@pytest.mark.exhaustive
def test_an_unattended_terminal_may_be_driven_and_then_goes_on_by_itself(
        visitor: Visitor, shop: Shop, clock: Clock) -> None:
    with visitor.at(screen(shop)) as page:
        shows(page, "Ready")
        clock.freeze()
        sent = shop.at_terminal()
        press(page, "Swipe")
        shows(page, "Reading the card")
        clock.reset()
        shows(page, "Approved")
    assert result(shop, sent) == ("AUTHORISED", "MSR", "PIN")


@pytest.mark.exhaustive
def test_the_switches_make_people_drive_the_terminal_and_take_it_offline(
        visitor: Visitor, shop: Shop) -> None:
    with visitor.at(screen(shop)) as page:
        people, online = page.get_by_role("switch", name="Manual mode"), page.get_by_role(
            "switch", name="Online")
        expect(people).not_to_be_checked()
        people.click()
        expect(people).to_be_checked()
        expect(online).to_be_checked()
        online.click()
        shows(page, "Offline")
        assert shop.at_terminal()["result_msg_code"] == "1002"
        online.click()
        shows(page, "Ready")
        assert shop.at_terminal()["result_code"] == "202"
        shows(page, "Present your card")
        people.click()
        expect(people).not_to_be_checked()
    assert (shop.terminal()["attended"], shop.terminal()["online"]) == (False, True)


@pytest.mark.exhaustive
def test_two_screens_of_a_terminal_show_the_same(visitor: Visitor, till: Shop) -> None:
    with visitor.at(screen(till)) as first, visitor.at(screen(till), "zh") as second:
        till.at_terminal()
        shows(first, "Present your card")
        shows(second, "请出示银行卡")
        press(second, "挥卡")
        shows(first, "Authorising")
        press(first, "Decline")
        shows(second, "交易被拒绝")
        expect(second.locator(".paper")).to_contain_text("交易被拒绝")
        shows(first, "Declined")


@pytest.mark.exhaustive
def test_a_key_pressed_twice_or_too_late_does_no_harm(visitor: Visitor, till: Shop) -> None:
    with visitor.at(screen(till)) as page:
        sent = till.at_terminal()
        button(page, "Tap").dblclick()
        shows(page, "Authorising")
        button(page, "Approve").dblclick()
        shows(page, "Approved")
    events = [line["event"] for line in till.story(sent["out_trade_no"])["history"]]
    assert (events.count("present"), events.count("pay")) == (1, 1)


# The receipt.

@pytest.mark.exhaustive
def test_the_receipt_is_printed_stays_when_the_terminal_is_ready_and_goes_with_the_next_transaction(
         visitor: Visitor, till: Shop, clock: Clock) -> None:
    with visitor.at(screen(till)) as page:
        receipt = page.get_by_role("region", name="Receipt")
        expect(receipt).to_be_hidden()
        till.at_terminal()
        press(page, "Tap", "Approve")
        expect(receipt).to_be_visible()
        clock.advance("1h")
        shows(page, "Ready")
        expect(receipt).to_be_visible()
        assert page.locator(".paper").text_content() == exchange(f"{screen(till)}/receipt.txt?lang=en").text
        till.at_terminal()
        expect(receipt).to_be_hidden()


@pytest.mark.exhaustive
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_receipt_is_saved_as_a_picture_and_as_text_and_printed(
        visitor: Visitor, till: Shop, clock: Clock, language: str) -> None:
    clock.freeze()
    sale(*ASKED, "approve")(till, clock)
    number = till.terminal()["transaction"]["transactionResultId"]
    names = {"en": ("Save as image", "Save as text", "Print"), "zh": ("保存为图片", "保存为文本", "打印")}[language]
    with visitor.at(screen(till), language) as page:
        with page.expect_download() as saving:
            press(page, names[0])
        picture = Path(saving.value.path()).read_bytes()
        assert saving.value.suggested_filename == f"receipt-{number}.png"
        with page.expect_download() as saving:
            page.get_by_role("link", name=names[1]).click()
        assert saving.value.suggested_filename == f"receipt-{number}.txt"
        assert Path(saving.value.path()).read_text() == page.locator(".paper").text_content()
        page.evaluate("window.print = () => { window.printed = true; }")
        press(page, names[2])
        assert page.evaluate("window.printed")
        page.emulate_media(media="print")
        expect(page.locator(".paper")).to_be_visible()
        for hidden in (page.locator(".device"), page.locator(".beside"), page.locator("footer"),
                       button(page, names[2])):
            expect(hidden).to_be_hidden()
        page.emulate_media(media="screen")
    assert_has_lines(picture, page_lines=17)


def assert_has_lines(picture: bytes, page_lines: int) -> None:
    """A PNG with so many lines of dark writing on light ground."""
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    grey = Image.open(io.BytesIO(picture)).convert("L")
    assert grey.width > 400 and grey.getpixel((2, 2)) > 240
    dark = [min(grey.crop((0, row, grey.width, row + 1)).tobytes()) < 110 for row in range(grey.height)]
    begins = [row for row in range(1, len(dark)) if dark[row] and not dark[row - 1]]
    assert page_lines - 2 <= len(begins) <= page_lines + 8  # a letter such as i may be in two pieces


@pytest.mark.exhaustive
def test_a_column_of_the_receipt_is_a_column_whatever_is_written_in_it(
        visitor: Visitor, till: Shop, clock: Clock) -> None:
    sale(*ASKED, "approve")(till, clock)
    with visitor.at(screen(till), "zh") as page:
        widths = page.locator(".paper").evaluate("""(paper) => {
          const range = document.createRange();
          const lines = [[]];
          for (const node of paper.childNodes) {
            for (const [at, char] of [...node.textContent].entries()) {
              if (char === "\\n") { lines.push([]); continue; }
              const text = node.firstChild || node;
              range.setStart(text, at); range.setEnd(text, at + 1);
              lines.at(-1).push((node.firstChild ? node : range).getBoundingClientRect().right);
            }
          }
          return lines.filter((line) => line.length).map((line) => line.at(-1));
        }""")
        full = [right for right in widths if right > max(widths) - 4]
        assert len(full) >= 10 and max(full) - min(full) < 1.5


# Whoever and however.

@pytest.mark.exhaustive
def test_a_browser_without_javascript_drives_the_terminal_by_forms(
        visitor: Visitor, till: Shop, clock: Clock) -> None:
    clock.freeze()
    with visitor.at(screen(till), script=False) as page:
        shows(page, "Ready")
        till.at_terminal()
        shows(page, "Present your card")  # the page comes again by itself
        press(page, "Insert")
        shows(page, "Reading the card")
        clock.advance("200ms")
        page.get_by_role("link", name="Refresh").click()
        press(page, "OK", "Approve")
        shows(page, "Approved")
        expect(page.locator(".paper")).to_contain_text("SIMULATOR")
        expect(button(page, "Print")).to_be_hidden()
        page.get_by_role("switch", name="Online").click()
        shows(page, "Offline")


@pytest.mark.exhaustive
def test_a_form_that_comes_too_late_shows_what_is(visitor: Visitor, till: Shop) -> None:
    visitor.expects(409)
    with visitor.at(screen(till), script=False) as page:
        till.at_terminal()
        page.goto(screen(till))
        till.person("cancel")
        press(page, "Tap")
        shows(page, "Cancelled")


@pytest.mark.exhaustive
def test_a_keyboard_is_enough_and_shows_where_it_is(visitor: Visitor, till: Shop) -> None:
    with visitor.at(screen(till)) as page:
        sent = till.at_terminal()
        shows(page, "Present your card")
        for name in ("Tap", "Insert"):
            page.keyboard.press("Tab")
            expect(button(page, name)).to_be_focused()
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        page.keyboard.press("Enter")
        shows(page, "Enter your PIN")
        page.keyboard.type("1234")
        page.keyboard.press("Enter")
        shows(page, "Authorising")
        page.keyboard.press("Tab")
        expect(button(page, "Approve")).to_be_focused()
        page.keyboard.press("Enter")
        shows(page, "Approved")
    assert result(till, sent) == ("AUTHORISED", "ICC", "PIN")


@pytest.mark.exhaustive
def test_every_key_has_a_name_and_is_there_only_when_it_does_something(
        visitor: Visitor, till: Shop, clock: Clock) -> None:
    clock.freeze()
    keys = [*"1234567890", "Cancel", "Clear", "OK"]
    with visitor.at(screen(till)) as page:
        for bring, usable in ((lambda: None, set()), (lambda: till.at_terminal(), {"Cancel"}),
                              (lambda: till.person("swipe"), set()),
                              (lambda: clock.advance("200ms"), set(keys))):
            bring()
            for name in keys:
                expect(button(page, name)).to_be_enabled(enabled=name in usable)


@pytest.mark.exhaustive
def test_whoever_wants_no_motion_sees_none(visitor: Visitor, till: Shop) -> None:
    till.at_terminal()
    with visitor.at(screen(till)) as page:
        shows(page, "Present your card")
        assert page.evaluate("document.getAnimations().length") == 0
        page.emulate_media(reduced_motion="no-preference")
        assert page.evaluate("document.getAnimations().length") > 0


@pytest.mark.exhaustive
def test_the_other_language_is_one_click_away(visitor: Visitor, till: Shop) -> None:
    with visitor.at(screen(till)) as page:
        page.get_by_role("link", name="中文").click()
        shows(page, "就绪")
        till.at_terminal()
        shows(page, "请出示银行卡")


# The line.

@pytest.fixture
def lonely() -> Iterator[Server]:
    """A server with room for one stream."""
    server = Server(workers=1, waiting_limit=1).start()
    yield server
    server.kill()


@pytest.mark.exhaustive
def test_a_screen_that_is_refused_a_stream_asks_and_goes_back_to_the_stream_later(
        visitor: Visitor, lonely: Server) -> None:
    visitor.homes.append(lonely.url)
    visitor.expects(503)
    shop = Control(lonely.url).shop()
    shop.attend()
    asked: list[str] = []
    with http_client.urlopen(f"{screen(shop)}/events", timeout=10) as other:
        other.readline()
        with visitor.at(screen(shop)) as page:
            page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
            shop.at_terminal()
            press(page, "Tap", "Approve")
            shows(page, "Approved")
            assert "state" in asked
            other.close()
            with page.expect_response(lambda answer: answer.url.endswith("/events") and answer.status == 200,
                                      timeout=10_000):
                pass
            shop.at_terminal()
            shows(page, "Present your card")
            asked.clear()
            press(page, "Cancel")
            shows(page, "Cancelled")
            assert "cancel" in asked and "state" not in asked


@pytest.mark.exhaustive
def test_a_screen_says_when_the_emulator_is_away_and_goes_on_when_it_is_back(
        windows: Windows, tmp_path: Path) -> None:
    server = Server(database=tmp_path / "db").start()
    # whose complaints are nobody's fault
    shop, visitor = Control(server.url).shop(), Visitor(windows, server.url)
    shop.attend()
    with visitor.at(screen(shop)) as page:
        shows(page, "Ready")
        server.kill()
        expect(page.get_by_role("alert").filter(has_text="No connection to the emulator")).to_be_visible()
        with server:
            expect(page.get_by_text("No connection to the emulator")).to_be_hidden()
            shop.at_terminal()
            shows(page, "Present your card")


SEEN = """
(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}
"""


@pytest.mark.exhaustive
def test_a_screen_that_nobody_sees_holds_no_line_and_is_right_when_it_is_seen_again(
        visitor: Visitor, till: Shop) -> None:
    with visitor.at(screen(till)) as page:
        shows(page, "Ready")
        with page.expect_event("requestfailed", lambda request: request.url.endswith("/events")):
            page.evaluate(SEEN, True)
        till.at_terminal()
        till.person("tap")
        shows(page, "Ready")
        page.evaluate(SEEN, False)
        shows(page, "Authorising")


# From other pages.

@pytest.mark.exhaustive
def test_the_cashiers_page_of_a_payment_at_the_terminal_shows_what_it_shows_and_turns_into_the_result(
         visitor: Visitor, till: Shop) -> None:
    order = till.card_order("8.00", channel_type="terminal", terminal_id=till.first_terminal)
    with visitor.at(order["pay_url"]) as page:
        expect(page.get_by_role("status").filter(has_text="Pay at the card terminal")).to_be_visible()
        shown = page.locator("[data-shows]")
        expect(shown).to_have_text("Present your card")
        assert faults(page, "cashier-terminal", "en") == {}
        with page.expect_popup() as opening:
            page.get_by_role("link", name="Open the terminal").click()
        with opening.value as device:
            expect(device.get_by_role("region", name="Card terminal")).to_contain_text("GBP 8.00")
            press(device, "Insert")
            shows(device, "Enter your PIN")
        expect(shown).to_have_text("Enter your PIN")
        till.person("pin")
        expect(shown).to_have_text("Authorising")
        till.person("approve")
        expect(page.get_by_role("status").filter(has_text="Payment successful")).to_be_visible()
    assert till.query(order["out_trade_no"])["resp_code"] == "0000"


@pytest.mark.exhaustive
def test_the_language_of_the_order_comes_before_the_browsers(visitor: Visitor, till: Shop) -> None:
    order = till.card_order("8.00", channel_type="terminal", terminal_id=till.first_terminal, language="cn")
    with visitor.at(order["pay_url"]) as page:
        expect(page.locator("[data-shows]")).to_have_text("请出示银行卡")
        assert faults(page, "cashier-terminal", "zh") == {}
    with visitor.at(screen(till)) as page:
        shows(page, "请出示银行卡")


@pytest.mark.exhaustive
def test_the_front_page_leads_to_the_screen(visitor: Visitor, shop: Shop) -> None:
    with visitor.at(f"{shop.control.url}/") as page:
        page.get_by_role("link", name=shop.first_terminal).click()
        shows(page, "Ready")
        expect(page).to_have_url(screen(shop))
