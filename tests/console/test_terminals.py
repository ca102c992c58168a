"""The card terminals in the console (contract 4, 5.5): live, switched, driven, made."""
import pytest
from playwright.sync_api import expect

from ..browser import DESK, Visitor
from ..driver import Control, Shop, exchange
from ..tables import every_row
from .desk import OWN_FORM, Desk, words


def at(shop: Shop, path: str = "/terminals") -> str:
    return f"{path}?merchants_id={shop.merchants_id}"


def cards(desk: Desk, shop: Shop) -> dict[str, str]:
    """What the page tells of each terminal."""
    found = desk.page(at(shop)).xpath("//*[@id='terminals']//li")
    return {card.get("data-key"): words(card) for card in found}


def device(control: Control, serial: str) -> dict[str, object]:
    told: dict[str, object] = control.get(f"/terminals/{serial}")
    return told


def test_the_terminals_of_the_merchant_are_listed(desk: Desk, shop: Shop) -> None:
    assert list(cards(desk, shop)) == shop.terminals
    assert all("Ready" in told and "No transactions yet" in told for told in cards(desk, shop).values())


@pytest.mark.exhaustive
@pytest.mark.parametrize("name, word", [("online", "Online"), ("attended", "Manual mode")])
def test_a_switch_is_turned_and_turned_back(visitor: Visitor, shop: Shop, name: str, word: str) -> None:
    serial = shop.first_terminal
    before = device(shop.control, serial)[name]
    with visitor.at(f"{shop.control.url}/console{at(shop)}", width=DESK) as page:
        switch = page.locator(f"[data-key='{serial}']").get_by_role("switch", name=word)
        for expected in (not before, before):
            switch.click()
            expect(page.locator(".told.good")).to_contain_text(serial)
            expect(switch).to_have_attribute("aria-checked", str(expected).lower())
            assert device(shop.control, serial)[name] is expected


@pytest.mark.exhaustive
def test_a_terminal_at_work_is_followed_and_driven_to_its_result(visitor: Visitor, shop: Shop) -> None:
    serial = shop.first_terminal
    shop.control.ask("PUT", f"/terminals/{serial}", {"attended": True})
    with visitor.at(f"{shop.control.url}/console{at(shop)}", width=DESK) as page:
        card = page.locator(f"[data-key='{serial}']")
        expect(page.locator("[data-state=live]")).to_be_visible()
        number = shop.at_terminal(amount="120.00")["out_trade_no"]
        expect(card).to_contain_text("Waiting for card")
        card.get_by_role("button", name="Insert").click()
        expect(card).to_contain_text("Waiting for PIN")  # after the card was read, which nothing tells of
        card.get_by_role("button", name="Enter PIN").click()
        card.get_by_role("button", name="Approve").click()
        expect(card).to_contain_text("AUTHORISED")
        expect(card).to_contain_text("Ready")  # the result is shown for 3 s
        card.get_by_role("link", name=number).click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(number)


def test_a_refused_act_says_why(desk: Desk, shop: Shop) -> None:
    said = desk.post(at(shop, f"/terminals/{shop.first_terminal}/tap"))
    assert said == ("tap is not possible while the terminal shows IDLE; possible: nothing until a "
                    "transaction is sent to it")
    desk.post(at(shop, f"/terminals/{shop.first_terminal}/switch"), online="off")
    assert desk.post(at(shop, f"/terminals/{shop.first_terminal}/tap")).endswith(
        "possible: nothing while it is offline")


def test_what_it_had_last_is_told_with_its_result(desk: Desk, shop: Shop, clock: object) -> None:
    number = shop.at_terminal(amount="37.84")["out_trade_no"]
    shop.control.post("/clock", {"advance": "1m"})
    told = cards(desk, shop)[shop.first_terminal]
    assert "Sale £37.84 DECLINED" in told and number in told


@pytest.mark.exhaustive
def test_a_terminal_is_made_and_leads_to_its_screen_and_to_a_sale(visitor: Visitor, shop: Shop) -> None:
    serial = f"T{shop.merchants_id}"
    with visitor.at(f"{shop.control.url}/console{at(shop)}", width=DESK) as page:
        page.locator("summary").click()
        page.get_by_label("Serial number").fill(serial)
        page.get_by_role("button", name="Create terminal").click()
        card = page.locator(f"[data-key='{serial}']")
        expect(page.locator(".told.good")).to_contain_text(serial)
        assert card.get_by_role("link", name="Open screen").get_attribute("href") == f"/terminal/{serial}"
        card.get_by_role("link", name="Send a sale").click()
        expect(page.locator("#p-terminal_sn")).to_have_value(serial)
    assert device(shop.control, serial)["merchants_id"] == shop.merchants_id


@every_row("fields, sentence", [
    ({"serial": " ", "merchants_id": "1"}, "terminal_sn must be"),
    ({"serial": "x" * 33, "merchants_id": "1"}, "terminal_sn must be"),
    ({"serial": "T1", "merchants_id": "nobody"}, "there is no merchant nobody"), ({}, "terminal_sn must be"),
    ({"serial": "0821032398", "merchants_id": "201807208001"}, "belongs to another merchant"),
])
def test_a_terminal_that_cannot_be_made_says_why(desk: Desk, fields: dict[str, str], sentence: str) -> None:
    assert sentence in desk.post("/terminals", **fields)


def test_a_merchant_without_terminals_is_told_what_to_do(desk: Desk) -> None:
    page = desk.page("/terminals?merchants_id=201701010001")
    assert "No terminals" in words(page) and page.xpath("//details[@open]")


@every_row("path", ["/terminals", "/terminals/0821032398/switch", "/terminals/0821032398/tap"])
def test_pages_of_other_sites_change_nothing(desk: Desk, path: str) -> None:
    refused = exchange(f"{desk.url}/console{path}", "POST", b"online=off",
                       {**OWN_FORM, "Origin": "https://evil.example"})
    assert refused.status == 403
    assert device(Control(desk.url), "0821032398")["online"] is True
