"""Every function of the gateway tried out in the browser (contract 5.5): filled in, signed in sight, sent,
and the answer laid out.
"""
import re
from html import unescape
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tgpay_emulator.gateway.endpoints import ENDPOINTS
from tgpay_emulator.protocol.parameters import Source
from tgpay_emulator.web.console.try_it import TABLES

from ..browser import DESK, Visitor
from ..driver import Control, Shop, card_of, exchange, md5_sign
from ..looks import faults
from ..tables import every_row

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
WATCHES = "201703200001"
NO_XML = {"tgpayapi": 200, "tgpaygetopenid": 302, "export_settlement": 200}  # a page, an address, a file


def address(shop: Shop, table: str, **values: str) -> str:
    query = urlencode({"merchants_id": shop.merchants_id, "table": table, **values})
    return f"{shop.control.url}/console/try?{query}"


def typed(html: str) -> dict[str, str]:
    """The parameters that a form without changes sends to the gateway."""
    form = html.partition('id="send"')[2].partition("</form>")[0]
    return {unescape(name): unescape(value) for name,
            value in re.findall(r'name="([^"]+)" value="([^"]*)"', form)}


def canonical(page: Page) -> str:
    return page.locator(".canonical").inner_text()


@every_row("key", TABLES, apart=True)
def test_every_form_as_it_is_filled_in_is_taken_by_the_gateway(
        shop: Shop, control: Control, key: str) -> None:
    number = shop.h5_order()["out_trade_no"] if key == "tgpayapi" else ""
    if key in ("tgpayquery", "tgpaycheck", "tgpaycancel", "tgpayrefund"):
        shop.pay_by_barcode()
    if key == "tgpayquery-1":
        shop.at_terminal()
    if key == "tgpaybankcard-1":
        shop.card_payment(card_of("3200", "00001"))
    page = exchange(address(shop, key)).text
    table, sent = TABLES[key], typed(page)
    signer = control.get(f"/merchants/{WATCHES}")["token"] if table.owner == "user" else shop.token
    assert sent["sign"] == md5_sign(sent, signer)
    assert number in sent.values() or not number
    answer = shop.send(table.name, sent, "POST")
    if key in NO_XML:
        assert (answer.status, "is_success" in answer.text) == (NO_XML[key], False)
    else:
        assert answer["is_success"] == "T", answer.text


def test_each_table_has_its_form_and_each_parameter_its_field(shop: Shop) -> None:
    assert [TABLES[key] for key in TABLES] == [table for first in ENDPOINTS.values()
                                               for table in first.tables]
    for key, table in TABLES.items():
        page = exchange(address(shop, key)).text
        assert [row.name for row in table.params if row.name != "sign"
                and f'id="p-{row.name}"' not in page] == []
        marks = dict(re.findall(r'<p id="m-(\w+)"[^>]*>.*?<i>(\w+)</i></p>', page))
        assert marks == {row.name: row.source.value for row in table.params
                         if row.source is not Source.DOCUMENTED and row.name != "sign"}


@pytest.mark.exhaustive
def test_the_sign_follows_what_is_typed(visitor: Visitor, shop: Shop) -> None:
    with visitor.at(address(shop, "tgpayqrcode"), width=DESK) as page:
        page.get_by_label("reference", exact=False).fill("gr\u00fcner Tee & mehr")
        expect(page.locator(".canonical")).to_contain_text("reference=gr\u00fcner Tee & mehr")
        page.get_by_label("Additional parameter").fill("zz")
        page.get_by_label("Value", exact=True).fill("1")
        expect(page.locator(".canonical")).to_contain_text("&zz=1")
        assert shop.token not in page.content()
        sent = {name: page.locator(f"#p-{name}").input_value() for name in (
            "merchants_id", "out_trade_no", "pay_type", "reference", "trans_amount", "account_id",
            "terminal_id", "it_b_pay")}
        assert page.locator("#sign").inner_text() == md5_sign({**sent, "zz": "1"}, shop.token)


@pytest.mark.exhaustive
def test_the_token_is_shown_when_it_is_asked_for(visitor: Visitor, shop: Shop) -> None:
    with visitor.at(address(shop, "tgpayqrcode"), width=DESK) as page:
        assert canonical(page).endswith("the merchant's token")
        page.get_by_label("Show the merchant's token").check()
        expect(page.locator("#token")).to_have_text(shop.token)


@pytest.mark.exhaustive
def test_an_order_is_made_and_its_answer_laid_out_with_links(visitor: Visitor, shop: Shop) -> None:
    with visitor.at(address(shop, "tgpayqrcode", reference="from the form"), width=DESK) as page:
        number = page.locator("#p-out_trade_no").input_value()
        page.locator("#send button").click()
        shown = page.locator("#answer")
        expect(shown.locator("[data-status]")).to_contain_text("200 OK")
        page.locator("summary").last.click()
        assert faults(page, "console-try-answered") == {}
        expect(shown.get_by_role("link", name="/wallet/")).to_have_attribute("target", "_blank")
        assert shop.story(number)["details"]["reference"] == "from the form"
        entry = shop.control.get("/journal", merchants_id=shop.merchants_id)["items"][-1]
        assert (shown.locator("[data-entry]").get_attribute("href")
                or "").endswith(f"/console/journal/{entry['id']}")
        assert number in (shown.locator("[data-order]").get_attribute("href") or "")
        shown.get_by_role("link", name="Query this order").click()
        page.wait_for_url(re.compile("tgpayquery"))
        expect(page.locator("#p-out_trade_no")).to_have_value(number)
        page.locator("#send button").click()
        expect(shown.locator("[data-fields]")).to_contain_text("WAIT_BUYER_PAY")


def test_what_the_gateway_would_refuse_is_told_before_it_is_sent(visitor: Visitor, shop: Shop) -> None:
    with visitor.at(address(shop, "tgpayqrcode"), width=DESK) as page:
        page.locator("#p-trans_amount").fill("1.001")
        page.locator("#p-sign_type").fill("")
        expect(page.locator("#signed")).to_contain_text(
            "trans_amount is not a decimal number with at most two places")
        expect(page.locator("#signed")).to_contain_text("sign_type is missing")
        page.locator("#send button").click()
        expect(page.locator("#answer [data-fields]")).to_contain_text("ILLEGAL_ARGUMENT")
        expect(page.locator("#answer [data-entry]")).to_be_visible()
        expect(page.locator("#answer [data-order]")).to_be_hidden()  # a refused request creates none


def test_markup_in_a_value_stays_text(visitor: Visitor, shop: Shop) -> None:
    mark = "<img src=x onerror=alert(1)>\"'"
    with visitor.at(address(shop, "tgpayquery", out_trade_no=mark), width=DESK) as page:
        expect(page.locator("#p-out_trade_no")).to_have_value(mark)
        page.locator("#send button").click()
        expect(page.locator("#answer [data-fields]")).to_contain_text(mark)
        assert page.locator("img").count() == 0


@every_row("fault, shown, verdicts", [
    ("drop_before", "Request dropped", ["drop_before"]), ("drop_after", "Response dropped", ["OK"]),
    ("reset", "Connection reset", ["OK"]), ("truncate", "Response truncated", ["OK"]),
    ("malformed", "Malformed response", ["OK"])], apart=True)
def test_a_lost_answer_is_shown_and_the_request_is_not_repeated(
        visitor: Visitor, shop: Shop, fault: str, shown: str, verdicts: list[str]) -> None:
    shop.plays({"then": [{"fault": fault}]})  # a second request would be answered
    with visitor.at(address(shop, "tgpayqrcode"), width=DESK) as page:
        page.locator("#send button").click()
        expect(page.locator("#answer [data-fault]")).to_have_text(shown)
        page.get_by_role("link", name="Journal entry").click()
        expect(page.locator("h1 + .pill")).to_have_text(shown)
    assert [entry["verdict"] for entry in
            shop.control.get("/journal", merchants_id=shop.merchants_id)["items"]] == verdicts


def test_a_request_is_tried_by_the_emulator_at_the_gateway_only(shop: Shop) -> None:
    sends = f"{shop.control.url}/console/try/send?table="
    asked = urlencode({**shop.signed(out_trade_no="none"), "_method": "POST"}).encode()
    answer = exchange(f"{sends}tgpayquery", "POST", asked, {**FORM, "X-Forwarded-Host": "evil.example"})
    assert answer.json["status"] == "200 OK" and "TRADE_NOT_EXIST" in answer.json["text"]
    entry, = shop.control.get("/journal", merchants_id=shop.merchants_id)["items"]
    assert (entry["id"], entry["method"], entry["endpoint"]) == (answer.json["entry"], "POST", "tgpayquery")
    assert exchange(f"{sends}http://evil.example", "POST", asked, FORM).status == 400
    foreign = {**FORM, "Origin": "https://evil.example"}
    assert exchange(f"{sends}tgpayquery", "POST", asked, foreign).status == 403


@pytest.mark.exhaustive
def test_without_script_a_post_signs_and_the_form_sends(visitor: Visitor, shop: Shop) -> None:
    with visitor.at(address(shop, "tgpayqrcode"), script=False) as page:
        page.locator("#p-reference").fill("no script")
        page.get_by_role("button", name="Sign").click()
        assert "reference=no script" in canonical(page)
        with page.expect_popup() as opened:
            page.locator("#send button").click()
        opened.value.close()
    assert [item["details"]["reference"]
            for item in shop.control.get("/orders", merchants_id=shop.merchants_id)["items"]] == ["no script"]


def test_the_command_sends_the_same(shop: Shop) -> None:
    page = exchange(address(shop, "tgpaybankcard-2")).text
    command = unescape(page.partition("curl -sS ")[2].partition("</pre>")[0])
    assert command.startswith(f"{shop.control.url}/v2/tgpaybankcard.php \\\n")
    assert all(urlencode({name: value}) in command for name, value in typed(page).items())


def test_a_merchant_that_there_is_not_signs_nothing(shop: Shop) -> None:
    page = exchange(address(shop, "tgpayqrcode"), "POST",
                    urlencode({"merchants_id": "nobody", "trans_amount": "1"}).encode(), FORM)
    assert "Unknown merchant" in page.text
    assert "sign" not in typed(page.text)


def test_a_page_of_another_site_signs_nothing(shop: Shop) -> None:
    refused = exchange(address(shop, "tgpayqrcode"), "POST", b"merchants_id=1",
                       {**FORM, "Origin": "https://evil.example"})
    assert refused.status == 403


@pytest.mark.exhaustive
@pytest.mark.parametrize("script", [True, False])
def test_a_document_of_several_lines_is_signed_as_it_is_sent(
        visitor: Visitor, shop: Shop, script: bool) -> None:
    with visitor.at(address(shop, "tgpaybankcard-2"), width=DESK, script=script) as page:
        field = page.locator("#p-pay_info")
        field.fill(field.input_value().replace(",", ",\n  "))
        if script:
            page.locator("#send button").click()
            expect(page.locator("#answer [data-fields]")).to_contain_text("success")
        else:
            page.get_by_role("button", name="Sign").click()
            with page.expect_popup() as opened:
                page.locator("#send button").click()
            opened.value.close()
    entry, = shop.control.get("/journal", merchants_id=shop.merchants_id)["items"]
    assert entry["verdict"] == "OK"
