"""Contract 5: the console's pages where something is tried out, set or looked up, in a browser. Screenshots
are left in test-pages/.
"""
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from playwright.sync_api import expect

from ..browser import DESK, LANGUAGES, Visitor
from ..driver import Shop
from ..looks import faults


def scripted(shop: Shop) -> str:
    """The scenarios, one of them in force."""
    shop.control.ask("PUT", "/scenario",
                     {"merchants_id": shop.merchants_id, "name": "insufficient-then-approved"})
    return "/scenarios"


def at_the_counter(shop: Shop) -> str:
    """The terminals: one at work, attended, one offline after a refused sale."""
    first, second = shop.terminals
    shop.control.ask("PUT", f"/terminals/{first}", {"attended": True})
    shop.at_terminal()
    shop.at_terminal(amount="37.84", terminal_sn=second)
    shop.control.ask("PUT", f"/terminals/{second}", {"online": False})
    return "/terminals"


def with_findings(shop: Shop) -> str:
    """The findings about a client that sends no sign_type, and no time limit."""
    shop.qr_order(sign_type=None)
    return "/findings"


def with_things_to_come(shop: Shop) -> str:
    """The clock, with orders that wait."""
    shop.qr_order(out_trade_no=shop.merchants_id + "x" * 52)
    shop.card_order()
    return "/clock"


def settled(shop: Shop, day: str = "") -> str:
    """The days of settlement, or one of them."""
    paid = shop.pay_by_barcode("123456.78")["out_trade_no"]
    shop.refund(paid, "0.02")
    shop.card_payment()
    days = shop.control.get(f"/orders/{shop.merchants_id}/{paid}")["paid_at"][:10]
    return f"/settlement/{(date.fromisoformat(days) + timedelta(days=1))}" if day else "/settlement"


Opened = Callable[[Shop], str]
VIEWS: dict[str, Opened] = {
    "try": lambda shop: "/try?table=tgpayqrcode",
    "scenarios": scripted,
    "scenario": lambda shop: "/scenarios/desk?name=lost-answer",
    "terminals": at_the_counter,
    "clock": with_things_to_come,
    "settlement": settled,
    "settlement-day": lambda shop: settled(shop, "day"),
    "cards": lambda shop: "/cards?search=balance",
    "findings": with_findings,
    "reference": lambda shop: "/reference?table=tgpaybankcard-2",
    "merchants": lambda shop: "/merchants",
    "merchant": lambda shop: f"/merchants/{shop.merchants_id}",
}
STATES: dict[str, Opened] = {
    "try-card": lambda shop: "/try?table=tgpaybankcard-2",
    "try-refused": lambda shop: "/try?table=tgpayquery&out_trade_no=" + "x" * 99,
    "scenarios-none": lambda shop: "/scenarios",
    "clock-nothing": lambda shop: "/clock",
    "settlement-nothing": lambda shop: "/settlement",
    "cards-amounts": lambda shop: "/cards?search=37.",
    "cards-none-found": lambda shop: "/cards?search=nowhere",
    "merchant-token": lambda shop: f"/merchants/{shop.merchants_id}?token=1",
}
EVERY = [*((name, opened, language) for name, opened in VIEWS.items() for language in LANGUAGES),
         *((name, opened, "en") for name, opened in STATES.items())]


@pytest.mark.parametrize("name, opened, language", EVERY,
                         ids=[f"{name}-{language}" for name, _, language in EVERY])
def test_a_page_fits_labels_its_fields_can_be_read_and_asks_nobody_but_the_emulator(
         visitor: Visitor, shop: Shop, name: str, opened: Opened, language: str) -> None:
    path = opened(shop)
    address = f"{shop.control.url}/console{path}{'&' if '?' in path else '?'}merchants_id={shop.merchants_id}"
    with visitor.at(address, language, DESK) as page:
        expect(page.locator(".sections [aria-current]")).to_have_count(1)
        page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        assert faults(page, f"console-{name}", language) == {}


def filled(shop: Shop) -> str:
    """The orders of a shop, more than fit a window, with numbers of 32 characters."""
    for place in range(25):
        shop.qr_order("1300.00", out_trade_no=f"{shop.merchants_id}{place:020d}", reference="A teapot")
    return f"{shop.control.url}/console/orders"


def test_the_head_of_a_list_stands_still_below_the_bar_whatever_that_ones_height(
        visitor: Visitor, shop: Shop) -> None:
    with visitor.at(filled(shop), width=DESK) as page:
        for padding in ("0.5rem", "3rem"):
            page.locator(".top").evaluate("(bar, padding) => { bar.style.paddingBottom = padding; }", padding)
            page.evaluate("window.scrollTo(0, document.body.scrollHeight / 2)")
            page.wait_for_function("""() => {
                const [bar, head] = [".top", ".list th"].map((which) => document.querySelector(which));
                const [above, below] = [bar, head].map((part) => part.getBoundingClientRect());
                const seen = document.elementFromPoint(below.x + 20, below.y + below.height / 2);
                return Math.abs(above.bottom - below.top) < 1 && seen === head;
            }""")


def test_an_order_takes_one_line_of_its_list_and_its_number_does_not_break(
        visitor: Visitor, shop: Shop) -> None:
    with visitor.at(filled(shop), width=DESK) as page:
        lines = page.evaluate("""() => [...document.querySelectorAll(".list tbody tr")].map((row) =>
            [row.querySelector("a").getClientRects().length, row.offsetHeight < 40])""")
        assert lines == [[1, True]] * 25
