"""Cards and codes in the console (contract 3.3, 5.5): everything that makes a payment end so or so, searched
as it is typed.
"""
from typing import Any

import pytest
from playwright.sync_api import expect

from tgpay_emulator.domain.wallets import PREFIXES, TEST_CODES
from tgpay_emulator.protocol.test_cards import test_cards as every_card
from tgpay_emulator.terminal import AMOUNT_TRIGGERS

from ..browser import DESK, PHONE, Visitor
from ..driver import RESPONSE_CODES, Shop, card_of
from ..tables import every_row
from .desk import Desk, words


def shown(page: Any, table: str) -> list[str]:
    """The rows of a table that are not hidden."""
    return [words(row) for row in page.xpath(
        f"//section[@aria-labelledby='h-{table}' and not(@hidden)]//tbody/tr[not(@hidden)]")]


def test_every_card_code_payment_code_and_amount_is_there(desk: Desk) -> None:
    page = desk.page("/cards")
    assert page.xpath("//section[@aria-labelledby='h-cards']//tr/@data-told") == [
        card.number for card in every_card()]
    assert [row.split()[0] for row in shown(page, "codes")] == list(RESPONSE_CODES)
    assert len(shown(page, "wallets")) == len(PREFIXES) * len(TEST_CODES)
    assert len(shown(page, "amounts")) == len(AMOUNT_TRIGGERS)


def test_a_code_is_told_with_its_message_its_status_and_what_the_payer_reads(desk: Desk) -> None:
    told = {row.split()[0]: row for row in shown(desk.page("/cards"), "codes")}
    columns = ("message", "status", "shown_to_payer")
    assert [(code, column) for code, row in RESPONSE_CODES.items() for column in columns
            if row[column] not in told[code]] == []
    assert ("Please confirm the card has enough money" in told["3084"]
            and "\u8bf7\u786e\u8ba4\u5361\u5185\u4f59\u989d" in told["3084"])


@every_row("search, cards, codes", [
    ("3084", 1, 1), ("4000 0230 8400 0003", 1, 0), (card_of("3084"), 1, 0), ("INSUFFICIENT balance", 2, 2),
    ("how to do", 0, 1), ("nothing has this", 0, 0), ("<b>", 0, 0),
])
def test_a_search_without_script_finds_what_has_all_words(desk: Desk, search: str, cards: int,
                                                          codes: int) -> None:
    page = desk.page("/cards", search=search)
    assert (len(shown(page, "cards")), len(shown(page, "codes"))) == (cards, codes)
    assert bool(page.xpath("//div[@data-nothing and not(@hidden)]")) is (not cards and not codes)


@pytest.mark.exhaustive
def test_a_search_goes_on_as_it_is_typed(visitor: Visitor, shop: Shop) -> None:
    with visitor.at(f"{shop.control.url}/console/cards?search=3084", width=DESK) as page:
        seen = page.locator("[data-sifted] tbody tr:visible")
        expect(seen).to_have_count(2)
        field = page.get_by_role("searchbox")
        field.press_sequentially("x")
        expect(page.get_by_text("No results")).to_be_visible()
        expect(seen).to_have_count(0)
        field.fill("37.79")
        expect(seen).to_have_count(1)
        field.fill("")
        expect(page.locator("[data-sifted] tbody tr:not(:visible)")).to_have_count(0)


@pytest.mark.exhaustive
def test_every_row_fits_on_a_phone(visitor: Visitor, shop: Shop) -> None:
    with visitor.at(f"{shop.control.url}/console/cards") as page:
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE


@pytest.mark.exhaustive
def test_a_number_is_copied_as_it_is_sent(visitor: Visitor, shop: Shop) -> None:
    number = card_of("3100")
    with visitor.at(f"{shop.control.url}/console/cards", width=DESK) as page:
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.locator(f"[data-told='{number}']").get_by_role("button", name="Copy").click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == number
