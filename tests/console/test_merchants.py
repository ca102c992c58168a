"""Merchants in the console (contract 5.5, 7): made, changed, reset, removed; the token when it is asked for;
programs that run.
"""
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from lxml import html
from playwright.sync_api import Page, expect

from ..browser import DESK, Visitor
from ..driver import Control, Shop, exchange
from ..tables import every_row
from .desk import OWN_FORM, Desk, rows, told, words

SETTINGS = {"name": "Tea & Co", "notify_url": "http://127.0.0.1:9/n", "notify_method": "POST",
            "currency": "EUR", "rate": "7.85000000",
            "fee_rate": "0.01"}


@pytest.fixture
def doomed(control: Control) -> Iterator[Shop]:
    """A merchant that a test may remove."""
    made = control.shop()
    yield made
    control.ask("DELETE", f"/merchants/{made.merchants_id}")


def settings(shop: Shop) -> Any:
    return shop.control.get(f"/merchants/{shop.merchants_id}")


def change(desk: Desk, shop: Shop, *pairs: tuple[str, str]) -> Any:
    """Send the form of a merchant; answers the page that comes of it."""
    answer = exchange(f"{desk.url}/console/merchants/{shop.merchants_id}", "POST", urlencode(pairs).encode(),
                      OWN_FORM)
    assert answer.status in (303, 422), answer.text
    return html.fromstring(answer.text) if answer.status == 422 else None


def answering(page: Page, yes: bool) -> None:
    """Answer the next question."""
    page.once("dialog", lambda dialog: dialog.accept() if yes else dialog.dismiss())


@pytest.mark.exhaustive
def test_the_merchants_are_listed_and_lead_to_theirs(visitor: Visitor, shop: Shop) -> None:
    with visitor.at(f"{shop.control.url}/console/merchants", width=DESK) as page:
        row = page.locator("tr", has_text=shop.merchants_id)
        row.get_by_role("link").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(f"Merchant {shop.merchants_id}")


def test_one_is_made_with_a_name_and_all_it_needs(desk: Desk, control: Control) -> None:
    answer = desk.ask("POST", "/merchants", {"name": "Tea <b>& Co</b>", "merchants_id": ""})
    page = desk.page(answer.headers["Location"])
    number = told(page).rpartition(" ")[2]
    made = control.get(f"/merchants/{number}")
    assert (made["name"], len(made["token"]), words(page.xpath("//h1")[0])) == (
        "Tea <b>& Co</b>", 32, "Tea <b>& Co</b>")
    assert Shop(control, number, made["token"]).pay_by_barcode()["is_success"] == "T"
    control.ask("DELETE", f"/merchants/{number}")


@every_row("fields, sentence", [
    ({"merchants_id": "201703200001"}, "already"), ({"merchants_id": "no blanks"}, "letters and digits"),
    ({"name": "x" * 129}, "1 to 128 printable characters"),
])
def test_one_that_cannot_be_made_says_why(desk: Desk, fields: dict[str, str], sentence: str) -> None:
    assert sentence in desk.post("/merchants", **fields)


@pytest.mark.exhaustive
def test_every_setting_of_the_form_is_put_in_force(visitor: Visitor, shop: Shop) -> None:
    with visitor.at(f"{shop.control.url}/console/merchants/{shop.merchants_id}", width=DESK) as page:
        for name, value in SETTINGS.items():
            field = page.locator(f"#s-{name}")
            field.select_option(value) if name == "notify_method" else field.fill(value)
        page.get_by_label("h5", exact=True).uncheck()
        page.get_by_label("Strict").check()
        page.get_by_role("button", name="Save").click()
        expect(page.locator(".told.good")).to_have_text("Settings saved.")
        expect(page.locator("#s-name")).to_have_value("Tea & Co")
    expected = {**SETTINGS, "strict": True,
                "products": ["barcode", "qrcode", "prepay", "bankcard", "webtoterminal", "settlement"]}
    assert {name: settings(shop)[name] for name in expected} == expected


def test_what_cannot_be_is_told_at_its_field_and_nothing_is_changed(desk: Desk, shop: Shop) -> None:
    before = settings(shop)
    page = change(desk, shop, ("name", ""), ("notify_url", "<ftp>"), ("notify_method", "PUT"),
                  ("currency", "gbp"), ("rate", "0"),
                  ("fee_rate", "2"), ("products", "gold"))
    wrong = {field.get("name"): words(page.get_element_by_id(field.get("aria-describedby")))
             for field in page.xpath("//*[@aria-invalid]")}
    assert set(wrong) == {"name", "notify_url", "notify_method", "currency", "rate", "fee_rate"}
    assert "three capital letters" in wrong["currency"] and "http or https" in wrong["notify_url"]
    assert words(page.get_element_by_id("wrong-products")).startswith("must be a list of barcode")
    assert page.get_element_by_id("s-notify_url").get("value") == "<ftp>"
    assert settings(shop) == before


@pytest.mark.exhaustive
def test_the_token_is_there_only_when_it_is_asked_for_and_can_be_copied(visitor: Visitor, shop: Shop) -> None:
    with visitor.at(f"{shop.control.url}/console/merchants/{shop.merchants_id}", width=DESK) as page:
        assert shop.token not in page.content()
        page.get_by_role("link", name="Show token").click()
        expect(page.locator("#token")).to_have_text(shop.token)
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.locator("p", has=page.locator("#token")).get_by_role("button", name="Copy").click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == shop.token
        page.get_by_role("link", name="Hide").click()
        expect(page.get_by_role("link", name="Show token")).to_be_visible()
        assert shop.token not in page.content()


@pytest.mark.parametrize("language, command",
                         [("curl", ["bash"]), ("Python", [sys.executable]), ("PHP", ["php"])])
def test_a_program_to_begin_with_makes_an_order(desk: Desk, shop: Shop, tmp_path: Any, language: str,
                                                command: list[str]) -> None:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    page = desk.page(f"/merchants/{shop.merchants_id}?token=1")
    program, = page.xpath(f"//pre[@aria-label='{language}']")
    (tmp_path / "begin").write_text(unescape(program.text_content()))
    ran = subprocess.run([*command, tmp_path / "begin"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True, timeout=60)
    assert "<is_success>T</is_success>" in ran.stdout
    assert len(shop.control.get("/orders", merchants_id=shop.merchants_id)["items"]) == 1


@pytest.mark.exhaustive
def test_a_reset_asks_first_and_forgets(visitor: Visitor, shop: Shop) -> None:
    shop.pay_by_barcode()
    shop.control.ask("PATCH", f"/merchants/{shop.merchants_id}", {"name": "changed"})
    with visitor.at(f"{shop.control.url}/console/merchants/{shop.merchants_id}", width=DESK) as page:
        answering(page, False)
        page.get_by_role("button", name="Reset").click()
        assert settings(shop)["name"] == "changed"
        answering(page, True)
        page.get_by_role("button", name="Reset").click()
        expect(page.locator(".told.good")).to_have_text("The merchant was reset.")
    assert shop.control.get("/orders", merchants_id=shop.merchants_id)["items"] == []
    assert settings(shop)["name"] == f"Merchant {shop.merchants_id}"


@pytest.mark.exhaustive
def test_a_removal_asks_first_and_leads_to_the_others(visitor: Visitor, doomed: Shop) -> None:
    mid = doomed.merchants_id
    with visitor.at(f"{doomed.control.url}/console/merchants/{mid}?merchants_id={mid}", width=DESK) as page:
        answering(page, True)
        page.get_by_role("button", name="Remove").click()
        expect(page.locator(".told.good")).to_have_text(f"Merchant removed: {mid}")
        expect(page.locator("tr", has_text=mid)).to_have_count(0)
    assert doomed.control.ask("GET", f"/merchants/{mid}").status == 404


@every_row("method, path", [("GET", ""), ("POST", ""), ("POST", "/reset"), ("POST", "/remove")])
def test_a_merchant_that_there_is_not_is_told(desk: Desk, method: str, path: str) -> None:
    answer = desk.ask(method, f"/merchants/nobody{path}",
                      dict(SETTINGS, products="h5") if method == "POST" else None)
    assert (answer.status, "there is no merchant nobody" in answer.text) == (404, True)


@every_row("path", ["", "/{}", "/{}/reset", "/{}/remove"])
def test_pages_of_other_sites_change_nothing(desk: Desk, shop: Shop, path: str) -> None:
    before = desk.page("/merchants"), settings(shop)
    refused = exchange(f"{desk.url}/console/merchants{path.format(shop.merchants_id)}", "POST",
                       urlencode(SETTINGS).encode(),
                       {**OWN_FORM, "Origin": "https://evil.example"})
    assert refused.status == 403
    assert (rows(desk.page("/merchants")), settings(shop)) == (rows(before[0]), before[1])
