"""The demo director: every story is played to its end in a real browser, by an honest shop over real HTTP."""
import io
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import FrameLocator, Page, expect

from tgpay_emulator.store.notebook import Page as Written
from tgpay_emulator.web.demo.belief import Belief, beliefs
from tgpay_emulator.web.demo.goods import GOODS
from tgpay_emulator.web.demo.stories import STORIES, Story
from tgpay_emulator.web.sessions import session
from tgpay_emulator.web.texts import Texts

from .browser import DESK, HEIGHT, LANGUAGES, PHONE, Visitor
from .driver import Answer, Control, Server, Shop, exchange, md5_sign
from .looks import faults, too_wide
from .tables import every_row

MERCHANT, TOKEN = "290000000001", "s3cret"
PAID, REFUSED, WAITING, UNKNOWN = "believes_paid", "believes_refused", "believes_waiting", "believes_unknown"
# What the shop believes of its orders, newest last, at each step; None for a step whose notification may not
# have come yet.
COURSES: dict[str, list[list[str] | None]] = {
    "counter": [[], [WAITING], [WAITING], None, [PAID]],
    "barcode": [[], [], [PAID], [PAID], [PAID, REFUSED]],
    "card": [[], [WAITING], [WAITING], None, [PAID]],
    "terminal": [[], [WAITING], [REFUSED], [WAITING], [PAID]],
    "lost": [[], [], [UNKNOWN], [PAID]],
}


@pytest.fixture(scope="module", autouse=True)
def leave_no_shop(base_url: str) -> Iterator[None]:
    """Tests of other modules find the merchants that a new database has."""
    yield
    Control(base_url).ask("DELETE", f"/merchants/{MERCHANT}")


def text(name: str, language: str = "en") -> str:
    return Texts(language)[name]


def begin(page: Page, story: str) -> None:
    """Choose a story, and see its first step."""
    page.locator(f"#tell-{story}").click()
    expect(page.locator(f"#tell-{story}")).to_have_attribute("aria-current", "true")
    at_step(page, 1)


def at_step(page: Page, number: int) -> None:
    expect(page.locator(".count")).to_have_text(re.compile(rf"^\D*{number}\D"))
    expect(page.locator("body")).not_to_have_class(re.compile("busy"))


def on(page: Page, number: int) -> None:
    """By the arrow key to a step."""
    page.keyboard.press("ArrowRight")
    at_step(page, number)


def believed(page: Page, *names: str, language: str = "en") -> None:
    expect(page.locator(".belief strong")).to_have_text([text(name, language) for name in names])


def view(page: Page) -> FrameLocator:
    """What the buyer sees."""
    return page.frame_locator("#view")


def overhang(page: Page) -> dict[int, int]:
    """By how many pixels the page is too wide on a phone and on a desktop."""
    found = {}
    for width in (PHONE, DESK):
        page.set_viewport_size({"width": width, "height": HEIGHT})
        found[width] = too_wide(page)
    return found


@pytest.mark.parametrize("story, language", [
    pytest.param(story, language, id=f"{story.name}-{language}",
                 marks=[] if language == "en" or story.name in ("counter", "lost")
                 else pytest.mark.exhaustive)
    for story in STORIES for language in LANGUAGES])
def test_a_story_is_told_to_its_end_by_one_key(visitor: Visitor, base_url: str, control: Control,
                                               story: Story, language: str) -> None:
    with visitor.at(f"{base_url}/demo", language, DESK) as page:
        begin(page, story.name)
        for number, (step, expected) in enumerate(zip(story.steps, COURSES[story.name], strict=True), 1):
            if number > 1:
                on(page, number)
            expect(page.locator("#caption")).to_contain_text(Texts(language)[story.caption(step)])
            if expected is not None:
                believed(page, *expected, language=language)
            assert overhang(page) == {PHONE: 0, DESK: 0}, step
        expect(page.locator("#next")).to_have_text(text("demo_next_story", language))
        expect(view(page).locator("html")).to_have_attribute("lang", {"en": "en", "zh": "zh-CN"}[language])
        expect(page.locator(".notebook .bad")).to_have_count(1 if story.name == "lost" else 0)
        assert faults(page, f"demo-{story.name}", language) == {}
    journal = control.get("/journal", merchants_id=MERCHANT)["items"]
    assert {(entry["verdict"], str(entry["findings"]))
            for entry in journal} <= {("OK", "[]"), ("BUYER_BALANCE_NOT_ENOUGH", "[]")}


@pytest.fixture
def stage(visitor: Visitor, base_url: str) -> Iterator[Page]:
    """The page in English on a desktop."""
    # when a story begins again, the buyer's page may ask once more for an order of the last telling
    visitor.expects(404)
    with visitor.at(f"{base_url}/demo", width=DESK) as page:
        yield page


def orders(control: Control) -> list[Any]:
    found: list[Any] = control.get("/orders", merchants_id=MERCHANT)["items"]
    return found


def history(control: Control) -> list[str]:
    """What has happened to the shop's only order."""
    order, = orders(control)
    return [row["event"] for row in control.get(f"/orders/{MERCHANT}/{order['out_trade_no']}")["history"]]


def pay(page: Page) -> None:
    view(page).get_by_role("button", name="Pay").click()


def pay_by_card(page: Page) -> None:
    view(page).get_by_role("button", name="3-D Secure").click()
    view(page).get_by_role("button", name="Pay £30.50").click()
    view(page).get_by_role("textbox", name="One-time code").fill("123456")
    view(page).get_by_role("button", name="Confirm").click()
    expect(view(page).get_by_role("status")).to_have_text("Payment successful")


def tap_and_be_declined(page: Page) -> None:
    view(page).get_by_role("button", name="Tap").click()
    view(page).get_by_role("button", name="Decline").click()


@pytest.mark.exhaustive
@pytest.mark.parametrize("story, step, act, belief, happened", [
    ("counter", 3, pay, PAID, ["create", "pay"]), ("card", 2, pay_by_card, PAID, ["create", "pend", "pay"]),
    ("terminal", 2, tap_and_be_declined, REFUSED, ["create", "start", "present", "fail"])])
def test_a_person_may_act_on_the_shown_page_and_the_director_does_it_no_second_time(
         stage: Page, control: Control, story: str, step: int, act: Callable[[Page], None], belief: str,
        happened: list[str]) -> None:
    begin(stage, story)
    for number in range(2, step + 1):
        on(stage, number)
    act(stage)
    believed(stage, belief)
    on(stage, step + 1)
    believed(stage, belief)
    assert history(control) == happened
    expect(stage.locator(".notebook .bad")).to_have_count(0)


def test_the_last_step_leads_to_the_next_story_and_the_last_story_to_the_first(stage: Page) -> None:
    for story, following in zip(STORIES, (*STORIES[1:], STORIES[0])):
        begin(stage, story.name)
        for number in range(2, len(story.steps) + 1):
            on(stage, number)
        stage.keyboard.press("ArrowRight")
        expect(stage.locator(f"#tell-{following.name}")).to_have_attribute("aria-current", "true")
        at_step(stage, 1)


def test_the_messages_of_a_step_are_listed_with_sender_and_receiver_and_travel(stage: Page) -> None:
    stage.emulate_media(reduced_motion="no-preference")
    begin(stage, "counter")
    expect(stage.locator("#messages li")).to_have_count(0)
    stage.keyboard.press("ArrowRight")
    expect(stage.locator(".pill")).to_have_text("requests a QR code")
    expect(stage.locator("#messages li").first).to_have_text("Shop → Gateway: requests a QR code")
    expect(stage.locator("#messages")).to_contain_text("Gateway → Shop: accepted, not paid yet")
    on(stage, 3)
    expect(stage.locator("#messages li")).to_have_count(0)
    on(stage, 4)
    expect(stage.locator("#messages")).to_contain_text("Buyer → Gateway: Paid")
    expect(stage.locator("#messages")).to_contain_text("Gateway → Shop: paid")


@pytest.mark.parametrize("width, height", [(PHONE, 740), (DESK, 720)])
def test_what_a_caption_speaks_of_is_seen_without_scrolling(stage: Page, width: int, height: int) -> None:
    stage.set_viewport_size({"width": width, "height": height})
    for story in STORIES:
        begin(stage, story.name)
        for number, step in enumerate(story.steps, 1):
            if number > 1:
                on(stage, number)
            part = stage.locator(f".side.{step.place}").bounding_box()
            caption, moves = stage.locator("#caption").bounding_box(), stage.locator("#next").bounding_box()
            assert part and caption and moves
            lowest = moves["y"] if width == PHONE else height
            assert part["y"] + 200 <= lowest and caption["y"] >= 0, (story.name, number)
            assert 0 <= moves["y"] and moves["y"] + moves["height"] <= height


def test_the_page_has_no_codes_outside_the_technical_details(stage: Page) -> None:
    for story in STORIES:
        begin(stage, story.name)
        for number in range(2, len(story.steps) + 1):
            on(stage, number)
        shown = stage.locator("main").inner_text()
        assert not re.search(r"[A-Z]+_[A-Z_]+|\w+_sync|\btgpay\w+", shown), shown


@pytest.mark.exhaustive
def test_a_phone_that_scans_the_code_pays_and_the_stage_follows(stage: Page, visitor: Visitor) -> None:
    begin(stage, "counter")
    on(stage, 2)
    stage.get_by_role("img", name="Scan with your phone to pay").evaluate("picture => picture.decode()")
    code, = zxingcpp.read_barcodes(Image.open(io.BytesIO(stage.screenshot())))
    with visitor.at(code.text, width=PHONE, alone=True) as phone:
        phone.get_by_role("button", name="Pay").click()
        expect(phone.get_by_role("status")).to_have_text("Paid")
    believed(stage, PAID)
    expect(view(stage).get_by_role("status")).to_have_text("Paid")


@pytest.mark.exhaustive
def test_the_buyers_page_can_be_taken_over_by_a_phone(stage: Page, visitor: Visitor) -> None:
    begin(stage, "terminal")
    on(stage, 2)
    stage.get_by_text("Open this page on a phone").click()
    stage.locator("#phone svg").scroll_into_view_if_needed()
    code, = zxingcpp.read_barcodes(Image.open(io.BytesIO(stage.screenshot())))
    with visitor.at(code.text, alone=True) as phone:
        phone.get_by_role("button", name="Tap").click()
        phone.get_by_role("button", name="Approve").click()
    believed(stage, PAID)


@pytest.mark.exhaustive
def test_back_shows_the_step_before_and_neither_undoes_nor_repeats_anything(
        stage: Page, control: Control) -> None:
    begin(stage, "barcode")
    on(stage, 2)
    on(stage, 3)
    believed(stage, PAID)
    for key, number in (("ArrowLeft", 2), ("PageUp", 1), ("PageDown", 2), ("ArrowRight", 3)):
        stage.keyboard.press(key)
        at_step(stage, number)
        believed(stage, PAID)
    assert len(control.get("/journal", merchants_id=MERCHANT)["items"]) == len(orders(control)) == 1


@pytest.mark.exhaustive
def test_r_begins_the_story_again_with_the_shop_as_new_and_leaves_everybody_else_alone(
        stage: Page, control: Control, shop: Shop) -> None:
    others = shop.qr_order()["out_trade_no"]
    begin(stage, "lost")
    for number in (2, 3):
        on(stage, number)
    believed(stage, UNKNOWN)
    before = orders(control)[0]["out_trade_no"]
    stage.keyboard.press("r")
    at_step(stage, 1)
    believed(stage)
    assert orders(control) == control.get("/journal", merchants_id=MERCHANT)["items"] == []
    assert control.get("/scenario", merchants_id=MERCHANT)["scenario"] is None
    assert shop.query(others)["trade_status"] == "WAIT_BUYER_PAY"
    stage.locator("#tell-counter").click()
    at_step(stage, 1)
    on(stage, 2)
    assert orders(control)[0]["out_trade_no"] not in ("", before)


@pytest.mark.exhaustive
def test_the_issuers_page_leaves_the_keys_to_the_presenter(stage: Page) -> None:
    begin(stage, "card")
    on(stage, 2)
    on(stage, 3)
    expect(view(stage).get_by_role("textbox", name="One-time code")).to_be_visible()
    stage.wait_for_function("document.getElementById('view').contentDocument.readyState === 'complete'")
    assert stage.evaluate("document.activeElement.id") != "view"


@pytest.mark.exhaustive
def test_a_page_that_loads_itself_anew_when_it_is_left_does_not_keep_the_buyer(stage: Page) -> None:
    begin(stage, "card")
    on(stage, 2)
    expect(view(stage).get_by_role("textbox", name="Card number")).to_be_visible()
    with stage.expect_request("**/3ds/**"):
        # not answered before the page loads itself anew
        stage.route("**/3ds/**", lambda route: None, times=1)
        on(stage, 3)
    stage.evaluate("document.getElementById('view').contentWindow.location.reload()")
    expect(view(stage).get_by_role("textbox", name="One-time code")).to_be_visible()


@pytest.mark.exhaustive
def test_whoever_types_on_the_buyers_page_keeps_the_keys(stage: Page) -> None:
    begin(stage, "card")
    on(stage, 2)
    name = view(stage).get_by_label("First name")
    name.press_sequentially("Rr")
    name.press("ArrowLeft")
    expect(name).to_have_value("Rr")
    at_step(stage, 2)
    view(stage).get_by_role("button", name="Pay £30.50").press("ArrowLeft")
    at_step(stage, 1)


@pytest.mark.exhaustive
def test_keys_have_buttons_and_the_buttons_show_the_focus(stage: Page) -> None:
    begin(stage, "counter")
    next_step = stage.get_by_role("button", name="Next")
    next_step.focus()
    stage.keyboard.press("Enter")
    at_step(stage, 2)
    expect(next_step).to_be_focused()
    stage.get_by_role("button", name="Back").click()
    at_step(stage, 1)
    expect(stage.get_by_role("button", name="Back")).to_be_disabled()
    stage.get_by_role("button", name="Restart").press("Enter")
    at_step(stage, 1)
    assert stage.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.exhaustive
def test_fields_that_were_opened_stay_open_while_news_come(stage: Page) -> None:
    begin(stage, "counter")
    on(stage, 2)
    opened = stage.locator(".notebook .sent details")
    opened.locator("summary").click()
    expect(opened.get_by_text("it_b_pay")).to_be_visible()
    on(stage, 3)
    on(stage, 4)
    believed(stage, PAID)
    expect(opened.get_by_text("it_b_pay")).to_be_visible()


@pytest.mark.exhaustive
def test_a_story_can_be_told_without_javascript(visitor: Visitor, base_url: str) -> None:
    with visitor.at(f"{base_url}/demo", width=DESK, script=False) as page:
        page.locator("#tell-barcode").click()
        for _ in range(4):
            page.get_by_role("button", name="Next").click()
        believed(page, PAID, REFUSED)
        page.get_by_role("button", name="Restart").click()
        believed(page)


# Over HTTP.

# A form of one of the emulator's own pages, as browsers say.
OWN = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}


def tell(url: str, story: str, steps: int, **headers: str) -> str:
    """The page after so many steps of a story."""
    assert exchange(f"{url}/demo/tell/{story}", "POST", b"", {**OWN, **headers}).status == 303
    for seen in range(steps):
        assert go(url, "next", seen, **headers).status == 303
    return exchange(f"{url}/demo").text


def go(url: str, move: str, seen: int, **headers: str) -> Answer:
    return exchange(f"{url}/demo/{move}", "POST", f"seen={seen}".encode(), {**OWN, **headers})


def test_a_key_pressed_twice_goes_one_step(base_url: str, control: Control) -> None:
    tell(base_url, "counter", 0)
    with ThreadPoolExecutor(8) as people:
        list(people.map(lambda _: go(base_url, "next", 0), range(8)))
    assert "Step 2 of 5" in exchange(f"{base_url}/demo").text
    assert len(orders(control)) == 1


@pytest.mark.exhaustive
def test_the_shop_calls_the_address_that_the_server_listens_on_whatever_visitors_call_it() -> None:
    with Server(host="0.0.0.0", control_token="off", public_url="http://pay.example", workers=1) as server:
        tell(server.url, "counter", 3, Host="pay.example")
        Control(server.url).post("/notifications/flush")
        page = exchange(f"{server.url}/demo").text
    assert text(PAID) in page and page.count(text("demo_signed")) == 3


@pytest.mark.exhaustive
def test_a_server_that_works_on_one_request_at_a_time_tells_every_story() -> None:
    with Server(workers=1, threads=1) as server:
        tell(server.url, "counter", 3)
        Control(server.url).post("/notifications/flush")
        page = exchange(f"{server.url}/demo").text
    assert text(PAID) in page and text("demo_trouble") not in page


def test_a_step_that_fails_is_not_shown(base_url: str, control: Control) -> None:
    tell(base_url, "counter", 2)
    number = orders(control)[0]["out_trade_no"]
    assert control.ask("POST", f"/orders/{MERCHANT}/{number}/close").status == 200
    for _ in range(2):
        go(base_url, "next", 2)
        page = exchange(f"{base_url}/demo").text
        assert text("demo_over") in page and "Step 3 of 5" in page


@pytest.mark.exhaustive
def test_a_step_for_which_there_is_no_room_is_not_shown() -> None:
    with Server(workers=1, waiting_limit=1) as server, ThreadPoolExecutor(1) as pool:
        control = Control(server.url)
        tell(server.url, "counter", 0)
        delay = {"rules": [{"when": {"endpoint": "tgpayqrcode"}, "then": {"delay": "2s"}}]}
        assert control.ask("PUT", "/scenario", delay, merchants_id=MERCHANT).status == 200
        step = pool.submit(go, server.url, "next", 0)
        time.sleep(0.5)
        refused = exchange(f"{server.url}/demo/next", "POST", b"seen=1", {
            "Content-Type": "application/x-www-form-urlencoded", "Origin": server.url})
        step.result()
        assert (refused.status, "Step 2 of 5" in exchange(f"{server.url}/demo").text) == (503, True)


@pytest.fixture
def waiting(base_url: str, control: Control) -> dict[str, str]:
    """A rightly signed notification of payment for the order of the first story, which nobody has paid."""
    tell(base_url, "counter", 1)
    number = orders(control)[0]["out_trade_no"]
    notification = {"notify_type": "trade_status_sync", "out_trade_no": number,
                    "trade_status": "TRADE_SUCCESS", "trans_amount": "8.00"}
    return {**notification, "sign": md5_sign(notification, control.get(f"/merchants/{MERCHANT}")["token"]),
            "sign_type": "MD5"}


def heard(base_url: str, notification: dict[str, str]) -> str:
    """The page after the shop has heard a notification."""
    told = exchange(f"{base_url}/demo/notify?{urlencode(notification)}")
    assert (told.status, told.text) == (200, "success")
    return exchange(f"{base_url}/demo").text


@pytest.mark.parametrize("changes, is_believed", [
    ({}, True), ({"sign": "0" * 32}, False), ({"sign": ""}, False),
    ({"trade_status": "TRADE_SUCCESS "}, False), ({"trans_amount": "0.01"}, False)],
                         ids=["right", "wrong signature", "no signature", "altered", "amount altered"])
def test_the_shop_believes_no_notification_that_is_not_rightly_signed(
         base_url: str, waiting: dict[str, str], changes: dict[str, str], is_believed: bool) -> None:
    page = heard(base_url, {**waiting, **changes})
    assert (text(PAID) in page, text("demo_not_signed") in page) == (is_believed, not is_believed)


def test_a_rightly_signed_notification_of_another_amount_is_not_believed(
        base_url: str, control: Control, waiting: dict[str, str]) -> None:
    less = {**waiting, "trans_amount": "0.01"}
    page = heard(base_url, {**less, "sign": md5_sign(less, control.get(f"/merchants/{MERCHANT}")["token"])})
    assert text(PAID) not in page and text("demo_not_signed") not in page and text(WAITING) in page


def test_what_strangers_send_is_escaped_limited_and_of_known_orders_only(
        base_url: str, waiting: dict[str, str]) -> None:
    page = heard(base_url, {**waiting, "sign": "<script>alert(1)</script>", "<b>": "x"})
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page and "<b>" not in page
    assert "of-nobody" not in heard(base_url, {**waiting, "out_trade_no": "of-nobody"})
    with ThreadPoolExecutor(8) as strangers:
        list(strangers.map(lambda _: exchange(f"{base_url}/demo/notify?{urlencode(waiting)}"), range(120)))
    assert exchange(f"{base_url}/demo").text.split('class="notebook"')[1].count('class="heard') == 100


@every_row("body, kind", [(b"{", "application/json"), (b"[1]", "application/json"), (b"<a>", "text/xml"),
                          (b"<", "text/xml")])
def test_what_is_no_notification_is_answered_400(base_url: str, body: bytes, kind: str) -> None:
    assert exchange(f"{base_url}/demo/notify", "POST", body, {"Content-Type": kind}).status == 400


@every_row("path", ["tell/counter", "next", "back"])
def test_the_page_of_another_site_cannot_drive_the_demo(base_url: str, path: str) -> None:
    assert exchange(f"{base_url}/demo/{path}", "POST", b"seen=0",
                    {"Origin": "http://evil.example"}).status == 403


@pytest.mark.parametrize("path", ["tell/nothing", "jump"])
def test_what_is_not_there_is_404(base_url: str, path: str) -> None:
    assert exchange(f"{base_url}/demo/{path}", "POST", b"", OWN).status == 404


@pytest.fixture(scope="module")
def locked() -> Iterator[str]:
    """A server with a control token."""
    with Server(control_token=TOKEN) as server:
        yield server.url


def sign_in(url: str, token: str, **headers: str) -> Answer:
    return exchange(f"{url}/demo/session", "POST", urlencode({"token": token}).encode(),
                    {**OWN, **headers})


@pytest.mark.exhaustive
def test_a_control_token_is_typed_once_in_each_browser(visitor: Visitor, locked: str) -> None:
    visitor.homes.append(locked)
    visitor.expects(401)
    with visitor.at(f"{locked}/demo", alone=True) as page:
        assert faults(page, "demo-token") == {}
        page.get_by_label("Control token").fill(TOKEN)
        page.get_by_role("button", name="Open the demo").click()
        at_step(page, 1)
        begin(page, "counter")
        on(page, 2)
        on(page, 3)
        on(page, 4)
        believed(page, PAID)


@every_row("path, method", [("", "GET"), ("/tell/counter", "POST"), ("/next", "POST"), ("/back", "POST")])
@every_row("cookie", ["", "1.x", session("another", 10**15 - 1), session(TOKEN, 1)],
           ids=["none", "malformed", "of another token", "too old"])
def test_a_browser_that_does_not_know_the_token_sees_nothing_and_changes_nothing(
        locked: str, cookie: str, path: str, method: str) -> None:
    answer = exchange(f"{locked}/demo{path}", method, b"seen=0" if method == "POST" else None,
                      {**OWN, "Cookie": f"tgpay_control={cookie}"})
    assert answer.status == 401 and text("demo_token_lead") in answer.text and "data-live" not in answer.text


def test_a_wrong_token_or_another_site_opens_nothing(locked: str) -> None:
    wrong, foreign, right = sign_in(locked, "guess"), sign_in(
        locked, TOKEN, Origin="http://evil.example"), sign_in(
            locked, TOKEN)
    assert (wrong.status, foreign.status, right.status) == (401, 403, 303)
    assert wrong.headers["Set-Cookie"] is foreign.headers["Set-Cookie"] is None
    kept = right.headers["Set-Cookie"]
    assert TOKEN not in kept and all(part in kept for part in ("HttpOnly", "SameSite=Strict", "Path=/"))
    assert exchange(f"{locked}/demo", headers={"Cookie": kept.partition(";")[0]}).status == 200


def policy(url: str) -> dict[str, str]:
    """The Content-Security-Policy of a page."""
    answer = exchange(url)
    assert not re.search(r"<script(?! src)|<style| style=| on\w+=", answer.text)
    return dict(part.strip().partition(" ")[::2]
                for part in answer.headers["Content-Security-Policy"].split(";"))


def test_only_the_pages_of_the_buyer_may_be_framed_and_only_by_this_emulator(
        base_url: str, shop: Shop) -> None:
    stage = policy(f"{base_url}/demo")
    assert (stage["default-src"], stage["script-src"], stage["style-src"]) == ("'none'", "'self'", "'self'")
    assert (stage["frame-src"], stage["frame-ancestors"]) == ("'self'", "'none'")
    framed = [shop.qr_order()["qr_code"], shop.card_order()["pay_url"],
              f"{base_url}/terminal/{shop.first_terminal}",
              f"{base_url}/code/alipay"]
    assert {(policy(url)["frame-ancestors"], policy(url)["frame-src"])
            for url in framed} == {("'self'", "'none'")}
    assert policy(f"{base_url}/")["frame-ancestors"] == "'none'"


# What is written in tables.

SALE = {"out_trade_no": "1", "trans_amount": "8.00"}


def asked(endpoint: str) -> Written:
    return Written(1, "sent", {"endpoint": endpoint, "fields": SALE})


def answered(endpoint: str, signed: bool | None = True, **fields: str) -> Written:
    return Written(2, "answered",
                   {"endpoint": endpoint, "out_trade_no": "1", "signed": signed, "fields": fields})


def hears(signed: bool = True, **fields: str) -> Written:
    return Written(3, "heard", {"out_trade_no": "1", "signed": signed, "fields": fields})


LOST = Written(2, "lost", {"endpoint": "tgpaybarcode", "out_trade_no": "1", "why": "broken"})


@every_row("written, expected", [
    ([asked("tgpayqrcode")], Belief.ASKED),
    ([asked("tgpayqrcode"), answered("tgpayqrcode", is_success="T", result_code="SUCCESS")], Belief.WAITING),
    ([asked("tgpayqrcode"), answered("tgpayqrcode", False, is_success="F")], Belief.ASKED),
    ([asked("tgpayqrcode"), answered("tgpayqrcode", None, is_success="F", error="ILLEGAL_PARTNER")],
     Belief.REFUSED),
    ([asked("tgpayqrcode"), hears(notify_type="trans_qrcode_create_sync", result_code="SUCCESS")],
     Belief.ASKED),
    ([asked("tgpaybarcode"),
      answered("tgpaybarcode", is_success="T", result_code="SUCCESS", trans_amount="8.00")], Belief.PAID),
    ([asked("tgpaybarcode"),
      answered("tgpaybarcode", is_success="T", result_code="SUCCESS", trans_amount="80.00")], Belief.ASKED),
    ([asked("tgpaybarcode"), answered("tgpaybarcode", is_success="T", result_code="FAIL")], Belief.REFUSED),
    ([asked("tgpaybarcode"), answered("tgpaybarcode", is_success="T", result_code="UNKNOWN")],
     Belief.WAITING),
    ([asked("tgpaybarcode"), LOST], Belief.UNKNOWN),
    ([asked("tgpaybarcode"), LOST, answered("tgpayquery", is_success="T", trade_status="TRADE_SUCCESS",
                                            trans_amount="8.00")], Belief.PAID),
    ([asked("tgpaybarcode"), LOST, answered("tgpayquery", None, is_success="F", error="TRADE_NOT_EXIST")],
     Belief.UNKNOWN),
    ([asked("tgpaybarcode"), hears(notify_type="merchant_scan_status_sync", result_code="SUCCESS"), LOST],
     Belief.PAID),
    ([asked("tgpaywebtoterminal"), answered("tgpaywebtoterminal", is_success="T", result_code="202")],
     Belief.WAITING),
    ([asked("tgpaywebtoterminal"), hears(is_success="T", trade_status="DECLINED", trans_amount="0.00")],
     Belief.REFUSED),
    ([asked("tgpaywebtoterminal"),
      hears(False, is_success="T", trade_status="AUTHORISED", trans_amount="8.00")], Belief.ASKED),
    ([asked("tgpaywebtoterminal"),
      hears(is_success="T", trade_status="PARTIAL_APPROVAL", trans_amount="1.00")], Belief.WAITING),
    ([asked("tgpaybankcard"), hears(status="success", trans_amount="8.00")], Belief.PAID),
    ([asked("tgpaybankcard"), hears(status="failed", trans_amount="8.00")], Belief.REFUSED),
])
def test_the_shop_believes_what_is_signed_and_nothing_else(written: list[Written], expected: Belief) -> None:
    assert beliefs(written) == {"1": expected}


def test_every_good_has_a_picture_of_our_own(base_url: str) -> None:
    for name in GOODS:
        answer = exchange(f"{base_url}/static/goods-{name}.svg")
        assert (answer.status, answer.headers.get_content_type()) == (200, "image/svg+xml")
        assert "http" not in answer.text.replace("http://www.w3.org/2000/svg", "")
