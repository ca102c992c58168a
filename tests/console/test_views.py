"""Contract 5: every page of the console in a real browser. Screenshots are left in test-pages/."""
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from ..browser import DESK, LANGUAGES, Visitor
from ..driver import Shop
from ..looks import faults


def listed(shop: Shop, path: str, **wanted: str) -> int:
    """The id of the newest entry of a list of the control interface."""
    return int(shop.control.get(path, merchants_id=shop.merchants_id, limit=1000,
                                **wanted)["items"][-1]["id"])


def order_in(status: str) -> Callable[[Shop], str]:
    return lambda shop: f"/orders/{listed(shop, '/orders', status=status)}"


def order_of(shop: Shop, endpoint: str) -> str:
    orders = shop.control.get("/orders", merchants_id=shop.merchants_id)["items"]
    return f"/orders/{next(order['id'] for order in orders if order['endpoint'] == endpoint)}"


def sold(shop: Shop) -> str:
    return order_of(shop, "tgpayqrcode")


VIEWS: dict[str, Callable[[Shop], str]] = {
    "orders": lambda shop: "/orders",
    "orders-none-found": lambda shop: "/orders?search=nowhere",
    "order-refunded": sold,
    "order-card": lambda shop: order_of(shop, "tgpaybankcard"),
    "order-terminal": lambda shop: order_of(shop, "tgpaywebtoterminal"),
    "order-waiting": order_in("WAIT_BUYER_PAY"),
    "notifications": lambda shop: "/notifications",
    "notification": lambda shop: f"/notifications/{listed(shop, '/notifications', status='pending')}",
    "journal": lambda shop: "/journal",
    "entry-sign": lambda shop: f"/journal/{listed(shop, '/journal', verdict='ILLEGAL_SIGN')}",
    "entry-refused": lambda shop: f"/journal/{listed(shop, '/journal', verdict='ILLEGAL_ARGUMENT')}",
}
EMPTY = ("orders", "notifications", "journal")


def address(shop: Shop, path: str) -> str:
    return f"{shop.control.url}/console{path}{'&' if '?' in path else '?'}merchants_id={shop.merchants_id}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", VIEWS)
def test_a_page_fits_labels_its_fields_can_be_read_and_asks_nobody_but_the_emulator(
         visitor: Visitor, busy: Shop, name: str, language: str) -> None:
    with visitor.at(address(busy, VIEWS[name](busy)), language, DESK) as page:
        page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        assert faults(page, f"console-{name}", language) == {}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", EMPTY)
def test_an_empty_list_says_what_to_do_next(visitor: Visitor, shop: Shop, name: str, language: str) -> None:
    with visitor.at(address(shop, f"/{name}"), language, DESK) as page:
        expect(page.locator(".empty pre")).to_contain_text(shop.control.url)
        assert faults(page, f"console-{name}-empty", language) == {}
        assert page.locator(".simulator").is_visible()
