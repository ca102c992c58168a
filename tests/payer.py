"""What a payer by card does at a real browser, and what comes of it."""
import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from playwright.sync_api import Locator, Page

from .driver import Answer, Receiver, Shop, md5_sign

RETURNED = ["merchants_id", "out_trade_no", "order_id", "status", "result_code", "trans_amount", "sign",
            "sign_type"]
MONTH_OVER = "01", "24"


def field(page: Page, kind: str) -> Locator:
    """A field of the card, as browsers find it to fill it in."""
    return page.locator(f"input[autocomplete=cc-{kind}]")


def type_card(page: Page, number: str, month: str = "12", year: str = "49", cvv: str | None = None) -> None:
    """Type a card into the cashier's form."""
    field(page, "number").fill(number)
    field(page, "exp").fill(f"{month}/{year}")
    field(page, "csc").fill(cvv if cvv is not None else "1234" if number[:2] in ("34", "37") else "123")


def pay_button(page: Page) -> Locator:
    return page.get_by_role("button", name=re.compile("^(Pay|确认付款) "))


def pay_by_card(page: Page, number: str) -> None:
    """Type a card and pay with it."""
    type_card(page, number)
    pay_button(page).click()


def type_code(page: Page, code: str) -> None:
    """Answer the issuer's page."""
    page.get_by_label("One-time code").fill(code)
    page.get_by_role("button", name="Confirm").click()


def issuer_of(payment: Answer) -> dict[str, Any]:
    """How a card payment says that the payer is sent to the issuer's page."""
    told: dict[str, Any] = json.loads(payment["payMethodResp"])
    assert (told["isRedirect"], told["redirectMethod"]) == ("yes", "POST")
    return told


def shop_page(receiver: Receiver, html: str) -> None:
    """From now on the shop's server shows a page, whatever is asked."""
    receiver.headers = {"Content-Type": "text/html; charset=utf-8"}
    receiver.answers = [(200, f"<!doctype html><html lang=en><title>Shop</title><link rel=icon "
                              f"href=data:,>{html}</html>".encode())]


def events(shop: Shop, out_trade_no: str) -> list[str]:
    """What happened to an order."""
    return [line["event"] for line in shop.story(out_trade_no)["history"]]


def outcome(shop: Shop, out_trade_no: str) -> tuple[str, str]:
    """Response code and status of a card order, as the query tells them."""
    told = shop.query(out_trade_no)
    return told["resp_code"], told["status"]


def told_to(shop: Shop, url: str) -> dict[str, str]:
    """What contract 3.1 adds to redirect_url, rightly signed, after the address's own query."""
    query = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    assert [name for name, _ in query[-len(RETURNED):]] == RETURNED
    added = dict(query[-len(RETURNED):])
    assert (added["sign"], added["sign_type"]) == (md5_sign(added, shop.token), "MD5")
    return added
