"""The clock in the console (contract 5.5, 7): moved, set, stopped; what falls due next, in order, done before
the answer comes.
"""
import pytest
from playwright.sync_api import expect

from ..browser import DESK, Visitor
from ..driver import Clock, Receiver, Shop, exchange
from ..tables import every_row
from .desk import OWN_FORM, Desk, rows, words


NOTE_WHAT_IS_SHOWN = """() => new MutationObserver(() => {
    sessionStorage.shown = (sessionStorage.shown || "") + document.getElementById("state").textContent;
}).observe(document.body, {subtree: true, childList: true})"""


def now(desk: Desk) -> str:
    """The emulator's time, to the second."""
    return words(desk.page("/clock").xpath("//*[@data-face]")[0])


def address(shop: Shop) -> str:
    return f"{shop.control.url}/console/clock?merchants_id={shop.merchants_id}"


def of_all(shop: Shop) -> str:
    return f"{shop.control.url}/console/clock"


def test_the_clock_goes_forward_by_a_button_and_shows_it(visitor: Visitor, shop: Shop, clock: Clock) -> None:
    clock.freeze()
    clock.set("2026-01-02T03:04:05Z")
    with visitor.at(of_all(shop), width=DESK) as page:
        for button, expected in (("+15 min", "2026-01-02 11:19:05"), ("+1 h", "2026-01-02 12:19:05"),
                                 ("+1 day", "2026-01-03 12:19:05")):
            page.get_by_role("button", name=button).click()
            expect(page.locator(".told.good")).to_contain_text(expected)
            expect(page.locator("[data-face]")).to_have_text(expected)
        expect(page.locator("#state")).to_contain_text("Frozen")
        page.get_by_role("button", name="Resume").click()
        expect(page.locator("#state")).to_contain_text("Running")
        page.get_by_label("Advance by (500ms").fill("90s")
        page.get_by_role("button", name="Advance", exact=True).click()
        expect(page.locator(".told.good")).to_contain_text("2026-01-03 12:20:")
        page.get_by_role("button", name="Reset to system time").click()
        expect(page.locator("#state")).to_contain_text("same as system time")


@pytest.mark.exhaustive
def test_the_large_clock_goes_on_with_the_small_one(visitor: Visitor, shop: Shop) -> None:
    with visitor.at(address(shop), width=DESK) as page:
        begun = page.locator("[data-face]").inner_text()
        expect(page.locator("[data-face]")).not_to_have_text(begun)


@pytest.mark.exhaustive
def test_it_is_set_to_a_time_of_its_own_zone(visitor: Visitor, shop: Shop, clock: Clock) -> None:
    with visitor.at(of_all(shop), width=DESK) as page:
        page.get_by_role("button", name="Freeze").click()
        page.get_by_label("Set time to").fill("2031-05-06T07:08:09")
        page.get_by_role("button", name="Set", exact=True).click()
        expect(page.locator(".told.good")).to_contain_text("2031-05-06 07:08:09")
    told = shop.control.get("/clock")
    assert (told["now"], told["frozen"]) == ("2031-05-05T23:08:09.000Z", True)


def test_with_a_merchant_chosen_its_clock_is_shown_and_moved_alone(visitor: Visitor, shop: Shop) -> None:
    number = shop.qr_order()["out_trade_no"]
    with visitor.at(address(shop), width=DESK) as page:
        expect(page.locator("#whose")).to_contain_text("uses the shared clock")
        expect(page.locator("header .clock")).not_to_contain_text("Merchant's clock")
        page.get_by_role("button", name="+1 h").click()
        expect(page.locator("#whose")).to_contain_text("its own clock")
        expect(page.locator("header .clock")).to_contain_text("Merchant's clock")
        expect(page.locator("#state")).to_contain_text("ahead of the shared clock")
        assert shop.story(number)["status"] == "TRADE_CLOSED"
        assert shop.control.get("/clock")["offset_s"] == 0
        page.get_by_role("button", name="Freeze").click()
        expect(page.locator("#state")).to_contain_text("Frozen")
        page.get_by_role("button", name="Resume").click()
        expect(page.locator("#state")).to_contain_text("Running")
        page.get_by_role("button", name="Return to the shared clock").click()
        expect(page.locator("#whose")).to_contain_text("uses the shared clock")
        page.get_by_role("link", name="Show the shared clock").click()
        expect(page.locator("#whose")).to_have_count(0)


def test_without_a_merchant_all_that_falls_due_has_its_instant_on_the_shared_clock(
         desk: Desk, shop: Shop, clock: Clock) -> None:
    clock.freeze()
    clock.set("2026-01-02T04:00:00Z")
    whose = {"merchants_id": shop.merchants_id}
    shop.control.post("/clock", {**whose, "advance": "30d"})
    number = shop.qr_order(it_b_pay="5m")["out_trade_no"]
    listed = {query: [row for row in rows(desk.page(f"/clock{query}")) if number in row]
              for query in ("", f"?merchants_id={shop.merchants_id}")}
    assert ["2026-01-02 12:05:00" in row for row in listed[""]] == [True]
    assert ["2026-02-01 12:05:00" in row for row in listed[f"?merchants_id={shop.merchants_id}"]] == [True]
    shop.control.post("/clock", {**whose, "freeze": True})
    assert not any(number in row for row in rows(desk.page("/clock")))


def test_what_falls_due_is_listed_in_order_and_is_done_when_the_answer_comes(
         desk: Desk, notified: Shop, receiver: Receiver, clock: Clock) -> None:
    clock.freeze()
    late = notified.card_order(trans_timeout="60")["out_trade_no"]
    soon = notified.qr_order(it_b_pay="5m")["out_trade_no"]
    notified.control.post("/notifications/flush")
    listed = rows(desk.page(f"/clock?merchants_id={notified.merchants_id}"))
    assert [row.partition(" 20")[0] for row in listed] == [f"Expires {soon}", f"Expires {late}"]
    said = desk.post("/clock", do="advance", by="10m")
    assert notified.story(soon)["status"] == "TRADE_CLOSED"
    assert "Order changes processed: 1. Delivery attempts: 1." in said
    assert len(receiver.heard) == 2


@pytest.mark.exhaustive
def test_a_notification_that_was_not_taken_is_listed_and_the_clock_moves_there(
         visitor: Visitor, notified: Shop, receiver: Receiver, clock: Clock) -> None:
    receiver.answers = [(500, b"oops"), (200, b"success")]
    notified.pay_by_barcode()
    receiver.wait_for(1)
    notified.control.post("/notifications/flush")  # the first attempt is written down
    with visitor.at(address(notified), width=DESK) as page:
        expect(page.locator("#upcoming")).to_contain_text("Notification delivery")
        page.locator("#upcoming tr", has_text="Notification delivery").get_by_role(
            "button", name="Go to time").click()
        expect(page.locator(".told.good")).to_contain_text("Delivery attempts: 1")
        expect(page.locator("#upcoming")).not_to_contain_text("Notification delivery")
    assert len(receiver.heard) == 2


@pytest.mark.exhaustive
def test_a_move_that_takes_its_time_says_how_much_is_left(visitor: Visitor, notified: Shop,
                                                          receiver: Receiver, clock: Clock) -> None:
    clock.freeze()
    receiver.delay = 3
    notified.pay_by_barcode()
    receiver.wait_for(1)
    notified.qr_order()
    with visitor.at(address(notified), width=DESK) as page:
        page.evaluate(NOTE_WHAT_IS_SHOWN)  # while a form is sent, a test cannot look at the page
        page.get_by_role("button", name="+1 h").click()
        expect(page.locator(".told.good")).to_be_visible()
        assert "Moving to" in page.evaluate("sessionStorage.shown")
        expect(page.locator("#state")).not_to_contain_text("Moving to")


def test_the_list_follows_what_happens(visitor: Visitor, shop: Shop) -> None:
    with visitor.at(address(shop), width=DESK) as page:
        expect(page.locator("#upcoming")).to_contain_text("No upcoming events")
        number = shop.qr_order()["out_trade_no"]
        expect(page.locator("#upcoming")).to_contain_text(number)


def test_ten_are_listed_of_many(desk: Desk, shop: Shop) -> None:
    numbers = [shop.qr_order()["out_trade_no"] for _ in range(12)]
    listed = rows(desk.page(f"/clock?merchants_id={shop.merchants_id}"))
    assert len(listed) == 10 and all(number in row for number, row in zip(numbers, listed))


@every_row("fields, sentence", [
    ({"do": "advance", "by": "a while"}, "advance: "), ({"do": "advance", "by": "-5m"}, "advance: "),
    ({"do": "advance", "by": "99999d"}, "longer than ten years"),
    ({"do": "set", "to": "1999-01-01T00:00"}, "2000 to 2100"),
    ({"do": "set", "to": "<b>noon</b>"}, "set: "), ({"do": "set"}, "set: "),
    ({}, "reset must be true"), ({"do": "what"}, "reset must be true"),
])
def test_what_cannot_be_says_why_and_moves_nothing(desk: Desk, clock: Clock, fields: dict[str, str],
                                                   sentence: str) -> None:
    clock.freeze()
    before = now(desk)
    assert sentence in desk.post("/clock", **fields)
    assert now(desk) == before


def test_pages_of_other_sites_move_nothing(desk: Desk, clock: Clock) -> None:
    clock.freeze()
    before = now(desk)
    assert exchange(f"{desk.url}/console/clock", "POST", b"do=advance&by=1d",
                    {**OWN_FORM, "Origin": "https://evil.example"}).status == 403
    assert now(desk) == before
